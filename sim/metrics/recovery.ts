/**
 * How long a federation needs after an incident, from the time series.
 *
 * A bucket is healthy if two shares are at least 99 % of what they were before the incident, in
 * buckets without any incident: good answers of the calls offered, and of the calls ended. One is
 * not enough. Calls are offered when due, and end later: while a line is worked off, more are
 * answered than offered, and callers still give up; while calls are lost in silence, all that end
 * end well. The square root of the calls is allowed for chance, and for answers that fall into the
 * next bucket.
 *
 * A call has ended badly if it was faulted or its caller gave up. Only callers with a policy give
 * up; without them a call that is not faulted waits for its answer.
 *
 * A scope has recovered at the start of the first bucket, at or after the incident's end, that
 * begins three healthy ones. The recovery time is of the scope that takes longest, counted from the
 * incident's end.
 */
import type { SeriesOutcome } from './outcome.ts';
import type { Totals } from './totals.ts';

const GOOD_SHARE_MIN = 0.99;
export const HEALTHY_BUCKETS = 3;

export interface Window {
  readonly startUs: number;
  readonly endUs: number;
}

/** What happened, bucket by bucket; without callers that have a policy nobody gives up. */
export type History = Pick<Totals, 'series' | 'callers'>;

/** Microseconds; null: it never recovered, or the run ended too early to tell. */
export function recoveryUs(
  history: History,
  warmUpUs: number,
  incident: Window,
  incidents: readonly Window[],
): number | null {
  const isQuiet = quietBuckets(history.series, warmUpUs, incidents);
  let longestUs = 0;
  for (let scope = 0; scope < history.series.scopeCount; scope++) {
    const recoveredUs = scopeRecoveryUs(history, scope, incident, isQuiet);
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
  history: History,
  scope: number,
  incident: Window,
  isQuiet: Uint8Array,
): number | null {
  const { bucketUs, bucketCount, scopeCount } = history.series;
  const before = quietCalls(history, scope, Math.floor(incident.startUs / bucketUs), isQuiet);
  let healthy = 0;
  for (let bucket = Math.ceil(incident.endUs / bucketUs); bucket < bucketCount; bucket++) {
    const now = new Calls();
    now.add(history, bucket * scopeCount + scope);
    healthy = isHealthy(now, before) ? healthy + 1 : 0;
    if (healthy < HEALTHY_BUCKETS) continue;
    return (bucket - HEALTHY_BUCKETS + 1) * bucketUs - incident.endUs;
  }
  return null;
}

/** Calls of some buckets of one scope. */
class Calls {
  offered = 0;
  answered = 0;
  /** Answered, faulted or given up. */
  ended = 0;

  add({ series, callers }: History, row: number): void {
    this.offered += series.offered[row];
    this.answered += series.answered[row];
    const gaveUp = callers === null ? 0 : callers.series.gaveUp[row];
    this.ended += series.answered[row] + series.faulted[row] + gaveUp;
  }
}

function isHealthy(now: Calls, before: Calls): boolean {
  return (
    isAsGood(now.answered, now.offered, shareOf(before.answered, before.offered)) &&
    isAsGood(now.answered, now.ended, shareOf(before.answered, before.ended))
  );
}

function isAsGood(answered: number, calls: number, shareBefore: number): boolean {
  return answered >= GOOD_SHARE_MIN * shareBefore * calls - Math.sqrt(calls);
}

/** Of the offered calls in the quiet buckets before one; 1 where nothing was offered. */
export function goodShare(
  series: SeriesOutcome,
  scope: number,
  end: number,
  isQuiet: Uint8Array,
): number {
  const calls = quietCalls({ series, callers: null }, scope, end, isQuiet);
  return shareOf(calls.answered, calls.offered);
}

/** Of the quiet buckets before one. */
function quietCalls(history: History, scope: number, end: number, isQuiet: Uint8Array): Calls {
  const calls = new Calls();
  for (let bucket = 0; bucket < end; bucket++) {
    if (isQuiet[bucket] === 1) calls.add(history, bucket * history.series.scopeCount + scope);
  }
  return calls;
}

/** Answers to calls of an earlier bucket can make it more than all. */
function shareOf(answered: number, calls: number): number {
  return calls === 0 ? 1 : Math.min(1, answered / calls);
}
