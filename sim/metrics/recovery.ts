/**
 * How long a federation needs after an incident, from the time series.
 *
 * A bucket is healthy if its good answers are at least 99 % of what the share of good answers
 * before the incident lets expect of its offered calls; the square root of these is allowed for
 * chance and for answers that fall into the next bucket. A scope has recovered at the start of the
 * first bucket, at or after the incident's end, that begins three healthy ones. The recovery time
 * is of the scope that takes longest, counted from the incident's end.
 */
import type { SeriesOutcome } from './outcome.ts';

const GOOD_SHARE_MIN = 0.99;
const HEALTHY_BUCKETS = 3;

/** Microseconds; null: it never recovered, or the run ended too early to tell. */
export function recoveryUs(
  series: SeriesOutcome,
  warmUpUs: number,
  incident: { readonly startUs: number; readonly endUs: number },
): number | null {
  let longestUs = 0;
  for (let scope = 0; scope < series.scopeCount; scope++) {
    const recoveredUs = scopeRecoveryUs(series, scope, warmUpUs, incident);
    if (recoveredUs === null) return null;
    longestUs = Math.max(longestUs, recoveredUs);
  }
  return longestUs;
}

function scopeRecoveryUs(
  series: SeriesOutcome,
  scope: number,
  warmUpUs: number,
  incident: { readonly startUs: number; readonly endUs: number },
): number | null {
  const { bucketUs, bucketCount } = series;
  const shareBefore = goodShare(
    series,
    scope,
    Math.ceil(warmUpUs / bucketUs),
    Math.floor(incident.startUs / bucketUs),
  );
  const first = Math.ceil(incident.endUs / bucketUs);
  let healthy = 0;
  for (let bucket = first; bucket < bucketCount; bucket++) {
    healthy = isHealthy(series, bucket, scope, shareBefore) ? healthy + 1 : 0;
    if (healthy < HEALTHY_BUCKETS) continue;
    return (bucket - HEALTHY_BUCKETS + 1) * bucketUs - incident.endUs;
  }
  return null;
}

/** Of the whole buckets from `from` up to `to`; 1 where nothing was offered. */
function goodShare(series: SeriesOutcome, scope: number, from: number, to: number): number {
  let [offered, answered] = [0, 0];
  for (let bucket = from; bucket < to; bucket++) {
    const row = bucket * series.scopeCount + scope;
    offered += series.offered[row];
    answered += series.answered[row];
  }
  return offered === 0 ? 1 : Math.min(1, answered / offered);
}

function isHealthy(
  { offered, answered, scopeCount }: SeriesOutcome,
  bucket: number,
  scope: number,
  shareBefore: number,
): boolean {
  const row = bucket * scopeCount + scope;
  const expected = GOOD_SHARE_MIN * shareBefore * offered[row];
  return answered[row] >= expected - Math.sqrt(offered[row]);
}
