/**
 * A resource of each server with a number of places and a queue: request threads, connections of
 * the message log. A place that is given back goes to the head of the queue at once.
 */
import type { RunState } from './state.ts';

export class Capacity {
  readonly busyCount: Int32Array;
  /** Place-microseconds in use since the warm-up. */
  readonly busyUs: Float64Array;
  readonly #capacity: Int32Array;
  readonly #changedUs: Float64Array;
  readonly #firstQueue: number;
  readonly #state: RunState;

  constructor(state: RunState, capacity: Int32Array, firstQueue: number) {
    this.#state = state;
    this.#capacity = capacity;
    this.#firstQueue = firstQueue;
    this.busyCount = new Int32Array(capacity.length);
    this.busyUs = new Float64Array(capacity.length);
    this.#changedUs = new Float64Array(capacity.length);
  }

  /** Takes a place if one is free and nobody waits; else the leg joins the queue. */
  request(server: number, leg: number): boolean {
    if (this.busyCount[server] < this.#capacity[server]) {
      this.#account(server);
      this.busyCount[server]++;
      return true;
    }
    this.#state.enqueue(this.#firstQueue + server, leg);
    return false;
  }

  /** Gives a place back; the leg that now has it, or -1. */
  release(server: number): number {
    const next = this.#state.queues.shift(this.#firstQueue + server);
    if (next !== -1) return next;
    this.#account(server);
    this.busyCount[server]--;
    return -1;
  }

  /** The process has died: nobody holds a place any more. */
  reset(server: number): void {
    this.#account(server);
    this.busyCount[server] = 0;
  }

  /** Begins the measured part anew. */
  restart(): void {
    for (let server = 0; server < this.busyUs.length; server++) {
      this.#account(server);
      this.busyUs[server] = 0;
    }
  }

  /** Brings the sums up to the present. */
  settle(): void {
    for (let server = 0; server < this.busyUs.length; server++) this.#account(server);
  }

  #account(server: number): void {
    const { nowUs } = this.#state;
    this.busyUs[server] += this.busyCount[server] * (nowUs - this.#changedUs[server]);
    this.#changedUs[server] = nowUs;
  }
}
