/** Rows of stacked bars, each as long as all of its row: what became of a number of things. */
import type { Drawing } from './chart.ts';
import { formatAmount, formatShare } from './format.ts';
import { legendDrawing } from './legend.ts';
import type { Hue } from './legend.ts';
import { markup } from './markup.ts';
import type { Markup } from './markup.ts';
import { fitText } from './text-width.ts';

export interface BarPart {
  readonly label: string;
  readonly hue: Hue;
  readonly count: number;
}

export interface ShareBar {
  readonly label: string;
  /** The first part is the good one: its share is printed. */
  readonly parts: readonly BarPart[];
}

const NARROW_BELOW = 500;
const GUTTER = 190;
const FIGURES = 76;
const BAR = 14;
/** What is there at all is seen. */
const WIDTH_MIN = 1.5;

export function drawShareBars(bars: readonly ShareBar[], width: number): Drawing {
  const isNarrow = width < NARROW_BELOW;
  const [left, right] = [isNarrow ? 0 : GUTTER, width - FIGURES];
  const step = isNarrow ? 40 : 28;
  const drawn = bars.flatMap(({ parts }) => parts.filter(({ count }) => count > 0));
  const entries = new Map(drawn.map((part) => [part.label, part]));
  const legend = legendDrawing(
    [...entries.values()].map(({ label, hue }) => ({ label, hue, form: 'area' })),
    width,
  );
  const top = legend.height + 8;
  const rows = bars.map((bar, index) => {
    const y = top + index * step;
    const barTop = isNarrow ? y + 18 : y + 4;
    const total = totalOf(bar);
    const label = `${bar.label} (${formatAmount(total)})`;
    const share = total === 0 ? null : (bar.parts[0]?.count ?? 0) / total;
    const name = fitText(label, isNarrow ? width : left - 10, 12);
    const marks = partMarks(bar, total, left, right, barTop);
    return markup`<g><title>${label}</title><text x="0"
y="${isNarrow ? y + 12 : barTop + 11}">${name}</text><rect class="track" x="${left}"
y="${barTop}" width="${right - left}" height="${BAR}"/>${marks}<text
x="${width}" y="${barTop + 11}" text-anchor="end">${formatShare(share)}</text></g>\n`;
  });
  return { height: top + bars.length * step, body: markup`${legend.body}\n${rows}` };
}

function totalOf({ parts }: ShareBar): number {
  return parts.reduce((sum, { count }) => sum + count, 0);
}

function partMarks(
  { parts }: ShareBar,
  total: number,
  left: number,
  right: number,
  top: number,
): Markup {
  let before = 0;
  const marks = parts.map(({ label, hue, count }) => {
    if (count === 0) return null;
    const from = left + (before / total) * (right - left);
    const length = Math.max(WIDTH_MIN, (count / total) * (right - left));
    before += count;
    const x = Math.min(from, right - length);
    return markup`<rect class="fill-${hue}" x="${x}" y="${top}" width="${length}"
height="${BAR}"><title>${label}: ${formatAmount(count)}</title></rect>`;
  });
  return markup`${marks}`;
}
