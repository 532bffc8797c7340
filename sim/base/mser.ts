/**
 * Where the warm-up of a time series ends, by the marginal standard error rule on means of batches
 * of five (MSER-5: White 1997, "An effective truncation heuristic for bias reduction in simulation
 * output"; batches of five after Spratt 1998).
 *
 * Of Z_1 .. Z_k, the means of the batches, the rule leaves out the first d so that
 *
 *     MSER(d) = sum over j > d of (Z_j - mean of the rest)^2 / (k - d)^2
 *
 * is smallest: each batch left out takes bias away and adds variance, and the minimum balances the
 * two. A minimum in the second half says that the series is too short to have shown a steady part,
 * and the cut is rejected.
 *
 * Near the end the statistic is small by chance, because few batches are left, and a steady series
 * would be rejected for nothing. White, Cobb and Spratt (2000) never cut into the last five; here
 * it is the last quarter. A series that still drifts has its minimum as late as it may be, thus in
 * the third quarter, and is rejected all the same. With less than fifty batches chance still
 * rejects one steady series in ten, so nothing is said about those.
 */

const BATCH = 5;
const BATCHES_MIN = 50;
const KEPT_SHARE = 0.25;

/** A shorter series has no answer. */
export const MSER_VALUES_MIN = BATCH * BATCHES_MIN;

export interface MserCut {
  /** Values to be left out: a multiple of five. */
  readonly cut: number;
  /** The minimum lies in the second half. */
  readonly isRejected: boolean;
}

/** Null: the series is too short. */
export function mser5(values: readonly number[]): MserCut | null {
  if (values.length < MSER_VALUES_MIN) return null;
  const means = batchMeans(values, BATCH);
  const cut = mserCut(means);
  return { cut: cut * BATCH, isRejected: cut > means.length / 2 };
}

/** Means of whole batches; what is left over at the end is dropped. */
export function batchMeans(values: readonly number[], size: number): number[] {
  const count = Math.floor(values.length / size);
  return Array.from({ length: count }, (_, batch) => {
    let sum = 0;
    for (let at = batch * size; at < (batch + 1) * size; at++) sum += values[at];
    return sum / size;
  });
}

/** The number of values at the start without which the marginal standard error is smallest. */
function mserCut(values: readonly number[]): number {
  const kept = Math.ceil(values.length * KEPT_SHARE);
  let best = 0;
  let bestError = Infinity;
  // From the end, so that mean and sum of squares grow by one value at a time (Welford 1962),
  // which subtracts no large numbers from each other.
  let [count, mean, squares] = [0, 0, 0];
  for (let cut = values.length - 1; cut >= 0; cut--) {
    count++;
    const change = values[cut] - mean;
    mean += change / count;
    squares += change * (values[cut] - mean);
    if (count < kept) continue;
    const error = squares / count ** 2;
    // Of equal cuts the earlier one wins: it wastes less.
    if (error > bestError) continue;
    [best, bestError] = [cut, error];
  }
  return best;
}
