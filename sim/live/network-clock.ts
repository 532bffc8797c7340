/**
 * The network's clock. Trust lives in hours and a run lasts minutes, so a run may declare a time
 * compression: schedules, expiries and the dates in evidence are all read from this one clock,
 * which runs so many times as fast as the wall. Time-outs of the message path stay real and never
 * come here.
 */
import { assert } from '../base/assert.ts';

export interface NetworkClock {
  /** How many milliseconds of the network pass in one of the wall. */
  readonly compression: number;
  /** Milliseconds since 1970, on the network's clock. */
  nowMs(): number;
  /** How long a span of the network takes on the wall. */
  realMs(networkMs: number): number;
  /**
   * Acts once, when so much time of the network has passed; what it returns cancels it. The timer
   * keeps the process alive, so whoever sets it cancels it when it closes.
   */
  after(networkMs: number, act: () => void): () => void;
}

/** A clock that stands at `startMs` now and runs `compression` times as fast as the wall. */
export function createNetworkClock(startMs: number, compression: number): NetworkClock {
  assert(compression > 0 && Number.isFinite(compression), `a compression of ${compression}`);
  const sinceMs = performance.now();
  // From the monotonic clock: when the machine's clock is set, the network must not jump.
  return clockOf(compression, () => startMs + (performance.now() - sinceMs) * compression);
}

/** The network's clock is the wall's. */
export const REAL_TIME: NetworkClock = clockOf(1, () => Date.now());

/** A timer of Node's with a longer delay would fire at once. */
const TIMER_MS_MAX = 2 ** 31 - 1;

function clockOf(compression: number, nowMs: () => number): NetworkClock {
  const realMs = (networkMs: number): number => networkMs / compression;
  return {
    compression,
    nowMs,
    realMs,
    after: (networkMs, act) => {
      const dueMs = performance.now() + realMs(Math.max(0, networkMs));
      let timer: NodeJS.Timeout;
      const wait = (): void => {
        const leftMs = dueMs - performance.now();
        timer = setTimeout(
          () => {
            // A span of weeks is waited for in pieces.
            if (leftMs > TIMER_MS_MAX) wait();
            else act();
          },
          Math.min(Math.ceil(leftMs), TIMER_MS_MAX),
        );
      };
      wait();
      return () => clearTimeout(timer);
    },
  };
}
