/**
 * The frame of every chart over time: legend, named incidents, one panel or several above one
 * axis, and the shading of the incidents through all of them.
 */
import { scaleLinear } from 'd3';
import type { Drawing } from './chart.ts';
import { bandPicture } from './incident-bands.ts';
import { timeTicks } from './instant.ts';
import { legendDrawing } from './legend.ts';
import type { LegendEntry } from './legend.ts';
import { markup } from './markup.ts';
import type { Markup } from './markup.ts';
import type { Scale } from './step-path.ts';
import { fitText, textWidth } from './text-width.ts';
import type { Timeline } from './timeline.ts';
import type { ValueAxis } from './value-axis.ts';

export interface Panel {
  /** What is measured, with its unit. */
  readonly title: string;
  readonly height: number;
  readonly axis: ValueAxis;
  readonly marks: (x: Scale, y: Scale) => Markup;
}

export interface TimePicture {
  readonly legend: readonly LegendEntry[];
  readonly panels: readonly Panel[];
}

const TITLE = 22;
export const AXIS = 24;
const TICK_FONT = 11;

export function drawTimeChart(timeline: Timeline, picture: TimePicture, width: number): Drawing {
  const left = gutterOf(picture.panels);
  const right = width - 12;
  const x = scaleLinear()
    .domain([timeline.fromSeconds, timeline.toSeconds])
    .range([left, right])
    .clamp(true);
  const legend = legendDrawing(picture.legend, width);
  const bands = bandPicture(timeline.bands, x, left, right);
  const namesTop = legend.height + (legend.height > 0 ? 8 : 0);
  const parts: Markup[] = [];
  let top = namesTop + bands.height;
  for (const panel of picture.panels) {
    const bottom = top + TITLE + panel.height;
    parts.push(drawPanel(panel, x, { left, right, top: top + TITLE, bottom }, bands.shade));
    top = bottom + 10;
  }
  const axisTop = top - 10;
  return {
    height: axisTop + AXIS,
    body: markup`${legend.body}
<g transform="translate(0,${namesTop})">${bands.names}</g>
${parts}${timeAxis(timeline, x, axisTop, width)}`,
  };
}

/** The ticks of time below everything else; takes `AXIS` of height. */
export function timeAxis(timeline: Timeline, x: Scale, top: number, width: number): Markup {
  const ticks = timeTicks(timeline, width < 500 ? 5 : 12).map(({ seconds, label }) => {
    const half = textWidth(label, TICK_FONT) / 2;
    const at = Math.min(Math.max(x(seconds), half), width - half);
    return markup`<path class="tick" d="M${x(seconds)},${top}v5"/><text class="tick-label"
x="${at}" y="${top + 18}" text-anchor="middle">${label}</text>\n`;
  });
  return markup`<g class="axis">${ticks}</g>`;
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

function drawPanel(
  panel: Panel,
  x: Scale,
  box: Box,
  shade: (top: number, bottom: number) => Markup,
): Markup {
  const { left, right, top, bottom } = box;
  const y = (value: number): number => bottom - panel.axis.position(value) * panel.height;
  const ticks = panel.axis.ticks.map(({ value, label }) => {
    const at = y(value);
    return markup`<path class="grid" d="M${left},${at}H${right}"/><text class="tick-label"
x="${left - 7}" y="${at + 4}" text-anchor="end">${label}</text>\n`;
  });
  return markup`<g><text class="panel-title" x="0" y="${top - 9}">${fitText(
    panel.title,
    right,
    TICK_FONT,
  )}</text>
${shade(top, bottom)}<g class="axis">${ticks}</g>
${panel.marks(x, y)}
<path class="base" d="M${left},${bottom}H${right}"/></g>
`;
}

/** As wide as the longest label of any panel, so that the panels share one axis of time. */
function gutterOf(panels: readonly Panel[]): number {
  const widths = panels.flatMap(({ axis }) =>
    axis.ticks.map(({ label }) => textWidth(label, TICK_FONT)),
  );
  return Math.max(28, ...widths) + 9;
}
