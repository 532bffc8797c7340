/**
 * Replications in parallel, one thread each at a time, never one on two. A replication is a pure
 * function of (plan, index), so the order in which they end says nothing, and one whose thread
 * ended (out of memory, an uncaught error, terminated) is simply run again.
 */
import { availableParallelism, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type { KeepPolicy } from '../metrics/journal.ts';
import type { UnfinishedReplication } from '../metrics/check.ts';
import type { ReplicationOutcome } from '../metrics/outcome.ts';
import type { Plan } from '../plan/plan.ts';
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
}

export interface PoolResult {
  /** Those that were finished, in replication order. */
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
  readonly #outcomes: ReplicationOutcome[] = [];
  readonly #workerFailures: UnfinishedReplication[] = [];
  readonly #unfinished: UnfinishedReplication[] = [];
  #cpuSeconds = 0;
  /** Rejected when workers cannot be started: Piscina then lets its tasks wait for ever. */
  readonly #noWorkers = Promise.withResolvers<never>();

  constructor(plan: Plan, options: PoolOptions) {
    this.#plan = plan;
    this.#options = options;
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
      const indexes = Array.from({ length: this.#plan.replications }, (_, index) => index);
      await Promise.all(indexes.map((index) => this.#replicate(index)));
    } finally {
      clearInterval(timer);
      interrupt.removeEventListener('abort', stop);
      await this.#piscina.destroy();
    }
    this.#report();
    const byIndex = <T extends { readonly replicationIndex: number }>(rows: readonly T[]): T[] =>
      rows.toSorted((a, b) => a.replicationIndex - b.replicationIndex);
    return {
      outcomes: byIndex(this.#outcomes),
      workerFailures: byIndex(this.#workerFailures),
      unfinished: byIndex(this.#unfinished),
      isInterrupted: interrupt.aborted && this.#outcomes.length < this.#plan.replications,
      cpuSeconds: this.#cpuSeconds,
    };
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
        throw new ReplicationBug(replicationIndex, answer.message, answer.stack);
      }
      if (answer.kind === 'done') {
        this.#outcomes.push(answer.outcome);
        this.#cpuSeconds += answer.cpuSeconds;
        this.#progress.report(
          replicationIndex,
          this.#plan.durationUs,
          exchangeCount(answer.outcome),
        );
      }
      return;
    }
    this.#unfinished.push({ replicationIndex, reason: `${reason}, ${ATTEMPTS_MAX} times` });
  }

  /** A worker that ends is replaced at once, unless it ended before it had begun. */
  #watchWorkers(): void {
    if (this.#piscina.threads.length > 0) return;
    this.#noWorkers.reject(new WorkerStartError('they end at once'));
  }

  #report(): void {
    this.#options.onProgress({
      ...this.#progress.sum(),
      replicationsDone: this.#outcomes.length,
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
