/**
 * The quantile of Student's t distribution for a whole number of degrees of freedom, for
 * confidence intervals over replications.
 *
 * With t = sqrt(n) tan(angle), the probability of [-t, t] is a finite trigonometric sum
 * (Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4), which grows with
 * the angle; so the angle is found by halving an interval.
 */
import { assert } from './assert.ts';

/** Enough halvings to separate any two doubles between 0 and pi/2. */
const HALVINGS = 100;

/** The t that is not exceeded with probability p, 0 < p < 1. */
export function studentTQuantile(p: number, degrees: number): number {
  assert(p > 0 && p < 1, `probability ${p} is not in (0, 1)`);
  assert(Number.isInteger(degrees) && degrees >= 1, `${degrees} degrees of freedom`);
  if (p === 0.5) return 0;
  const inside = Math.abs(2 * p - 1);
  let low = 0;
  let high = Math.PI / 2;
  for (let halving = 0; halving < HALVINGS; halving++) {
    const middle = (low + high) / 2;
    if (probabilityInside(middle, degrees) < inside) low = middle;
    else high = middle;
  }
  const t = Math.sqrt(degrees) * Math.tan((low + high) / 2);
  return p < 0.5 ? -t : t;
}

/** The probability that |T| <= sqrt(degrees) tan(angle). */
function probabilityInside(angle: number, degrees: number): number {
  const cosine = Math.cos(angle);
  const isOdd = degrees % 2 === 1;
  let term = isOdd ? cosine : 1;
  let sum = degrees === 1 ? 0 : term;
  // Each term has two more powers of the cosine, and the next even or odd numbers in its factor.
  for (let power = isOdd ? 3 : 2; power <= degrees - 2; power += 2) {
    term *= ((power - 1) / power) * cosine * cosine;
    sum += term;
  }
  const sine = Math.sin(angle);
  return isOdd ? (2 / Math.PI) * (angle + sine * sum) : sine * sum;
}
