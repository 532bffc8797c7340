/** What was available and what was missed, by scope, against the 99 % of an e-state. */
import { scaleLinear } from 'd3';
import type { RunResult } from '../../sim/metrics/result.ts';
import { AVAILABILITY_TARGET, availabilityOf, yearlyShare } from '../availability.ts';
import type { Availability } from '../availability.ts';
import type { Chart, Drawing } from '../chart.ts';
import { emptyDrawing } from '../chart.ts';
import {
  formatCount,
  formatSeconds,
  formatShare,
  formatShareTick,
  NO_VALUE,
  shareOf,
} from '../format.ts';
import { journeyEndsOf } from '../journeys.ts';
import type { JourneyEnds } from '../journeys.ts';
import { legendDrawing } from '../legend.ts';
import type { LegendEntry } from '../legend.ts';
import { markup } from '../markup.ts';
import { scopeText } from '../scope.ts';
import { columnsOf } from '../table.ts';
import { fitText } from '../text-width.ts';
import type { Stop } from '../trust-clocks.ts';

const SHOWN = 8;

interface Bar {
  readonly label: string;
  readonly available: number;
}

export function availabilityBars(result: RunResult, stops: readonly Stop[]): Chart {
  const rows = availabilityOf(result, stops);
  const journeys = journeyEndsOf(result.journeys);
  const [all, ...others] = rows.slice(0, SHOWN).map(barsOf);
  const bars = [...all, ...journeyBarsOf(journeys), ...others.flat()];
  const hasJourneys = journeys.ended > 0;
  return {
    id: 'availability-bars',
    title: 'Availability against 99 %',
    description: describe(rows, journeys),
    caption: markup`From 0 to 100 %; the line stands at 99 %, and what is missed should not reach it
from the right. Calls: those answered without a fault, of all that were due in
the measured time. ${
      hasJourneys ? 'Journeys: those completed, of all that ended. ' : ''
    }Server-time: in which a server was up and none of its own trust clocks had run
out (clocks of the first replication, crashes a mean of all).`,
    draw: (width) =>
      bars.length === 0 ? emptyDrawing(width, 'No call was due.') : draw(bars, width),
    table: {
      columns: columnsOf(
        'scope',
        hasJourneys ? 'calls due, journeys ended#' : 'calls due#',
        'missed#',
        hasJourneys ? 'answered, completed#' : 'calls answered#',
        'of a year, were all else well#',
        'servers#',
        'server-time refusing#',
        'server-time not refusing#',
      ),
      rows: [
        ...rows.slice(0, 1).map((row) => rowOf(row, result.simulatedSeconds)),
        ...journeyRowsOf(journeys, result.simulatedSeconds),
        ...rows.slice(1).map((row) => rowOf(row, result.simulatedSeconds)),
      ],
    },
  };
}

function barsOf({ scope, callShare, serverShare, serverCount }: Availability): Bar[] {
  const where = scopeText(scope);
  const bars: Bar[] = [];
  if (callShare !== null) {
    bars.push({ label: scope === 'all' ? where : `calls ${where}`, available: callShare });
  }
  if (serverShare !== null && serverCount > 0) {
    const label = scope === 'all' ? 'server-time, all servers' : `server-time, ${scope}`;
    bars.push({ label, available: serverShare });
  }
  return bars;
}

/** What a person came for takes several calls, so that it is missed more often than one of them. */
function journeyBarsOf({ completed, ended }: JourneyEnds): Bar[] {
  return ended === 0 ? [] : [{ label: 'journeys of people', available: completed / ended }];
}

const TICKS = [0, 0.25, 0.5, 0.75, 1];
/** A missed call in a million is still seen. */
const MISSED_MIN = 1.5;

function draw(bars: readonly Bar[], width: number): Drawing {
  const isNarrow = width < 500;
  const [left, right] = [isNarrow ? 0 : 190, width - 76];
  const step = isNarrow ? 38 : 24;
  const top = legendOf(bars, width).height + 18;
  const bottom = top + bars.length * step + 4;
  const x = scaleLinear().domain([0, 1]).range([left, right]);
  const rows = bars.map(({ label, available }, index) => {
    const y = top + index * step;
    const barTop = isNarrow ? y + 18 : y + 4;
    const missed = available < 1 ? Math.max(MISSED_MIN, right - x(available)) : 0;
    const name = fitText(label, isNarrow ? width : left - 10, 12);
    return markup`<g><title>${label}: ${formatShare(available)}</title><text x="0"
y="${isNarrow ? y + 12 : barTop + 10}">${name}</text><rect class="fill-green" x="${left}"
y="${barTop}" width="${right - left - missed}" height="12"/><rect class="fill-vermilion"
x="${right - missed}" y="${barTop}" width="${missed}" height="12"/><path class="limit"
d="M${x(AVAILABILITY_TARGET)},${barTop - 3}v18"/><text x="${width}" y="${barTop + 10}"
text-anchor="end">${formatShare(available)}</text></g>\n`;
  });
  const grid = TICKS.map((share) => {
    const anchor = share === 0 ? 'start' : 'middle';
    return markup`<path class="grid" d="M${x(share)},${top}V${bottom}"/><text class="tick-label"
x="${x(share)}" y="${bottom + 15}" text-anchor="${anchor}">${formatShareTick(share)}</text>\n`;
  });
  const name = formatShareTick(AVAILABILITY_TARGET);
  return {
    height: bottom + 20,
    body: markup`${legendOf(bars, width).body}
${grid}${rows}<text class="tick-label" x="${x(AVAILABILITY_TARGET)}" y="${top - 5}"
text-anchor="middle">${name}</text>`,
  };
}

function legendOf(bars: readonly Bar[], width: number): Drawing {
  const good: LegendEntry = { label: 'available', hue: 'green', form: 'area' };
  const missed: LegendEntry = { label: 'missed', hue: 'vermilion', form: 'area' };
  const hasMissed = bars.some(({ available }) => available < 1);
  return legendDrawing(hasMissed ? [good, missed] : [good], width);
}

function rowOf(row: Availability, windowSeconds: number): string[] {
  const { scope, callShare, serverShare } = row;
  const ofYear = callShare === null ? null : yearlyShare(callShare, windowSeconds);
  return [
    scopeText(scope),
    formatCount(row.callsDue),
    formatCount(row.callsMissed),
    formatShare(callShare),
    formatShare(ofYear),
    serverShare === null ? NO_VALUE : formatCount(row.serverCount),
    serverShare === null ? NO_VALUE : formatSeconds(row.refusingSeconds),
    formatShare(serverShare),
  ];
}

function journeyRowsOf({ completed, ended }: JourneyEnds, windowSeconds: number): string[][] {
  if (ended === 0) return [];
  const share = completed / ended;
  return [
    [
      'journeys of people',
      formatCount(ended),
      formatCount(ended - completed),
      formatShare(share),
      formatShare(yearlyShare(share, windowSeconds)),
      NO_VALUE,
      NO_VALUE,
      NO_VALUE,
    ],
  ];
}

function describe([all]: readonly Availability[], journeys: JourneyEnds): string {
  const share = all?.callShare ?? null;
  if (share === null) return 'No call was due.';
  const is = share >= AVAILABILITY_TARGET ? 'is reached' : 'is not reached';
  const time = formatShare(all.serverShare);
  const done = shareOf(journeys.completed, journeys.ended);
  const people = done === null ? '' : ` ${formatShare(done)} of the journeys were completed.`;
  const text = `${formatShare(share)} of all calls were answered: 99 % ${is}.`;
  return `${text}${people} Server-time: ${time}.`;
}
