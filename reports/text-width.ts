/**
 * How wide a text will be, without a browser to ask. Widths are of a common sans-serif, in parts
 * of the font size, and rather too large: a label that is cut early is better than two that meet.
 */

const NARROW = /[ijltfr.,:;'|!()[\]\s-]/;
const WIDE = /[mwMW@%–—…]/;
const CAPITAL = /[A-Z]/;
/** CJK and everything else that is drawn in a square. */
const FULL = /[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uff60]/;

export function textWidth(text: string, fontSize: number): number {
  let width = 0;
  for (const character of text) {
    if (character.length > 1 || FULL.test(character)) width += 1.1;
    else if (NARROW.test(character)) width += 0.38;
    else if (WIDE.test(character)) width += 0.98;
    else if (CAPITAL.test(character)) width += 0.72;
    else width += 0.61;
  }
  return width * fontSize;
}

/** The text, or as much of its beginning as fits, with an ellipsis. */
export function fitText(text: string, width: number, fontSize: number): string {
  if (textWidth(text, fontSize) <= width) return text;
  return cut(
    charactersOf(text.slice(0, 500)),
    width,
    fontSize,
    (kept) => `${kept.join('').trimEnd()}…`,
  );
}

/** In at most two lines, broken at a space; what still does not fit is cut. */
export function wrapText(text: string, width: number, fontSize: number): string[] {
  if (textWidth(text, fontSize) <= width) return [text];
  const words = text.split(' ');
  let count = words.length - 1;
  while (count > 0 && textWidth(words.slice(0, count).join(' '), fontSize) > width) count--;
  if (count === 0) return [fitText(text, width, fontSize)];
  return [words.slice(0, count).join(' '), fitText(words.slice(count).join(' '), width, fontSize)];
}

/** The same as fitText for identifiers, which differ at their ends. */
export function fitTextEnd(text: string, width: number, fontSize: number): string {
  if (textWidth(text, fontSize) <= width) return text;
  const backwards = charactersOf(text.slice(-500)).toReversed();
  return cut(backwards, width, fontSize, (kept) => `…${kept.toReversed().join('').trimStart()}`);
}

const CHARACTERS = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** As people count them: an emoji or a letter with its accents is one. */
function charactersOf(text: string): string[] {
  return Array.from(CHARACTERS.segment(text), ({ segment }) => segment);
}

function cut(
  characters: readonly string[],
  width: number,
  fontSize: number,
  join: (kept: readonly string[]) => string,
): string {
  let [count, tooMany] = [0, characters.length + 1];
  while (tooMany - count > 1) {
    const middle = (count + tooMany) >> 1;
    if (textWidth(join(characters.slice(0, middle)), fontSize) <= width) count = middle;
    else tooMany = middle;
  }
  return count === 0 ? '' : join(characters.slice(0, count));
}
