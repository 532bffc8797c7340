/**
 * The future event list of the hot loop: a calendar of 4096 buckets (Brown, "Calendar queues",
 * Communications of the ACM 31, 1988) for what is due soon, and a heap for what is not. Events
 * leave by (time, kind, id), a total order, so that equal runs are equal whatever put them in, and
 * whatever the width of a bucket is.
 *
 *    node   0        1        2     3        order key: kind << 40 | id, in a double
 *         +--------+--------+-----+-----+
 *         |  time  |  key   |  a  |  b  |    `next` of a node: the one after it in its bucket
 *         +--------+--------+-----+-----+
 *
 * A bucket is a short list in order; a bit for each says whether it is empty. Whoever knows the
 * present time tells it (`advanceTo`), and the horizon of 4096 buckets moves along. Bucket widths
 * are powers of two, so that a multiplication finds the bucket exactly; `retune` chooses one that
 * leaves about one event in each.
 *
 * Why a factory: what a closure holds in a `const` is a constant to the compiler. Why not the heap
 * alone: bench/README.md has the figures.
 */
import { EventQueue } from './event-queue.ts';
import { assert } from './assert.ts';

const BUCKETS = 4096;
const MASK = BUCKETS - 1;
const WORD_MASK = BUCKETS / 32 - 1;
const KIND_UNIT = 2 ** 40;
const WIDTH_MAX_US = 2 ** 20;
const FIRST_WIDTH_US = 256;
/** Where a bucket is crowded the heap is better: a herd may come at one instant. */
const PASSED_MAX = 32;

export type CalendarQueue = ReturnType<typeof createCalendarQueue>;

/** `capacity`: events in buckets at once; more go to the heap, which grows. */
export function createCalendarQueue(capacity: number) {
  const far = new EventQueue(1024);
  const nodes = new Float64Array(capacity * 4);
  const nextOf = new Int32Array(capacity);
  const heads = new Int32Array(BUCKETS).fill(-1);
  const occupied = new Int32Array(BUCKETS / 32);
  /** The event that `next` took out last. */
  const taken = { timeUs: 0, kind: 0, a: 0, b: 0 };
  const at = {
    /** The present's bucket: its place, and its number since time 0. */
    base: 0,
    baseNumber: 0,
    perUs: 1 / FIRST_WIDTH_US,
    count: 0,
    takenCount: 0,
    /** First of the unused nodes; -1: none. */
    free: 0,
    /** The bucket of the first event, if there is one, and that event's time. */
    headBucket: -1,
    headUs: Infinity,
  };
  for (let node = 0; node < capacity; node++) nextOf[node] = node + 1;
  if (capacity > 0) nextOf[capacity - 1] = -1;
  else at.free = -1;

  /** `kind` and the whole number `id` (below 2^40) order simultaneous events. */
  const schedule = (timeUs: number, kind: number, id: number, a: number, b: number): void => {
    const ahead = Math.floor(timeUs * at.perUs) - at.baseNumber;
    if (ahead >= BUCKETS || at.free === -1) {
      far.schedule(timeUs, kind, id, a, b);
      return;
    }
    assert(ahead >= 0, 'time ran backwards');
    const node = at.free;
    const row = node * 4;
    nodes[row] = timeUs;
    nodes[row + 1] = kind * KIND_UNIT + id;
    nodes[row + 2] = a;
    nodes[row + 3] = b;
    const free = nextOf[node];
    if (insert(node, (at.base + ahead) & MASK)) at.free = free;
    else far.schedule(timeUs, kind, id, a, b);
  };

  /** Puts a node into its place of a bucket; false where too many come before it. */
  const insert = (node: number, bucket: number): boolean => {
    const timeUs = nodes[node * 4];
    const key = nodes[node * 4 + 1];
    let before = -1;
    let after = heads[bucket];
    for (let passed = 0; after !== -1; passed++) {
      const afterUs = nodes[after * 4];
      if (afterUs > timeUs || (afterUs === timeUs && nodes[after * 4 + 1] > key)) break;
      if (passed === PASSED_MAX) return false;
      before = after;
      after = nextOf[after];
    }
    nextOf[node] = after;
    if (before === -1) heads[bucket] = node;
    else nextOf[before] = node;
    occupied[bucket >> 5] |= 1 << (bucket & 31);
    at.count++;
    if (timeUs < at.headUs) {
      at.headUs = timeUs;
      at.headBucket = bucket;
    }
    return true;
  };

  /** Time of the next event; Infinity when there is none. */
  const peekUs = (): number => {
    const farUs = far.nextUs;
    return farUs < at.headUs ? farUs : at.headUs;
  };

  /** Takes the next event out into `taken`; false when there is none. */
  const next = (): boolean => {
    const farUs = far.nextUs;
    if (farUs < at.headUs || (farUs === at.headUs && isFarFirst())) return takeFar();
    if (at.count === 0) return false;
    const bucket = at.headBucket;
    const node = heads[bucket];
    const row = node * 4;
    assert(nodes[row] >= taken.timeUs, 'time ran backwards');
    taken.timeUs = nodes[row];
    taken.kind = (nodes[row + 1] / KIND_UNIT) | 0;
    taken.a = nodes[row + 2] | 0;
    taken.b = nodes[row + 3] | 0;
    at.baseNumber += (bucket - at.base) & MASK;
    at.base = bucket;
    at.takenCount++;
    remove(node, bucket);
    return true;
  };

  const remove = (node: number, bucket: number): void => {
    const after = nextOf[node];
    heads[bucket] = after;
    nextOf[node] = at.free;
    at.free = node;
    at.count--;
    if (after !== -1) {
      at.headUs = nodes[after * 4];
      return;
    }
    occupied[bucket >> 5] &= ~(1 << (bucket & 31));
    findHead(bucket);
  };

  /** The first bucket with an event from `bucket` on, all the way round. */
  const findHead = (bucket: number): void => {
    if (at.count === 0) {
      at.headUs = Infinity;
      return;
    }
    let word = bucket >> 5;
    let bits = occupied[word] & (-1 << (bucket & 31));
    while (bits === 0) {
      word = (word + 1) & WORD_MASK;
      bits = occupied[word];
    }
    at.headBucket = (word << 5) + 31 - Math.clz32(bits & -bits);
    at.headUs = nodes[heads[at.headBucket] * 4];
  };

  /** Both are due at one time: whether the heap's comes first. */
  const isFarFirst = (): boolean =>
    at.count === 0 ? far.count > 0 : far.nextKey < nodes[heads[at.headBucket] * 4 + 1];

  const takeFar = (): boolean => {
    if (!far.next()) return false;
    taken.timeUs = far.timeUs;
    taken.kind = far.kind;
    taken.a = far.a;
    taken.b = far.b;
    advanceTo(far.timeUs);
    return true;
  };

  /** The present time, when something else than an event of this queue has moved it. */
  const advanceTo = (nowUs: number): void => {
    const by = Math.floor(nowUs * at.perUs) - at.baseNumber;
    if (by <= 0) return;
    at.baseNumber += by;
    at.base = (at.base + (by % BUCKETS)) & MASK;
  };

  /** Fits the width to so much time for each event taken out; now and then, it costs a walk. */
  const retune = (elapsedUs: number): void => {
    const gapUs = elapsedUs / Math.max(1, at.takenCount);
    at.takenCount = 0;
    let widthUs = 1;
    while (widthUs < gapUs && widthUs < WIDTH_MAX_US) widthUs *= 2;
    const ratio = widthUs * at.perUs;
    if (ratio > 1 / 4 && ratio < 4) return;
    const kept: number[] = [];
    for (const head of heads) {
      for (let node = head; node !== -1; node = nextOf[node]) kept.push(node);
    }
    const nowUs = at.baseNumber / at.perUs;
    heads.fill(-1);
    occupied.fill(0);
    at.perUs = 1 / widthUs;
    at.baseNumber = Math.floor(nowUs * at.perUs);
    at.base = 0;
    at.count = 0;
    at.headUs = Infinity;
    for (const node of kept) place(node);
  };

  const place = (node: number): void => {
    const row = node * 4;
    const ahead = Math.floor(nodes[row] * at.perUs) - at.baseNumber;
    if (ahead < BUCKETS && insert(node, ahead & MASK)) return;
    const kind = Math.floor(nodes[row + 1] / KIND_UNIT);
    const id = nodes[row + 1] - kind * KIND_UNIT;
    far.schedule(nodes[row], kind, id, nodes[row + 2], nodes[row + 3]);
    nextOf[node] = at.free;
    at.free = node;
  };

  return { taken, schedule, peekUs, next, advanceTo, retune };
}
