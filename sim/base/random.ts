/**
 * Chance by counting: a draw is a function of (seed, replication, source, ordinal, attempt,
 * purpose) and never of the order of processing. So adding an entity or removing an incident
 * leaves every other draw alone, which common random numbers, shrinking and a second kernel need.
 *
 * The function is Threefry-2x32 with 20 rounds (Salmon, Moraes, Dror, Shaw: Parallel random
 * numbers, as easy as 1, 2, 3; SC 2011). The key is of the source, the counter of the draw:
 *
 *    key      hash of (seed, replication, source's name), two words
 *    counter  word 0: ordinal of the call at that source
 *             word 1: attempt << 16 | purpose
 */

/** What a draw is for. A number is never used for two things; new ones go at the end. */
export const Purpose = {
  Interarrival: 0,
  Flow: 1,
  RequestSize: 2,
  ResponseSize: 3,
  ServiceTime: 4,
  Parse: 5,
  HandshakeClient: 6,
  HandshakeServer: 7,
  Stream: 8,
  SignRequest: 9,
  LogRequestAtClient: 10,
  Admit: 11,
  Verify: 12,
  LogRequestAtServer: 13,
  Forward: 14,
  SignResponse: 15,
  LogResponseAtServer: 16,
  VerifyResponse: 17,
  LogResponseAtClient: 18,
  Respond: 19,
  ThinkTime: 20,
  Selection: 21,
  LinkHello: 22,
  LinkFinished: 23,
  LinkRequest: 24,
  LinkSignature: 25,
  LinkResponse: 26,
  LinkFault: 27,
  LossConnect: 28,
  LossRequest: 29,
  LossResponse: 30,
  StreamResponse: 31,
  /** Three for each of up to 31 addresses. */
  RaceBase: 32,
  LinkHelloBack: 256,
  LinkFinishedBack: 257,
  LinkPeerClosed: 258,
  LinkResponseHead: 259,
  LinkClientClosed: 260,
  LinkBrokenOff: 261,
  SignRequestItem: 262,
  SignResponseItem: 263,
} as const;

const PARITY = 0x1bd11bda;
const TWO_32 = 2 ** 32;

/** The two words of the last `threefry`; module state, so that a draw allocates nothing. */
const word = new Int32Array(2);

/**
 * One block: 64 bits left in the two words of `word`. Words in are
 * taken modulo 2^32.
 */
function threefry(key0: number, key1: number, counter0: number, counter1: number): void {
  const key2 = PARITY ^ key0 ^ key1;
  let x0 = (counter0 + key0) | 0;
  let x1 = (counter1 + key1) | 0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 13) | (x1 >>> 19)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 15) | (x1 >>> 17)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 26) | (x1 >>> 6)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 6) | (x1 >>> 26)) ^ x0;
  x0 = (x0 + key1) | 0;
  x1 = (x1 + key2 + 1) | 0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 17) | (x1 >>> 15)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 29) | (x1 >>> 3)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 16) | (x1 >>> 16)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 24) | (x1 >>> 8)) ^ x0;
  x0 = (x0 + key2) | 0;
  x1 = (x1 + key0 + 2) | 0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 13) | (x1 >>> 19)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 15) | (x1 >>> 17)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 26) | (x1 >>> 6)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 6) | (x1 >>> 26)) ^ x0;
  x0 = (x0 + key0) | 0;
  x1 = (x1 + key1 + 3) | 0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 17) | (x1 >>> 15)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 29) | (x1 >>> 3)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 16) | (x1 >>> 16)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 24) | (x1 >>> 8)) ^ x0;
  x0 = (x0 + key1) | 0;
  x1 = (x1 + key2 + 4) | 0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 13) | (x1 >>> 19)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 15) | (x1 >>> 17)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 26) | (x1 >>> 6)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 6) | (x1 >>> 26)) ^ x0;
  word[0] = x0 + key2;
  word[1] = x1 + key0 + 5;
}

/** Both words of a block, for tests against the published vectors; unsigned. */
export function threefryBlock(
  key: readonly [number, number],
  counter: readonly [number, number],
): [number, number] {
  threefry(key[0], key[1], counter[0], counter[1]);
  return [word[0] >>> 0, word[1] >>> 0];
}

/** A draw in the open interval (0, 1), 52 bits: never 0 or 1, so that its logarithm exists. */
export function draw(
  key0: number,
  key1: number,
  ordinal: number,
  attempt: number,
  purpose: number,
): number {
  threefry(key0, key1, ordinal, (attempt << 16) | purpose);
  // The first word carries the leading digits, 20 bits of the second the rest: with one more bit
  // the largest would round to 1.
  return ((word[0] >>> 0) + ((word[1] >>> 12) + 0.5) / 2 ** 20) / TWO_32;
}

/**
 * Two draws of 32 bits for one purpose: read them with `firstOfPair` and `secondOfPair` before the
 * next draw of anything.
 */
export function drawPair(
  key0: number,
  key1: number,
  ordinal: number,
  attempt: number,
  purpose: number,
): void {
  threefry(key0, key1, ordinal, (attempt << 16) | purpose);
}

export const firstOfPair = (): number => ((word[0] >>> 0) + 0.5) / TWO_32;
export const secondOfPair = (): number => ((word[1] >>> 0) + 0.5) / TWO_32;

/** The key of a name under a seed and a replication: FNV-1a of the name, then one block. */
export function keyOf(
  seed: number,
  replicationIndex: number,
  name0: number,
  name1: number,
): [number, number] {
  const low = seed | 0;
  const high = Math.floor(seed / TWO_32) | 0;
  threefry(low, high, name0, name1);
  const [a, b] = [word[0], word[1]];
  threefry(a, b, replicationIndex, 0x5eed);
  return [word[0], word[1]];
}

/** Two words of a text's hash; equal on every machine. */
export function hashText(text: string): [number, number] {
  let a = 0x811c9dc5 | 0;
  let b = 0x1b873593 | 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ (unit + at), 0x5bd1e995) ^ (b >>> 15);
  }
  threefry(a, b, text.length, 0);
  return [word[0], word[1]];
}
