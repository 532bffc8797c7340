/**
 * Who begins calls and when: the sources of a plan, each with its own next arrival in a queue of
 * sources apart from the events, so that thousands of quiet sources cost the busy ones nothing.
 */
import { EventQueue } from '../base/event-queue.ts';
import { draw, Purpose } from '../base/random.ts';
import type { KeepPolicy } from '../metrics/journal.ts';
import { AttackKind, SourceKind } from '../plan/plan.ts';
import { nextArrivalUs } from '../workload/pacer.ts';
import { EventKind } from './event-kind.ts';
import type { RunState } from './state.ts';

export class Arrivals {
  readonly queue: EventQueue;
  /** The table of exchanges was full: the run is not valid. */
  isFull = false;
  exchangeCount = 0;
  readonly #state: RunState;
  readonly #ordinal: Int32Array;
  /** When the source's next call is due, by its own clock. */
  readonly #dueUs: Float64Array;
  readonly #keepEvery: number;
  readonly #keepMax: number;
  #keptCount = 0;

  constructor(state: RunState, keep: KeepPolicy) {
    this.#state = state;
    const sourceCount = state.plan.sources.id.length;
    this.queue = new EventQueue(sourceCount + 1);
    this.#ordinal = new Int32Array(sourceCount);
    this.#dueUs = new Float64Array(sourceCount);
    const expected = state.plan.expected.calls + state.plan.expected.attackRequests;
    if (keep === 'none') [this.#keepEvery, this.#keepMax] = [0, 0];
    else if (keep === 'all') [this.#keepEvery, this.#keepMax] = [1, Infinity];
    else {
      this.#keepEvery = Math.max(1, Math.ceil(expected / Math.max(1, keep.sample)));
      this.#keepMax = keep.sample;
    }
    for (let source = 0; source < sourceCount; source++) this.#begin(source);
  }

  /**
   * Begins what the source at the head of the queue begins: the slot of a new exchange, -1 when
   * there is no room for it, or -2 - source for a connection of a flood.
   */
  take(): number {
    const state = this.#state;
    const { sources } = state.plan;
    const source = this.queue.a;
    if (sources.attack[source] === AttackKind.Connections) {
      this.#scheduleNext(source);
      return -2 - source;
    }
    const slot = this.#create(source);
    if (sources.kind[source] !== SourceKind.User) this.#scheduleNext(source);
    else this.#ordinal[source]++;
    return slot;
  }

  /** A user has its answer at `endUs`: it thinks, and calls again. */
  answered(source: number, endUs: number): void {
    const { plan } = this.#state;
    if (plan.sources.kind[source] !== SourceKind.User) return;
    const thinkUs = this.#thinkUs(source);
    // Where nothing takes time, a user who does not think would call for ever at one instant.
    this.#schedule(source, Math.max(endUs + thinkUs, this.#state.nowUs + 1));
  }

  #begin(source: number): void {
    const { plan } = this.#state;
    const { sources } = plan;
    if (sources.kind[source] === SourceKind.User) {
      this.#schedule(source, sources.startUs[source] + this.#thinkUs(source));
      return;
    }
    this.#dueUs[source] = sources.startUs[source];
    // Evenly spaced sources begin half a step in, so that a short run is not one call short.
    const isConstant = sources.kind[source] === SourceKind.Constant;
    this.#advance(source, isConstant ? 0.5 : this.#gap(source));
  }

  #scheduleNext(source: number): void {
    this.#ordinal[source]++;
    const isConstant = this.#state.plan.sources.kind[source] === SourceKind.Constant;
    this.#advance(source, isConstant ? 1 : this.#gap(source));
  }

  /** Of the unit Poisson process that the rate stretches. */
  #gap(source: number): number {
    return -Math.log(this.#draw(source, Purpose.Interarrival));
  }

  /** The exact time is carried on; only the event is rounded to a microsecond. */
  #advance(source: number, amount: number): void {
    const { plan } = this.#state;
    const { sources, rates, startOfDayUs } = plan;
    const fromUs = this.#dueUs[source];
    const [row, factor] = [sources.rate[source], sources.rateFactor[source]];
    const dueUs = nextArrivalUs(rates, row, factor, startOfDayUs, fromUs, amount);
    this.#dueUs[source] = dueUs;
    this.#schedule(source, Math.round(dueUs));
  }

  #schedule(source: number, timeUs: number): void {
    const { sources, durationUs } = this.#state.plan;
    if (timeUs >= durationUs || timeUs >= sources.stopUs[source]) return;
    this.queue.schedule(timeUs, EventKind.Arrival, source, source, 0);
  }

  #thinkUs(source: number): number {
    const { plan } = this.#state;
    const row = plan.sources.thinkTime[source];
    if (row < 0) return 0;
    return Math.round(this.#state.sampleAt(row, this.#draw(source, Purpose.ThinkTime)));
  }

  #draw(source: number, purpose: number): number {
    const { sourceKey0, sourceKey1 } = this.#state;
    return draw(sourceKey0[source], sourceKey1[source], this.#ordinal[source], 0, purpose);
  }

  #create(source: number): number {
    const state = this.#state;
    const { plan, table, recorder, nowUs } = state;
    const { sources, flows, routes } = plan;
    const flow = this.#pickFlow(source);
    const server = routes.server[flows.route[flow]];
    const intendedUs = nowUs;
    const isAttack = sources.attack[source] !== AttackKind.None;
    const slot = table.take();
    if (isAttack) recorder.attacked(nowUs, plan.servers.instance[server]);
    else recorder.due(flow, intendedUs, slot !== -1);
    if (slot === -1) {
      this.isFull = true;
      return -1;
    }
    table.id[slot] = this.exchangeCount++;
    table.flow[slot] = flow;
    table.route[slot] = flows.route[flow];
    table.service[slot] = flows.service[flow];
    table.source[slot] = source;
    table.ordinal[slot] = this.#ordinal[source];
    table.intendedUs[slot] = intendedUs;
    table.isAttack[slot] = isAttack ? 1 : 0;
    table.clientServer[slot] = server;
    const requestRow = flows.requestSize[flow];
    const responseRow = plan.services.responseSize[flows.service[flow]];
    table.requestBytes[slot] = Math.round(state.sample(requestRow, slot, Purpose.RequestSize));
    table.responseBytes[slot] = Math.round(state.sample(responseRow, slot, Purpose.ResponseSize));
    table.kept[slot] = this.#keep(slot, source);
    state.hash.sizes.addInt(table.requestBytes[slot]);
    state.hash.sizes.addInt(table.responseBytes[slot]);
    return slot;
  }

  #pickFlow(source: number): number {
    const { sources } = this.#state.plan;
    const from = sources.flowFrom[source];
    const count = sources.flowCount[source];
    if (count === 1) return from;
    const u = this.#draw(source, Purpose.Flow);
    let low = from;
    let high = from + count - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sources.cumulativeShare[middle] > u) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #keep(slot: number, source: number): number {
    if (this.#keepEvery === 0 || this.#keptCount >= this.#keepMax) return -1;
    const { table, journal } = this.#state;
    if (table.id[slot] % this.#keepEvery !== 0) return -1;
    this.#keptCount++;
    return journal.keep({
      source,
      ordinal: table.ordinal[slot],
      flow: table.flow[slot],
      clientServer: table.clientServer[slot],
      providerServer: -1,
      intendedUs: table.intendedUs[slot],
      requestInUs: 0,
      requestOutUs: 0,
      responseInUs: 0,
      responseOutUs: 0,
      providerRequestInUs: 0,
      providerRequestOutUs: 0,
      providerResponseInUs: 0,
      providerResponseOutUs: 0,
      requestBytes: table.requestBytes[slot],
      responseBytes: table.responseBytes[slot],
      // Open at the end, unless it is answered.
      fault: -1,
      isAttack: table.isAttack[slot],
    });
  }
}
