/**
 * The calls and journeys alive in a run, for callers that do more than wait: a row (slot) each,
 * reused, all allocated before the first event. A call's `state` is the packed one of
 * workload/call.ts. Timers carry the `sequence` they were set with: one that has changed is void.
 *
 * A call outlives its exchanges: while it backs off it has none, and an exchange that it abandoned
 * lives on without it.
 */
export class CallTable {
  readonly capacity: number;
  usedCount = 0;

  readonly state: Int32Array;
  /** Changes with every transition, and never goes back: it survives the slot's reuse. */
  readonly sequence: Int32Array;
  /** Counts calls in order of beginning; breaks ties between simultaneous events. */
  readonly id: Float64Array;
  readonly source: Int32Array;
  readonly ordinal: Int32Array;
  readonly flow: Int32Array;
  readonly policy: Int32Array;
  readonly intendedUs: Float64Array;
  /** When the caller gives up; Infinity: never. */
  readonly giveUpUs: Float64Array;
  /** Until when it listens to the attempt under way; Infinity: for ever. */
  readonly hearUntilUs: Float64Array;
  /** The last pause before a retry; 0: there was none. */
  readonly lastBackOffUs: Float64Array;
  /** Slot of the exchange that it waits for; -1: none. */
  readonly exchange: Int32Array;
  /** Slot of its journey; -1: it belongs to none. */
  readonly journey: Int32Array;
  /** Row of `journeyCalls`. */
  readonly journeyCall: Int32Array;

  readonly #free: FreeSlots;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.state = new Int32Array(capacity);
    this.sequence = new Int32Array(capacity);
    this.id = new Float64Array(capacity);
    this.source = new Int32Array(capacity);
    this.ordinal = new Int32Array(capacity);
    this.flow = new Int32Array(capacity);
    this.policy = new Int32Array(capacity);
    this.intendedUs = new Float64Array(capacity);
    this.giveUpUs = new Float64Array(capacity);
    this.hearUntilUs = new Float64Array(capacity);
    this.lastBackOffUs = new Float64Array(capacity);
    this.exchange = new Int32Array(capacity);
    this.journey = new Int32Array(capacity);
    this.journeyCall = new Int32Array(capacity);
    this.#free = new FreeSlots(capacity);
  }

  /** A fresh slot; -1 when the limit of the run is met. */
  take(): number {
    const slot = this.#free.take();
    if (slot === -1) return -1;
    this.usedCount++;
    this.state[slot] = 0;
    this.lastBackOffUs[slot] = 0;
    this.exchange[slot] = -1;
    this.journey[slot] = -1;
    this.journeyCall[slot] = -1;
    return slot;
  }

  give(slot: number): void {
    this.sequence[slot]++;
    this.usedCount--;
    this.#free.give(slot);
  }
}

/** A journey keeps its slot until it is over and none of its calls is alive. */
export class JourneySlots {
  readonly capacity: number;
  usedCount = 0;

  /** Counts journeys in order of beginning; breaks ties between simultaneous events. */
  readonly id: Float64Array;
  /** Row of the plan's journeys. */
  readonly row: Int32Array;
  readonly source: Int32Array;
  readonly ordinal: Int32Array;
  readonly intendedUs: Float64Array;
  readonly giveUpUs: Float64Array;
  /** Row of `journeySteps`: the one under way, or the one that a pause precedes. */
  readonly step: Int32Array;
  /** When the last call of this step ended. */
  readonly stepEndUs: Float64Array;
  /** Of this step: required calls that were made, that were answered, that failed. */
  readonly required: Int32Array;
  readonly answered: Int32Array;
  readonly failed: Int32Array;
  /** Calls alive, of this step, and of the steps before that did not wait for them. */
  readonly openInStep: Int32Array;
  readonly openBefore: Int32Array;
  /** 1: it is completed or lost, and lives only until its last call has ended. */
  readonly isOver: Uint8Array;

  readonly #free: FreeSlots;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.id = new Float64Array(capacity);
    this.row = new Int32Array(capacity);
    this.source = new Int32Array(capacity);
    this.ordinal = new Int32Array(capacity);
    this.intendedUs = new Float64Array(capacity);
    this.giveUpUs = new Float64Array(capacity);
    this.step = new Int32Array(capacity);
    this.stepEndUs = new Float64Array(capacity);
    this.required = new Int32Array(capacity);
    this.answered = new Int32Array(capacity);
    this.failed = new Int32Array(capacity);
    this.openInStep = new Int32Array(capacity);
    this.openBefore = new Int32Array(capacity);
    this.isOver = new Uint8Array(capacity);
    this.#free = new FreeSlots(capacity);
  }

  /** A fresh slot; -1 when the limit of the run is met. */
  take(): number {
    const slot = this.#free.take();
    if (slot === -1) return -1;
    this.usedCount++;
    this.openInStep[slot] = 0;
    this.openBefore[slot] = 0;
    this.isOver[slot] = 0;
    return slot;
  }

  /** A step begins, or the pause before it: nothing of it has been called. */
  enterStep(slot: number, step: number): void {
    this.openBefore[slot] += this.openInStep[slot];
    this.openInStep[slot] = 0;
    this.step[slot] = step;
    this.required[slot] = 0;
    this.answered[slot] = 0;
    this.failed[slot] = 0;
    this.stepEndUs[slot] = 0;
  }

  giveIfDone(slot: number): void {
    if (this.isOver[slot] === 0) return;
    if (this.openInStep[slot] + this.openBefore[slot] > 0) return;
    this.usedCount--;
    this.#free.give(slot);
  }
}

/** The lowest slots are taken first, so that a small run stays in the cache. */
class FreeSlots {
  readonly #slots: Int32Array;
  #count: number;

  constructor(capacity: number) {
    this.#slots = new Int32Array(capacity);
    for (let slot = 0; slot < capacity; slot++) this.#slots[slot] = capacity - 1 - slot;
    this.#count = capacity;
  }

  take(): number {
    return this.#count === 0 ? -1 : this.#slots[--this.#count];
  }

  give(slot: number): void {
    this.#slots[this.#count++] = slot;
  }
}
