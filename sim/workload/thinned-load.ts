/**
 * The load of a live run whose network's clock is so many times as fast as the wall, on that clock:
 * the same calls, each at the same instant of the network. Trust, incidents and their clocks are in
 * the network's time in both engines and stay as they are. Only what callers do by the wall, such
 * as thinking and waiting for an answer, has no such form.
 */
import type { Plan } from '../plan/plan.ts';
import { SourceKind } from '../plan/plan.ts';

export function thinLoad(plan: Plan, compression: number): Plan {
  if (compression === 1) return plan;
  const { rates, expected } = plan;
  return {
    ...plan,
    rates: { ...rates, rate: rates.rate.map((perSecond) => perSecond / compression) },
    expected: {
      calls: Math.round(expected.calls / compression),
      attackRequests: Math.round(expected.attackRequests / compression),
    },
  };
}

/** Whose load cannot be thinned, as sentences; none: all of it can. */
export function whatCannotBeThinned({ sources }: Plan, compression: number): string[] {
  if (compression === 1) return [];
  return sources.id
    .filter((_, row) => sources.kind[row] === SourceKind.User || sources.policy[row] !== 0)
    .map((id) => `${id}: callers who wait, think or try again do so by the wall`);
}
