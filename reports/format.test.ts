import { expect, test } from 'vitest';
import {
  durationTicks,
  formatAmount,
  formatBytes,
  formatCount,
  formatDuration,
  formatRate,
  formatSeconds,
  formatShare,
} from './format.ts';

/** No-break spaces are hard to see in a test. */
const plain = (text: string): string => text.replaceAll('\u00a0', ' ');

test('numbers, with thousands apart', () => {
  expect(formatCount(10_600_123)).toBe('10,600,123');
  expect([0, 0.004, 7, 812, 48_210].map(formatAmount)).toEqual([
    '0',
    '0.004',
    '7',
    '812',
    '48,210',
  ]);
  expect([999_600, 10_600_000, 3.87e9, 1e15].map((n) => plain(formatAmount(n)))).toEqual([
    '1 M',
    '10.6 M',
    '3.87 bn',
    '1.00e+15',
  ]);
  expect([0.0139, 1.64, 150.08, 3900].map(formatRate)).toEqual([
    '0.0139/s',
    '1.64/s',
    '150.1/s',
    '3,900/s',
  ]);
  expect(plain(formatBytes(871_000_000))).toBe('831 MiB');
});

test('durations in the unit people use', () => {
  const rows: readonly (readonly [number | null, string])[] = [
    [null, '–'],
    [0, '0'],
    [740, '740 ns'],
    [12_500, '12.5 µs'],
    [176e6, '176 ms'],
    [999.6e6, '1 s'],
    [1.239e9, '1.24 s'],
    [125e9, '2 min 5 s'],
    [3600e9, '60 min'],
    [2 * 3600e9 + 720e9, '2 h 12 min'],
    [3 * 86_400e9, '3 d'],
  ];
  for (const [ns, text] of rows) expect(plain(formatDuration(ns))).toBe(text);
  expect(plain(formatSeconds(90))).toBe('90 s');
});

test('along an axis durations keep one unit', () => {
  const ticksOf = (largest: number, ...ticks: readonly number[]): string =>
    ticks.map(durationTicks(largest)).map(plain).join(' | ');
  expect(ticksOf(1.5e9, 0, 0.5e9, 1e9, 1.5e9)).toBe('0 | 0.5 s | 1 s | 1.5 s');
  expect(ticksOf(120e9, 30e9, 60e9, 90e9, 120e9)).toBe('0.5 min | 1 min | 1.5 min | 2 min');
  expect(ticksOf(400e6, 0, 200e6, 400e6)).toBe('0 | 200 ms | 400 ms');
  expect(ticksOf(1200, 400, 800, 1200)).toBe('0.4 µs | 0.8 µs | 1.2 µs');
  expect(ticksOf(3 * 3600e9, 3600e9, 1.5 * 3600e9)).toBe('1 h | 1.5 h');
});

// Goal: 99.9996 % of the calls of a country is not all of them, and a report must not say so.
test('a share that is not all is never 100 %', () => {
  expect([0, 1, 0.5, 0.9893, 0.999985].map((share) => plain(formatShare(share)))).toEqual([
    '0 %',
    '100 %',
    '50.0 %',
    '98.93 %',
    '99.9985 %',
  ]);
  for (let nines = 1; nines < 15; nines++) {
    expect(plain(formatShare(1 - 10 ** -nines))).not.toMatch(/100/);
    expect(plain(formatShare(10 ** -nines))).not.toMatch(/^0(\.0+)? /);
  }
});
