/**
 * A plan on the wall's clock, when the network's runs so many times as fast: what is said in times
 * of the run, such as its length and the instants of its incidents, comes so many times as early.
 * Rates, sizes, service times, time-outs of messages and the pauses of callers stay as they are.
 */
import type { Plan } from '../../plan/plan.ts';
import { AttackKind } from '../../plan/plan.ts';

export function compressPlan(plan: Plan, compression: number): Plan {
  if (compression === 1) return plan;
  const sooner = (us: number): number => us / compression;
  const { rates, sources, patches, expected } = plan;
  return {
    ...plan,
    durationUs: Math.round(sooner(plan.durationUs)),
    warmUpUs: Math.round(sooner(plan.warmUpUs)),
    seriesBucketUs: Math.max(1, Math.round(sooner(plan.seriesBucketUs))),
    rates: {
      ...rates,
      atUs: rates.atUs.map((us, point) => (isDaily(plan, point) ? us : sooner(us))),
    },
    sources: {
      ...sources,
      startUs: sources.startUs.map(sooner),
      stopUs: sources.stopUs.map(sooner),
    },
    patches: { ...patches, timeUs: patches.timeUs.map(sooner) },
    incidents: plan.incidents.map((incident) => ({
      ...incident,
      startUs: sooner(incident.startUs),
      endUs: sooner(incident.endUs),
    })),
    expected: {
      calls: Math.round(sooner(expected.calls)),
      attackRequests: Math.round(sooner(expected.attackRequests)),
    },
  };
}

/** What of a plan makes no sense on a compressed clock, as sentences. */
export function whatCannotBeCompressed(plan: Plan, compression: number): string[] {
  if (compression === 1) return [];
  const { sources, rates, kind } = plan;
  const daily = sources.id.filter(
    (_, row) => sources.attack[row] === AttackKind.None && rates.isDaily[sources.rate[row]] === 1,
  );
  return [
    ...(kind === 'terminating' ? [] : ['--compress: only a scenario that ends can be compressed']),
    ...daily.map((id) => `${id}: a rate by the time of day cannot be compressed`),
  ];
}

function isDaily({ rates }: Plan, point: number): boolean {
  const row = rates.pointFrom.findIndex(
    (from, rate) => point >= from && point < from + rates.pointCount[rate],
  );
  return row !== -1 && rates.isDaily[row] === 1;
}
