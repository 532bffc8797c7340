import { expect, test } from 'vitest';
import { Histogram } from '../base/histogram.ts';
import { latencyOf } from './latency.ts';

function histogramOf(count: number): Histogram {
  const histogram = new Histogram(7);
  for (let value = 1; value <= count; value++) histogram.record(value);
  return histogram;
}

// Goal: a quantile appears with its tenth value beyond it, and not before.
for (const [key, count] of [
  ['p50', 20],
  ['p90', 100],
  ['p99', 1000],
  ['p999', 10_000],
] as const) {
  test(`${key} needs ${count} values`, () => {
    expect(latencyOf(histogramOf(count))[key]).not.toBeNull();
    expect(latencyOf(histogramOf(count - 1))[key]).toBeNull();
  });
}

test('values are nanoseconds, exact for the mean and the largest', () => {
  const latency = latencyOf(histogramOf(100));
  expect(latency).toEqual({
    count: 100,
    mean: 50_500,
    p50: 50_000,
    p90: 90_000,
    p99: null,
    p999: null,
    max: 100_000,
  });
});

test('of no calls there is no latency', () => {
  const latency = latencyOf({
    bits: 7,
    counts: new Histogram(7).counts,
    count: 0,
    sum: 0,
    min: 0,
    max: 0,
  });
  expect(latency).toMatchObject({ count: 0, mean: null, p50: null, max: null });
});
