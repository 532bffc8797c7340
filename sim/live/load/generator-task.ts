/** What the generator's thread and the servers' tell each other: plain data. */
import type { ThreadFacts } from '../../metrics/result.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Target } from './requests.ts';

/** Given to the thread when it starts. */
export interface GeneratorTask {
  readonly plan: Plan;
  readonly replicationIndex: number;
  readonly targets: readonly Target[];
  /** Tests only: it blocks its thread so long before each look at the clock. */
  readonly heldBackMs: number;
}

export type Order =
  /** Calls each of these flows some times, uncounted. */
  | { readonly kind: 'warm'; readonly flows: readonly number[]; readonly maxMs: number }
  /** The run begins at this instant of the shared clock. */
  | { readonly kind: 'go'; readonly startUs: number }
  | { readonly kind: 'stop' };

export type Told =
  | { readonly kind: 'ready' }
  | { readonly kind: 'warmed' }
  | { readonly kind: 'calls'; readonly batch: Float64Array<ArrayBuffer> }
  /** The last batch has been told. */
  | { readonly kind: 'over'; readonly thread: ThreadFacts };
