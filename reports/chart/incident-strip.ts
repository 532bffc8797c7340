/** The first screen's strip: good throughput of the whole run, small, under its incidents. */
import type { RunResult } from '../../sim/metrics/result.ts';
import type { Chart } from '../chart.ts';
import { formatAmount, formatNumberOf, formatSeconds } from '../format.ts';
import { formatInstant } from '../instant.ts';
import { markup } from '../markup.ts';
import { NONE, stepArea, stepLine } from '../step-path.ts';
import { columnsOf } from '../table.ts';
import { drawTimeChart } from '../time-chart.ts';
import { bucketsOf, largestOf, NAMED_BANDS_MAX } from '../timeline.ts';
import type { Timeline } from '../timeline.ts';
import { linearAxis } from '../value-axis.ts';

export function incidentStrip(result: RunResult, timeline: Timeline): Chart {
  const buckets = bucketsOf(timeline, 'all');
  const largest = largestOf(buckets, ({ offeredRps }) => offeredRps) ?? 0;
  const { incidents } = result;
  const span = `${formatInstant(timeline, 0)} to ${formatInstant(timeline, timeline.toSeconds)}`;
  const unnamed = incidents.length - NAMED_BANDS_MAX;
  return {
    id: 'incident-strip',
    title: 'The run at a glance',
    description: `${span}. ${listIncidents(result, timeline)}`,
    caption:
      unnamed > 0
        ? `The ${NAMED_BANDS_MAX} longest of ${formatNumberOf(incidents.length, 'incident')} ` +
          `are named in the charts; all of them are shaded, and listed below.`
        : null,
    draw: (width) =>
      drawTimeChart(
        timeline,
        {
          legend: [],
          panels: [
            {
              title: 'good calls per second; the line: offered',
              height: 46,
              axis: linearAxis(largest, formatAmount, 2),
              marks: (x, y) => {
                const good = stepArea(buckets, NONE, ({ goodRps }) => goodRps, x, y);
                const offered = stepLine(buckets, ({ offeredRps }) => offeredRps, x, y);
                return markup`<path class="fill-green" d="${good}"/>
<path class="line-ink dashes" d="${offered}"/>`;
              },
            },
          ],
        },
        width,
      ),
    table: {
      columns: columnsOf('incident', 'from', 'to', 'for#'),
      rows: incidents.map(({ name, startSeconds, endSeconds }) => [
        name,
        formatInstant(timeline, startSeconds),
        formatInstant(timeline, endSeconds),
        formatSeconds(Math.max(0, endSeconds - startSeconds)),
      ]),
    },
  };
}

function listIncidents({ incidents }: RunResult, timeline: Timeline): string {
  if (incidents.length === 0) return 'No incident was planned.';
  const named = incidents.slice(0, NAMED_BANDS_MAX).map(({ name, startSeconds, endSeconds }) => {
    const [from, to] = [startSeconds, endSeconds].map((at) => formatInstant(timeline, at));
    return `${name}, ${from} to ${to}`;
  });
  return `${formatNumberOf(incidents.length, 'incident')}: ${named.join('; ')}.`;
}
