/**
 * Whether the message logs of two security servers tell the same story. Each of them logs the
 * request and the response of an exchange, with the bytes and the signature that went over the
 * wire, so what one holds and the other does not was lost, and what differs was changed.
 *
 * A message that was logged more than once is told apart: X-Road remembers no messages, so a replay
 * stands in the log of whoever was attacked as often as it came (facts 13.22).
 */
import { createHash } from 'node:crypto';
import type { StoredMessage } from './log/log-record.ts';

export type LoggedMessage = Pick<
  StoredMessage,
  | 'messageId'
  | 'isResponse'
  | 'message'
  | 'attachments'
  | 'signature'
  | 'hashChainResult'
  | 'hashChain'
>;

export type LogSide = 'consumer' | 'provider';

interface MessageName {
  readonly messageId: string;
  readonly isResponse: boolean;
}

export interface MissingMessage extends MessageName {
  readonly missingAt: LogSide;
}

export interface DifferingMessage extends MessageName {
  readonly what: readonly MessagePart[];
}

export interface RepeatedMessage extends MessageName {
  readonly at: LogSide;
  readonly times: number;
}

export type MessagePart = 'message' | 'attachments' | 'signature' | 'hash chain';

export interface Reconciliation {
  /** Messages that both logs hold, equal. */
  readonly matchedCount: number;
  readonly missing: readonly MissingMessage[];
  readonly differing: readonly DifferingMessage[];
  /** The same bytes under the same signature, more than once in one log. */
  readonly repeated: readonly RepeatedMessage[];
}

/** The order of neither log counts. */
export function reconcileLogs(
  consumer: Iterable<LoggedMessage>,
  provider: Iterable<LoggedMessage>,
): Reconciliation {
  const found = {
    matchedCount: 0,
    missing: [] as MissingMessage[],
    differing: [] as DifferingMessage[],
    repeated: [] as RepeatedMessage[],
  };
  const [ours, theirs] = [byName(consumer), byName(provider)];
  for (const name of new Set([...ours.keys(), ...theirs.keys()])) {
    const sides = {
      consumer: ours.get(name) ?? NOTHING,
      provider: theirs.get(name) ?? NOTHING,
    } as const;
    for (const at of SIDES) {
      for (const { first, times } of sides[at].values()) {
        if (times > 1) found.repeated.push({ ...nameOf(first), at, times });
      }
    }
    found.matchedCount += [...sides.consumer.keys()].filter((key) =>
      sides.provider.has(key),
    ).length;
    const consumerOnly = onlyIn(sides.consumer, sides.provider);
    const providerOnly = onlyIn(sides.provider, sides.consumer);
    const pairCount = Math.min(consumerOnly.length, providerOnly.length);
    for (let at = 0; at < pairCount; at++) {
      const what = differencesOf(consumerOnly[at], providerOnly[at]);
      found.differing.push({ ...nameOf(consumerOnly[at]), what });
    }
    for (const one of consumerOnly.slice(pairCount)) {
      found.missing.push({ ...nameOf(one), missingAt: 'provider' });
    }
    for (const one of providerOnly.slice(pairCount)) {
      found.missing.push({ ...nameOf(one), missingAt: 'consumer' });
    }
  }
  return found;
}

interface Kept {
  readonly first: LoggedMessage;
  times: number;
}

/** Of one name, by what its parts are. */
type Variants = Map<string, Kept>;

const SIDES: readonly LogSide[] = ['consumer', 'provider'];
const NOTHING: Variants = new Map();

function byName(log: Iterable<LoggedMessage>): Map<string, Variants> {
  const found = new Map<string, Variants>();
  for (const message of log) {
    const name = `${message.isResponse ? 'response' : 'request'} ${message.messageId}`;
    const variants = found.get(name) ?? (new Map() as Variants);
    found.set(name, variants);
    const print = fingerprintOf(message);
    const kept = variants.get(print);
    if (kept === undefined) variants.set(print, { first: message, times: 1 });
    else kept.times++;
  }
  return found;
}

const nameOf = ({ messageId, isResponse }: LoggedMessage): MessageName => ({
  messageId,
  isResponse,
});

function onlyIn(variants: Variants, others: Variants): LoggedMessage[] {
  return [...variants].flatMap(([print, { first }]) => (others.has(print) ? [] : [first]));
}

/** Each part as one text. */
const PARTS: readonly (readonly [MessagePart, (message: LoggedMessage) => string])[] = [
  ['message', ({ message }) => message],
  ['attachments', ({ attachments }) => JSON.stringify(attachments.map(digestOf))],
  ['signature', ({ signature }) => asItCame(signature)],
  ['hash chain', ({ hashChainResult, hashChain }) => JSON.stringify([hashChainResult, hashChain])],
];

const digestOf = (bytes: Buffer | string): string =>
  createHash('sha256').update(bytes).digest('base64');

const fingerprintOf = (message: LoggedMessage): string =>
  PARTS.map(([, textOf]) => digestOf(textOf(message))).join(' ');

function differencesOf(one: LoggedMessage, other: LoggedMessage): MessagePart[] {
  return PARTS.filter(([, textOf]) => textOf(one) !== textOf(other)).map(([part]) => part);
}

const OWN_STAMP = /<(?:[\w.-]+:)?SignatureTimeStamp>[^]*?<\/(?:[\w.-]+:)?SignatureTimeStamp>/;

/**
 * A server that stamps a message alone puts its time-stamp into its own copy of the signature, in a
 * place that nothing signs (facts 5.3; log/time-stamper.ts).
 */
const asItCame = (signature: string): string => signature.replace(OWN_STAMP, '');
