import { expect, test } from 'vitest';
import type { RunResult } from '../sim/metrics/result.ts';
import { sampleFolder } from '../sim/testing/sample-result.ts';
import { expectedText, reasonText } from './verdict-text.ts';

const SAMPLE = sampleFolder().result;

function reason(change: Partial<RunResult>): string {
  return reasonText({ ...SAMPLE, ...change }).replaceAll('\u00a0', ' ');
}

test('the verdict says why in a sentence', () => {
  const [held, broken, share] = SAMPLE.thresholds;
  const limit = { name: 'limits', verdict: 'failed', detail: 'eventsMax was met' } as const;
  const unknown = { name: 'plateau', verdict: 'unknown', detail: '' } as const;
  const passed = { name: 'balance', verdict: 'passed', detail: '' } as const;
  expect(reason({})).toBe(
    '2 of 5 thresholds failed: the furthest from its bound is ' +
      'p99 of latency, across the border: 1.33 s, must be below 1 s.',
  );
  expect(reason({ thresholds: [held, share] })).toBe(
    '1 of 2 thresholds failed: share of calls answered, all calls: 98.93 %, must be above 99.50 %.',
  );
  expect(reason({ verdict: 'passed', thresholds: [held], checks: [passed] })).toBe(
    'The one threshold holds, and the one check passed.',
  );
  expect(reason({ verdict: 'passed', thresholds: [], checks: [] })).toBe(
    'The scenario sets no threshold, and no check was made.',
  );
  expect(reason({ verdict: 'passed', thresholds: [], checks: [passed, unknown] })).toBe(
    'The scenario sets no threshold, and 1 of 2 checks passed.',
  );
  expect(reason({ verdict: 'invalid', checks: [passed, limit] })).toBe(
    'The figures must not be used: limits, eventsMax was met.',
  );
  expect(reason({ verdict: 'violated', checks: [limit, limit] })).toBe(
    'The simulation contradicts itself: limits, eventsMax was met (and 1 more).',
  );
  expect(reason({ verdict: 'inconclusive', checks: [unknown] })).toBe(
    'A check could not be decided: plateau.',
  );
  const open = { ...broken, value: null, verdict: 'inconclusive' } as const;
  expect(reason({ verdict: 'inconclusive', thresholds: [open] })).toBe(
    '1 of 1 threshold could not be decided: ' +
      'p99 of latency, across the border: too few calls to tell, must be below 1 s.',
  );
});

test('who reads only the verdict is told that a collapse was expected', () => {
  const textOf = (name: string, verdict: 'passed' | 'failed', detail: string): string | null =>
    expectedText({ ...SAMPLE, checks: [{ name, verdict, detail }] });
  const detail = 'failed, as expected: 840 s after slow-register less than half is answered';
  expect(textOf('no-collapse (expected to fail)', 'passed', detail)).toBe(
    'The collapse was expected, and came: 840 s after slow-register less than half is answered.',
  );
  expect(textOf('recovery (expected to fail)', 'passed', '')).toBe(
    'The check recovery was expected to fail, and did.',
  );
  expect(textOf('no-collapse (expected to fail)', 'failed', 'did not')).toBeNull();
  expect(textOf('no-collapse', 'passed', 'answered as before')).toBeNull();
});
