/**
 * Both event queues against the plainest one that can be right: a binary heap of objects, compared
 * by checksum over millions of events; and a sorted array over many small runs, event by event.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createCalendarQueue } from '../base/calendar-queue.ts';
import { EventQueue } from '../base/event-queue.ts';
import { RunningHash } from '../base/fingerprint.ts';
import { draw, Purpose } from '../base/random.ts';

/** What both queues can do, under one name. */
interface Queue {
  schedule(timeUs: number, kind: number, id: number, a: number, b: number): void;
  /** Takes the next event out into `taken`; false when there is none. */
  next(): boolean;
  nextUs(): number;
  readonly taken: Pick<PlainEvent, 'timeUs' | 'kind' | 'a' | 'b'>;
}

function heapQueue(capacity: number): Queue {
  const queue = new EventQueue(capacity);
  return {
    schedule: (timeUs, kind, id, a, b) => queue.schedule(timeUs, kind, id, a, b),
    next: () => queue.next(),
    nextUs: () => queue.nextUs,
    taken: queue,
  };
}

/** Its width changes now and then, from far too narrow to far too wide; no order may show it. */
function calendarQueue(capacity: number): Queue {
  const queue = createCalendarQueue(capacity);
  let count = 0;
  return {
    schedule: queue.schedule,
    next: () => {
      if (++count % 1000 === 0) queue.retune(1000 * 4 ** ((count / 1000) % 12));
      if (count % 7 === 0) queue.advanceTo(Math.min(queue.peekUs(), queue.taken.timeUs + 50));
      return queue.next();
    },
    nextUs: queue.peekUs,
    taken: queue.taken,
  };
}

const QUEUES = [
  { name: 'the heap', make: heapQueue },
  { name: 'the calendar', make: calendarQueue },
  { name: 'a calendar of few nodes', make: () => calendarQueue(40) },
];

interface PlainEvent {
  readonly timeUs: number;
  readonly kind: number;
  readonly id: number;
  readonly a: number;
  readonly b: number;
}

const isBefore = (one: PlainEvent, other: PlainEvent): boolean => byOrder(one, other) < 0;

function byOrder(one: PlainEvent, other: PlainEvent): number {
  return one.timeUs - other.timeUs || one.kind - other.kind || one.id - other.id;
}

class PlainHeap {
  readonly #events: PlainEvent[] = [];

  push(event: PlainEvent): void {
    const events = this.#events;
    let at = events.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(event, events[parent])) break;
      events[at] = events[parent];
      at = parent;
    }
    events[at] = event;
  }

  pop(): PlainEvent | undefined {
    const events = this.#events;
    const [first] = events;
    const last = events.pop();
    if (last === undefined || events.length === 0) return first;
    let at = 0;
    for (let child = 1; child < events.length; child = 2 * at + 1) {
      const right = child + 1;
      const best = right < events.length && isBefore(events[right], events[child]) ? right : child;
      if (!isBefore(events[best], last)) break;
      events[at] = events[best];
      at = best;
    }
    events[at] = last;
    return first;
  }
}

/** A heavy mixture: many at once, many soon, some far away. Ids are never used twice. */
function eventAt(nowUs: number, ordinal: number): PlainEvent {
  const u = draw(1, 2, ordinal, 0, Purpose.ServiceTime);
  const far = u < 0.02 ? 60e6 : u < 0.3 ? 0 : 20_000;
  const timeUs = nowUs + Math.floor(draw(1, 2, ordinal, 1, Purpose.ServiceTime) * far);
  const kind = Math.floor(draw(1, 2, ordinal, 2, Purpose.ServiceTime) * 24);
  return { timeUs, kind, id: ordinal, a: ordinal, b: ordinal ^ 0x5a5a };
}

/** Takes out `count` events and puts in as many; the checksum of what came out, in order. */
function checksum(
  pending: number,
  count: number,
  schedule: (event: PlainEvent) => void,
  next: () => Pick<PlainEvent, 'timeUs' | 'kind' | 'a' | 'b'>,
): string {
  const hash = new RunningHash();
  let ordinal = 0;
  while (ordinal < pending) schedule(eventAt(0, ordinal++));
  for (let taken = 0; taken < count; taken++) {
    const { timeUs, kind, a, b } = next();
    hash.addWhole(timeUs);
    hash.addInt(kind);
    hash.addInt(a);
    hash.addInt(b);
    // None, one or two in return: so it empties and fills again.
    const made = taken % 3;
    for (let at = 0; at < made; at++) schedule(eventAt(timeUs, ordinal++));
  }
  return hash.toString();
}

// Goal: whatever the number of pending events, the queues hand out what a plain heap does.
// Method: millions of events of a fixed mixture through all of them, one checksum each.
test.each([
  [3, 200_000],
  [1000, 1_000_000],
  [20_000, 1_000_000],
  [200_000, 1_000_000],
])('with about %i pending, %i events come out as from a plain heap', (pending, count) => {
  const heap = new PlainHeap();
  const nothing = { timeUs: 0, kind: 0, a: 0, b: 0 };
  const expected = checksum(
    pending,
    count,
    (event) => heap.push(event),
    () => heap.pop() ?? nothing,
  );
  for (const { name, make } of QUEUES) {
    const queue = make(pending + 16);
    const found = checksum(
      pending,
      count,
      ({ timeUs, kind, id, a, b }) => queue.schedule(timeUs, kind, id, a, b),
      () => (queue.next() ? queue.taken : nothing),
    );
    expect(found, name).toBe(expected);
  }
});

const event = fc.record({
  afterUs: fc.oneof(
    fc.constant(0),
    fc.integer({ min: 0, max: 3 }),
    fc.integer({ min: 0, max: 1e9 }),
  ),
  kind: fc.integer({ min: 0, max: 23 }),
  id: fc.integer({ min: 0, max: 2 ** 40 - 1 }),
});

// Each step takes some out and puts some in, at the present time or later.
test.each(QUEUES)('$name: any mixture leaves in the order of (time, kind, id)', ({ make }) => {
  const step = fc.record({ taken: fc.integer({ min: 0, max: 4 }), made: fc.array(event) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const queue = make(2);
      let sorted: PlainEvent[] = [];
      let ordinal = 0;
      for (const { taken, made } of steps) {
        for (const { afterUs, kind, id } of made) {
          const timeUs = queue.taken.timeUs + afterUs;
          // Equal in all three is never asked: an exchange has one event of a kind at a time.
          if (sorted.some((one) => one.timeUs === timeUs && one.kind === kind && one.id === id)) {
            continue;
          }
          const one = { timeUs, kind, id, a: ordinal++, b: -ordinal };
          sorted = [...sorted, one].toSorted(byOrder);
          queue.schedule(timeUs, kind, id, one.a, one.b);
        }
        for (let at = 0; at < taken; at++) {
          expect(queue.nextUs()).toBe(sorted[0]?.timeUs ?? Infinity);
          const expected = sorted.shift();
          expect(queue.next()).toBe(expected !== undefined);
          if (expected === undefined) continue;
          const { timeUs, kind, a, b } = expected;
          expect(queue.taken).toMatchObject({ timeUs, kind, a, b });
        }
      }
    }),
    { seed: 4, numRuns: 300 },
  );
});

test.each(QUEUES)('$name: simultaneous events leave by kind, then by id', ({ make }) => {
  const all = [0, 1, 2].flatMap((kind) => [0, 1, 2, 2 ** 39].map((id) => ({ kind, id })));
  fc.assert(
    fc.property(fc.shuffledSubarray(all, { minLength: all.length }), (shuffled) => {
      const queue = make(16);
      shuffled.forEach(({ kind, id }, at) => queue.schedule(7, kind, id, at, 0));
      const left: { kind: number; id: number }[] = [];
      while (queue.next()) left.push(shuffled[queue.taken.a]);
      expect(left).toEqual(all);
    }),
    { seed: 4, numRuns: 100 },
  );
});

test.each(QUEUES)('$name: an event in the past is our own mistake', ({ make }) => {
  const queue = make(16);
  queue.schedule(5, 0, 0, 0, 0);
  queue.next();
  queue.schedule(4, 0, 0, 0, 0);
  expect(() => queue.next()).toThrow('time ran backwards');
});

test.each(QUEUES)('$name: it says when it is empty, also after its last event', ({ make }) => {
  const queue = make(1);
  expect([queue.nextUs(), queue.next()]).toEqual([Infinity, false]);
  queue.schedule(1, 2, 3, 4, 5);
  expect([queue.next(), queue.nextUs(), queue.next()]).toEqual([true, Infinity, false]);
});
