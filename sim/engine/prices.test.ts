import { expect, test } from 'vitest';
import { drawValue } from '../base/distribution/table.ts';
import { draw, drawPair, firstOfPair } from '../base/random.ts';
import { DistributionKind } from '../plan/plan.ts';
import type { Plan } from '../plan/plan.ts';
import { COSTS } from '../protocol/effect.ts';
import { createPrices } from './prices.ts';

/** Two rows: nothing, and a lognormal of median 7,000 and sigma 0.3. */
const plan = {
  distributions: {
    kind: Uint8Array.of(DistributionKind.Constant, DistributionKind.Lognormal),
    a: Float64Array.of(0, 7000),
    b: Float64Array.of(0, 0.3),
    values: new Float64Array(0),
  },
  costs: {
    profiles: ['x'],
    cpu: new Int32Array(COSTS.length).fill(1),
    delay: new Int32Array(COSTS.length),
    cpuUsPerKib: new Float64Array(COSTS.length),
  },
} as unknown as Plan;

// Goal: the header's word on the error of the straight lines.
test('a cost read from the table is the exact quantile, within one in a thousand', () => {
  const prices = createPrices(plan);
  let worst = 0;
  for (let ordinal = 0; ordinal < 20_000; ordinal++) {
    prices.draw(0, 0, 11, 22, ordinal, 5);
    drawPair(11, 22, ordinal, 0, 5);
    const exact = drawValue(
      DistributionKind.Lognormal,
      7000,
      0.3,
      plan.distributions.values,
      firstOfPair(),
    );
    worst = Math.max(worst, Math.abs(prices.drawn.cpuUs / exact - 1));
  }
  expect(worst).toBeLessThan(1e-3);
  expect(worst).toBeGreaterThan(0);
});

test('a constant costs no draw, and the median is the median', () => {
  const prices = createPrices(plan);
  draw(1, 2, 3, 0, 4);
  prices.draw(0, 0, 11, 22, 0, 5);
  expect(prices.drawn.delayUs).toBe(0);
  expect(prices.medianCpuUs(0, 0)).toBeCloseTo(7000, 6);
});
