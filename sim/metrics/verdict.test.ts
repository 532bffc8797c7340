import { expect, test } from 'vitest';
import type { JudgedCheck } from './check.ts';
import { EXIT_CODES, verdictOf } from './verdict.ts';

const check = (kind: JudgedCheck['kind'], verdict: JudgedCheck['verdict']): JudgedCheck => ({
  name: 'some check',
  kind,
  verdict,
  detail: '',
  allowsUnknown: false,
});
const violated = check('invariant', 'failed');
const invalid = check('validity', 'failed');
const unknown = check('validity', 'unknown');
const missed = check('history', 'failed');
const allowed = { ...check('history', 'unknown'), allowsUnknown: true };
const fine = check('invariant', 'passed');
const failed = { verdict: 'failed' } as const;
const open = { verdict: 'inconclusive' } as const;
const kept = { verdict: 'passed' } as const;

// Where several hold, the first of 7, 6, 3, 4, 5, 0 counts.
test.each([
  [[fine, unknown, invalid, violated], [failed, open, kept], 'violated', 7],
  [[fine, unknown, invalid], [failed, open, kept], 'invalid', 6],
  [[fine, unknown], [open, failed, kept], 'failed', 3],
  [[fine, unknown, missed], [kept], 'failed', 3],
  [[fine, missed, invalid], [kept], 'invalid', 6],
  [[fine, unknown], [kept], 'inconclusive', 5],
  [[fine, unknown, allowed], [kept], 'inconclusive', 5],
  [[fine, allowed], [kept], 'passed', 0],
  [[fine], [open, kept], 'inconclusive', 5],
  [[fine], [kept], 'passed', 0],
  [[], [], 'passed', 0],
] as const)('%#', (checks, thresholds, verdict, code) => {
  expect(verdictOf(checks, thresholds)).toBe(verdict);
  expect(EXIT_CODES[verdict]).toBe(code);
});
