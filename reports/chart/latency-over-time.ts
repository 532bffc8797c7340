/** Percentiles of latency over time, and under them the share of calls that ended with a fault. */
import type { Chart } from '../chart.ts';
import { formatDuration, formatShare, formatShareTick, shareOf } from '../format.ts';
import { formatInstant } from '../instant.ts';
import type { LegendEntry } from '../legend.ts';
import { markup } from '../markup.ts';
import { NONE, stepArea, stepLine } from '../step-path.ts';
import { columnsOf } from '../table.ts';
import { drawTimeChart } from '../time-chart.ts';
import type { Panel } from '../time-chart.ts';
import { bucketsOf, largestOf, meanOf, stretchesOf } from '../timeline.ts';
import type { Bucket, Timeline } from '../timeline.ts';
import { axisFor, shareAxis } from '../value-axis.ts';
import { mergeNote } from './throughput-over-time.ts';

const LEGEND: readonly LegendEntry[] = [
  { label: 'p99: one call in a hundred is slower', hue: 'vermilion', form: 'line' },
  { label: 'p90', hue: 'orange', form: 'line' },
  { label: 'p50: half are slower', hue: 'blue', form: 'line' },
  { label: 'share with a fault', hue: 'grey', form: 'area' },
];

export function latencyOverTime(timeline: Timeline): Chart {
  const buckets = bucketsOf(timeline, 'all');
  const latencies = latencyPanel(buckets);
  const panels = [latencies, faultPanel(buckets)];
  const scaleNote = latencies.axis.isLogarithmic
    ? 'The axis of latency is logarithmic: each grid line is a multiple of the one below.'
    : '';
  return {
    id: 'latency-over-time',
    title: 'Latency over time',
    description: describe(timeline, buckets),
    caption: `Of calls answered without a fault, from the instant at which they were due: the
waiting of a caller who could not start is part of it. A gap: too few calls for the percentile.
Those of single buckets are coarser than those of the whole run.
${scaleNote} ${mergeNote(timeline)}`,
    draw: (width) => drawTimeChart(timeline, { legend: LEGEND, panels }, width),
    table: {
      columns: columnsOf('from', 'p50, worst#', 'p90, worst#', 'p99, worst#', 'with a fault#'),
      rows: stretchesOf(buckets).map((stretch) => [
        formatInstant(timeline, stretch[0].fromSeconds),
        formatDuration(largestOf(stretch, (bucket) => bucket.latencyP50Ns)),
        formatDuration(largestOf(stretch, (bucket) => bucket.latencyP90Ns)),
        formatDuration(largestOf(stretch, (bucket) => bucket.latencyP99Ns)),
        formatShare(
          shareOf(
            meanOf(stretch, (bucket) => bucket.faultedRps),
            meanOf(stretch, (bucket) => bucket.achievedRps),
          ),
        ),
      ]),
    },
  };
}

function latencyPanel(buckets: readonly Bucket[]): Panel {
  const values = buckets.flatMap((bucket) => [
    bucket.latencyP50Ns,
    bucket.latencyP90Ns,
    bucket.latencyP99Ns,
  ]);
  return {
    title: 'latency of good calls',
    height: 210,
    axis: axisFor(values, formatDuration),
    marks: (x, y) => markup`<path class="line-vermilion" d="${stepLine(
      buckets,
      (bucket) => bucket.latencyP99Ns,
      x,
      y,
    )}"/>
<path class="line-orange" d="${stepLine(buckets, (bucket) => bucket.latencyP90Ns, x, y)}"/>
<path class="line-blue" d="${stepLine(buckets, (bucket) => bucket.latencyP50Ns, x, y)}"/>`,
  };
}

function faultShareOf({ faultedRps, achievedRps }: Bucket): number {
  return Math.min(1, shareOf(faultedRps, achievedRps) ?? 0);
}

function faultPanel(buckets: readonly Bucket[]): Panel {
  return {
    title: 'share of ended calls that ended with a fault',
    height: 48,
    axis: shareAxis(largestOf(buckets, faultShareOf) ?? 0, formatShareTick),
    marks: (x, y) =>
      markup`<path class="fill-grey" d="${stepArea(buckets, NONE, faultShareOf, x, y)}"/>`,
  };
}

function describe(timeline: Timeline, buckets: readonly Bucket[]): string {
  const worst = largestOf(buckets, (bucket) => bucket.latencyP99Ns);
  if (worst === null) return 'There were too few calls for percentiles over time.';
  const when = buckets.find((bucket) => bucket.latencyP99Ns === worst);
  const at = when === undefined ? '' : ` at ${formatInstant(timeline, when.fromSeconds)}`;
  const faults = formatShare(largestOf(buckets, faultShareOf));
  const tail = `At most ${faults} of the calls that ended in one bucket ended with a fault.`;
  return `The p99 is at its worst${at}: ${formatDuration(worst)}. ${tail}`;
}
