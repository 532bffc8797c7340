/**
 * What is due when, for all links of a thread: one heap and one timer of Node's, however many
 * chunks are on their way. Node's timers count whole milliseconds, so something may be done half a
 * millisecond early or late; the last piece of a wait goes through the event loop without one.
 */
import { EventQueue } from '../../base/event-queue.ts';

const MS_US = 1000;
const TOLERANCE_US = 500;
const TIMER_MS_MAX = 2 ** 31 - 1;

/** Microseconds of this process's monotonic clock: what the shaper counts in. */
export function nowUs(): number {
  return performance.now() * MS_US;
}

export class Agenda {
  #queue = new EventQueue(256);
  /** By the event's slot; null: cancelled. */
  readonly #acts: ((() => void) | null)[] = [];
  readonly #freeSlots: number[] = [];
  #sequence = 0;
  #liveCount = 0;
  #timer: NodeJS.Timeout | null = null;
  #immediate: NodeJS.Immediate | null = null;
  /** What the timer or the immediate is set for. */
  #armedUs = Infinity;
  #isRunning = false;

  /** How much is still to be done. */
  get count(): number {
    return this.#liveCount;
  }

  /** Acts once, at that instant; what it returns cancels it. */
  at(dueUs: number, act: () => void): () => void {
    const slot = this.#freeSlots.pop() ?? this.#acts.length;
    // A slot may serve somebody else when this cancellation is used late.
    const own = (): void => act();
    this.#acts[slot] = own;
    this.#liveCount++;
    // What is early by the tolerance has moved the queue's own time ahead of the clock.
    this.#queue.schedule(Math.max(dueUs, this.#queue.timeUs), 0, this.#sequence++, slot, 0);
    if (!this.#isRunning) this.#arm();
    return () => {
      if (this.#acts[slot] !== own) return;
      this.#acts[slot] = null;
      if (--this.#liveCount === 0 && !this.#isRunning) this.#clear();
    };
  }

  #run(): void {
    this.#disarm();
    this.#isRunning = true;
    const untilUs = nowUs() + TOLERANCE_US;
    try {
      while (this.#queue.nextUs <= untilUs && this.#queue.next()) {
        const slot = this.#queue.a;
        const act = this.#acts[slot];
        this.#acts[slot] = null;
        this.#freeSlots.push(slot);
        if (act === null) continue;
        this.#liveCount--;
        act();
      }
    } finally {
      this.#isRunning = false;
      if (this.#liveCount === 0) this.#clear();
      else this.#arm();
    }
  }

  #arm(): void {
    const dueUs = this.#queue.nextUs;
    if (dueUs >= this.#armedUs) return;
    this.#disarm();
    this.#armedUs = dueUs;
    const waitMs = Math.floor((dueUs - nowUs()) / MS_US);
    if (waitMs >= 1) this.#timer = setTimeout(() => this.#run(), Math.min(waitMs, TIMER_MS_MAX));
    else this.#immediate = setImmediate(() => this.#run());
  }

  #disarm(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#immediate !== null) clearImmediate(this.#immediate);
    this.#timer = null;
    this.#immediate = null;
    this.#armedUs = Infinity;
  }

  /** Nothing is to be done: no timer may keep the process alive for what was cancelled. */
  #clear(): void {
    this.#disarm();
    this.#queue = new EventQueue(256);
    this.#acts.length = 0;
    this.#freeSlots.length = 0;
  }
}
