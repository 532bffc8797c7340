/**
 * What the generator tells of its calls: a row of plain numbers for each attempt, so that a batch
 * of them crosses from its thread to the servers' without being copied. Instants are microseconds
 * of the run, on a clock that both threads share.
 */
export interface CallRow {
  readonly source: number;
  readonly ordinal: number;
  /** Of its call, from 0. */
  readonly attempt: number;
  readonly flow: number;
  /** Of its call. */
  readonly intendedUs: number;
  /** When the request was to be sent: the intended start, or the end of a pause. */
  readonly dueUs: number;
  /** When it was handed to the network, never before; Infinity: this machine could not. */
  readonly sentUs: number;
  /** Infinity: no answer had come when the run ended. */
  readonly endUs: number;
  /** When its caller stopped listening to it; Infinity: never. */
  readonly abandonedUs: number;
  /** A CallStage of workload/call.ts: how its call ended with it; 0: it did not. */
  readonly settledAs: number;
  readonly requestBytes: number;
  /** Of the body. */
  readonly responseBytes: number;
  /** As in metrics/outcome.ts: 0 answered, else the fault, + 256 in the spelling before 7.8. */
  readonly faultKey: number;
}

const KEYS = [
  'source',
  'ordinal',
  'attempt',
  'flow',
  'intendedUs',
  'dueUs',
  'sentUs',
  'endUs',
  'abandonedUs',
  'settledAs',
  'requestBytes',
  'responseBytes',
  'faultKey',
] as const satisfies readonly (keyof CallRow)[];
const COLUMNS = KEYS.length;
const ROWS_FIRST = 256;

export class CallLog {
  #cells = new Float64Array(ROWS_FIRST * COLUMNS);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(row: CallRow): void {
    this.#grow(this.#count + 1);
    const from = this.#count * COLUMNS;
    KEYS.forEach((key, column) => (this.#cells[from + column] = row[key]));
    this.#count++;
  }

  /** All rows as one batch, in a buffer of its own; the log is empty then. */
  takeBatch(): Float64Array<ArrayBuffer> {
    const batch = this.#cells.slice(0, this.#count * COLUMNS);
    this.#count = 0;
    return batch;
  }

  addBatch(batch: Float64Array): void {
    const count = batch.length / COLUMNS;
    this.#grow(this.#count + count);
    this.#cells.set(batch, this.#count * COLUMNS);
    this.#count += count;
  }

  /** In the order in which calls were due; at one instant, by source. */
  rows(): CallRow[] {
    const rows = Array.from({ length: this.#count }, (_, row) => this.#rowAt(row));
    return rows.sort(
      (a, b) => a.intendedUs - b.intendedUs || a.source - b.source || a.attempt - b.attempt,
    );
  }

  #rowAt(row: number): CallRow {
    const from = row * COLUMNS;
    const cells = KEYS.map((key, column) => [key, this.#cells[from + column]] as const);
    return Object.fromEntries(cells) as Record<(typeof KEYS)[number], number>;
  }

  #grow(rows: number): void {
    if (rows * COLUMNS <= this.#cells.length) return;
    const larger = new Float64Array(Math.max(rows * COLUMNS, 2 * this.#cells.length));
    larger.set(this.#cells.subarray(0, this.#count * COLUMNS));
    this.#cells = larger;
  }
}
