/**
 * Outcomes of replications -> the result of a run, in the order of keys that result.json has. What
 * may differ between two equal runs comes in from outside and stays under `run`.
 */
import { RunningHash } from '../base/fingerprint.ts';
import type { Plan } from '../plan/plan.ts';
import { Effect, EFFECTS } from '../protocol/effect.ts';
import { endsOf, runChecks } from './check.ts';
import type { UnfinishedReplication } from './check.ts';
import { confidenceOf } from './confidence.ts';
import {
  attemptsOf,
  callerCountsOf,
  callsOf,
  exchangesOf,
  journeysOf,
  throughputOf,
} from './counts.ts';
import { evidenceOf, trustIntervalsOf } from './evidence.ts';
import { faultCounts } from './fault-count.ts';
import { latencyOf, NS_PER_US, smallLatencyOf } from './latency.ts';
import { measureAll } from './metric.ts';
import type { ReplicationOutcome } from './outcome.ts';
import { recoveryUs } from './recovery.ts';
import type {
  Fingerprint,
  IncidentResult,
  MemberClassResult,
  RunFacts,
  RunResult,
  ScopeResult,
  ServerResult,
  ServiceResult,
  StageResult,
  SystemResult,
  WarmUpResult,
} from './result.ts';
import { scopeNames } from './scope.ts';
import { judgeThresholds } from './threshold.ts';
import { totalsOf } from './totals.ts';
import type { Totals } from './totals.ts';
import {
  hostUtilisation,
  logUtilisation,
  systemUtilisation,
  threadUtilisation,
  tokenUtilisation,
} from './utilisation.ts';
import { verdictOf } from './verdict.ts';
import { assessWarmUp } from './warm-up.ts';

const US_PER_SECOND = 1e6;

/** What the command line knows and the outcomes do not. */
export interface ResultFacts {
  readonly run: RunFacts;
  readonly tool: RunResult['tool'];
  readonly engine: RunResult['engine'];
  /** How many times as fast as the wall's the network's clock ran; 1 in virtual time. */
  readonly timeCompression: number;
  readonly scenario: { readonly path: string; readonly sha256: string };
  readonly unfinished: readonly UnfinishedReplication[];
  /** What a pilot replication found; null: there was none. */
  readonly pilotWarmUp: WarmUpResult | null;
}

/** The outcomes come in replication order; `totals` is what they add up to. */
export function runResult(
  plan: Plan,
  outcomes: readonly ReplicationOutcome[],
  totals: Totals,
  facts: ResultFacts,
): RunResult {
  const [all] = totals.scopes;
  const callers = callerCountsOf(totals, 0);
  const thresholds = judgeThresholds(plan, totals, outcomes);
  const replicationResults = outcomes.map((outcome) => ({
    index: outcome.replicationIndex,
    fingerprint: outcome.fingerprint,
    metrics: measureAll(plan, totalsOf(outcome), 0),
  }));
  const confidence = confidenceOf(plan, replicationResults);
  const warmUp = facts.pilotWarmUp ?? assessWarmUp(plan, totals.series);
  const { precision } = confidence;
  const { unfinished } = facts;
  const generator = facts.run.live?.generator ?? null;
  const checks = runChecks({ plan, totals, unfinished, warmUp, precision, generator });
  return {
    schemaVersion: 1,
    run: facts.run,
    tool: facts.tool,
    scenario: scenarioOf(plan, facts),
    calibration: plan.calibration,
    engine: facts.engine,
    timeCompression: facts.timeCompression,
    seed: plan.seed,
    replications: outcomes.length,
    simulatedSeconds: totals.measuredUs / totals.replications / US_PER_SECOND,
    warmUp,
    fingerprint: fingerprintOf(outcomes),
    journeys: journeysOf(totals, 0),
    calls: callsOf(all, callers),
    attempts: attemptsOf(all, callers),
    exchanges: exchangesOf(all, callers),
    attack: totals.attack,
    throughputRps: throughputOf(all, totals.measuredUs),
    latencyNs: latencyOf(all.latency),
    faults: faultCounts(all.faults),
    instances: instancesOf(plan, totals),
    servers: serverResults(plan, totals),
    services: serviceResults(plan, totals),
    memberClasses: memberClassResults(plan, totals),
    stages: stageResults(totals),
    systems: systemResults(plan, totals),
    incidents: incidentResults(plan, totals),
    trust: trustIntervalsOf(plan, outcomes[0]?.trust ?? null),
    evidence: evidenceOf(plan, totals.trust),
    replicationResults,
    thresholds,
    checks: checks.map(({ name, verdict, detail }) => ({ name, verdict, detail })),
    confidence,
    agreement: null,
    assumptions: plan.assumptions,
    verdict: verdictOf(checks, thresholds),
  };
}

function scenarioOf(plan: Plan, { scenario }: ResultFacts): RunResult['scenario'] {
  return {
    name: plan.name,
    title: plan.title,
    question: plan.question,
    path: scenario.path,
    sha256: scenario.sha256,
    kind: plan.kind,
    startOfDaySeconds: plan.startOfDayUs / US_PER_SECOND,
    warmUpSeconds: plan.warmUpUs / US_PER_SECOND,
  };
}

/** Of a whole run: a hash over its replications' hashes, in their order. */
export function fingerprintOf(outcomes: readonly ReplicationOutcome[]): Fingerprint {
  const over = (part: keyof Fingerprint): string => {
    const hash = new RunningHash();
    for (const { fingerprint } of outcomes) hash.addText(fingerprint[part]);
    return hash.toString();
  };
  return {
    order: over('order'),
    kinds: over('kinds'),
    sizes: over('sizes'),
    results: over('results'),
  };
}

function instancesOf(plan: Plan, totals: Totals): Record<string, ScopeResult> {
  const results: Record<string, ScopeResult> = {};
  for (const [scope, name] of scopeNames(plan).entries()) {
    if (scope === 0) continue;
    const ends = totals.scopes[scope];
    const callers = callerCountsOf(totals, scope);
    results[name] = {
      calls: callsOf(ends, callers),
      exchanges: exchangesOf(ends, callers),
      throughputRps: throughputOf(ends, totals.measuredUs),
      latencyNs: latencyOf(ends.latency),
      faults: faultCounts(ends.faults),
    };
  }
  return results;
}

function serverResults(plan: Plan, totals: Totals): ServerResult[] {
  const { servers } = totals;
  return plan.servers.id.map((id, row) => ({
    id,
    instance: plan.instances[plan.servers.instance[row]].id,
    exchanges: servers.exchanges[row],
    utilisation: {
      cpu: hostUtilisation(plan, totals, row),
      clientThreads: threadUtilisation(plan, totals, row, 'client'),
      serverThreads: threadUtilisation(plan, totals, row, 'server'),
      messageLog: logUtilisation(plan, totals, row),
      token: tokenUtilisation(totals, row),
    },
    queueLengthMax: {
      clientThreads: servers.clientQueueMax[row],
      serverThreads: servers.serverQueueMax[row],
      messageLog: servers.logQueueMax[row],
      signing: servers.signQueueMax[row],
      antiDos: servers.antiDosQueueMax[row],
    },
    cpuWaitMaxNs: servers.cpuWaitMaxUs[row] * NS_PER_US,
    faults: servers.faults[row],
    downSeconds: servers.downUs[row] / totals.replications / US_PER_SECOND,
    latencyNs: smallLatencyOf(servers.latency, row),
  }));
}

function serviceResults(plan: Plan, totals: Totals): ServiceResult[] {
  return plan.services.id
    .map((id, row) => ({
      id,
      calls: callsOf(endsOf(totals.services, row), gaveUpOf(totals.callers?.gaveUpByService, row)),
      latencyNs: smallLatencyOf(totals.services.latency, row),
    }))
    .toSorted((a, b) => b.calls.due - a.calls.due || (a.id < b.id ? -1 : 1));
}

function gaveUpOf(
  column: Float64Array | undefined,
  row: number,
): { readonly calls: { readonly gaveUp: number } } | null {
  return column === undefined ? null : { calls: { gaveUp: column[row] } };
}

/** Pairs of classes between which there were calls. */
function memberClassResults(plan: Plan, totals: Totals): MemberClassResult[] {
  const { memberClasses } = plan;
  const results: MemberClassResult[] = [];
  for (const [consumerRow, consumer] of memberClasses.entries()) {
    for (const [providerRow, provider] of memberClasses.entries()) {
      const row = consumerRow * memberClasses.length + providerRow;
      if (totals.memberClasses.due[row] === 0) continue;
      results.push({
        consumer,
        provider,
        calls: callsOf(
          endsOf(totals.memberClasses, row),
          gaveUpOf(totals.callers?.gaveUpByMemberClass, row),
        ),
        latencyNs: smallLatencyOf(totals.memberClasses.latency, row),
      });
    }
  }
  return results;
}

const nameOf = (effect: Effect): string => EFFECTS[effect].name;
const WAIT = 'Wait for a thread';

/** What the consumer's server does in a stage, by the numbers of ClientStage. */
const CLIENT_STAGE_NAMES: readonly string[] = [
  WAIT,
  nameOf(Effect.Parse),
  nameOf(Effect.Connect),
  nameOf(Effect.StreamRequest),
  nameOf(Effect.Sign),
  nameOf(Effect.Log),
  nameOf(Effect.SendSignature),
  'Receive the response',
  nameOf(Effect.Verify),
  nameOf(Effect.Log),
  nameOf(Effect.Respond),
];

/** What the provider's server does in a stage, by the numbers of ServerStage. */
const SERVER_STAGE_NAMES: readonly string[] = [
  WAIT,
  nameOf(Effect.Admit),
  nameOf(Effect.Receive),
  nameOf(Effect.Verify),
  nameOf(Effect.Log),
  nameOf(Effect.Forward),
  nameOf(Effect.StreamResponse),
  nameOf(Effect.Sign),
  nameOf(Effect.Log),
  nameOf(Effect.SendResponseEnd),
];

function stageResults({ stages }: Totals): StageResult[] {
  const { clientUs, serverUs, count } = stages;
  if (count === 0) return [];
  const wholeUs = clientUs.reduce((sum, us) => sum + us, 0);
  const rows = (side: StageResult['side'], names: readonly string[], us: Float64Array) =>
    names.map((stage, row) => ({
      side,
      stage,
      meanNs: (us[row] / count) * NS_PER_US,
      share: wholeUs === 0 ? 0 : us[row] / wholeUs,
    }));
  return [
    ...rows('consumer', CLIENT_STAGE_NAMES, clientUs),
    ...rows('provider', SERVER_STAGE_NAMES, serverUs),
  ];
}

function systemResults(plan: Plan, totals: Totals): SystemResult[] {
  return plan.systems.id.map((id, row) => ({
    id,
    utilisation: systemUtilisation(plan, totals, row),
    queueLengthMax: totals.systems.queueMax[row],
    served: totals.systems.served[row],
  }));
}

function incidentResults(plan: Plan, totals: Totals): IncidentResult[] {
  return plan.incidents.map((incident) => {
    const recovered = recoveryUs(totals, plan.warmUpUs, incident, plan.incidents);
    return {
      id: incident.id,
      name: incident.title,
      kind: incident.kind,
      isAttack: incident.isAttack,
      startSeconds: incident.startUs / US_PER_SECOND,
      endSeconds: incident.endUs / US_PER_SECOND,
      targets: incident.targets,
      recoverySeconds: recovered === null ? null : recovered / US_PER_SECOND,
    };
  });
}
