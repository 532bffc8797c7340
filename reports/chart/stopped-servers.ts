/** The servers that were stopped longest, and by which of their trust clocks. */
import type { RunResult } from '../../sim/metrics/result.ts';
import type { Chart } from '../chart.ts';
import { emptyDrawing } from '../chart.ts';
import { formatCount, formatNumberOf, formatSeconds } from '../format.ts';
import { formatInstant } from '../instant.ts';
import type { LegendEntry } from '../legend.ts';
import { markup } from '../markup.ts';
import type { Markup } from '../markup.ts';
import { drawRowChart } from '../row-chart.ts';
import type { ChartRow } from '../row-chart.ts';
import type { Scale } from '../step-path.ts';
import { columnsOf } from '../table.ts';
import type { Timeline } from '../timeline.ts';
import { clockHue, clockLabel, clocksIn, clockText, coveredSeconds } from '../trust-clocks.ts';
import type { Stop } from '../trust-clocks.ts';

const SHOWN = 12;
const SHOWN_NARROW = 8;
/** A stop of seconds in a day of hours must still be seen. */
const WIDTH_MIN = 2;
/** Limits of peers run out with every fetch: of them the result alone has room for all. */
const LISTED_MAX = 400;

interface StoppedServer {
  readonly id: string;
  readonly stops: readonly Stop[];
  /** By clocks of its own, each instant counted once. */
  readonly ownSeconds: number;
  readonly borderSeconds: number;
}

export function stoppedServers(
  { servers }: RunResult,
  stops: readonly Stop[],
  timeline: Timeline,
): Chart {
  const stopped = stoppedOf(stops, timeline);
  const shown = stopped.slice(0, SHOWN);
  const legendOf = (rows: readonly StoppedServer[]): LegendEntry[] =>
    clocksIn(rows.flatMap((row) => row.stops)).map((clock) => ({
      label: clockLabel(clock),
      hue: clockHue(clock),
      form: 'area',
    }));
  return {
    id: 'trust-servers',
    title: hasStopped(stopped)
      ? 'The servers that were stopped longest'
      : 'The servers whose border was closed longest',
    description: describe(stopped, timeline),
    caption: `Of the first replication, ${formatCount(stopped.length)} of ${formatNumberOf(
      Math.max(servers.length, stopped.length),
      'server',
    )}. Where several clocks had run out at once, each has its part of the bar.`,
    draw: (width) => {
      const rows = width < 500 ? shown.slice(0, SHOWN_NARROW) : shown;
      if (rows.length === 0) return emptyDrawing(width, 'No server was stopped.');
      const picture = { legend: legendOf(rows), rows: rows.map(rowOf), rowHeight: 16, scale: [] };
      return drawRowChart(timeline, picture, width);
    },
    table: {
      columns: columnsOf('server', 'what had run out', 'from', 'to', 'lasted#'),
      rows: tableRows(
        stopped.flatMap((server) => server.stops),
        timeline,
      ),
    },
  };
}

function stoppedOf(stops: readonly Stop[], timeline: Timeline): StoppedServer[] {
  return [...Map.groupBy(stops, ({ server }) => server)]
    .map(([id, ofServer]) => {
      const secondsOf = (isOwn: boolean): number =>
        coveredSeconds(
          ofServer.filter(({ foreign }) => (foreign === null) === isOwn),
          timeline,
        );
      return {
        id,
        stops: ofServer,
        ownSeconds: secondsOf(true),
        borderSeconds: secondsOf(false),
      };
    })
    .toSorted((a, b) => b.ownSeconds - a.ownSeconds || b.borderSeconds - a.borderSeconds);
}

/** A server that has only lost a border has not stopped. */
function hasStopped(servers: readonly StoppedServer[]): boolean {
  return servers.length === 0 || servers.some(({ ownSeconds }) => ownSeconds > 0);
}

function rowOf({ id, stops, ownSeconds, borderSeconds }: StoppedServer): ChartRow {
  return {
    label: id,
    labelIs: 'identifier',
    remark:
      ownSeconds > 0
        ? `stopped for ${formatSeconds(ownSeconds)}`
        : `a border closed for ${formatSeconds(borderSeconds)}`,
    marks: (x, top, height) => barMarks(stops, x, top, height),
  };
}

function barMarks(stops: readonly Stop[], x: Scale, top: number, height: number): Markup {
  const tracks = tracksOf(stops);
  const part = height / tracks.length;
  return markup`${tracks.map((ofTrack, index) =>
    ofTrack.map((stop) => {
      const [from, to] = [x(stop.fromSeconds), x(stop.toSeconds)];
      const length = Math.max(WIDTH_MIN, to - from);
      return markup`<rect class="fill-${clockHue(stop.clock)}" x="${from}"
y="${top + index * part}" width="${length}" height="${part}"><title>${clockText(
        stop,
      )}</title></rect>`;
    }),
  )}`;
}

/** As few tracks as keep stops apart that overlap; they come in the order of their beginnings. */
function tracksOf(stops: readonly Stop[]): Stop[][] {
  const tracks: Stop[][] = [];
  for (const stop of stops) {
    const free = tracks.find((track) => track[track.length - 1].toSeconds <= stop.fromSeconds);
    if (free === undefined) tracks.push([stop]);
    else free.push(stop);
  }
  return tracks;
}

function tableRows(stops: readonly Stop[], timeline: Timeline): string[][] {
  const rows = stops.slice(0, LISTED_MAX).map((stop) => row(stop, timeline));
  const left = stops.length - rows.length;
  return left > 0 ? [...rows, [formatNumberOf(left, 'more interval'), '', '', '', '']] : rows;
}

function row(stop: Stop, timeline: Timeline): string[] {
  const { server, fromSeconds, toSeconds } = stop;
  const isOpen = toSeconds >= timeline.toSeconds - 1e-6;
  return [
    server,
    clockText(stop),
    formatInstant(timeline, fromSeconds),
    isOpen ? 'end of the run' : formatInstant(timeline, toSeconds),
    formatSeconds(toSeconds - fromSeconds),
  ];
}

function describe(stopped: readonly StoppedServer[], timeline: Timeline): string {
  if (stopped.length === 0) return 'No server was stopped.';
  const [{ id, stops, ownSeconds, borderSeconds }] = stopped;
  const count = formatNumberOf(stopped.length, 'server');
  const at = formatInstant(timeline, stops[0].fromSeconds);
  const longest = formatSeconds(ownSeconds > 0 ? ownSeconds : borderSeconds);
  return `${count}; the longest, ${id}, for ${longest}, from ${at} on.`;
}
