/** Each incident, and how long after its end it took until calls were answered as before. */
import type { RunResult } from '../../sim/metrics/result.ts';
import type { Chart } from '../chart.ts';
import { emptyDrawing } from '../chart.ts';
import { formatSeconds } from '../format.ts';
import { formatInstant } from '../instant.ts';
import type { LegendEntry } from '../legend.ts';
import { markup, NOTHING } from '../markup.ts';
import type { Markup } from '../markup.ts';
import { drawRowChart } from '../row-chart.ts';
import type { ChartRow } from '../row-chart.ts';
import type { Scale } from '../step-path.ts';
import { columnsOf } from '../table.ts';
import type { Timeline } from '../timeline.ts';

type Incident = RunResult['incidents'][number];

const SHOWN = 14;
const WIDTH_MIN = 2;
const NOT_SEEN = ' Dashed: no recovery was seen before the run ended.';

export function recoveryBars({ incidents }: RunResult, timeline: Timeline): Chart {
  const shown = incidents
    .toSorted((a, b) => b.endSeconds - b.startSeconds - (a.endSeconds - a.startSeconds))
    .slice(0, SHOWN)
    .toSorted((a, b) => a.startSeconds - b.startSeconds);
  const hasNone = shown.some(({ recoverySeconds }) => recoverySeconds === null);
  return {
    id: 'recovery',
    title: 'Incidents and recovery',
    description: describe(incidents, timeline),
    caption: markup`Recovery counts from the end of an incident to the first stretch of time from
which on the share of good answers is that of before again, in every country and across the
border. Stretches are those of the series, ${formatSeconds(timeline.bucketSeconds)} each; so it is
given as at most (≤) that long.${hasNone ? NOT_SEEN : ''}`,
    draw: (width) =>
      shown.length === 0
        ? emptyDrawing(width, 'No incident was planned.')
        : drawRowChart(
            // The incidents are the rows here, and need no names over them.
            { ...timeline, bands: [] },
            {
              legend: legendOf(shown),
              rows: shown.map((incident) => rowOf(incident, timeline)),
              rowHeight: 14,
              scale: [],
            },
            width,
          ),
    table: {
      columns: columnsOf('incident', 'from', 'to', 'lasts#', 'recovery#'),
      rows: incidents.map(({ name, id, startSeconds, endSeconds, recoverySeconds }) => [
        name === '' ? id : name,
        formatInstant(timeline, startSeconds),
        formatInstant(timeline, endSeconds),
        formatSeconds(Math.max(0, endSeconds - startSeconds)),
        recoveryText(recoverySeconds, timeline),
      ]),
    },
  };
}

function legendOf(shown: readonly Incident[]): LegendEntry[] {
  const entries: readonly (readonly [LegendEntry, boolean])[] = [
    [{ label: 'outage', hue: 'orange', form: 'area' }, shown.some(({ isAttack }) => !isAttack)],
    [{ label: 'attack', hue: 'purple', form: 'area' }, shown.some(({ isAttack }) => isAttack)],
    [
      { label: 'recovery', hue: 'sky', form: 'area' },
      shown.some(({ recoverySeconds }) => recoverySeconds !== null && recoverySeconds > 0),
    ],
  ];
  return entries.filter(([, isShown]) => isShown).map(([entry]) => entry);
}

/**
 * At most how long: the result counts to the beginning of a whole bucket of the series, and a
 * shorter time than a bucket is not to be told from none. Null is one of two things, and the result
 * does not say which.
 */
export function recoveryText(
  seconds: number | null,
  { bucketSeconds }: Pick<Timeline, 'bucketSeconds'>,
): string {
  return seconds === null ? 'not seen' : `≤ ${formatSeconds(Math.max(seconds, bucketSeconds))}`;
}

function rowOf(incident: Incident, timeline: Timeline): ChartRow {
  const { name, id, startSeconds, endSeconds, recoverySeconds } = incident;
  const lasts = formatSeconds(Math.max(0, endSeconds - startSeconds));
  return {
    label: name === '' ? id : name,
    labelIs: 'words',
    remark: `lasts ${lasts}, recovery ${recoveryText(recoverySeconds, timeline)}`,
    marks: (x, top, height) => barMarks(incident, timeline, x, top, height),
  };
}

function barMarks(
  { startSeconds, endSeconds, recoverySeconds, isAttack }: Incident,
  timeline: Timeline,
  x: Scale,
  top: number,
  height: number,
): Markup {
  const from = x(startSeconds);
  const to = Math.max(x(endSeconds), from + WIDTH_MIN);
  const isOver = endSeconds < timeline.toSeconds;
  const back =
    recoverySeconds === null
      ? isOver
        ? markup`<path class="rest" d="M${to},${top + height / 2}H${x(timeline.toSeconds)}"/>`
        : NOTHING
      : recoverySeconds === 0
        ? NOTHING
        : markup`<rect class="fill-sky" x="${to}" y="${top}" width="${Math.max(
            WIDTH_MIN,
            x(endSeconds + recoverySeconds) - to,
          )}" height="${height}"/>`;
  return markup`<rect class="fill-${isAttack ? 'purple' : 'orange'}" x="${from}" y="${top}"
width="${to - from}" height="${height}"/>${back}`;
}

function describe(incidents: readonly Incident[], timeline: Timeline): string {
  if (incidents.length === 0) return 'No incident was planned.';
  const texts = incidents.slice(0, 6).map(({ name, id, recoverySeconds }) => {
    const title = name === '' ? id : name;
    return `${title}: recovery ${recoveryText(recoverySeconds, timeline)}`;
  });
  return `${texts.join('; ')}.`;
}
