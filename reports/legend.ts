/** A legend over a chart: as many rows as its words need. */
import { markup } from './markup.ts';
import type { Drawing } from './chart.ts';
import { fitText, fitTextEnd, textWidth } from './text-width.ts';

export interface LegendEntry {
  readonly label: string;
  readonly hue: Hue;
  readonly form: 'line' | 'dashes' | 'area';
}

/**
 * Colours by name, in the style sheet for light and dark. They follow Okabe and Ito, Color
 * Universal Design (2008), and differ for all common kinds of colour vision.
 */
export type Hue =
  | 'blue'
  | 'green'
  | 'vermilion'
  | 'orange'
  | 'purple'
  | 'sky'
  | 'yellow'
  | 'grey'
  | 'ink';

const FONT = 12;
const ROW = 18;
const SWATCH = 18;
const GAP = 18;

export function legendDrawing(entries: readonly LegendEntry[], width: number): Drawing {
  let x = 0;
  let row = 0;
  const items = entries.map(({ label, hue, form }) => {
    // Without a space it is an identifier, such as a fault code; these differ at their ends.
    const fit = label.includes(' ') ? fitText : fitTextEnd;
    const text = fit(label, width - SWATCH - 6, FONT);
    const length = SWATCH + 6 + textWidth(text, FONT);
    if (x > 0 && x + length > width) {
      x = 0;
      row++;
    }
    const y = row * ROW;
    const swatch =
      form !== 'area'
        ? markup`<path class="line-${hue} ${form}" d="M${x},${y + 8}h${SWATCH}"/>`
        : markup`<rect class="fill-${hue}" x="${x}" y="${y + 3}" width="${SWATCH}" height="10"/>`;
    const item = markup`${swatch}<text x="${x + SWATCH + 6}" y="${y + 12}">${text}</text>\n`;
    x += length + GAP;
    return item;
  });
  const height = entries.length === 0 ? 0 : (row + 1) * ROW;
  return { height, body: markup`<g class="legend">${items}</g>` };
}
