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
 * Time is whole microseconds in a double: exact for 285 years. `next` leaves a hole at the root,
 * which the next `schedule` fills from the top: most events schedule exactly one other, so that a
 * pop and a push become one descent.
 *
 * Why a 4-ary heap: against a binary one it halves the levels, and against a calendar queue it
 * needs no width that fits the load, so it is as good with fifteen pending as with thousands
 * (bench/README.md has the figures). Rejected: a heap of handles to rows that stay in place; it
 * moves less, but at 20,000 pending the rows are cache misses.
 */
import { assert } from './assert.ts';

const ID_LIMIT = 2 ** 40;

export class EventQueue {
  /** Of the event that `next` took out last. */
  timeUs = 0;
  kind = 0;
  a = 0;
  b = 0;
  /** Entries of the heap, with the hole if there is one. */
  #size = 0;
  #hasHole = false;
  /** Of the entry at the root; Infinity when there is none. Not valid while there is a hole. */
  #headUs = Infinity;
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

  get count(): number {
    return this.#hasHole ? this.#size - 1 : this.#size;
  }

  /** Time of the next event; Infinity when there is none. */
  get nextUs(): number {
    if (this.#hasHole) this.#closeHole();
    return this.#headUs;
  }

  /** Order key of the next event: `kind` and `id`. Ask only when there is one. */
  get nextKey(): number {
    if (this.#hasHole) this.#closeHole();
    return this.#keys[0];
  }

  /** `kind` and the whole number `id` (below 2^40) order simultaneous events. */
  schedule(timeUs: number, kind: number, id: number, a: number, b: number): void {
    const key = kind * ID_LIMIT + id;
    if (this.#hasHole) {
      this.#hasHole = false;
      this.#sink(timeUs, key, a, b);
      return;
    }
    if (this.#size === this.#times.length) this.#grow();
    this.#rise(this.#size++, timeUs, key, a, b);
  }

  /** Takes the next event out into the fields; false when there is none. */
  next(): boolean {
    if (this.#hasHole) this.#closeHole();
    if (this.#size === 0) return false;
    const timeUs = this.#times[0];
    assert(timeUs >= this.timeUs, 'time ran backwards');
    this.timeUs = timeUs;
    this.kind = (this.#keys[0] / ID_LIMIT) | 0;
    this.a = this.#as[0];
    this.b = this.#bs[0];
    this.#hasHole = true;
    return true;
  }

  /** Nothing was scheduled in place of the event taken out: the last entry fills the hole. */
  #closeHole(): void {
    this.#hasHole = false;
    const last = --this.#size;
    if (last === 0) {
      this.#headUs = Infinity;
      return;
    }
    this.#sink(this.#times[last], this.#keys[last], this.#as[last], this.#bs[last]);
  }

  #rise(from: number, timeUs: number, key: number, a: number, b: number): void {
    const times = this.#times;
    const keys = this.#keys;
    const as = this.#as;
    const bs = this.#bs;
    let hole = from;
    while (hole > 0) {
      const parent = (hole - 1) >> 2;
      const parentTime = times[parent];
      if (parentTime < timeUs || (parentTime === timeUs && keys[parent] <= key)) break;
      times[hole] = parentTime;
      keys[hole] = keys[parent];
      as[hole] = as[parent];
      bs[hole] = bs[parent];
      hole = parent;
    }
    times[hole] = timeUs;
    keys[hole] = key;
    as[hole] = a;
    bs[hole] = b;
    this.#headUs = times[0];
  }

  /** From the root down to where the entry belongs. */
  #sink(timeUs: number, key: number, a: number, b: number): void {
    const times = this.#times;
    const keys = this.#keys;
    const as = this.#as;
    const bs = this.#bs;
    const size = this.#size;
    let hole = 0;
    for (let child = 1; child < size; child = 4 * hole + 1) {
      let best = child;
      let bestTime = times[child];
      const end = child + 4 < size ? child + 4 : size;
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
      as[hole] = as[best];
      bs[hole] = bs[best];
      hole = best;
    }
    times[hole] = timeUs;
    keys[hole] = key;
    as[hole] = a;
    bs[hole] = b;
    this.#headUs = times[0];
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
