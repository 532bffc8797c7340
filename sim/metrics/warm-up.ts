/**
 * Whether what a steady scenario leaves out at its start is enough, by MSER-5 (base/mser.ts).
 *
 * The rule looks at the time series of the primary metric, one value a bucket, from the start of
 * the run to its first incident: a load that something disturbs has no steady part to be found.
 * With `warmUp: auto` the series is of a pilot, replication 0 run with nothing left out; then all
 * replications are run with the cut that was found, so that it applies to every figure and not only
 * to those that a series can give. With a warm-up of the author's the series is the mean over all
 * replications, and what the rule finds stands beside what was asked.
 */
import { mser5 } from '../base/mser.ts';
import type { Plan } from '../plan/plan.ts';
import type { SeriesOutcome } from './outcome.ts';
import type { WarmUpResult } from './result.ts';

const US_PER_SECOND = 1e6;

/** What a bucket of the series says of each metric; latencies of all kinds have one transient. */
const SERIES_METRICS: Readonly<Record<string, (series: SeriesOutcome, row: number) => number>> = {
  latencyMean: ({ latency }, row) => latency.sum[row] / latency.count[row],
  throughputOffered: ({ offered }, row) => offered[row],
  throughputAchieved: ({ answered, faulted }, row) => answered[row] + faulted[row],
  throughputGood: ({ answered }, row) => answered[row],
  goodShare: ({ answered, faulted }, row) => answered[row] / (answered[row] + faulted[row]),
  faultShare: ({ answered, faulted }, row) => faulted[row] / (answered[row] + faulted[row]),
};
const DEFAULT_METRIC = 'latencyMean';

/** Of the run itself; null where all of it counts. */
export function assessWarmUp(plan: Plan, series: SeriesOutcome): WarmUpResult | null {
  if (plan.kind === 'terminating') return null;
  return resultOf(lookAt(plan, series), plan.warmUpUs, 'run');
}

/** A pilot's: the plan with the warm-up that it found, and what is to be said of it. */
export function adoptWarmUp(
  plan: Plan,
  pilot: SeriesOutcome,
): { readonly plan: Plan; readonly warmUp: WarmUpResult } {
  const look = lookAt(plan, pilot);
  // A cut in the second half is rejected, whatever is measured then.
  const warmUpUs = Math.min(look.foundUs ?? 0, Math.floor(plan.durationUs / 2));
  return {
    plan: { ...plan, warmUpUs, findsWarmUp: false },
    warmUp: resultOf(look, warmUpUs, 'pilot'),
  };
}

interface Look {
  readonly metric: string;
  readonly valueUs: number;
  readonly values: number;
  /** Null: the series is too short. */
  readonly foundUs: number | null;
  readonly isRejected: boolean;
}

function lookAt(plan: Plan, series: SeriesOutcome): Look {
  const metric = primaryMetric(plan);
  const { values, endsUs } = valuesOf(plan, series, SERIES_METRICS[metric]);
  const found = mser5(values);
  const foundUs = found === null ? null : found.cut === 0 ? 0 : endsUs[found.cut - 1];
  const isRejected = found !== null && found.isRejected;
  return { metric, valueUs: series.bucketUs, values: values.length, foundUs, isRejected };
}

function resultOf(look: Look, usedUs: number, source: WarmUpResult['source']): WarmUpResult {
  const { metric, valueUs, values, foundUs } = look;
  const usedSeconds = usedUs / US_PER_SECOND;
  return {
    method: 'mser-5',
    askedSeconds: source === 'pilot' ? null : usedSeconds,
    usedSeconds,
    foundSeconds: foundUs === null ? null : foundUs / US_PER_SECOND,
    metric,
    valueSeconds: valueUs / US_PER_SECOND,
    values,
    source,
    verdict: verdictOf(look, usedUs),
  };
}

function verdictOf({ foundUs, isRejected }: Look, usedUs: number): WarmUpResult['verdict'] {
  if (foundUs === null) return 'unknown';
  if (isRejected) return 'rejected';
  return foundUs <= usedUs ? 'accepted' : 'too-short';
}

/** The first one that a precision is asked of, as far as the series knows it. */
function primaryMetric({ precision }: Plan): string {
  const [asked = DEFAULT_METRIC] = precision?.metrics ?? [];
  return Object.hasOwn(SERIES_METRICS, asked) ? asked : DEFAULT_METRIC;
}

/** Of all calls together, whole buckets before the first incident; empty ones say nothing. */
function valuesOf(
  { durationUs, incidents }: Plan,
  series: SeriesOutcome,
  valueOf: (series: SeriesOutcome, row: number) => number,
): { readonly values: number[]; readonly endsUs: number[] } {
  const untilUs = incidents.reduce((us, { startUs }) => Math.min(us, startUs), durationUs);
  const values: number[] = [];
  const endsUs: number[] = [];
  for (let bucket = 0; (bucket + 1) * series.bucketUs <= untilUs; bucket++) {
    const value = valueOf(series, bucket * series.scopeCount);
    if (!Number.isFinite(value)) continue;
    values.push(value);
    endsUs.push((bucket + 1) * series.bucketUs);
  }
  return { values, endsUs };
}
