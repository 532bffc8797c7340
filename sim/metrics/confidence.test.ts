import { expect, test } from 'vitest';
import { confidenceOf, intervalOf } from './confidence.ts';

const summaries = (...values: readonly (number | null)[]) =>
  values.map((value, index) => ({
    index,
    fingerprint: { order: '', kinds: '', sizes: '', results: '' },
    metrics: { latencyP50: value },
  }));

test('one replication has neither interval nor range', () => {
  expect(confidenceOf(summaries(3))).toEqual({
    method: 'none',
    level: 0.95,
    metrics: { latencyP50: { mean: 3, halfWidth: null, min: null, max: null } },
  });
});

test('two to four have a range', () => {
  expect(confidenceOf(summaries(3, 5, 4))).toMatchObject({
    method: 'range',
    metrics: { latencyP50: { mean: 4, halfWidth: null, min: 3, max: 5 } },
  });
});

test('five have an interval of Student', () => {
  const { method, metrics } = confidenceOf(summaries(1, 2, 3, 4, 5));
  expect(method).toBe('student-t');
  // t(0.975, 4) = 2.776445 (any table), standard error sqrt(2.5 / 5).
  expect(metrics['latencyP50'].halfWidth).toBeCloseTo(2.776445 * Math.sqrt(0.5), 5);
});

test('values that do not exist do not count', () => {
  expect(intervalOf([1, null, 3, null, 5, 7])).toEqual({ mean: 4, halfWidth: null });
  expect(intervalOf([null, null])).toBeNull();
  expect(confidenceOf(summaries(null, null)).metrics['latencyP50']).toEqual({
    mean: null,
    halfWidth: null,
    min: null,
    max: null,
  });
});
