/**
 * A text somebody wrote: a scenario file, or one `--set` argument. Offsets count UTF-16 units, as
 * the YAML parser does; lines and columns count from 1.
 */

export interface Position {
  readonly line: number;
  readonly column: number;
  readonly lineText: string;
}

export class SourceText {
  /** What an error shows in front of the line number. */
  readonly path: string;
  readonly text: string;
  #lineStarts: readonly number[] | null = null;

  constructor(path: string, text: string) {
    this.path = path;
    this.text = text;
  }

  /** Where an offset is; one outside the text counts as its nearest end. */
  locate(offset: number): Position {
    const starts = this.#starts();
    const at = Math.max(0, Math.min(offset, this.text.length));
    const row = lastNotAbove(starts, at);
    const end = row + 1 < starts.length ? starts[row + 1] - 1 : this.text.length;
    const lineText = this.text.slice(starts[row], end).replace(/\r$/, '');
    return { line: row + 1, column: at - starts[row] + 1, lineText };
  }

  /** Found once, when the first error asks: most texts have none. */
  #starts(): readonly number[] {
    if (this.#lineStarts !== null) return this.#lineStarts;
    const starts = [0];
    for (let at = this.text.indexOf('\n'); at !== -1; at = this.text.indexOf('\n', at + 1)) {
      starts.push(at + 1);
    }
    this.#lineStarts = starts;
    return starts;
  }
}

/** Index of the last number that is not above `value`; the first one never is. */
function lastNotAbove(numbers: readonly number[], value: number): number {
  let low = 0;
  let high = numbers.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (numbers[middle] <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}
