/**
 * How far a mean over replications may be off. Replications are independent draws of the whole
 * world, so Student's t applies to their values; below five it would be an interval in name only,
 * and the range of the values is given instead.
 *
 * Replications that were made until a precision was reached are no fixed sample: stopping when the
 * interval is narrow makes it cover a little less often than its level says (Law 2015, section
 * 9.4.1). The look-ahead of precision.ts is there to keep the difference small.
 */
import { studentTQuantile } from '../base/student-t.ts';
import type { Plan } from '../plan/plan.ts';
import { PrecisionRule } from './precision.ts';
import type { ConfidenceResult, PrecisionResult, ReplicationSummary } from './result.ts';

export const CONFIDENCE_LEVEL = 0.95;
export const REPLICATIONS_FOR_INTERVAL = 5;

export interface Interval {
  readonly mean: number;
  /** Null: there are fewer than five values. */
  readonly halfWidth: number | null;
}

/** Of the values that exist; null when there is none. */
export function intervalOf(
  values: readonly (number | null)[],
  level = CONFIDENCE_LEVEL,
): Interval | null {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return null;
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  if (known.length < REPLICATIONS_FOR_INTERVAL) return { mean, halfWidth: null };
  const squares = known.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const standardError = Math.sqrt(squares / (known.length - 1) / known.length);
  const t = studentTQuantile((1 + level) / 2, known.length - 1);
  return { mean, halfWidth: t * standardError };
}

/** By metric, over the replications, which come in their order. */
export function confidenceOf(
  plan: Pick<Plan, 'precision' | 'replications'>,
  replications: readonly ReplicationSummary[],
): ConfidenceResult {
  const level = plan.precision?.confidence ?? CONFIDENCE_LEVEL;
  const names = Object.keys(replications[0]?.metrics ?? {});
  const metrics = Object.fromEntries(
    names.map((name) => {
      const values = replications.map((replication) => replication.metrics[name]);
      const known = values.filter((value) => value !== null);
      const interval = intervalOf(values, level);
      const isRange = replications.length > 1 && known.length > 0;
      return [
        name,
        {
          mean: interval?.mean ?? null,
          halfWidth: interval?.halfWidth ?? null,
          min: isRange ? Math.min(...known) : null,
          max: isRange ? Math.max(...known) : null,
        },
      ];
    }),
  );
  const precision = precisionOf(plan, replications);
  return { method: methodOf(replications.length), level, metrics, precision };
}

/** What was asked, and what was reached: the rule is asked again, in the same order. */
function precisionOf(
  { precision, replications: replicationsMax }: Pick<Plan, 'precision' | 'replications'>,
  replications: readonly ReplicationSummary[],
): PrecisionResult | null {
  if (precision === null) return null;
  const rule = new PrecisionRule(precision);
  for (const { metrics } of replications) {
    // More than the rule asked for are there when a result is put together from elsewhere.
    if (!rule.isMet) rule.add(precision.metrics.map((name) => metrics[name] ?? null));
  }
  const { needed, isMet, reached } = rule.state;
  return {
    method: 'hoad-robinson-davies',
    asked: precision.relativeHalfWidth,
    reached,
    replicationsMin: precision.replicationsMin,
    replicationsMax,
    replicationsNeeded: needed,
    isMet,
  };
}

function methodOf(replications: number): ConfidenceResult['method'] {
  if (replications >= REPLICATIONS_FOR_INTERVAL) return 'student-t';
  return replications > 1 ? 'range' : 'none';
}
