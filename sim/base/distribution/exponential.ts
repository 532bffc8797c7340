/** Memoryless: the waiting time for something that may happen at any moment. */

/** `log1p` keeps the digits of small values, where most of an exponential lies. */
export function quantileExponential(u: number, mean: number): number {
  return -mean * Math.log1p(-u);
}

export function meanExponential(mean: number): number {
  return mean;
}
