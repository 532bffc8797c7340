/** What the commands write to. Results go to standard output, everything else to standard error. */

export interface TextStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export type Colour = 'green' | 'red' | 'yellow' | 'cyan' | 'dim' | 'bold';

/** Select Graphic Rendition, ECMA-48 8.3.117. */
const CODES: Readonly<Record<Colour, number>> = {
  bold: 1,
  dim: 2,
  red: 31,
  green: 32,
  yellow: 33,
  cyan: 36,
};

export type Paint = (colour: Colour, text: string) => string;

export class Terminal {
  readonly #out: TextStream;
  readonly #error: TextStream;
  readonly #hasColours: boolean;

  constructor(out: TextStream, error: TextStream, environment: NodeJS.ProcessEnv) {
    this.#out = out;
    this.#error = error;
    // The convention of no-color.org, and a terminal that cannot.
    this.#hasColours = (environment['NO_COLOR'] ?? '') === '' && environment['TERM'] !== 'dumb';
  }

  /** A line of the result. */
  print(line: string): void {
    this.#out.write(`${line}\n`);
  }

  /** A line for the person who waits. */
  tell(line: string): void {
    this.#error.write(`${line}\n`);
  }

  /** Writes over the current line of a terminal. */
  rewrite(line: string): void {
    this.#error.write(`\r\u001b[K${line}`);
  }

  get isInteractive(): boolean {
    return this.#error.isTTY === true;
  }

  /** Columns of the terminal. */
  get width(): number {
    return this.#error.columns ?? 80;
  }

  /** For standard output. */
  get paint(): Paint {
    const isOn = this.#hasColours && this.#out.isTTY === true;
    return (colour, text) => (isOn ? `\u001b[${CODES[colour]}m${text}\u001b[0m` : text);
  }
}
