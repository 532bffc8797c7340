import { expect, test } from 'vitest';
import { STATE_NAMES } from '../plan/check-names.ts';
import type { StateName } from '../plan/check-names.ts';
import type { CheckDocument } from '../plan/document.ts';
import type { IncidentRow, Plan } from '../plan/plan.ts';
import { evenCalls, fakeOutcome, planOfText, TWO_COUNTRIES } from '../testing/fake-outcome.ts';
import type { FakeCall } from '../testing/fake-outcome.ts';
import { fakeCallers, fakeTrust, withServer } from '../testing/fake-trust.ts';
import { checkHistory } from './check-history.ts';
import { mergeOutcomes, totalsOf } from './totals.ts';
import type { Totals } from './totals.ts';
import { TrustClock } from './trust-outcome.ts';

const bare = planOfText(TWO_COUNTRIES, ['duration=60min', 'seriesBucket=10s']);
const MINUTE_US = 60e6;

const asked = (check: CheckDocument['check'], more: Partial<CheckDocument> = {}) => ({
  check,
  withinUs: null,
  states: [],
  incident: null,
  expects: 'passed' as const,
  allowsUnknown: false,
  ...more,
});

function incident(id: string, fromMinute: number, toMinute: number): IncidentRow {
  const [startUs, endUs] = [fromMinute * MINUTE_US, toMinute * MINUTE_US];
  return { id, title: id, kind: 'server-crash', isAttack: false, startUs, endUs, targets: [] };
}

/** Ten calls a second, of which those due in the given minutes fail. */
function totalsOfCalls(plan: Plan, failsAt: (minute: number) => boolean): Totals {
  const calls = Array.from({ length: 36_000 }, (_, index): FakeCall => {
    const intendedUs = index * 1e5;
    const end = failsAt(intendedUs / MINUTE_US)
      ? ({ kind: 'faulted', latencyUs: 1000, faultKey: 72 } as const)
      : ({ kind: 'answered', latencyUs: 1000 } as const);
    return { flow: 0, intendedUs, end };
  });
  return totalsOf(fakeOutcome(plan, 0, calls));
}

const verdicts = (plan: Plan, totals: Totals): Record<string, string> =>
  Object.fromEntries(checkHistory({ plan, totals }).map(({ name, verdict }) => [name, verdict]));

const only = (check: CheckDocument, totals: Totals, plan: Plan = bare) => {
  const named = { ...plan, checks: [check] };
  const found = checkHistory({ plan: named, totals }).find(({ name }) =>
    name.startsWith(check.check),
  );
  if (found === undefined) throw new Error('it was asked for');
  return found;
};

const calm = totalsOfCalls(bare, () => false);
const trusted: Totals = { ...calm, trust: fakeTrust(bare) };
const changed = (
  ...change: Parameters<typeof withServer> extends [infer _, ...infer Rest] ? Rest : never
) => ({
  ...trusted,
  trust: withServer(fakeTrust(bare), ...change),
});

test('without trust clocks and incidents there is nothing to check', () => {
  expect(verdicts(bare, calm)).toEqual({});
});

test('who has trust clocks is held to them without asking', () => {
  expect(verdicts(bare, trusted)).toEqual({
    'trust-window': 'passed',
    'evidence-logged': 'passed',
    'evidence-stamped': 'passed',
  });
});

test('what is named is made once, and in the end', () => {
  const plan = {
    ...bare,
    checks: [asked('evidence-logged'), asked('sometimes', { states: ['faults'] })],
  };
  expect(Object.keys(verdicts(plan, trusted))).toEqual([
    'trust-window',
    'evidence-stamped',
    'evidence-logged',
    'sometimes: faults',
  ]);
});

// Each number of trust, broken alone, and what notices it.
test.each([
  ['acceptedOutsideTrust', 1, 'trust-window', 'invariant'],
  ['loggedClient', 19, 'evidence-logged', 'invariant'],
  ['loggedServer', 19, 'evidence-logged', 'invariant'],
  ['acceptedUnlogged', 1, 'evidence-logged', 'invariant'],
  ['stamped', 37, 'evidence-logged', 'invariant'],
  ['unstampedAtEnd', 4, 'evidence-logged', 'invariant'],
] as const)('%s of a server wrong: %s', (column, value, check, kind) => {
  const totals = changed(column, 2, value);
  expect(verdicts(bare, totals)[check]).toBe('failed');
  const found = checkHistory({ plan: bare, totals }).filter(({ verdict }) => verdict === 'failed');
  expect(found.map(({ name }) => name)).toEqual([check]);
  expect(found[0].kind).toBe(kind);
  expect(found[0].detail).toContain(bare.servers.id[2]);
});

test('a database that was lost took evidence with it: no contradiction, but a failure', () => {
  const lost = withServer(withServer(fakeTrust(bare), 'lost', 1, 8), 'stamped', 1, 30);
  const found = only(asked('evidence-logged'), { ...trusted, trust: lost });
  expect(found).toMatchObject({ verdict: 'failed', kind: 'history' });
});

test('evidence that nobody counted is unknown', () => {
  const nothing = fakeTrust(bare);
  const zeros = Object.fromEntries(
    Object.entries(nothing.servers).map(([key, column]) => [key, column.map(() => 0)]),
  ) as unknown as typeof nothing.servers;
  const totals = { ...trusted, trust: { ...nothing, servers: zeros } };
  expect(verdicts(bare, totals)).toEqual({
    'trust-window': 'unknown',
    'evidence-logged': 'unknown',
    'evidence-stamped': 'unknown',
  });
  const plan = {
    ...bare,
    checks: [asked('trust-window'), asked('evidence-logged'), asked('evidence-stamped')],
  };
  expect(Object.values(verdicts(plan, calm))).toEqual(['unknown', 'unknown', 'unknown']);
});

test('records that wait too long have failed, unless something was wrong until the end', () => {
  // EE's interval is 48 min: its job, a retry and an answer take 50 min at the longest.
  const totals = changed('oldestUnstampedUs', 0, 51 * MINUTE_US);
  expect(verdicts(bare, totals)['evidence-stamped']).toBe('failed');
  expect(verdicts(bare, changed('oldestUnstampedUs', 0, 49 * MINUTE_US))['evidence-stamped']).toBe(
    'passed',
  );
  const recent = { ...bare, incidents: [incident('tsa', 1, 30)] };
  expect(verdicts(recent, totals)['evidence-stamped']).toBe('unknown');
  const past = { ...bare, incidents: [incident('tsa', 1, 9)] };
  expect(verdicts(past, totals)['evidence-stamped']).toBe('failed');
  const bound = asked('evidence-stamped', { withinUs: 48 * MINUTE_US });
  expect(only(bound, changed('oldestUnstampedUs', 0, 49 * MINUTE_US)).verdict).toBe('failed');
});

const crash = { ...bare, incidents: [incident('crash', 20, 25)] };
const within = (minutes: number, more: Partial<CheckDocument> = {}) =>
  asked('recovery', { withinUs: minutes * MINUTE_US, ...more });

// The outage is of minutes 20 to 25; what comes after it decides.
test.each([
  ['at once', 25, 1, 'passed'],
  ['three minutes later, of five', 28, 5, 'passed'],
  ['eight minutes later, of five', 33, 5, 'failed'],
  ['never', 61, 5, 'failed'],
  ['never, and the run is too short to tell', 61, 36, 'unknown'],
])('recovery %s', (_, failsUntil, bound, verdict) => {
  const totals = totalsOfCalls(crash, (minute) => minute >= 20 && minute < failsUntil);
  expect(only(within(bound), totals, crash).verdict).toBe(verdict);
});

// A row of ten minutes cannot tell when in it the calls recovered.
test('a recovery is told as the bound that rows allow', () => {
  const detail = (failsUntil: number, bound: number): string => {
    const rows = { ...crash, seriesBucketUs: 5 * MINUTE_US };
    const totals = totalsOfCalls(rows, (minute) => minute >= 20 && minute < failsUntil);
    return only(within(bound), totals, rows).detail;
  };
  expect(detail(25, 1)).toBe('recovered: crash at once (rows of 5 min)');
  expect(detail(27, 5)).toBe('recovered: crash within 300 s (rows of 5 min)');
  expect(detail(33, 5)).toBe('calls recovered from crash only within 600 s (rows of 5 min)');
});

test('another incident hides whether there was a recovery', () => {
  const plan = { ...bare, incidents: [incident('crash', 20, 25), incident('flood', 27, 40)] };
  const totals = totalsOfCalls(plan, (minute) => minute >= 20 && minute < 45);
  expect(only(within(5, { incident: 'crash' }), totals, plan).verdict).toBe('unknown');
  expect(only(within(5, { incident: 'flood' }), totals, plan).verdict).toBe('passed');
  expect(only(within(2, { incident: 'flood' }), totals, plan).verdict).toBe('failed');
  expect(only(within(5), bare === plan ? totals : totals, bare).verdict).toBe('unknown');
});

test('the rounds of an incident that is repeated are all meant', () => {
  const plan = { ...bare, incidents: [incident('crash', 5, 6), incident('crash/2', 30, 31)] };
  const totals = totalsOfCalls(plan, (minute) => minute >= 30 && minute < 45);
  const found = only(within(5, { incident: 'crash' }), totals, plan);
  expect(found).toMatchObject({ verdict: 'failed', name: 'recovery: crash' });
  expect(found.detail).toContain('crash/2');
});

// Ten minutes after the incident a collapse is a thing of its own. A run of 60 minutes shows it.
test.each([
  ['nothing is answered any more', (minute: number) => minute >= 20, 'failed'],
  ['a third is answered', (minute: number) => minute >= 20 && minute % 0.1 > 0.033, 'failed'],
  ['most is answered', (minute: number) => minute >= 20 && minute % 0.1 > 0.08, 'passed'],
  ['it was over after nine minutes', (minute: number) => minute >= 20 && minute < 34, 'passed'],
  ['half failed before, too', (minute: number) => minute % 0.1 > 0.05, 'passed'],
] as const)('collapse: %s', (_, failsAt, verdict) => {
  expect(verdicts(crash, totalsOfCalls(crash, failsAt))['no-collapse']).toBe(verdict);
});

test('a collapse that the run is too short to show is unknown if asked for, else not told', () => {
  const plan = { ...bare, incidents: [incident('crash', 20, 55)] };
  const totals = totalsOfCalls(plan, (minute) => minute >= 20);
  expect(verdicts(plan, totals)).toEqual({ 'incidents-seen': 'passed' });
  expect(only(asked('no-collapse'), totals, plan).verdict).toBe('unknown');
  const short = asked('no-collapse', { withinUs: MINUTE_US });
  expect(only(short, totals, plan).verdict).toBe('failed');
});

// What a failure that a scenario is about comes to: only what is decided is turned round.
const CALM = (): boolean => false;
test.each([
  ['a collapse', (minute: number) => minute >= 20, null, 'passed', 'failed, as expected: 600 s'],
  ['none', CALM, null, 'failed', 'expected to fail, and did not: answered as before after crash'],
  ['too early to tell', CALM, 50 * MINUTE_US, 'unknown', 'too soon after crash'],
] as const)('a collapse is expected, and there is %s', (_, failsAt, withinUs, verdict, detail) => {
  const expected = asked('no-collapse', { expects: 'failed', withinUs });
  const found = only(expected, totalsOfCalls(crash, failsAt), crash);
  expect(found).toMatchObject({ verdict, kind: 'history' });
  expect(found.name).toBe('no-collapse (expected to fail)');
  expect(found.detail).toContain(detail);
});

test('what contradicts the rules is not to be expected', () => {
  const missing = changed('loggedClient', 2, 19);
  const found = only(asked('evidence-logged', { expects: 'failed' }), missing);
  expect(found).toMatchObject({ verdict: 'failed', kind: 'invariant' });
});

test('an incident at which nobody calls shows nothing', () => {
  const plan = { ...bare, incidents: [incident('night', 30, 40)] };
  const totals = totalsOf(fakeOutcome(plan, 0, evenCalls(plan, 0, { kind: 'open' }).slice(0, 10)));
  expect(verdicts(plan, totals)['incidents-seen']).toBe('unknown');
  expect(verdicts(plan, calm)['incidents-seen']).toBe('passed');
});

// Goal: each state can be reached and can be missed. Method: one number that is its evidence.
const called = { ...calm, callers: fakeCallers(bare, 1, 100, 0) };
const gaveUp = { ...calm, callers: fakeCallers(bare, 1, 100, 7) };
const clockRanOut = (clock: number): Totals => ({
  ...trusted,
  trust: {
    ...fakeTrust(bare),
    intervals: { ...fakeTrust(bare).intervals, clock: Uint8Array.of(clock) },
  },
});
const servers = (column: 'downUs' | 'logQueueMax'): Totals => ({
  ...calm,
  servers: { ...calm.servers, [column]: calm.servers[column].with(0, 1) },
});
const COVERAGE: Readonly<Record<StateName, readonly [reached: Totals, missed: Totals]>> = {
  faults: [totalsOfCalls(bare, (minute) => minute < 1), calm],
  queueing: [servers('logQueueMax'), calm],
  'server-down': [servers('downUs'), calm],
  'attack-refused': [
    { ...calm, attack: { requests: 1, refused: 1, served: 0, openAtEnd: 0 } },
    { ...calm, attack: { requests: 1, refused: 0, served: 1, openAtEnd: 0 } },
  ],
  refusing: [
    {
      ...calm,
      series: { ...calm.series, refusingServers: calm.series.refusingServers.with(4, 1) },
    },
    calm,
  ],
  'clock-ran-out': [trusted, clockRanOut(TrustClock.PeerOcsp)],
  'configuration-expired': [clockRanOut(0), clockRanOut(1)],
  'foreign-configuration-expired': [clockRanOut(1), clockRanOut(0)],
  'ocsp-expired': [clockRanOut(3), clockRanOut(4)],
  'peer-ocsp-ran-out': [clockRanOut(8), clockRanOut(0)],
  'time-stamping-overdue': [clockRanOut(4), clockRanOut(3)],
  'certificate-expired': [clockRanOut(5), clockRanOut(7)],
  'token-locked': [clockRanOut(7), clockRanOut(6)],
  // A batch holds 10,000 records (facts.md 5.3).
  backlog: [changed('backlogMax', 3, 10_001), changed('backlogMax', 3, 10_000)],
  retries: [gaveUp, called],
  abandoned: [gaveUp, called],
  'gave-up': [gaveUp, called],
  'journeys-lost': [gaveUp, called],
};

test.each(STATE_NAMES)('%s is seen when it is reached, and unknown when not', (state) => {
  const [reached, missed] = COVERAGE[state];
  const check = asked('sometimes', { states: [state] });
  expect(only(check, reached).verdict).toBe('passed');
  expect(only(check, missed).verdict).toBe('unknown');
});

test('what is not counted at all is not reached', () => {
  for (const state of ['retries', 'clock-ran-out', 'backlog'] as const) {
    expect(only(asked('sometimes', { states: [state] }), calm).verdict).toBe('unknown');
  }
});

test('all replications count together', () => {
  const [first, second] = [0, 1].map((index) => ({
    ...fakeOutcome(bare, index, evenCalls(bare, 0, { kind: 'answered', latencyUs: 5 })),
    trust:
      index === 0 ? fakeTrust(bare) : withServer(fakeTrust(bare), 'acceptedOutsideTrust', 0, 2),
    callers: fakeCallers(bare, 1, 10, index),
  }));
  const totals = mergeOutcomes([second, first]);
  expect(totals.trust?.servers.audited[0]).toBe(40);
  expect(totals.trust?.intervals.server).toEqual(Int32Array.of(0, 1, 0, 1));
  expect(totals.callers?.calls.gaveUp[1]).toBe(1);
  expect(totals.callers?.journeyDuration.maxUs[0]).toBe(2e6);
  expect(verdicts(bare, totals)['trust-window']).toBe('failed');
});
