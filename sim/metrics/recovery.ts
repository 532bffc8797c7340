/**
 * How long a federation needs after an incident, from the time series.
 *
 * A bucket is healthy if its good answers are at least 99 % of what the share of good answers
 * before the incident, in buckets without any incident, lets expect of its offered calls; the
 * square root of these is allowed for chance and for answers that fall into the next bucket. A
 * scope has recovered at the start of the first bucket, at or after the incident's end, that begins
 * three healthy ones. The recovery time is of the scope that takes longest, counted from the
 * incident's end.
 */
import type { SeriesOutcome } from './outcome.ts';

const GOOD_SHARE_MIN = 0.99;
export const HEALTHY_BUCKETS = 3;

export interface Window {
  readonly startUs: number;
  readonly endUs: number;
}

/** Microseconds; null: it never recovered, or the run ended too early to tell. */
export function recoveryUs(
  series: SeriesOutcome,
  warmUpUs: number,
  incident: Window,
  incidents: readonly Window[],
): number | null {
  const isQuiet = quietBuckets(series, warmUpUs, incidents);
  let longestUs = 0;
  for (let scope = 0; scope < series.scopeCount; scope++) {
    const recoveredUs = scopeRecoveryUs(series, scope, incident, isQuiet);
    if (recoveredUs === null) return null;
    longestUs = Math.max(longestUs, recoveredUs);
  }
  return longestUs;
}

/** 1: the whole bucket is after the warm-up, and in no incident. */
export function quietBuckets(
  { bucketUs, bucketCount }: SeriesOutcome,
  warmUpUs: number,
  incidents: readonly Window[],
): Uint8Array {
  const isQuiet = new Uint8Array(bucketCount).fill(1);
  isQuiet.fill(0, 0, Math.ceil(warmUpUs / bucketUs));
  for (const { startUs, endUs } of incidents) {
    isQuiet.fill(0, Math.floor(startUs / bucketUs), Math.ceil(endUs / bucketUs));
  }
  return isQuiet;
}

function scopeRecoveryUs(
  series: SeriesOutcome,
  scope: number,
  incident: Window,
  isQuiet: Uint8Array,
): number | null {
  const { bucketUs, bucketCount } = series;
  const shareBefore = goodShare(series, scope, Math.floor(incident.startUs / bucketUs), isQuiet);
  const first = Math.ceil(incident.endUs / bucketUs);
  let healthy = 0;
  for (let bucket = first; bucket < bucketCount; bucket++) {
    healthy = isHealthy(series, bucket, scope, shareBefore) ? healthy + 1 : 0;
    if (healthy < HEALTHY_BUCKETS) continue;
    return (bucket - HEALTHY_BUCKETS + 1) * bucketUs - incident.endUs;
  }
  return null;
}

/** Of the quiet buckets before one; 1 where nothing was offered. */
export function goodShare(
  series: SeriesOutcome,
  scope: number,
  end: number,
  isQuiet: Uint8Array,
): number {
  let [offered, answered] = [0, 0];
  for (let bucket = 0; bucket < end; bucket++) {
    if (isQuiet[bucket] === 0) continue;
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
