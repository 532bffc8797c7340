import { expect, test } from 'vitest';
import { runReplication } from '../engine/replication.ts';
import type { ReplicationOutcome } from '../metrics/outcome.ts';
import { evenCalls, fakeOutcome, planOfText, TWO_COUNTRIES } from '../testing/fake-outcome.ts';
import { mergeOutcomes, totalsOf } from './totals.ts';

const plan = planOfText(TWO_COUNTRIES, ['replications=4', 'duration=20s']);
const outcomes = [0, 1, 2, 3].map((index) => replication(index));

test('the order in which replications end changes nothing', () => {
  const inOrder = mergeOutcomes(outcomes);
  expect(mergeOutcomes([2, 0, 3, 1].map((index) => outcomes[index]))).toEqual(inOrder);
  expect(mergeOutcomes(outcomes.toReversed())).toEqual(inOrder);
});

test('counts are sums, and longest queues are maxima', () => {
  const totals = mergeOutcomes(outcomes);
  const sum = (pick: (outcome: ReplicationOutcome) => number): number =>
    outcomes.reduce((total, outcome) => total + pick(outcome), 0);
  expect(totals.replications).toBe(4);
  expect(totals.scopes[0].due).toBe(sum(({ scopes }) => scopes[0].due));
  expect(totals.scopes[0].latency.sum).toBe(sum(({ scopes }) => scopes[0].latency.sum));
  expect(totals.measuredUs).toBe(sum(({ measuredUs }) => measuredUs));
  expect(totals.series.offered[0]).toBe(sum(({ series }) => series.offered[0]));
  expect(totals.servers.serverQueueMax[0]).toBe(
    Math.max(...outcomes.map(({ servers }) => servers.serverQueueMax[0])),
  );
});

test('an empty histogram does not lower the smallest latency', () => {
  const quiet = fakeOutcome(plan, 1, []);
  const busy = fakeOutcome(plan, 0, evenCalls(plan, 0, { kind: 'answered', latencyUs: 500 }));
  expect(mergeOutcomes([busy, quiet]).scopes[0].latency.min).toBe(500);
  expect(totalsOf(quiet).scopes[0].latency.min).toBe(0);
});

test('faults of the series are merged by bucket, scope and key, in order', () => {
  const faulted = (faultKey: number) => ({ kind: 'faulted', latencyUs: 10, faultKey }) as const;
  const first = fakeOutcome(plan, 0, [
    { flow: 0, intendedUs: 10, end: faulted(5) },
    { flow: 0, intendedUs: 2e6, end: faulted(5) },
  ]);
  const second = fakeOutcome(plan, 1, [
    { flow: 0, intendedUs: 20, end: faulted(3) },
    { flow: 0, intendedUs: 2e6, end: faulted(5) },
  ]);
  const rows = [...mergeOutcomes([first, second]).series.faults];
  const all = Array.from({ length: rows.length / 4 }, (_, at) => rows.slice(at * 4, at * 4 + 4));
  expect(all.filter(([, scope]) => scope === 0)).toEqual([
    [0, 0, 3, 1],
    [0, 0, 5, 1],
    [2, 0, 5, 2],
  ]);
});

function replication(index: number): ReplicationOutcome {
  const outcome = runReplication(plan, index, {
    keep: 'none',
    onProgress: () => undefined,
    shouldStop: () => false,
  });
  if (outcome === null) throw new Error('it stopped');
  return outcome;
}
