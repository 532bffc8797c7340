/**
 * Central servers, OCSP responders and time-stamping authorities as what they are: servers with a
 * number of places and a queue, first in, first out. Requests come by the clocks of the security
 * servers and not by traffic, so a synchronised restart is a herd (facts 13.24).
 *
 * A request is priced when it comes: with the queue known, the instant of its answer is known, too,
 * and needs one event. What the service is like at that instant decides whether the answer is good.
 *
 * A service that is down refuses the connection at once: its host is there, its process is not.
 */
import { drawValue } from '../base/distribution/table.ts';
import { EventQueue } from '../base/event-queue.ts';
import { draw, hashText, keyOf } from '../base/random.ts';
import { PatchColumn } from '../plan/plan.ts';
import type { Plan } from '../plan/plan.ts';
import { lastRunUs } from '../protocol/freshness.ts';
import { nextState, TRUST_LIFE, TrustEvent, TrustState } from '../protocol/lifecycle.ts';

/** The event that leads to a state, by TrustState. */
const EVENT_OF: readonly number[] = [
  TrustEvent.Restored,
  TrustEvent.Slowed,
  TrustEvent.Stopped,
  TrustEvent.Corrupted,
];

/** Room for as many ends to begin with. */
const PLACES = 16;

export class TrustServices {
  readonly served: Float64Array;
  readonly queueMax: Float64Array;
  /** By which thisUpdate of its OCSP answers lies behind. */
  readonly staleUs: Float64Array;
  /** Whether the last `request` ends because the client's patience does. */
  isTimedOut = false;
  readonly #plan: Plan;
  /** A TrustState. */
  readonly #state: Uint8Array;
  readonly #slowness: Float64Array;
  readonly #ordinal: Int32Array;
  readonly #keys: readonly (readonly [number, number])[];
  /** The ends of the requests that have a place: as many as there are places, at most. */
  readonly #ends: EventQueue[];
  /** Beginnings of service that are still to come, in order: who stands in the queue. */
  readonly #startsUs: readonly number[][];
  readonly #isLoggedOut: Uint8Array;
  readonly #generationUs: Float64Array;
  /** Since when it generates; what it generated before is `#frozenUs`. */
  readonly #generatesSinceUs: Float64Array;
  readonly #frozenUs: Float64Array;

  constructor(plan: Plan, replicationIndex: number) {
    const { trustServices, instances } = plan;
    const count = trustServices.id.length;
    this.#plan = plan;
    this.served = new Float64Array(count);
    this.queueMax = new Float64Array(count);
    this.staleUs = new Float64Array(count);
    this.#state = new Uint8Array(count);
    this.#slowness = new Float64Array(count).fill(1);
    this.#ordinal = new Int32Array(count);
    this.#keys = trustServices.id.map((id) =>
      keyOf(plan.seed, replicationIndex, ...hashText(`trust service ${id}`)),
    );
    this.#ends = trustServices.id.map(() => new EventQueue(PLACES));
    this.#startsUs = trustServices.id.map(() => []);
    this.#isLoggedOut = new Uint8Array(count);
    this.#generationUs = Float64Array.from(trustServices.instance, (instance) =>
      Number(instances[instance].parameters.globalConfGenerationInterval),
    );
    this.#generatesSinceUs = new Float64Array(count).fill(-Infinity);
    this.#frozenUs = new Float64Array(count).fill(-Infinity);
  }

  isDown(row: number): boolean {
    return this.#state[row] === TrustState.Down;
  }

  /** Whether what it says now can be used; asked when its answer comes. */
  isRight(row: number): boolean {
    return this.#state[row] === TrustState.Up || this.#state[row] === TrustState.Slow;
  }

  /**
   * `count` requests of one client, one after the other. When they are answered, or, with
   * `isTimedOut`, when the client waits no longer. Then it closes its connection: what is being
   * worked on is finished for nobody, and what still stands in the queue is dropped when its turn
   * comes, as nginx drops it in front of a central server. So a queue cannot grow beyond what its
   * clients wait for: 30 s for a configuration, 60 s for OCSP answers and for stamps (facts 2.8).
   */
  request(row: number, nowUs: number, count: number, timeoutUs: number): number {
    const ends = this.#ends[row];
    while (ends.nextUs <= nowUs) ends.next();
    const isFull = ends.count >= this.#plan.trustServices.capacity[row];
    // The place of whoever is done first.
    const startUs = isFull ? ends.nextUs : nowUs;
    const leftUs = nowUs + timeoutUs;
    this.#queue(row, Math.min(startUs, leftUs), nowUs);
    this.isTimedOut = startUs >= leftUs;
    if (this.isTimedOut) return leftUs;
    if (isFull) ends.next();
    const endUs = startUs + count * this.#serviceUs(row);
    ends.schedule(endUs, 0, 0, 0, 0);
    this.isTimedOut = endUs > leftUs;
    if (this.isTimedOut) return leftUs;
    this.served[row] += count;
    return endUs;
  }

  /** When the newest configuration that this source offers was signed. */
  generatedUs(row: number, nowUs: number): number {
    if (!this.#generates(row)) return this.#frozenUs[row];
    const { phaseUs } = this.#plan.trustServices;
    const lastUs = lastRunUs(nowUs, phaseUs[row], this.#generationUs[row]);
    return lastUs >= this.#generatesSinceUs[row] ? lastUs : this.#frozenUs[row];
  }

  patched(column: number, row: number, value: number, nowUs: number): void {
    const generatedUs = this.generatedUs(row, nowUs);
    const hasGenerated = this.#generates(row);
    if (column === PatchColumn.TrustServiceSlowness) this.#slowness[row] = value;
    else if (column === PatchColumn.OcspAnswersStale) this.staleUs[row] = value;
    else if (column === PatchColumn.CentralKeyLoggedOut) this.#isLoggedOut[row] = value;
    else this.#move(row, value);
    const generates = this.#generates(row);
    if (hasGenerated && !generates) this.#frozenUs[row] = generatedUs;
    if (!hasGenerated && generates) this.#generatesSinceUs[row] = nowUs;
  }

  #move(row: number, state: number): void {
    this.#state[row] = nextState(TRUST_LIFE, this.#state[row], EVENT_OF[state]);
    if (!this.isDown(row)) return;
    // What it was working on is gone; it comes back with empty hands.
    this.#ends[row] = new EventQueue(PLACES);
    this.#startsUs[row].length = 0;
  }

  #generates(row: number): boolean {
    return !this.isDown(row) && this.#isLoggedOut[row] === 0;
  }

  #serviceUs(row: number): number {
    const { kind, a, b, values } = this.#plan.distributions;
    const distribution = this.#plan.trustServices.serviceTime[row];
    const [key0, key1] = this.#keys[row];
    const u = draw(key0, key1, this.#ordinal[row]++, 0, 0);
    const timeUs = drawValue(kind[distribution], a[distribution], b[distribution], values, u);
    // Time moves on with every answer, so that no job can spin.
    return Math.max(1, Math.round(timeUs * this.#slowness[row]));
  }

  #queue(row: number, startUs: number, nowUs: number): void {
    const starts = this.#startsUs[row];
    const begun = starts.findIndex((timeUs) => timeUs > nowUs);
    starts.splice(0, begun === -1 ? starts.length : begun);
    if (startUs > nowUs) starts.push(startUs);
    this.queueMax[row] = Math.max(this.queueMax[row], starts.length);
  }
}
