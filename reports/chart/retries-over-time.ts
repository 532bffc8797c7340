/** How much callers add by trying again: attempts per call, and those who stop trying. */
import type { RunResult } from '../../sim/metrics/result.ts';
import type { Chart } from '../chart.ts';
import { formatAmount, formatRate } from '../format.ts';
import { formatInstant } from '../instant.ts';
import type { LegendEntry } from '../legend.ts';
import { markup } from '../markup.ts';
import { stepLine } from '../step-path.ts';
import { columnsOf } from '../table.ts';
import { drawTimeChart } from '../time-chart.ts';
import type { Panel } from '../time-chart.ts';
import { bucketsOf, largestOf, meanOf, stretchesOf } from '../timeline.ts';
import type { Bucket, Timeline } from '../timeline.ts';
import { linearAxis } from '../value-axis.ts';
import { mergeNote } from './throughput-over-time.ts';

const LEGEND: readonly LegendEntry[] = [
  { label: 'attempts per call', hue: 'vermilion', form: 'line' },
  { label: 'retries', hue: 'blue', form: 'line' },
  { label: 'calls given up', hue: 'ink', form: 'dashes' },
];

/** A line on the ground all along would only be a riddle. */
function legendOf(buckets: readonly Bucket[]): LegendEntry[] {
  const hasGaveUp = buckets.some(({ gaveUpRps }) => gaveUpRps !== null && gaveUpRps > 0);
  return LEGEND.filter(({ form }) => hasGaveUp || form !== 'dashes');
}

export function retriesOverTime(result: RunResult, timeline: Timeline): Chart {
  const buckets = bucketsOf(timeline, 'all');
  return {
    id: 'retries',
    title: 'Retry amplification',
    description: describe(result, timeline, buckets),
    caption: markup`<b>Attempts per call</b>: calls that were due and the retries of the same
stretch of time, for each call that was due in it; 1 is no retry at all. A retry of an earlier
call counts when it happens. ${mergeNote(timeline)}`,
    draw: (width) =>
      drawTimeChart(
        timeline,
        { legend: legendOf(buckets), panels: [amplificationPanel(buckets), ratePanel(buckets)] },
        width,
      ),
    table: {
      columns: columnsOf('from', 'calls due#', 'retries#', 'attempts per call#', 'given up#'),
      rows: stretchesOf(buckets).map((stretch) => {
        const offered = meanOf(stretch, ({ offeredRps }) => offeredRps);
        const retries = meanOf(stretch, ({ retriesRps }) => retriesRps ?? 0);
        return [
          formatInstant(timeline, stretch[0].fromSeconds),
          formatRate(offered),
          formatRate(retries),
          ratioText(offered === 0 ? null : 1 + retries / offered),
          formatRate(meanOf(stretch, ({ gaveUpRps }) => gaveUpRps ?? 0)),
        ];
      }),
    },
  };
}

/** In the whole run; null: no call was started. */
export function amplificationOf({ calls, attempts }: RunResult): number | null {
  const started = calls.due - calls.notStarted;
  return started > 0 ? attempts.started / started : null;
}

/** `1.00`, `2.37`, `12.4`: of a ratio the second decimal tells. */
export function ratioText(ratio: number | null): string {
  if (ratio === null) return '–';
  return ratio < 10 ? ratio.toFixed(2) : formatAmount(ratio);
}

function amplificationIn({ offeredRps, retriesRps }: Bucket): number | null {
  if (retriesRps === null || offeredRps <= 0) return null;
  return 1 + retriesRps / offeredRps;
}

function amplificationPanel(buckets: readonly Bucket[]): Panel {
  const largest = Math.max(2, largestOf(buckets, amplificationIn) ?? 1);
  return {
    title: 'attempts per call',
    height: 110,
    axis: linearAxis(largest, formatAmount, 3),
    marks: (x, y) =>
      markup`<path class="line-vermilion" d="${stepLine(buckets, amplificationIn, x, y)}"/>`,
  };
}

function ratePanel(buckets: readonly Bucket[]): Panel {
  const largest = largestOf(buckets, ({ retriesRps, gaveUpRps }) =>
    Math.max(retriesRps ?? 0, gaveUpRps ?? 0),
  );
  return {
    title: 'retries and calls given up, per second',
    height: 80,
    axis: linearAxis(largest ?? 0, formatAmount, 3),
    marks: (x, y) => {
      const retries = stepLine(buckets, (bucket) => bucket.retriesRps, x, y);
      const gaveUp = stepLine(buckets, (bucket) => bucket.gaveUpRps, x, y);
      return markup`<path class="line-blue" d="${retries}"/>
<path class="line-ink dashes" d="${gaveUp}"/>`;
    },
  };
}

function describe(result: RunResult, timeline: Timeline, buckets: readonly Bucket[]): string {
  const total = `${ratioText(amplificationOf(result))} attempts per call in the whole run`;
  const most = largestOf(buckets, amplificationIn);
  if (most === null) return `${total}.`;
  const worst = buckets.find((bucket) => amplificationIn(bucket) === most);
  const at = formatInstant(timeline, worst?.fromSeconds ?? 0);
  return `${total}; the most, ${ratioText(most)}, at ${at}.`;
}
