/**
 * One replication in virtual time: the kernel's loop, and what it hands over at the end.
 *
 * The loop takes the earlier of the next event and the next arrival; equal times leave by kind and
 * id, so the order is total and equal for equal (plan, seed, replication).
 */
import { assert } from '../base/assert.ts';
import { Journal } from '../metrics/journal.ts';
import type { KeepPolicy } from '../metrics/journal.ts';
import type { ReplicationOutcome } from '../metrics/outcome.ts';
import { FAULT_KEYS } from '../metrics/outcome.ts';
import { createRecorder } from '../metrics/recorder.ts';
import { PatchColumn } from '../plan/plan.ts';
import type { Plan } from '../plan/plan.ts';
import { ClientStage, Input, inputOf, ServerStage } from '../protocol/exchange.ts';
import { Cause, faultOf, prefixOf, Prefix } from '../protocol/fault.ts';
import { nextState, RUN_LIFE, RunEvent, RunPhase } from '../protocol/lifecycle.ts';
import { CLIENT_STAGES, SERVER_STAGES } from '../world/exchange-table.ts';
import { createArrivals } from './arrivals.ts';
import { ABANDONED, Callers, NO_CALL } from './callers.ts';
import { EventKind } from './event-kind.ts';
import { Incidents } from './incidents.ts';
import { createLegs } from './legs.ts';
import { RunState } from './state.ts';
import { createTrust } from './trust.ts';

export interface ReplicationOptions {
  readonly keep: KeepPolicy;
  /** Told now and then how far the replication has come. */
  readonly onProgress: (simulatedUs: number, exchanges: number) => void;
  /** Asked now and then; true ends the replication without an outcome. */
  readonly shouldStop: () => boolean;
}

const FIRST_VERSION_WITH_NEW_SPELLING = 70_800;
/** The connection to a server that is down is refused; there is no X-Road code for it. */
const NO_SERVER = faultOf(Prefix.ClientProxy, Cause.NoAnswer);
const EVENTS_BETWEEN_REPORTS = 65_536;

/** Runs one replication; null when it was asked to stop. */
export function runReplication(
  plan: Plan,
  replicationIndex: number,
  options: ReplicationOptions,
): ReplicationOutcome | null {
  return createReplication(plan, replicationIndex, options).run();
}

export type Replication = ReturnType<typeof createReplication>;

export function createReplication(
  plan: Plan,
  replicationIndex: number,
  options: ReplicationOptions,
) {
  const own = {
    eventCount: 0,
    limitMet: null as ReplicationOutcome['limitMet'],
    phase: RunPhase.Warming as number,
  };
  const recorder = createRecorder(plan);
  const journal = new Journal(plan.limits.journalRowsMax);
  const state = new RunState(plan, replicationIndex, recorder, journal);
  const calls = createArrivals(state, options.keep);
  const callers = new Callers(state, {
    create: calls.create,
    arrive: (slot) => begin(slot),
    ended: calls.answered,
    faultKey: (slot, fault) => faultKey(slot, fault),
  });
  const trust = usesTrust(plan) ? createTrust(state, replicationIndex) : null;
  const legs = createLegs(state, trust, (slot, fault, endUs) => finish(slot, fault, endUs));
  const incidents = new Incidents(state, legs, trust);
  const { events } = state;

  const run = (): ReplicationOutcome | null => {
    while (isUnderWay()) {
      runSlice();
      if (isUnderWay() && !report()) move(RunEvent.Interrupted);
    }
    if (own.phase === RunPhase.Stopped) return null;
    if (own.limitMet === null) state.nowUs = plan.durationUs;
    return outcome();
  };

  const move = (event: number): void => {
    own.phase = nextState(RUN_LIFE, own.phase, event);
  };

  const isUnderWay = (): boolean =>
    own.phase === RunPhase.Warming || own.phase === RunPhase.Measuring;

  /**
   * Some ten thousand events, or fewer if the end comes first. In slices, because the compiler
   * does less well with a loop that it is in the middle of than with one it enters.
   */
  const runSlice = (): void => {
    const { events, timers } = state;
    const arrivals = calls.queue;
    const { durationUs, limits } = plan;
    const { order } = state.hash;
    const sliceEnd = Math.min(limits.eventsMax, own.eventCount + EVENTS_BETWEEN_REPORTS);
    const sliceStartUs = state.nowUs;
    while (own.eventCount < sliceEnd) {
      // At equal times events come first, then timers of patience, then what arrives.
      const arrivalUs = arrivals.nextUs;
      const timerUs = timers.nextUs;
      const eventUs = events.peekUs();
      const otherUs = arrivalUs < timerUs ? arrivalUs : timerUs;
      const nextUs = otherUs < eventUs ? otherUs : eventUs;
      if (nextUs >= durationUs) {
        move(RunEvent.TimeUp);
        return;
      }
      assert(nextUs >= state.nowUs, 'time ran backwards');
      state.nowUs = nextUs;
      if (otherUs < eventUs) {
        events.advanceTo(nextUs);
        const queue = arrivalUs < timerUs ? arrivals : timers;
        queue.next();
        order.addInt((nextUs | 0) ^ queue.kind);
        if (queue.kind === EventKind.Arrival) arrive();
        else dispatch(queue.kind, queue.a, queue.b);
      } else {
        events.next();
        const { kind, a, b } = events.taken;
        order.addInt((nextUs | 0) ^ kind);
        dispatch(kind, a, b);
      }
      if (state.granted.length > 0) legs.serveGranted();
      own.eventCount++;
    }
    events.retune(state.nowUs - sliceStartUs);
    if (own.eventCount < limits.eventsMax) return;
    own.limitMet = 'eventsMax';
    move(RunEvent.LimitMet);
  };

  /** What is in use now: after a long time without load it must be nothing. */
  const inUse = (): Readonly<Record<string, number>> => {
    const { table, queues } = state;
    const { clientThreads, serverThreads, messageLog, connecting } = legs;
    const sum = (counts: Int32Array): number => counts.reduce((total, count) => total + count, 0);
    return {
      ...callers.inUse(),
      slots: table.used.count,
      clientThreads: sum(clientThreads.busyCount),
      serverThreads: sum(serverThreads.busyCount),
      logConnections: sum(messageLog.busyCount),
      connections: sum(connecting.pool.openCount),
      connectionsOfPools: sum(connecting.pool.openCountOfPool),
      admitted: sum(connecting.pool.admittedCount),
      queued: sum(queues.length),
    };
  };

  const arrive = (): void => {
    const slot = calls.take(callers);
    if (slot < -1) legs.connecting.flood(-2 - slot);
    if (slot >= 0) begin(slot);
  };

  /** An exchange comes to its consumer's server. */
  const begin = (slot: number): void => {
    const { table, isUp, recorder } = state;
    const server = table.clientServer[slot];
    if (table.isAttack[slot] === 0) recorder.exchanges[server]++;
    if (isUp[server] === 1) legs.arrive(slot);
    // Nobody listens: the information system's connection is refused.
    else legs.cutOff(slot, NO_SERVER);
  };

  const dispatch = (kind: number, a: number, b: number): void => {
    const { table } = state;
    switch (kind) {
      case EventKind.LegDone:
        if (table.sequence[a] === b) legs.done(a);
        return;
      case EventKind.LegTimedOut:
        if (table.sequence[a] === b) legs.timedOut(a);
        return;
      case EventKind.LegFailed:
        if (table.sequence[a] === b) legs.failed(a);
        return;
      case EventKind.ConnectSilent:
        if (table.sequence[a] === b) legs.connecting.silent(a);
        return;
      case EventKind.ServerHello:
        if (table.generation[a] === b && table.stage[a * 2] === ClientStage.Admitted) {
          legs.connecting.hello(a);
        }
        return;
      case EventKind.HandshakeReply:
        if (table.sequence[a] === b) legs.connecting.reply(a);
        return;
      case EventKind.SystemArrival:
        if (table.sequence[a] === b) legs.systems.arrive(a);
        return;
      case EventKind.SystemDone:
        legs.systems.done(a);
        return;
      case EventKind.SignerDone:
        legs.signing.done(a, b);
        return;
      default:
        if (kind >= EventKind.RequestPart && kind <= EventKind.ClosedAtServer) {
          if (table.generation[a] === b) deliver(kind, a);
        } else {
          dispatchRare(kind, a, b);
        }
    }
  };

  /** Wire events of an exchange that is still alive. */
  const deliver = (kind: number, slot: number): void => {
    switch (kind) {
      case EventKind.RequestPart:
        legs.open(slot);
        return;
      case EventKind.MessageEnd:
        legs.receive(slot * 2 + 1, Input.MessageEnd);
        return;
      case EventKind.ResponseEnd:
        legs.receiveResponse(slot, Input.ResponseEnd);
        return;
      case EventKind.FaultPart:
        legs.receiveResponse(slot, inputOf(Input.FaultPart, state.table.sentFault[slot]));
        return;
      case EventKind.ClosedAtClient:
        legs.receiveResponse(slot, Input.PeerClosed);
        return;
      default:
        legs.receive(slot * 2 + 1, Input.PeerClosed);
    }
  };

  const dispatchRare = (kind: number, a: number, b: number): void => {
    switch (kind) {
      case EventKind.Patch:
        incidents.apply(a);
        return;
      case EventKind.ServerReady:
        incidents.ready(a, b);
        return;
      case EventKind.IncidentPhase:
        incidents.move(a, b);
        return;
      case EventKind.WarmUpEnd:
        endWarmUp();
        return;
      case EventKind.CallTimedOut:
      case EventKind.CallRetry:
      case EventKind.JourneyStep:
        callers.dispatch(kind, a, b);
        return;
      case EventKind.QueueTimer:
        legs.queueTimer(a);
        return;
      case EventKind.PoolTimer:
        legs.connecting.pool.expire(a);
        return;
      case EventKind.TrustDownload:
      case EventKind.TrustDownloaded:
      case EventKind.TrustOcsp:
      case EventKind.TrustOcspDone:
      case EventKind.TrustStamp:
      case EventKind.TrustStampDone:
      case EventKind.TrustSample:
        if (trust !== null) trust.dispatch(kind, a, b);
        return;
      case EventKind.FloodEnd:
        legs.connecting.floodEnd(a, b);
        return;
      case EventKind.GiveUp:
        giveUp(a, b);
        return;
      default:
        endBucket(a);
    }
  };

  /** TCP has tried to send the request for a quarter of an hour. */
  const giveUp = (slot: number, generation: number): void => {
    const { table } = state;
    if (table.generation[slot] !== generation) return;
    // The provider's end is closed, and the consumer's waits on: nothing tells it.
    if (state.isGivenUp(slot, false)) legs.connecting.leaveGate(slot);
    if (!state.isGivenUp(slot, true)) return;
    const isUnseen = table.providerRequestInUs[slot] === 0;
    if (isUnseen && table.stage[slot * 2 + 1] === ServerStage.Waiting) legs.abandon(slot);
    legs.receive(slot * 2, Input.PeerClosed);
  };

  const finish = (slot: number, fault: number, endUs: number): void => {
    const { table, recorder, hash, plan } = state;
    const flow = table.flow[slot];
    const intendedUs = table.intendedUs[slot];
    hash.results.addInt(fault);
    hash.results.addWhole(endUs);
    if (table.kept[slot] !== -1) complete(slot, fault, endUs);
    if (trust !== null) trust.ended(slot, fault);
    if (table.call[slot] !== NO_CALL) {
      // Nobody waits for what an abandoned attempt still does: it is no part of a call's time.
      const isHeard = table.call[slot] !== ABANDONED;
      callers.answered(slot, fault, endUs);
      if (isHeard && fault === 0 && intendedUs >= plan.warmUpUs) addStages(slot);
      return;
    }
    calls.answered(table.source[slot], endUs);
    if (table.isAttack[slot] === 1) {
      if (intendedUs < plan.warmUpUs) return;
      if (fault === 0) recorder.attack.served++;
      else recorder.attack.refused++;
      return;
    }
    if (fault !== 0) {
      recorder.faulted(flow, faultKey(slot, fault), intendedUs, endUs);
      return;
    }
    recorder.answered(flow, table.clientServer[slot], intendedUs, endUs);
    if (intendedUs >= plan.warmUpUs) addStages(slot);
  };

  const addStages = (slot: number): void => {
    const { table, recorder } = state;
    recorder.stages.count++;
    for (let stage = 0; stage < CLIENT_STAGES; stage++) {
      recorder.stageClientUs[stage] += table.clientStageUs[slot * CLIENT_STAGES + stage];
    }
    for (let stage = 0; stage < SERVER_STAGES; stage++) {
      recorder.stageServerUs[stage] += table.serverStageUs[slot * SERVER_STAGES + stage];
    }
  };

  /** Of the servers, now. */
  const version = trust === null ? plan.servers.version : trust.table.version;

  /** The fault in the spelling of the server that raised it; see FAULT_KEYS. */
  const faultKey = (slot: number, fault: number): number => {
    const { table } = state;
    const prefix = prefixOf(fault);
    const isPeers = prefix === Prefix.ServerProxy || prefix === Prefix.ServerProxyServiceFailed;
    const server = isPeers ? table.providerServer[slot] : table.clientServer[slot];
    const isOld = version[server] < FIRST_VERSION_WITH_NEW_SPELLING;
    return isOld ? fault + FAULT_KEYS / 2 : fault;
  };

  const complete = (slot: number, fault: number, endUs: number): void => {
    const { table, journal, plan } = state;
    const head = journal.headOf(table.kept[slot]);
    head.providerServer = table.providerServer[slot];
    noteVersions(slot);
    head.requestInUs = table.requestInUs[slot];
    head.requestOutUs = table.requestOutUs[slot];
    head.responseInUs = table.responseInUs[slot];
    head.responseOutUs = endUs - 2 * plan.servers.localDelayUs[table.clientServer[slot]];
    head.providerRequestInUs = table.providerRequestInUs[slot];
    head.providerRequestOutUs = table.providerRequestOutUs[slot];
    head.providerResponseInUs = table.providerResponseInUs[slot];
    head.providerResponseOutUs = table.providerResponseOutUs[slot];
    head.fault = fault;
  };

  /** A server's record of an exchange has the version that it ran when it wrote it. */
  const noteVersions = (slot: number): void => {
    const { table, journal } = state;
    const head = journal.headOf(table.kept[slot]);
    head.clientVersion = version[table.clientServer[slot]];
    head.providerVersion = head.providerServer < 0 ? -1 : version[head.providerServer];
  };

  const endWarmUp = (): void => {
    move(RunEvent.WarmedUp);
    const { queues, recorder } = state;
    legs.clientThreads.restart();
    legs.serverThreads.restart();
    legs.messageLog.restart();
    legs.signing.restart();
    legs.systems.restart();
    queues.lengthMax.set(queues.length);
    recorder.exchanges.fill(0);
    recorder.faults.fill(0);
    recorder.cpuWaitMaxUs.fill(0);
    legs.connecting.antiDosQueueMax.fill(0);
  };

  /** Samples what a time series shows of a moment. */
  const endBucket = (bucket: number): void => {
    sampleBucket(bucket);
    recorder.beginBucket(bucket + 1);
    const nextUs = state.nowUs + plan.seriesBucketUs;
    events.schedule(nextUs, EventKind.BucketEnd, bucket + 1, bucket + 1, 0);
  };

  const sampleBucket = (bucket: number): void => {
    const { queues, rows, isUp, plan, recorder } = state;
    const row = bucket * recorder.scopeCount;
    const serverCount = plan.servers.id.length;
    for (let server = 0; server < serverCount; server++) {
      const scope = row + 1 + plan.servers.instance[server];
      const isStopped = trust !== null && trust.hasStopped(server);
      const refuses = isUp[server] === 0 || isStopped ? 1 : 0;
      recorder.refusingServers[row] += refuses;
      recorder.refusingServers[scope] += refuses;
      const length = Math.max(
        queues.length[rows.clientThreads + server],
        queues.length[rows.serverThreads + server],
        queues.length[rows.messageLog + server],
      );
      recorder.queueLength[row] = Math.max(recorder.queueLength[row], length);
      recorder.queueLength[scope] = Math.max(recorder.queueLength[scope], length);
    }
  };

  const report = (): boolean => {
    options.onProgress(state.nowUs, calls.began.exchangeCount);
    return !options.shouldStop();
  };

  const outcome = (): ReplicationOutcome => {
    const { plan, recorder, hash, journal } = state;
    settle();
    if (calls.began.isFull || callers.isFull) own.limitMet = 'exchangesMax';
    const { requests, refused, served } = recorder.attack;
    return {
      replicationIndex: replicationIndex,
      events: own.eventCount,
      fingerprint: {
        order: hash.order.toString(),
        kinds: hash.kinds.toString(),
        sizes: hash.sizes.toString(),
        results: hash.results.toString(),
      },
      limitMet: own.limitMet,
      measuredUs: Math.max(0, state.nowUs - plan.warmUpUs),
      scopes: recorder.scopes(),
      attack: { requests, refused, served, openAtEnd: requests - refused - served },
      servers: serverOutcome(),
      services: recorder.services(),
      memberClasses: recorder.memberClasses(),
      systems: {
        busyUs: legs.systems.busyUs,
        queueMax: queueMax(state.rows.systems, plan.systems.id.length),
        served: legs.systems.served,
      },
      stages: {
        clientUs: recorder.stageClientUs,
        serverUs: recorder.stageServerUs,
        count: recorder.stages.count,
      },
      series: recorder.series(),
      incidents: incidents.phase,
      trust: trust === null ? null : trust.outcome(),
      callers: callers.outcome(),
      journal: journal.outcome(),
    };
  };

  const settle = (): void => {
    legs.clientThreads.settle();
    legs.serverThreads.settle();
    legs.messageLog.settle();
    legs.signing.settle();
    legs.systems.settle();
    incidents.settle();
    noteOpen();
    // The last bucket ends with the run, when no event is due any more.
    const buckets = Math.ceil(plan.durationUs / plan.seriesBucketUs);
    if (own.limitMet === null) sampleBucket(Math.max(0, buckets - 1));
  };

  /** Kept exchanges that are still open have the versions of the run's end. */
  const noteOpen = (): void => {
    const { table, journal } = state;
    for (let slot = 0; slot < table.capacity; slot++) {
      const kept = table.isUsed[slot] === 1 ? table.kept[slot] : -1;
      if (kept !== -1 && journal.headOf(kept).fault === -1) noteVersions(slot);
    }
  };

  const serverOutcome = (): ReplicationOutcome['servers'] => {
    const { recorder, rows, plan, queues, downUs } = state;
    const serverCount = plan.servers.id.length;
    const signQueueMax = new Float64Array(serverCount);
    for (let signer = 0; signer < plan.signers.server.length; signer++) {
      const server = plan.signers.server[signer];
      const length = queues.lengthMax[rows.signing + signer];
      signQueueMax[server] = Math.max(signQueueMax[server], length);
    }
    return {
      exchanges: recorder.exchanges,
      faults: recorder.faults,
      cpuBusyUs: recorder.cpuBusyUs,
      clientThreadUs: legs.clientThreads.busyUs,
      serverThreadUs: legs.serverThreads.busyUs,
      logBusyUs: legs.messageLog.busyUs,
      tokenBusyUs: legs.signing.tokenBusyUs,
      clientQueueMax: queueMax(rows.clientThreads, serverCount),
      serverQueueMax: queueMax(rows.serverThreads, serverCount),
      logQueueMax: queueMax(rows.messageLog, serverCount),
      signQueueMax,
      antiDosQueueMax: legs.connecting.antiDosQueueMax,
      cpuWaitMaxUs: recorder.cpuWaitMaxUs,
      downUs,
      latency: recorder.serverLatency(),
    };
  };

  const queueMax = (firstQueue: number, count: number): Float64Array => {
    return Float64Array.from(state.queues.lengthMax.subarray(firstQueue, firstQueue + count));
  };

  if (plan.warmUpUs === 0) move(RunEvent.WarmedUp);
  else events.schedule(plan.warmUpUs, EventKind.WarmUpEnd, 0, 0, 0);
  events.schedule(plan.seriesBucketUs, EventKind.BucketEnd, 0, 0, 0);
  if (trust !== null) trust.begin();
  return { run, inUse };
}

/** Whether clocks and keys can decide anything: a scenario may switch them off. */
function usesTrust({ hasTrust, patches }: Plan): boolean {
  return hasTrust || patches.column.some((column) => column > PatchColumn.LinkBandwidth);
}
