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
import { ConnectionPool } from './connection-pool.ts';
import { EventKind } from './event-kind.ts';
import type { RunState } from './state.ts';

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

export class Connecting {
  readonly pool: ConnectionPool;
  readonly antiDosQueueMax: Float64Array;
  readonly #state: RunState;
  readonly #feed: (leg: number, input: number) => void;
  /** Per server: partners in the order of their turns. */
  readonly #gates: Partner[][];
  readonly #waitingCount: Int32Array;

  constructor(state: RunState, feed: (leg: number, input: number) => void) {
    this.#state = state;
    this.#feed = feed;
    this.pool = new ConnectionPool(state, (provider) => {
      if (this.#waitingCount[provider] > 0) this.#openGate(provider);
    });
    const { servers } = state.plan;
    const serverCount = servers.id.length;
    this.antiDosQueueMax = new Float64Array(serverCount);
    this.#gates = Array.from({ length: serverCount }, () => []);
    this.#waitingCount = new Int32Array(serverCount);
    for (let server = 0; server < serverCount; server++) {
      const { patienceUs } = state.queues;
      patienceUs[state.rows.lease + server] = servers.clientTimeoutUs[server];
      patienceUs[state.rows.antiDos + server] = servers.clientTimeoutUs[server];
    }
  }

  /** Begins the effect; an input when it is done at once, else -1. */
  begin(leg: number): number {
    const { table, plan } = this.#state;
    const slot = leg >> 1;
    const server = table.clientServer[slot];
    const route = table.route[slot];
    const pool = this.pool.poolOf[route];
    if (plan.servers.reusesConnections[server] === 1) {
      const index = this.pool.lease(pool);
      if (index !== -1) {
        this.#setCandidate(slot, index);
        table.connection[slot] = 2;
        return Input.Done;
      }
    }
    if (!this.#makeRoom(server, pool)) {
      this.#state.enqueue(this.#state.rows.lease + server, leg);
      return NOTHING;
    }
    this.pool.openCount[server]++;
    this.pool.openCountOfPool[pool]++;
    table.connection[slot] = 1;
    const mask = maskOf(plan.routes.candidateCount[route]);
    table.candidateMask[slot] = mask;
    table.attempt[slot] = firstAttempt(mask, this.pool.rememberedOf(pool));
    return this.#attempt(leg);
  }

  /** No connect of the attempt completed: forget the remembered one, and try what is left. */
  silent(leg: number): void {
    const { table } = this.#state;
    const slot = leg >> 1;
    const pool = this.#poolOf(slot);
    const attempt = table.attempt[slot];
    const remembered = table.remembered[slot];
    const mask = maskAfterSilence(attempt, table.candidateMask[slot], remembered);
    // Somebody else may have found out earlier, and remember another one by now.
    if (modeOf(attempt) === ConnectMode.Remembered && this.pool.remembered[pool] === remembered) {
      this.pool.remembered[pool] = -1;
    }
    this.#retry(leg, mask, false, table.failCause[leg]);
  }

  /** The ClientHello has come to the provider's server. */
  hello(slot: number): void {
    const { table, plan, isUp, linkCut } = this.#state;
    const server = table.providerServer[slot];
    const leg = slot * 2;
    if (isUp[server] === 0) {
      this.#breakOff(leg, Cause.NetworkError);
      return;
    }
    if (linkCut[plan.candidates.linkBack[table.candidate[slot]]] === 1) {
      // The answer is lost: the handshake's own time-out ends it.
      const deadlineUs = Math.max(this.#state.nowUs, table.deadlineUs[slot]);
      this.#state.scheduleLeg(deadlineUs, EventKind.LegTimedOut, leg);
      return;
    }
    const gate = this.#judge(server);
    if (gate === Gate.Close) this.#breakOff(leg, Cause.IoError);
    else if (gate === Gate.Pass) this.#serve(slot);
    else {
      const generation = table.generation[slot];
      const waiting = { slot, generation, source: -1, isCounted: false };
      this.#wait(server, table.clientServer[slot], waiting);
      this.#state.enqueue(this.#state.rows.antiDos + table.clientServer[slot], leg);
    }
  }

  /** The provider's answer has come: the consumer's part of the handshake. */
  reply(leg: number): void {
    const state = this.#state;
    const { table, plan } = state;
    const slot = leg >> 1;
    if (this.#isBroken(slot)) {
      this.#breakOff(leg, Cause.NetworkError);
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
    const endUs = doneUs + roundTripUs;
    const deadlineUs = table.deadlineUs[slot];
    if (endUs > deadlineUs) {
      state.scheduleLeg(Math.max(state.nowUs, deadlineUs), EventKind.LegTimedOut, leg);
    } else {
      state.scheduleLeg(endUs, EventKind.LegDone, leg);
    }
  }

  /** The handshake is complete; `tlsCause` is what the verification of the peer gave. */
  complete(leg: number, tlsCause: number): void {
    const { table, plan, nowUs } = this.#state;
    const slot = leg >> 1;
    if (this.#isBroken(slot)) {
      this.#breakOff(leg, Cause.NetworkError);
      return;
    }
    if (tlsCause !== Cause.None) {
      this.reject(leg, tlsCause);
      return;
    }
    const stickinessUs = plan.servers.stickinessUs[table.clientServer[slot]];
    if (modeOf(table.attempt[slot]) === ConnectMode.Race && stickinessUs > 0) {
      const pool = this.#poolOf(slot);
      this.pool.remembered[pool] = this.#indexOf(slot);
      this.pool.forgetUs[pool] = nowUs + stickinessUs;
    }
    this.#feed(leg, Input.Done);
  }

  /** The winner failed TLS or its verification: race the others, if there are any. */
  reject(leg: number, cause: number): void {
    const { table, plan } = this.#state;
    const slot = leg >> 1;
    const route = table.route[slot];
    if (plan.routes.candidateCount[route] === 1 && cause === Cause.IoError) {
      this.#feed(leg, Input.TimedOut);
      return;
    }
    table.tlsCause[slot] = cause;
    this.#leaveGate(slot);
    this.#retry(leg, table.candidateMask[slot] & ~(1 << this.#indexOf(slot)), true, 0);
  }

  /** The exchange is done with its connection. */
  release(slot: number, isReusable: boolean): void {
    const { table, plan, epoch } = this.#state;
    if (table.connection[slot] === 0) return;
    const server = table.clientServer[slot];
    const provider = table.providerServer[slot];
    const pool = this.#poolOf(slot);
    if (
      isReusable &&
      plan.servers.reusesConnections[server] === 1 &&
      plan.servers.allowsReuse[provider] === 1 &&
      epoch[provider] === table.providerEpoch[slot]
    ) {
      table.connection[slot] = 0;
      this.pool.keep(pool, this.#indexOf(slot), table.providerEpoch[slot]);
    } else {
      this.#leaveGate(slot);
      table.connection[slot] = 0;
      this.pool.openCount[server]--;
      this.pool.openCountOfPool[pool]--;
    }
    this.#serveLease(server);
  }

  /** A connection of a flood has come to a gate. */
  flood(source: number): void {
    const state = this.#state;
    const { sources, servers } = state.plan;
    const server = sources.target[source];
    const isCounted = state.nowUs >= state.plan.warmUpUs;
    state.recorder.attacked(state.nowUs, servers.instance[server]);
    if (state.isUp[server] === 0) {
      this.#refuseFlood(isCounted);
      return;
    }
    const gate = this.#judge(server);
    if (gate === Gate.Close) this.#refuseFlood(isCounted);
    else if (gate === Gate.Pass) this.#serveFlood(server, source, isCounted);
    else {
      const waiting = { slot: -1, generation: 0, source, isCounted };
      this.#wait(server, sources.partner[source], waiting);
    }
  }

  /** A connection of a flood has been idle too long, and is closed; or its server died before. */
  floodEnd(server: number, life: number): void {
    if ((life & 1) === 1) this.#state.recorder.attack.served++;
    if (this.#state.epoch[server] !== life >> 1) return;
    this.pool.admittedCount[server]--;
    this.#openGate(server);
  }

  /** The server has died: all that waited at its gate is gone. */
  reset(server: number): void {
    const gone = this.#gates[server];
    this.#gates[server] = [];
    this.#waitingCount[server] = 0;
    for (const { waiting } of gone) {
      for (const { slot, generation, isCounted } of waiting) {
        if (slot === -1) this.#refuseFlood(isCounted);
        else if (this.#waitsAtGate(server, slot, generation)) {
          this.#state.queues.remove(slot * 2);
          this.#breakOff(slot * 2, Cause.NetworkError);
        }
      }
    }
    this.pool.reset(server);
  }

  /** Connects to the addresses of the attempt; they answer, refuse, or keep silent. */
  #attempt(leg: number): number {
    const state = this.#state;
    const { table, plan, nowUs } = state;
    const slot = leg >> 1;
    const server = table.clientServer[slot];
    const attempt = table.attempt[slot];
    const pool = this.#poolOf(slot);
    const route = table.route[slot];
    const remembered = this.pool.remembered[pool];
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
      const connectUs = this.#connectUs(slot, candidate, index);
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
    this.#setCandidate(slot, best);
    table.deadlineUs[slot] = nowUs + bestUs + plan.servers.clientTimeoutUs[server];
    const link = plan.candidates.linkOut[table.candidate[slot]];
    const helloUs = nowUs + bestUs + state.packetUs(link, slot, Purpose.LinkHello);
    const generation = table.generation[slot];
    state.events.schedule(helloUs, EventKind.ServerHello, table.id[slot], slot, generation);
    return NOTHING;
  }

  /** Microseconds of a TCP connect; Infinity: it is never answered. */
  #connectUs(slot: number, candidate: number, index: number): number {
    const state = this.#state;
    const out = state.plan.candidates.linkOut[candidate];
    const back = state.plan.candidates.linkBack[candidate];
    if (state.linkCut[out] === 1 || state.linkCut[back] === 1) return Infinity;
    const purpose = Purpose.RaceBase + 3 * index;
    return (
      state.packetUs(out, slot, purpose) +
      state.packetUs(back, slot, purpose + 1) +
      state.synLossUs(out, back, slot, purpose + 2)
    );
  }

  #retry(leg: number, mask: number, wasTls: boolean, cause: number): void {
    const { table } = this.#state;
    const slot = leg >> 1;
    table.candidateMask[slot] = mask;
    table.attempt[slot] = nextAttempt(mask, wasTls);
    if (mask !== 0) {
      // What was under way for the last attempt is void.
      table.sequence[leg]++;
      this.#attempt(leg);
      return;
    }
    const last = cause === 0 ? failureCause(false, false, table.tlsCause[slot]) : cause;
    const isTimeout = last === Cause.IoError;
    this.#feed(leg, isTimeout ? Input.TimedOut : inputOf(Input.Failed, last));
  }

  /** The peer closed or reset the connection before the handshake was complete. */
  #breakOff(leg: number, cause: number): void {
    const { table, plan } = this.#state;
    const slot = leg >> 1;
    const route = table.route[slot];
    this.#leaveGate(slot);
    if (plan.routes.candidateCount[route] === 1) {
      table.failCause[leg] = cause;
      const link = plan.candidates.linkBack[table.candidate[slot]];
      const backUs = this.#state.packetUs(link, slot, Purpose.LinkFault);
      this.#state.scheduleLeg(this.#state.nowUs + backUs, EventKind.LegFailed, leg);
      return;
    }
    table.tlsCause[slot] = cause;
    this.#retry(leg, table.candidateMask[slot] & ~(1 << this.#indexOf(slot)), true, 0);
  }

  #serve(slot: number): void {
    const state = this.#state;
    const { table, plan } = state;
    const server = table.providerServer[slot];
    this.pool.admittedCount[server]++;
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
  }

  #serveFlood(server: number, source: number, isCounted: boolean): void {
    const state = this.#state;
    const { sources, servers } = state.plan;
    this.pool.admittedCount[server]++;
    if (sources.partner[source] >= 0) {
      // A known address has a certificate: it makes the server pay for a handshake.
      const row = servers.costProfile[server];
      const workUs = state.atSpeed(server, state.prices.medianCpuUs(row, Cost.HandshakeServer));
      const host = servers.host[server];
      if (workUs > 0) {
        state.cpu.take(host, state.nowUs, workUs);
        const waitUs = state.cpu.startUs - state.nowUs;
        state.recorder.worked(server, state.cpu.startUs, workUs, waitUs);
      }
    }
    const endUs = state.nowUs + servers.idleTimeoutUs[server];
    const life = state.epoch[server] * 2 + Number(isCounted);
    state.events.schedule(endUs, EventKind.FloodEnd, server, server, life);
  }

  #refuseFlood(isCounted: boolean): void {
    if (isCounted) this.#state.recorder.attack.refused++;
  }

  #judge(server: number): number {
    const { servers } = this.#state.plan;
    const admitted = this.pool.admittedCount[server];
    const handles = admitted + this.pool.openCount[server];
    return judgeConnection(
      admitted,
      servers.antiDosConnections[server],
      servers.fileHandles[server] - handles,
      servers.fileHandlesFreeMin[server],
    );
  }

  #wait(server: number, key: number, waiting: Waiting): void {
    const partners = this.#gates[server];
    const partner = partners.find((entry) => entry.key === key);
    if (partner === undefined) partners.push({ key, waiting: [waiting] });
    else partner.waiting.push(waiting);
    const count = ++this.#waitingCount[server];
    if (count > this.antiDosQueueMax[server]) this.antiDosQueueMax[server] = count;
  }

  /** A place at the gate is free: the partner whose turn it is sends its oldest connection. */
  #openGate(server: number): void {
    const partners = this.#gates[server];
    while (partners.length > 0) {
      const gate = this.#judge(server);
      if (gate === Gate.Wait) return;
      const partner = partners.shift();
      const next = partner?.waiting.shift();
      if (partner === undefined || next === undefined) continue;
      if (partner.waiting.length > 0) partners.push(partner);
      this.#waitingCount[server]--;
      if (next.slot === -1) {
        if (gate === Gate.Close) this.#refuseFlood(next.isCounted);
        else this.#serveFlood(server, next.source, next.isCounted);
      } else if (this.#waitsAtGate(server, next.slot, next.generation)) {
        this.#state.queues.remove(next.slot * 2);
        if (gate === Gate.Close) this.#breakOff(next.slot * 2, Cause.IoError);
        else this.#serve(next.slot);
      }
    }
  }

  /** It waits here; if it lost patience, it may by now wait at another gate. */
  #waitsAtGate(server: number, slot: number, generation: number): boolean {
    const { table, queues, rows } = this.#state;
    if (table.generation[slot] !== generation || table.providerServer[slot] !== server)
      return false;
    return queues.queueOf[slot * 2] === rows.antiDos + table.clientServer[slot];
  }

  /** A connection of the server has become free: the first who can use it goes on. */
  #serveLease(server: number): void {
    const { queues, rows, granted } = this.#state;
    const leg = queues.find(rows.lease + server, (one) => {
      const pool = this.#poolOf(one >> 1);
      return this.pool.hasIdle(pool) || this.#makeRoom(server, pool);
    });
    if (leg === -1) return;
    queues.remove(leg);
    granted.push(leg);
  }

  #leaveGate(slot: number): void {
    const { table, epoch } = this.#state;
    if (table.connection[slot] !== 2) return;
    table.connection[slot] = 1;
    const provider = table.providerServer[slot];
    if (epoch[provider] !== table.providerEpoch[slot]) return;
    this.pool.admittedCount[provider]--;
    if (this.#waitingCount[provider] > 0) this.#openGate(provider);
  }

  /** Whether one more connection may be opened; an idle one of another route gives way to it. */
  #makeRoom(server: number, pool: number): boolean {
    const { servers } = this.#state.plan;
    const routeMax = servers.connectionsPerRouteMax[server];
    if (this.pool.openCountOfPool[pool] >= routeMax) return false;
    return (
      this.pool.openCount[server] < servers.connectionsMax[server] || this.pool.discard(server)
    );
  }

  #isBroken(slot: number): boolean {
    const { table, epoch } = this.#state;
    return epoch[table.providerServer[slot]] !== table.providerEpoch[slot];
  }

  #setCandidate(slot: number, index: number): void {
    const { table, plan, epoch } = this.#state;
    const candidate = plan.routes.candidateFrom[table.route[slot]] + index;
    table.candidate[slot] = candidate;
    table.providerServer[slot] = plan.candidates.server[candidate];
    table.providerEpoch[slot] = epoch[plan.candidates.server[candidate]];
  }

  #indexOf(slot: number): number {
    const { table, plan } = this.#state;
    return table.candidate[slot] - plan.routes.candidateFrom[table.route[slot]];
  }

  #poolOf(slot: number): number {
    return this.#state.table.pool[slot];
  }
}

function maskOf(count: number): number {
  return count >= 31 ? 0x7fffffff : (1 << count) - 1;
}
