/**
 * Whole numbers by shares: the method of the largest remainder. The sum is exact, and equal
 * remainders go to the earlier entry, so that the same figures always give the same country.
 */

/** Shares `total` out by weight; entries of weight 0 get none, unless all are 0. */
export function apportion(total: number, weights: readonly number[]): number[] {
  const sum = weights.reduce((partial, weight) => partial + weight, 0);
  const exact = weights.map((weight) => (sum === 0 ? 0 : (total * weight) / sum));
  const counts = exact.map((value) => Math.floor(value));
  let left = total - counts.reduce((partial, count) => partial + count, 0);
  const byRemainder = exact
    .map((value, index) => ({ index, remainder: value - Math.floor(value) }))
    .filter(({ index }) => weights[index] > 0)
    .toSorted((a, b) => b.remainder - a.remainder || a.index - b.index);
  for (const { index } of byRemainder) {
    if (left <= 0) break;
    counts[index]++;
    left--;
  }
  return counts;
}

/** Weights of a rank law: rank r, from 1, weighs r^-exponent. They add up to 1. */
export function rankShares(count: number, exponent: number): number[] {
  const weights = Array.from({ length: count }, (_, rank) => (rank + 1) ** -exponent);
  const sum = weights.reduce((partial, weight) => partial + weight, 0);
  return weights.map((weight) => weight / sum);
}
