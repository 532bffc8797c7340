/** histograms.json: the latencies of a run, sparse, so that other runs can be merged with them. */
import { bucketCount } from '../base/histogram.ts';
import type { SparseHistogram } from '../base/histogram.ts';
import type { Plan } from '../plan/plan.ts';
import { SMALL_BITS } from './outcome.ts';
import type { HistogramColumns, SmallHistograms } from './outcome.ts';
import { scopeNames } from './scope.ts';
import type { Totals } from './totals.ts';

export interface HistogramFile {
  readonly unit: 'us';
  readonly scopes: Readonly<Record<string, SparseHistogram>>;
  /** Services that answered at least once. */
  readonly services: Readonly<Record<string, SparseHistogram>>;
}

const SMALL_BUCKETS = bucketCount(SMALL_BITS);

export function histogramFile(plan: Plan, totals: Totals): HistogramFile {
  const services: Record<string, SparseHistogram> = {};
  plan.services.id.forEach((id, row) => {
    if (totals.services.latency.count[row] > 0) {
      services[id] = sparseRow(totals.services.latency, row);
    }
  });
  return {
    unit: 'us',
    scopes: Object.fromEntries(
      scopeNames(plan).map((name, scope) => [name, sparse(totals.scopes[scope].latency)]),
    ),
    services,
  };
}

function sparse({ bits, counts, count, sum, min, max }: HistogramColumns): SparseHistogram {
  return { bits, count, sum, min, max, buckets: bucketsOf(counts) };
}

function sparseRow(table: SmallHistograms, row: number): SparseHistogram {
  const from = row * SMALL_BUCKETS;
  const buckets = bucketsOf(table.counts.subarray(from, from + SMALL_BUCKETS));
  return {
    bits: SMALL_BITS,
    count: table.count[row],
    sum: table.sum[row],
    // A table of small histograms keeps no smallest value; its first bucket in use bounds it.
    min: bottomOf(buckets[0] ?? 0, SMALL_BITS),
    max: table.max[row],
    buckets,
  };
}

function bucketsOf(counts: Uint32Array): number[] {
  const buckets: number[] = [];
  for (let bucket = 0; bucket < counts.length; bucket++) {
    if (counts[bucket] > 0) buckets.push(bucket, counts[bucket]);
  }
  return buckets;
}

/** The smallest value of a bucket. */
function bottomOf(bucket: number, bits: number): number {
  const subBuckets = 2 ** bits;
  if (bucket < subBuckets) return bucket;
  const shift = Math.floor(bucket / subBuckets) - 1;
  return (bucket - shift * subBuckets) * 2 ** shift;
}
