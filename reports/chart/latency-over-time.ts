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
import { durationAxis, shareAxis } from '../value-axis.ts';
import { mergeNote } from './throughput-over-time.ts';

type Percentile = (bucket: Bucket) => number | null;

/** The slowest first, so that the others are drawn over it. */
const PERCENTILES: readonly (readonly [Percentile, LegendEntry & { readonly form: 'line' }])[] = [
  [
    ({ latencyP99Ns }) => latencyP99Ns,
    { label: 'p99: one call in a hundred is slower', hue: 'vermilion', form: 'line' },
  ],
  [({ latencyP90Ns }) => latencyP90Ns, { label: 'p90', hue: 'orange', form: 'line' }],
  [
    ({ latencyP50Ns }) => latencyP50Ns,
    { label: 'p50: half are slower', hue: 'blue', form: 'line' },
  ],
];
const FAULTS: LegendEntry = { label: 'share with a fault', hue: 'grey', form: 'area' };

export function latencyOverTime(timeline: Timeline): Chart {
  const buckets = bucketsOf(timeline, 'all');
  const latencies = latencyPanel(buckets);
  const largestShare = largestOf(buckets, faultShareOf) ?? 0;
  const hasFaults = largestShare > 0;
  const panels = hasFaults ? [latencies, faultPanel(buckets, largestShare)] : [latencies];
  // Of a percentile that no bucket has calls enough for, the legend would name a line in vain.
  const known = PERCENTILES.filter(([value]) => largestOf(buckets, value) !== null);
  const legend = [...known.map(([, entry]) => entry), ...(hasFaults ? [FAULTS] : [])];
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
${scaleNote} ${hasFaults ? '' : 'No call ended with a fault.'} ${mergeNote(timeline)}`,
    draw: (width) => drawTimeChart(timeline, { legend, panels }, width),
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
  const values = buckets.flatMap((bucket) => PERCENTILES.map(([value]) => value(bucket)));
  return {
    title: 'latency of good calls',
    height: 210,
    axis: durationAxis(values),
    marks: (x, y) =>
      markup`${PERCENTILES.map(
        ([value, { hue }]) =>
          markup`<path class="line-${hue}" d="${stepLine(buckets, value, x, y)}"/>\n`,
      )}`,
  };
}

function faultShareOf({ faultedRps, achievedRps }: Bucket): number {
  return Math.min(1, shareOf(faultedRps, achievedRps) ?? 0);
}

function faultPanel(buckets: readonly Bucket[], largestShare: number): Panel {
  return {
    title: 'share of ended calls that ended with a fault',
    height: 48,
    axis: shareAxis(largestShare, formatShareTick),
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
