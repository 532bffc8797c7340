/** Its logarithm is normal: many small factors multiplied, the usual shape of service times. */
import { normalQuantile } from '../normal.ts';

/** `sigma` is the standard deviation of the logarithm. */
export function quantileLognormal(u: number, median: number, sigma: number): number {
  return median * Math.exp(sigma * normalQuantile(u));
}

export function meanLognormal(median: number, sigma: number): number {
  return median * Math.exp((sigma * sigma) / 2);
}
