import fc from 'fast-check';
import { expect, test } from 'vitest';
import { drawsOf } from '../testing/draws.ts';
import { batchMeans, mser5, MSER_VALUES_MIN } from './mser.ts';

/** A series around `level` with normal noise, after a start that is `excess` too high. */
function series(name: string, count: number, transient: number, excess: number): number[] {
  const draws = drawsOf(name);
  const noise = (): number =>
    Math.sqrt(-2 * Math.log(1 - draws())) * Math.cos(2 * Math.PI * draws());
  return Array.from({ length: count }, (_, at) => 10 + noise() + (at < transient ? excess : 0));
}

// Goal: a known transient is found, neither much too early nor much too late. Method: a step of
// six standard deviations; the cut is a multiple of five, so it may be up to one batch late.
test.each([0, 20, 50, 75, 100, 130])('a step after %i values is found', (transient) => {
  const found = mser5(series(`step ${transient}`, 300, transient, 6));
  expect(found?.isRejected).toBe(false);
  expect(found?.cut).toBeGreaterThanOrEqual(transient);
  expect(found?.cut).toBeLessThanOrEqual(transient + 15);
});

test('a start that dies away is cut until little of it is left', () => {
  const steady = series('decay', 400, 0, 0);
  const values = steady.map((value, at) => value + 8 * Math.exp(-at / 20));
  const { cut, isRejected } = mser5(values) ?? { cut: 0, isRejected: true };
  expect(isRejected).toBe(false);
  // 8 exp(-at / 20) is below the noise of a batch, 1 / sqrt(5), from at = 58 on.
  expect(cut).toBeGreaterThanOrEqual(40);
  expect(cut).toBeLessThanOrEqual(100);
});

test.each([
  ['a drift', (at: number) => at / 30],
  ['a step after two thirds', (at: number) => (at < 200 ? 6 : 0)],
  ['a queue that fills up slowly', (at: number) => 12 * (1 - Math.exp(-at / 200))],
])('%s has no steady part, and is rejected', (name, excess) => {
  const values = series(name, 300, 0, 0).map((value, at) => value + excess(at));
  expect(mser5(values)?.isRejected).toBe(true);
});

// A steady series is hardly ever rejected: by 1 of 100, allowing three standard deviations.
test('a steady series is not rejected for nothing', () => {
  const rejected = Array.from({ length: 400 }, (_, run) => mser5(series(`${run}`, 300, 0, 0)));
  expect(rejected.filter((found) => found?.isRejected).length).toBeLessThanOrEqual(10);
});

test('a series that is too short has no answer', () => {
  expect(mser5(series('short', MSER_VALUES_MIN - 1, 0, 0))).toBeNull();
  expect(mser5(series('short', MSER_VALUES_MIN, 0, 0))).not.toBeNull();
});

test('equal values need no warm-up', () => {
  expect(mser5(Array.from({ length: 300 }, () => 7))).toEqual({ cut: 0, isRejected: false });
});

test('batches are whole, and what is left over is dropped', () => {
  expect(batchMeans([1, 2, 3, 4, 5, 6, 7], 3)).toEqual([2, 5]);
});

// The statistic by its definition, quotient by quotient, instead of by running sums.
test('no cut within reach has a smaller marginal standard error', () => {
  const errorOf = (means: readonly number[], cut: number): number => {
    const rest = means.slice(cut);
    const mean = rest.reduce((sum, value) => sum + value, 0) / rest.length;
    return rest.reduce((sum, value) => sum + (value - mean) ** 2, 0) / rest.length ** 2;
  };
  const values = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 250, maxLength: 330 });
  fc.assert(
    fc.property(values, (list) => {
      const means = Array.from({ length: Math.floor(list.length / 5) }, (_, batch) =>
        list.slice(batch * 5, batch * 5 + 5).reduce((sum, value) => sum + value / 5, 0),
      );
      const found = mser5(list);
      const least = errorOf(means, (found?.cut ?? 0) / 5);
      for (let cut = 0; cut <= Math.floor(means.length * 0.75); cut++) {
        expect(errorOf(means, cut)).toBeGreaterThanOrEqual(least - 1e-9);
      }
    }),
    { seed: 20_260_103, numRuns: 60 },
  );
});
