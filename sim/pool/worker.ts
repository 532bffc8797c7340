/** A worker thread: runs the replications it is given, one after the other. */
import { setTimeout as sleep } from 'node:timers/promises';
import { workerData } from 'piscina';
import { runReplication } from '../engine/replication.ts';
import { exhaustMemory, failAtStart, failureOf } from './fail-on-purpose.ts';
import { SharedProgress } from './task.ts';
import type { ReplicationTask, TaskAnswer, WorkerData } from './task.ts';

const US_PER_SECOND = 1e6;

const { plan, keep, progress: buffers, failure } = workerData as WorkerData;
const progress = new SharedProgress(buffers);
failAtStart(failure);

/** Piscina calls this by its name, see pool.ts. */
export async function replicate(task: ReplicationTask): Promise<TaskAnswer> {
  if (progress.isStopped) return { kind: 'stopped' };
  const { replicationIndex } = task;
  await failOnPurpose(task);
  const before = process.threadCpuUsage();
  try {
    if (failureOf(failure, task) === 'bug') throw new Error('asked for by a test');
    const outcome = runReplication(plan, replicationIndex, {
      keep,
      onProgress: (simulatedUs, exchanges) => {
        progress.report(replicationIndex, simulatedUs, exchanges);
      },
      shouldStop: () => progress.isStopped,
    });
    if (outcome === null) return { kind: 'stopped' };
    const { user, system } = process.threadCpuUsage(before);
    return { kind: 'done', outcome, cpuSeconds: (user + system) / US_PER_SECOND };
  } catch (error) {
    // Tables of numbers are not in the heap: without memory for them, the thread has to end, too.
    if (isOutOfMemory(error)) throw error;
    // Anything else does not depend on the thread: another one would throw it again.
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    return { kind: 'bug', message, stack: stack ?? '' };
  }
}

/** Never returns if this attempt has to fail. */
async function failOnPurpose(task: ReplicationTask): Promise<void> {
  const kind = failureOf(failure, task);
  if (kind === 'oom') exhaustMemory();
  if (kind === 'exit') process.exit(9);
  if (kind !== 'throw') return;
  queueMicrotask(() => {
    throw new Error('asked for by a test');
  });
  // The thread ends long before.
  await sleep(60_000);
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof RangeError && /allocation failed/i.test(error.message);
}
