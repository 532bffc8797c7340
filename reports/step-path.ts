/**
 * Paths over buckets. A bucket is a stretch of time with one value, so a line is drawn in steps,
 * and a single bucket is a line too; where a value is not known the line has a gap.
 */
import { area, curveStepAfter, line } from 'd3';
import type { Bucket } from './timeline.ts';

interface Corner {
  readonly x: number;
  readonly low: number;
  readonly high: number;
}

export type BucketValue = (bucket: Bucket) => number | null;
export type Scale = (value: number) => number;

/** The lower edge of an area that stands on the ground. */
export const NONE = (): number => 0;

export function stepLine(
  buckets: readonly Bucket[],
  value: BucketValue,
  x: Scale,
  y: Scale,
): string {
  const draw = line<Corner>()
    .x((corner) => corner.x)
    .y((corner) => corner.high)
    .curve(curveStepAfter)
    .digits(1);
  return runsOf(buckets, value, value, x, y)
    .map((run) => draw(run) ?? '')
    .join('');
}

export function stepArea(
  buckets: readonly Bucket[],
  low: BucketValue,
  high: BucketValue,
  x: Scale,
  y: Scale,
): string {
  const draw = area<Corner>()
    .x((corner) => corner.x)
    .y0((corner) => corner.low)
    .y1((corner) => corner.high)
    .curve(curveStepAfter)
    .digits(1);
  return runsOf(buckets, low, high, x, y)
    .map((run) => draw(run) ?? '')
    .join('');
}

export interface PathStep {
  readonly atSeconds: number;
  /** From then on. */
  readonly count: number;
}

/** An area under steps that come at any time; it ends where the last step does, at `ground`. */
export function countPath(steps: readonly PathStep[], x: Scale, y: Scale, ground: number): string {
  const draw = area<PathStep>()
    .x(({ atSeconds }) => x(atSeconds))
    .y0(ground)
    .y1(({ count }) => y(count))
    .curve(curveStepAfter)
    .digits(1);
  return draw(steps) ?? '';
}

/** A line in steps, which goes on until `endSeconds`. */
export function countLine(
  steps: readonly PathStep[],
  endSeconds: number,
  x: Scale,
  y: Scale,
): string {
  const draw = line<PathStep>()
    .x(({ atSeconds }) => x(atSeconds))
    .y(({ count }) => y(count))
    .curve(curveStepAfter)
    .digits(1);
  const last = steps.at(-1);
  return last === undefined ? '' : (draw([...steps, { ...last, atSeconds: endSeconds }]) ?? '');
}

/** Stretches without a gap, each closed by the end of its last bucket. */
function runsOf(
  buckets: readonly Bucket[],
  low: BucketValue,
  high: BucketValue,
  x: Scale,
  y: Scale,
): Corner[][] {
  const runs: Corner[][] = [];
  let run: Corner[] = [];
  let end = -1;
  const finish = (): void => {
    if (run.length > 0) runs.push([...run, { ...run[run.length - 1], x: x(end) }]);
    run = [];
  };
  for (const bucket of buckets) {
    const [bottom, top] = [low(bucket), high(bucket)];
    const isAdjacent = bucket.fromSeconds <= end + 1e-6 * Math.max(1, end);
    if (bottom === null || top === null || !isAdjacent) finish();
    if (bottom === null || top === null) continue;
    run.push({ x: x(bucket.fromSeconds), low: y(bottom), high: y(top) });
    end = bucket.toSeconds;
  }
  finish();
  return runs;
}
