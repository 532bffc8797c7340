import fc from 'fast-check';
import { expect, test } from 'vitest';
import { evenCalls, fakeOutcome, planOfText, TWO_COUNTRIES } from '../testing/fake-outcome.ts';
import type { FakeCall } from '../testing/fake-outcome.ts';
import { runChecks } from './check.ts';
import type { JudgedCheck } from './check.ts';
import { attemptsOf, callsOf, exchangesOf } from './counts.ts';
import { mergeOutcomes } from './totals.ts';
import type { Totals } from './totals.ts';

const plan = planOfText(TWO_COUNTRIES);
const goodCalls = evenCalls(plan, 0, { kind: 'answered', latencyUs: 1000 });
const good = mergeOutcomes([fakeOutcome(plan, 0, goodCalls)]);

function failedChecks(totals: Totals, unfinished: readonly string[] = []): string[] {
  const rows = unfinished.map((reason, replicationIndex) => ({ replicationIndex, reason }));
  return runChecks({ plan, totals, unfinished: rows })
    .filter(({ verdict }) => verdict === 'failed')
    .map(({ name }) => name);
}

test('a run without flaw passes all of them', () => {
  expect(failedChecks(good)).toEqual([]);
});

// Goal: every check can fail. Method: break one number at a time, and see which check notices.
const [all, ...scopes] = good.scopes;
const broken: readonly (readonly [string, Totals, readonly string[]])[] = [
  [
    'a call is lost',
    { ...good, scopes: [{ ...all, answered: all.answered - 1 }, ...scopes] },
    [
      'calls balance',
      'attempts balance',
      'exchanges balance',
      'parts make the whole',
      'latencies are complete',
      'series adds up',
    ],
  ],
  [
    'a call is counted twice',
    { ...good, scopes: [{ ...all, answered: all.answered + 1, openAtEnd: -1 }, ...scopes] },
    [
      'calls balance',
      'attempts balance',
      'exchanges balance',
      'parts make the whole',
      'latencies are complete',
      'series adds up',
    ],
  ],
  [
    'an attack request disappears',
    { ...good, attack: { requests: 3, refused: 1, served: 1, openAtEnd: 0 } },
    ['attack balance'],
  ],
  [
    'a fault has no code',
    { ...good, scopes: [{ ...all, faults: all.faults.with(255, 1) }, ...scopes] },
    ['faults are registered'],
  ],
  [
    'the series misses calls',
    { ...good, series: { ...good.series, offered: good.series.offered.map(() => 0) } },
    ['series adds up', 'generator'],
  ],
  [
    'a processor works more than all the time',
    { ...good, servers: { ...good.servers, cpuBusyUs: good.servers.cpuBusyUs.map(() => 1e12) } },
    ['nothing is busier than busy'],
  ],
  ['a limit of the run was met', { ...good, limitMet: 'eventsMax' }, ['limits']],
];
test.each(broken)('%s', (_, totals, expected) => {
  expect(failedChecks(totals)).toEqual(expected);
});

test('calls that could not be started make a run invalid', () => {
  const calls = evenCalls(plan, 0, { kind: 'not-started' });
  expect(failedChecks(mergeOutcomes([fakeOutcome(plan, 0, calls)]))).toEqual(['limits']);
});

test('a run in which nothing was due is too short', () => {
  const empty = mergeOutcomes([fakeOutcome(plan, 0, [])]);
  expect(failedChecks(empty)).toEqual(['generator', 'long enough']);
});

test('a generator that falls behind is noticed', () => {
  const half = fakeOutcome(plan, 0, goodCalls.slice(0, goodCalls.length / 2));
  expect(failedChecks(mergeOutcomes([half]))).toEqual(['generator']);
});

test('a replication that could not be finished is named', () => {
  expect(failedChecks(good, ['out of memory, 3 times'])).toEqual(['replications']);
});

test('broken invariants and invalid measurements are told apart', () => {
  const checks = runChecks({ plan, totals: good, unfinished: [] });
  const namesOf = (kind: JudgedCheck['kind']): string[] =>
    checks.filter((check) => check.kind === kind).map(({ name }) => name);
  expect(namesOf('validity')).toEqual(['limits', 'generator', 'long enough', 'replications']);
  expect(namesOf('invariant')).toHaveLength(9);
});

test('every block balances, however calls end', () => {
  const call = fc.record({
    flow: fc.integer({ min: 0, max: 2 }),
    intendedUs: fc.integer({ min: 0, max: plan.durationUs - 1 }),
    end: fc.oneof(
      fc.record({ kind: fc.constant('answered' as const), latencyUs: fc.nat(1e7) }),
      fc.record({
        kind: fc.constant('faulted' as const),
        latencyUs: fc.nat(1e7),
        faultKey: fc.constantFrom(5, 8, 72, 72 + 256),
      }),
      fc.constant({ kind: 'open' as const }),
      fc.constant({ kind: 'not-started' as const }),
    ),
  });
  const replications = fc.array(fc.array(call, { maxLength: 40 }), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(replications, (runs: readonly (readonly FakeCall[])[]) => {
      const totals = mergeOutcomes(runs.map((calls, index) => fakeOutcome(plan, index, calls)));
      const names = failedChecks(totals);
      expect(
        names.filter((name) => !['limits', 'generator', 'long enough'].includes(name)),
      ).toEqual([]);
      for (const ends of totals.scopes) {
        const calls = callsOf(ends);
        expect(calls.due).toBe(
          calls.answered + calls.faulted + calls.gaveUp + calls.notStarted + calls.openAtEnd,
        );
        const attempts = attemptsOf(ends);
        expect(attempts.started).toBe(
          attempts.answered + attempts.faulted + attempts.abandonedByClient + attempts.openAtEnd,
        );
        const exchanges = exchangesOf(ends);
        expect(exchanges.offered).toBe(exchanges.completed + exchanges.inFlightAtEnd);
        expect(exchanges.completed).toBe(exchanges.succeeded + exchanges.faulted);
      }
    }),
    { numRuns: 60, seed: 20_260_101 },
  );
});
