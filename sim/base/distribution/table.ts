/**
 * Distributions as rows of numbers: a kind and two parameters, whose meaning depends on the kind.
 * The kinds are those of `DistributionKind` in plan/plan.ts; base imports nobody, so a test beside
 * the plan's users keeps the two lists equal.
 *
 *   kind   0 constant   1 uniform   2 exponential   3 lognormal   4 pareto   5 empirical
 *   a      value        from        mean            median        minimum    from row
 *   b      -            to          -               sigma         alpha      count
 */
import { assert } from '../assert.ts';
import { meanConstant, quantileConstant } from './constant.ts';
import { meanEmpirical, quantileEmpirical } from './empirical.ts';
import { meanExponential, quantileExponential } from './exponential.ts';
import { meanLognormal, quantileLognormal } from './lognormal.ts';
import { meanPareto, quantilePareto } from './pareto.ts';
import { meanUniform, quantileUniform } from './uniform.ts';

/** Names by number. */
export const DISTRIBUTION_KINDS = [
  'Constant',
  'Uniform',
  'Exponential',
  'Lognormal',
  'Pareto',
  'Empirical',
] as const;

/** One uniform number in (0, 1) becomes one value; larger numbers never give smaller values. */
export function drawValue(
  kind: number,
  a: number,
  b: number,
  values: Float64Array,
  u: number,
): number {
  switch (kind) {
    case 0:
      return quantileConstant(u, a);
    case 1:
      return quantileUniform(u, a, b);
    case 2:
      return quantileExponential(u, a);
    case 3:
      return quantileLognormal(u, a, b);
    case 4:
      return quantilePareto(u, a, b);
    default:
      return quantileEmpirical(u, a, b, values);
  }
}

/** The mean of a row; Infinity where there is none. */
export function meanValue(kind: number, a: number, b: number, values: Float64Array): number {
  assert(kind >= 0 && kind < DISTRIBUTION_KINDS.length, `no distribution of kind ${kind}`);
  switch (kind) {
    case 0:
      return meanConstant(a);
    case 1:
      return meanUniform(a, b);
    case 2:
      return meanExponential(a);
    case 3:
      return meanLognormal(a, b);
    case 4:
      return meanPareto(a, b);
    default:
      return meanEmpirical(a, b, values);
  }
}
