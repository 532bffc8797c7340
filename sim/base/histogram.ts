/**
 * Counts of non-negative integers in log-linear buckets: exact below 2^bits, and within 1/2^bits
 * above. Memory is fixed, recording allocates nothing, and two histograms of the same precision
 * merge by adding their counts.
 *
 *   bits = 7: value    0 .. 127   128 .. 255   256 .. 511   512 .. 1023   ...
 *             width       1            1            2             4
 *
 * Values are microseconds in the engines, up to 2^42 (50 days).
 */
import { assert } from './assert.ts';

const EXPONENT_MAX = 42;
export const HISTOGRAM_VALUE_MAX = 2 ** EXPONENT_MAX - 1;

export class Histogram {
  readonly bits: number;
  readonly counts: Uint32Array;
  count = 0;
  sum = 0;
  min = Infinity;
  max = 0;

  constructor(bits = 7) {
    this.bits = bits;
    this.counts = new Uint32Array(bucketCount(bits));
  }

  record(value: number): void {
    assert(value >= 0 && value <= HISTOGRAM_VALUE_MAX, 'histogram value out of range');
    this.counts[bucketOf(value, this.bits)]++;
    this.count++;
    this.sum += value;
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
  }

  /** The smallest bucket top that at least `q` of the values do not exceed; 0 when empty. */
  quantile(q: number): number {
    assert(q >= 0 && q <= 1, `quantile ${q} is not in [0, 1]`);
    return quantileOf(this.counts, 0, this.bits, this.count, q, this.max);
  }

  /** Adds the other's counts; sums of whole microseconds stay exact below 2^53. */
  merge(other: Histogram): void {
    assert(other.bits === this.bits, 'histograms of different precision do not merge');
    for (let bucket = 0; bucket < this.counts.length; bucket++) {
      this.counts[bucket] += other.counts[bucket];
    }
    this.count += other.count;
    this.sum += other.sum;
    this.min = Math.min(this.min, other.min);
    this.max = Math.max(this.max, other.max);
  }

  /** Buckets in use: index and count, in order. What a file keeps. */
  toSparse(): SparseHistogram {
    const buckets: number[] = [];
    for (let bucket = 0; bucket < this.counts.length; bucket++) {
      if (this.counts[bucket] > 0) buckets.push(bucket, this.counts[bucket]);
    }
    const { bits, count, sum, max } = this;
    return { bits, count, sum, min: count === 0 ? 0 : this.min, max, buckets };
  }

  static fromSparse(sparse: SparseHistogram): Histogram {
    const histogram = new Histogram(sparse.bits);
    for (let at = 0; at < sparse.buckets.length; at += 2) {
      histogram.counts[sparse.buckets[at]] = sparse.buckets[at + 1];
    }
    histogram.count = sparse.count;
    histogram.sum = sparse.sum;
    histogram.min = sparse.count === 0 ? Infinity : sparse.min;
    histogram.max = sparse.max;
    return histogram;
  }
}

export interface SparseHistogram {
  readonly bits: number;
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  /** bucket, count, bucket, count, ... */
  readonly buckets: readonly number[];
}

/** Buckets of a histogram of this precision. */
export function bucketCount(bits: number): number {
  return (EXPONENT_MAX - bits + 1) * 2 ** bits;
}

/** The bucket of a whole value. */
export function bucketOf(value: number, bits: number): number {
  if (value < 0x80000000) {
    // 36 minutes in microseconds: nearly all there is, in integers.
    const narrow = 31 - Math.clz32(value) - bits;
    return narrow <= 0 ? value : (narrow << bits) + (value >> narrow);
  }
  const exponent = value < 2 ** 32 ? 31 : 63 - Math.clz32(value / 2 ** 32);
  const shift = exponent - bits;
  // Division by a power of two is exact: no value can slip into its neighbour's bucket.
  return shift * 2 ** bits + Math.floor(value / 2 ** shift);
}

/** The largest value of a bucket. */
export function topOf(bucket: number, bits: number): number {
  const subBuckets = 2 ** bits;
  if (bucket < subBuckets) return bucket;
  const shift = Math.floor(bucket / subBuckets) - 1;
  return (bucket - shift * subBuckets + 1) * 2 ** shift - 1;
}

/** Quantile of a run of counts that begins at `from`: one table may hold many histograms. */
export function quantileOf(
  counts: Uint32Array,
  from: number,
  bits: number,
  count: number,
  q: number,
  max: number,
): number {
  const rank = Math.max(1, Math.ceil(q * count));
  const buckets = bucketCount(bits);
  let seen = 0;
  for (let bucket = 0; bucket < buckets; bucket++) {
    seen += counts[from + bucket];
    if (seen >= rank) return Math.min(topOf(bucket, bits), max);
  }
  return 0;
}
