/**
 * Outcomes without an engine, for tests of what is done with outcomes: a small plan with two
 * instances, and calls that end as a test says. They go through the real recorder, so that what is
 * counted is consistent until a test breaks it on purpose.
 */
import type { ReplicationOutcome } from '../metrics/outcome.ts';
import { createRecorder } from '../metrics/recorder.ts';
import { IncidentState } from '../protocol/lifecycle.ts';
import type { Plan } from '../plan/plan.ts';
import { SourceKind } from '../plan/plan.ts';
import { readCalibration } from '../cli/calibration-file.ts';
import { compileScenario } from '../scenario/compile.ts';
import { formatIssue } from '../scenario/issue.ts';
import { loadScenario } from '../scenario/load.ts';

/** Two instances, each with a service that is called at home, and one call across the border. */
export const TWO_COUNTRIES = `
title: Two countries
question: Does it add up?
duration: 60s
seed: 7
replications: 2
calibration: zero
seriesBucket: 1s
instances:
  EE:
    profile: ee-production
    members:
      - { id: GOV/70000001, name: Registry, subsystems: [registry] }
      - { id: COM/10000001, name: Company, subsystems: [portal] }
    servers:
      - { id: ss1, owner: GOV/70000001, subsystems: [GOV/70000001/registry] }
      - { id: ss2, owner: COM/10000001, subsystems: [COM/10000001/portal] }
  FI:
    profile: fi-production
    members:
      - { id: GOV/0000001-9, name: Office, subsystems: [office] }
      - { id: GOV/0000002-7, name: Agency, subsystems: [agency] }
    servers:
      - { id: ss1, owner: GOV/0000001-9, subsystems: [GOV/0000001-9/office] }
      - { id: ss2, owner: GOV/0000002-7, subsystems: [GOV/0000002-7/agency] }
federation: [[EE, FI]]
systems:
  - { id: registry-system, capacity: 8, serviceTime: { exponential: 20ms } }
  - { id: office-system, capacity: 8, serviceTime: { exponential: 30ms } }
services:
  - id: EE/GOV/70000001/registry/person
    system: registry-system
    access: [EE/COM/10000001/portal, FI/GOV/0000002-7/agency]
  - id: FI/GOV/0000001-9/office/permit
    system: office-system
    access: [FI/GOV/0000002-7/agency]
workloads:
  - id: home-ee
    client: EE/COM/10000001/portal
    services: EE/GOV/70000001/registry/person
    rate: 20/s
  - id: home-fi
    client: FI/GOV/0000002-7/agency
    services: FI/GOV/0000001-9/office/permit
    rate: 10/s
  - id: border
    client: FI/GOV/0000002-7/agency
    services: EE/GOV/70000001/registry/person
    rate: 2/s
`;

/** The plan of a scenario's text with `--set` values; throws what `fedlab check` would print. */
export function planOfText(text: string, sets: readonly string[] = []): Plan {
  const read = () => new TextEncoder().encode(text);
  const { document, issues, locate } = loadScenario('two-countries.scenario.yaml', read, sets);
  if (document === null) throw new Error(issues.map(formatIssue).join('\n'));
  const { calibration, sha256 } = readCalibration(document.calibration);
  const compiled = compileScenario(document, calibration, sha256);
  if (compiled.plan !== null) return compiled.plan;
  throw new Error(compiled.issues.map((issue) => formatIssue(locate(issue))).join('\n'));
}

/** How a call of a flow ended: after microseconds, with a fault's key, or not at all. */
export type FakeEnd =
  | { readonly kind: 'answered'; readonly latencyUs: number }
  | { readonly kind: 'faulted'; readonly latencyUs: number; readonly faultKey: number }
  | { readonly kind: 'open' }
  | { readonly kind: 'not-started' };

export interface FakeCall {
  readonly flow: number;
  readonly intendedUs: number;
  readonly end: FakeEnd;
}

export function fakeOutcome(
  plan: Plan,
  replicationIndex: number,
  calls: readonly FakeCall[],
): ReplicationOutcome {
  const recorder = createRecorder(plan);
  for (const { flow, intendedUs, end } of calls) {
    recorder.due(flow, intendedUs, end.kind !== 'not-started');
    const server = plan.routes.server[plan.flows.route[flow]];
    if (end.kind === 'answered') {
      recorder.answered(flow, server, intendedUs, intendedUs + end.latencyUs);
    } else if (end.kind === 'faulted') {
      recorder.faulted(flow, end.faultKey, intendedUs, intendedUs + end.latencyUs);
    }
  }
  const servers = (): Float64Array => new Float64Array(plan.servers.id.length);
  const systems = (): Float64Array => new Float64Array(plan.systems.id.length);
  const mark = replicationIndex.toString(16).padStart(16, '0');
  return {
    replicationIndex,
    events: calls.length,
    fingerprint: { order: mark, kinds: mark, sizes: mark, results: mark },
    limitMet: null,
    measuredUs: plan.durationUs - plan.warmUpUs,
    scopes: recorder.scopes(),
    attack: { requests: 0, refused: 0, served: 0, openAtEnd: 0 },
    servers: {
      exchanges: servers(),
      faults: servers(),
      cpuBusyUs: servers(),
      clientThreadUs: servers(),
      serverThreadUs: servers(),
      logBusyUs: servers(),
      tokenBusyUs: servers(),
      clientQueueMax: servers(),
      serverQueueMax: servers(),
      logQueueMax: servers(),
      signQueueMax: servers(),
      antiDosQueueMax: servers(),
      cpuWaitMaxUs: servers(),
      downUs: servers(),
      latency: recorder.serverLatency(),
    },
    services: recorder.services(),
    memberClasses: recorder.memberClasses(),
    systems: { busyUs: systems(), queueMax: systems(), served: systems() },
    stages: { clientUs: new Float64Array(11), serverUs: new Float64Array(10), count: 0 },
    series: recorder.series(),
    incidents: new Uint8Array(plan.incidents.length).fill(IncidentState.Over),
    trust: null,
    callers: null,
    journal: emptyJournal(),
  };
}

/** As many calls as the workloads ask for, all of one flow, evenly spaced, each ending alike. */
export function evenCalls(plan: Plan, flow: number, end: FakeEnd): FakeCall[] {
  const count = plan.sources.kind.includes(SourceKind.User) ? 100 : plan.expected.calls;
  return Array.from({ length: count }, (_, index) => ({
    flow,
    intendedUs: Math.floor(((index + 0.5) / count) * plan.durationUs),
    end,
  }));
}

function emptyJournal(): ReplicationOutcome['journal'] {
  const numbers = new Float64Array();
  const wholes = new Int32Array();
  return {
    kept: {
      source: wholes,
      ordinal: numbers,
      retry: wholes,
      flow: wholes,
      clientServer: wholes,
      providerServer: wholes,
      clientVersion: wholes,
      providerVersion: wholes,
      intendedUs: numbers,
      requestInUs: numbers,
      requestOutUs: numbers,
      responseInUs: numbers,
      responseOutUs: numbers,
      providerRequestInUs: numbers,
      providerRequestOutUs: numbers,
      providerResponseInUs: numbers,
      providerResponseOutUs: numbers,
      requestBytes: numbers,
      responseBytes: numbers,
      fault: wholes,
      isAttack: new Uint8Array(),
    },
    timeUs: numbers,
    exchange: wholes,
    leg: new Uint8Array(),
    input: wholes,
    facts: wholes,
    transition: wholes,
    waitUs: numbers,
    serviceUs: numbers,
    missedCount: 0,
  };
}
