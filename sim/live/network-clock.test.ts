import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createNetworkClock, REAL_TIME } from './network-clock.ts';

const START_MS = Date.parse('2026-01-01T00:00:00Z');
const DAY_MS = 86_400_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('it runs so many times as fast as the wall, from where it was set', () => {
  const clock = createNetworkClock(START_MS, 60);
  expect(clock.nowMs()).toBe(START_MS);
  vi.advanceTimersByTime(1000);
  expect(clock.nowMs()).toBe(START_MS + 60_000);
  expect(clock.realMs(60_000)).toBe(1000);
});

test('a change of the machine’s clock does not move it', () => {
  const clock = createNetworkClock(START_MS, 2);
  vi.setSystemTime(Date.now() + DAY_MS);
  expect(clock.nowMs()).toBe(START_MS);
});

test('it acts once, after a span of the network, unless that is cancelled', () => {
  const clock = createNetworkClock(START_MS, 10);
  const act = vi.fn<() => void>();
  const cancelled = vi.fn<() => void>();
  clock.after(5000, act);
  const cancel = clock.after(5000, cancelled);
  vi.advanceTimersByTime(499);
  expect(act).not.toHaveBeenCalled();
  cancel();
  vi.advanceTimersByTime(10_000);
  expect(act).toHaveBeenCalledTimes(1);
  expect(cancelled).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(0);
});

test('spans of weeks, which a timer of Node cannot hold, and spans of the past', () => {
  const act = vi.fn<() => void>();
  const cancel = REAL_TIME.after(60 * DAY_MS, act);
  vi.advanceTimersByTime(59 * DAY_MS);
  expect(act).not.toHaveBeenCalled();
  vi.advanceTimersByTime(DAY_MS);
  expect(act).toHaveBeenCalledTimes(1);
  cancel();
  REAL_TIME.after(-1, act);
  vi.advanceTimersByTime(1);
  expect(act).toHaveBeenCalledTimes(2);
});

test('real time is the wall’s', () => {
  expect(REAL_TIME.nowMs()).toBe(Date.now());
  expect(REAL_TIME.realMs(5)).toBe(5);
  expect(() => createNetworkClock(0, 0)).toThrow(/compression/);
});
