/**
 * The effect Connect: lease or open, pick a server, TCP, the gate of port 5500, TLS. The rules of
 * selection are protocol/connection.ts, those of the gate protocol/anti-dos.ts.
 *
 * A full handshake is one round trip for TCP and two for TLS 1.2. The work of the provider's side
 * is done when the ClientHello has come, that of the consumer's when the answer has.
 */
import { Purpose } from '../base/random.ts';
import { Gate, judgeConnection } from '../protocol/anti-dos.ts';
import {
  ConnectMode,
  failureCause,
  firstAttempt,
  limitOf,
  limitUs,
  maskAfterSilence,
  maskOfAttempt,
  modeOf,
  nextAttempt,
} from '../protocol/connection.ts';
import { Cost } from '../protocol/effect.ts';
import { Input, inputOf } from '../protocol/exchange.ts';
import { Cause } from '../protocol/fault.ts';
import { createConnectionPool } from './connection-pool.ts';
import { EventKind } from './event-kind.ts';
import type { RunState } from './state.ts';
import type { Trust } from './trust.ts';

/** Who waits at a gate: an exchange, or (slot -1) one connection of a flood. */
interface Waiting {
  readonly slot: number;
  readonly generation: number;
  readonly source: number;
  /** Of a flood: it came after the warm-up. */
  readonly isCounted: boolean;
}

/** The connections of one flood source that wait, or of one known server, in order. */
interface Partner {
  readonly key: number;
  readonly waiting: Waiting[];
}

const NOTHING = -1;

export type Connecting = ReturnType<typeof createConnecting>;

export function createConnecting(
  state: RunState,
  trust: Trust | null,
  feed: (leg: number, input: number) => void,
) {
  const pools = createConnectionPool(state, (provider) => {
    if (waitingCount[provider] > 0) openGate(provider);
  });
  const { servers } = state.plan;
  const serverCount = servers.id.length;
  const antiDosQueueMax = new Float64Array(serverCount);
  /** Per server: partners in the order of their turns. */
  const gates: Partner[][] = Array.from({ length: serverCount }, () => []);
  const waitingCount = new Int32Array(serverCount);

  /** Begins the effect; an input when it is done at once, else -1. */
  const begin = (leg: number): number => {
    const { table, plan } = state;
    const slot = leg >> 1;
    const server = table.clientServer[slot];
    const route = table.route[slot];
    const pool = pools.poolOf[route];
    const mask = inService(server, route);
    if (plan.servers.reusesConnections[server] === 1) {
      const index = pools.lease(pool, mask);
      if (index !== -1) {
        setCandidate(slot, index);
        table.connection[slot] = 2;
        return Input.Done;
      }
    }
    if (!makeRoom(server, pool)) {
      state.enqueue(state.rows.lease + server, leg);
      return NOTHING;
    }
    pools.openCount[server]++;
    pools.openCountOfPool[pool]++;
    table.connection[slot] = 1;
    table.candidateMask[slot] = mask;
    table.attempt[slot] = firstAttempt(mask, pools.rememberedOf(pool));
    return attempt(leg);
  };

  /** The servers of a route that their own instance does not call out of service. */
  const inService = (server: number, route: number): number => {
    const { routes, candidates } = state.plan;
    const count = routes.candidateCount[route];
    let mask = maskOf(count);
    if (trust === null || !trust.hasMaintenance) return mask;
    for (let index = 0; index < count; index++) {
      const provider = candidates.server[routes.candidateFrom[route] + index];
      if (trust.isInMaintenance(server, provider)) mask &= ~(1 << index);
    }
    return mask;
  };

  /** No connect of the attempt completed: forget the remembered one, and try what is left. */
  const silent = (leg: number): void => {
    const { table } = state;
    const slot = leg >> 1;
    const pool = poolOf(slot);
    const attempt = table.attempt[slot];
    const remembered = table.remembered[slot];
    const mask = maskAfterSilence(attempt, table.candidateMask[slot], remembered);
    // Somebody else may have found out earlier, and remember another one by now.
    if (modeOf(attempt) === ConnectMode.Remembered && pools.remembered[pool] === remembered) {
      pools.remembered[pool] = -1;
    }
    retry(leg, mask, false, table.failCause[leg]);
  };

  /** The ClientHello has come to the provider's server. */
  const hello = (slot: number): void => {
    const { table, plan, isUp, linkCut } = state;
    const server = table.providerServer[slot];
    const leg = slot * 2;
    if (isUp[server] === 0) {
      breakOff(leg, Cause.NetworkError);
      return;
    }
    if (linkCut[plan.candidates.linkBack[table.candidate[slot]]] === 1) {
      // The answer is lost: the handshake's own time-out ends it.
      const deadlineUs = Math.max(state.nowUs, table.deadlineUs[slot]);
      state.scheduleLeg(deadlineUs, EventKind.LegTimedOut, leg);
      return;
    }
    const gate = judge(server);
    if (gate === Gate.Close) breakOff(leg, Cause.IoError);
    else if (gate === Gate.Pass) serve(slot);
    else {
      const generation = table.generation[slot];
      const waiting = { slot, generation, source: -1, isCounted: false };
      wait(server, table.clientServer[slot], waiting);
      state.enqueue(state.rows.antiDos + table.clientServer[slot], leg);
    }
  };

  /** The provider's answer has come: the consumer's part of the handshake. */
  const reply = (leg: number): void => {
    const { table, plan } = state;
    const slot = leg >> 1;
    if (isBroken(slot)) {
      breakOff(leg, Cause.NetworkError);
      return;
    }
    const candidate = table.candidate[slot];
    const doneUs = state.spend(
      table.clientServer[slot],
      leg,
      Cost.HandshakeClient,
      Purpose.HandshakeClient,
      0,
    );
    const roundTripUs =
      state.packetUs(plan.candidates.linkOut[candidate], slot, Purpose.LinkFinished) +
      state.packetUs(plan.candidates.linkBack[candidate], slot, Purpose.LinkFinishedBack);
    // The peer's OCSP answer may have to be fetched first, and its port 5577 may be silent.
    const fetchUs = trust === null ? 0 : trust.connectDelayUs(slot);
    const endUs = doneUs + roundTripUs + fetchUs;
    const deadlineUs = table.deadlineUs[slot];
    if (endUs > deadlineUs) {
      state.scheduleLeg(Math.max(state.nowUs, deadlineUs), EventKind.LegTimedOut, leg);
    } else {
      state.scheduleLeg(endUs, EventKind.LegDone, leg);
    }
  };

  /** The handshake is complete; `tlsCause` is what the verification of the peer gave. */
  const complete = (leg: number, tlsCause: number): void => {
    const { table, plan, nowUs } = state;
    const slot = leg >> 1;
    if (isBroken(slot)) {
      breakOff(leg, Cause.NetworkError);
      return;
    }
    if (tlsCause !== Cause.None) {
      reject(leg, tlsCause);
      return;
    }
    const stickinessUs = plan.servers.stickinessUs[table.clientServer[slot]];
    if (modeOf(table.attempt[slot]) === ConnectMode.Race && stickinessUs > 0) {
      const pool = poolOf(slot);
      pools.remembered[pool] = indexOf(slot);
      pools.forgetUs[pool] = nowUs + stickinessUs;
    }
    feed(leg, Input.Done);
  };

  /** The winner failed TLS or its verification: race the others, if there are any. */
  const reject = (leg: number, cause: number): void => {
    const { table, plan } = state;
    const slot = leg >> 1;
    const route = table.route[slot];
    if (plan.routes.candidateCount[route] === 1 && cause === Cause.IoError) {
      feed(leg, Input.TimedOut);
      return;
    }
    table.tlsCause[slot] = cause;
    leaveGate(slot);
    retry(leg, table.candidateMask[slot] & ~(1 << indexOf(slot)), true, 0);
  };

  /** The exchange is done with its connection. */
  const release = (slot: number, isReusable: boolean): void => {
    const { table, plan, epoch } = state;
    if (table.connection[slot] === 0) return;
    const server = table.clientServer[slot];
    const provider = table.providerServer[slot];
    const pool = poolOf(slot);
    if (
      isReusable &&
      plan.servers.reusesConnections[server] === 1 &&
      plan.servers.allowsReuse[provider] === 1 &&
      epoch[provider] === table.providerEpoch[slot]
    ) {
      table.connection[slot] = 0;
      pools.keep(pool, indexOf(slot), table.providerEpoch[slot]);
    } else {
      leaveGate(slot);
      table.connection[slot] = 0;
      pools.openCount[server]--;
      pools.openCountOfPool[pool]--;
    }
    serveLease(server);
  };

  /** A connection of a flood has come to a gate. */
  const flood = (source: number): void => {
    const { sources, servers } = state.plan;
    const server = sources.target[source];
    const isCounted = state.nowUs >= state.plan.warmUpUs;
    state.recorder.attacked(state.nowUs, servers.instance[server]);
    if (state.isUp[server] === 0) {
      refuseFlood(isCounted);
      return;
    }
    const gate = judge(server);
    if (gate === Gate.Close) refuseFlood(isCounted);
    else if (gate === Gate.Pass) serveFlood(server, source, isCounted);
    else {
      const waiting = { slot: -1, generation: 0, source, isCounted };
      wait(server, sources.partner[source], waiting);
    }
  };

  /** A connection of a flood has been idle too long, and is closed; or its server died before. */
  const floodEnd = (server: number, life: number): void => {
    if ((life & 1) === 1) state.recorder.attack.served++;
    if (state.epoch[server] !== life >> 1) return;
    pools.admittedCount[server]--;
    openGate(server);
  };

  /** The server has died: all that waited at its gate is gone. */
  const reset = (server: number): void => {
    const gone = gates[server];
    gates[server] = [];
    waitingCount[server] = 0;
    for (const { waiting } of gone) {
      for (const { slot, generation, isCounted } of waiting) {
        if (slot === -1) refuseFlood(isCounted);
        else if (waitsAtGate(server, slot, generation)) {
          state.queues.remove(slot * 2);
          breakOff(slot * 2, Cause.NetworkError);
        }
      }
    }
    pools.reset(server);
  };

  /** Connects to the addresses of the attempt; they answer, refuse, or keep silent. */
  const attempt = (leg: number): number => {
    const { table, plan, nowUs } = state;
    const slot = leg >> 1;
    const server = table.clientServer[slot];
    const attempt = table.attempt[slot];
    const pool = poolOf(slot);
    const route = table.route[slot];
    const remembered = pools.remembered[pool];
    const tried = maskOfAttempt(attempt, table.candidateMask[slot], remembered);
    table.remembered[slot] = remembered;
    const limit = limitUs(
      limitOf(attempt),
      plan.servers.clientTimeoutUs[server],
      plan.servers.cachedConnectTimeoutUs[server],
    );
    let bestUs = Infinity;
    let best = -1;
    let refusedUs = 0;
    let isSilent = false;
    for (let index = 0; index < plan.routes.candidateCount[route]; index++) {
      if ((tried & (1 << index)) === 0) continue;
      const candidate = plan.routes.candidateFrom[route] + index;
      const connectUs = connectTimeUs(slot, candidate, index);
      if (connectUs > limit) isSilent = true;
      else if (state.isUp[plan.candidates.server[candidate]] === 0) {
        refusedUs = Math.max(refusedUs, connectUs);
      } else if (connectUs < bestUs) {
        bestUs = connectUs;
        best = index;
      }
    }
    if (best === -1) {
      const isSingle = plan.routes.candidateCount[route] === 1;
      table.failCause[leg] = failureCause(isSingle, isSilent, table.tlsCause[slot]);
      const endUs = nowUs + (isSilent ? limit : refusedUs);
      state.scheduleLeg(endUs, EventKind.ConnectSilent, leg);
      return NOTHING;
    }
    setCandidate(slot, best);
    table.deadlineUs[slot] = nowUs + bestUs + plan.servers.clientTimeoutUs[server];
    const link = plan.candidates.linkOut[table.candidate[slot]];
    const helloUs = nowUs + bestUs + state.packetUs(link, slot, Purpose.LinkHello);
    const generation = table.generation[slot];
    state.events.schedule(helloUs, EventKind.ServerHello, table.id[slot], slot, generation);
    return NOTHING;
  };

  /** Microseconds of a TCP connect; Infinity: it is never answered. */
  const connectTimeUs = (slot: number, candidate: number, index: number): number => {
    const out = state.plan.candidates.linkOut[candidate];
    const back = state.plan.candidates.linkBack[candidate];
    if (state.linkCut[out] === 1 || state.linkCut[back] === 1) return Infinity;
    const purpose = Purpose.RaceBase + 3 * index;
    return (
      state.packetUs(out, slot, purpose) +
      state.packetUs(back, slot, purpose + 1) +
      state.synLossUs(out, back, slot, purpose + 2)
    );
  };

  const retry = (leg: number, mask: number, wasTls: boolean, cause: number): void => {
    const { table } = state;
    const slot = leg >> 1;
    table.candidateMask[slot] = mask;
    table.attempt[slot] = nextAttempt(mask, wasTls);
    if (mask !== 0) {
      // What was under way for the last attempt is void.
      table.sequence[leg]++;
      attempt(leg);
      return;
    }
    const last = cause === 0 ? failureCause(false, false, table.tlsCause[slot]) : cause;
    const isTimeout = last === Cause.IoError;
    feed(leg, isTimeout ? Input.TimedOut : inputOf(Input.Failed, last));
  };

  /** The peer closed or reset the connection before the handshake was complete. */
  const breakOff = (leg: number, cause: number): void => {
    const { table, plan } = state;
    const slot = leg >> 1;
    const route = table.route[slot];
    leaveGate(slot);
    if (plan.routes.candidateCount[route] === 1) {
      table.failCause[leg] = cause;
      const link = plan.candidates.linkBack[table.candidate[slot]];
      const backUs = state.packetUs(link, slot, Purpose.LinkBrokenOff);
      state.scheduleLeg(state.nowUs + backUs, EventKind.LegFailed, leg);
      return;
    }
    table.tlsCause[slot] = cause;
    retry(leg, table.candidateMask[slot] & ~(1 << indexOf(slot)), true, 0);
  };

  const serve = (slot: number): void => {
    const { table, plan } = state;
    const server = table.providerServer[slot];
    pools.admittedCount[server]++;
    table.connection[slot] = 2;
    table.providerEpoch[slot] = state.epoch[server];
    const leg = slot * 2;
    const doneUs = state.spend(server, leg, Cost.HandshakeServer, Purpose.HandshakeServer, 0);
    const back = plan.candidates.linkBack[table.candidate[slot]];
    const replyUs = doneUs + state.packetUs(back, slot, Purpose.LinkHelloBack);
    if (replyUs > table.deadlineUs[slot]) {
      const deadlineUs = Math.max(state.nowUs, table.deadlineUs[slot]);
      state.scheduleLeg(deadlineUs, EventKind.LegTimedOut, leg);
    } else {
      state.scheduleLeg(replyUs, EventKind.HandshakeReply, leg);
    }
  };

  const serveFlood = (server: number, source: number, isCounted: boolean): void => {
    const { sources, servers } = state.plan;
    pools.admittedCount[server]++;
    if (sources.partner[source] >= 0) {
      // A known address has a certificate: it makes the server pay for a handshake.
      const row = servers.costProfile[server];
      const workUs = state.atSpeed(server, state.prices.medianCpuUs(row, Cost.HandshakeServer));
      const host = servers.host[server];
      if (workUs > 0) {
        state.cpu.take(host, state.nowUs, workUs);
        const waitUs = state.cpu.taken.startUs - state.nowUs;
        state.recorder.worked(server, state.cpu.taken.startUs, workUs, waitUs);
      }
    }
    const endUs = state.nowUs + servers.idleTimeoutUs[server];
    const life = state.epoch[server] * 2 + Number(isCounted);
    state.events.schedule(endUs, EventKind.FloodEnd, server, server, life);
  };

  const refuseFlood = (isCounted: boolean): void => {
    if (isCounted) state.recorder.attack.refused++;
  };

  const judge = (server: number): number => {
    const { servers } = state.plan;
    const admitted = pools.admittedCount[server];
    const handles = admitted + pools.openCount[server];
    return judgeConnection(
      admitted,
      servers.antiDosConnections[server],
      servers.fileHandles[server] - handles,
      servers.fileHandlesFreeMin[server],
    );
  };

  const wait = (server: number, key: number, waiting: Waiting): void => {
    const partners = gates[server];
    const partner = partners.find((entry) => entry.key === key);
    if (partner === undefined) partners.push({ key, waiting: [waiting] });
    else partner.waiting.push(waiting);
    const count = ++waitingCount[server];
    if (count > antiDosQueueMax[server]) antiDosQueueMax[server] = count;
  };

  /** A place at the gate is free: the partner whose turn it is sends its oldest connection. */
  const openGate = (server: number): void => {
    const partners = gates[server];
    while (partners.length > 0) {
      const gate = judge(server);
      if (gate === Gate.Wait) return;
      const partner = partners.shift();
      const next = partner?.waiting.shift();
      if (partner === undefined || next === undefined) continue;
      if (partner.waiting.length > 0) partners.push(partner);
      waitingCount[server]--;
      if (next.slot === -1) {
        if (gate === Gate.Close) refuseFlood(next.isCounted);
        else serveFlood(server, next.source, next.isCounted);
      } else if (waitsAtGate(server, next.slot, next.generation)) {
        state.queues.remove(next.slot * 2);
        if (gate === Gate.Close) breakOff(next.slot * 2, Cause.IoError);
        else serve(next.slot);
      }
    }
  };

  /** It waits here; if it lost patience, it may by now wait at another gate. */
  const waitsAtGate = (server: number, slot: number, generation: number): boolean => {
    const { table, queues, rows } = state;
    if (table.generation[slot] !== generation || table.providerServer[slot] !== server)
      return false;
    return queues.queueOf[slot * 2] === rows.antiDos + table.clientServer[slot];
  };

  /** A connection of the server has become free: the first who can use it goes on. */
  const serveLease = (server: number): void => {
    const { queues, rows, granted } = state;
    const leg = queues.find(rows.lease + server, (one) => {
      const pool = poolOf(one >> 1);
      return pools.hasIdle(pool) || makeRoom(server, pool);
    });
    if (leg === -1) return;
    queues.remove(leg);
    granted.push(leg);
  };

  /** Its connection is no longer open at the provider's end, whatever the consumer's thinks. */
  const leaveGate = (slot: number): void => {
    const { table, epoch } = state;
    if (table.connection[slot] !== 2) return;
    table.connection[slot] = 1;
    const provider = table.providerServer[slot];
    if (epoch[provider] !== table.providerEpoch[slot]) return;
    pools.admittedCount[provider]--;
    if (waitingCount[provider] > 0) openGate(provider);
  };

  /** Whether one more connection may be opened; an idle one of another route gives way to it. */
  const makeRoom = (server: number, pool: number): boolean => {
    const { servers } = state.plan;
    const routeMax = servers.connectionsPerRouteMax[server];
    if (pools.openCountOfPool[pool] >= routeMax) return false;
    return pools.openCount[server] < servers.connectionsMax[server] || pools.discard(server);
  };

  const isBroken = (slot: number): boolean => {
    const { table, epoch } = state;
    return epoch[table.providerServer[slot]] !== table.providerEpoch[slot];
  };

  const setCandidate = (slot: number, index: number): void => {
    const { table, plan, epoch } = state;
    const candidate = plan.routes.candidateFrom[table.route[slot]] + index;
    table.candidate[slot] = candidate;
    table.providerServer[slot] = plan.candidates.server[candidate];
    table.providerEpoch[slot] = epoch[plan.candidates.server[candidate]];
  };

  const indexOf = (slot: number): number => {
    const { table, plan } = state;
    return table.candidate[slot] - plan.routes.candidateFrom[table.route[slot]];
  };

  const poolOf = (slot: number): number => {
    return state.table.pool[slot];
  };

  for (let server = 0; server < serverCount; server++) {
    const { patienceUs } = state.queues;
    patienceUs[state.rows.lease + server] = servers.clientTimeoutUs[server];
    patienceUs[state.rows.antiDos + server] = servers.clientTimeoutUs[server];
  }
  return {
    pool: pools,
    antiDosQueueMax,
    begin,
    silent,
    hello,
    reply,
    complete,
    reject,
    release,
    flood,
    floodEnd,
    leaveGate,
    reset,
  };
}

function maskOf(count: number): number {
  return count >= 31 ? 0x7fffffff : (1 << count) - 1;
}
