import { expect, test } from 'vitest';
import { traceText } from '../cli/trace-text.ts';
import { runReplication } from '../engine/replication.ts';
import type { Plan } from '../plan/plan.ts';
import { planOfText, TWO_COUNTRIES } from '../testing/fake-outcome.ts';
import { isHenkilotunnus, isIsikukood } from '../workload/citizen.ts';
import { createUserIds } from '../workload/journey-citizen.ts';
import { exchangeLines } from './exchange-log.ts';
import { journalLines } from './journal-file.ts';
import type { JournalExchange, JournalHead } from './journal-file.ts';
import type { ReplicationOutcome } from './outcome.ts';

const plan = planOfText(TWO_COUNTRIES, ['duration=10s', 'startOfDay=08:00']);
const outcome = outcomeOf(plan);
const [head, ...records] = recordsOf(plan, outcome);
const cell = (record: readonly string[], name: string): string => record[head.indexOf(name)];

function outcomeOf(of: Plan, replicationIndex = 0): ReplicationOutcome {
  const options = { onProgress: () => undefined, shouldStop: () => false };
  const one = runReplication(of, replicationIndex, { keep: 'all', ...options });
  if (one === null) throw new Error('it stopped');
  return one;
}

function recordsOf(of: Plan, one: ReplicationOutcome): string[][] {
  const lines = [...exchangeLines(of, [one], createUserIds(of))];
  // Commas within quotation marks belong to the prose of a fault.
  return lines.map((line) => line.trimEnd().split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/));
}

function exchangesOf(of: Plan, one: ReplicationOutcome): JournalExchange[] {
  const lines = [...journalLines(of, [one], createUserIds(of))].slice(1);
  return lines.map((line) => JSON.parse(line) as JournalExchange);
}

test('each exchange that was answered has a record of both servers, joined by xRequestId', () => {
  const byId = Map.groupBy(records, (record) => cell(record, 'xRequestId'));
  expect(byId.size).toBe(outcome.scopes[0].due - outcome.scopes[0].openAtEnd);
  for (const pair of byId.values()) {
    const [client, producer] = pair;
    expect(cell(client, 'securityServerType')).toBe('Client');
    if (cell(client, 'succeeded') !== 'true') continue;
    expect(pair).toHaveLength(2);
    expect(cell(producer, 'securityServerType')).toBe('Producer');
    expect(cell(producer, 'messageId')).toBe(cell(client, 'messageId'));
  }
});

test('identifiers are spelled out', () => {
  const border = records.find((record) => cell(record, 'messageId').startsWith('0:border:'));
  expect(border).toBeDefined();
  const named = (name: string): string => cell(border ?? [], name);
  expect(named('clientXRoadInstance')).toBe('FI');
  expect(named('clientMemberClass')).toBe('GOV');
  expect(named('clientMemberCode')).toBe('0000002-7');
  expect(named('clientSubsystemCode')).toBe('agency');
  expect(named('serviceXRoadInstance')).toBe('EE');
  expect(named('serviceCode')).toBe('person');
  expect(named('xRequestId')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-/);
});

test('instants are milliseconds of the first of January 2026, at the time of day', () => {
  const begin = Date.UTC(2026, 0, 1, 8);
  for (const record of records) {
    const instants = ['requestInTs', 'requestOutTs', 'responseInTs', 'responseOutTs']
      .map((name) => cell(record, name))
      .filter((text) => text !== '')
      .map(Number);
    expect(instants).toEqual(instants.toSorted((a, b) => a - b));
    expect(instants[0]).toBeGreaterThanOrEqual(begin);
    expect(instants[0]).toBeLessThan(begin + 10_000);
  }
});

test('the journal has a line for each exchange, with its steps in order', () => {
  const lines = [...journalLines(plan, [outcome], createUserIds(plan))];
  const first = JSON.parse(lines[0]) as JournalHead;
  expect(first).toMatchObject({ exchanges: lines.length - 1, missed: 0, seed: plan.seed });
  for (const line of lines.slice(1)) {
    const { steps, fault, id } = JSON.parse(line) as JournalExchange;
    expect(id).toMatch(/^0:(home-ee|home-fi|border):\d+$/);
    expect(steps.length).toBe(fault === 0 ? 19 : steps.length);
    const times = steps.map(([timeUs]) => timeUs ?? 0);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  }
});

test('systems that call have no person', () => {
  expect(records.length).toBeGreaterThan(100);
  for (const record of records) expect(cell(record, 'messageUserId')).toBe('');
});

const TRIPS = `${TWO_COUNTRIES}
journeys:
  - id: trip-ee
    client: EE/COM/10000001/portal
    arrivals: constant
    rate: 5/s
    steps:
      - calls: [{ services: EE/GOV/70000001/registry/person, times: 2 }]
      - calls: [{ services: EE/GOV/70000001/registry/person }]
        thinkTime: 100ms
    callers: { timeout: 1s, retries: { max: 2, first: 100ms, backOff: fixed, jitter: none } }
  - id: trip-fi
    client: FI/GOV/0000002-7/agency
    arrivals: constant
    rate: 5/s
    steps:
      - calls:
          - services: EE/GOV/70000001/registry/person
          - services: FI/GOV/0000001-9/office/permit
incidents:
  - { id: refuses, kind: system-refusing, target: registry-system, at: 5s, for: 3s }
`;
const trips = planOfText(TRIPS, ['duration=10s']);
const tripOutcome = outcomeOf(trips);
const tripRecords = recordsOf(trips, tripOutcome).slice(1);
const ofSource = (source: string): string[][] =>
  tripRecords.filter((record) => cell(record, 'messageId').split(':')[1] === source);

test('attempts of one call have names of their own, the first without a number', () => {
  const exchanges = exchangesOf(trips, tripOutcome);
  expect(new Set(exchanges.map(({ id }) => id)).size).toBe(exchanges.length);
  const again = exchanges.filter(({ attempt }) => attempt > 1);
  expect(again.length).toBeGreaterThan(20);
  expect(new Set(again.map(({ attempt }) => attempt))).toEqual(new Set([2, 3]));
  for (const { id, attempt } of exchanges) {
    expect(/\.(\d+)$/.exec(id)?.[1]).toBe(attempt === 1 ? undefined : String(attempt));
    // The first of its call was kept, too.
    expect(exchanges.map((one) => one.id)).toContain(id.split('.')[0]);
  }
  // The same pairs in exchanges.csv: one record of each side an attempt.
  const ids = Map.groupBy(tripRecords, (record) => cell(record, 'xRequestId'));
  for (const pair of ids.values()) {
    expect(new Set(pair.map((record) => cell(record, 'messageId'))).size).toBe(1);
    const sides = pair.map((record) => cell(record, 'securityServerType'));
    expect(new Set(sides).size).toBe(pair.length);
  }
  expect(tripRecords.some((record) => cell(record, 'messageId') === again[0].id)).toBe(true);
});

test('the trace of an attempt says which it is, and for whom', () => {
  const exchanges = exchangesOf(trips, tripOutcome);
  const first = exchanges.find(({ id }) => id === '0:trip-ee:0');
  const third = exchanges.find(({ attempt }) => attempt === 3);
  if (first === undefined || third === undefined) throw new Error('none was kept');
  expect(traceText(third, String).split('\n')[0]).toContain(`${third.id} (REST, attempt 3 of its`);
  expect(traceText(first, String)).not.toContain('attempt');
  expect(traceText(first, String)).toMatch(/ for EE\d{11} \(synthetic\)\n/);
});

test.each([
  ['trip-ee', 'EE', isIsikukood, 3],
  ['trip-fi', 'FI', isHenkilotunnus, 2],
] as const)(
  'all calls and attempts of a journey have one person: %s',
  (source, country, isCode, callsOfJourney) => {
    const ofJourney = Map.groupBy(ofSource(source), (record) => {
      const ordinal = Number(cell(record, 'messageId').split(':')[2].split('.')[0]);
      return Math.floor(ordinal / callsOfJourney);
    });
    // 5 a second for 10 seconds.
    expect(ofJourney.size).toBe(50);
    const people = [...ofJourney.values()].map((record) => {
      const ids = new Set(record.map((one) => cell(one, 'messageUserId')));
      expect(ids.size).toBe(1);
      return [...ids][0];
    });
    expect(new Set(people).size).toBe(50);
    for (const id of people) {
      expect(id.slice(0, 2)).toBe(country);
      expect(isCode(id.slice(2))).toBe(true);
    }
    // The same people in every run of the seed, others in another replication.
    const userIdOf = createUserIds(planOfText(TRIPS, ['duration=20s']));
    const row = trips.sources.id.indexOf(source);
    expect(userIdOf(0, row, 0)).toBe(people[0]);
    expect(userIdOf(1, row, 0)).not.toBe(people[0]);
  },
);

test('an instance whose codes are not known gives none', () => {
  const plan = planOfText(TRIPS);
  const instances = plan.instances.map((one) => ({ ...one, id: 'DEV', profile: 'xroad-default' }));
  const row = plan.sources.id.indexOf('trip-ee');
  expect(createUserIds({ ...plan, instances })(0, row, 0)).toBeNull();
  const estonian = instances.map((one) => ({ ...one, profile: 'ee-production' }));
  expect(createUserIds({ ...plan, instances: estonian })(0, row, 0)).toMatch(/^EE\d{11}$/);
});
