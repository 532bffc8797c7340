/**
 * What a chart is: a picture drawn for a width, the same in words, and the same as a table. Charts
 * are strings made without a browser, so each is drawn twice, wide and narrow, and the style sheet
 * shows the one that fits; a picture that is only scaled down cannot be read on a phone.
 */
import { markup, NOTHING } from './markup.ts';
import type { Content, Markup } from './markup.ts';
import { tableMarkup } from './table.ts';
import type { Table } from './table.ts';

export interface Drawing {
  readonly height: number;
  readonly body: Markup;
}

export interface Chart {
  /** Unique on the page; kebab-case. */
  readonly id: string;
  readonly title: string;
  /** What is to be seen, for those who do not see it. */
  readonly description: string;
  /** How to read it; null: it needs no words. */
  readonly caption: Content;
  readonly draw: (width: number) => Drawing;
  readonly table: Table;
}

/** Drawn a little larger on a screen, and smaller on paper, where it must still be read. */
export const WIDE = 860;
export const NARROW = 360;

export function svgMarkup(chart: Chart, width: number): Markup {
  const { height, body } = chart.draw(width);
  const kind = width === WIDE ? 'wide' : 'narrow';
  const id = `${chart.id}-${kind}`;
  return markup`<svg class="chart ${kind}" xmlns="http://www.w3.org/2000/svg" role="img"
viewBox="0 0 ${width} ${height}" aria-labelledby="${id}-title" aria-describedby="${id}-text">
<title id="${id}-title">${chart.title}</title>
<desc id="${id}-text">${chart.description}</desc>
${body}
</svg>`;
}

export function figureMarkup(chart: Chart): Markup {
  const caption =
    chart.caption === null ? NOTHING : markup`<figcaption>${chart.caption}</figcaption>`;
  return markup`<figure id="${chart.id}">
<h3>${chart.title}</h3>
${svgMarkup(chart, WIDE)}
${svgMarkup(chart, NARROW)}
${caption}
<details><summary>The numbers: ${lowerFirst(chart.title)}</summary>
${tableMarkup(chart.table, chart.title)}
</details>
</figure>
`;
}

/** In the place of a picture when there is nothing to draw. */
export function emptyDrawing(width: number, text: string): Drawing {
  return {
    height: 72,
    body: markup`<rect class="nothing" x="0.5" y="0.5" width="${width - 1}" height="71" rx="4"/>
<text class="soft" x="${width / 2}" y="41" text-anchor="middle">${text}</text>`,
  };
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}
