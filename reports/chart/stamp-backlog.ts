/** Records that wait for a time-stamp, and how fast they get one: backlog and drain. */
import type { Chart } from '../chart.ts';
import { emptyDrawing } from '../chart.ts';
import { formatAmount, formatRate } from '../format.ts';
import { formatInstant } from '../instant.ts';
import type { LegendEntry } from '../legend.ts';
import { markup } from '../markup.ts';
import { isBorder, scopesInOrder } from '../scope.ts';
import { NONE, stepArea, stepLine } from '../step-path.ts';
import { columnsOf } from '../table.ts';
import type { Table } from '../table.ts';
import { drawTimeChart } from '../time-chart.ts';
import type { Panel } from '../time-chart.ts';
import { bucketsOf, largestOf, meanOf, stretchesOf } from '../timeline.ts';
import type { Timeline } from '../timeline.ts';
import { linearAxis } from '../value-axis.ts';
import { mergeNote } from './throughput-over-time.ts';

const INSTANCES_MAX = 4;

const LEGEND: readonly LegendEntry[] = [
  { label: 'waiting for a time-stamp', hue: 'orange', form: 'area' },
  { label: 'time-stamped, per second', hue: 'blue', form: 'line' },
];

/** Instances whose series know of time-stamps. */
export function stampedInstances(timeline: Timeline): string[] {
  return scopesInOrder([...timeline.scopes.keys()]).filter(
    (scope) =>
      scope !== 'all' &&
      !isBorder(scope) &&
      bucketsOf(timeline, scope).some(({ backlog }) => backlog !== null),
  );
}

export function stampBacklog(timeline: Timeline): Chart {
  const instances = stampedInstances(timeline);
  const shown = instances.slice(0, INSTANCES_MAX);
  const left = instances.length - shown.length;
  const more = left > 0 ? `${left} more instances are in the table. ` : '';
  return {
    id: 'stamp-backlog',
    title: 'Time-stamping: backlog and drain, all servers of an instance',
    description: describe(timeline, instances),
    caption: markup`Records in the message logs of all servers together, at the end of each
stretch of time, a mean of the replications. Each exchange adds four, two at either server; they
are time-stamped in batches, at the interval of the instance. ${more}${mergeNote(timeline)}`,
    draw: (width) =>
      shown.length === 0
        ? emptyDrawing(width, 'No server time-stamps anything.')
        : drawTimeChart(
            timeline,
            { legend: LEGEND, panels: shown.flatMap((scope) => panelsOf(timeline, scope)) },
            width,
          ),
    table: tableOf(timeline, instances),
  };
}

function panelsOf(timeline: Timeline, scope: string): Panel[] {
  const buckets = bucketsOf(timeline, scope);
  return [
    {
      title: `${scope}, all servers: records waiting`,
      height: 100,
      axis: linearAxis(largestOf(buckets, ({ backlog }) => backlog) ?? 0, formatAmount, 3),
      marks: (x, y) =>
        markup`<path class="fill-orange" d="${stepArea(
          buckets,
          NONE,
          ({ backlog }) => backlog,
          x,
          y,
        )}"/>`,
    },
    {
      title: `${scope}, all servers: records time-stamped per second`,
      height: 50,
      axis: linearAxis(largestOf(buckets, ({ stampedRps }) => stampedRps) ?? 0, formatAmount, 2),
      marks: (x, y) =>
        markup`<path class="line-blue" d="${stepLine(
          buckets,
          ({ stampedRps }) => stampedRps,
          x,
          y,
        )}"/>`,
    },
  ];
}

function describe(timeline: Timeline, instances: readonly string[]): string {
  if (instances.length === 0) return 'No server time-stamps anything.';
  const texts = instances.map((scope) => {
    const buckets = bucketsOf(timeline, scope);
    const most = largestOf(buckets, ({ backlog }) => backlog) ?? 0;
    const peak = buckets.find(({ backlog }) => backlog === most);
    const at = formatInstant(timeline, peak?.toSeconds ?? 0);
    const rest = buckets.at(-1)?.backlog ?? 0;
    return `${scope}: at most ${formatAmount(most)} records wait, at ${at}; ${formatAmount(
      rest,
    )} at the end`;
  });
  return `${texts.join('. ')}.`;
}

function tableOf(timeline: Timeline, instances: readonly string[]): Table {
  return {
    columns: columnsOf(
      'instance',
      'from',
      'waiting at most, all servers#',
      'time-stamped, all servers#',
    ),
    rows: instances.flatMap((scope) =>
      stretchesOf(bucketsOf(timeline, scope)).map((stretch) => [
        scope,
        formatInstant(timeline, stretch[0].fromSeconds),
        formatAmount(largestOf(stretch, ({ backlog }) => backlog) ?? 0),
        formatRate(meanOf(stretch, ({ stampedRps }) => stampedRps ?? 0)),
      ]),
    ),
  };
}
