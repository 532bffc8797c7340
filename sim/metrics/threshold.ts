/**
 * Thresholds: a bound on one number, and what the run says about it.
 *
 * With five replications or more the value is their mean, and a confidence interval that holds the
 * bound decides nothing. With fewer there is no interval: the value is of all replications taken
 * together, and where one of them alone would be judged otherwise, nothing is decided either. A
 * value that does not exist, such as a p99 of 40 calls, decides nothing.
 */
import type { ThresholdDocument } from '../plan/document.ts';
import type { Plan } from '../plan/plan.ts';
import { intervalOf, REPLICATIONS_FOR_INTERVAL } from './confidence.ts';
import { findMetric } from './metric.ts';
import type { ReplicationOutcome } from './outcome.ts';
import type { ThresholdResult } from './result.ts';
import { scopeOf } from './scope.ts';
import { totalsOf } from './totals.ts';
import type { Totals } from './totals.ts';

export function judgeThresholds(
  plan: Plan,
  totals: Totals,
  outcomes: readonly ReplicationOutcome[],
): ThresholdResult[] {
  return plan.thresholds.map((threshold) => {
    const metric = findMetric(threshold.metric);
    const scope = scopeOf(plan, threshold.scope);
    if (metric === null || scope === -1) return judge(threshold, null, []);
    const values = outcomes.map((outcome) => metric.measure(plan, totalsOf(outcome), scope));
    return judge(threshold, metric.measure(plan, totals, scope), values);
  });
}

/** `pooled` is of all replications together, `values` are each one's. */
export function judge(
  threshold: ThresholdDocument,
  pooled: number | null,
  values: readonly (number | null)[],
): ThresholdResult {
  const { metric, scope, comparison, bound } = threshold;
  const head = { metric, scope, comparison, bound };
  if (pooled === null) return { ...head, value: null, ci95: null, verdict: 'inconclusive' };
  const interval = values.length >= REPLICATIONS_FOR_INTERVAL ? intervalOf(values) : null;
  if (interval !== null && interval.halfWidth !== null) {
    const { mean, halfWidth } = interval;
    const isOpen = halfWidth > 0 && Math.abs(mean - bound) <= halfWidth;
    const verdict = isOpen ? 'inconclusive' : verdictOf(holds(threshold, mean));
    return { ...head, value: mean, ci95: halfWidth, verdict };
  }
  const isKept = holds(threshold, pooled);
  const agree = values.every((value) => value === null || holds(threshold, value) === isKept);
  const verdict = agree ? verdictOf(isKept) : 'inconclusive';
  return { ...head, value: pooled, ci95: null, verdict };
}

function holds({ comparison, bound }: ThresholdDocument, value: number): boolean {
  return comparison === 'below' ? value < bound : value > bound;
}

function verdictOf(isKept: boolean): 'passed' | 'failed' {
  return isKept ? 'passed' : 'failed';
}
