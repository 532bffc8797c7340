/** The calls of a plan, one by one, against those that the virtual engine makes of it. */
import { expect, test } from 'vitest';
import { SourceKind } from '../plan/plan.ts';
import type { Plan } from '../plan/plan.ts';
import { planOfText, runPlan } from '../testing/small-run.ts';
import { createSources } from './sources.ts';
import type { DueCall } from './sources.ts';

const NETWORK = `
title: t
duration: 20s
startOfDay: 08:59:50
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
  - { id: system, capacity: 16, serviceTime: { lognormal: { median: 20ms, sigma: 0.5 } } }
services:
  - { id: EE/GOV/2/b/one, system: system, responseSize: 2KiB, access: [EE/GOV/1/a] }
  - { id: EE/GOV/2/b/two, system: system, responseSize: 2KiB, access: [EE/GOV/1/a] }
`;

const OPEN = `${NETWORK}
workloads:
  - id: by-chance
    client: EE/GOV/1/a
    services:
      - { service: EE/GOV/2/b/one, weight: 3 }
      - { service: EE/GOV/2/b/two, weight: 1 }
    requestSize: { lognormal: { median: 2KiB, sigma: 1 } }
    rate: { day: [[08:59, 5/s], [09:00, 40/s], [09:01, 5/s]] }
  - id: even
    client: EE/GOV/1/a
    services: EE/GOV/2/b/one
    arrivals: constant
    start: 3s
    stop: 15s
    rate: 7/s
`;

const USERS = `${NETWORK}
workloads:
  - id: people
    client: EE/GOV/1/a
    services: EE/GOV/2/b/one
    users: 5
    thinkTime: { exponential: 300ms }
`;

interface Kept {
  readonly call: DueCall;
  readonly requestBytes: number;
  readonly endUs: number;
}

/** What the virtual engine did, in the order in which calls were due. */
function virtualCalls(plan: Plan, replicationIndex: number): Kept[] {
  const { kept } = runPlan(plan, replicationIndex, 'all').journal;
  const calls = Array.from(kept.source, (source, row) => {
    const intendedUs = kept.intendedUs[row];
    const localUs = 2 * plan.servers.localDelayUs[kept.clientServer[row]];
    return {
      call: { source, ordinal: kept.ordinal[row], flow: kept.flow[row], intendedUs },
      requestBytes: kept.requestBytes[row],
      endUs: kept.fault[row] === -1 ? Infinity : kept.responseOutUs[row] + localUs,
    };
  });
  return calls.sort(
    ({ call: a }, { call: b }) => a.intendedUs - b.intendedUs || a.source - b.source,
  );
}

test.each([0, 3])('an open workload makes the calls of virtual time, replication %i', (index) => {
  const plan = planOfText(OPEN);
  const expected = virtualCalls(plan, index).map(({ call, requestBytes }) => ({
    call,
    requestBytes,
  }));
  const sources = createSources(plan, index);
  const made: object[] = [];
  while (sources.nextUs() < Infinity) {
    const call = sources.take();
    made.push({ call, requestBytes: sources.requestBytes(call, 0) });
  }
  expect(expected.length).toBeGreaterThan(100);
  expect(new Set(expected.map(({ call }) => call.flow)).size).toBe(3);
  expect(made).toEqual(expected);
});

test('other replications make other calls', () => {
  const plan = planOfText(OPEN);
  const first = createSources(plan, 0);
  const second = createSources(plan, 1);
  expect(first.take().intendedUs).not.toBe(second.take().intendedUs);
});

test('users who are answered as in virtual time call as in virtual time', () => {
  const plan = planOfText(USERS);
  expect(plan.sources.kind.every((kind) => kind === SourceKind.User)).toBe(true);
  const expected = virtualCalls(plan, 0);
  const keyOf = ({ source, ordinal }: DueCall): string => `${source} ${ordinal}`;
  const ends = new Map(expected.map(({ call, endUs }) => [keyOf(call), endUs]));
  const sources = createSources(plan, 0);
  const made: DueCall[] = [];
  const open: DueCall[] = [];
  const endOf = (call: DueCall): number => ends.get(keyOf(call)) ?? Infinity;
  for (;;) {
    open.sort((a, b) => endOf(a) - endOf(b));
    const answeredUs = open.length === 0 ? Infinity : endOf(open[0]);
    if (sources.nextUs() === Infinity && answeredUs === Infinity) break;
    if (sources.nextUs() < answeredUs) {
      const call = sources.take();
      made.push(call);
      open.push(call);
    } else {
      const [call] = open.splice(0, 1);
      sources.answered(call.source, answeredUs);
    }
  }
  expect(made.length).toBeGreaterThan(100);
  expect(made).toEqual(expected.map(({ call }) => call));
});
