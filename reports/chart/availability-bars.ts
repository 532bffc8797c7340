/** What was missed, by scope, against the one per cent that an e-state may miss. */
import { scaleLinear } from 'd3';
import type { RunResult } from '../../sim/metrics/result.ts';
import { AVAILABILITY_TARGET, availabilityOf, yearlyShare } from '../availability.ts';
import type { Availability } from '../availability.ts';
import type { Chart, Drawing } from '../chart.ts';
import { emptyDrawing } from '../chart.ts';
import { formatCount, formatSeconds, formatShare, formatShareTick, NO_VALUE } from '../format.ts';
import { markup } from '../markup.ts';
import { scopeText } from '../scope.ts';
import { columnsOf } from '../table.ts';
import { fitText, textWidth } from '../text-width.ts';
import type { Stop } from '../trust-clocks.ts';

const SHOWN = 8;
const MISSABLE = 1 - AVAILABILITY_TARGET;

interface Bar {
  readonly label: string;
  readonly available: number;
}

export function availabilityBars(result: RunResult, stops: readonly Stop[]): Chart {
  const rows = availabilityOf(result, stops);
  const bars = rows.slice(0, SHOWN).flatMap(barsOf);
  return {
    id: 'availability-bars',
    title: 'Availability against 99 %',
    description: describe(rows),
    caption: markup`A bar is what was missed; the figure at its right is the availability. The line
stands at the 1 % that may be missed. Calls: those answered without a fault, of all that were due in
the measured time. Server-time: in which a server was up and none of its own trust clocks had run
out (clocks of the first replication, crashes a mean of all).`,
    draw: (width) =>
      bars.length === 0 ? emptyDrawing(width, 'No call was due.') : draw(bars, width),
    table: {
      columns: columnsOf(
        'scope',
        'calls due#',
        'missed#',
        'calls answered#',
        'of a year, were all else well#',
        'servers#',
        'server-time refusing#',
        'server-time not refusing#',
      ),
      rows: rows.map((row) => rowOf(row, result.simulatedSeconds)),
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

function draw(bars: readonly Bar[], width: number): Drawing {
  const isNarrow = width < 500;
  const [left, right] = [isNarrow ? 0 : 190, width - 76];
  const step = isNarrow ? 38 : 24;
  const top = 22;
  const worst = bars.reduce((most, { available }) => Math.max(most, 1 - available), 0);
  const x = scaleLinear()
    .domain([0, Math.max(2 * MISSABLE, worst)])
    .range([left, right])
    .clamp(true);
  const limitX = x(MISSABLE);
  const rows = bars.map(({ label, available }, index) => {
    const y = top + index * step;
    const barTop = isNarrow ? y + 18 : y + 4;
    const hue = available < AVAILABILITY_TARGET ? 'vermilion' : 'green';
    const name = fitText(label, isNarrow ? width : left - 10, 12);
    return markup`<g><title>${label}: ${formatShare(available)}</title><text x="0"
y="${isNarrow ? y + 12 : barTop + 10}">${name}</text><rect class="track" x="${left}" y="${barTop}"
width="${right - left}" height="12"/><rect class="fill-${hue}" x="${left}" y="${barTop}"
width="${x(1 - available) - left}" height="12"/><path class="limit"
d="M${limitX},${barTop - 3}v18"/><text x="${width}" y="${barTop + 10}"
text-anchor="end">${formatShare(available)}</text></g>\n`;
  });
  const name = `${formatShareTick(MISSABLE)} missed`;
  const half = textWidth(name, 11) / 2;
  const nameX = Math.min(Math.max(limitX, half), width - half);
  return {
    height: top + bars.length * step + 4,
    body: markup`${rows}<text class="tick-label" x="${nameX}" y="11"
text-anchor="middle">${name}</text>`,
  };
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

function describe([all]: readonly Availability[]): string {
  const share = all?.callShare ?? null;
  if (share === null) return 'No call was due.';
  const is = share >= AVAILABILITY_TARGET ? 'is reached' : 'is not reached';
  const time = formatShare(all.serverShare);
  return `${formatShare(share)} of all calls were answered: 99 % ${is}. Server-time: ${time}.`;
}
