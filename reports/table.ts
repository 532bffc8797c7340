import { markup, NOTHING } from './markup.ts';
import type { Content, Markup } from './markup.ts';

export interface Table {
  /** Numbers stand right, words left. */
  readonly columns: readonly { readonly title: string; readonly holds: 'number' | 'words' }[];
  readonly rows: readonly (readonly Content[])[];
}

/** What fits into a page and a browser; a result can hold thousands of servers. */
const ROWS_MAX = 200;

/** On a phone a row of so many columns is laid out below its heading; longer tables scroll. */
const STACKED_COLUMNS_MIN = 3;
const STACKED_ROWS_MAX = 60;

/** `number`s and `words` from a list such as `['time', 'offered#']`: a hash marks a number. */
export function columnsOf(...titles: readonly string[]): Table['columns'] {
  return titles.map((title) =>
    title.endsWith('#')
      ? { title: title.slice(0, -1), holds: 'number' }
      : { title, holds: 'words' },
  );
}

/**
 * The first cell of a row is its heading. A wide table scrolls by itself, by keyboard too, and a
 * shade at its edge says so; on a phone a short one is stacked, each figure with its title.
 */
export function tableMarkup(table: Table, label: string): Markup {
  const { columns } = table;
  if (table.rows.length === 0) return markup`<p class="none">Nothing to list.</p>`;
  const heads = columns.map(
    ({ title, holds }) => markup`<th scope="col" class="${holds}">${title}</th>`,
  );
  const isStacked = columns.length >= STACKED_COLUMNS_MIN && table.rows.length <= STACKED_ROWS_MAX;
  const titleOf = (index: number): Markup =>
    isStacked ? markup` data-title="${columns[index + 1].title}"` : NOTHING;
  const rows = table.rows.slice(0, ROWS_MAX).map((row) => {
    const [first, ...rest] = row;
    const cells = rest.map(
      (cell, index) =>
        markup`<td class="${columns[index + 1].holds}"${titleOf(index)}>${cell}</td>`,
    );
    return markup`<tr><th scope="row" class="${columns[0].holds}">${first}</th>${cells}</tr>\n`;
  });
  const left = table.rows.length - rows.length;
  const note =
    left > 0
      ? markup`<p class="none">${String(left)} more rows are in the result folder.</p>`
      : NOTHING;
  const classes = isStacked ? 'scroll stacked' : 'scroll';
  return markup`<div class="${classes}" role="region" tabindex="0" aria-label="${label}, table">
<table><thead><tr>${heads}</tr></thead>
<tbody>
${rows}</tbody></table>
</div>${note}`;
}
