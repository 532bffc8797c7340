/**
 * First-in-first-out queues of legs: for threads, connections, signatures, workers of information
 * systems. Each leg stands in one queue at most, so all queues share two columns of links, and a
 * leg leaves from the middle at no cost.
 *
 * A queue may have a patience. It is the same for everyone in it, so whoever came first loses it
 * first, and one timer at the head serves the whole queue: no event for each leg that waits.
 */
export type LegQueues = ReturnType<typeof createLegQueues>;

export function createLegQueues(queueCount: number, legCount: number) {
  const head = new Int32Array(queueCount).fill(-1);
  const tail = new Int32Array(queueCount).fill(-1);
  const lengthOf = new Int32Array(queueCount);
  const lengthMax = new Int32Array(queueCount);
  const patienceUs = new Float64Array(queueCount).fill(Infinity);
  const isArmed = new Uint8Array(queueCount);
  /** Per leg: the queue it stands in, or -1. */
  const queueOf = new Int32Array(legCount).fill(-1);
  const enteredUs = new Float64Array(legCount);
  const nextOf = new Int32Array(legCount).fill(-1);
  const previousOf = new Int32Array(legCount).fill(-1);

  const push = (queue: number, leg: number, nowUs: number): void => {
    const last = tail[queue];
    previousOf[leg] = last;
    nextOf[leg] = -1;
    if (last === -1) head[queue] = leg;
    else nextOf[last] = leg;
    tail[queue] = leg;
    queueOf[leg] = queue;
    enteredUs[leg] = nowUs;
    const length = ++lengthOf[queue];
    if (length > lengthMax[queue]) lengthMax[queue] = length;
  };

  /** The leg at the head, taken out; -1 when the queue is empty. */
  const shift = (queue: number): number => {
    const leg = head[queue];
    if (leg !== -1) remove(leg);
    return leg;
  };

  const remove = (leg: number): void => {
    const queue = queueOf[leg];
    const next = nextOf[leg];
    const previous = previousOf[leg];
    if (previous === -1) head[queue] = next;
    else nextOf[previous] = next;
    if (next === -1) tail[queue] = previous;
    else previousOf[next] = previous;
    queueOf[leg] = -1;
    lengthOf[queue]--;
  };

  /** The first leg that fits, or -1. */
  const find = (queue: number, fits: (leg: number) => boolean): number => {
    let leg = head[queue];
    while (leg !== -1 && !fits(leg)) leg = nextOf[leg];
    return leg;
  };

  /** Visits the legs from head to tail. */
  const forEach = (queue: number, visit: (leg: number) => void): void => {
    for (let leg = head[queue]; leg !== -1; leg = nextOf[leg]) visit(leg);
  };

  return {
    head,
    tail,
    length: lengthOf,
    lengthMax,
    patienceUs,
    isArmed,
    queueOf,
    enteredUs,
    push,
    shift,
    remove,
    find,
    forEach,
  };
}
