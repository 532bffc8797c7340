import { expect, test } from 'vitest';
import { formatInstant, formatInstants, timeTicks } from './instant.ts';
import type { Timeline } from './timeline.ts';

function timelineOf(toSeconds: number, startOfDaySeconds = 0): Timeline {
  return {
    fromSeconds: 0,
    toSeconds,
    bucketSeconds: 1,
    rowsPerBucket: 1,
    startOfDaySeconds,
    usesClock: toSeconds >= 7200 || startOfDaySeconds > 0,
    bands: [],
    scopes: new Map(),
  };
}

function labelsOf(timeline: Timeline, countMax: number): string {
  const labels = timeTicks(timeline, countMax).map(({ label }) => label);
  return labels.join(' | ').replaceAll('\u00a0', ' ');
}

test('ticks stand where people expect them', () => {
  expect(labelsOf(timelineOf(86_400), 5)).toBe('00:00 | 06:00 | 12:00 | 18:00 | 24:00');
  expect(labelsOf(timelineOf(10_800, 30_600), 5)).toBe('09:00 | 10:00 | 11:00');
  expect(labelsOf(timelineOf(600), 5)).toBe('0 | 2 min | 4 min | 6 min | 8 min | 10 min');
  expect(labelsOf(timelineOf(90), 5)).toBe('0 | 30 s | 60 s | 90 s');
  // One unit along an axis, also where a single duration would be said in another.
  const noClock = (toSeconds: number): Timeline => ({
    ...timelineOf(toSeconds),
    usesClock: false,
  });
  expect(labelsOf(noClock(7200), 6)).toBe('0 | 0.5 h | 1 h | 1.5 h | 2 h');
  expect(labelsOf(noClock(7200), 8)).toBe(
    '0 | 15 min | 30 min | 45 min | 60 min | 75 min | 90 min | 105 min | 120 min',
  );
  expect(labelsOf(noClock(7200), 2)).toBe('0 | 1 h | 2 h');
  expect(labelsOf(noClock(4 * 86_400), 8)).toBe(
    '0 | 12 h | 24 h | 36 h | 48 h | 60 h | 72 h | 84 h | 96 h',
  );
  expect(labelsOf(noClock(180), 6)).toBe('0 | 30 s | 60 s | 90 s | 120 s | 150 s | 180 s');
  expect(labelsOf(timelineOf(0.5), 5)).toBe('0 | 200 ms | 400 ms');
  expect(labelsOf(timelineOf(259_200), 7)).toBe(
    'day 1 | 12:00 | day 2 | 12:00 | day 3 | 12:00 | day 4',
  );
});

test('any span has a handful of ticks, inside it', () => {
  for (let exponent = -6; exponent <= 18; exponent++) {
    for (const factor of [1, 2.7, 6.3]) {
      const timeline = timelineOf(factor * 10 ** exponent);
      const ticks = timeTicks(timeline, 8);
      expect(ticks.length).toBeGreaterThan(0);
      expect(ticks.length).toBeLessThanOrEqual(10);
      for (const { seconds } of ticks) {
        expect(seconds).toBeGreaterThanOrEqual(0);
        expect(seconds).toBeLessThanOrEqual(timeline.toSeconds * 1.000001);
      }
    }
  }
});

test('an instant in words', () => {
  expect(formatInstant(timelineOf(86_400), 47_100)).toBe('13:05');
  expect(formatInstant(timelineOf(86_400, 3600), 86_400)).toBe('day 2, 01:00');
  expect(formatInstants(timelineOf(86_400), 3600, 7500)).toBe('01:00 to 02:05');
  const twoDays = timelineOf(172_800);
  expect(formatInstants(twoDays, 90_000, 93_600)).toBe('day 2, 01:00 to 02:00');
  expect(formatInstants(twoDays, 82_800, 93_600)).toBe('day 1, 23:00 to day 2, 02:00');
  expect(formatInstant(timelineOf(600), 90).replaceAll('\u00a0', ' ')).toBe('90 s');
});
