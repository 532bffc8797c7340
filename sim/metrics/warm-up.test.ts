import { expect, test } from 'vitest';
import { fakeOutcome, planOfText, TWO_COUNTRIES } from '../testing/fake-outcome.ts';
import type { FakeCall } from '../testing/fake-outcome.ts';
import type { Plan } from '../plan/plan.ts';
import { adoptWarmUp, assessWarmUp } from './warm-up.ts';

const SETS = ['kind=steady', 'duration=300s'];
const plan = planOfText(TWO_COUNTRIES, [...SETS, 'warmUp=60s']);

/** Ten calls a second that take 100 ms, and the longer the less time has gone by at the start. */
function calls(of: Plan, slowUntilUs: number, slowUs: number): FakeCall[] {
  return Array.from({ length: (of.durationUs / 1e6) * 10 }, (_, index) => {
    const intendedUs = index * 1e5 + 1;
    const latencyUs = 1e5 + (intendedUs < slowUntilUs ? slowUs : 0) + ((index * 7919) % 1000);
    return { flow: 0, intendedUs, end: { kind: 'answered', latencyUs } };
  });
}
const seriesOf = (of: Plan, slowUntilUs: number, slowUs = 1e5) =>
  fakeOutcome(of, 0, calls(of, slowUntilUs, slowUs)).series;

test('a warm-up that is long enough is accepted', () => {
  expect(assessWarmUp(plan, seriesOf(plan, 40e6))).toEqual({
    method: 'mser-5',
    askedSeconds: 60,
    usedSeconds: 60,
    foundSeconds: 45,
    metric: 'latencyMean',
    valueSeconds: 1,
    values: 300,
    source: 'run',
    verdict: 'accepted',
  });
});

test('one that is shorter than what the rule finds is told', () => {
  const found = assessWarmUp(plan, seriesOf(plan, 90e6));
  expect(found).toMatchObject({ askedSeconds: 60, verdict: 'too-short' });
  expect(found?.foundSeconds).toBeGreaterThanOrEqual(95);
  expect(found?.foundSeconds).toBeLessThanOrEqual(110);
});

test('without a steady part the run is rejected', () => {
  expect(assessWarmUp(plan, seriesOf(plan, 200e6))?.verdict).toBe('rejected');
});

test('a terminating scenario has no warm-up', () => {
  const terminating = planOfText(TWO_COUNTRIES);
  expect(assessWarmUp(terminating, seriesOf(terminating, 0))).toBeNull();
});

test('what an incident disturbs is not looked at', () => {
  const incidents = [{ ...INCIDENT, startUs: 250e6, endUs: 260e6 }];
  const found = assessWarmUp({ ...plan, incidents }, seriesOf(plan, 40e6));
  expect(found).toMatchObject({ values: 250, foundSeconds: 45 });
  const early = [{ ...INCIDENT, startUs: 249e6, endUs: 260e6 }];
  expect(assessWarmUp({ ...plan, incidents: early }, seriesOf(plan, 40e6))).toMatchObject({
    values: 249,
    foundSeconds: null,
    verdict: 'unknown',
  });
});

const INCIDENT = { id: 'i', title: 'I', kind: 'server-crash', isAttack: false, targets: [] };

test('a pilot finds the warm-up of a plan that asks for it', () => {
  const auto = planOfText(TWO_COUNTRIES, [...SETS, 'warmUp=auto']);
  expect(auto).toMatchObject({ warmUpUs: 0, findsWarmUp: true, seriesBucketUs: 1e6 });
  const found = adoptWarmUp(auto, seriesOf(auto, 40e6));
  expect(found.plan).toEqual({ ...auto, warmUpUs: 45e6, findsWarmUp: false });
  expect(found.warmUp).toMatchObject({
    askedSeconds: null,
    usedSeconds: 45,
    source: 'pilot',
    verdict: 'accepted',
  });
});

test('a pilot without a steady part cuts half, and is rejected', () => {
  const auto = planOfText(TWO_COUNTRIES, [...SETS, 'warmUp=auto']);
  const { plan: cut, warmUp } = adoptWarmUp(auto, seriesOf(auto, 200e6));
  expect(cut.warmUpUs).toBe(150e6);
  expect(warmUp.verdict).toBe('rejected');
});

test('the series is of the metric that a precision is asked of first', () => {
  const asked = { relativeHalfWidth: 0.1, confidence: 0.95, replicationsMin: 5 };
  const of = (metrics: string[]) =>
    assessWarmUp({ ...plan, precision: { ...asked, metrics } }, seriesOf(plan, 40e6))?.metric;
  expect(of(['throughputGood', 'latencyMean'])).toBe('throughputGood');
  // All quantiles of latency share its transient, and a bucket has too few calls for them.
  expect(of(['latencyP99'])).toBe('latencyMean');
});
