/** Calls as the generator notes them, against what the same calls come to in virtual time. */
import { expect, test } from 'vitest';
import type { Plan } from '../../plan/plan.ts';
import { faultsOf, planOfText, runText } from '../../testing/small-run.ts';
import { CallStage } from '../../workload/call.ts';
import { CallLog } from './call-log.ts';
import type { CallRow } from './call-log.ts';
import { liveOutcome } from './live-outcome.ts';
import type { Observed } from './live-outcome.ts';

const SCENARIO = `
title: t
duration: 20s
instances:
  EE:
    profile: ee-production
    members:
      - { id: GOV/1, name: a, subsystems: [a] }
      - { id: GOV/2, name: b, subsystems: [b] }
    servers:
      - { id: s1, owner: GOV/1, subsystems: [GOV/1/a] }
      - { id: s2, owner: GOV/2, subsystems: [GOV/2/b] }
systems:
  - { id: system, capacity: 2, serviceTime: { exponential: 150ms } }
services:
  - { id: EE/GOV/2/b/open, system: system, responseSize: 2KiB, access: [EE/GOV/1/a] }
  - { id: EE/GOV/2/b/closed, system: system, responseSize: 2KiB, access: [] }
workloads:
  - { id: asks, client: EE/GOV/1/a, services: EE/GOV/2/b/open, rate: 15/s }
  - { id: refused, client: EE/GOV/1/a, services: EE/GOV/2/b/closed, rate: 3/s }
`;

/** The calls of a run in virtual time, as if they had been made over sockets. */
function rowsOf(plan: Plan): CallRow[] {
  const { kept } = runText(SCENARIO).journal;
  const log = new CallLog();
  kept.source.forEach((source, row) => {
    const [fault, server] = [kept.fault[row], kept.clientServer[row]];
    const endUs = kept.responseOutUs[row] + 2 * plan.servers.localDelayUs[server];
    log.add({
      source,
      ordinal: kept.ordinal[row],
      flow: kept.flow[row],
      intendedUs: kept.intendedUs[row],
      attempt: 0,
      dueUs: kept.intendedUs[row],
      sentUs: kept.intendedUs[row] + 100,
      abandonedUs: Infinity,
      settledAs: fault === -1 ? 0 : fault === 0 ? CallStage.Answered : CallStage.Faulted,
      endUs: fault === -1 ? Infinity : endUs,
      requestBytes: kept.requestBytes[row],
      faultKey: Math.max(0, fault),
      responseBytes: kept.responseBytes[row],
    });
  });
  const copy = new CallLog();
  copy.addBatch(log.takeBatch());
  expect(log.count).toBe(0);
  return copy.rows();
}

function useOf(plan: Plan): Observed['use'] {
  const servers = (): Float64Array => new Float64Array(plan.servers.id.length);
  const systems = (): Float64Array => new Float64Array(plan.systems.id.length);
  return {
    clientThreadUs: servers(),
    serverThreadUs: servers(),
    logBusyUs: servers(),
    clientQueueMax: servers(),
    serverQueueMax: servers(),
    logQueueMax: servers(),
    antiDosQueueMax: servers(),
    systemBusyUs: systems(),
    systemQueueMax: systems(),
    served: systems(),
  };
}

test('the same calls come to the same counts, latencies and series as in virtual time', () => {
  const plan = planOfText(SCENARIO);
  const virtual = runText(SCENARIO);
  const use = useOf(plan);
  const observed = { replicationIndex: 0, rows: rowsOf(plan), use, keep: 'all', attacks: [] };
  const live = liveOutcome(plan, observed as Observed);
  expect(virtual.scopes[0].openAtEnd).toBeGreaterThan(0);
  expect(virtual.scopes[0].faulted).toBeGreaterThan(0);
  expect(live.scopes).toEqual(virtual.scopes);
  expect(live.services).toEqual(virtual.services);
  expect(live.memberClasses).toEqual(virtual.memberClasses);
  expect(faultsOf(live)).toEqual(faultsOf(virtual));
  expect(live.servers.latency).toEqual(virtual.servers.latency);
  const { offered, answered, faulted, latency, faults } = live.series;
  expect(virtual.series).toMatchObject({ offered, answered, faulted, latency, faults });
  expect(live.servers.faults).toEqual(virtual.servers.faults);
  expect(live.journal.kept.flow).toEqual(virtual.journal.kept.flow);
});

test('what nobody saw is no number', () => {
  const plan = planOfText(SCENARIO);
  const live = liveOutcome(plan, {
    replicationIndex: 0,
    rows: [],
    attacks: [],
    use: useOf(plan),
    keep: 'none',
  });
  expect([...live.servers.cpuBusyUs, ...live.servers.tokenBusyUs]).toEqual([NaN, NaN, NaN, NaN]);
  expect(live.journal.kept.flow).toHaveLength(0);
});

test('a call that was not sent is not started, and a sample keeps so many', () => {
  const plan = planOfText(SCENARIO);
  const [first, ...others] = rowsOf(plan);
  const unsent = { ...first, sentUs: Infinity, endUs: Infinity, settledAs: 0 };
  const rows = [unsent, ...others];
  const keep = { sample: 10 };
  const live = liveOutcome(plan, {
    replicationIndex: 0,
    rows,
    use: useOf(plan),
    keep,
    attacks: [],
  });
  expect(live.scopes[0].notStarted).toBe(1);
  expect(live.scopes[0].due).toBe(rows.length);
  expect(live.journal.kept.flow.length).toBeGreaterThan(5);
  expect(live.journal.kept.flow.length).toBeLessThanOrEqual(10);
});
