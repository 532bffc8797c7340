/**
 * Who begins calls and when: the sources of a plan, each with its own next arrival in a queue of
 * sources apart from the events, so that thousands of quiet sources cost the busy ones nothing.
 */
import { EventQueue } from '../base/event-queue.ts';
import { draw, Purpose } from '../base/random.ts';
import type { KeepPolicy } from '../metrics/journal.ts';
import { AttackKind, SourceKind } from '../plan/plan.ts';
import type { Plan } from '../plan/plan.ts';
import { nextArrivalUs } from '../workload/pacer.ts';
import { NO_CALL } from './callers.ts';
import type { AttemptSpec, Callers } from './callers.ts';
import { EventKind } from './event-kind.ts';
import type { RunState } from './state.ts';

export type Arrivals = ReturnType<typeof createArrivals>;

export function createArrivals(state: RunState, keep: KeepPolicy) {
  const began = {
    /** The table of exchanges was full: the run is not valid. */
    isFull: false,
    exchangeCount: 0,
  };
  const own = {
    keptCount: 0,
  };
  const sourceCount = state.plan.sources.id.length;
  const queue = new EventQueue(sourceCount + 1);
  const ordinal = new Int32Array(sourceCount);
  /** When the source's next call is due, by its own clock. */
  const dueAtUs = new Float64Array(sourceCount);
  const [keepEvery, keepMax] = keptOf(state.plan, keep);

  /**
   * Begins what the source at the head of the queue begins: the slot of a new exchange, -1 when
   * there is no room for it, or -2 - source for a connection of a flood.
   */
  const take = (callers: Callers): number => {
    const { sources } = state.plan;
    const source = queue.a;
    if (sources.attack[source] === AttackKind.Connections) {
      scheduleNext(source);
      return -2 - source;
    }
    const number = ordinal[source];
    const isDriven = callers.drives[source] === 1;
    const slot = isDriven ? -1 : begun(source);
    if (sources.kind[source] !== SourceKind.User) scheduleNext(source);
    else ordinal[source]++;
    if (isDriven) callers.begin(source, number);
    return slot;
  };

  /** A user has its answer at `endUs`: it thinks, and calls again. */
  const answered = (source: number, endUs: number): void => {
    const { plan } = state;
    if (plan.sources.kind[source] !== SourceKind.User) return;
    const thinkUs = thinkTimeUs(source);
    // Where nothing takes time, a user who does not think would call for ever at one instant.
    schedule(source, Math.max(endUs + thinkUs, state.nowUs + 1));
  };

  const begin = (source: number): void => {
    const { plan } = state;
    const { sources } = plan;
    if (sources.kind[source] === SourceKind.User) {
      schedule(source, sources.startUs[source] + thinkTimeUs(source));
      return;
    }
    dueAtUs[source] = sources.startUs[source];
    // Evenly spaced sources begin half a step in, so that a short run is not one call short.
    const isConstant = sources.kind[source] === SourceKind.Constant;
    advance(source, isConstant ? 0.5 : gap(source));
  };

  const scheduleNext = (source: number): void => {
    ordinal[source]++;
    const isConstant = state.plan.sources.kind[source] === SourceKind.Constant;
    advance(source, isConstant ? 1 : gap(source));
  };

  /** Of the unit Poisson process that the rate stretches. */
  const gap = (source: number): number => {
    return -Math.log(drawOf(source, Purpose.Interarrival));
  };

  /** The exact time is carried on; only the event is rounded to a microsecond. */
  const advance = (source: number, amount: number): void => {
    const { plan } = state;
    const { sources, rates, startOfDayUs } = plan;
    const fromUs = dueAtUs[source];
    const [row, factor] = [sources.rate[source], sources.rateFactor[source]];
    const dueUs = nextArrivalUs(rates, row, factor, startOfDayUs, fromUs, amount);
    dueAtUs[source] = dueUs;
    schedule(source, Math.round(dueUs));
  };

  const schedule = (source: number, timeUs: number): void => {
    const { sources, durationUs } = state.plan;
    if (timeUs >= durationUs || timeUs >= sources.stopUs[source]) return;
    queue.schedule(timeUs, EventKind.Arrival, source, source, 0);
  };

  const thinkTimeUs = (source: number): number => {
    const { plan } = state;
    const row = plan.sources.thinkTime[source];
    if (row < 0) return 0;
    return Math.round(state.sampleAt(row, drawOf(source, Purpose.ThinkTime)));
  };

  const drawOf = (source: number, purpose: number): number => {
    const { sourceKey0, sourceKey1 } = state;
    return draw(sourceKey0[source], sourceKey1[source], ordinal[source], 0, purpose);
  };

  /** A call that is one exchange, counted as due; its slot, or -1. */
  const begun = (source: number): number => {
    const { plan, table, recorder, nowUs } = state;
    const flow = pickFlow(source);
    const slot = table.take();
    if (plan.sources.attack[source] === AttackKind.None) {
      recorder.due(flow, nowUs, slot !== -1);
    } else {
      const server = plan.routes.server[plan.flows.route[flow]];
      recorder.attacked(nowUs, plan.servers.instance[server]);
    }
    if (slot === -1) began.isFull = true;
    else fill(slot, source, ordinal[source], 0, flow, nowUs, NO_CALL);
    return slot;
  };

  /** Another attempt of a call, without counting it as due; its slot, or -1: no room. */
  const create = (spec: Readonly<AttemptSpec>): number => {
    const slot = state.table.take();
    if (slot === -1) return -1;
    const { source, attempt, flow, intendedUs, call } = spec;
    fill(slot, source, spec.ordinal, attempt, flow, intendedUs, call);
    return slot;
  };

  const fill = (
    slot: number,
    source: number,
    number: number,
    attempt: number,
    flow: number,
    intendedUs: number,
    call: number,
  ): void => {
    const { plan, table } = state;
    const { sources, flows, routes } = plan;
    table.id[slot] = began.exchangeCount++;
    table.call[slot] = call;
    table.retry[slot] = attempt;
    table.flow[slot] = flow;
    table.route[slot] = flows.route[flow];
    table.service[slot] = flows.service[flow];
    table.source[slot] = source;
    table.ordinal[slot] = number;
    table.intendedUs[slot] = intendedUs;
    table.isAttack[slot] = sources.attack[source] === AttackKind.None ? 0 : 1;
    table.clientServer[slot] = routes.server[flows.route[flow]];
    const requestRow = flows.requestSize[flow];
    const responseRow = plan.services.responseSize[flows.service[flow]];
    table.requestBytes[slot] = Math.round(state.sample(requestRow, slot, Purpose.RequestSize));
    table.responseBytes[slot] = Math.round(state.sample(responseRow, slot, Purpose.ResponseSize));
    table.kept[slot] = keepSlot(slot, source);
    state.hash.sizes.addInt(table.requestBytes[slot]);
    state.hash.sizes.addInt(table.responseBytes[slot]);
  };

  const pickFlow = (source: number): number => {
    const { sources } = state.plan;
    const from = sources.flowFrom[source];
    const count = sources.flowCount[source];
    if (count === 1) return from;
    const u = drawOf(source, Purpose.Flow);
    let low = from;
    let high = from + count - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sources.cumulativeShare[middle] > u) high = middle;
      else low = middle + 1;
    }
    return low;
  };

  const keepSlot = (slot: number, source: number): number => {
    if (keepEvery === 0 || own.keptCount >= keepMax) return -1;
    const { table, journal } = state;
    if (table.id[slot] % keepEvery !== 0) return -1;
    own.keptCount++;
    return journal.keep({
      source,
      ordinal: table.ordinal[slot],
      retry: table.retry[slot],
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
  };

  for (let source = 0; source < sourceCount; source++) begin(source);
  return { queue, began, take, create, answered };
}

/** Every how manyeth exchange is kept, and how many at most. */
function keptOf({ expected }: Plan, keep: KeepPolicy): readonly [number, number] {
  if (keep === 'none') return [0, 0];
  if (keep === 'all') return [1, Infinity];
  const count = expected.calls + expected.attackRequests;
  return [Math.max(1, Math.ceil(count / Math.max(1, keep.sample))), keep.sample];
}
