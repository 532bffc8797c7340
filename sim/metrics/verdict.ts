/**
 * What a run comes to in one word, and the exit code that says it. Where several hold, the first
 * of violated, invalid, failed, regressed, inconclusive, passed counts.
 */
import type { JudgedCheck } from './check.ts';
import type { ThresholdResult, Verdict } from './result.ts';

export const EXIT_CODES: Readonly<Record<Verdict, number>> = {
  violated: 7,
  invalid: 6,
  failed: 3,
  regressed: 4,
  inconclusive: 5,
  passed: 0,
};

export function verdictOf(
  checks: readonly JudgedCheck[],
  thresholds: readonly Pick<ThresholdResult, 'verdict'>[],
): Verdict {
  const failed = (kind: JudgedCheck['kind']): boolean =>
    checks.some((check) => check.kind === kind && check.verdict === 'failed');
  if (failed('invariant')) return 'violated';
  if (failed('validity')) return 'invalid';
  if (failed('history') || thresholds.some(({ verdict }) => verdict === 'failed')) return 'failed';
  const isOpen =
    checks.some(({ verdict, allowsUnknown }) => verdict === 'unknown' && !allowsUnknown) ||
    thresholds.some(({ verdict }) => verdict === 'inconclusive');
  return isOpen ? 'inconclusive' : 'passed';
}
