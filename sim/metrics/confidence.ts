/**
 * How far a mean over replications may be off. Replications are independent draws of the whole
 * world, so Student's t applies to their values; below five it would be an interval in name only,
 * and the range of the values is given instead.
 */
import { studentTQuantile } from '../base/student-t.ts';
import type { ConfidenceResult, ReplicationSummary } from './result.ts';

export const CONFIDENCE_LEVEL = 0.95;
export const REPLICATIONS_FOR_INTERVAL = 5;

export interface Interval {
  readonly mean: number;
  /** Null: there are fewer than five values. */
  readonly halfWidth: number | null;
}

/** Of the values that exist; null when there is none. */
export function intervalOf(values: readonly (number | null)[]): Interval | null {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return null;
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  if (known.length < REPLICATIONS_FOR_INTERVAL) return { mean, halfWidth: null };
  const squares = known.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const standardError = Math.sqrt(squares / (known.length - 1) / known.length);
  const t = studentTQuantile((1 + CONFIDENCE_LEVEL) / 2, known.length - 1);
  return { mean, halfWidth: t * standardError };
}

/** By metric, over the replications. */
export function confidenceOf(replications: readonly ReplicationSummary[]): ConfidenceResult {
  const names = Object.keys(replications[0]?.metrics ?? {});
  const metrics = Object.fromEntries(
    names.map((name) => {
      const values = replications.map((replication) => replication.metrics[name]);
      const known = values.filter((value) => value !== null);
      const interval = intervalOf(values);
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
  return { method: methodOf(replications.length), level: CONFIDENCE_LEVEL, metrics };
}

function methodOf(replications: number): ConfidenceResult['method'] {
  if (replications >= REPLICATIONS_FOR_INTERVAL) return 'student-t';
  return replications > 1 ? 'range' : 'none';
}
