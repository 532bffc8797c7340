/**
 * The quantile of the standard normal distribution, to about 1 part in 10^16: algorithm AS 241,
 * routine PPND16 (M. J. Wichura: The percentage points of the normal distribution; Applied
 * Statistics 37, 1988). Three rational approximations; which one depends on how far out u lies.
 * The published coefficients have 18 to 20 digits; here they are what a double keeps of them.
 */

/** Coefficients of a numerator and its denominator, from the constant upwards. */
interface Ratio {
  readonly top: readonly number[];
  readonly bottom: readonly number[];
}

/** In the middle: |u - 0.5| <= 0.425, a function of 0.425^2 - (u - 0.5)^2. */
const MIDDLE: Ratio = {
  top: [
    3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946,
    45921.95393154987, 67265.7709270087, 33430.57558358813, 2509.0809287301227,
  ],
  bottom: [
    1, 42.31333070160091, 687.1870074920579, 5394.196021424751, 21213.794301586597,
    39307.89580009271, 28729.085735721943, 5226.495278852854,
  ],
};

/** Further out: r = sqrt(-ln(tail)) <= 5, a function of r - 1.6. */
const OUTER: Ratio = {
  top: [
    1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045,
    1.2704582524523684, 0.2417807251774506, 0.022723844989269184, 0.0007745450142783414,
  ],
  bottom: [
    1, 2.053191626637759, 1.6763848301838038, 0.6897673349851, 0.14810397642748008,
    0.015198666563616457, 0.0005475938084995345, 1.0507500716444169e-9,
  ],
};

/** In the far tails: r > 5, a function of r - 5. */
const FAR: Ratio = {
  top: [
    6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487,
    0.026532189526576124, 0.0012426609473880784, 2.7115555687434876e-5, 2.0103343992922881e-7,
  ],
  bottom: [
    1, 0.599832206555888, 0.1369298809227358, 0.014875361290850615, 0.0007868691311456133,
    1.8463183175100548e-5, 1.421511758316446e-7, 2.0442631033899397e-15,
  ],
};

/** The value that a standard normal variable does not exceed with probability u, 0 < u < 1. */
export function normalQuantile(u: number): number {
  const q = u - 0.5;
  if (Math.abs(q) <= 0.425) return q * evaluate(MIDDLE, 0.180625 - q * q);
  const r = Math.sqrt(-Math.log(q < 0 ? u : 1 - u));
  const size = r <= 5 ? evaluate(OUTER, r - 1.6) : evaluate(FAR, r - 5);
  return q < 0 ? -size : size;
}

/** Horner's rule, written out: this runs once for every lognormal draw. */
function evaluate({ top: a, bottom: b }: Ratio, x: number): number {
  const numerator =
    ((((((a[7] * x + a[6]) * x + a[5]) * x + a[4]) * x + a[3]) * x + a[2]) * x + a[1]) * x + a[0];
  const denominator =
    ((((((b[7] * x + b[6]) * x + b[5]) * x + b[4]) * x + b[3]) * x + b[2]) * x + b[1]) * x + b[0];
  return numerator / denominator;
}
