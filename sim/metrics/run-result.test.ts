import { expect, test } from 'vitest';
import { readHistogramFile } from '../../reports/histogram-file.ts';
import { readRunResult } from '../../reports/result-shape.ts';
import { parseSeries } from '../../reports/series-table.ts';
import { runReplication } from '../engine/replication.ts';
import type { Plan } from '../plan/plan.ts';
import { evenCalls, fakeOutcome, planOfText, TWO_COUNTRIES } from '../testing/fake-outcome.ts';
import { fakeCallers, fakeTrust, withServer } from '../testing/fake-trust.ts';
import { flawsOf } from '../testing/json-schema.ts';
import { histogramFile } from './histogram-file.ts';
import { METRICS } from './metric.ts';
import type { ReplicationOutcome } from './outcome.ts';
import { RESULT_SCHEMA } from './result-schema.ts';
import type { RunResult } from './result.ts';
import { runResult } from './run-result.ts';
import { seriesRows, seriesText } from './series.ts';
import { mergeOutcomes } from './totals.ts';

const plan = planOfText(TWO_COUNTRIES, ['duration=30s']);
const outcomes = [0, 1].map((index) => replication(plan, index));
const result = resultOf(plan, outcomes);

test('the keys of result.json stand in the order of the contract', () => {
  expect(Object.keys(result)).toEqual([
    'schemaVersion',
    'run',
    'tool',
    'scenario',
    'calibration',
    'engine',
    'timeCompression',
    'seed',
    'replications',
    'simulatedSeconds',
    'warmUp',
    'fingerprint',
    'journeys',
    'calls',
    'attempts',
    'exchanges',
    'attack',
    'throughputRps',
    'latencyNs',
    'faults',
    'instances',
    'servers',
    'services',
    'memberClasses',
    'stages',
    'systems',
    'incidents',
    'trust',
    'evidence',
    'replicationResults',
    'thresholds',
    'checks',
    'confidence',
    'agreement',
    'assumptions',
    'verdict',
  ]);
});

test('a report can read what was written', () => {
  const json: unknown = JSON.parse(JSON.stringify(result));
  expect(readRunResult(json, { file: 'result.json', path: '' })).toEqual(json);
  const totals = mergeOutcomes(outcomes);
  const rows = seriesRows(plan, totals);
  expect(parseSeries(seriesText(rows))).toEqual(rows);
  const histograms: unknown = JSON.parse(JSON.stringify(histogramFile(plan, totals)));
  expect(readHistogramFile(histograms, { file: 'histograms.json', path: '' })).toEqual(histograms);
});

test('the JSON Schema describes what was written, and nothing else', () => {
  const json: unknown = JSON.parse(JSON.stringify(result));
  expect(flawsOf(RESULT_SCHEMA, json)).toEqual([]);
  expect(flawsOf(RESULT_SCHEMA, { ...result, verdict: 'fine' })).toEqual(['verdict']);
  expect(flawsOf(RESULT_SCHEMA, { ...result, calls: { due: -1 } })).toContain('calls.due');
  expect(flawsOf(RESULT_SCHEMA, { ...result, extra: 1 })).toEqual(['extra']);
});

test('what trust and callers tell is in the result, and a report can read it', () => {
  const first = fakeOutcome(plan, 0, [
    ...evenCalls(plan, 0, { kind: 'answered', latencyUs: 10 }).slice(0, 93),
    ...evenCalls(plan, 0, { kind: 'open' }).slice(0, 7),
  ]);
  const intervals = fakeTrust(plan).intervals;
  const trust = withServer(fakeTrust(plan), 'acceptedUnlogged', 0, 3);
  const told = { ...first, trust, callers: fakeCallers(plan, 1, 20, 7) };
  const both = [told, { ...told, replicationIndex: 1 }];
  const found = resultOf(plan, both);
  expect(flawsOf(RESULT_SCHEMA, JSON.parse(JSON.stringify(found)))).toEqual([]);
  const json: unknown = JSON.parse(JSON.stringify(found));
  expect(readRunResult(json, { file: 'result.json', path: '' })).toEqual(json);
  // Two replications of 100 calls each, of which seven tried again in the first bucket.
  const rows = seriesRows(plan, mergeOutcomes(both));
  expect(parseSeries(seriesText(rows))).toEqual(rows);
  expect(rows.slice(0, 4).map(({ scope, retriesRps }) => [scope, retriesRps])).toEqual([
    ['all', 7],
    ['EE', 0],
    ['FI', 0],
    ['crossBorder', 0],
  ]);
  expect(rows.slice(0, 4).map(({ backlog }) => backlog)).toEqual([5, 2, 3, null]);
  // Intervals are the first replication's, counts are sums.
  expect(found.trust).toHaveLength(intervals.server.length);
  expect(found.trust[1]).toEqual({
    scope: plan.servers.id[1],
    clock: 'foreign-configuration FI',
    fromSeconds: 2,
    toSeconds: plan.durationUs / 1e6,
  });
  expect(found.evidence?.['EE']).toEqual({
    acceptedAsConsumer: 40,
    acceptedAsProvider: 40,
    logged: 164,
    stamped: 152,
    unstampedAtEnd: 12,
    lost: 0,
    oldestUnstampedSeconds: 1,
    backlogMax: 5,
    refusedMessages: 0,
    acceptedUnlogged: 6,
  });
  expect(found.journeys).toEqual({
    started: 40,
    completed: 26,
    failed: 14,
    gaveUp: 0,
    openAtEnd: 0,
  });
  expect(found.calls.gaveUp).toBe(14);
  expect(found.attempts.abandonedByClient).toBe(28);
  expect(found.services.reduce((sum, { calls }) => sum + calls.gaveUp, 0)).toBe(14);
  expect(found.memberClasses.reduce((sum, { calls }) => sum + calls.gaveUp, 0)).toBe(14);
});

test('rates are means of the replications, counts are sums', () => {
  expect(result.replications).toBe(2);
  expect(result.simulatedSeconds).toBe(30);
  expect(result.throughputRps.offered).toBeCloseTo(result.calls.due / 60, 9);
  const perReplication = result.replicationResults.map(
    ({ metrics }) => metrics['throughputOffered'],
  );
  const mean = ((perReplication[0] ?? 0) + (perReplication[1] ?? 0)) / 2;
  expect(result.throughputRps.offered).toBeCloseTo(mean, 9);
});

test('the instances and the border make up the whole', () => {
  expect(Object.keys(result.instances)).toEqual(['EE', 'FI', 'crossBorder']);
  const due = Object.values(result.instances).map(({ calls }) => calls.due);
  expect(due.reduce((a, b) => a + b)).toBe(result.calls.due);
  expect(Math.min(...due)).toBeGreaterThan(0);
});

test('the stages of the consumer make up the mean latency at its server', () => {
  const consumer = result.stages.filter(({ side }) => side === 'consumer');
  expect(consumer.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9);
  const meanNs = consumer.reduce((sum, stage) => sum + stage.meanNs, 0);
  expect(meanNs).toBeLessThanOrEqual(result.latencyNs.mean ?? 0);
  expect(meanNs).toBeGreaterThan((result.latencyNs.mean ?? 0) * 0.95);
});

test('the busiest service comes first', () => {
  const due = result.services.map(({ calls }) => calls.due);
  expect(due).toEqual(due.toSorted((a, b) => b - a));
});

test('each metric is there, for the whole run and for each replication', () => {
  const names = METRICS.map(({ name }) => name);
  expect(Object.keys(result.confidence.metrics)).toEqual(names);
  for (const { metrics } of result.replicationResults) expect(Object.keys(metrics)).toEqual(names);
  expect(result.confidence.method).toBe('range');
});

test('the fingerprint of a run depends on each replication and on their order', () => {
  const [first, second] = outcomes;
  const order = (list: readonly ReplicationOutcome[]): string =>
    resultOf(plan, list).fingerprint.order;
  expect(new Set([order([first, second]), order([second, first]), order([first])]).size).toBe(3);
});

test('faults are spelled as the server that raised them spells them', () => {
  const ends = [5, 5 + 256].flatMap((faultKey) =>
    evenCalls(plan, 0, { kind: 'faulted', latencyUs: 10, faultKey }).slice(0, 10 + faultKey),
  );
  const { faults } = resultOf(plan, [fakeOutcome(plan, 0, ends)]);
  expect(faults.map(({ code, count }) => [code, count])).toEqual([
    ['Server.ClientProxy.UnknownMember', 271],
    ['server.clientproxy.unknown_member', 15],
  ]);
  expect(faults[0]).toMatchObject({ side: 'consumer', definite: true });
});

function replication(of: Plan, index: number): ReplicationOutcome {
  const options = { keep: 'none', onProgress: () => undefined, shouldStop: () => false } as const;
  const outcome = runReplication(of, index, options);
  if (outcome === null) throw new Error('it stopped');
  return outcome;
}

function resultOf(of: Plan, list: readonly ReplicationOutcome[]): RunResult {
  return runResult(of, list, mergeOutcomes(list), {
    run: {
      startedAt: '2026-01-01T00:00:00.000Z',
      wallSeconds: 1,
      command: 'npx fedlab run two-countries',
      workers: 1,
      machine: { cpu: 'none', cores: 1, memoryBytes: 1, node: '26', os: 'none' },
      performance: { events: 1, eventsPerSecond: 1, exchangesPerSecond: 1, peakMemoryBytes: 1 },
      workerFailures: [],
      isInterrupted: false,
      live: null,
    },
    tool: { name: 'fedlab', version: '0', commit: 'unknown' },
    engine: 'virtual',
    timeCompression: 1,
    scenario: { path: 'two-countries', sha256: '' },
    unfinished: [],
    pilotWarmUp: null,
  });
}
