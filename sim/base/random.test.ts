import { expect, test } from 'vitest';
import { draw, hashText, keyOf, Purpose, threefryBlock } from './random.ts';

// Published with the generator (Random123 1.14, kat_vectors, threefry2x32 with 20 rounds).
test('the published vectors of threefry2x32-20', () => {
  const vectors: [[number, number], [number, number], [number, number]][] = [
    [
      [0, 0],
      [0, 0],
      [0x6b200159, 0x99ba4efe],
    ],
    [
      [0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x1cb996fc, 0xbb002be7],
    ],
    [
      [0x13198a2e, 0x03707344],
      [0x243f6a88, 0x85a308d3],
      [0xc4923a9c, 0x483df7a0],
    ],
  ];
  for (const [key, counter, block] of vectors) {
    expect(threefryBlock(key, counter)).toEqual(block);
  }
});

const DRAWS = 100_000;
const KEY = keyOf(42, 0, ...hashText('EE/GOV/1/portal'));

/** Pearson's statistic of a sample against equal shares of `cells`. */
function chiSquare(sample: readonly number[], cells: number): number {
  const counts = new Float64Array(cells);
  for (const u of sample) counts[Math.floor(u * cells)]++;
  const expected = sample.length / cells;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

function correlation(a: readonly number[], b: readonly number[]): number {
  // Of uniform numbers the mean is 1/2 and the variance 1/12.
  const sum = a.reduce((total, value, at) => total + (value - 0.5) * (b[at] - 0.5), 0);
  return (12 * sum) / a.length;
}

/** Numbers 0 to 99 999, each drawn in its own way. */
const sampleOf = (drawAt: (at: number) => number): number[] =>
  Array.from({ length: DRAWS }, (_, at) => drawAt(at));

const waysToDraw: [string, (at: number) => number][] = [
  ['ordinals', (at) => draw(KEY[0], KEY[1], at, 0, Purpose.Interarrival)],
  ['attempts', (at) => draw(KEY[0], KEY[1], 7, at & 0xffff, Purpose.SignRequest + (at >> 16))],
  ['purposes', (at) => draw(KEY[0], KEY[1], at >> 8, 0, at & 0xff)],
  ['sources', (at) => draw(...keyOf(42, 0, ...hashText(`source-${at}`)), 0, 0, Purpose.Flow)],
  ['replications', (at) => draw(...keyOf(42, at, 1, 2), 0, 0, Purpose.Flow)],
  ['seeds', (at) => draw(...keyOf(at, 0, 1, 2), 0, 0, Purpose.Flow)],
];

// Goal: whatever is counted, the draws look uniform and independent.
// Method: 128 cells; 127 degrees of freedom have 99.99 % of their mass below 191. The draws are
// fixed, so this passes or fails for ever. Serial correlation has a deviation of 1/sqrt(n).
test.each(waysToDraw)('draws over %s are uniform and not correlated', (_name, drawAt) => {
  const sample = sampleOf(drawAt);
  expect(chiSquare(sample, 128)).toBeLessThan(191);
  for (const lag of [1, 2, 256]) {
    const head = sample.slice(0, -lag);
    expect(Math.abs(correlation(head, sample.slice(lag)))).toBeLessThan(4 / Math.sqrt(DRAWS));
  }
});

test('the same ordinals of two sources, or of two purposes, are not correlated', () => {
  const other = keyOf(42, 0, ...hashText('EE/GOV/1/portal2'));
  const mine = sampleOf((at) => draw(KEY[0], KEY[1], at, 0, Purpose.ServiceTime));
  const theirs = sampleOf((at) => draw(other[0], other[1], at, 0, Purpose.ServiceTime));
  const size = sampleOf((at) => draw(KEY[0], KEY[1], at, 0, Purpose.ResponseSize));
  expect(Math.abs(correlation(mine, theirs))).toBeLessThan(4 / Math.sqrt(DRAWS));
  expect(Math.abs(correlation(mine, size))).toBeLessThan(4 / Math.sqrt(DRAWS));
});

test('a draw is never 0 or 1, and is its own whatever was drawn before', () => {
  const first = draw(1, 2, 3, 4, 5);
  for (let at = 0; at < DRAWS; at++) {
    const u = draw(KEY[0], KEY[1], at, 1, Purpose.Verify);
    if (!(u > 0 && u < 1)) throw new Error(`draw ${at} is ${u}`);
  }
  expect(draw(1, 2, 3, 4, 5)).toBe(first);
});

test('keys differ by seed, high seed, replication and name', () => {
  const name = hashText('EE/GOV/1/portal');
  const keys = [
    keyOf(1, 0, ...name),
    keyOf(2, 0, ...name),
    keyOf(1 + 2 ** 32, 0, ...name),
    keyOf(1, 1, ...name),
    keyOf(1, 0, ...hashText('EE/GOV/1/portaI')),
  ];
  expect(new Set(keys.map((key) => key.join())).size).toBe(keys.length);
});

test('hashes of a hundred thousand names do not collide', () => {
  const hashes = new Set(sampleOf((at) => hashText(`s${at}`)[0] * 2 ** 32 + hashText(`s${at}`)[1]));
  expect(hashes.size).toBe(DRAWS);
});

test('no purpose has the number of another, and all fit the lower half of a word', () => {
  const numbers = Object.values(Purpose);
  expect(new Set(numbers).size).toBe(numbers.length);
  for (const number of numbers) expect(number >>> 16).toBe(0);
});
