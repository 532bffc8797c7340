/**
 * The future event list: a 4-ary heap over columns. Events leave by (time, kind, id), a total
 * order, so equal runs are equal whatever put the events in. What an event carries beyond that is
 * two integers.
 *
 *    53                40 39                                   0
 *   +-------------------+--------------------------------------+
 *   |       kind        |                  id                  |   the order key, in a double
 *   +-------------------+--------------------------------------+
 *
 * Time is whole microseconds in a double: exact for 285 years. Why a 4-ary heap: against a binary
 * one it halves the levels, and against a calendar queue it needs no width that fits the load, so
 * it is as good with fifteen pending as with thousands (bench/README.md has the figures).
 */
import { assert } from './assert.ts';

const ID_LIMIT = 2 ** 40;

export class EventQueue {
  /** Of the event that `next` took out last. */
  timeUs = 0;
  kind = 0;
  id = 0;
  a = 0;
  b = 0;
  count = 0;
  #times: Float64Array;
  #keys: Float64Array;
  #as: Int32Array;
  #bs: Int32Array;

  constructor(capacity = 1024) {
    this.#times = new Float64Array(capacity);
    this.#keys = new Float64Array(capacity);
    this.#as = new Int32Array(capacity);
    this.#bs = new Int32Array(capacity);
  }

  /** Time of the next event; Infinity when there is none. */
  get nextUs(): number {
    return this.count === 0 ? Infinity : this.#times[0];
  }

  schedule(timeUs: number, kind: number, id: number, a: number, b: number): void {
    const key = kind * ID_LIMIT + id;
    let hole = this.count++;
    if (hole === this.#times.length) this.#grow();
    const times = this.#times;
    const keys = this.#keys;
    while (hole > 0) {
      const parent = (hole - 1) >> 2;
      const parentTime = times[parent];
      if (parentTime < timeUs || (parentTime === timeUs && keys[parent] <= key)) break;
      times[hole] = parentTime;
      keys[hole] = keys[parent];
      this.#as[hole] = this.#as[parent];
      this.#bs[hole] = this.#bs[parent];
      hole = parent;
    }
    times[hole] = timeUs;
    keys[hole] = key;
    this.#as[hole] = a;
    this.#bs[hole] = b;
  }

  /** Takes the next event out into the fields; false when there is none. */
  next(): boolean {
    if (this.count === 0) return false;
    const timeUs = this.#times[0];
    assert(timeUs >= this.timeUs, 'time ran backwards');
    const key = this.#keys[0];
    this.timeUs = timeUs;
    this.kind = Math.floor(key / ID_LIMIT);
    this.id = key - this.kind * ID_LIMIT;
    this.a = this.#as[0];
    this.b = this.#bs[0];
    const last = --this.count;
    if (last > 0) this.#sink(last);
    return true;
  }

  /** Puts the last entry where it belongs, from the root down. */
  #sink(last: number): void {
    const times = this.#times;
    const keys = this.#keys;
    const timeUs = times[last];
    const key = keys[last];
    let hole = 0;
    for (let child = 1; child < last; child = 4 * hole + 1) {
      let best = child;
      let bestTime = times[child];
      const end = child + 4 < last ? child + 4 : last;
      for (let other = child + 1; other < end; other++) {
        const time = times[other];
        if (time < bestTime || (time === bestTime && keys[other] < keys[best])) {
          best = other;
          bestTime = time;
        }
      }
      if (timeUs < bestTime || (timeUs === bestTime && key <= keys[best])) break;
      times[hole] = bestTime;
      keys[hole] = keys[best];
      this.#as[hole] = this.#as[best];
      this.#bs[hole] = this.#bs[best];
      hole = best;
    }
    times[hole] = timeUs;
    keys[hole] = key;
    this.#as[hole] = this.#as[last];
    this.#bs[hole] = this.#bs[last];
  }

  #grow(): void {
    const size = this.#times.length * 2;
    this.#times = enlarge(this.#times, new Float64Array(size));
    this.#keys = enlarge(this.#keys, new Float64Array(size));
    this.#as = enlarge(this.#as, new Int32Array(size));
    this.#bs = enlarge(this.#bs, new Int32Array(size));
  }
}

function enlarge<T extends Float64Array | Int32Array>(from: T, into: T): T {
  into.set(from);
  return into;
}
