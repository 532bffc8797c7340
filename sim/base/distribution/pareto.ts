/** A heavy tail: nothing below the minimum, and beyond it the share above x falls as x^-alpha. */

export function quantilePareto(u: number, minimum: number, alpha: number): number {
  return minimum * (1 - u) ** (-1 / alpha);
}

/** Infinity where alpha is 1 or less: the tail is too heavy to have a mean. */
export function meanPareto(minimum: number, alpha: number): number {
  return alpha > 1 ? (minimum * alpha) / (alpha - 1) : Infinity;
}
