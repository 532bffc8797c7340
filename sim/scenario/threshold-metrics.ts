/**
 * The metrics that a threshold may bound, with the unit in which an author writes the bound and the
 * factor to the metric's own unit. The metrics themselves are made in sim/metrics, which this room
 * may not import; a test holds the two lists together.
 */
import type { UnitName } from './units.ts';

export interface ThresholdMetric {
  readonly unit: UnitName;
  readonly factor: number;
  readonly example: string;
  readonly prose: string;
}

/** Durations are read in microseconds, and latencies are nanoseconds. */
const latency = (prose: string): ThresholdMetric => ({
  unit: 'duration',
  factor: 1000,
  example: '500ms',
  prose,
});
const rate = (prose: string): ThresholdMetric => ({
  unit: 'rate',
  factor: 1,
  example: '100/s',
  prose,
});
const share = (prose: string): ThresholdMetric => ({
  unit: 'share',
  factor: 1,
  example: '1%',
  prose,
});

export const THRESHOLD_METRICS: Readonly<Record<string, ThresholdMetric>> = {
  throughputOffered: rate('calls due, a second'),
  throughputAchieved: rate('calls answered, with or without a fault, a second'),
  throughputGood: rate('calls answered without fault, a second'),
  latencyMean: latency('mean latency of calls answered without fault'),
  latencyP50: latency('latency that half of the calls stay below'),
  latencyP90: latency('latency that 90 % of the calls stay below'),
  latencyP99: latency('latency that 99 % of the calls stay below'),
  latencyP999: latency('latency that 99.9 % of the calls stay below'),
  latencyMax: latency('the longest latency'),
  faultShare: share('share of the calls that end with a fault'),
  goodShare: share('share of the calls that are answered without fault'),
  openAtEnd: {
    unit: 'count',
    factor: 1,
    example: '100',
    prose: 'calls without an answer at the end of the run',
  },
  utilisationMax: share('processor use of the busiest security server'),
  threadUtilisationMax: share('use of the fullest pool of request threads'),
  queueLengthMax: {
    unit: 'count',
    factor: 1,
    example: '500',
    prose: 'the longest queue at any security server',
  },
};
