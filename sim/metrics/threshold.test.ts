import { expect, test } from 'vitest';
import { planOfText, TWO_COUNTRIES, evenCalls, fakeOutcome } from '../testing/fake-outcome.ts';
import { mergeOutcomes } from './totals.ts';
import { judge, judgeThresholds } from './threshold.ts';

const below = { metric: 'latencyP99', scope: 'all', comparison: 'below', bound: 100 } as const;
const above = { ...below, comparison: 'above' } as const;

test.each([
  // One replication: it alone decides.
  [below, 99, [99], 'passed'],
  [below, 100, [100], 'failed'],
  [above, 101, [101], 'passed'],
  [above, 100, [100], 'failed'],
  // Two to four: all of them and what they come to together must agree.
  [below, 90, [80, 95], 'passed'],
  [below, 90, [80, 105], 'inconclusive'],
  [below, 120, [110, 130, 140, 150], 'failed'],
  [below, 101, [99, 110], 'inconclusive'],
  // A replication with too few calls says nothing, and does not contradict.
  [below, 90, [null, 95], 'passed'],
  [below, 90, [null, null], 'passed'],
  // Too few calls in all.
  [below, null, [null, null], 'inconclusive'],
  [below, null, [], 'inconclusive'],
  // Five and more: the interval of the mean.
  [below, 90, [88, 89, 90, 91, 92], 'passed'],
  [below, 99, [89, 94, 99, 104, 109], 'inconclusive'],
  [below, 111, [110, 111, 112, 111, 111], 'failed'],
  [above, 111, [110, 111, 112, 111, 111], 'passed'],
  // Equal replications have an interval of no width, which cannot hold the bound open.
  [below, 100, [100, 100, 100, 100, 100], 'failed'],
] as const)('%o with %o of %o: %s', (threshold, pooled, values, verdict) => {
  expect(judge(threshold, pooled, values).verdict).toBe(verdict);
});

test('from five replications on the value is their mean, with its half-width', () => {
  const { value, ci95 } = judge(below, 93, [88, 89, 90, 91, 92]);
  expect(value).toBe(90);
  // t(0.975, 4) = 2.776445 (any table), standard error sqrt(2.5 / 5).
  expect(ci95).toBeCloseTo(2.776445 * Math.sqrt(0.5), 5);
});

test('below five the value is of all calls together, without an interval', () => {
  expect(judge(below, 93, [88, 89])).toMatchObject({ value: 93, ci95: null });
});

test('scopes of a plan are found, also the border as a scenario writes it', () => {
  const plan = {
    ...planOfText(TWO_COUNTRIES),
    thresholds: ['all', 'EE', 'FI', 'cross-border'].map((scope) => ({
      metric: 'goodShare',
      scope,
      comparison: 'above' as const,
      bound: 0.5,
    })),
  };
  const calls = [
    ...evenCalls(plan, 0, { kind: 'answered', latencyUs: 10 }),
    ...evenCalls(plan, 1, { kind: 'faulted', latencyUs: 10, faultKey: 5 }),
  ];
  const outcome = fakeOutcome(plan, 0, calls);
  const judged = judgeThresholds(plan, mergeOutcomes([outcome]), [outcome]);
  expect(judged.map(({ value, verdict }) => [value, verdict])).toEqual([
    [0.5, 'failed'],
    [1, 'passed'],
    [0, 'failed'],
    [null, 'inconclusive'],
  ]);
});
