/**
 * First-in-first-out queues of legs: for threads, connections, signatures, workers of information
 * systems. Each leg stands in one queue at most, so all queues share two columns of links, and a
 * leg leaves from the middle at no cost.
 *
 * A queue may have a patience. It is the same for everyone in it, so whoever came first loses it
 * first, and one timer at the head serves the whole queue: no event for each leg that waits.
 */
export class LegQueues {
  readonly head: Int32Array;
  readonly tail: Int32Array;
  readonly length: Int32Array;
  readonly lengthMax: Int32Array;
  readonly patienceUs: Float64Array;
  readonly isArmed: Uint8Array;
  /** Per leg: the queue it stands in, or -1. */
  readonly queueOf: Int32Array;
  readonly enteredUs: Float64Array;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;

  constructor(queueCount: number, legCount: number) {
    this.head = new Int32Array(queueCount).fill(-1);
    this.tail = new Int32Array(queueCount).fill(-1);
    this.length = new Int32Array(queueCount);
    this.lengthMax = new Int32Array(queueCount);
    this.patienceUs = new Float64Array(queueCount).fill(Infinity);
    this.isArmed = new Uint8Array(queueCount);
    this.queueOf = new Int32Array(legCount).fill(-1);
    this.enteredUs = new Float64Array(legCount);
    this.#next = new Int32Array(legCount).fill(-1);
    this.#previous = new Int32Array(legCount).fill(-1);
  }

  push(queue: number, leg: number, nowUs: number): void {
    const last = this.tail[queue];
    this.#previous[leg] = last;
    this.#next[leg] = -1;
    if (last === -1) this.head[queue] = leg;
    else this.#next[last] = leg;
    this.tail[queue] = leg;
    this.queueOf[leg] = queue;
    this.enteredUs[leg] = nowUs;
    const length = ++this.length[queue];
    if (length > this.lengthMax[queue]) this.lengthMax[queue] = length;
  }

  /** The leg at the head, taken out; -1 when the queue is empty. */
  shift(queue: number): number {
    const leg = this.head[queue];
    if (leg !== -1) this.remove(leg);
    return leg;
  }

  remove(leg: number): void {
    const queue = this.queueOf[leg];
    const next = this.#next[leg];
    const previous = this.#previous[leg];
    if (previous === -1) this.head[queue] = next;
    else this.#next[previous] = next;
    if (next === -1) this.tail[queue] = previous;
    else this.#previous[next] = previous;
    this.queueOf[leg] = -1;
    this.length[queue]--;
  }

  /** The first leg that fits, or -1. */
  find(queue: number, fits: (leg: number) => boolean): number {
    let leg = this.head[queue];
    while (leg !== -1 && !fits(leg)) leg = this.#next[leg];
    return leg;
  }

  /** Visits the legs from head to tail. */
  forEach(queue: number, visit: (leg: number) => void): void {
    for (let leg = this.head[queue]; leg !== -1; leg = this.#next[leg]) visit(leg);
  }
}
