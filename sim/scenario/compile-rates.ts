/** Rates over time as rows, equal ones once. */
import type { RateDocument } from '../plan/document.ts';
import type { RateTable } from '../plan/plan.ts';

export class RateRows {
  readonly #rowOf = new Map<string, number>();
  readonly #rates: RateDocument[] = [];

  add(rate: RateDocument): number {
    const points = rate.points.map(({ atUs, rate: perSecond }) => `${atUs}:${perSecond}`);
    const key = `${rate.clock} ${points.join(' ')}`;
    const known = this.#rowOf.get(key);
    if (known !== undefined) return known;
    const row = this.#rates.push(rate) - 1;
    this.#rowOf.set(key, row);
    return row;
  }

  at(row: number): RateDocument {
    return this.#rates[row];
  }

  table(): RateTable {
    const points = this.#rates.flatMap((rate) => rate.points);
    const pointFrom = new Int32Array(this.#rates.length);
    let from = 0;
    for (const [row, rate] of this.#rates.entries()) {
      pointFrom[row] = from;
      from += rate.points.length;
    }
    return {
      isDaily: Uint8Array.from(this.#rates, ({ clock }) => Number(clock === 'day')),
      pointFrom,
      pointCount: Int32Array.from(this.#rates, (rate) => rate.points.length),
      atUs: Float64Array.from(points, ({ atUs }) => atUs),
      rate: Float64Array.from(points, ({ rate }) => rate),
    };
  }
}

/** A rate that never changes. */
export const constantRate = (perSecond: number): RateDocument => ({
  clock: 'run',
  points: [{ atUs: 0, rate: perSecond }],
});
