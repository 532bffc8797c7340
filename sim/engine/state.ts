/**
 * The state of one replication that the parts of the engine share: the plan, the tables, the
 * future events, and the truth about servers, systems and links as the patches have left it.
 * It holds no rule; it knows how to price, to draw and to send.
 */
import { drawValue } from '../base/distribution/table.ts';
import { createCalendarQueue } from '../base/calendar-queue.ts';
import type { CalendarQueue } from '../base/calendar-queue.ts';
import { EventQueue } from '../base/event-queue.ts';
import { RunningHash } from '../base/fingerprint.ts';
import { draw as drawKeyed, keyOf } from '../base/random.ts';
import type { Journal } from '../metrics/journal.ts';
import type { Recorder } from '../metrics/recorder.ts';
import { DistributionKind } from '../plan/plan.ts';
import type { Plan } from '../plan/plan.ts';
import { createExchangeTable } from '../world/exchange-table.ts';
import type { ExchangeTable } from '../world/exchange-table.ts';
import { createLegQueues } from '../world/leg-queues.ts';
import type { LegQueues } from '../world/leg-queues.ts';
import { EventKind } from './event-kind.ts';
import { createHostCpu } from './host-cpu.ts';
import type { HostCpu } from './host-cpu.ts';
import { createPrices } from './prices.ts';
import type { Prices } from './prices.ts';

/** First retransmission of a lost SYN, doubling: RFC 6298 section 2. */
const SYN_RETRANSMIT_US = 1e6;
/** First retransmission of data and the largest step (Linux TCP_RTO_MIN, TCP_RTO_MAX). */
const RTO_US = 200_000;
const RTO_MAX_US = 120e6;
/** Linux gives up after 15 retransmissions: 924.6 s (tcp_retries2). */
const GIVE_UP_US = 924_600_000;
const SEGMENT_BYTES = 1460;

/** Events in the calendar at once: more wait in its heap. */
const EVENTS_NEAR_MAX = 65_536;

interface StalledMessage {
  readonly kind: number;
  readonly slot: number;
  readonly generation: number;
  readonly sentUs: number;
  readonly isOut: boolean;
}

/** The queues of all servers in one table of queues; row of a queue = its first row + server. */
export interface QueueRows {
  readonly clientThreads: number;
  readonly serverThreads: number;
  readonly messageLog: number;
  readonly lease: number;
  readonly receive: number;
  readonly antiDos: number;
  readonly signing: number;
  readonly batch: number;
  readonly systems: number;
  readonly count: number;
}

export class RunState {
  readonly plan: Plan;
  readonly table: ExchangeTable;
  readonly events: CalendarQueue;
  /** Far timers apart: thousands of them, seldom due, would only deepen the heap of the events. */
  readonly timers: EventQueue;
  readonly cpu: HostCpu;
  readonly prices: Prices;
  readonly queues: LegQueues;
  readonly rows: QueueRows;
  readonly recorder: Recorder;
  readonly journal: Journal;
  nowUs = 0;
  /** Legs that a resource was given to: taken up when the present event is done. */
  readonly granted: number[] = [];
  readonly sourceKey0: Int32Array;
  readonly sourceKey1: Int32Array;
  // The truth, as patches change it.
  readonly isUp: Uint8Array;
  readonly epoch: Int32Array;
  readonly downSinceUs: Float64Array;
  readonly downUs: Float64Array;
  readonly systemState: Uint8Array;
  readonly systemSlowness: Float64Array;
  readonly linkCut: Uint8Array;
  readonly linkExtraDelayUs: Float64Array;
  readonly linkExtraJitterUs: Float64Array;
  readonly linkLoss: Float64Array;
  readonly linkBandwidth: Float64Array;
  readonly hash = {
    order: new RunningHash(1),
    kinds: new RunningHash(2),
    sizes: new RunningHash(3),
    results: new RunningHash(4),
  };
  readonly isShared: Uint8Array;
  readonly stalled = new Map<number, StalledMessage[]>();
  readonly draw: Acts['draw'];
  readonly sample: Acts['sample'];
  readonly sampleAt: Acts['sampleAt'];
  readonly price: Acts['price'];
  readonly atSpeed: Acts['atSpeed'];
  readonly work: Acts['work'];
  readonly spend: Acts['spend'];
  readonly scheduleLeg: Acts['scheduleLeg'];
  readonly packetUs: Acts['packetUs'];
  readonly synLossUs: Acts['synLossUs'];
  readonly transferUs: Acts['transferUs'];
  readonly send: Acts['send'];
  readonly heal: Acts['heal'];
  readonly isGivenUp: Acts['isGivenUp'];
  readonly sharesHost: Acts['sharesHost'];
  readonly enqueue: Acts['enqueue'];

  constructor(plan: Plan, replicationIndex: number, recorder: Recorder, journal: Journal) {
    this.plan = plan;
    this.recorder = recorder;
    this.journal = journal;
    this.table = createExchangeTable(plan.limits.exchangesMax);
    this.events = createCalendarQueue(EVENTS_NEAR_MAX);
    this.timers = new EventQueue(4096);
    this.cpu = createHostCpu(plan.hosts);
    this.prices = createPrices(plan);
    this.rows = queueRows(plan);
    this.queues = createLegQueues(this.rows.count, 2 * plan.limits.exchangesMax);
    const { sources, servers, systems, links } = plan;
    this.sourceKey0 = new Int32Array(sources.id.length);
    this.sourceKey1 = new Int32Array(sources.id.length);
    for (let source = 0; source < sources.id.length; source++) {
      const [name0, name1] = [sources.key0[source], sources.key1[source]];
      const key = keyOf(plan.seed, replicationIndex, name0, name1);
      this.sourceKey0[source] = key[0];
      this.sourceKey1[source] = key[1];
    }
    const serverCount = servers.id.length;
    this.isUp = new Uint8Array(serverCount).fill(1);
    this.epoch = new Int32Array(serverCount);
    this.downSinceUs = new Float64Array(serverCount).fill(-1);
    this.downUs = new Float64Array(serverCount);
    this.systemState = systems.state.slice();
    this.systemSlowness = new Float64Array(systems.id.length).fill(1);
    this.linkCut = new Uint8Array(links.id.length);
    this.linkExtraDelayUs = new Float64Array(links.id.length);
    this.linkExtraJitterUs = new Float64Array(links.id.length);
    this.linkLoss = links.loss.slice();
    this.linkBandwidth = links.bandwidth.slice();
    const serversOf = new Int32Array(plan.hosts.id.length);
    for (let server = 0; server < serverCount; server++) serversOf[servers.host[server]]++;
    this.isShared = Uint8Array.from(servers.host, (host) => (serversOf[host] > 1 ? 1 : 0));
    const acts = createActs(this);
    this.draw = acts.draw;
    this.sample = acts.sample;
    this.sampleAt = acts.sampleAt;
    this.price = acts.price;
    this.atSpeed = acts.atSpeed;
    this.work = acts.work;
    this.spend = acts.spend;
    this.scheduleLeg = acts.scheduleLeg;
    this.packetUs = acts.packetUs;
    this.synLossUs = acts.synLossUs;
    this.transferUs = acts.transferUs;
    this.send = acts.send;
    this.heal = acts.heal;
    this.isGivenUp = acts.isGivenUp;
    this.sharesHost = acts.sharesHost;
    this.enqueue = acts.enqueue;
  }
}

/** What all parts do with the state: price, draw, send, queue. */
function createActs(state: RunState) {
  /** A draw of this exchange for a purpose; see base/random.ts. */
  const draw = (slot: number, purpose: number): number => {
    const { source, ordinal, retry } = state.table;
    const from = source[slot];
    const [key0, key1] = [state.sourceKey0[from], state.sourceKey1[from]];
    return drawKeyed(key0, key1, ordinal[slot], retry[slot], purpose);
  };

  /** A value of a row of the distribution table. */
  const sample = (row: number, slot: number, purpose: number): number => {
    const { kind, a } = state.plan.distributions;
    if (kind[row] === DistributionKind.Constant) return a[row];
    return sampleAt(row, draw(slot, purpose));
  };

  /** The quantile `u` of a row of the distribution table. */
  const sampleAt = (row: number, u: number): number => {
    const { kind, a, b, values } = state.plan.distributions;
    return drawValue(kind[row], a[row], b[row], values, u);
  };

  /** Draws a cost into `prices`, for this exchange. */
  const price = (
    server: number,
    cost: number,
    slot: number,
    purpose: number,
    bytes: number,
  ): void => {
    const { source, ordinal, retry } = state.table;
    const from = source[slot];
    const profile = state.plan.servers.costProfile[server];
    const [key0, key1] = [state.sourceKey0[from], state.sourceKey1[from]];
    const { prices } = state;
    prices.draw(profile, cost, key0, key1, ordinal[slot], (retry[slot] << 16) | purpose);
    prices.drawn.cpuUs += (prices.drawn.cpuUsPerKib * bytes) / 1024;
  };

  /** Whole microseconds that this server's host takes for work of `cpuUs` at speed 1. */
  const atSpeed = (server: number, cpuUs: number): number => {
    if (cpuUs === 0) return 0;
    return Math.round(cpuUs / state.cpu.speed[state.plan.servers.host[server]]);
  };

  /** Takes the server's host for `workUs`; returns when it is done. No work waits for no core. */
  const work = (server: number, leg: number, workUs: number): number => {
    if (workUs === 0) {
      state.table.waitUs[leg] = 0;
      state.table.serviceUs[leg] = 0;
      return state.nowUs;
    }
    const endUs = state.cpu.take(state.plan.servers.host[server], state.nowUs, workUs);
    const waitUs = state.cpu.taken.startUs - state.nowUs;
    state.recorder.worked(server, state.cpu.taken.startUs, workUs, waitUs);
    state.table.waitUs[leg] = waitUs;
    state.table.serviceUs[leg] = workUs;
    return endUs;
  };

  /** Both parts of a cost, one after the other; returns when they are done. */
  const spend = (
    server: number,
    leg: number,
    cost: number,
    purpose: number,
    bytes: number,
  ): number => {
    price(server, cost, leg >> 1, purpose, bytes);
    const delayUs = Math.round(state.prices.drawn.delayUs);
    const endUs = work(server, leg, atSpeed(server, state.prices.drawn.cpuUs));
    state.table.serviceUs[leg] += delayUs;
    return endUs + delayUs;
  };

  /** An event of a leg, void if the leg has moved on by then. */
  const scheduleLeg = (timeUs: number, kind: number, leg: number): void => {
    const { table } = state;
    // Both legs of an exchange may have an event at once: the consumer's comes first.
    const id = 2 * table.id[leg >> 1] + (leg & 1);
    state.events.schedule(timeUs, kind, id, leg, table.sequence[leg]);
  };

  /** One-way time of a small packet on a link, with this exchange's jitter. */
  const packetUs = (link: number, slot: number, purpose: number): number => {
    const jitterUs = state.plan.links.jitterUs[link] + state.linkExtraJitterUs[link];
    const delayUs = state.plan.links.delayUs[link] + state.linkExtraDelayUs[link];
    if (jitterUs === 0) return delayUs;
    return delayUs + Math.round(-jitterUs * Math.log(draw(slot, purpose)));
  };

  /** Microseconds that lost SYN packets add to a connect; Infinity: none comes through. */
  const synLossUs = (linkOut: number, linkBack: number, slot: number, purpose: number): number => {
    const loss = 1 - (1 - state.linkLoss[linkOut]) * (1 - state.linkLoss[linkBack]);
    if (loss === 0) return 0;
    let chance = loss;
    const u = draw(slot, purpose);
    let lostCount = 0;
    for (; u < chance && lostCount < 7; chance *= loss) lostCount++;
    return (2 ** lostCount - 1) * SYN_RETRANSMIT_US;
  };

  /** Microseconds that `bytes` take beyond the packet's delay: bandwidth, and lost segments. */
  const transferUs = (link: number, bytes: number, slot: number, purpose: number): number => {
    const flowUs = bytes / state.linkBandwidth[link];
    const loss = state.linkLoss[link];
    if (loss === 0) return Math.round(flowUs);
    // Loss as extra round trips: the number of lost segments is geometric in chains of loss.
    const segments = Math.max(1, Math.ceil(bytes / SEGMENT_BYTES));
    let chance = 1 - (1 - loss) ** segments;
    const u = draw(slot, purpose);
    let retransmissions = 0;
    for (; u < chance && retransmissions < 12; chance *= loss) retransmissions++;
    const rttUs = 2 * (state.plan.links.delayUs[link] + state.linkExtraDelayUs[link]);
    return Math.round(flowUs + retransmissions * Math.max(rttUs, RTO_US));
  };

  /**
   * Sends a wire event towards the provider (`isOut`) or back. Nothing overtakes on a connection;
   * on a cut link the message stalls until the link is back and TCP tries again.
   */
  const send = (
    kind: number,
    slot: number,
    isOut: boolean,
    extraUs: number,
    purpose: number,
  ): void => {
    const { table, plan } = state;
    const candidate = table.candidate[slot];
    const link = isOut ? plan.candidates.linkOut[candidate] : plan.candidates.linkBack[candidate];
    const generation = table.generation[slot];
    if (state.linkCut[link] === 1) {
      const waiting = state.stalled.get(link) ?? [];
      waiting.push({ kind, slot, generation, sentUs: state.nowUs, isOut });
      state.stalled.set(link, waiting);
      const id = table.id[slot];
      state.events.schedule(state.nowUs + GIVE_UP_US, EventKind.GiveUp, id, slot, generation);
      return;
    }
    const last = isOut ? table.lastOutUs : table.lastBackUs;
    const flightUs = packetUs(link, slot, purpose) + extraUs;
    const arrivalUs = Math.max(state.nowUs + flightUs, last[slot]);
    last[slot] = arrivalUs;
    state.events.schedule(arrivalUs, kind, table.id[slot], slot, generation);
  };

  /** A link carries again: each stalled message arrives with TCP's next try. */
  const heal = (link: number): void => {
    const waiting = state.stalled.get(link);
    if (waiting === undefined) return;
    state.stalled.delete(link);
    const flightUs = state.plan.links.delayUs[link] + state.linkExtraDelayUs[link];
    for (const { kind, slot, generation, sentUs, isOut } of waiting) {
      if (state.table.generation[slot] !== generation) continue;
      const tryUs = nextTryUs(sentUs, state.nowUs);
      if (tryUs - sentUs > GIVE_UP_US) continue;
      const last = isOut ? state.table.lastOutUs : state.table.lastBackUs;
      const arrivalUs = Math.max(tryUs + flightUs, last[slot]);
      last[slot] = arrivalUs;
      state.events.schedule(arrivalUs, kind, state.table.id[slot], slot, generation);
    }
  };

  /** TCP has tried for as long as it does to send a part of this exchange in one direction. */
  const isGivenUp = (slot: number, isOut: boolean): boolean => {
    const { linkOut, linkBack } = state.plan.candidates;
    const link = (isOut ? linkOut : linkBack)[state.table.candidate[slot]];
    const generation = state.table.generation[slot];
    return (state.stalled.get(link) ?? []).some(
      (entry) =>
        entry.isOut === isOut &&
        entry.slot === slot &&
        entry.generation === generation &&
        entry.sentUs + GIVE_UP_US <= state.nowUs,
    );
  };

  const sharesHost = (server: number): boolean => {
    return state.isShared[server] === 1;
  };

  /** Puts a leg into a queue, and winds the queue's timer if it is the first. */
  const enqueue = (queue: number, leg: number): void => {
    const { queues } = state;
    queues.push(queue, leg, state.nowUs);
    if (queues.isArmed[queue] === 1 || queues.patienceUs[queue] === Infinity) return;
    queues.isArmed[queue] = 1;
    const dueUs = state.nowUs + queues.patienceUs[queue];
    state.timers.schedule(dueUs, EventKind.QueueTimer, queue, queue, 0);
  };
  return {
    draw,
    sample,
    sampleAt,
    price,
    atSpeed,
    work,
    spend,
    scheduleLeg,
    packetUs,
    synLossUs,
    transferUs,
    send,
    heal,
    isGivenUp,
    sharesHost,
    enqueue,
  };
}

type Acts = ReturnType<typeof createActs>;

/** TCP's first try at or after `healedUs` of a segment sent at `sentUs`, doubling steps. */
function nextTryUs(sentUs: number, healedUs: number): number {
  let tryUs = sentUs;
  let stepUs = RTO_US;
  while (tryUs < healedUs) {
    tryUs += stepUs;
    stepUs = Math.min(2 * stepUs, RTO_MAX_US);
  }
  return tryUs;
}

function queueRows(plan: Plan): QueueRows {
  const serverCount = plan.servers.id.length;
  const signerCount = plan.signers.server.length;
  const signing = 6 * serverCount;
  const systems = signing + 2 * signerCount;
  return {
    clientThreads: 0,
    serverThreads: serverCount,
    messageLog: 2 * serverCount,
    lease: 3 * serverCount,
    receive: 4 * serverCount,
    antiDos: 5 * serverCount,
    signing,
    batch: signing + signerCount,
    systems,
    count: systems + plan.systems.id.length,
  };
}
