/** Observed values, each as likely as the others: `[from, from + count)` of a sorted column. */

/** No interpolation: a draw is always a value that was observed. */
export function quantileEmpirical(
  u: number,
  from: number,
  count: number,
  values: Float64Array,
): number {
  return values[from + Math.min(count - 1, Math.floor(u * count))];
}

export function meanEmpirical(from: number, count: number, values: Float64Array): number {
  let sum = 0;
  for (let row = from; row < from + count; row++) sum += values[row];
  return sum / count;
}
