import { describe, expect, test } from 'vitest';
import { DistributionKind } from '../../plan/plan.ts';
import { draw } from '../random.ts';
import { DISTRIBUTION_KINDS, drawValue, meanValue } from './table.ts';

const VALUES = Float64Array.of(99, 1, 2, 2, 10);

interface Row {
  readonly name: string;
  readonly kind: number;
  readonly a: number;
  readonly b: number;
  /** Some of its quantiles, by hand. */
  readonly quantiles: readonly (readonly [number, number])[];
}

const ROWS: readonly Row[] = [
  {
    name: 'constant',
    kind: 0,
    a: 7,
    b: 0,
    quantiles: [
      [0.1, 7],
      [0.9, 7],
    ],
  },
  {
    name: 'uniform',
    kind: 1,
    a: 10,
    b: 30,
    quantiles: [
      [0.25, 15],
      [0.5, 20],
    ],
  },
  {
    name: 'exponential',
    kind: 2,
    a: 100,
    b: 0,
    quantiles: [
      [0.5, 100 * Math.LN2],
      [1 - Math.exp(-3), 300],
      [1e-12, 1.0000000000005e-10],
    ],
  },
  {
    name: 'lognormal',
    kind: 3,
    a: 50,
    b: 0.8,
    quantiles: [
      [0.5, 50],
      [0.975, 50 * Math.exp(0.8 * 1.9599639845400536)],
    ],
  },
  {
    name: 'pareto',
    kind: 4,
    a: 4,
    b: 3,
    quantiles: [
      [0.875, 8],
      [1 - 1 / 27, 12],
    ],
  },
  {
    name: 'empirical',
    kind: 5,
    a: 1,
    b: 4,
    quantiles: [
      [0.2, 1],
      [0.25, 2],
      [0.7, 2],
      [0.8, 10],
    ],
  },
];

test('kinds have the numbers that a plan gives them', () => {
  const byNumber = Object.entries(DistributionKind).toSorted(([, a], [, b]) => a - b);
  expect(byNumber).toEqual(DISTRIBUTION_KINDS.map((name, number) => [name, number]));
});

describe.each(ROWS)('$name', ({ kind, a, b, quantiles }) => {
  test('known quantiles', () => {
    for (const [u, value] of quantiles) {
      expect(Math.abs(drawValue(kind, a, b, VALUES, u) / value - 1)).toBeLessThan(1e-12);
    }
  });

  test('it never falls as u grows, and is finite at both ends', () => {
    let last = -Infinity;
    for (let step = 0; step <= 2000; step++) {
      const u = Math.min(1 - 2 ** -53, Math.max(2 ** -54, step / 2000));
      const value = drawValue(kind, a, b, VALUES, u);
      expect(value).toBeGreaterThanOrEqual(last);
      expect(Number.isFinite(value)).toBe(true);
      last = value;
    }
  });

  // The mean over evenly spread u is the integral of the quantile: the mean itself.
  test('its mean is the mean of its quantiles', () => {
    const steps = 1_000_000;
    let sum = 0;
    for (let step = 0; step < steps; step++) {
      sum += drawValue(kind, a, b, VALUES, (step + 0.5) / steps);
    }
    expect(Math.abs(sum / steps / meanValue(kind, a, b, VALUES) - 1)).toBeLessThan(1e-3);
  });

  test('draws have its mean', () => {
    const count = 200_000;
    let sum = 0;
    for (let at = 0; at < count; at++) sum += drawValue(kind, a, b, VALUES, draw(1, 2, at, 0, 3));
    expect(Math.abs(sum / count / meanValue(kind, a, b, VALUES) - 1)).toBeLessThan(0.01);
  });
});

test('a Pareto tail of alpha 1 or less has no mean', () => {
  expect(meanValue(DistributionKind.Pareto, 5, 1, VALUES)).toBe(Infinity);
  expect(meanValue(DistributionKind.Pareto, 5, 2, VALUES)).toBe(10);
  expect(() => meanValue(6, 5, 2, VALUES)).toThrow(/kind 6/);
});
