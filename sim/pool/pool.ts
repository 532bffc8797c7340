/**
 * Replications in parallel, one thread each at a time, never one on two. A replication is a pure
 * function of (plan, index), so the order in which they end says nothing, and one whose thread
 * ended (out of memory, an uncaught error, terminated) is simply run again.
 *
 * They are begun in their order, each when a worker is free. Where a precision is asked for, some
 * are begun that turn out to be too many: stopping.ts says where the run ends, and those are
 * stopped.
 */
import { availableParallelism, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type { KeepPolicy } from '../metrics/journal.ts';
import type { UnfinishedReplication } from '../metrics/check.ts';
import type { ReplicationOutcome } from '../metrics/outcome.ts';
import type { Plan } from '../plan/plan.ts';
import { StoppingPoint } from './stopping.ts';
import { SharedProgress } from './task.ts';
import type { ReplicationTask, TaskAnswer, WorkerData } from './task.ts';

export interface PoolOptions {
  readonly workers: number;
  readonly keep: KeepPolicy;
  /** Called several times a second with sums over all replications. */
  readonly onProgress: (progress: PoolProgress) => void;
  /** Aborted: replications under way stop, and what is done is handed over. */
  readonly interrupt: AbortSignal;
  /** Tests only: see fail-on-purpose.ts. */
  readonly failure: string | null;
}

export interface PoolProgress {
  readonly simulatedUs: number;
  readonly exchanges: number;
  readonly replicationsDone: number;
  /** How many there will be at most; fewer when a precision is reached. */
  readonly replicationsMax: number;
}

export interface PoolResult {
  /** Those that were finished and belong to the run, in replication order. */
  readonly outcomes: readonly ReplicationOutcome[];
  /** Each time a worker ended under a replication. */
  readonly workerFailures: readonly UnfinishedReplication[];
  /** Replications under which workers ended too often. */
  readonly unfinished: readonly UnfinishedReplication[];
  readonly isInterrupted: boolean;
  /** Processor time of the finished replications. */
  readonly cpuSeconds: number;
}

/** A replication threw: our own mistake, to be told with what is needed to see it again. */
export class ReplicationBug extends Error {
  override name = 'ReplicationBug';
  readonly replicationIndex: number;

  constructor(replicationIndex: number, message: string, stack: string) {
    super(message);
    this.replicationIndex = replicationIndex;
    this.stack = stack;
  }
}

/** Workers end before they have begun, so that nothing can be run. */
export class WorkerStartError extends Error {
  override name = 'WorkerStartError';
  readonly reason: string;

  constructor(reason: string) {
    super(`the worker threads do not start: ${reason}`);
    this.reason = reason;
  }
}

export const OUT_OF_MEMORY = 'out of memory';
const ATTEMPTS_MAX = 3;
const PROGRESS_EVERY_MS = 200;
const MEBIBYTE = 2 ** 20;
/** Of a thread's JavaScript heap; tables of numbers are not in it. */
const HEAP_MEBIBYTES_MIN = 512;
const HEAP_MEBIBYTES_MAX = 16_384;
/** Tests that run out of memory should not need much of it. */
const TEST_HEAP_MEBIBYTES = 128;
/** Left to the system, the main thread and the tables. */
const HEAP_SHARE_OF_MEMORY = 0.6;

/** One per core, and never more than there are replications. */
export function defaultWorkers(replications: number): number {
  return Math.max(1, Math.min(availableParallelism(), replications));
}

export async function runReplications(plan: Plan, options: PoolOptions): Promise<PoolResult> {
  const run = new PoolRun(plan, options);
  return run.finish();
}

class PoolRun {
  readonly #plan: Plan;
  readonly #options: PoolOptions;
  readonly #progress: SharedProgress;
  readonly #piscina: Piscina<ReplicationTask, TaskAnswer>;
  readonly #stopping: StoppingPoint;
  readonly #outcomes: ReplicationOutcome[] = [];
  readonly #workerFailures: UnfinishedReplication[] = [];
  readonly #unfinished: UnfinishedReplication[] = [];
  readonly #bugs: ReplicationBug[] = [];
  readonly #costs: { readonly replicationIndex: number; readonly cpuSeconds: number }[] = [];
  #nextIndex = 0;
  /** Rejected when workers cannot be started: Piscina then lets its tasks wait for ever. */
  readonly #noWorkers = Promise.withResolvers<never>();

  constructor(plan: Plan, options: PoolOptions) {
    this.#plan = plan;
    this.#options = options;
    this.#stopping = new StoppingPoint(plan);
    this.#progress = SharedProgress.of(plan.replications);
    const workerData: WorkerData = {
      plan,
      keep: options.keep,
      progress: this.#progress.buffers,
      failure: options.failure,
    };
    this.#piscina = new Piscina({
      filename: fileURLToPath(new URL('./worker.ts', import.meta.url)),
      name: 'replicate',
      minThreads: options.workers,
      maxThreads: options.workers,
      maxQueue: Infinity,
      concurrentTasksPerWorker: 1,
      // Blocking on a shared number saves microseconds a task, and a task here lasts seconds.
      atomics: 'disabled',
      recordTiming: false,
      workerHistogram: false,
      resourceLimits: {
        maxOldGenerationSizeMb:
          options.failure === null ? heapMebibytes(options.workers) : TEST_HEAP_MEBIBYTES,
      },
      workerData,
    });
    this.#noWorkers.promise.catch(() => undefined);
    this.#piscina.on('error', (error: unknown) => {
      this.#noWorkers.reject(new WorkerStartError(reasonOf(error)));
    });
  }

  async finish(): Promise<PoolResult> {
    const { interrupt } = this.#options;
    const stop = (): void => this.#progress.stop();
    interrupt.addEventListener('abort', stop);
    if (interrupt.aborted) stop();
    const timer = setInterval(() => {
      this.#watchWorkers();
      this.#report();
    }, PROGRESS_EVERY_MS);
    try {
      const lanes = Array.from({ length: this.#options.workers }, () => this.#work());
      await Promise.all(lanes);
    } finally {
      clearInterval(timer);
      interrupt.removeEventListener('abort', stop);
      await this.#piscina.destroy();
    }
    const { count } = this.#stopping;
    const ofTheRun = <T extends { readonly replicationIndex: number }>(rows: readonly T[]): T[] =>
      rows
        .filter(({ replicationIndex }) => replicationIndex < count)
        .toSorted((a, b) => a.replicationIndex - b.replicationIndex);
    const bugs = ofTheRun(this.#bugs);
    if (bugs.length > 0) throw bugs[0];
    this.#report();
    const outcomes = ofTheRun(this.#outcomes);
    return {
      outcomes,
      workerFailures: ofTheRun(this.#workerFailures),
      unfinished: ofTheRun(this.#unfinished),
      isInterrupted: interrupt.aborted && outcomes.length < count,
      cpuSeconds: ofTheRun(this.#costs).reduce((sum, row) => sum + row.cpuSeconds, 0),
    };
  }

  /** One replication after the other, as long as there are any that belong to the run. */
  async #work(): Promise<void> {
    while (this.#nextIndex < this.#stopping.count && !this.#progress.isStopped) {
      const replicationIndex = this.#nextIndex++;
      await this.#replicate(replicationIndex);
      // All that belong to it are done, so whatever still runs is beyond its end.
      const isOver = this.#stopping.count < this.#plan.replications;
      // Of a fixed number, a bug belongs to the run wherever it is.
      const isBroken = this.#plan.precision === null && this.#bugs.length > 0;
      if (isOver || isBroken) this.#progress.stop();
    }
  }

  async #replicate(replicationIndex: number): Promise<void> {
    let reason = '';
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      let answer: TaskAnswer;
      try {
        const running = this.#piscina.run({ replicationIndex, attempt });
        answer = await Promise.race([running, this.#noWorkers.promise]);
      } catch (error) {
        if (error instanceof WorkerStartError) throw error;
        // The task itself never throws: its worker has ended.
        reason = reasonOf(error);
        this.#workerFailures.push({ replicationIndex, reason });
        continue;
      }
      if (answer.kind === 'bug') {
        this.#bugs.push(new ReplicationBug(replicationIndex, answer.message, answer.stack));
        // The run ends before it, or not at all.
        this.#nextIndex = Infinity;
      }
      if (answer.kind === 'done') {
        this.#outcomes.push(answer.outcome);
        this.#stopping.done(answer.outcome);
        this.#costs.push({ replicationIndex, cpuSeconds: answer.cpuSeconds });
        this.#progress.report(
          replicationIndex,
          this.#plan.durationUs,
          exchangeCount(answer.outcome),
        );
      }
      return;
    }
    this.#unfinished.push({ replicationIndex, reason: `${reason}, ${ATTEMPTS_MAX} times` });
    this.#stopping.gaveUp(replicationIndex);
  }

  /** A worker that ends is replaced at once, unless it ended before it had begun. */
  #watchWorkers(): void {
    if (this.#piscina.threads.length > 0) return;
    this.#noWorkers.reject(new WorkerStartError('they end at once'));
  }

  #report(): void {
    const { count } = this.#stopping;
    const done = this.#outcomes.filter(({ replicationIndex }) => replicationIndex < count);
    this.#options.onProgress({
      ...this.#progress.sum(),
      replicationsDone: done.length,
      replicationsMax: count,
    });
  }
}

/** In the whole of the run: what the worker's own reports count, too. */
function exchangeCount({ series, attack }: ReplicationOutcome): number {
  let offered = 0;
  for (let row = 0; row < series.offered.length; row += series.scopeCount) {
    offered += series.offered[row];
  }
  return offered + attack.requests;
}

function heapMebibytes(workers: number): number {
  // A container's limit, where there is one, is below what the machine has.
  const limit = process.constrainedMemory();
  const bytes = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  const share = Math.floor((bytes * HEAP_SHARE_OF_MEMORY) / workers / MEBIBYTE);
  return Math.min(HEAP_MEBIBYTES_MAX, Math.max(HEAP_MEBIBYTES_MIN, share));
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return `uncaught: ${String(error)}`;
  const isHeap = 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
  if (isHeap || /allocation failed/i.test(error.message)) return OUT_OF_MEMORY;
  const exit = /exited with code: (\d+)/.exec(error.message);
  return exit === null ? `uncaught error: ${error.message}` : `ended with code ${exit[1]}`;
}
