/** Distributions as rows, equal ones once; and the prices of a calibration as such rows. */
import type { Calibration } from '../plan/calibration.ts';
import { KEY_TYPES } from '../plan/calibration.ts';
import type { DistributionDocument } from '../plan/document.ts';
import { DistributionKind } from '../plan/plan.ts';
import type { CostTable, DistributionTable } from '../plan/plan.ts';
import { COSTS } from '../protocol/effect.ts';

export class DistributionRows {
  readonly #rowOf = new Map<string, number>();
  /** The same object again, as in every flow of a country, needs no key. */
  readonly #rowOfObject = new Map<DistributionDocument, number>();
  readonly #kind: number[] = [];
  readonly #a: number[] = [];
  readonly #b: number[] = [];
  readonly #values: number[] = [];
  readonly #documents: DistributionDocument[] = [];

  /** The row of a distribution; a new one where none is equal. */
  add(distribution: DistributionDocument): number {
    const same = this.#rowOfObject.get(distribution);
    if (same !== undefined) return same;
    const key = keyOf(distribution);
    const row = this.#rowOf.get(key) ?? this.#append(distribution, key);
    this.#rowOfObject.set(distribution, row);
    return row;
  }

  #append(distribution: DistributionDocument, key: string): number {
    const row = this.#kind.length;
    const [kind, a, b] = this.#parametersOf(distribution);
    this.#documents.push(distribution);
    this.#kind.push(kind);
    this.#a.push(a);
    this.#b.push(b);
    this.#rowOf.set(key, row);
    return row;
  }

  at(row: number): DistributionDocument {
    return this.#documents[row];
  }

  table(): DistributionTable {
    return {
      kind: Uint8Array.from(this.#kind),
      a: Float64Array.from(this.#a),
      b: Float64Array.from(this.#b),
      values: Float64Array.from(this.#values),
    };
  }

  #parametersOf(distribution: DistributionDocument): [number, number, number] {
    switch (distribution.kind) {
      case 'constant':
        return [DistributionKind.Constant, distribution.value, 0];
      case 'uniform':
        return [DistributionKind.Uniform, distribution.from, distribution.to];
      case 'exponential':
        return [DistributionKind.Exponential, distribution.mean, 0];
      case 'lognormal':
        return [DistributionKind.Lognormal, distribution.median, distribution.sigma];
      case 'pareto':
        return [DistributionKind.Pareto, distribution.minimum, distribution.alpha];
      case 'empirical': {
        const from = this.#values.length;
        // An empirical quantile looks values up by rank.
        this.#values.push(...distribution.values.toSorted((a, b) => a - b));
        return [DistributionKind.Empirical, from, distribution.values.length];
      }
    }
  }
}

/** Only what decides the draw, in one order: a document may have its keys in any. */
function keyOf(distribution: DistributionDocument): string {
  switch (distribution.kind) {
    case 'constant':
      return `constant ${distribution.value}`;
    case 'uniform':
      return `uniform ${distribution.from} ${distribution.to}`;
    case 'exponential':
      return `exponential ${distribution.mean}`;
    case 'lognormal':
      return `lognormal ${distribution.median} ${distribution.sigma}`;
    case 'pareto':
      return `pareto ${distribution.minimum} ${distribution.alpha}`;
    case 'empirical':
      return `empirical ${distribution.values.join(' ')}`;
  }
}

/** The mean; Infinity for a Pareto law whose tail is too heavy to have one. */
export function meanOf(distribution: DistributionDocument): number {
  switch (distribution.kind) {
    case 'constant':
      return distribution.value;
    case 'uniform':
      return (distribution.from + distribution.to) / 2;
    case 'exponential':
      return distribution.mean;
    case 'lognormal':
      return distribution.median * Math.exp(distribution.sigma ** 2 / 2);
    case 'pareto':
      return distribution.alpha > 1
        ? (distribution.minimum * distribution.alpha) / (distribution.alpha - 1)
        : Infinity;
    case 'empirical': {
      const { values } = distribution;
      return values.reduce((sum, value) => sum + value, 0) / values.length;
    }
  }
}

/** A profile of prices for each type of key: a server points at its own. */
export function costTable(calibration: Calibration, distributions: DistributionRows): CostTable {
  const prices = KEY_TYPES.flatMap((keyType) =>
    COSTS.map((cost) => calibration.keyTypes[keyType][cost]),
  );
  return {
    profiles: KEY_TYPES.map((keyType) => `${calibration.name}/${keyType}`),
    cpu: Int32Array.from(prices, ({ cpu }) => distributions.add(cpu)),
    delay: Int32Array.from(prices, ({ delay }) => distributions.add(delay)),
    cpuUsPerKib: Float64Array.from(prices, ({ cpuUsPerKib }) => cpuUsPerKib),
  };
}
