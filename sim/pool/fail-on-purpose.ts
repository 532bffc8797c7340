/**
 * Tests only: a worker that ends in one of the ways that workers end. FEDLAB_TEST_FAIL holds
 * `kind:replication` or `kind:replication:attempts`, such as `oom:0` or `exit:1:3`; the first
 * attempts at that replication, one unless it says more, end as it asks. `start` ends every worker
 * before it has begun.
 */
import type { ReplicationTask } from './task.ts';

export type FailureKind = 'throw' | 'oom' | 'exit' | 'bug';

/** What is due for this attempt; null: nothing. */
export function failureOf(asked: string | null, task: ReplicationTask): FailureKind | null {
  const match = /^(throw|oom|exit|bug):(\d+)(?::(\d+))?$/.exec(asked ?? '');
  if (match === null || Number(match[2]) !== task.replicationIndex) return null;
  return task.attempt < Number(match[3] ?? 1) ? (match[1] as FailureKind) : null;
}

export function failAtStart(asked: string | null): void {
  if (asked === 'start') throw new Error('asked for by a test');
}

/** Fills the heap until the engine ends the thread. */
export function exhaustMemory(): never {
  const hoard: number[][] = [];
  for (;;) hoard.push(Array.from({ length: 100_000 }, (_, index) => index + 0.5));
}
