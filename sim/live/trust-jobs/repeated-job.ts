/** A job of a security server on the network's clock: one run at a time, each plans the next. */
import { assert } from '../../base/assert.ts';
import type { NetworkClock } from '../network-clock.ts';

export class RepeatedJob {
  readonly #clock: NetworkClock;
  /** One run; what it returns is how long, on the network's clock, until the next. */
  readonly #act: () => Promise<number>;
  #cancel: (() => void) | null = null;
  #running: Promise<void> | null = null;
  #isClosed = false;
  #isPaused = false;

  constructor(clock: NetworkClock, act: () => Promise<number>) {
    this.#clock = clock;
    this.#act = act;
  }

  /** The first run is after so long; whatever was planned before is not done. */
  start(afterMs: number): void {
    assert(!this.#isClosed, 'a job that was closed does not start again');
    this.#isPaused = false;
    this.#cancel?.();
    this.#cancel = this.#clock.after(afterMs, () => {
      this.#cancel = null;
      this.#running = this.#act().then((pauseMs) => {
        this.#running = null;
        // Whoever started it anew meanwhile has planned the next run.
        if (!this.#isClosed && !this.#isPaused && this.#cancel === null) this.start(pauseMs);
      });
    });
  }

  /** No run begins until it is started anew. */
  pause(): void {
    this.#isPaused = true;
    this.#cancel?.();
    this.#cancel = null;
  }

  /** Waits for the run that is under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel?.();
    await this.#running;
  }
}
