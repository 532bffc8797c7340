/**
 * The phases of the proxies' caches. A cache has no job: it loads again with the first question
 * after its period. So what each server holds at time 0 was loaded at some instant before, and that
 * instant is its own, as with the jobs (facts 13.2).
 *
 * The plan has no phases of caches. They are made of the phases of two jobs, as shares of a period:
 * the sum of two independent uniform shares, without its whole part, is uniform and independent of
 * either, so that no cache moves with a job. Jobs that are synchronised make caches that are.
 */
import type { Plan } from '../plan/plan.ts';

/** The two jobs of each cache; no two caches have both in common. */
const JOBS = {
  keyConfCachePeriod: ['ocsp', 'conf'],
  serverConfCachePeriod: ['conf', 'stamp'],
} as const;

/** By server: until when what was loaded before time 0 serves; above 0, at most the period. */
export function cachePhasesUs(
  { servers, instances }: Plan,
  parameter: keyof typeof JOBS,
): Float64Array {
  return Float64Array.from(servers.instance, (instance, server) => {
    const { parameters } = instances[instance];
    const share = {
      ocsp: shareOf(servers.ocspPhaseUs[server], servers.ocspFetchIntervalUs[server]),
      conf: shareOf(servers.confPhaseUs[server], Number(parameters.globalConfDownloadInterval)),
      stamp: shareOf(servers.stampPhaseUs[server], servers.stampIntervalUs[server]),
    };
    const [one, other] = JOBS[parameter];
    const periodUs = Number(parameters[parameter]);
    return periodUs - Math.floor(shareOf(share[one] + share[other], 1) * periodUs);
  });
}

/** Of a whole, from 0 to below 1; what is more than it begins anew. */
function shareOf(part: number, whole: number): number {
  return (part % whole) / whole;
}
