import { expect, test } from 'vitest';
import { runReplication } from '../engine/replication.ts';
import { planOfText, TWO_COUNTRIES } from '../testing/fake-outcome.ts';
import { exchangeLines } from './exchange-log.ts';
import { journalLines } from './journal-file.ts';
import type { JournalExchange, JournalHead } from './journal-file.ts';

const plan = planOfText(TWO_COUNTRIES, ['duration=10s', 'startOfDay=08:00']);
const options = { onProgress: () => undefined, shouldStop: () => false };
const outcome = runReplication(plan, 0, { keep: 'all', ...options });
if (outcome === null) throw new Error('it stopped');
const [head, ...records] = [...exchangeLines(plan, [outcome])].map((line) =>
  line.trimEnd().split(','),
);
const cell = (record: readonly string[], name: string): string => record[head.indexOf(name)];

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
  const lines = [...journalLines(plan, [outcome])];
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
