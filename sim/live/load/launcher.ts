/**
 * Begins calls when they are due, whatever has become of the others: an open loop. The users of a
 * closed loop come through the same door, for a user's next call is due a think time after the last
 * answer (workload/sources.ts).
 *
 * A timer of Node's is a millisecond coarse. The last part of a millisecond is spent in turns of
 * the event loop, but for no more than a twentieth of the time: beyond that the generator would
 * take from the servers the processor that they are measured on.
 */
import type { DueCall, Sources } from '../../workload/sources.ts';

export interface LaunchOptions {
  readonly sources: Sources;
  /** Microseconds of the run. */
  readonly nowUs: () => number;
  readonly send: (call: DueCall) => void;
  /** Tests only: blocks the thread for so long before each look at the clock. */
  readonly heldBackMs: number;
}

/** An alarm may be so late: a call that was due a moment before the end is sent after it. */
export const GRACE_US = 50_000;
const US_PER_MS = 1000;
/** The longest sleep: timers of Node's cannot be set for months. */
const SLEEP_MS_MAX = 60_000;
const TURNING_SHARE_MAX = 0.05;

export class Launcher {
  readonly #options: LaunchOptions;
  #timer: NodeJS.Timeout | null = null;
  #turn: NodeJS.Immediate | null = null;
  /** Since when it turns without sleeping; null: it does not. */
  #turningSinceUs: number | null = null;
  #turnedUs = 0;
  #isOver = false;

  constructor(options: LaunchOptions) {
    this.#options = options;
  }

  /** Sends what is due, and sets the alarm for what comes next; also after a user's answer. */
  wake(): void {
    this.#disarm();
    if (this.#isOver) return;
    const { sources, nowUs, send, heldBackMs } = this.#options;
    if (heldBackMs > 0) block(heldBackMs);
    let us = nowUs();
    while (sources.nextUs() <= us) {
      send(sources.take());
      us = nowUs();
    }
    this.#arm(sources.nextUs() - us, us);
  }

  /** The calls that should have been sent long ago, and that nobody sends any more. */
  end(): DueCall[] {
    this.#isOver = true;
    this.#disarm();
    const { sources, nowUs } = this.#options;
    const untilUs = nowUs() - GRACE_US;
    const missed: DueCall[] = [];
    while (sources.nextUs() < untilUs) missed.push(sources.take());
    return missed;
  }

  #arm(leftUs: number, us: number): void {
    const isNear = leftUs < US_PER_MS;
    if (this.#turningSinceUs !== null && !isNear) {
      this.#turnedUs += us - this.#turningSinceUs;
      this.#turningSinceUs = null;
    }
    if (leftUs === Infinity) return;
    const turnedUs = this.#turnedUs + us - (this.#turningSinceUs ?? us);
    if (isNear && turnedUs <= TURNING_SHARE_MAX * us) {
      this.#turningSinceUs ??= us;
      this.#turn = setImmediate(() => this.wake());
      return;
    }
    const ms = Math.max(1, Math.floor(leftUs / US_PER_MS));
    this.#timer = setTimeout(() => this.wake(), Math.min(SLEEP_MS_MAX, ms));
  }

  #disarm(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#turn !== null) clearImmediate(this.#turn);
    this.#timer = null;
    this.#turn = null;
  }
}

function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
