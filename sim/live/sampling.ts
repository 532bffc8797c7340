/** Values of a scenario's distributions for the live network, by the same laws and keyed draws. */
import { drawValue } from '../base/distribution/table.ts';
import { draw, hashText, keyOf } from '../base/random.ts';
import type { DistributionDocument } from '../plan/document.ts';
import { DistributionKind } from '../plan/plan.ts';

/** A source of draws of its own: the nth one is a function of seed, name and n. */
export class Sampler {
  readonly #key: readonly [number, number];
  #ordinal = 0;

  constructor(seed: number, name: string) {
    this.#key = keyOf(seed, 0, ...hashText(name));
  }

  next(distribution: DistributionDocument, purpose: number): number {
    const u = draw(this.#key[0], this.#key[1], this.#ordinal++, 0, purpose);
    return sample(distribution, u);
  }
}

const NONE = new Float64Array(0);

export function sample(distribution: DistributionDocument, u: number): number {
  switch (distribution.kind) {
    case 'constant':
      return drawValue(DistributionKind.Constant, distribution.value, 0, NONE, u);
    case 'uniform':
      return drawValue(DistributionKind.Uniform, distribution.from, distribution.to, NONE, u);
    case 'exponential':
      return drawValue(DistributionKind.Exponential, distribution.mean, 0, NONE, u);
    case 'lognormal':
      return drawValue(
        DistributionKind.Lognormal,
        distribution.median,
        distribution.sigma,
        NONE,
        u,
      );
    case 'pareto':
      return drawValue(DistributionKind.Pareto, distribution.minimum, distribution.alpha, NONE, u);
    case 'empirical': {
      const values = Float64Array.from(distribution.values).sort();
      return drawValue(DistributionKind.Empirical, 0, values.length, values, u);
    }
  }
}
