/**
 * The journal: a row for each transition of the exchanges that are kept, a column for each field,
 * appended in time order within each leg. When full it stops and counts what it missed: a run must
 * not die of its own log.
 */
import type { Plan } from '../plan/plan.ts';
import type { JournalOutcome } from './outcome.ts';

/** Which exchanges the journal keeps. */
export type KeepPolicy = 'none' | 'all' | { readonly sample: number };

export interface JournalEntry {
  readonly timeUs: number;
  readonly exchange: number;
  readonly leg: number;
  readonly input: number;
  readonly facts: number;
  readonly transition: number;
  /** Of the effect that has just ended; NaN: it had none. */
  readonly waitUs: number;
  readonly serviceUs: number;
}

/** The head of a kept exchange; the instants are filled in when it ends. */
export type KeptExchange = {
  -readonly [Column in keyof JournalOutcome['kept']]: number;
};

/** What is known of an exchange when it begins. */
export type KeptHead = Omit<KeptExchange, 'clientVersion' | 'providerVersion'>;

export class Journal {
  missedCount = 0;
  readonly #rowsMax: number;
  readonly #rows: JournalEntry[] = [];
  readonly #kept: KeptExchange[] = [];

  constructor(rowsMax: number) {
    this.#rowsMax = rowsMax;
  }

  /** Keeps an exchange; its row number, or -1 when the journal is full. */
  keep(head: KeptHead): number {
    if (this.#rows.length >= this.#rowsMax) {
      this.missedCount++;
      return -1;
    }
    return this.#kept.push({ ...head, clientVersion: -1, providerVersion: -1 }) - 1;
  }

  /** The head of a kept exchange, to be completed. */
  headOf(exchange: number): KeptExchange {
    return this.#kept[exchange];
  }

  append(entry: JournalEntry): void {
    if (this.#rows.length >= this.#rowsMax) this.missedCount++;
    else this.#rows.push(entry);
  }

  outcome(): JournalOutcome {
    const rows = this.#rows;
    return {
      kept: {
        source: Int32Array.from(this.#kept, (head) => head.source),
        ordinal: Float64Array.from(this.#kept, (head) => head.ordinal),
        retry: Int32Array.from(this.#kept, (head) => head.retry),
        flow: Int32Array.from(this.#kept, (head) => head.flow),
        clientServer: Int32Array.from(this.#kept, (head) => head.clientServer),
        providerServer: Int32Array.from(this.#kept, (head) => head.providerServer),
        clientVersion: Int32Array.from(this.#kept, (head) => head.clientVersion),
        providerVersion: Int32Array.from(this.#kept, (head) => head.providerVersion),
        intendedUs: Float64Array.from(this.#kept, (head) => head.intendedUs),
        requestInUs: Float64Array.from(this.#kept, (head) => head.requestInUs),
        requestOutUs: Float64Array.from(this.#kept, (head) => head.requestOutUs),
        responseInUs: Float64Array.from(this.#kept, (head) => head.responseInUs),
        responseOutUs: Float64Array.from(this.#kept, (head) => head.responseOutUs),
        providerRequestInUs: Float64Array.from(this.#kept, (head) => head.providerRequestInUs),
        providerRequestOutUs: Float64Array.from(this.#kept, (head) => head.providerRequestOutUs),
        providerResponseInUs: Float64Array.from(this.#kept, (head) => head.providerResponseInUs),
        providerResponseOutUs: Float64Array.from(this.#kept, (head) => head.providerResponseOutUs),
        requestBytes: Float64Array.from(this.#kept, (head) => head.requestBytes),
        responseBytes: Float64Array.from(this.#kept, (head) => head.responseBytes),
        fault: Int32Array.from(this.#kept, (head) => head.fault),
        isAttack: Uint8Array.from(this.#kept, (head) => head.isAttack),
      },
      timeUs: Float64Array.from(rows, (row) => row.timeUs),
      exchange: Int32Array.from(rows, (row) => row.exchange),
      leg: Uint8Array.from(rows, (row) => row.leg),
      input: Int32Array.from(rows, (row) => row.input),
      facts: Int32Array.from(rows, (row) => row.facts),
      transition: Int32Array.from(rows, (row) => row.transition),
      waitUs: Float64Array.from(rows, (row) => row.waitUs),
      serviceUs: Float64Array.from(rows, (row) => row.serviceUs),
      missedCount: this.missedCount,
    };
  }
}

/** Of the consumer's server of a kept exchange, when it ended. */
export function clientVersionOf(plan: Plan, { kept }: JournalOutcome, row: number): number {
  const noted = kept.clientVersion[row];
  return noted === -1 ? plan.servers.version[kept.clientServer[row]] : noted;
}

/** Of the provider's server; null: none was chosen. */
export function providerVersionOf(
  plan: Plan,
  { kept }: JournalOutcome,
  row: number,
): number | null {
  const noted = kept.providerVersion[row];
  const server = kept.providerServer[row];
  if (noted !== -1 || server < 0) return noted === -1 ? null : noted;
  return plan.servers.version[server];
}
