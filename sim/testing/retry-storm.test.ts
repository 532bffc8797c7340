/**
 * The two retry storms against the queueing argument that predicts them, with no figure of the
 * engine: once the line in front of a system is longer than its callers wait, every attempt comes
 * too late, so each call is tried as often as its callers may. If calls times tries is more than
 * the system can serve, the line never shrinks (metastable); if it is less, the line shrinks by the
 * difference.
 */
import { expect, test } from 'vitest';
import { NO_OVERRIDES, prepareScenario } from '../cli/scenario-file.ts';
import type { SeriesOutcome } from '../metrics/outcome.ts';
import { runPlan } from './small-run.ts';

const SECOND = 1e6;
/** As the scenarios have it: three workloads of 10/s each; 20 places, 0.4 s each. */
const CALLS_RPS = 30;
const CAPACITY_RPS = 20 / 0.4;
const TRIGGER_END_S = 300;
const WAIT_S = 3;

/** Share of the calls that are answered in time, by the due and the end of calls in a window. */
function goodShare(series: SeriesOutcome, fromS: number, toS: number): number {
  const bucketS = series.bucketUs / SECOND;
  let [offered, answered] = [0, 0];
  for (let bucket = fromS / bucketS; bucket < toS / bucketS; bucket++) {
    offered += series.offered[bucket * series.scopeCount];
    answered += series.answered[bucket * series.scopeCount];
  }
  return answered / offered;
}

function seriesOf(name: string, sets: readonly string[]): SeriesOutcome {
  return runPlan(prepareScenario(name, { ...NO_OVERRIDES, sets }).plan).series;
}

test('naive retries: the storm stays when its trigger has gone', () => {
  const tries = 1 + 4;
  expect(CALLS_RPS * tries).toBeGreaterThan(CAPACITY_RPS);
  const series = seriesOf('retry-storm', []);
  expect(goodShare(series, 0, 180)).toBeGreaterThan(0.99);
  // Ten minutes after the trigger hardly a call is answered.
  expect(goodShare(series, TRIGGER_END_S, 900)).toBeLessThan(0.01);
});

test('a trigger that leaves the line shorter than callers wait begins no storm', () => {
  // Two slow seconds: 60 calls come and 20 are served, and three seconds of work are 150.
  expect(2 * (CALLS_RPS - CAPACITY_RPS / 5)).toBeLessThan(WAIT_S * CAPACITY_RPS);
  const series = seriesOf('retry-storm', ['incidents.slow-register.for=2s']);
  expect(goodShare(series, 200, 900)).toBeGreaterThan(0.99);
});

const setsOf = (budget: number): string[] =>
  ['town', 'bank', 'insurer'].map(
    (id) => `workloads.${id}.callers.retries.budget=${budget * 100}%`,
  );

test('a budget that lets the load exceed the capacity does not help', () => {
  expect(CALLS_RPS * 2).toBeGreaterThan(CAPACITY_RPS);
  const series = seriesOf('retry-storm-budget', setsOf(1));
  expect(goodShare(series, TRIGGER_END_S, 1080)).toBeLessThan(0.01);
});

test.each([0.1, 0.3])('with a budget of %d the line shrinks by what is spare', (budget) => {
  const loadRps = CALLS_RPS * (1 + budget);
  expect(loadRps).toBeLessThan(CAPACITY_RPS);
  // The line holds the 500 threads of the provider's server, and at most what has waited 30 s for
  // one of them; those who have come in the last seconds are still to give up.
  const lineAtEnd = 500 + 30 * (loadRps - CAPACITY_RPS / 5);
  const drainedS = lineAtEnd / (CAPACITY_RPS - loadRps);
  const recoveredS = Math.ceil((TRIGGER_END_S + drainedS + 30) / 10) * 10;
  const series = seriesOf('retry-storm-budget', setsOf(budget));
  expect(goodShare(series, recoveredS, 1080)).toBeGreaterThan(0.99);
  // It is not over before half of that line has been worked off.
  expect(goodShare(series, TRIGGER_END_S, TRIGGER_END_S + drainedS / 2)).toBeLessThan(0.2);
});
