import { expect, test } from 'vitest';
import type { RateDocument } from '../plan/document.ts';
import { arrivalsPerDay, DAY_US, expectedArrivals } from './rate-integral.ts';

const HOUR_US = 3600e6;

const run = (...points: [number, number][]): RateDocument => ({
  clock: 'run',
  points: points.map(([atUs, rate]) => ({ atUs: atUs * 1e6, rate })),
});

test('by the clock of the run', () => {
  const cases: [RateDocument, number, number, number][] = [
    // A constant rate holds before and after its only point.
    [run([0, 5]), 0, 60, 300],
    [run([10, 5]), 0, 60, 300],
    // A ramp: its mean, and the last rate afterwards.
    [run([0, 0], [10, 10]), 0, 10, 50],
    [run([0, 0], [10, 10]), 0, 20, 150],
    [run([0, 0], [10, 10]), 5, 10, 37.5],
    // A staircase has two points at one time.
    [run([0, 1], [10, 1], [10, 3]), 0, 20, 40],
    [run([0, 1]), 20, 20, 0],
  ];
  for (const [rate, from, to, expected] of cases) {
    expect(expectedArrivals(rate, 0, from * 1e6, to * 1e6)).toBeCloseTo(expected, 9);
  }
});

test('by the time of day, over midnight', () => {
  const rate: RateDocument = {
    clock: 'day',
    points: [
      { atUs: 0, rate: 1 },
      { atUs: 12 * HOUR_US, rate: 3 },
      { atUs: DAY_US, rate: 1 },
    ],
  };
  expect(arrivalsPerDay(rate)).toBeCloseTo(2 * 86_400, 6);
  expect(expectedArrivals(rate, 0, 0, 3 * DAY_US)).toBeCloseTo(6 * 86_400, 6);
  // Whatever the hour it begins at, a day has a day's arrivals.
  expect(expectedArrivals(rate, 7 * HOUR_US, 0, DAY_US)).toBeCloseTo(2 * 86_400, 6);
  // Two hours around midnight: from 23:00 to 01:00 the rate goes 7/6, 1, 7/6.
  expect(expectedArrivals(rate, 23 * HOUR_US, 0, 2 * HOUR_US)).toBeCloseTo(7200 * (1 + 1 / 12), 6);
});
