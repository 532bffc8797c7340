/**
 * The series and the incidents of a run on one axis of time, ready to be drawn: buckets by scope,
 * and the windows of incidents as bands with a number and a name.
 */
import type { RunResult, SeriesRow } from '../sim/metrics/result.ts';
import type { ResultFolder } from './folder.ts';
import { faultCountsOf } from './series-table.ts';

export interface Bucket extends Omit<SeriesRow, 'timeSeconds' | 'faults'> {
  readonly fromSeconds: number;
  readonly toSeconds: number;
  readonly faultCounts: ReadonlyMap<string, number>;
}

export interface Band {
  readonly name: string;
  readonly kind: 'outage' | 'attack' | 'warm-up';
  readonly fromSeconds: number;
  readonly toSeconds: number;
  /** The bands without a name are listed in the table of incidents. */
  readonly isNamed: boolean;
}

export interface Timeline {
  readonly fromSeconds: number;
  readonly toSeconds: number;
  /** Of a row of the series, and how many of them one point of a chart stands for. */
  readonly bucketSeconds: number;
  readonly rowsPerBucket: number;
  /** Local time of day at which the run began. */
  readonly startOfDaySeconds: number;
  /** Times are shown as times of day, not as time since the start. */
  readonly usesClock: boolean;
  readonly bands: readonly Band[];
  readonly scopes: ReadonlyMap<string, readonly Bucket[]>;
}

/** More points than pixels cost much and show nothing. */
const BUCKETS_MAX = 400;
export const NAMED_BANDS_MAX = 12;

export function buildTimeline({ result, series }: ResultFolder): Timeline {
  const { startOfDaySeconds, warmUpSeconds } = result.scenario;
  const times = [...new Set(series.map((row) => row.timeSeconds))].sort((a, b) => a - b);
  const plannedSeconds = warmUpSeconds + result.simulatedSeconds;
  const bucketSeconds = shortestStep(times) ?? (plannedSeconds > 0 ? plannedSeconds : 1);
  const lastSeconds = times.length === 0 ? 0 : times[times.length - 1];
  // The last bucket of a run may be cut short by its end; rows behind the end are kept in view.
  const toSeconds = lastSeconds < plannedSeconds ? plannedSeconds : lastSeconds + bucketSeconds;
  const rowsPerBucket = Math.max(1, Math.ceil(times.length / BUCKETS_MAX));
  const scopes = new Map<string, Bucket[]>();
  for (const [scope, rows] of Map.groupBy(series, (row) => row.scope)) {
    const sorted = rows.toSorted((a, b) => a.timeSeconds - b.timeSeconds);
    const groups = Map.groupBy(sorted, ({ timeSeconds }) =>
      Math.floor((timeSeconds / bucketSeconds + 1e-6) / rowsPerBucket),
    );
    scopes.set(
      scope,
      [...groups.values()].map((group) => mergeRows(group, bucketSeconds, toSeconds)),
    );
  }
  return {
    fromSeconds: 0,
    toSeconds,
    bucketSeconds,
    rowsPerBucket,
    startOfDaySeconds,
    usesClock: toSeconds >= 7200 || startOfDaySeconds > 0,
    bands: bandsOf(result, toSeconds),
    scopes,
  };
}

/** The buckets of a scope, in order; none when the series does not know it. */
export function bucketsOf(timeline: Timeline, scope: string): readonly Bucket[] {
  return timeline.scopes.get(scope) ?? [];
}

/** At most `countMax` stretches of equal length, for a table beside a chart. */
export function stretchesOf(buckets: readonly Bucket[], countMax = 24): readonly Bucket[][] {
  const size = Math.max(1, Math.ceil(buckets.length / countMax));
  const stretches: Bucket[][] = [];
  for (let from = 0; from < buckets.length; from += size) {
    stretches.push(buckets.slice(from, from + size));
  }
  return stretches;
}

/** Mean over time; 0 when there are none. */
export function meanOf(buckets: readonly Bucket[], value: (bucket: Bucket) => number): number {
  let sum = 0;
  let seconds = 0;
  for (const bucket of buckets) {
    const length = bucket.toSeconds - bucket.fromSeconds;
    sum += value(bucket) * length;
    seconds += length;
  }
  return seconds === 0 ? 0 : sum / seconds;
}

/** The largest that is known; null when none is. */
export function largestOf(
  buckets: readonly Bucket[],
  value: (bucket: Bucket) => number | null,
): number | null {
  let largest: number | null = null;
  for (const bucket of buckets) {
    const found = value(bucket);
    if (found !== null && (largest === null || found > largest)) largest = found;
  }
  return largest;
}

function shortestStep(times: readonly number[]): number | null {
  let shortest: number | null = null;
  for (let index = 1; index < times.length; index++) {
    const step = times[index] - times[index - 1];
    if (step > 1e-9 && (shortest === null || step < shortest)) shortest = step;
  }
  return shortest;
}

/** Rates become means and states the worst of them: merging must not hide a bad minute. */
function mergeRows(rows: readonly SeriesRow[], rowSeconds: number, endSeconds: number): Bucket {
  const mean = (value: (row: SeriesRow) => number): number =>
    rows.reduce((sum, row) => sum + value(row), 0) / rows.length;
  const worst = (value: (row: SeriesRow) => number | null): number | null =>
    rows.reduce<number | null>((largest, row) => {
      const found = value(row);
      return found !== null && (largest === null || found > largest) ? found : largest;
    }, null);
  const meanOfKnown = (value: (row: SeriesRow) => number | null): number | null => {
    const known = rows.map(value).filter((found) => found !== null);
    return known.length === 0 ? null : known.reduce((sum, found) => sum + found, 0) / known.length;
  };
  const faultCounts = new Map<string, number>();
  for (const row of rows) {
    for (const [code, count] of faultCountsOf(row.faults)) {
      faultCounts.set(code, (faultCounts.get(code) ?? 0) + count);
    }
  }
  const [first, last] = [rows[0], rows[rows.length - 1]];
  const toSeconds = Math.min(last.timeSeconds + rowSeconds, endSeconds);
  return {
    scope: first.scope,
    fromSeconds: first.timeSeconds,
    toSeconds: Math.max(toSeconds, first.timeSeconds),
    offeredRps: mean((row) => row.offeredRps),
    achievedRps: mean((row) => row.achievedRps),
    goodRps: mean((row) => row.goodRps),
    attackRps: mean((row) => row.attackRps),
    faultedRps: mean((row) => row.faultedRps),
    latencyP50Ns: worst((row) => row.latencyP50Ns),
    latencyP90Ns: worst((row) => row.latencyP90Ns),
    latencyP99Ns: worst((row) => row.latencyP99Ns),
    utilisation: worst((row) => row.utilisation),
    queueLength: worst((row) => row.queueLength),
    refusingServers: worst((row) => row.refusingServers),
    retriesRps: meanOfKnown((row) => row.retriesRps),
    gaveUpRps: meanOfKnown((row) => row.gaveUpRps),
    stampedRps: meanOfKnown((row) => row.stampedRps),
    backlog: worst((row) => row.backlog),
    expiredServers: worst((row) => row.expiredServers),
    faultCounts,
  };
}

/** In order of time. Names go to the longest, for those are what a chart shows. */
function bandsOf(result: RunResult, endSeconds: number): Band[] {
  const clamp = (seconds: number): number => Math.min(Math.max(seconds, 0), endSeconds);
  const longestFirst = result.incidents
    .filter(({ startSeconds }) => startSeconds <= endSeconds)
    .toSorted((a, b) => b.endSeconds - b.startSeconds - (a.endSeconds - a.startSeconds));
  const bands = longestFirst.map((incident, index): Band => ({
    name: incident.name === '' ? incident.id : incident.name,
    kind: incident.isAttack ? 'attack' : 'outage',
    fromSeconds: clamp(incident.startSeconds),
    toSeconds: Math.max(clamp(incident.startSeconds), clamp(incident.endSeconds)),
    isNamed: index < NAMED_BANDS_MAX,
  }));
  const toSeconds = clamp(result.scenario.warmUpSeconds);
  if (toSeconds > 0) {
    const name = 'warm-up, not measured';
    bands.push({ name, kind: 'warm-up', fromSeconds: 0, toSeconds, isNamed: true });
  }
  return bands.sort((a, b) => a.fromSeconds - b.fromSeconds || b.toSeconds - a.toSeconds);
}
