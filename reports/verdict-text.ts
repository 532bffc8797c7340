/** The verdict in a word, and why in a sentence. */
import type { RunResult, ThresholdResult, Verdict } from '../sim/metrics/result.ts';
import { formatNumberOf } from './format.ts';
import { formatMetric, metricText } from './metric-text.ts';
import { scopeText } from './scope.ts';

export const VERDICT_WORDS: Readonly<Record<Verdict, string>> = {
  passed: 'Passed',
  failed: 'Failed',
  inconclusive: 'Inconclusive',
  invalid: 'Not a valid measurement',
  violated: 'An invariant was violated',
  regressed: 'Worse than the baseline',
};

/** `p99 of latency, all calls: 1.24 s, bound below 1 s`. */
export function thresholdText(threshold: ThresholdResult): string {
  const { metric, scope, comparison, bound, value } = threshold;
  const found = value === null ? 'too few calls to tell' : formatMetric(metric, value);
  const wanted = `${comparison} ${formatMetric(metric, bound)}`;
  return `${metricText(metric)}, ${scopeText(scope)}: ${found}, must be ${wanted}`;
}

export function reasonText(result: RunResult): string {
  const { verdict, checks, thresholds } = result;
  const failedChecks = checks.filter((check) => check.verdict === 'failed');
  if (verdict === 'violated') return listOf('The simulation contradicts itself', failedChecks);
  if (verdict === 'invalid') return invalidText(result);
  if (verdict === 'failed' && thresholds.every((threshold) => threshold.verdict !== 'failed')) {
    return listOf('What must hold of the whole run does not', failedChecks);
  }
  if (verdict === 'failed') return failedText(thresholds);
  if (verdict === 'regressed') return 'Compared with the baseline, at least one metric got worse.';
  if (verdict === 'inconclusive') return inconclusiveText(result);
  const held =
    thresholds.length === 0
      ? 'The scenario sets no threshold'
      : thresholds.length === 1
        ? 'The one threshold holds'
        : `All ${formatNumberOf(thresholds.length, 'threshold')} hold`;
  const interrupted = result.run.isInterrupted ? ' The run was interrupted.' : '';
  return `${held}, and ${checksText(checks)}.${interrupted}`;
}

/** How check-history names a check that its scenario expects to fail, and how that ended. */
const EXPECTED_NAME = ' (expected to fail)';
const EXPECTED_DETAIL = 'failed, as expected: ';

/**
 * A run passes where what its scenario predicts has come true, and that may be a collapse: who
 * reads only the verdict has to be told. Null: nothing was expected to fail, or it did not.
 */
export function expectedText({ checks }: RunResult): string | null {
  const met = checks.filter(
    ({ name, verdict }) => verdict === 'passed' && name.endsWith(EXPECTED_NAME),
  );
  if (met.length === 0) return null;
  const texts = met.map(({ name, detail }) => {
    const what = name.slice(0, -EXPECTED_NAME.length);
    const how = detail.startsWith(EXPECTED_DETAIL) ? detail.slice(EXPECTED_DETAIL.length) : detail;
    const claim = what.startsWith('no-collapse')
      ? 'The collapse was expected, and came'
      : `The check ${what} was expected to fail, and did`;
    return how === '' ? `${claim}.` : `${claim}: ${how}.`;
  });
  return texts.join(' ');
}

function checksText(checks: RunResult['checks']): string {
  const count = checks.length;
  const passed = checks.filter((check) => check.verdict === 'passed').length;
  if (count === 0) return 'no check was made';
  // A scenario may say that it can live with a check that could not be decided.
  if (passed < count) return `${passed} of ${formatNumberOf(count, 'check')} passed`;
  return count === 1 ? 'the one check passed' : `all ${formatNumberOf(count, 'check')} passed`;
}

function listOf(claim: string, checks: RunResult['checks']): string {
  if (checks.length === 0) return `${claim}.`;
  const [{ name, detail }] = checks;
  const more = checks.length > 1 ? ` (and ${checks.length - 1} more)` : '';
  return `${claim}: ${name}${detail === '' ? '' : `, ${detail}`}${more}.`;
}

function invalidText({ run, checks }: RunResult): string {
  const failed = checks.filter((check) => check.verdict === 'failed');
  if (failed.length > 0) return listOf('The figures must not be used', failed);
  if (run.isInterrupted) return 'The run was interrupted before enough of it was done.';
  return 'The figures must not be used: the run could not do what the scenario asked for.';
}

/** Names the threshold that is furthest from its bound, in parts of the bound. */
function failedText(thresholds: readonly ThresholdResult[]): string {
  const failed = thresholds.filter((threshold) => threshold.verdict === 'failed');
  if (failed.length === 0) return 'A threshold failed.';
  const worst = failed.reduce((a, b) => (excessOf(b) > excessOf(a) ? b : a));
  const count = `${failed.length} of ${formatNumberOf(thresholds.length, 'threshold')} failed`;
  const which = failed.length === 1 ? '' : 'the furthest from its bound is ';
  return `${count}: ${which}${thresholdText(worst)}.`;
}

function excessOf({ value, bound }: ThresholdResult): number {
  if (value === null) return 0;
  return Math.abs(value - bound) / Math.max(bound, 1e-12);
}

function inconclusiveText({ thresholds, checks }: RunResult): string {
  const open = thresholds.filter((threshold) => threshold.verdict === 'inconclusive');
  const unknown = checks.filter((check) => check.verdict === 'unknown');
  if (open.length > 0) {
    const count = `${open.length} of ${formatNumberOf(thresholds.length, 'threshold')}`;
    return `${count} could not be decided: ${thresholdText(open[0])}.`;
  }
  if (unknown.length > 0) return listOf('A check could not be decided', unknown);
  return 'The replications do not agree well enough to decide.';
}
