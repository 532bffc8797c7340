/**
 * The frame of charts whose rows are things and whose axis is time: a name and a remark for each
 * row, at its left where there is room and over it where there is none.
 */
import { scaleLinear } from 'd3';
import type { Drawing } from './chart.ts';
import { bandPicture } from './incident-bands.ts';
import { legendDrawing } from './legend.ts';
import type { LegendEntry } from './legend.ts';
import { markup, NOTHING } from './markup.ts';
import type { Markup } from './markup.ts';
import type { Scale } from './step-path.ts';
import { fitText, fitTextEnd, textWidth, wrapText } from './text-width.ts';
import { AXIS, timeAxis } from './time-chart.ts';
import type { Timeline } from './timeline.ts';

export interface ChartRow {
  readonly label: string;
  /** Identifiers differ at their ends, words at their beginnings. */
  readonly labelIs: 'identifier' | 'words';
  readonly remark: string;
  readonly marks: (x: Scale, top: number, height: number) => Markup;
}

export interface RowPicture {
  readonly legend: readonly LegendEntry[];
  readonly rows: readonly ChartRow[];
  /** Of the marks of a row. */
  readonly rowHeight: number;
  /** Lines through each row with a word at the right, from its foot (0) to its top (1). */
  readonly scale: readonly { readonly position: number; readonly label: string }[];
}

const NARROW_BELOW = 500;
const GUTTER = 256;
const FONT = 12;
const REMARK_FONT = 11;
const SCALE_FONT = 9;
/** Of a name in one line and the remark below it. */
const LABEL_HEIGHT = 36;
const LINE = 15;
/** Over a row that has its name above it, so that marks do not touch the remark. */
const NARROW_GAP = 5;

export function drawRowChart(timeline: Timeline, picture: RowPicture, width: number): Drawing {
  const isNarrow = width < NARROW_BELOW;
  const [left, right] = [isNarrow ? 1 : GUTTER, width - rightMargin(picture)];
  const x = scaleLinear()
    .domain([timeline.fromSeconds, timeline.toSeconds])
    .range([left, right])
    .clamp(true);
  const legend = legendDrawing(picture.legend, width);
  const bands = bandPicture(timeline.bands, x, left, right);
  const namesTop = legend.height + (legend.height > 0 ? 8 : 0);
  const rowsTop = namesTop + bands.height + 4;
  const room = isNarrow ? width - 12 : GUTTER - 14;
  const lineCount = picture.rows.reduce(
    (most, row) => Math.max(most, linesOf(row, room).length),
    1,
  );
  const labelHeight = LABEL_HEIGHT + (lineCount - 1) * LINE;
  const step = isNarrow
    ? labelHeight + NARROW_GAP + picture.rowHeight + 8
    : Math.max(picture.rowHeight, labelHeight - 4) + 8;
  const rows = picture.rows.map((row, index) => {
    const top = rowsTop + index * step;
    const marksTop = isNarrow
      ? top + labelHeight + NARROW_GAP
      : top + (step - 8 - picture.rowHeight) / 2;
    const bottom = marksTop + picture.rowHeight;
    const rule = index === 0 || isNarrow ? NOTHING : ruleAt(top - 4, right);
    return markup`<g><title>${row.label}: ${row.remark}</title>${rule}
${labelMarkup(row, top, room)}
<path class="grid" d="M${left},${bottom}H${right}"/>${scaleMarkup(picture, left, right, bottom)}
${row.marks(x, marksTop, picture.rowHeight)}</g>\n`;
  });
  const axisTop = rowsTop + picture.rows.length * step - 2;
  return {
    height: axisTop + AXIS,
    body: markup`${legend.body}
<g transform="translate(0,${namesTop})">${bands.names}</g>
${bands.shade(rowsTop - 2, axisTop)}${rows}<path class="base" d="M${left},${axisTop}H${right}"/>
${timeAxis(timeline, x, axisTop, width)}`,
  };
}

function rightMargin({ scale }: RowPicture): number {
  const labels = scale.map(({ label }) => textWidth(label, SCALE_FONT));
  return Math.max(12, ...labels.map((length) => length + 6));
}

function scaleMarkup(
  { scale, rowHeight }: RowPicture,
  left: number,
  right: number,
  bottom: number,
): Markup {
  return markup`${scale.map(({ position, label }) => {
    const y = bottom - position * rowHeight;
    return markup`<path class="grid" d="M${left},${y}H${right}"/><text class="tick-label small"
x="${right + 5}" y="${y + 3}">${label}</text>`;
  })}`;
}

function ruleAt(y: number, right: number): Markup {
  return markup`<path class="grid" d="M0,${y}H${right}"/>`;
}

function linesOf({ label, labelIs }: ChartRow, room: number): string[] {
  return labelIs === 'words' ? wrapText(label, room, FONT) : [fitTextEnd(label, room, FONT)];
}

function labelMarkup(row: ChartRow, top: number, room: number): Markup {
  const lines = linesOf(row, room);
  const names = lines.map(
    (line, index) => markup`<text x="0" y="${top + 13 + index * LINE}">${line}</text>`,
  );
  const remark = fitText(row.remark, room, REMARK_FONT);
  return markup`${names}<text class="tick-label" x="0"
y="${top + 13 + lines.length * LINE}">${remark}</text>`;
}
