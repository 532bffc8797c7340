/** histograms.json: latencies by scope and by service, sparse and mergeable. */
import { bucketCount, Histogram } from '../sim/base/histogram.ts';
import type { SparseHistogram } from '../sim/base/histogram.ts';
import { ReportError } from './report-error.ts';
import { listOf, objectOf, oneOf, readNumber, recordOf } from './shape.ts';
import type { Reader } from './shape.ts';

export interface HistogramFile {
  /** Microseconds. */
  readonly unit: 'us';
  /** `all`, each instance, and `crossBorder`. */
  readonly scopes: Readonly<Record<string, SparseHistogram>>;
  /** By X-Road's identifier of the service. */
  readonly services: Readonly<Record<string, SparseHistogram>>;
}

const BITS_MAX = 12;

const readFields = objectOf<SparseHistogram>({
  bits: readNumber,
  count: readNumber,
  sum: readNumber,
  min: readNumber,
  max: readNumber,
  buckets: listOf(readNumber),
});

/** Checked as a whole: what is drawn from it must be what was counted. */
const readHistogram: Reader<SparseHistogram> = (value, place) => {
  const found = readFields(value, place);
  const { bits, count, buckets, min, max } = found;
  const refuse = (problem: string): never => {
    throw new ReportError(place.file, place.path, problem);
  };
  if (!Number.isInteger(bits) || bits < 1 || bits > BITS_MAX) {
    refuse(`bits must be a whole number from 1 to ${BITS_MAX}, found ${bits}`);
  }
  if (buckets.length % 2 !== 0) refuse('buckets must be pairs of bucket and count');
  let total = 0;
  let before = -1;
  for (let at = 0; at < buckets.length; at += 2) {
    const bucket = buckets[at];
    if (!Number.isInteger(bucket) || bucket <= before || bucket >= bucketCount(bits)) {
      refuse(`bucket ${bucket} is out of order or out of range`);
    }
    before = bucket;
    total += buckets[at + 1];
  }
  if (total !== count) refuse(`the buckets hold ${total} values, and count says ${count}`);
  if (min > max) refuse(`min ${min} is above max ${max}`);
  return found;
};

export const readHistogramFile: Reader<HistogramFile> = objectOf<HistogramFile>({
  unit: oneOf('us'),
  scopes: recordOf(readHistogram),
  services: recordOf(readHistogram),
});

/** A quantile in nanoseconds; null with fewer than ten values beyond it, as in result.json. */
export function quantileNs(sparse: SparseHistogram, q: number): number | null {
  if (sparse.count * (1 - q) < 10 - 1e-6) return null;
  return Histogram.fromSparse(sparse).quantile(q) * 1000;
}
