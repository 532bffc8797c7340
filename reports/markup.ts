/**
 * HTML and SVG as strings that cannot be mixed up with text: whatever is put into a `markup`
 * template is escaped unless it is Markup already. Names in a result come from scenario files, and
 * a report is opened in a browser; so escaping is what happens when nobody thinks of it.
 */
import { assert } from '../sim/base/assert.ts';

export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Numbers are coordinates: one decimal. A number for people is formatted before it comes here. */
export type Content = Markup | string | number | null | readonly Content[];

export const NOTHING = new Markup('');

export function markup(strings: TemplateStringsArray, ...contents: readonly Content[]): Markup {
  let text = strings[0];
  for (const [index, content] of contents.entries()) {
    text += textOf(content) + strings[index + 1];
  }
  return new Markup(text);
}

function textOf(content: Content): string {
  if (content === null) return '';
  if (content instanceof Markup) return content.text;
  if (typeof content === 'string') return escapeText(content);
  if (typeof content === 'number') return coordinate(content);
  return content.map(textOf).join('');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * Control characters are not allowed in HTML, and those that turn the direction of writing could
 * make a name look like another one: both are shown as the replacement character.
 */
// oxlint-disable-next-line no-control-regex
const UNPRINTABLE = /(?![\t\n\r])[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

function escapeText(text: string): string {
  return text
    .toWellFormed()
    .replace(UNPRINTABLE, '\ufffd')
    .replace(/[&<>"']/g, (character) => ENTITIES[character]);
}

function coordinate(value: number): string {
  assert(Number.isFinite(value), `${value} is not a coordinate`);
  // The sum with zero turns -0 into 0.
  return String(Math.round(value * 10) / 10 + 0);
}
