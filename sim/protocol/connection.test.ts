import { expect, test } from 'vitest';
import {
  ConnectLimit,
  ConnectMode,
  failureCause,
  firstAttempt,
  limitOf,
  limitUs,
  maskAfterSilence,
  maskOfAttempt,
  modeOf,
  nextAttempt,
} from './connection.ts';
import { Cause } from './fault.ts';

const NOBODY = -1;
const names = (attempt: number): [number, number] => [modeOf(attempt), limitOf(attempt)];

// Facts 2.5: one address is an ordinary connect, two or more are raced.
test.each([
  [0b000, NOBODY, ConnectMode.None, ConnectLimit.Full],
  [0b001, NOBODY, ConnectMode.Single, ConnectLimit.Full],
  // One address is an ordinary connect even when it is remembered.
  [0b001, 0, ConnectMode.Single, ConnectLimit.Full],
  [0b111, NOBODY, ConnectMode.Race, ConnectLimit.Full],
  [0b111, 1, ConnectMode.Remembered, ConnectLimit.Cached],
  // A winner that is no longer among the addresses does not count.
  [0b101, 1, ConnectMode.Race, ConnectLimit.Full],
])('first attempt over %s, remembered %s', (mask, remembered, mode, limit) => {
  expect(names(firstAttempt(mask, remembered))).toEqual([mode, limit]);
});

test('a silent remembered winner is dropped and the others are raced', () => {
  const attempt = firstAttempt(0b111, 2);
  expect(maskOfAttempt(attempt, 0b111, 2)).toBe(0b100);
  const left = maskAfterSilence(attempt, 0b111, 2);
  expect(left).toBe(0b011);
  expect(names(nextAttempt(left, false))).toEqual([ConnectMode.Race, ConnectLimit.Full]);
});

test('a silent race leaves nobody: it had asked all', () => {
  const attempt = firstAttempt(0b11, NOBODY);
  expect(maskOfAttempt(attempt, 0b11, NOBODY)).toBe(0b11);
  expect(modeOf(nextAttempt(maskAfterSilence(attempt, 0b11, NOBODY), false))).toBe(
    ConnectMode.None,
  );
});

// Facts 2.5: time-outs 30 s, 5 s for the cached one, max(5 s, half) after a failed verification.
test('time-outs of an attempt', () => {
  expect(limitUs(ConnectLimit.Full, 30e6, 5e6)).toBe(30e6);
  expect(limitUs(ConnectLimit.Cached, 30e6, 5e6)).toBe(5e6);
  expect(limitUs(ConnectLimit.Again, 30e6, 5e6)).toBe(15e6);
  expect(limitUs(ConnectLimit.Again, 8e6, 5e6)).toBe(5e6);
  expect(limitOf(nextAttempt(0b1, true))).toBe(ConnectLimit.Again);
});

test('why connecting failed', () => {
  expect(failureCause(true, false, Cause.None)).toBe(Cause.NetworkError);
  expect(failureCause(true, true, Cause.None)).toBe(Cause.IoError);
  expect(failureCause(false, true, Cause.None)).toBe(Cause.NetworkError);
  expect(failureCause(false, false, Cause.SslAuthenticationFailed)).toBe(
    Cause.SslAuthenticationFailed,
  );
});
