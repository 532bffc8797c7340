/** The list of benches. Each is loaded only when it is asked for: a start-up is measured, too. */
import type { Bench } from './harness.ts';

export const BENCH_NAMES = [
  'event-queue',
  'reference-p',
  'whole-model',
  'main-job',
  'start-up',
  'live-saturation',
] as const;

export async function findBench(name: string): Promise<Bench> {
  switch (name) {
    case 'event-queue':
      return (await import('./event-queue.ts')).EVENT_QUEUE;
    case 'reference-p':
      return (await import('./reference-p.ts')).REFERENCE_P;
    case 'whole-model':
      return (await import('./whole-model.ts')).WHOLE_MODEL;
    case 'main-job':
      return (await import('./main-job.ts')).MAIN_JOB;
    case 'start-up':
      return (await import('./start-up.ts')).START_UP;
    case 'live-saturation':
      return (await import('./live-saturation.ts')).LIVE_SATURATION;
    default:
      throw new Error(`there is no bench "${name}": there are ${BENCH_NAMES.join(', ')}`);
  }
}
