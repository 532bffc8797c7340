import { expect, test } from 'vitest';
import { CallStage } from '../../workload/call.ts';
import type { CallRow } from './call-log.ts';
import { generatorFacts } from './lateness.ts';

const MS = 1000;

function call(lateUs: number, tookUs: number): CallRow {
  const sentUs = 500 + lateUs;
  const row = {
    source: 0,
    ordinal: 0,
    flow: 0,
    attempt: 0,
    requestBytes: 0,
    faultKey: 0,
    responseBytes: 0,
  };
  const times = { intendedUs: 500, dueUs: 500, sentUs, endUs: 500 + tookUs };
  return { ...row, ...times, abandonedUs: Infinity, settledAs: CallStage.Answered };
}

const calls = (count: number, lateMs: number, tookMs = 30): CallRow[] =>
  Array.from({ length: count }, () => call(lateMs * MS, tookMs * MS));

test('a call in a hundred may be late, and no more', () => {
  expect(generatorFacts([...calls(99, 1), ...calls(1, 50)])).toMatchObject({
    due: 100,
    sent: 100,
    late: 1,
    lateLimitNs: 20e6,
    keptUp: true,
  });
  expect(generatorFacts([...calls(98, 1), ...calls(2, 50)])).toMatchObject({
    late: 2,
    keptUp: false,
  });
});

test('what is late is measured against how long the calls take', () => {
  expect(generatorFacts(calls(100, 50, 60))).toMatchObject({ late: 100, keptUp: false });
  const slow = generatorFacts(calls(100, 50, 1000));
  expect(slow).toMatchObject({ late: 0, keptUp: true });
  expect(slow.lateLimitNs).toBeGreaterThan(99e6);
});

test('a call that was not sent is told apart, and not forgiven', () => {
  const unsent = { ...call(0, 0), sentUs: Infinity, endUs: Infinity, settledAs: 0 };
  const facts = generatorFacts([...calls(1000, 1), unsent]);
  expect(facts).toMatchObject({ due: 1001, sent: 1000, late: 0, keptUp: false });
});

test('quantiles are of the calls that were sent', () => {
  const facts = generatorFacts([...calls(60, 0), ...calls(40, 8)]);
  expect(facts.latenessP50Ns).toBe(0);
  expect(facts.latenessP99Ns / 8e6).toBeCloseTo(1, 1);
  expect(facts.latenessMaxNs).toBe(8e6);
  expect(generatorFacts([])).toMatchObject({ due: 0, latenessMaxNs: 0, keptUp: true });
});
