/**
 * Which calls are due when: the sources of a plan, each with its own next call. Pure and without a
 * clock of its own, so a plan, a seed and a replication say when every call of an open workload is
 * due, whoever makes it; a user's next call also depends on when the last one was answered.
 */
import { drawValue } from '../base/distribution/table.ts';
import { EventQueue } from '../base/event-queue.ts';
import { draw, keyOf, Purpose } from '../base/random.ts';
import { SourceKind } from '../plan/plan.ts';
import type { Plan } from '../plan/plan.ts';
import { nextArrivalUs } from './pacer.ts';

/** A call that is due. */
export interface DueCall {
  readonly source: number;
  /** Of its source's calls, from 0. */
  readonly ordinal: number;
  readonly flow: number;
  readonly intendedUs: number;
}

export type Sources = ReturnType<typeof createSources>;

export function createSources(plan: Plan, replicationIndex: number) {
  const { sources } = plan;
  const sourceCount = sources.id.length;
  const queue = new EventQueue(sourceCount + 1);
  const ordinals = new Int32Array(sourceCount);
  /** When the source's next call is due, exactly: only what is handed out is whole microseconds. */
  const dueAtUs = new Float64Array(sourceCount);
  const keys = Array.from({ length: sourceCount }, (_, source) =>
    keyOf(plan.seed, replicationIndex, sources.key0[source], sources.key1[source]),
  );

  /** When the next call is due; Infinity: none is, unless a user is answered. */
  const nextUs = (): number => queue.nextUs;

  /** Takes the next call out; simultaneous ones leave in the order of their sources. */
  const take = (): DueCall => {
    queue.next();
    const source = queue.a;
    const ordinal = ordinals[source]++;
    const due = { source, ordinal, flow: flowOf(source, ordinal), intendedUs: queue.timeUs };
    if (sources.kind[source] !== SourceKind.User) advance(source, stepOf(source));
    return due;
  };

  /** A call has ended at `endUs`: a user thinks, and calls again. */
  const answered = (source: number, endUs: number): void => {
    if (sources.kind[source] !== SourceKind.User) return;
    // Where nothing takes time, a user who does not think would call for ever at one instant.
    schedule(source, Math.max(endUs + thinkTimeUs(source), queue.timeUs + 1));
  };

  /** Of one attempt of a call; `attempt` counts from 0. */
  const requestBytes = (call: DueCall, attempt: number): number => {
    const u = drawOf(call.source, call.ordinal, attempt, Purpose.RequestSize);
    return Math.round(valueAt(plan.flows.requestSize[call.flow], u));
  };

  const begin = (source: number): void => {
    const startUs = sources.startUs[source];
    if (sources.kind[source] === SourceKind.User) {
      schedule(source, startUs + thinkTimeUs(source));
      return;
    }
    dueAtUs[source] = startUs;
    // Evenly spaced sources begin half a step in, so that a short run is not one call short.
    const isConstant = sources.kind[source] === SourceKind.Constant;
    advance(source, isConstant ? 0.5 : stepOf(source));
  };

  /** How much of its rate's integral passes until the next call: 1, or as by chance. */
  const stepOf = (source: number): number => {
    if (sources.kind[source] === SourceKind.Constant) return 1;
    return -Math.log(drawOf(source, ordinals[source], 0, Purpose.Interarrival));
  };

  const advance = (source: number, amount: number): void => {
    const [row, factor] = [sources.rate[source], sources.rateFactor[source]];
    const fromUs = dueAtUs[source];
    const dueUs = nextArrivalUs(plan.rates, row, factor, plan.startOfDayUs, fromUs, amount);
    dueAtUs[source] = dueUs;
    schedule(source, Math.round(dueUs));
  };

  const schedule = (source: number, timeUs: number): void => {
    if (timeUs >= plan.durationUs || timeUs >= sources.stopUs[source]) return;
    queue.schedule(timeUs, 0, source, source, 0);
  };

  const thinkTimeUs = (source: number): number => {
    const row = sources.thinkTime[source];
    if (row < 0) return 0;
    return Math.round(valueAt(row, drawOf(source, ordinals[source], 0, Purpose.ThinkTime)));
  };

  const flowOf = (source: number, ordinal: number): number => {
    const from = sources.flowFrom[source];
    const count = sources.flowCount[source];
    if (count === 1) return from;
    const u = drawOf(source, ordinal, 0, Purpose.Flow);
    let low = from;
    let high = from + count - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sources.cumulativeShare[middle] > u) high = middle;
      else low = middle + 1;
    }
    return low;
  };

  const drawOf = (source: number, ordinal: number, attempt: number, purpose: number): number =>
    draw(keys[source][0], keys[source][1], ordinal, attempt, purpose);

  const valueAt = (row: number, u: number): number => {
    const { kind, a, b, values } = plan.distributions;
    return drawValue(kind[row], a[row], b[row], values, u);
  };

  for (let source = 0; source < sourceCount; source++) begin(source);
  return { nextUs, take, answered, requestBytes };
}
