/** The information systems nearest to their limits. */
import type { SystemResult } from '../../sim/metrics/result.ts';
import type { Chart, Drawing } from '../chart.ts';
import { emptyDrawing } from '../chart.ts';
import { formatAmount, formatCount, formatShare } from '../format.ts';
import { markup } from '../markup.ts';
import { columnsOf } from '../table.ts';
import { fitTextEnd } from '../text-width.ts';

const SHOWN = 12;
const LISTED = 50;

export function busiestSystems(systems: readonly SystemResult[]): Chart {
  const busiest = systems.toSorted((a, b) => b.utilisation - a.utilisation || b.served - a.served);
  const shown = busiest.slice(0, SHOWN);
  return {
    id: 'systems',
    title: 'The busiest information systems',
    description: describe(shown, systems.length),
    caption: `Share of its capacity that was at work over the measured time, for ${shown.length} of
${formatCount(systems.length)}; right, the longest queue before it.`,
    draw: (width) =>
      shown.length === 0
        ? emptyDrawing(width, 'The result names no information system.')
        : draw(shown, width),
    table: {
      columns: columnsOf('information system', 'utilisation#', 'longest queue#', 'served#'),
      rows: busiest
        .slice(0, LISTED)
        .map(({ id, utilisation, queueLengthMax, served }) => [
          id,
          formatShare(utilisation),
          formatCount(queueLengthMax),
          formatCount(served),
        ]),
    },
  };
}

function draw(systems: readonly SystemResult[], width: number): Drawing {
  const isNarrow = width < 500;
  const [left, right] = isNarrow ? [0, width - 122] : [252, width - 130];
  const row = isNarrow ? 37 : 24;
  const rows = systems.map(({ id, utilisation, queueLengthMax }, index) => {
    const y = 18 + index * row;
    const barY = isNarrow ? y + 18 : y + 4;
    const length = Math.min(1, utilisation) * (right - left);
    const hue = utilisation >= 0.8 ? 'vermilion' : utilisation >= 0.5 ? 'orange' : 'green';
    const name = fitTextEnd(id, isNarrow ? width : left - 12, 12);
    return markup`<g><title>${id}</title><text x="0" y="${y + 13}">${name}</text><rect
class="track" x="${left}" y="${barY}" width="${right - left}" height="12"/><rect
class="fill-${hue}" x="${left}" y="${barY}" width="${length}" height="12"/><text
class="tick-label" x="${right + 6}" y="${barY + 10}">${formatShare(utilisation)}</text><text
x="${width}" y="${barY + 10}" text-anchor="end">${formatAmount(queueLengthMax)}</text></g>\n`;
  });
  return {
    height: 18 + systems.length * row + 2,
    body: markup`<text class="soft" x="${left}" y="11">share at work</text><text class="soft"
x="${width}" y="11" text-anchor="end">max queue</text>
${rows}`,
  };
}

function describe(shown: readonly SystemResult[], count: number): string {
  if (shown.length === 0) return 'The result names no information system.';
  const { id, utilisation } = shown[0];
  const which = `${id} was the busiest: ${formatShare(utilisation)}`;
  return `Of ${formatCount(count)} information systems, ${which}.`;
}
