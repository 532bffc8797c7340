/**
 * The future event list alone, in the hold model: take the next event, schedule one a random while
 * later, with a fixed number pending. Against a binary heap of objects with a comparison function,
 * which is what one writes first.
 */
import { createCalendarQueue } from '../sim/base/calendar-queue.ts';
import { EventQueue } from '../sim/base/event-queue.ts';
import { draw } from '../sim/base/random.ts';
import { cpuSecondsOf } from './harness.ts';
import type { Bench, Contender, Measurement } from './harness.ts';

const HOLDS = 3_000_000;
/** Drawn before the clock starts: chance should not be measured here. A power of two. */
const GAPS = 1 << 16;
const MEAN_GAP_US = 1e6;

interface Entry {
  readonly timeUs: number;
  readonly kind: number;
  readonly id: number;
}

class ObjectHeap {
  readonly #entries: Entry[] = [];

  push(entry: Entry): void {
    const entries = this.#entries;
    let hole = entries.length;
    entries.push(entry);
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if (compare(entries[parent], entry) <= 0) break;
      entries[hole] = entries[parent];
      hole = parent;
    }
    entries[hole] = entry;
  }

  pop(): Entry {
    const entries = this.#entries;
    const [top] = entries;
    // The heap is never empty here: the hold model keeps it full.
    const last = entries.pop() as Entry;
    const size = entries.length;
    if (size === 0) return top;
    let hole = 0;
    for (let child = 1; child < size; child = 2 * hole + 1) {
      if (child + 1 < size && compare(entries[child + 1], entries[child]) < 0) child++;
      if (compare(last, entries[child]) <= 0) break;
      entries[hole] = entries[child];
      hole = child;
    }
    entries[hole] = last;
    return top;
  }
}

function compare(one: Entry, other: Entry): number {
  return one.timeUs - other.timeUs || one.kind - other.kind || one.id - other.id;
}

function gaps(): Float64Array {
  return Float64Array.from({ length: GAPS }, (_, index) =>
    Math.round(-MEAN_GAP_US * Math.log(draw(1, 2, index, 0, 0))),
  );
}

function holdColumns(pending: number, gapUs: Float64Array): number {
  const queue = new EventQueue(pending);
  for (let id = 0; id < pending; id++) queue.schedule(gapUs[id & (GAPS - 1)], 3, id, id, 0);
  let checksum = 0;
  for (let hold = 0; hold < HOLDS; hold++) {
    queue.next();
    const { a } = queue;
    checksum = (checksum * 31 + a) | 0;
    queue.schedule(queue.timeUs + gapUs[hold & (GAPS - 1)], 3, a, a, hold);
  }
  return checksum;
}

function holdCalendar(pending: number, gapUs: Float64Array): number {
  const queue = createCalendarQueue(Math.max(pending, 65_536));
  const { taken } = queue;
  for (let id = 0; id < pending; id++) queue.schedule(gapUs[id & (GAPS - 1)], 3, id, id, 0);
  let checksum = 0;
  let sinceUs = 0;
  for (let hold = 0; hold < HOLDS; hold++) {
    queue.next();
    checksum = (checksum * 31 + taken.a) | 0;
    queue.schedule(taken.timeUs + gapUs[hold & (GAPS - 1)], 3, taken.a, taken.a, hold);
    // As the engine's loop does.
    if ((hold & 0xffff) !== 0xffff) continue;
    queue.retune(taken.timeUs - sinceUs);
    sinceUs = taken.timeUs;
  }
  return checksum;
}

function holdObjects(pending: number, gapUs: Float64Array): number {
  const heap = new ObjectHeap();
  for (let id = 0; id < pending; id++) heap.push({ timeUs: gapUs[id & (GAPS - 1)], kind: 3, id });
  let checksum = 0;
  for (let hold = 0; hold < HOLDS; hold++) {
    const { timeUs, id } = heap.pop();
    checksum = (checksum * 31 + id) | 0;
    heap.push({ timeUs: timeUs + gapUs[hold & (GAPS - 1)], kind: 3, id });
  }
  return checksum;
}

function contender(
  name: string,
  pending: number,
  hold: (pending: number, gapUs: Float64Array) => number,
): Contender {
  return { name: `${name}, ${pending.toLocaleString('en-GB')} pending`, measure };

  function measure(): Measurement {
    const gapUs = gaps();
    const { seconds, result } = cpuSecondsOf(() => hold(pending, gapUs));
    // Equal checksums of a group: both queues gave the same events in the same order.
    return { value: HOLDS / seconds / 1e6, notes: [`order ${(result >>> 0).toString(16)}`] };
  }
}

export const EVENT_QUEUE: Bench = {
  name: 'event-queue',
  title: 'Bare kernel: take one event, schedule one',
  unit: 'M events/s a core',
  isMoreBetter: true,
  rounds: 5,
  groups: [1000, 20_000, 200_000].map((pending) => [
    contender('binary heap of objects', pending, holdObjects),
    contender('heap of columns', pending, holdColumns),
    contender('calendar', pending, holdCalendar),
  ]),
};
