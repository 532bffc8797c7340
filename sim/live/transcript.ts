/**
 * What a leg did, transition by transition, in the words of protocol/exchange.ts. Both engines can
 * write one, and the conformance suite compares them.
 */
import { Effect } from '../protocol/effect.ts';
import {
  ClientStage,
  effectOf,
  Fact,
  faultOfTransition,
  Input,
  ServerStage,
  stageOf,
} from '../protocol/exchange.ts';
import { Cause, findFault } from '../protocol/fault.ts';

/** 0: the consumer's leg, 1: the provider's. */
export type LegSide = 0 | 1;

export interface TranscriptRow {
  readonly leg: LegSide;
  /** Before. */
  readonly stage: number;
  readonly input: number;
  /** What the rule may ask here, and what was found; no bit outside `needs`. */
  readonly needs: number;
  readonly facts: number;
  readonly transition: number;
}

export class Transcript {
  readonly rows: TranscriptRow[] = [];

  append(row: TranscriptRow): void {
    this.rows.push(row);
  }
}

/**
 * Transcripts of the exchanges under way. A provider's server sees the request id of the transport
 * before it sees the message, so that is the key; the caller knows the message by its X-Road-Id.
 */
export class Transcripts {
  readonly #byRequest = new Map<string, Transcript>();
  readonly #requestOf = new Map<string, string>();

  of(requestId: string): Transcript {
    const known = this.#byRequest.get(requestId);
    if (known !== undefined) return known;
    const made = new Transcript();
    this.#byRequest.set(requestId, made);
    return made;
  }

  name(messageId: string, requestId: string): void {
    this.#requestOf.set(messageId, requestId);
  }

  /** Forgets all of them; those under way begin anew. */
  clear(): void {
    this.#byRequest.clear();
    this.#requestOf.clear();
  }

  /** The transcript of a message, which is then forgotten here. */
  take(messageId: string): Transcript {
    const requestId = this.#requestOf.get(messageId) ?? '';
    const found = this.of(requestId);
    this.#byRequest.delete(requestId);
    this.#requestOf.delete(messageId);
    return found;
  }
}

/**
 * A line for each transition, the consumer's leg first: what happens at the two servers at the
 * same time has no order between them.
 */
export function formatTranscript(rows: readonly TranscriptRow[]): string {
  return formatRows(rows, true);
}

/** The same without the facts: what was done, not why. */
export function formatMoves(rows: readonly TranscriptRow[]): string {
  return formatRows(rows, false);
}

function formatRows(rows: readonly TranscriptRow[], withFacts: boolean): string {
  return rows
    .toSorted((a, b) => a.leg - b.leg)
    .map((row) => formatRow(row, withFacts))
    .join('\n');
}

function formatRow(row: TranscriptRow, withFacts: boolean): string {
  const { leg, stage, input, needs, facts, transition } = row;
  const stages = leg === 0 ? ClientStage : ServerStage;
  const missing = withFacts ? nameBits(needs & ~facts) : '';
  const fault = faultOfTransition(transition);
  return [
    leg === 0 ? 'client' : 'server',
    nameOf(stages, stage),
    `+ ${formatInput(input)}`,
    missing === '' ? '' : `without ${missing}`,
    `-> ${nameOf(stages, stageOf(transition))},`,
    nameOf(Effect, effectOf(transition)),
    fault === 0 ? '' : `(${findFault(fault)?.code ?? fault})`,
  ]
    .filter((word) => word !== '')
    .join(' ');
}

function formatInput(input: number): string {
  const kind = input & 0xff;
  const cause = input >> 8;
  if (cause === 0) return nameOf(Input, kind);
  // The cause of a fault part is a whole fault.
  const words = kind === Input.FaultPart ? findFault(cause)?.code : nameOf(Cause, cause);
  return `${nameOf(Input, kind)}(${words ?? cause})`;
}

function nameBits(bits: number): string {
  return Object.entries(Fact)
    .filter(([, bit]) => (bits & bit) !== 0)
    .map(([name]) => name)
    .join(', ');
}

function nameOf(table: Readonly<Record<string, number>>, value: number): string {
  return Object.entries(table).find(([, number]) => number === value)?.[0] ?? String(value);
}
