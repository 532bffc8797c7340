/**
 * The trust clocks of each instance: one row a clock that ran out somewhere, as high as the share
 * of the instance's servers at which it had run out.
 */
import type { RunResult } from '../../sim/metrics/result.ts';
import type { Chart } from '../chart.ts';
import { emptyDrawing } from '../chart.ts';
import {
  formatCount,
  formatNumberOf,
  formatSeconds,
  formatShare,
  formatShareTick,
} from '../format.ts';
import { formatInstant, formatInstants } from '../instant.ts';
import { markup } from '../markup.ts';
import type { Markup } from '../markup.ts';
import { drawRowChart } from '../row-chart.ts';
import type { ChartRow } from '../row-chart.ts';
import { countPath } from '../step-path.ts';
import type { Scale } from '../step-path.ts';
import { columnsOf } from '../table.ts';
import type { Timeline } from '../timeline.ts';
import {
  clockHue,
  clocksIn,
  clockText,
  firstStops,
  mostStopped,
  stoppedCounts,
  unionOf,
} from '../trust-clocks.ts';
import type { FirstStops, Stop } from '../trust-clocks.ts';

const ROWS_MAX = 14;
/** One server of three hundred must be seen, too. */
const SHARE_MIN = 0.12;
/** The scale of a row: its top is all servers of the instance. */
const SCALE = [1, 0.5].map((position) => ({ position, label: formatShareTick(position) }));

interface Lane {
  readonly instance: string;
  readonly stops: readonly Stop[];
  readonly first: FirstStops;
  readonly serverCount: number;
  readonly backSeconds: number;
  /** At one time, and when that first was. */
  readonly most: number;
  readonly mostAtSeconds: number;
}

export function trustByInstance(
  { servers }: RunResult,
  stops: readonly Stop[],
  timeline: Timeline,
): Chart {
  const counts = new Map<string, number>();
  for (const { instance } of servers) counts.set(instance, (counts.get(instance) ?? 0) + 1);
  const lanes = lanesOf(stops, counts);
  const shown = lanes.slice(0, ROWS_MAX);
  const left = lanes.length - shown.length;
  const more = left > 0 ? ` ${formatNumberOf(left, 'more row')} in the table.` : '';
  return {
    id: 'trust-instances',
    title: 'Trust clocks that had run out, by instance',
    description: describe(lanes, timeline),
    caption: markup`As high as the share of the instance’s servers at which the clock had run out at
that time: the upper line of a row is all of them, the one below it half;
▼ marks when it first did at the first and at the last of them. A server whose own clock has run out
refuses every message; without a foreign configuration, or with OCSP answers that are too old for a
foreign country, only that border is closed. Of the first replication.${keptNote(stops)}${more}`,
    draw: (width) =>
      shown.length === 0
        ? emptyDrawing(width, 'No trust clock ran out.')
        : drawRowChart(
            timeline,
            {
              legend: [],
              rows: shown.map((lane) => rowOf(lane, timeline)),
              rowHeight: 26,
              scale: SCALE,
            },
            width,
          ),
    table: {
      columns: columnsOf(
        'instance',
        'what had run out',
        'servers ever#',
        'of all#',
        'most at once#',
        'of all at once#',
        'the most at',
        'first at',
        'first',
        'last at',
        'last',
        'all back at',
        'server-time#',
      ),
      rows: lanes.map((lane) => tableRow(lane, timeline)),
    },
  };
}

function lanesOf(stops: readonly Stop[], counts: ReadonlyMap<string, number>): Lane[] {
  const groups = Map.groupBy(stops, (stop) => `${stop.instance ?? ''}\n${clockText(stop)}`);
  const order = clocksIn(stops);
  return [...groups.values()]
    .map((ofLane): Lane => {
      const instance = ofLane[0].instance ?? 'not listed';
      const most = mostStopped(ofLane);
      const first = firstStops(ofLane) ?? { serverCount: 0, first: ofLane[0], last: ofLane[0] };
      return {
        instance,
        stops: ofLane,
        first,
        serverCount: Math.max(counts.get(instance) ?? 0, first.serverCount),
        most: most?.count ?? 0,
        mostAtSeconds: most?.atSeconds ?? ofLane[0].fromSeconds,
        backSeconds: ofLane.reduce((most, { toSeconds }) => Math.max(most, toSeconds), 0),
      };
    })
    .toSorted(
      (a, b) =>
        (a.instance < b.instance ? -1 : Number(a.instance > b.instance)) ||
        order.indexOf(a.stops[0].clock) - order.indexOf(b.stops[0].clock),
    );
}

function rowOf(lane: Lane, timeline: Timeline): ChartRow {
  const { instance, stops } = lane;
  return {
    label: `${instance}: ${clockText(stops[0])}`,
    labelIs: 'words',
    remark: remarkOf(lane, timeline),
    marks: (x, top, height) => laneMarks(lane, x, top, height),
  };
}

/** How many there ever were says nothing of how many there were at once: both are told. */
function remarkOf(lane: Lane, timeline: Timeline): string {
  const { first, serverCount, most } = lane;
  const ever = `${formatCount(first.serverCount)} of ${formatCount(serverCount)}`;
  const span = spanText(lane, timeline);
  if (most === first.serverCount) return `${ever}${most > 1 ? ' at once' : ''}, ${span}`;
  return `at most ${mostText(lane)} at once; ${formatCount(first.serverCount)} ever`;
}

function mostText({ most, serverCount }: Lane): string {
  return `${formatCount(most)} (${formatShare(most / serverCount)})`;
}

function spanText({ first: { first, last, serverCount } }: Lane, timeline: Timeline): string {
  const [from, to] = [first, last].map((stop) => formatInstant(timeline, stop.fromSeconds));
  if (serverCount === 1) return `at ${from}`;
  return from === to
    ? `all at ${from}`
    : formatInstants(timeline, first.fromSeconds, last.fromSeconds);
}

/** Of intervals of peers' limits, which come with every fetch, a run keeps so many. */
const PEER_INTERVALS_KEPT = 10_000;

function keptNote(stops: readonly Stop[]): string {
  const count = stops.filter(({ clock }) => clock === 'peer-ocsp').length;
  if (count < PEER_INTERVALS_KEPT) return '';
  return ` Of answers too old for a foreign country the result keeps the first ${formatCount(
    count,
  )} intervals.`;
}

function laneMarks(
  { stops, first, serverCount }: Lane,
  x: Scale,
  top: number,
  height: number,
): Markup {
  const y = (count: number): number =>
    top + height - (count === 0 ? 0 : Math.max(SHARE_MIN, count / serverCount) * height);
  const path = countPath(stoppedCounts(stops), x, y, top + height);
  const pins = [first.first, first.last].map(
    ({ fromSeconds, server }) =>
      markup`<path class="pin" d="M${x(fromSeconds)},${top + 2}l-4,-7h8z"><title>${server}</title
></path>`,
  );
  return markup`<path class="fill-${clockHue(stops[0].clock)}" d="${path}"/>${pins}`;
}

/** Server-time: summed over the servers, each counted once at a time. */
function secondsOf(stops: readonly Stop[]): number {
  let sum = 0;
  for (const ofServer of Map.groupBy(stops, ({ server }) => server).values()) {
    for (const { fromSeconds, toSeconds } of unionOf(ofServer)) sum += toSeconds - fromSeconds;
  }
  return sum;
}

function tableRow(lane: Lane, timeline: Timeline): string[] {
  const { instance, first, serverCount, backSeconds, stops } = lane;
  const isOpen = backSeconds >= timeline.toSeconds - 1e-6;
  return [
    instance,
    clockText(stops[0]),
    formatCount(first.serverCount),
    formatShare(first.serverCount / serverCount),
    formatCount(lane.most),
    formatShare(lane.most / serverCount),
    formatInstant(timeline, lane.mostAtSeconds),
    formatInstant(timeline, first.first.fromSeconds),
    first.first.server,
    formatInstant(timeline, first.last.fromSeconds),
    first.last.server,
    isOpen ? 'not before the end' : formatInstant(timeline, backSeconds),
    formatSeconds(secondsOf(stops)),
  ];
}

function describe(lanes: readonly Lane[], timeline: Timeline): string {
  if (lanes.length === 0) return 'No trust clock ran out.';
  const texts = lanes.slice(0, 4).map((lane) => {
    const { instance, first, stops } = lane;
    const count = formatNumberOf(first.serverCount, 'server');
    const span = spanText(lane, timeline);
    const at = formatInstant(timeline, lane.mostAtSeconds);
    const most = `at most ${mostText(lane)} at one time, at ${at}`;
    return `${instance}, ${clockText(stops[0])}: ${count}, ${span}, ${most}`;
  });
  return `${texts.join('; ')}.`;
}
