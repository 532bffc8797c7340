import fc from 'fast-check';
import { expect, test } from 'vitest';
import { drawsOf } from '../testing/draws.ts';
import { confidenceOf, intervalOf } from './confidence.ts';

const FIXED = { precision: null, replications: 5 };

const summaries = (...values: readonly (number | null)[]) =>
  values.map((value, index) => ({
    index,
    fingerprint: { order: '', kinds: '', sizes: '', results: '' },
    metrics: { latencyP50: value },
  }));

test('one replication has neither interval nor range', () => {
  expect(confidenceOf(FIXED, summaries(3))).toEqual({
    method: 'none',
    level: 0.95,
    metrics: { latencyP50: { mean: 3, halfWidth: null, min: null, max: null } },
    precision: null,
  });
});

test('two to four have a range', () => {
  expect(confidenceOf(FIXED, summaries(3, 5, 4))).toMatchObject({
    method: 'range',
    metrics: { latencyP50: { mean: 4, halfWidth: null, min: 3, max: 5 } },
  });
});

test('five have an interval of Student', () => {
  const { method, metrics } = confidenceOf(FIXED, summaries(1, 2, 3, 4, 5));
  expect(method).toBe('student-t');
  // t(0.975, 4) = 2.776445 (any table), standard error sqrt(2.5 / 5).
  expect(metrics['latencyP50'].halfWidth).toBeCloseTo(2.776445 * Math.sqrt(0.5), 5);
});

// Worked examples of Law, Simulation Modeling and Analysis (5th edition): ten values of a normal
// distribution (example 4.27), and ten replications of a bank's average delay (example 9.14).
test.each([
  [[1.2, 1.5, 1.68, 1.89, 0.95, 1.49, 1.58, 1.55, 0.5, 1.09], 1.34, 0.24],
  [[1.53, 1.66, 1.24, 2.34, 2.0, 1.69, 2.69, 2.86, 1.7, 2.6], 2.03, 0.32],
])('the 90 %% intervals of a textbook: %#', (values, mean, halfWidth) => {
  const interval = intervalOf(values, 0.9);
  expect(interval?.mean).toBeCloseTo(mean, 2);
  expect(interval?.halfWidth).toBeCloseTo(halfWidth, 2);
});

// Goal: an interval of 95 % holds the truth in 95 of 100 experiments. Method: experiments of twenty
// replications, each the mean of a series whose truth is known. With 2,000 experiments the share
// has a standard deviation of 0.5 %, and three of these are allowed on either side.
test.each([
  ['independent exponential values', 0],
  ['a series in which neighbours are alike (AR(1), 0.8)', 0.8],
])('coverage over replications: %s', (name, correlation) => {
  const draws = drawsOf(name);
  const truth = 1;
  const experiments = 2000;
  let held = 0;
  for (let experiment = 0; experiment < experiments; experiment++) {
    const means = Array.from({ length: 20 }, () => meanOfSeries(draws, correlation));
    const interval = intervalOf(means);
    if (interval === null || interval.halfWidth === null) throw new Error('there are twenty');
    if (Math.abs(interval.mean - truth) <= interval.halfWidth) held++;
  }
  expect(held / experiments).toBeGreaterThan(0.935);
  expect(held / experiments).toBeLessThan(0.965);
});

/** The mean of 50 values around 1, autoregressive with exponential shocks, and steady. */
function meanOfSeries(draws: () => number, correlation: number): number {
  const shock = (): number => -Math.log(1 - draws()) - 1;
  let value = 0;
  for (let step = 0; step < 50; step++) value = correlation * value + shock();
  let sum = 0;
  for (let step = 0; step < 50; step++) {
    value = correlation * value + shock();
    sum += value;
  }
  return 1 + sum / 50;
}

test('values that do not exist do not count', () => {
  expect(intervalOf([1, null, 3, null, 5, 7])).toEqual({ mean: 4, halfWidth: null });
  expect(intervalOf([null, null])).toBeNull();
  expect(confidenceOf(FIXED, summaries(null, null)).metrics['latencyP50']).toEqual({
    mean: null,
    halfWidth: null,
    min: null,
    max: null,
  });
});

test('the width follows the unit of the values, and not where they lie', () => {
  const values = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 5, maxLength: 30 });
  const widthOf = (list: readonly number[]): number => intervalOf(list)?.halfWidth ?? Number.NaN;
  fc.assert(
    fc.property(values, fc.integer({ min: 1, max: 9 }), fc.integer(), (list, factor, shift) => {
      const [width, scaled] = [widthOf(list), widthOf(list.map((value) => value * factor))];
      expect(scaled).toBeCloseTo(width * factor, 6);
      expect(widthOf(list.map((value) => value + (shift % 1000)))).toBeCloseTo(width, 6);
    }),
    { seed: 20_260_102, numRuns: 100 },
  );
});

test('what was reached is told beside what was asked', () => {
  const asked = {
    relativeHalfWidth: 0.5,
    confidence: 0.9,
    replicationsMin: 5,
    metrics: ['latencyP50'],
  };
  const plan = { precision: asked, replications: 20 };
  // d(5) is of 10, 11, 10, 11, 10: far below a half, and so it stays.
  const values = [10, 11, 10, 11, 10, 11, 10, 11, 10, 11];
  const { level, precision } = confidenceOf(plan, summaries(...values));
  expect(level).toBe(0.9);
  expect(precision).toMatchObject({ isMet: true, replicationsNeeded: 5, replicationsMax: 20 });
  // t(0.95, 9) = 1.833113; mean 10.5; standard deviation sqrt(2.5 / 9).
  const reached = (1.833113 * Math.sqrt(2.5 / 9 / 10)) / 10.5;
  expect(precision?.reached['latencyP50']).toBeCloseTo(reached, 6);
  expect(confidenceOf(plan, summaries(...values.slice(0, 9))).precision).toMatchObject({
    isMet: false,
    replicationsNeeded: 5,
  });
});
