/** Who calls whom, by member class: the share of all calls, darker for more. */
import type { MemberClassResult } from '../../sim/metrics/result.ts';
import type { Chart, Drawing } from '../chart.ts';
import { emptyDrawing } from '../chart.ts';
import { formatCount, formatDuration, formatShare, shareOf } from '../format.ts';
import { markup } from '../markup.ts';
import { columnsOf } from '../table.ts';
import { fitTextEnd, textWidth } from '../text-width.ts';

const SHOWN = 10;

interface Matrix {
  readonly classes: readonly string[];
  readonly share: (consumer: string, provider: string) => number;
}

export function classMatrix(pairs: readonly MemberClassResult[]): Chart {
  const called = pairs
    .filter(({ calls }) => calls.due > 0)
    .toSorted((a, b) => b.calls.due - a.calls.due);
  const matrix = matrixOf(called);
  const due = called.reduce((sum, { calls }) => sum + calls.due, 0);
  return {
    id: 'classes',
    title: 'Who calls whom, by member class',
    description: describe(called, due),
    caption: 'Rows are consumers, columns are providers; a cell is the share of all calls.',
    draw: (width) =>
      called.length === 0 ? emptyDrawing(width, 'No call was due.') : draw(matrix, width),
    table: {
      columns: columnsOf('consumer', 'provider', 'calls#', 'of all#', 'answered#', 'p50#', 'p99#'),
      rows: called.map(({ consumer, provider, calls, latencyNs }) => [
        consumer,
        provider,
        formatCount(calls.due),
        formatShare(shareOf(calls.due, due)),
        formatShare(shareOf(calls.answered, calls.due)),
        formatDuration(latencyNs.p50),
        formatDuration(latencyNs.p99),
      ]),
    },
  };
}

/** The classes with the most calls, by the alphabet, so that instances stay together. */
function matrixOf(pairs: readonly MemberClassResult[]): Matrix {
  const weights = new Map<string, number>();
  const shares = new Map<string, number>();
  const due = pairs.reduce((sum, { calls }) => sum + calls.due, 0);
  for (const { consumer, provider, calls } of pairs) {
    weights.set(consumer, (weights.get(consumer) ?? 0) + calls.due);
    weights.set(provider, (weights.get(provider) ?? 0) + calls.due);
    const key = JSON.stringify([consumer, provider]);
    shares.set(key, (shares.get(key) ?? 0) + (shareOf(calls.due, due) ?? 0));
  }
  const classes = [...weights]
    .sort((a, b) => b[1] - a[1])
    .slice(0, SHOWN)
    .map(([name]) => name)
    .sort();
  const share = (consumer: string, provider: string): number =>
    shares.get(JSON.stringify([consumer, provider])) ?? 0;
  return { classes, share };
}

function draw({ classes, share }: Matrix, width: number): Drawing {
  const isNarrow = width < 500;
  const font = isNarrow ? 9 : 11;
  const label = isNarrow ? 'tick-label small' : 'tick-label';
  const labelMax = isNarrow ? 58 : 150;
  const longest = classes.reduce((most, name) => Math.max(most, textWidth(name, font)), 0);
  const left = Math.min(labelMax, longest) + 10;
  const cell = Math.min(isNarrow ? 64 : 110, (width - left) / classes.length);
  const height = isNarrow ? 28 : 34;
  const top = 40;
  const largest = Math.max(
    ...classes.flatMap((row) => classes.map((column) => share(row, column))),
  );
  const heads = classes.map((name, column) => {
    const x = left + (column + 0.5) * cell;
    return markup`<text class="${label}" x="${x}" y="${top - 8}"
text-anchor="middle">${fitTextEnd(name, cell - 3, font)}</text>`;
  });
  const rows = classes.map((consumer, row) => {
    const y = top + row * height;
    const cells = classes.map((provider, column) => {
      const value = share(consumer, provider);
      const x = left + column * cell;
      // Square root: the small shares are many, and a straight scale would leave them white.
      const strength = largest > 0 ? Math.sqrt(value / largest) : 0;
      const title = `${consumer} to ${provider}: ${formatShare(value)}`;
      const text = value === 0 ? '·' : shortShare(value);
      return markup`<rect class="cell cell-${String(Math.round(strength * 10))}" x="${x + 1}"
y="${y + 1}" width="${cell - 2}" height="${height - 2}"><title>${title}</title></rect><text
class="cell-text" x="${x + cell / 2}" y="${y + height / 2 + 4}"
text-anchor="middle">${text}</text>`;
    });
    const name = fitTextEnd(consumer, left - 10, font);
    return markup`<text class="${label}" x="${left - 8}"
y="${y + height / 2 + 4}" text-anchor="end">${name}</text>${cells}\n`;
  });
  return {
    height: top + classes.length * height + 2,
    body: markup`<text class="${label}" x="${left}" y="12">provider</text>
<text class="${label}" x="0" y="${top - 8}">consumer</text>
<g>${heads}</g>
${rows}`,
  };
}

function shortShare(share: number): string {
  const percent = share * 100;
  if (percent >= 9.95) return `${Math.round(percent)} %`;
  return percent >= 0.095 ? `${percent.toFixed(1)} %` : '<0.1 %';
}

function describe(called: readonly MemberClassResult[], due: number): string {
  if (called.length === 0) return 'No call was due.';
  const parts = called
    .slice(0, 3)
    .map(
      ({ consumer, provider, calls }) =>
        `${consumer} to ${provider} ${formatShare(shareOf(calls.due, due))}`,
    );
  return `The pairs with the most calls: ${parts.join(', ')}.`;
}
