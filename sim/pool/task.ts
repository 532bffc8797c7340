/** What the pool and its workers tell each other: plain data, and some shared numbers. */
import type { KeepPolicy } from '../metrics/journal.ts';
import type { ReplicationOutcome } from '../metrics/outcome.ts';
import type { Plan } from '../plan/plan.ts';

/** Given to a worker when it starts. */
export interface WorkerData {
  readonly plan: Plan;
  readonly keep: KeepPolicy;
  readonly progress: ProgressBuffers;
  /** Tests only: see fail-on-purpose.ts. */
  readonly failure: string | null;
}

export interface ReplicationTask {
  readonly replicationIndex: number;
  /** 0 at first; it grows when a worker has ended under the replication. */
  readonly attempt: number;
}

export type TaskAnswer =
  | { readonly kind: 'done'; readonly outcome: ReplicationOutcome; readonly cpuSeconds: number }
  | { readonly kind: 'stopped' }
  /** The replication threw: a bug of ours, which would be thrown again. */
  | { readonly kind: 'bug'; readonly message: string; readonly stack: string };

/** How far each replication is, written by its worker; and whether all should stop. */
export interface ProgressBuffers {
  /** Row: simulated microseconds, exchanges. */
  readonly rows: SharedArrayBuffer;
  readonly stop: SharedArrayBuffer;
}

const ROW = 2;

export class SharedProgress {
  readonly buffers: ProgressBuffers;
  readonly #rows: Float64Array;
  readonly #stop: Int32Array;

  constructor(buffers: ProgressBuffers) {
    this.buffers = buffers;
    this.#rows = new Float64Array(buffers.rows);
    this.#stop = new Int32Array(buffers.stop);
  }

  static of(replications: number): SharedProgress {
    return new SharedProgress({
      rows: new SharedArrayBuffer(replications * ROW * Float64Array.BYTES_PER_ELEMENT),
      stop: new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT),
    });
  }

  report(replicationIndex: number, simulatedUs: number, exchanges: number): void {
    this.#rows[replicationIndex * ROW] = simulatedUs;
    this.#rows[replicationIndex * ROW + 1] = exchanges;
  }

  stop(): void {
    Atomics.store(this.#stop, 0, 1);
  }

  get isStopped(): boolean {
    return Atomics.load(this.#stop, 0) === 1;
  }

  /** Over all replications. */
  sum(): { readonly simulatedUs: number; readonly exchanges: number } {
    let [simulatedUs, exchanges] = [0, 0];
    for (let at = 0; at < this.#rows.length; at += ROW) {
      simulatedUs += this.#rows[at];
      exchanges += this.#rows[at + 1];
    }
    return { simulatedUs, exchanges };
  }
}
