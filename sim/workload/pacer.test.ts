import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { draw } from '../base/random.ts';
import type { RateTable } from '../plan/plan.ts';
import { expectedArrivals } from '../population/rate-integral.ts';
import { DAY_US, integralOf, nextArrivalUs, rateAt } from './pacer.ts';

type Point = readonly [atUs: number, rate: number];

const HOUR_US = 3600e6;

function tableOf(...curves: { isDaily: boolean; points: readonly Point[] }[]): RateTable {
  const points = curves.flatMap((curve) => curve.points);
  let from = 0;
  const pointFrom = curves.map((curve) => (from += curve.points.length) - curve.points.length);
  return {
    isDaily: Uint8Array.from(curves, ({ isDaily }) => Number(isDaily)),
    pointFrom: Int32Array.from(pointFrom),
    pointCount: Int32Array.from(curves, (curve) => curve.points.length),
    atUs: Float64Array.from(points, ([at]) => at),
    rate: Float64Array.from(points, ([, rate]) => rate),
  };
}

const runCurve = (...points: Point[]): RateTable => tableOf({ isDaily: false, points });
const dayCurve = (...points: Point[]): RateTable => tableOf({ isDaily: true, points });

const STEADY = runCurve([0, 5]);
const RAMP = runCurve([10e6, 0], [20e6, 10]);
const STAIRS = runCurve([0, 1], [10e6, 1], [10e6, 3], [20e6, 3], [20e6, 0]);
const OFFICE = dayCurve(
  [8 * HOUR_US, 0],
  [9 * HOUR_US, 100],
  [17 * HOUR_US, 100],
  [18 * HOUR_US, 0],
);

describe('by hand', () => {
  test.each([
    // A steady rate: a fifth of a second each, and twice as many with a factor of 2.
    [STEADY, 1, 0, 1, 200_000],
    [STEADY, 2, 1e6, 1, 1_100_000],
    // A ramp from 0: rate = t for t seconds after the tenth, so amount = t^2 / 2.
    [RAMP, 1, 0, 2, 12e6],
    [RAMP, 1, 0, 50, 20e6],
    // After the last point the rate stays; 50 calls are due until then.
    [RAMP, 1, 0, 60, 21e6],
    // Steps: 10 calls at 1 a second, then 3 a second, then none for ever.
    [STAIRS, 1, 0, 10, 10e6],
    [STAIRS, 1, 0, 13, 11e6],
    [STAIRS, 1, 10e6, 3, 11e6],
    [STAIRS, 1, 0, 40, 20e6],
    [STAIRS, 1, 0, 40.001, Infinity],
    [STAIRS, 1, 20e6, 1e-9, Infinity],
    [STEADY, 0, 0, 1, Infinity],
    [STEADY, 1, 7, 0, 7],
  ] as const)('curve %#', (rates, factor, fromUs, amount, expected) => {
    const found = nextArrivalUs(rates, 0, factor, 0, fromUs, amount);
    // Infinity is only equal to itself; other answers may be off by a rounding.
    expect(found === expected || Math.abs(found - expected) < 1e-3).toBe(true);
  });

  test('before its first point a curve has the first rate', () => {
    const late = runCurve([100e6, 4], [200e6, 8]);
    expect(nextArrivalUs(late, 0, 1, 0, 0, 400)).toBeCloseTo(100e6, 0);
    expect(integralOf(late, 0, 1, 0, 0, 50e6)).toBe(200);
    expect(rateAt(late, 0, 1, 0, 150e6)).toBe(6);
  });

  test('a night without calls is passed over, however many nights it takes', () => {
    const perDay = integralOf(OFFICE, 0, 1, 0, 0, DAY_US);
    expect(perDay).toBe(9 * 3600 * 100);
    // From the evening on: nothing until eight, whatever the amount.
    const evening = 19 * HOUR_US;
    const first = nextArrivalUs(OFFICE, 0, 1, 0, evening, 1);
    expect(first).toBeGreaterThan(DAY_US + 8 * HOUR_US);
    expect(first).toBeLessThan(DAY_US + 8 * HOUR_US + 10e6);
    // Exactly a thousand days of calls end when the last of them ends, not the morning after.
    const last = nextArrivalUs(OFFICE, 0, 1, 0, 0, 1000 * perDay);
    expect(Math.abs(last - (999 * DAY_US + 18 * HOUR_US))).toBeLessThan(1e3);
  });

  test('the time of day at which a run begins shifts a daily curve, and only such a one', () => {
    expect(rateAt(OFFICE, 0, 1, 12 * HOUR_US, 0)).toBe(100);
    expect(rateAt(OFFICE, 0, 1, 12 * HOUR_US, 5.5 * HOUR_US)).toBe(50);
    expect(rateAt(RAMP, 0, 1, 12 * HOUR_US, 15e6)).toBe(5);
    expect(integralOf(OFFICE, 0, 2, 12 * HOUR_US, 0, HOUR_US)).toBe(2 * 3600 * 100);
  });

  test('a daily curve that never rises gives no calls', () => {
    expect(nextArrivalUs(dayCurve([0, 0], [HOUR_US, 0]), 0, 1, 0, 5, 1)).toBe(Infinity);
  });

  test('rows of one table do not disturb each other', () => {
    const both = tableOf(
      { isDaily: false, points: [[0, 5]] },
      {
        isDaily: true,
        points: [
          [0, 1],
          [12 * HOUR_US, 3],
        ],
      },
      { isDaily: false, points: [[0, 7]] },
    );
    expect(nextArrivalUs(both, 0, 1, 0, 0, 5)).toBe(1e6);
    expect(nextArrivalUs(both, 2, 1, 0, 0, 7)).toBe(1e6);
    expect(integralOf(both, 1, 1, 0, 0, DAY_US)).toBe((2 + 3) * 12 * 3600);
  });
});

/** Curves with ramps, steps and stretches of nothing, that do not end in nothing. */
const anyCurve = fc
  .record({
    isDaily: fc.boolean(),
    gaps: fc.array(fc.constantFrom(0, 1, 1e3, 1e6, 60e6, HOUR_US), { minLength: 1, maxLength: 12 }),
    rates: fc.array(fc.oneof(fc.constant(0), fc.double({ min: 0.01, max: 5000, noNaN: true })), {
      minLength: 12,
      maxLength: 12,
    }),
  })
  .map(({ isDaily, gaps, rates }) => {
    let at = 0;
    const points = gaps.map((gap, row): Point => [(at += gap), rates[row]]);
    return { isDaily, points: [...points, [at + 1e6, 2.5] as const] };
  });
const anyTime = fc.double({ min: 0, max: 3 * DAY_US, noNaN: true });

describe('properties', () => {
  test('the integral up to the answer is the amount', () => {
    fc.assert(
      fc.property(
        anyCurve,
        anyTime,
        fc.double({ min: 0.1, max: 10, noNaN: true }),
        fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
        fc.integer({ min: 0, max: 23 }),
        (curve, fromUs, factor, amount, hour) => {
          const rates = tableOf(curve);
          const start = hour * HOUR_US;
          const at = nextArrivalUs(rates, 0, factor, start, fromUs, amount);
          const found = integralOf(rates, 0, factor, start, fromUs, at);
          // Instants are doubles near 1e11 us, exact to about 1e-5 us, times the rate there.
          const slack = 1e-9 * amount + 1e-4 * 1e-6 * factor * 5000;
          expect(Math.abs(found - amount)).toBeLessThanOrEqual(slack);
        },
      ),
      { numRuns: 3000 },
    );
  });

  test('two steps are as far as one of their sum', () => {
    fc.assert(
      fc.property(
        anyCurve,
        fc.double({ min: 0.01, max: 100, noNaN: true }),
        fc.double({ min: 0.01, max: 100, noNaN: true }),
        (curve, a, b) => {
          const rates = tableOf(curve);
          const halfway = nextArrivalUs(rates, 0, 1, 0, 0, a);
          const twice = nextArrivalUs(rates, 0, 1, 0, halfway, b);
          const once = nextArrivalUs(rates, 0, 1, 0, 0, a + b);
          const between = integralOf(rates, 0, 1, 0, Math.min(once, twice), Math.max(once, twice));
          expect(between).toBeLessThan(1e-6);
        },
      ),
      { numRuns: 2000 },
    );
  });

  // The population and the report ask how many calls there will be; they must mean these.
  test('the integral is the one that the population promises', () => {
    fc.assert(
      fc.property(anyCurve, anyTime, anyTime, (curve, a, b) => {
        const document = {
          clock: curve.isDaily ? ('day' as const) : ('run' as const),
          points: curve.points.map(([atUs, rate]) => ({ atUs, rate })),
        };
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        const promised = expectedArrivals(document, 5 * HOUR_US, from, to);
        const found = integralOf(tableOf(curve), 0, 1, 5 * HOUR_US, from, to);
        expect(Math.abs(found - promised)).toBeLessThanOrEqual(1e-9 * Math.max(promised, 1e6));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('processes', () => {
  /** Instants of a source until the end. */
  function arrivals(rates: RateTable, endUs: number, amountOf: (at: number) => number): number[] {
    const found: number[] = [];
    let at = nextArrivalUs(rates, 0, 1, 0, 0, amountOf(0));
    while (at < endUs) {
      found.push(at);
      at = nextArrivalUs(rates, 0, 1, 0, at, amountOf(found.length));
    }
    return found;
  }

  // Method: over ten days, counts of each hour against the integral; a Poisson count of mean m has
  // variance m, so the sum of squared deviations is chi-square with one degree an hour.
  test('Poisson counts follow the rate', () => {
    const rates = dayCurve([0, 0.02], [6 * HOUR_US, 0.05], [12 * HOUR_US, 0.4], [DAY_US, 0.02]);
    const endUs = 10 * DAY_US;
    const found = arrivals(rates, endUs, (at) => -Math.log(draw(11, 22, at, 0, 0)));
    let chiSquare = 0;
    for (let hour = 0; hour < 240; hour++) {
      const [from, to] = [hour * HOUR_US, (hour + 1) * HOUR_US];
      const mean = integralOf(rates, 0, 1, 0, from, to);
      const count = found.filter((at) => at >= from && at < to).length;
      chiSquare += (count - mean) ** 2 / mean;
    }
    // 99.9 % of the mass of 240 degrees of freedom lies between 177 and 314.
    expect(chiSquare).toBeGreaterThan(177);
    expect(chiSquare).toBeLessThan(314);
  });

  test('constant arrivals are never more than half a call from what is due', () => {
    const rates = runCurve([0, 0], [60e6, 20], [120e6, 20], [120e6, 2], [600e6, 2]);
    const found = arrivals(rates, 600e6, (at) => (at === 0 ? 0.5 : 1));
    for (const [count, at] of found.entries()) {
      const due = integralOf(rates, 0, 1, 0, 0, at);
      expect(Math.abs(due - (count + 0.5))).toBeLessThan(1e-6);
    }
    expect(found).toHaveLength(600 + 1200 + 960);
  });
});
