/**
 * A resource of which there are so many: request threads, connections of the message log. Node has
 * no threads to block, so a thread is a permit: what cannot get one waits, first in, first out,
 * and gives up when its patience is over.
 */
import { assert } from '../base/assert.ts';

interface Waiting {
  readonly settle: (isGranted: boolean) => void;
  readonly timer: NodeJS.Timeout;
}

export class Permits {
  readonly capacity: number;
  busyCount = 0;
  queueLengthMax = 0;
  readonly #waiting: Waiting[] = [];

  constructor(capacity: number) {
    assert(capacity > 0, 'a resource without capacity serves nobody');
    this.capacity = capacity;
  }

  get queueLength(): number {
    return this.#waiting.length;
  }

  /** True: granted; false: `patienceMs` were over first. */
  request(patienceMs: number): Promise<boolean> {
    if (this.busyCount < this.capacity) {
      this.busyCount++;
      return Promise.resolve(true);
    }
    return new Promise((settle) => {
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(entry), 1);
        settle(false);
      }, patienceMs);
      const entry: Waiting = { settle, timer };
      this.#waiting.push(entry);
      this.queueLengthMax = Math.max(this.queueLengthMax, this.#waiting.length);
    });
  }

  release(): void {
    assert(this.busyCount > 0, 'a permit was given back that nobody had');
    const next = this.#waiting.shift();
    if (next === undefined) {
      this.busyCount--;
      return;
    }
    clearTimeout(next.timer);
    next.settle(true);
  }

  /** Nobody gets one any more: whoever waits gives up at once. */
  close(): void {
    for (const { settle, timer } of this.#waiting.splice(0)) {
      clearTimeout(timer);
      settle(false);
    }
  }

  /** All who had one have died with it, and so has the queue. */
  reset(): void {
    this.close();
    this.busyCount = 0;
  }
}
