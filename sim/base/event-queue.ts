/**
 * The future event list: a 4-ary heap over columns. Events leave by (time, kind, id), a total
 * order, so equal runs are equal whatever put the events in. What an event carries beyond that is
 * two integers.
 *
 * Time is whole microseconds in a double: exact for 285 years. Two things make it fast. The heap
 * moves only a time and a handle; the rest of an event stays where it was written. And `next`
 * leaves a hole at the root, which the next `schedule` fills from the top: most events schedule
 * exactly one other, so that a pop and a push become one descent.
 *
 * Why a 4-ary heap: against a binary one it halves the levels, and against a calendar queue it
 * needs no width that fits the load, so it is as good with fifteen pending as with thousands
 * (bench/README.md has the figures).
 */
import { assert } from './assert.ts';

export class EventQueue {
  /** Of the event that `next` took out last. */
  timeUs = 0;
  kind = 0;
  id = 0;
  a = 0;
  b = 0;
  /** Entries of the heap, with the hole if there is one. */
  #size = 0;
  #hasHole = false;
  #times: Float64Array;
  #handles: Int32Array;
  // Of a handle.
  #kinds: Uint8Array;
  #ids: Float64Array;
  #as: Int32Array;
  #bs: Int32Array;

  constructor(capacity = 1024) {
    this.#times = new Float64Array(capacity);
    this.#handles = new Int32Array(capacity);
    this.#kinds = new Uint8Array(capacity);
    this.#ids = new Float64Array(capacity);
    this.#as = new Int32Array(capacity);
    this.#bs = new Int32Array(capacity);
    for (let handle = 0; handle < capacity; handle++) this.#handles[handle] = handle;
  }

  get count(): number {
    return this.#hasHole ? this.#size - 1 : this.#size;
  }

  /** Time of the next event; Infinity when there is none. */
  get nextUs(): number {
    if (this.#hasHole) this.#closeHole();
    return this.#size === 0 ? Infinity : this.#times[0];
  }

  /** `kind` below 256, `id` whole; both only order simultaneous events. */
  schedule(timeUs: number, kind: number, id: number, a: number, b: number): void {
    if (this.#hasHole) {
      this.#hasHole = false;
      const handle = this.#handles[0];
      this.#write(handle, kind, id, a, b);
      this.#sink(timeUs, handle);
      return;
    }
    if (this.#size === this.#times.length) this.#grow();
    // Handles that are not in the heap stand behind its end.
    const handle = this.#handles[this.#size];
    this.#write(handle, kind, id, a, b);
    this.#rise(this.#size++, timeUs, handle);
  }

  /** Takes the next event out into the fields; false when there is none. */
  next(): boolean {
    if (this.#hasHole) this.#closeHole();
    if (this.#size === 0) return false;
    const timeUs = this.#times[0];
    assert(timeUs >= this.timeUs, 'time ran backwards');
    const handle = this.#handles[0];
    this.timeUs = timeUs;
    this.kind = this.#kinds[handle];
    this.id = this.#ids[handle];
    this.a = this.#as[handle];
    this.b = this.#bs[handle];
    this.#hasHole = true;
    return true;
  }

  #write(handle: number, kind: number, id: number, a: number, b: number): void {
    this.#kinds[handle] = kind;
    this.#ids[handle] = id;
    this.#as[handle] = a;
    this.#bs[handle] = b;
  }

  /** Nothing was scheduled in place of the event taken out: the last entry fills the hole. */
  #closeHole(): void {
    this.#hasHole = false;
    const freed = this.#handles[0];
    const last = --this.#size;
    if (last === 0) return;
    const handle = this.#handles[last];
    this.#handles[last] = freed;
    this.#sink(this.#times[last], handle);
  }

  #rise(from: number, timeUs: number, handle: number): void {
    const times = this.#times;
    const handles = this.#handles;
    let hole = from;
    while (hole > 0) {
      const parent = (hole - 1) >> 2;
      const parentTime = times[parent];
      if (parentTime < timeUs) break;
      if (parentTime === timeUs && !this.#isBefore(handle, handles[parent])) break;
      times[hole] = parentTime;
      handles[hole] = handles[parent];
      hole = parent;
    }
    times[hole] = timeUs;
    handles[hole] = handle;
  }

  /** From the root down to where the entry belongs. */
  #sink(timeUs: number, handle: number): void {
    const times = this.#times;
    const handles = this.#handles;
    const size = this.#size;
    let hole = 0;
    for (let child = 1; child < size; child = 4 * hole + 1) {
      let best = child;
      let bestTime = times[child];
      const end = child + 4 < size ? child + 4 : size;
      for (let other = child + 1; other < end; other++) {
        const time = times[other];
        if (time > bestTime) continue;
        if (time < bestTime || this.#isBefore(handles[other], handles[best])) {
          best = other;
          bestTime = time;
        }
      }
      if (timeUs < bestTime) break;
      if (timeUs === bestTime && this.#isBefore(handle, handles[best])) break;
      times[hole] = bestTime;
      handles[hole] = handles[best];
      hole = best;
    }
    times[hole] = timeUs;
    handles[hole] = handle;
  }

  /** Among simultaneous events: by kind, then by id. */
  #isBefore(handle: number, other: number): boolean {
    const kind = this.#kinds[handle];
    const otherKind = this.#kinds[other];
    if (kind !== otherKind) return kind < otherKind;
    return this.#ids[handle] < this.#ids[other];
  }

  #grow(): void {
    const from = this.#times.length;
    const size = from * 2;
    this.#times = enlarge(this.#times, new Float64Array(size));
    this.#handles = enlarge(this.#handles, new Int32Array(size));
    this.#ids = enlarge(this.#ids, new Float64Array(size));
    this.#as = enlarge(this.#as, new Int32Array(size));
    this.#bs = enlarge(this.#bs, new Int32Array(size));
    const kinds = new Uint8Array(size);
    kinds.set(this.#kinds);
    this.#kinds = kinds;
    for (let handle = from; handle < size; handle++) this.#handles[handle] = handle;
  }
}

function enlarge<T extends Float64Array | Int32Array>(from: T, into: T): T {
  into.set(from);
  return into;
}
