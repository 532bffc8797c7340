import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { quantileLognormal } from './distribution/lognormal.ts';
import {
  bucketCount,
  bucketOf,
  Histogram,
  HISTOGRAM_VALUE_MAX,
  quantileOf,
  topOf,
} from './histogram.ts';
import { draw } from './random.ts';

const QUANTILES = [0, 0.001, 0.25, 0.5, 0.9, 0.99, 0.999, 0.9999, 1];
const SAMPLES = 20_000;

/** Latencies of a long tail, whole microseconds. */
function sampleOf(seed: number, count = SAMPLES): number[] {
  return Array.from({ length: count }, (_, at) =>
    Math.floor(quantileLognormal(draw(seed, 0, at, 0, 0), 60_000, 1.5)),
  );
}

function histogramOf(sample: readonly number[], bits = 7): Histogram {
  const histogram = new Histogram(bits);
  for (const value of sample) histogram.record(value);
  return histogram;
}

/** The smallest value that at least `q` of the sample do not exceed. */
function exactQuantile(sorted: readonly number[], q: number): number {
  return sorted[Math.max(1, Math.ceil(q * sorted.length)) - 1];
}

// The header's promise: never too small, and at most one part in 2^bits too large.
describe.each([1, 2, 3, 4, 5])('seed %i', (seed) => {
  const sample = sampleOf(seed);
  const sorted = sample.toSorted((a, b) => a - b);

  test.each([3, 5, 7])('quantiles of %i bits against the sorted sample', (bits) => {
    const histogram = histogramOf(sample, bits);
    for (const q of QUANTILES) {
      const exact = exactQuantile(sorted, q);
      expect(histogram.quantile(q)).toBeGreaterThanOrEqual(exact);
      expect(histogram.quantile(q)).toBeLessThanOrEqual(exact * (1 + 1 / 2 ** bits));
    }
    expect(histogram.quantile(1)).toBe(sorted.at(-1));
    expect([histogram.min, histogram.max]).toEqual([sorted[0], sorted.at(-1)]);
  });

  test('count and sum are exact', () => {
    const histogram = histogramOf(sample);
    expect(histogram.count).toBe(SAMPLES);
    expect(histogram.sum).toBe(sample.reduce((sum, value) => sum + value, 0));
  });

  test('merged parts are the whole', () => {
    const whole = histogramOf(sample);
    const merged = new Histogram();
    for (let from = 0; from < SAMPLES; from += 4999) {
      merged.merge(histogramOf(sample.slice(from, from + 4999)));
    }
    expect(merged).toEqual(whole);
  });

  test('a sparse copy, through JSON too, is the same histogram', () => {
    const histogram = histogramOf(sample);
    const copy = Histogram.fromSparse(JSON.parse(JSON.stringify(histogram.toSparse())));
    expect(copy).toEqual(histogram);
  });
});

test('an empty histogram', () => {
  const empty = new Histogram();
  expect(empty.quantile(0.5)).toBe(0);
  expect(empty.toSparse()).toEqual({ bits: 7, count: 0, sum: 0, min: 0, max: 0, buckets: [] });
  expect(Histogram.fromSparse(empty.toSparse())).toEqual(empty);
  const one = histogramOf([5]);
  one.merge(empty);
  expect(one).toEqual(histogramOf([5]));
});

test('every value lies in its bucket, and buckets leave no gap', () => {
  const anyValue = fc.oneof(
    fc.integer({ min: 0, max: 1024 }),
    fc
      .double({ min: 0, max: 42, noNaN: true })
      .map((power) => Math.min(HISTOGRAM_VALUE_MAX, Math.floor(2 ** power))),
  );
  fc.assert(
    fc.property(anyValue, fc.integer({ min: 1, max: 10 }), (value, bits) => {
      const bucket = bucketOf(value, bits);
      expect(bucket).toBeLessThan(bucketCount(bits));
      expect(topOf(bucket, bits)).toBeGreaterThanOrEqual(value);
      const topBefore = bucket === 0 ? -1 : topOf(bucket - 1, bits);
      expect(topBefore).toBeLessThan(value);
    }),
    { numRuns: 5000 },
  );
  expect(topOf(bucketCount(7) - 1, 7)).toBe(HISTOGRAM_VALUE_MAX);
});

test('many histograms in one table', () => {
  const bits = 5;
  const size = bucketCount(bits);
  const table = new Uint32Array(3 * size);
  const parts = [1, 2, 3].map((seed) => histogramOf(sampleOf(seed, 500), bits));
  for (const [row, part] of parts.entries()) table.set(part.counts, row * size);
  for (const [row, part] of parts.entries()) {
    for (const q of QUANTILES) {
      const found = quantileOf(table, row * size, bits, part.count, q, part.max);
      expect(found).toBe(part.quantile(q));
    }
  }
});

test('what is out of range is our own mistake', () => {
  const histogram = new Histogram();
  expect(() => histogram.record(-1)).toThrow(/out of range/);
  expect(() => histogram.record(HISTOGRAM_VALUE_MAX + 1)).toThrow(/out of range/);
  expect(() => histogram.record(Number.NaN)).toThrow(/out of range/);
  expect(() => histogram.quantile(1.5)).toThrow(/not in/);
  expect(() => histogram.merge(new Histogram(5))).toThrow(/precision/);
});
