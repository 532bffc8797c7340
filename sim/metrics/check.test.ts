import fc from 'fast-check';
import { expect, test } from 'vitest';
import { evenCalls, fakeOutcome, planOfText, TWO_COUNTRIES } from '../testing/fake-outcome.ts';
import type { FakeCall } from '../testing/fake-outcome.ts';
import { runChecks } from './check.ts';
import type { CheckInput, JudgedCheck } from './check.ts';
import { fakeCallers } from '../testing/fake-trust.ts';
import { attemptsOf, callsOf, exchangesOf } from './counts.ts';
import type { GeneratorFacts } from './result.ts';
import { mergeOutcomes } from './totals.ts';
import type { Totals } from './totals.ts';

const plan = planOfText(TWO_COUNTRIES);
const goodCalls = evenCalls(plan, 0, { kind: 'answered', latencyUs: 1000 });
const good = mergeOutcomes([fakeOutcome(plan, 0, goodCalls)]);

function inputOf(totals: Totals): CheckInput {
  return { plan, totals, unfinished: [], warmUp: null, precision: null, generator: null };
}

function failedChecks(totals: Totals, unfinished: readonly string[] = []): string[] {
  const rows = unfinished.map((reason, replicationIndex) => ({ replicationIndex, reason }));
  return runChecks({ ...inputOf(totals), unfinished: rows })
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

// Callers with policies: 100 calls of EE, of which 7 were given up after two attempts each.
const calls = [
  ...evenCalls(plan, 0, { kind: 'answered', latencyUs: 10 }).slice(0, 93),
  ...evenCalls(plan, 0, { kind: 'open' }).slice(0, 7),
];
const callers = fakeCallers(plan, 1, 100, 7);
const called: Totals = { ...mergeOutcomes([fakeOutcome(plan, 0, calls)]), callers };

test('callers have checks of their own, and pass them', () => {
  expect(failedChecks(called)).toEqual(['generator']);
  const names = runChecks(inputOf(called)).map(({ name }) => name);
  expect(names).toContain('journeys balance');
  expect(names).toContain('an attempt is an exchange');
});

const scopesOf = (column: Float64Array, change: number): Float64Array =>
  column.map((value, scope) => (scope < 2 ? value + change : value));
test.each([
  [
    'a journey is lost',
    { journeys: { ...callers.journeys, failed: scopesOf(callers.journeys.failed, -1) } },
    ['journeys balance'],
  ],
  [
    'an attempt is no exchange',
    {
      attempts: { ...callers.attempts, started: scopesOf(callers.attempts.started, 1) },
    },
    ['attempts balance', 'an attempt is an exchange'],
  ],
  [
    'an answer comes from nowhere',
    {
      exchanges: {
        ...callers.exchanges,
        succeeded: scopesOf(callers.exchanges.succeeded, -20),
        inFlightAtEnd: scopesOf(callers.exchanges.inFlightAtEnd, 20),
      },
    },
    ['an attempt is an exchange'],
  ],
  [
    'somebody gave up who never called',
    { calls: { ...callers.calls, gaveUp: scopesOf(callers.calls.gaveUp, 1) } },
    ['calls balance', 'attempts balance', 'exchanges balance', 'parts make the whole'],
  ],
])('%s', (_, change, expected) => {
  const totals = { ...called, callers: { ...callers, ...change } };
  const generator = failedChecks(totals).filter((name) => name !== 'generator');
  expect(generator).toEqual(expected);
});

test('a warm-up without a steady part, and a precision that was not reached', () => {
  const warmUp = {
    method: 'mser-5',
    askedSeconds: 5,
    usedSeconds: 5,
    foundSeconds: 40,
    metric: 'latencyMean',
    valueSeconds: 0.2,
    values: 300,
    source: 'run',
    verdict: 'rejected',
  } as const;
  const precision = {
    method: 'hoad-robinson-davies',
    asked: 0.02,
    reached: { latencyMean: 0.031, goodShare: null },
    replicationsMin: 5,
    replicationsMax: 100,
    replicationsNeeded: null,
    isMet: false,
  } as const;
  const judged = (parts: object) =>
    runChecks({ ...inputOf(good), ...parts }).filter(({ name }) =>
      ['warm-up', 'precision'].includes(name),
    );
  expect(judged({})).toEqual([]);
  expect(judged({ warmUp })).toMatchObject([{ verdict: 'failed', kind: 'validity' }]);
  expect(judged({ warmUp: { ...warmUp, verdict: 'accepted' } })[0].verdict).toBe('passed');
  expect(judged({ warmUp: { ...warmUp, verdict: 'too-short' } })).toEqual([]);
  const [unmet] = judged({ precision });
  expect(unmet.verdict).toBe('unknown');
  expect(unmet.detail).toContain('latencyMean 3.10 %, goodShare not known; asked 2.00 %');
  const met = { ...precision, replicationsNeeded: 12, isMet: true };
  expect(judged({ precision: met })[0]).toMatchObject({ verdict: 'passed' });
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
  const checks = runChecks(inputOf(good));
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

test('a generator that could not keep up makes the run invalid, and says by how much', () => {
  const kept: GeneratorFacts = {
    due: 900,
    sent: 898,
    late: 40,
    lateLimitNs: 20e6,
    latenessP50Ns: 1e6,
    latenessP99Ns: 33e6,
    latenessMaxNs: 70e6,
    keptUp: true,
  };
  const judged = (generator: GeneratorFacts) =>
    runChecks({ ...inputOf(good), generator }).find(({ name }) => name === 'generator');
  expect(judged(kept)?.verdict).toBe('passed');
  expect(judged({ ...kept, keptUp: false })).toMatchObject({
    kind: 'validity',
    verdict: 'failed',
    detail: expect.stringMatching(
      /2 calls were not sent.*40 of 898.*20.0 ms.*p99 33.0 ms/,
    ) as string,
  });
});
