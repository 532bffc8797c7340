/**
 * The virtual driver of both legs: it measures facts, asks protocol/exchange.ts for the
 * transition, prices the one effect and feeds the result back. It contains no rule.
 */
import { Purpose } from '../base/random.ts';
import { Cost, Effect } from '../protocol/effect.ts';
import {
  advanceClientLeg,
  advanceServerLeg,
  ALL_FACTS,
  CLIENT_HOLDS,
  CLIENT_READS,
  clientNeeds,
  ClientStage,
  effectOf,
  Fact,
  faultOfTransition,
  Hold,
  Input,
  inputOf,
  SERVER_HOLDS,
  SERVER_READS,
  serverNeeds,
  ServerStage,
  stageOf,
} from '../protocol/exchange.ts';
import { Cause } from '../protocol/fault.ts';
import { CLIENT_STAGES, SERVER_STAGES } from '../world/exchange-table.ts';
import { createCapacity } from './capacity.ts';
import { createConnecting } from './connecting.ts';
import { EventKind } from './event-kind.ts';
import { createSigning } from './signing.ts';
import type { RunState } from './state.ts';
import { createSystems } from './systems.ts';
import type { Trust } from './trust.ts';

/** The leg waits: for an event, a place, or the wire. */
const NOTHING = -1;

/**
 * A smaller response leaves the provider's server in one piece, head and all: it fits into the
 * output buffer of its HTTP server (Jetty's HttpConfiguration, 32 KiB). The recorded exchanges show
 * it: the consumer's responseIn comes within a millisecond of the provider's responseOut.
 */
const HELD_BYTES = 32_768;

export type FinishedListener = (slot: number, fault: number, endUs: number) => void;

export type Legs = ReturnType<typeof createLegs>;

/** The facts that clocks, caches and keys decide, and not the message. */
const TRUST_FACTS =
  Fact.GlobalConfValid |
  Fact.SigningKeyUsable |
  Fact.TimestampingConfigured |
  Fact.TimestampingInTime |
  Fact.AuthCertUsable |
  Fact.InstanceKnown |
  Fact.SomeServerInService |
  Fact.ClientVersionSupported |
  Fact.ClientChainValid |
  Fact.AccessAllowed;

/** What `admitPeer` of protocol/exchange.ts asks before it comes to the peer's certificate. */
const BEFORE_PEER = Fact.TargetIsThisServer | Fact.ProviderRegistered | Fact.SigningKeyUsable;

export function createLegs(state: RunState, trust: Trust | null, finished: FinishedListener) {
  const feedLater = (leg: number, input: number): void => feed(leg, input);
  const { servers } = state.plan;
  const { rows, queues } = state;
  const clientThreads = createCapacity(state, servers.clientThreads, rows.clientThreads);
  const serverThreads = createCapacity(state, servers.serverThreads, rows.serverThreads);
  const messageLog = createCapacity(state, servers.logConnections, rows.messageLog);
  const connecting = createConnecting(state, trust, feedLater);
  const signing = createSigning(state, trust, feedLater);
  const systems = createSystems(state);

  /** An exchange has come to its consumer's server. */
  const arrive = (slot: number): void => {
    const { table, nowUs } = state;
    const leg = slot * 2;
    table.sinceUs[leg] = nowUs;
    table.effect[leg] = Effect.None;
    table.requestInUs[slot] = nowUs;
    table.pool[slot] = connecting.pool.poolOf[table.route[slot]];
    beginClientFacts(slot);
    table.waitUs[leg] = NaN;
    table.serviceUs[leg] = NaN;
    if (clientThreads.request(table.clientServer[slot], leg)) {
      feed(leg, Input.ThreadGranted);
    }
  };

  /** Moves a leg by an input, and on, as long as its effects are done at once. */
  const feed = (leg: number, first: number): void => {
    const { table } = state;
    const isServer = (leg & 1) === 1;
    const reads = isServer ? SERVER_READS : CLIENT_READS;
    for (let input = first; input !== NOTHING;) {
      const transition = advance(leg, input);
      const effect = effectOf(transition);
      const next = isServer
        ? performServer(leg, effect, faultOfTransition(transition))
        : performClient(leg, effect, faultOfTransition(transition));
      input = next;
      const kept = table.mailbox[leg];
      if (input === NOTHING && kept !== 0 && (reads[table.stage[leg]] >> (kept & 0xff)) & 1) {
        table.mailbox[leg] = 0;
        input = kept;
      }
    }
    table.freeIfDone(leg >> 1);
  };

  /** A wire input: read now, or kept in the socket's buffer until the leg reads it. */
  const receive = (leg: number, input: number): void => {
    const { table } = state;
    const stage = table.stage[leg];
    const isServer = (leg & 1) === 1;
    if (stage === (isServer ? ServerStage.Closed : ClientStage.Closed)) return;
    const reads = isServer ? SERVER_READS[stage] : CLIENT_READS[stage];
    if ((reads >> (input & 0xff)) & 1) feed(leg, input);
    // A fault or a message stays in front of the closing that follows it.
    else if (table.mailbox[leg] === 0) table.mailbox[leg] = input;
  };

  /** What the provider's server sent comes to the consumer's, behind the response's head. */
  const receiveResponse = (slot: number, input: number): void => {
    const { table } = state;
    const leg = slot * 2;
    const headUs = table.headUs[slot];
    if (headUs >= 0 && table.stage[leg] === ClientStage.Sent) {
      const { nowUs } = state;
      const isHeld = input === Input.ResponseEnd && table.responseBytes[slot] < HELD_BYTES;
      // The head came earlier; nothing of this leg could have come in between.
      if (!isHeld) state.nowUs = Math.min(nowUs, Math.max(headUs, table.sinceUs[leg]));
      table.responseInUs[slot] = state.nowUs;
      feed(leg, Input.ResponseHead);
      state.nowUs = nowUs;
    }
    receive(leg, input);
  };

  /** The request part has come to the provider's server. */
  const open = (slot: number): void => {
    const { table } = state;
    const leg = slot * 2 + 1;
    if (table.stage[leg] !== ServerStage.Waiting) return;
    const server = table.providerServer[slot];
    if (state.epoch[server] !== table.providerEpoch[slot]) {
      state.send(EventKind.ClosedAtClient, slot, false, 0, Purpose.LinkPeerClosed);
      abandon(slot);
      return;
    }
    if (table.isAttack[slot] === 0) state.recorder.exchanges[server]++;
    table.sinceUs[leg] = state.nowUs;
    table.providerRequestInUs[slot] = state.nowUs;
    beginServerFacts(slot);
    table.waitUs[leg] = NaN;
    table.serviceUs[leg] = NaN;
    if (serverThreads.request(server, leg)) feed(leg, Input.ThreadGranted);
  };

  /** The effect of a leg is done; a condition may make it fail at its end. */
  const done = (leg: number): void => {
    const { table } = state;
    const effect = table.effect[leg];
    if (effect === Effect.Connect) connecting.complete(leg, connectCause(leg));
    else if (effect !== Effect.Log || !isStampedLater(leg)) feed(leg, result(leg, effect));
  };

  /**
   * A record that must be stamped at once is committed, and waits for an authority: the transaction
   * is over, so it needs no connection of the log any more (LogManager.log).
   */
  const isStampedLater = (leg: number): boolean => {
    const waitUs = trust === null ? 0 : trust.stampWaitUs(leg);
    if (waitUs === 0) return false;
    const { table } = state;
    releaseLog(leg);
    table.serviceUs[leg] += waitUs;
    state.scheduleLeg(state.nowUs + waitUs, EventKind.LegDone, leg);
    return true;
  };

  /** Why the peer is not trusted, if it is not. */
  const connectCause = (leg: number): number => {
    const cause = failure(leg, Effect.Connect);
    return cause !== Cause.None || trust === null ? cause : trust.connectCause(leg >> 1);
  };

  const failed = (leg: number): void => {
    feed(leg, inputOf(Input.Failed, state.table.failCause[leg]));
  };

  const timedOut = (leg: number): void => {
    const { table } = state;
    if (table.effect[leg] === Effect.Connect) connecting.reject(leg, Cause.IoError);
    else feed(leg, Input.TimedOut);
  };

  /** The patience of the head of a queue may be over. */
  const queueTimer = (queue: number): void => {
    const { queues, nowUs, timers, rows } = state;
    queues.isArmed[queue] = 0;
    const patienceUs = queues.patienceUs[queue];
    for (let leg = queues.head[queue]; leg !== -1; leg = queues.head[queue]) {
      if (queues.enteredUs[leg] + patienceUs > nowUs) break;
      queues.remove(leg);
      if (queue >= rows.antiDos && queue < rows.signing) {
        connecting.reject(leg, Cause.IoError);
      } else {
        feed(leg, Input.TimedOut);
      }
    }
    const head = queues.head[queue];
    // A leg that has timed out may have let another one in, and wound the timer.
    if (head === -1 || queues.isArmed[queue] === 1) return;
    queues.isArmed[queue] = 1;
    timers.schedule(queues.enteredUs[head] + patienceUs, EventKind.QueueTimer, queue, queue, 0);
  };

  /** Legs that were given what they waited for. */
  const serveGranted = (): void => {
    const { granted, table } = state;
    for (let at = 0; at < granted.length; at++) {
      const leg = granted[at];
      // Its server has died in the same event: the place is gone with it.
      if (table.isUsed[leg >> 1] === 0 || isClosed(leg)) continue;
      const effect = table.effect[leg];
      const next =
        effect === Effect.Connect
          ? connecting.begin(leg)
          : effect === Effect.Log
            ? writeLog(leg)
            : Input.ThreadGranted;
      if (next !== NOTHING) feed(leg, next);
    }
    granted.length = 0;
  };

  /** The provider's leg ends without a word: its process has died, or never saw the request. */
  const abandon = (slot: number): void => {
    const { table, queues, rows } = state;
    const leg = slot * 2 + 1;
    const queue = queues.queueOf[leg];
    if (queue !== -1 && queue < rows.systems) queues.remove(leg);
    table.stage[leg] = ServerStage.Closed;
    table.sequence[leg]++;
    table.mailbox[leg] = 0;
    table.freeIfDone(slot);
  };

  /** The consumer's leg ends without an answer: its process has died. */
  const cutOff = (slot: number, fault: number): void => {
    const { table, queues, nowUs, plan } = state;
    const leg = slot * 2;
    if (queues.queueOf[leg] !== -1) queues.remove(leg);
    table.stage[leg] = ClientStage.Closed;
    table.sequence[leg]++;
    table.mailbox[leg] = 0;
    connecting.release(slot, false);
    // Both hops, as of every answer: nobody learns of a dead server in no time.
    const { localDelayUs } = plan.servers;
    finished(slot, fault, nowUs + 2 * localDelayUs[table.clientServer[slot]]);
    table.freeIfDone(slot);
  };

  const advance = (leg: number, input: number): number => {
    const { table, nowUs, hash } = state;
    const slot = leg >> 1;
    const isServer = (leg & 1) === 1;
    const stage = table.stage[leg];
    const needs = isServer ? serverNeeds(stage, input) : clientNeeds(stage, input);
    const facts = needs === 0 ? 0 : factsNow(leg, needs);
    const transition = isServer
      ? advanceServerLeg(stage, input, facts)
      : advanceClientLeg(stage, input, facts);
    hash.kinds.addInt(transition | ((leg & 1) << 24));
    if (table.kept[slot] !== -1) {
      state.journal.append({
        timeUs: nowUs,
        exchange: table.kept[slot],
        leg: leg & 1,
        input,
        facts,
        transition,
        waitUs: table.waitUs[leg],
        serviceUs: table.serviceUs[leg],
      });
    }
    const spentUs = nowUs - table.sinceUs[leg];
    if (isServer) table.serverStageUs[slot * SERVER_STAGES + stage] = spentUs;
    else table.clientStageUs[slot * CLIENT_STAGES + stage] = spentUs;
    const next = stageOf(transition);
    table.stage[leg] = next;
    table.effect[leg] = effectOf(transition);
    table.sinceUs[leg] = nowUs;
    table.sequence[leg]++;
    table.waitUs[leg] = NaN;
    table.serviceUs[leg] = NaN;
    release(leg, input, stage, next);
    return transition;
  };

  /** What the new stage no longer holds is given back; who waits for it is served afterwards. */
  const release = (leg: number, input: number, stage: number, next: number): void => {
    const { table, queues, rows, granted } = state;
    const slot = leg >> 1;
    const isServer = (leg & 1) === 1;
    const queue = queues.queueOf[leg];
    // Whoever leaves waits no longer; but an information system works on regardless.
    if (queue !== -1 && queue < rows.systems) queues.remove(leg);
    const holds = isServer ? SERVER_HOLDS : CLIENT_HOLDS;
    // The thread of a request that is refused as soon as it is taken up was held for no stage.
    const taken = input === Input.ThreadGranted ? Hold.Thread : 0;
    const released = (holds[stage] | taken) & ~holds[next];
    const server = isServer ? table.providerServer[slot] : table.clientServer[slot];
    if ((released & Hold.LogConnection) !== 0) releaseLog(leg);
    if ((released & Hold.Thread) !== 0) {
      const threads = isServer ? serverThreads : clientThreads;
      const after = threads.release(server);
      if (after !== -1) granted.push(after);
    }
    if (isServer) return;
    if (next === ClientStage.Closed) connecting.release(slot, false);
    else if ((released & Hold.Connection) !== 0) connecting.release(slot, true);
  };

  /** A log stage that failed at once, or timed out in the queue, never had a connection. */
  const releaseLog = (leg: number): void => {
    const { table, granted } = state;
    if (table.holdsLog[leg] === 0) return;
    table.holdsLog[leg] = 0;
    const slot = leg >> 1;
    const server = (leg & 1) === 1 ? table.providerServer[slot] : table.clientServer[slot];
    const after = messageLog.release(server);
    if (after !== -1) granted.push(after);
  };

  /** The facts of a leg, from its own server's view, at this instant. */
  const factsNow = (leg: number, needs: number): number => {
    const { table } = state;
    const isClient = (leg & 1) === 0;
    const isEarly = table.stage[leg] < (isClient ? ClientStage.Sent : ServerStage.Answered);
    const facts = (isEarly ? table.facts[leg] : table.lateFacts[leg]) & needs;
    if (trust === null || (needs & TRUST_FACTS) === 0) return facts;
    const slot = leg >> 1;
    return isClient
      ? facts & ~trust.clientFactsBroken(slot, needs)
      : facts & ~trust.serverFactsBroken(slot, needs);
  };

  /**
   * What no patch changes is settled when a leg begins: what its message, its service and its
   * server lack, and whether either body is too large to be logged.
   */
  const beginFacts = (leg: number, server: number, broken: number, failEffects: number): void => {
    const { table, plan } = state;
    const slot = leg >> 1;
    const service = table.service[slot];
    const isSoap = plan.services.isSoap[service] === 1 ? Fact.IsRest : 0;
    const facts = ALL_FACTS & ~(broken | isSoap);
    const bytesMax = plan.servers.loggableBytesMax[server];
    table.facts[leg] = table.requestBytes[slot] > bytesMax ? facts & ~Fact.BodyLoggable : facts;
    table.lateFacts[leg] =
      table.responseBytes[slot] > bytesMax ? facts & ~Fact.BodyLoggable : facts;
    table.mayFail[leg] = failEffects === 0 ? 0 : 1;
  };

  const beginClientFacts = (slot: number): void => {
    const { table, plan } = state;
    const { flows, servers } = plan;
    const flow = table.flow[slot];
    const server = table.clientServer[slot];
    const broken = flows.clientFactsBroken[flow] | servers.clientFactsBroken[server];
    const failEffects = flows.clientFailEffect[flow] | servers.clientFailEffect[server];
    beginFacts(slot * 2, server, broken, failEffects);
  };

  const beginServerFacts = (slot: number): void => {
    const { table, plan } = state;
    const { flows, servers, services } = plan;
    const flow = table.flow[slot];
    const server = table.providerServer[slot];
    const index = table.candidate[slot] - plan.routes.candidateFrom[table.route[slot]];
    const denied = (flows.accessMask[flow] >> index) & 1 ? 0 : Fact.AccessAllowed;
    const version = servers.version[table.clientServer[slot]];
    const isTooOld = trust === null && version < servers.minClientVersion[server];
    const tooOld = isTooOld ? Fact.ClientVersionSupported : 0;
    const broken =
      flows.serverFactsBroken[flow] |
      servers.serverFactsBroken[server] |
      services.factsBroken[flows.service[flow]] |
      denied |
      tooOld;
    const failEffects = flows.serverFailEffect[flow] | servers.serverFailEffect[server];
    beginFacts(slot * 2 + 1, server, broken, failEffects);
  };

  const result = (leg: number, effect: number): number => {
    const isRefused = effect === Effect.Forward && hasBadStatus(leg >> 1);
    let cause: number = isRefused ? Cause.HttpError : failure(leg, effect);
    if (trust !== null && cause === Cause.None) {
      if (effect === Effect.Log) cause = logged(trust, leg);
      else if (effect === Effect.Verify) cause = trust.verifyCause(leg);
      else if (effect === Effect.Admit) cause = admitCause(trust, leg);
    }
    return cause === Cause.None ? Input.Done : inputOf(Input.Failed, cause);
  };

  /** The rules look at other facts first (facts 2.3 step 6): what they refuse is theirs. */
  const admitCause = (clocks: Trust, leg: number): number => {
    const cause = clocks.admitCause(leg >> 1);
    if (cause === Cause.None) return cause;
    return factsNow(leg, BEFORE_PEER) === BEFORE_PEER ? cause : Cause.None;
  };

  /** The record is committed; it counts unless it had to be stamped at once, and was not. */
  const logged = (clocks: Trust, leg: number): number => {
    const cause = clocks.stampCause(leg);
    if (cause === Cause.None) clocks.logged(leg);
    return cause;
  };

  /** SOAP takes 200 and, for its own faults, 500 from an information system (facts 2.2). */
  const hasBadStatus = (slot: number): boolean => {
    const { plan, table } = state;
    const service = table.service[slot];
    const status = plan.services.status[service];
    return plan.services.isSoap[service] === 1 && status !== 200 && status !== 500;
  };

  /** The cause with which this effect fails; Cause.None: it does not. */
  const failure = (leg: number, effect: number): number => {
    const cause = state.table.mayFail[leg] === 0 ? Cause.None : conditionCause(leg, effect);
    const isOfTrust = effect === Effect.Sign || effect === Effect.Log;
    if (cause !== Cause.None || trust === null || !isOfTrust) return cause;
    return trust.failure(leg, effect);
  };

  /** The cause that a condition of the flow or of the server gives the effect. */
  const conditionCause = (leg: number, effect: number): number => {
    const { table, plan } = state;
    const { flows, servers } = plan;
    const slot = leg >> 1;
    const flow = table.flow[slot];
    if ((leg & 1) === 0) {
      const server = table.clientServer[slot];
      if (flows.clientFailEffect[flow] === effect) return flows.clientFailCause[flow];
      if (servers.clientFailEffect[server] === effect) return servers.clientFailCause[server];
      return Cause.None;
    }
    const server = table.providerServer[slot];
    if (flows.serverFailEffect[flow] === effect) return flows.serverFailCause[flow];
    if (servers.serverFailEffect[server] === effect) return servers.serverFailCause[server];
    return Cause.None;
  };

  const performClient = (leg: number, effect: number, fault: number): number => {
    const { table, plan } = state;
    const slot = leg >> 1;
    const server = table.clientServer[slot];
    switch (effect) {
      case Effect.Parse:
        return spend(leg, server, Cost.Parse, Purpose.Parse, table.requestBytes[slot]);
      case Effect.Connect:
        table.requestOutUs[slot] = state.nowUs;
        return connecting.begin(leg);
      case Effect.StreamRequest:
        return streamRequest(leg);
      case Effect.Sign:
        endBody(slot);
        return sign(leg, plan.flows.signer[table.flow[slot]]);
      case Effect.Log:
        return log(leg, server);
      case Effect.SendSignature:
        state.send(EventKind.MessageEnd, slot, true, 0, Purpose.LinkSignature);
        return NOTHING;
      case Effect.Verify: {
        const bytes = table.responseBytes[slot];
        return spend(leg, server, Cost.Verify, Purpose.VerifyResponse, bytes);
      }
      case Effect.Respond:
        respond(leg, fault);
        return NOTHING;
      default:
        return NOTHING;
    }
  };

  const performServer = (leg: number, effect: number, fault: number): number => {
    const { table, plan, rows } = state;
    const slot = leg >> 1;
    const server = table.providerServer[slot];
    switch (effect) {
      case Effect.Admit:
        return spend(leg, server, Cost.Admit, Purpose.Admit, 0);
      case Effect.Receive:
        // While the body is still coming the connection is not idle.
        if (table.mailbox[leg] === 0 && table.bodyEndUs[slot] <= state.nowUs) {
          state.enqueue(rows.receive + server, leg);
        }
        return NOTHING;
      case Effect.Verify: {
        const bytes = table.requestBytes[slot];
        return spend(leg, server, Cost.Verify, Purpose.Verify, bytes);
      }
      case Effect.Log:
        return log(leg, server);
      case Effect.Forward: {
        const cause = failure(leg, effect);
        if (cause !== Cause.None) return inputOf(Input.Failed, cause);
        systems.forward(leg);
        return NOTHING;
      }
      case Effect.StreamResponse:
        return streamResponse(leg);
      case Effect.Sign:
        return sign(leg, plan.candidates.signer[table.candidate[slot]]);
      case Effect.SendResponseEnd:
        table.providerResponseOutUs[slot] = state.nowUs;
        state.send(EventKind.ResponseEnd, slot, false, 0, Purpose.LinkResponse);
        return NOTHING;
      case Effect.SendFault:
        countFault(slot, server);
        table.sentFault[slot] = fault;
        table.providerResponseOutUs[slot] = state.nowUs;
        state.send(EventKind.FaultPart, slot, false, 0, Purpose.LinkFault);
        return NOTHING;
      case Effect.Close:
        state.send(EventKind.ClosedAtClient, slot, false, 0, Purpose.LinkPeerClosed);
        return NOTHING;
      default:
        return NOTHING;
    }
  };

  const spend = (
    leg: number,
    server: number,
    cost: number,
    purpose: number,
    bytes: number,
  ): number => {
    const endUs = state.spend(server, leg, cost, purpose, bytes);
    if (endUs === state.nowUs) return result(leg, state.table.effect[leg]);
    state.scheduleLeg(endUs, EventKind.LegDone, leg);
    return NOTHING;
  };

  const streamRequest = (leg: number): number => {
    const { table, plan, nowUs } = state;
    const slot = leg >> 1;
    const bytes = table.requestBytes[slot];
    const upload = plan.flows.uploadBandwidth[table.flow[slot]];
    const link = plan.candidates.linkOut[table.candidate[slot]];
    const server = table.clientServer[slot];
    const workedUs = state.spend(server, leg, Cost.Stream, Purpose.Stream, bytes);
    const transferUs = state.transferUs(link, bytes, slot, Purpose.LossRequest);
    const uploadUs = Math.round(bytes / upload);
    const endUs = Math.max(workedUs, nowUs + Math.max(transferUs, uploadUs));
    // The provider's server hears of the request at once: a slow upload holds both.
    table.stage[leg + 1] = ServerStage.Waiting;
    table.sequence[leg + 1]++;
    table.bodyEndUs[slot] = endUs;
    state.send(EventKind.RequestPart, slot, true, 0, Purpose.LinkRequest);
    if (endUs === nowUs) return Input.Done;
    state.scheduleLeg(endUs, EventKind.LegDone, leg);
    return NOTHING;
  };

  /** Nothing more of the body comes: from now on the connection is idle for who waits. */
  const endBody = (slot: number): void => {
    const { table, queues, rows } = state;
    const leg = slot * 2 + 1;
    if (table.stage[leg] !== ServerStage.Admitted || queues.queueOf[leg] !== -1) return;
    state.enqueue(rows.receive + table.providerServer[slot], leg);
  };

  const streamResponse = (leg: number): number => {
    const { table, plan, nowUs } = state;
    const slot = leg >> 1;
    const bytes = table.responseBytes[slot];
    const back = plan.candidates.linkBack[table.candidate[slot]];
    const server = table.providerServer[slot];
    table.providerResponseInUs[slot] = nowUs;
    // The head is no event: until the response's end nothing of the consumer's can come between.
    table.headUs[slot] = nowUs + state.packetUs(back, slot, Purpose.LinkResponseHead);
    table.lastBackUs[slot] = Math.max(table.lastBackUs[slot], table.headUs[slot]);
    // Over a cut link nothing comes before what is sent again.
    if (state.linkCut[back] === 1) table.headUs[slot] = Infinity;
    const workedUs = state.spend(server, leg, Cost.Stream, Purpose.StreamResponse, bytes);
    const transferUs = state.transferUs(back, bytes, slot, Purpose.LossResponse);
    const endUs = Math.max(workedUs, nowUs + transferUs);
    if (endUs === nowUs) return Input.Done;
    state.scheduleLeg(endUs, EventKind.LegDone, leg);
    return NOTHING;
  };

  const sign = (leg: number, signer: number): number => {
    const cause = failure(leg, Effect.Sign);
    if (cause !== Cause.None) return inputOf(Input.Failed, cause);
    signing.request(signer, leg);
    return NOTHING;
  };

  const log = (leg: number, server: number): number => {
    const cause = failure(leg, Effect.Log);
    if (cause !== Cause.None) return inputOf(Input.Failed, cause);
    if (!messageLog.request(server, leg)) return NOTHING;
    return writeLog(leg);
  };

  /** A connection of the message log's pool is ours: insert and commit. */
  const writeLog = (leg: number): number => {
    const { table } = state;
    const slot = leg >> 1;
    const isServer = (leg & 1) === 1;
    const server = isServer ? table.providerServer[slot] : table.clientServer[slot];
    const isRequest = table.stage[leg] === (isServer ? ServerStage.Verified : ClientStage.Signed);
    table.holdsLog[leg] = 1;
    const waitedUs = state.nowUs - table.sinceUs[leg];
    const purpose = isServer
      ? isRequest
        ? Purpose.LogRequestAtServer
        : Purpose.LogResponseAtServer
      : isRequest
        ? Purpose.LogRequestAtClient
        : Purpose.LogResponseAtClient;
    const bytes = isRequest ? table.requestBytes[slot] : table.responseBytes[slot];
    const commitUs = state.spend(server, leg, Cost.LogCommit, purpose, bytes);
    const endUs = trust === null ? commitUs : commitUs + slowUs(trust, server, leg);
    table.waitUs[leg] += waitedUs;
    if (trust !== null) trust.writing(leg);
    if (endUs === state.nowUs) return isStampedLater(leg) ? NOTHING : result(leg, Effect.Log);
    state.scheduleLeg(endUs, EventKind.LegDone, leg);
    return NOTHING;
  };

  /** What a slow disk adds to a commit. */
  const slowUs = (clocks: Trust, server: number, leg: number): number => {
    const { serviceUs } = state.table;
    const addedUs = Math.round((clocks.table.logSlowness[server] - 1) * serviceUs[leg]);
    serviceUs[leg] += addedUs;
    return addedUs;
  };

  /** The answer or the fault leaves for the information system; the call is over. */
  const respond = (leg: number, fault: number): void => {
    const { table, plan } = state;
    const slot = leg >> 1;
    const server = table.clientServer[slot];
    const isRaisedHere = fault !== 0 && table.sentFault[slot] !== fault;
    if (isRaisedHere) countFault(slot, server);
    const isSilent = (fault & 63) === Cause.NoAnswer;
    const bytes = fault === 0 ? table.responseBytes[slot] : 0;
    const leftUs = isSilent
      ? state.nowUs
      : state.spend(server, leg, Cost.Respond, Purpose.Respond, bytes);
    closePeer(slot);
    // Both hops between the information system and its server: the first is the same for all
    // calls of a server, so that counting it here needs no event there.
    finished(slot, fault, leftUs + 2 * plan.servers.localDelayUs[server]);
  };

  const isClosed = (leg: number): boolean => {
    const isServer = (leg & 1) === 1;
    return state.table.stage[leg] === (isServer ? ServerStage.Closed : ClientStage.Closed);
  };

  const countFault = (slot: number, server: number): void => {
    const { recorder, table } = state;
    if (table.isAttack[slot] === 0) recorder.faults[server]++;
  };

  /** A consumer's leg that ends before its peer's closes the connection under it. */
  const closePeer = (slot: number): void => {
    const { table } = state;
    if (table.stage[slot * 2 + 1] === ServerStage.Closed) return;
    state.send(EventKind.ClosedAtServer, slot, true, 0, Purpose.LinkClientClosed);
  };

  for (let server = 0; server < servers.id.length; server++) {
    queues.patienceUs[rows.clientThreads + server] = servers.idleTimeoutUs[server];
    queues.patienceUs[rows.serverThreads + server] = servers.idleTimeoutUs[server];
    queues.patienceUs[rows.receive + server] = servers.idleTimeoutUs[server];
    queues.patienceUs[rows.messageLog + server] = servers.logPoolTimeoutUs[server];
  }
  return {
    clientThreads,
    serverThreads,
    messageLog,
    connecting,
    signing,
    systems,
    arrive,
    feed,
    receive,
    receiveResponse,
    open,
    done,
    failed,
    timedOut,
    queueTimer,
    serveGranted,
    abandon,
    cutOff,
  };
}
