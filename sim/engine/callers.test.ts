/**
 * Callers and journeys in virtual time, in worlds in which nothing takes time but information
 * systems, so that every number can be told by hand.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CallerOutcome } from '../metrics/caller-outcome.ts';
import type { ReplicationOutcome } from '../metrics/outcome.ts';
import { planOfText, runPlan } from '../testing/small-run.ts';
import { createReplication } from './replication.ts';

const S = 1e6;

interface WorldText {
  readonly load: string;
  readonly seconds: number;
  /** Of the system that answers; others are `hung` and `refusing`. */
  readonly serviceTime?: string;
  readonly capacity?: number;
  readonly incidents?: string;
  readonly seed?: number;
}

function worldText(world: WorldText): string {
  const { load, seconds, serviceTime = '100ms', capacity = 1000, incidents = '', seed = 1 } = world;
  return `
duration: ${seconds}s
seed: ${seed}
seriesBucket: 1s
calibration: zero
limits: { exchangesMax: 20000 }
instances:
  EE:
    parameters: { localRtt: 0s }
    members:
      - { id: GOV/1, subsystems: [registry] }
      - { id: GOV/2, subsystems: [office] }
    servers:
      - { id: provider, owner: GOV/1, subsystems: [GOV/1/registry], host: machine }
      - { id: consumer, owner: GOV/2, subsystems: [GOV/2/office], host: machine }
hosts: [{ id: machine, cores: 64 }]
links: [{ between: [EE, EE], rtt: 0s }]
systems:
  - { id: good, capacity: ${capacity}, serviceTime: ${serviceTime} }
  - { id: hung, state: hung }
  - { id: refusing, state: refusing }
services:
  - { id: EE/GOV/1/registry/good, system: good, access: [EE/GOV/2/office] }
  - { id: EE/GOV/1/registry/hung, system: hung, access: [EE/GOV/2/office] }
  - { id: EE/GOV/1/registry/refusing, system: refusing, access: [EE/GOV/2/office] }
${load}
${incidents}
`;
}

const GOOD = 'EE/GOV/1/registry/good';
const HUNG = 'EE/GOV/1/registry/hung';
const REFUSING = 'EE/GOV/1/registry/refusing';

/** One call a second at half seconds, `count` of them. */
const calls = (service: string, callers: string, count = 10): string => `
workloads:
  - id: calls
    client: EE/GOV/2/office
    services: ${service}
    arrivals: constant
    rate: 1/s
    stop: ${count}s
    callers: ${callers}
`;

const journey = (steps: string, rest: string): string => `
journeys:
  - id: trip
    client: EE/GOV/2/office
    ${rest}
    steps: ${steps}
`;

const EVERY_SECOND = 'arrivals: constant\n    rate: 1/s\n    stop: 10s';

function run(world: WorldText): { outcome: ReplicationOutcome; callers: CallerOutcome } {
  const outcome = runPlan(planOfText(worldText(world)));
  expect(outcome.limitMet).toBeNull();
  if (outcome.callers === null) throw new Error('no caller was driven');
  expectBalance(outcome, outcome.callers, true);
  return { outcome, callers: outcome.callers };
}

/** `isWhole`: every call of the run is driven. */
function expectBalance(
  { scopes }: ReplicationOutcome,
  told: CallerOutcome,
  isWhole: boolean,
): void {
  const { journeys, calls: books, attempts, exchanges } = told;
  const columns = [
    ...Object.values(books),
    ...Object.values(attempts),
    ...Object.values(exchanges),
  ];
  for (const column of [...columns, ...Object.values(journeys)]) {
    expect(Math.min(...column)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...column)).toBe(column[0]);
  }
  // An attempt is an exchange; the caller hears of it at most what the network knows.
  expect(attempts.started[0]).toBe(exchanges.offered[0]);
  expect(attempts.answered[0]).toBeLessThanOrEqual(exchanges.succeeded[0]);
  expect(attempts.faulted[0]).toBeLessThanOrEqual(exchanges.faulted[0]);
  if (!isWhole) return;
  // What the recorder heard of calls is the same, but for those who gave up.
  expect(books.due[0]).toBe(scopes[0].due);
  expect(books.answered[0]).toBe(scopes[0].answered);
  expect(books.faulted[0]).toBe(scopes[0].faulted);
  expect(books.openAtEnd[0] + books.gaveUp[0]).toBe(scopes[0].openAtEnd);
}

const firsts = (told: object): Record<string, number> =>
  Object.fromEntries(
    Object.entries(told as Record<string, Float64Array>).map(([name, column]) => [name, column[0]]),
  );

describe('a call', () => {
  test('that is abandoned lives on at the servers', () => {
    const load = calls(GOOD, '{ timeout: 2s }');
    const { outcome, callers } = run({ load, seconds: 30, serviceTime: '10s' });
    expect(firsts(callers.calls)).toMatchObject({ due: 10, gaveUp: 10, openAtEnd: 0 });
    expect(firsts(callers.attempts)).toMatchObject({ started: 10, abandonedByClient: 10 });
    expect(firsts(callers.exchanges)).toMatchObject({ offered: 10, succeeded: 10 });
    expect(outcome.systems.served[0]).toBe(10);
    expect(callers.gaveUpByService[0]).toBe(10);
    expect(callers.gaveUpByMemberClass[0]).toBe(10);
    // Given up at 2.5 s, 3.5 s and so on, one in each second.
    const row = Array.from({ length: 14 }, (_, second) => callers.series.gaveUp[second * 3]);
    expect(row).toEqual([0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0]);
  });

  test('is tried again after a fault, at its pauses', () => {
    const retries = '{ max: 3, backOff: fixed, first: 2s, jitter: none }';
    const load = calls(REFUSING, `{ retries: ${retries} }`, 1);
    const { callers, outcome } = run({ load, seconds: 30 });
    expect(firsts(callers.calls)).toMatchObject({ due: 1, faulted: 1 });
    expect(firsts(callers.attempts)).toMatchObject({ started: 4, faulted: 4 });
    const marks = [...callers.series.retries.entries()].filter(([row]) => row % 3 === 0);
    expect(marks.filter(([, count]) => count > 0).map(([row]) => row / 3)).toEqual([2, 4, 6]);
    // The call, not its attempts, is what has ended in a fault.
    expect(outcome.scopes[0].faults.reduce((sum, count) => sum + count, 0)).toBe(1);
  });

  test('has one patience over all its tries', () => {
    const retries = '{ max: 50, backOff: fixed, first: 1s, jitter: none }';
    const load = calls(HUNG, `{ timeout: 2s, patience: 10s, retries: ${retries} }`, 1);
    const { callers } = run({ load, seconds: 30 });
    // Tries at 0, 3, 6 and 9 seconds; the last is heard for one second.
    expect(firsts(callers.attempts)).toMatchObject({ started: 4, abandonedByClient: 4 });
    expect(firsts(callers.calls)).toMatchObject({ gaveUp: 1 });
    expect(callers.series.gaveUp[10 * 3]).toBe(1);
  });

  test.each([
    ['all', REFUSING, 3],
    ['all', HUNG, 3],
    ['not-executed', HUNG, 1],
    ['refused', HUNG, 1],
  ])('after %s, to %s: %i tries', (after, service, started) => {
    const load = calls(service, `{ timeout: 1s, retries: { max: 2, after: ${after} } }`, 1);
    const { callers } = run({ load, seconds: 200 });
    expect(callers.attempts.started[0]).toBe(started);
  });

  test('draws anew with each try', () => {
    // Half of the answers take less than the time-out: whoever asks again is served in the end.
    const load = calls(
      GOOD,
      '{ timeout: 2s, retries: { max: 60, backOff: fixed, first: 0s, jitter: none } }',
      200,
    );
    const serviceTime = '{ uniform: [1s, 3s] }';
    const { callers } = run({ load, seconds: 400, serviceTime });
    expect(callers.calls.answered[0]).toBe(200);
    // Two tries in the mean, geometric: a deviation of sqrt(2 / 200) = 0.1.
    const tries = callers.attempts.started[0] / 200;
    expect(Math.abs(tries - 2)).toBeLessThan(0.4);
  });

  test('with patience to spare is answered as one without a policy', () => {
    const serviceTime = '{ exponential: 200ms }';
    const text = (callers: string): string =>
      worldText({ load: calls(GOOD, callers, 50), seconds: 60, serviceTime });
    const plain = runPlan(planOfText(text('null')));
    const patient = runPlan(planOfText(text('{ timeout: 30s, retries: { max: 2 } }')));
    expect(plain.callers).toBeNull();
    expect(patient.scopes).toEqual(plain.scopes);
    expect(patient.fingerprint.sizes).toBe(plain.fingerprint.sizes);
  });

  test('a budget holds the tries of a source', () => {
    const retries =
      '{ max: 5, backOff: fixed, first: 10ms, jitter: none, budget: { ratio: 50%, burst: 1 } }';
    const load = calls(REFUSING, `{ retries: ${retries} }`, 100);
    const { callers } = run({ load, seconds: 120 });
    // One saved at the start; then half a retry is earned by each of the other calls.
    expect(callers.attempts.started[0] - 100).toBe(50);
  });

  test('a user who gave up thinks, and calls again', () => {
    const load = `
workloads:
  - id: people
    client: EE/GOV/2/office
    services: ${HUNG}
    users: 2
    thinkTime: 3s
    callers: { timeout: 2s }
`;
    const { callers } = run({ load, seconds: 21 });
    // Each calls at 3, 8, 13 and 18 seconds and gives up two later.
    expect(firsts(callers.calls)).toMatchObject({ due: 8, gaveUp: 8 });
  });
});

describe('a journey', () => {
  test('is as long as its steps and pauses', () => {
    const steps = `
      - calls: { services: ${GOOD}, times: 3 }
      - thinkTime: 1s
        calls: [{ services: ${GOOD} }]`;
    const { callers } = run({ load: journey(steps, EVERY_SECOND), seconds: 30 });
    expect(firsts(callers.journeys)).toMatchObject({ started: 10, completed: 10 });
    expect(firsts(callers.calls)).toMatchObject({ due: 40, answered: 40 });
    expect(callers.journeyDuration.sumUs[0]).toBe(10 * 1.2 * S);
    expect(callers.journeyDuration.maxUs[1]).toBe(1.2 * S);
  });

  test('goes on with the first answer, and leaves the other call behind', () => {
    const steps = `
      - join: any
        calls: [{ services: ${GOOD} }, { services: ${HUNG} }]
      - calls: [{ services: ${GOOD} }]`;
    const { callers } = run({ load: journey(steps, EVERY_SECOND), seconds: 30 });
    expect(firsts(callers.journeys)).toMatchObject({ completed: 10 });
    expect(callers.journeyDuration.maxUs[0]).toBe(0.2 * S);
    expect(firsts(callers.calls)).toMatchObject({ due: 30, answered: 20, openAtEnd: 10 });
  });

  test('is lost without a required answer, and calls nothing more', () => {
    const steps = `
      - calls: [{ services: ${GOOD} }, { services: ${REFUSING} }]
      - calls: [{ services: ${GOOD} }]`;
    const { callers } = run({ load: journey(steps, EVERY_SECOND), seconds: 30 });
    expect(firsts(callers.journeys)).toMatchObject({ started: 10, failed: 10, completed: 0 });
    expect(firsts(callers.calls)).toMatchObject({ due: 20, answered: 10, faulted: 10 });
    expect(callers.series.journeysFailed.filter((_, row) => row % 3 === 0)[0]).toBe(1);
  });

  test('does without what is not required', () => {
    const steps = `
      - calls: [{ services: ${GOOD} }, { services: ${REFUSING}, required: false }]
      - calls: [{ services: ${GOOD} }]`;
    const { callers } = run({ load: journey(steps, EVERY_SECOND), seconds: 30 });
    expect(firsts(callers.journeys)).toMatchObject({ completed: 10, failed: 0, gaveUp: 0 });
  });

  test('is given up when it has lasted too long', () => {
    const steps = `
      - calls: [{ services: ${GOOD} }]
      - calls: [{ services: ${HUNG} }]`;
    const load = journey(steps, `${EVERY_SECOND}\n    patience: 4s`);
    const { callers } = run({ load, seconds: 30 });
    expect(firsts(callers.journeys)).toMatchObject({ failed: 10, gaveUp: 10, openAtEnd: 0 });
    expect(firsts(callers.calls)).toMatchObject({ answered: 10, gaveUp: 10 });
    // The first begins at 0.5 s, so it is given up at 4.5 s.
    expect(callers.series.journeysFailed[4 * 3]).toBe(1);
  });

  test('is made again by people, after a pause', () => {
    const steps = `
      - calls: [{ services: ${GOOD} }]
      - thinkTime: 900ms
        calls: [{ services: ${GOOD} }]`;
    const load = journey(steps, 'users: 3\n    thinkTime: 3900ms');
    const { callers } = run({ load, seconds: 50 });
    // One lasts 1.1 s, begun at 3.9 s, 8.9 s and so on: ten in 50 s, of which the last ends with
    // the run, which is no longer seen.
    expect(firsts(callers.journeys)).toMatchObject({ started: 30, completed: 27, openAtEnd: 3 });
  });

  test('makes a call by chance as often as it says', () => {
    const steps = `
      - calls: [{ services: ${GOOD}, share: 30% }]
      - calls: [{ services: ${GOOD} }]`;
    const rest = 'arrivals: constant\n    rate: 20/s\n    stop: 100s';
    const { callers } = run({ load: journey(steps, rest), seconds: 110 });
    expect(firsts(callers.journeys)).toMatchObject({ started: 2000, completed: 2000 });
    // 600 of 2000, with a deviation of sqrt(2000 x 0.3 x 0.7) = 20.5.
    expect(Math.abs(callers.calls.due[0] - 2600)).toBeLessThan(82);
  });
});

describe('any load', () => {
  const policy = fc.constantFrom(
    'null',
    '{ timeout: 500ms }',
    '{ patience: 2s, retries: { max: 4, first: 100ms } }',
    '{ timeout: 300ms, retries: { max: 3, first: 50ms, jitter: decorrelated, budget: 20% } }',
  );
  const service = fc.constantFrom(GOOD, REFUSING, HUNG);
  const world = fc.record({
    policy,
    service,
    other: service,
    seed: fc.integer({ min: 0, max: 99 }),
  });

  test('has books that balance, is the same twice, and leaves nothing behind', () => {
    fc.assert(
      fc.property(world, (given) => {
        const load = `
workloads:
  - { id: w, client: EE/GOV/2/office, services: ${given.service}, rate: 5/s, stop: 10s,
      callers: ${given.policy} }
journeys:
  - id: j
    client: EE/GOV/2/office
    rate: 2/s
    stop: 10s
    patience: 5s
    callers: ${given.policy}
    steps:
      - join: any
        calls: [{ services: ${given.service}, times: 2 }, { services: ${given.other} }]
      - thinkTime: { exponential: 1s }
        calls: [{ services: ${GOOD}, share: 50% }, { services: ${given.other}, required: false }]
`;
        const serviceTime = '{ exponential: 300ms }';
        const text = worldText({ load, seconds: 200, serviceTime, seed: given.seed });
        const plan = planOfText(text);
        const outcome = runPlan(plan);
        if (outcome.callers === null) throw new Error('journeys are always driven');
        expectBalance(outcome, outcome.callers, given.policy !== 'null');
        expect(runPlan(plan).fingerprint).toEqual(outcome.fingerprint);
        const options = {
          keep: 'none' as const,
          onProgress: () => undefined,
          shouldStop: () => false,
        };
        const replication = createReplication(plan, 0, options);
        replication.run();
        // X-Road's own time-out of 60 s has ended whatever its caller would still wait for; what
        // hangs in an information system hangs there for ever, but holds no thread.
        const nothing = { calls: 0, journeys: 0, clientThreads: 0, serverThreads: 0 };
        expect(replication.inUse()).toMatchObject(nothing);
      }),
      { numRuns: 12 },
    );
  });
});

/**
 * A system of ten places that takes 100 ms works 100 calls a second off. 70 a second come. While
 * it is slow a queue grows that is longer than anybody waits; afterwards everything that it works
 * off was abandoned already. Callers who try three times more bring 70 x 4 = 280 a second: more
 * than 100, so the queue never shrinks. With a budget of a tenth they bring at most 77: it does.
 */
describe('a retry storm', () => {
  const storm = (retries: string): CallerOutcome =>
    run({
      load: `
workloads:
  - id: portal
    client: EE/GOV/2/office
    services: ${GOOD}
    rate: 70/s
    callers: { timeout: 1s, retries: ${retries} }
`,
      seconds: 240,
      capacity: 10,
      serviceTime: '{ exponential: 100ms }',
      incidents: `
incidents:
  - { id: slow, kind: system-slow, target: good, at: 30s, for: 20s, factor: 10 }
`,
    }).callers;

  /** Calls given up a second in the last minute, long after the trigger. */
  const lateLosses = ({ series }: CallerOutcome): number =>
    Array.from({ length: 60 }, (_, second) => series.gaveUp[(180 + second) * 3]).reduce(
      (sum, count) => sum + count,
      0,
    ) / 60;

  test('outlives its trigger where everybody tries again at once', () => {
    const naive = storm('{ max: 3, backOff: fixed, first: 10ms, jitter: none }');
    expect(lateLosses(naive)).toBeGreaterThan(0.9 * 70);
  });

  test('ends with its trigger where retries have a budget and a jitter', () => {
    const careful = storm('{ max: 3, first: 1s, jitter: full, budget: 10% }');
    expect(lateLosses(careful)).toBeLessThan(0.01 * 70);
  });
});
