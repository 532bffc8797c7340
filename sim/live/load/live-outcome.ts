/**
 * What a replication of the live engine hands over, made of the calls that the generator noted and
 * of what was seen at the servers. The same recorder counts that counts in virtual time, so both
 * engines' figures mean the same.
 */
import { RunningHash } from '../../base/fingerprint.ts';
import { CallerCounts } from '../../metrics/caller-counts.ts';
import type { CallerOutcome } from '../../metrics/caller-outcome.ts';
import { Journal } from '../../metrics/journal.ts';
import type { KeepPolicy } from '../../metrics/journal.ts';
import { FAULT_KEYS } from '../../metrics/outcome.ts';
import type { JournalOutcome, ReplicationOutcome, ServerOutcome } from '../../metrics/outcome.ts';
import { createRecorder } from '../../metrics/recorder.ts';
import type { Recorder } from '../../metrics/recorder.ts';
import { PatchColumn } from '../../plan/plan.ts';
import type { Plan } from '../../plan/plan.ts';
import { Prefix, prefixOf } from '../../protocol/fault.ts';
import { IncidentState } from '../../protocol/lifecycle.ts';
import { CallStage } from '../../workload/call.ts';
import { recordAttacks } from './attack-log.ts';
import type { AttackRow } from './attack-log.ts';
import type { CallRow } from './call-log.ts';
import type { Use } from './use-sampler.ts';

export interface Observed {
  readonly replicationIndex: number;
  /** In the order in which they were due. */
  readonly rows: readonly CallRow[];
  readonly use: Use;
  readonly attacks: readonly AttackRow[];
  readonly keep: KeepPolicy;
}

export function liveOutcome(plan: Plan, observed: Observed): ReplicationOutcome {
  const { replicationIndex, rows, use, keep, attacks } = observed;
  const recorder = createRecorder(plan);
  for (const row of rows) record(plan, recorder, row);
  const attacksOpen = recordAttacks(plan, recorder, attacks);
  const { attack, stages } = recorder;
  const series = recorder.series();
  return {
    replicationIndex,
    // There is no list of events, only what happens.
    events: 0,
    fingerprint: fingerprintOf(rows),
    limitMet: null,
    measuredUs: Math.max(0, plan.durationUs - plan.warmUpUs),
    scopes: recorder.scopes(),
    attack: { ...attack, openAtEnd: attacksOpen },
    servers: serversOf(plan, recorder, use),
    services: recorder.services(),
    memberClasses: recorder.memberClasses(),
    systems: { busyUs: use.systemBusyUs, queueMax: use.systemQueueMax, served: use.served },
    stages: {
      clientUs: recorder.stageClientUs,
      serverUs: recorder.stageServerUs,
      count: stages.count,
    },
    series: { ...series, cpuBusyUs: series.cpuBusyUs.map(() => NaN) },
    incidents: Uint8Array.from(plan.incidents, ({ startUs, endUs }) =>
      plan.durationUs < startUs
        ? IncidentState.Pending
        : plan.durationUs < endUs
          ? IncidentState.Active
          : IncidentState.Over,
    ),
    trust: null,
    callers: callersOf(plan, rows),
    journal: journalOf(plan, rows, keep),
  };
}

function record(plan: Plan, recorder: Recorder, row: CallRow): void {
  const { flow, attempt, intendedUs, sentUs, endUs, faultKey, settledAs } = row;
  const isSent = Number.isFinite(sentUs);
  if (attempt === 0) recorder.due(flow, intendedUs, isSent);
  if (!isSent) return;
  const server = consumerOf(plan, flow);
  if (intendedUs >= plan.warmUpUs) recordAtServers(plan, recorder, row);
  if (endUs > plan.durationUs) return;
  if (settledAs === CallStage.Answered) recorder.answered(flow, server, intendedUs, endUs);
  if (settledAs === CallStage.Faulted) recorder.faulted(flow, faultKey, intendedUs, endUs);
}

/** Where an exchange of the measured part has been, as far as its answer says. */
function recordAtServers(plan: Plan, recorder: Recorder, row: CallRow): void {
  const { flow, endUs, faultKey } = row;
  const server = consumerOf(plan, flow);
  recorder.exchanges[server]++;
  if (endUs > plan.durationUs) return;
  const isOfPeer = faultKey !== 0 && isProvidersFault(faultKey);
  const provider = providerOf(plan, flow);
  if (provider !== -1 && (faultKey === 0 || isOfPeer)) recorder.exchanges[provider]++;
  if (faultKey === 0) return;
  const raisedBy = isOfPeer ? provider : server;
  if (raisedBy !== -1) recorder.faults[raisedBy]++;
}

/** Null: no caller of the plan does more than wait. */
function callersOf(plan: Plan, rows: readonly CallRow[]): CallerOutcome | null {
  const { policy } = plan.sources;
  if (policy.every((row) => row === 0)) return null;
  const counts = new CallerCounts(plan);
  for (const row of rows) if (policy[row.source] !== 0) countAttempt(plan, counts, row);
  return counts.outcome();
}

function countAttempt(plan: Plan, counts: CallerCounts, row: CallRow): void {
  const { flow, attempt, intendedUs, sentUs, endUs, abandonedUs, faultKey, settledAs } = row;
  const add = (column: Float64Array): void => counts.add(column, flow, intendedUs);
  const isSent = Number.isFinite(sentUs);
  const [isOver, isAbandoned] = [endUs, abandonedUs].map((us) => us <= plan.durationUs);
  if (attempt === 0) add(counts.callsDue);
  if (attempt === 0 && !isSent) add(counts.callsNotStarted);
  if (isSent) {
    add(counts.attemptsStarted);
    add(counts.exchangesOffered);
    if (attempt > 0) counts.mark(counts.seriesRetries, flow, sentUs);
  }
  if (isOver) add(faultKey === 0 ? counts.exchangesSucceeded : counts.exchangesFaulted);
  if (isAbandoned) {
    add(counts.attemptsAbandoned);
    counts.mark(counts.seriesAbandoned, flow, abandonedUs);
  } else if (isOver) {
    add(faultKey === 0 ? counts.attemptsAnswered : counts.attemptsFaulted);
  }
  if (isOver && settledAs === CallStage.Answered) add(counts.callsAnswered);
  if (isOver && settledAs === CallStage.Faulted) add(counts.callsFaulted);
  if (settledAs !== CallStage.GivenUp) return;
  const gaveUpUs = isAbandoned ? abandonedUs : isSent ? endUs : row.dueUs;
  if (gaveUpUs <= plan.durationUs) counts.gaveUp(flow, intendedUs, gaveUpUs);
}

function consumerOf({ flows, routes }: Plan, flow: number): number {
  return routes.server[flows.route[flow]];
}

/** -1: there are several, and an answer does not say which one gave it. */
function providerOf({ flows, routes, candidates }: Plan, flow: number): number {
  const route = flows.route[flow];
  return routes.candidateCount[route] === 1 ? candidates.server[routes.candidateFrom[route]] : -1;
}

function isProvidersFault(faultKey: number): boolean {
  const prefix = prefixOf(faultKey % (FAULT_KEYS / 2));
  return prefix === Prefix.ServerProxy || prefix === Prefix.ServerProxyServiceFailed;
}

/** Which calls there were is the same for equal seeds, where nobody waits for answers. */
function fingerprintOf(rows: readonly CallRow[]): ReplicationOutcome['fingerprint'] {
  const [order, kinds, sizes, results] = [1, 2, 3, 4].map((salt) => new RunningHash(salt));
  for (const { source, flow, intendedUs, requestBytes, faultKey, endUs } of rows) {
    order.addInt(source);
    order.addWhole(intendedUs);
    kinds.addInt(flow);
    sizes.addInt(requestBytes);
    results.addInt(faultKey);
    if (Number.isFinite(endUs)) results.addWhole(endUs);
  }
  return {
    order: order.toString(),
    kinds: kinds.toString(),
    sizes: sizes.toString(),
    results: results.toString(),
  };
}

function serversOf(plan: Plan, recorder: Recorder, use: Use): ServerOutcome {
  const rows = (value: number): Float64Array =>
    new Float64Array(plan.servers.id.length).fill(value);
  return {
    exchanges: recorder.exchanges,
    faults: recorder.faults,
    // All servers share a thread, whose time nobody can divide.
    cpuBusyUs: rows(NaN),
    clientThreadUs: use.clientThreadUs,
    serverThreadUs: use.serverThreadUs,
    logBusyUs: use.logBusyUs,
    tokenBusyUs: rows(NaN),
    clientQueueMax: use.clientQueueMax,
    serverQueueMax: use.serverQueueMax,
    logQueueMax: use.logQueueMax,
    signQueueMax: rows(0),
    antiDosQueueMax: use.antiDosQueueMax,
    cpuWaitMaxUs: recorder.cpuWaitMaxUs,
    downUs: downUs(plan),
    latency: recorder.serverLatency(),
  };
}

/** By server: how long of the measured part it was switched off. */
function downUs({ servers, patches, warmUpUs, durationUs }: Plan): Float64Array {
  const sum = new Float64Array(servers.id.length);
  const offSinceUs = new Float64Array(servers.id.length).fill(Infinity);
  const add = (server: number, untilUs: number): void => {
    const fromUs = Math.max(warmUpUs, offSinceUs[server]);
    sum[server] += Math.max(0, Math.min(durationUs, untilUs) - fromUs);
    offSinceUs[server] = Infinity;
  };
  for (let patch = 0; patch < patches.timeUs.length; patch++) {
    if (patches.column[patch] !== PatchColumn.ServerPower) continue;
    const server = patches.row[patch];
    if (patches.value[patch] === 1) add(server, patches.timeUs[patch]);
    else offSinceUs[server] = Math.min(offSinceUs[server], patches.timeUs[patch]);
  }
  for (let server = 0; server < sum.length; server++) add(server, durationUs);
  return sum;
}

/** Instants that only a server knows are left at 0; transitions are not kept. */
function journalOf(plan: Plan, rows: readonly CallRow[], keep: KeepPolicy): JournalOutcome {
  const journal = new Journal(plan.limits.journalRowsMax);
  const every = keep === 'none' ? 0 : keep === 'all' ? 1 : Math.ceil(rows.length / keep.sample);
  for (let at = 0; every > 0 && at < rows.length; at += every) {
    const { source, ordinal, attempt, flow, intendedUs, sentUs, endUs } = rows[at];
    const { requestBytes, responseBytes, faultKey } = rows[at];
    const isOver = endUs <= plan.durationUs;
    journal.keep({
      source,
      ordinal,
      retry: attempt,
      flow,
      clientServer: consumerOf(plan, flow),
      providerServer: providerOf(plan, flow),
      intendedUs,
      requestInUs: Number.isFinite(sentUs) ? Math.round(sentUs) : 0,
      requestOutUs: 0,
      responseInUs: 0,
      responseOutUs: isOver ? endUs : 0,
      providerRequestInUs: 0,
      providerRequestOutUs: 0,
      providerResponseInUs: 0,
      providerResponseOutUs: 0,
      requestBytes,
      responseBytes,
      fault: isOver ? faultKey % (FAULT_KEYS / 2) : -1,
      isAttack: 0,
    });
  }
  return journal.outcome();
}
