/**
 * Latencies as a result writes them: nanoseconds, and nothing where there are too few samples.
 * Histograms count microseconds.
 */
import { bucketCount, quantileOf } from '../base/histogram.ts';
import { SMALL_BITS } from './outcome.ts';
import type { HistogramColumns, SmallHistograms } from './outcome.ts';
import type { LatencyNs } from './result.ts';

export const NS_PER_US = 1000;

/** A quantile needs ten values beyond it: one or two would make it a throw of the dice. */
export const SAMPLES_BEYOND_MIN = 10;

const SMALL_BUCKETS = bucketCount(SMALL_BITS);

/** One histogram in a table of counts. */
interface Counted {
  readonly counts: Uint32Array;
  readonly from: number;
  readonly bits: number;
  readonly count: number;
  readonly sum: number;
  readonly max: number;
}

export function latencyOf({ counts, bits, count, sum, max }: HistogramColumns): LatencyNs {
  return latency({ counts, from: 0, bits, count, sum, max });
}

/** Of one row of a table of small histograms. */
export function smallLatencyOf(table: SmallHistograms, row: number): LatencyNs {
  return latency(smallRow(table, row));
}

/** Null with too few values beyond it. */
export function smallQuantileNs(table: SmallHistograms, row: number, q: number): number | null {
  return quantileNs(smallRow(table, row), q);
}

function smallRow(table: SmallHistograms, row: number): Counted {
  return {
    counts: table.counts,
    from: row * SMALL_BUCKETS,
    bits: SMALL_BITS,
    count: table.count[row],
    sum: table.sum[row],
    max: table.max[row],
  };
}

function latency(row: Counted): LatencyNs {
  return {
    count: row.count,
    mean: row.count === 0 ? null : (row.sum / row.count) * NS_PER_US,
    p50: quantileNs(row, 0.5),
    p90: quantileNs(row, 0.9),
    p99: quantileNs(row, 0.99),
    p999: quantileNs(row, 0.999),
    max: row.count === 0 ? null : row.max * NS_PER_US,
  };
}

function quantileNs({ counts, from, bits, count, max }: Counted, q: number): number | null {
  // 1 - 0.99 is a little more than 0.01, 1 - 0.9 a little less than 0.1.
  const beyond = Math.round(count * (1 - q) * 1e6) / 1e6;
  if (beyond < SAMPLES_BEYOND_MIN) return null;
  return quantileOf(counts, from, bits, count, q, max) * NS_PER_US;
}
