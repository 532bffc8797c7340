/**
 * `warmUp: auto`: a pilot, which is replication 0 with nothing left out, shows where the steady
 * part begins (metrics/warm-up.ts); then the run is made with that. The pilot is a function of the
 * plan alone, so equal seeds still give equal bytes.
 */
import { assert } from '../base/assert.ts';
import type { WarmUpResult } from '../metrics/result.ts';
import { adoptWarmUp } from '../metrics/warm-up.ts';
import type { Plan } from '../plan/plan.ts';
import { runReplications } from './pool.ts';
import type { PoolOptions } from './pool.ts';

export interface WarmedUp {
  readonly plan: Plan;
  /** Null: there was no pilot. */
  readonly pilotWarmUp: WarmUpResult | null;
}

/** Null: interrupted, or the pilot could not be finished, and `reason` says why. */
export type PilotEnd = WarmedUp | { readonly plan: null; readonly reason: string | null };

export async function findWarmUp(
  plan: Plan,
  options: Pick<PoolOptions, 'interrupt' | 'failure'>,
): Promise<PilotEnd> {
  if (!plan.findsWarmUp) return { plan, pilotWarmUp: null };
  assert(plan.warmUpUs === 0, 'a pilot leaves nothing out');
  const pilot = { ...plan, replications: 1, precision: null };
  const { outcomes, unfinished } = await runReplications(pilot, {
    ...options,
    workers: 1,
    keep: 'none',
    onProgress: () => undefined,
  });
  if (outcomes.length === 0) return { plan: null, reason: unfinished[0]?.reason ?? null };
  const found = adoptWarmUp(plan, outcomes[0].series);
  return { plan: found.plan, pilotWarmUp: found.warmUp };
}
