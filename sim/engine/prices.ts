/**
 * What effects cost, drawn fast. Each cost of a server is an amount of processor time and a delay;
 * one block of chance gives both. The quantile function of each is read from a table of 256 equal
 * steps with straight lines between; the outer four steps of each side, where a quantile function
 * may bend without bound, are computed exactly.
 *
 * The error of the lines: for a lognormal of sigma 0.3, below one part in a thousand of the value
 * (prices.test.ts holds it to that).
 */
import { drawValue } from '../base/distribution/table.ts';
import { drawPair, firstOfPair, secondOfPair } from '../base/random.ts';
import { DistributionKind } from '../plan/plan.ts';
import type { Plan } from '../plan/plan.ts';
import { COSTS } from '../protocol/effect.ts';

const STEPS = 256;
const WIDTH = STEPS + 1;
/** Steps of each side that are not read but computed. */
const EXACT_STEPS = 4;

export type Prices = ReturnType<typeof createPrices>;

export function createPrices(plan: Plan) {
  const drawn = {
    /** Of the last `draw`: at speed 1, not rounded. */
    cpuUs: 0,
    delayUs: 0,
    /** What each KiB of a body adds to `cpuUs`: left to the caller, who has the bytes at hand. */
    cpuUsPerKib: 0,
  };
  const { costs, distributions } = plan;
  const tables = new Map<number, number>();
  const place = (row: number): number => {
    if (distributions.kind[row] === DistributionKind.Constant) return -1;
    const known = tables.get(row);
    if (known !== undefined) return known;
    const at = tables.size * WIDTH;
    tables.set(row, at);
    return at;
  };
  /** Per row of the cost table: first of its steps in `steps`, or -1 - constants index. */
  const cpuTable = costs.cpu.map(place);
  const delayTable = costs.delay.map(place);
  const steps = new Float64Array(tables.size * WIDTH);

  /** Draws both parts of a cost for a call of a source. */
  const draw = (
    costProfile: number,
    cost: number,
    key0: number,
    key1: number,
    ordinal: number,
    purpose: number,
  ): void => {
    const row = costProfile * COSTS.length + cost;
    const { costs, distributions } = plan;
    const cpuAt = cpuTable[row];
    const delayAt = delayTable[row];
    if (cpuAt >= 0 || delayAt >= 0) drawPair(key0, key1, ordinal, 0, purpose);
    const own =
      cpuAt < 0 ? distributions.a[costs.cpu[row]] : read(costs.cpu[row], cpuAt, firstOfPair());
    drawn.cpuUs = own;
    drawn.cpuUsPerKib = costs.cpuUsPerKib[row];
    drawn.delayUs =
      delayAt < 0
        ? distributions.a[costs.delay[row]]
        : read(costs.delay[row], delayAt, secondOfPair());
  };

  /** The median of the processor time of a cost, where there is no call to draw for. */
  const medianCpuUs = (costProfile: number, cost: number): number => {
    return exact(plan.costs.cpu[costProfile * COSTS.length + cost], 0.5);
  };

  const read = (row: number, at: number, u: number): number => {
    const scaled = u * STEPS;
    const step = scaled | 0;
    if (step < EXACT_STEPS || step >= STEPS - EXACT_STEPS) return exact(row, u);
    const low = steps[at + step];
    return low + (steps[at + step + 1] - low) * (scaled - step);
  };

  const exact = (row: number, u: number): number => {
    const { kind, a, b, values } = plan.distributions;
    return drawValue(kind[row], a[row], b[row], values, u);
  };

  for (const [row, at] of tables) {
    for (let step = 1; step < STEPS; step++) steps[at + step] = exact(row, step / STEPS);
  }
  return { drawn, draw, medianCpuUs };
}
