/**
 * Metrics for people. A result names them as sim/metrics/metric.ts does; a name that is not known
 * here is shown in its own words, and its unit is told from its beginning or end.
 */
import { formatAmount, formatDuration, formatRate, formatShare, NO_VALUE } from './format.ts';

const WORDS: Readonly<Record<string, string>> = {
  throughputOffered: 'offered throughput',
  throughputAchieved: 'achieved throughput',
  throughputGood: 'good throughput',
  latencyMean: 'mean latency',
  latencyP50: 'p50 of latency',
  latencyP90: 'p90 of latency',
  latencyP99: 'p99 of latency',
  latencyP999: 'p99.9 of latency',
  latencyMax: 'longest latency',
  faultShare: 'share of calls with a fault',
  goodShare: 'share of calls answered',
  openAtEnd: 'calls open at the end',
  utilisationMax: 'processors of the busiest host',
  threadUtilisationMax: 'request threads of the busiest proxy',
  queueLengthMax: 'longest queue at a server',
};

export function metricText(metric: string): string {
  const known = WORDS[metric];
  if (known !== undefined) return known;
  return metric.replace(/([a-z])([A-Z0-9])/g, '$1 $2').toLowerCase();
}

export function formatMetric(metric: string, value: number | null): string {
  if (value === null) return NO_VALUE;
  if (/^latency|Ns$/.test(metric)) return formatDuration(value);
  if (/^throughput|Rps$/.test(metric)) return formatRate(value);
  if (/Share$|utilisation/i.test(metric)) return formatShare(value);
  return formatAmount(value);
}
