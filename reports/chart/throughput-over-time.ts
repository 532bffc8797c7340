/** What was asked for, what came back, and what came back without fault; attacks apart. */
import type { Chart } from '../chart.ts';
import { formatAmount, formatRate } from '../format.ts';
import { formatInstant } from '../instant.ts';
import type { LegendEntry } from '../legend.ts';
import { markup } from '../markup.ts';
import { NONE, stepArea, stepLine } from '../step-path.ts';
import { columnsOf } from '../table.ts';
import type { Table } from '../table.ts';
import { drawTimeChart } from '../time-chart.ts';
import type { Panel } from '../time-chart.ts';
import { bucketsOf, largestOf, meanOf, stretchesOf } from '../timeline.ts';
import type { Bucket, Timeline } from '../timeline.ts';
import { linearAxis } from '../value-axis.ts';

const LEGEND: readonly LegendEntry[] = [
  { label: 'offered', hue: 'ink', form: 'dashes' },
  { label: 'achieved', hue: 'blue', form: 'line' },
  { label: 'good', hue: 'green', form: 'area' },
];

export function throughputOverTime(timeline: Timeline): Chart {
  const buckets = bucketsOf(timeline, 'all');
  const hasAttack = buckets.some(({ attackRps }) => attackRps > 0);
  const panels = [callPanel(buckets), ...(hasAttack ? [attackPanel(buckets)] : [])];
  const attackEntry: LegendEntry = { label: 'attack requests', hue: 'purple', form: 'area' };
  const legend = hasAttack ? [...LEGEND, attackEntry] : LEGEND;
  const apart = hasAttack ? ' and have an axis of their own' : '';
  return {
    id: 'throughput',
    title: 'Throughput over time',
    description: describe(timeline, buckets, hasAttack),
    caption: markup`<b>Offered</b>: calls by the instant at which they were due.
<b>Achieved</b>: calls that ended, with or without a fault. <b>Good</b>: answered without a fault.
Requests of attacks are never counted among them${apart}.
${mergeNote(timeline)}`,
    draw: (width) => drawTimeChart(timeline, { legend, panels }, width),
    table: tableOf(timeline, buckets),
  };
}

/** Said under every chart over time whose points stand for more than a row of the series. */
export function mergeNote(timeline: Timeline): string {
  if (timeline.rowsPerBucket === 1) return '';
  const rows = timeline.rowsPerBucket;
  return `A point stands for ${rows} rows of the series: rates are means, the rest is the worst.`;
}

function callPanel(buckets: readonly Bucket[]): Panel {
  const largest = largestOf(buckets, (bucket) => Math.max(bucket.offeredRps, bucket.achievedRps));
  return {
    title: 'calls per second',
    height: 220,
    axis: linearAxis(largest ?? 0, formatAmount),
    marks: (x, y) => {
      const good = stepArea(buckets, NONE, (bucket) => bucket.goodRps, x, y);
      const offered = stepLine(buckets, (bucket) => bucket.offeredRps, x, y);
      const achieved = stepLine(buckets, (bucket) => bucket.achievedRps, x, y);
      return markup`<path class="fill-green" d="${good}"/>
<path class="line-blue" d="${achieved}"/>
<path class="line-ink dashes" d="${offered}"/>`;
    },
  };
}

function attackPanel(buckets: readonly Bucket[]): Panel {
  const largest = largestOf(buckets, ({ attackRps }) => attackRps) ?? 0;
  return {
    title: 'attack requests per second (an axis of its own)',
    height: 60,
    axis: linearAxis(largest, formatAmount, 2),
    marks: (x, y) =>
      markup`<path class="fill-purple" d="${stepArea(
        buckets,
        NONE,
        (bucket) => bucket.attackRps,
        x,
        y,
      )}"/>`,
  };
}

function describe(timeline: Timeline, buckets: readonly Bucket[], hasAttack: boolean): string {
  if (buckets.length === 0) return 'The series has no rows.';
  const busiest = buckets.reduce((a, b) => (b.offeredRps > a.offeredRps ? b : a));
  const mean = formatRate(meanOf(buckets, ({ goodRps }) => goodRps));
  const peak = formatRate(busiest.offeredRps);
  const at = formatInstant(timeline, busiest.fromSeconds);
  const attack = largestOf(buckets, ({ attackRps }) => attackRps);
  const attackText = hasAttack ? ` Attack requests reach ${formatRate(attack)}.` : '';
  const most = `The most was asked for at ${at}: ${peak}.`;
  return `Good throughput is ${mean} in the mean. ${most}${attackText}`;
}

function tableOf(timeline: Timeline, buckets: readonly Bucket[]): Table {
  return {
    columns: columnsOf('from', 'offered#', 'achieved#', 'good#', 'with fault#', 'attack#'),
    rows: stretchesOf(buckets).map((stretch) => [
      formatInstant(timeline, stretch[0].fromSeconds),
      formatRate(meanOf(stretch, (bucket) => bucket.offeredRps)),
      formatRate(meanOf(stretch, (bucket) => bucket.achievedRps)),
      formatRate(meanOf(stretch, (bucket) => bucket.goodRps)),
      formatRate(meanOf(stretch, (bucket) => bucket.faultedRps)),
      formatRate(meanOf(stretch, (bucket) => bucket.attackRps)),
    ]),
  };
}
