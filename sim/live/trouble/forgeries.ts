/**
 * What can be made of genuine messages without the key of their signer, and what is no message
 * though it looks like one. Each says by its name what is wrong with it; whether it is refused, and
 * with which fault, is for the rules to say.
 */
import { tamper } from '../sabotage.ts';
import { PartType } from '../transport.ts';
import {
  isMessagePart,
  partsOf,
  RecordingError,
  typeOfPart,
  withParts,
  withType,
  withWrongBoundary,
} from './recorded-message.ts';
import type { RecordedMessage, RecordedPart } from './recorded-message.ts';

/** Makes a message of a genuine one; `other` is a second genuine one, of the same sender. */
export type Forgery = (message: RecordedMessage, other: RecordedMessage) => RecordedMessage;

const SIGNED_BY: readonly string[] = [
  PartType.HashChainResult,
  PartType.HashChain,
  PartType.Signature,
];

const LONG_HEAD_BYTES = 1 << 20;
const MANY_PARTS = 10_000;

export const FORGERIES = {
  /** Byte for byte: X-Road accepts it, and logs it twice. */
  replayed: (message) => message,
  /** One bit of the message itself. */
  tampered: (message) => changed(message, isMessagePart, (part) => tamper(part.content)),
  /** One bit of the body that came with it; of a message without one, of the message. */
  'tampered-body': (message) => {
    const isBody = (part: RecordedPart): boolean => !isMessagePart(part) && !isOf(part, UNSIGNED);
    const hasBody = partsOf(message).some(isBody);
    return changed(message, hasBody ? isBody : isMessagePart, ({ content }) => tamper(content));
  },
  /** Somebody else is named as the client: one letter of its identifier. */
  'other-client': (message) => changed(message, isMessagePart, otherClient),
  /** A signature value with one letter changed. */
  'forged-value': (message) => changed(message, isSignature, otherValue),
  /** A genuine signature, of another message. */
  'foreign-signature': (message, other) => {
    const foreign = partsOf(other).filter((part) => isOf(part, SIGNED_BY));
    const own = partsOf(message).filter((part) => !isOf(part, SIGNED_BY));
    return withParts(message, [...own, ...foreign]);
  },
  unsigned: (message) => without(message, SIGNED_BY),
  'no-hash-chain': (message) => without(message, [PartType.HashChain, PartType.HashChainResult]),
  'no-ocsp-answers': (message) => without(message, [PartType.Ocsp]),
  'no-message': (message) => {
    const parts = partsOf(message).filter((part) => !isMessagePart(part));
    return withParts(message, parts);
  },
  'message-twice': (message) => {
    const parts = partsOf(message);
    return withParts(
      message,
      parts.flatMap((part) => (isMessagePart(part) ? [part, part] : [part])),
    );
  },
} as const satisfies Readonly<Record<string, Forgery>>;

export const MALFORMED = {
  'no-last-boundary': (message) => {
    const end = message.body.lastIndexOf('\r\n--');
    return { ...message, body: message.body.subarray(0, Math.max(0, end)) };
  },
  'wrong-boundary': withWrongBoundary,
  'no-multipart': (message) => withType(message, 'text/plain'),
  'boundary-missing': (message) => withType(message, 'multipart/mixed; charset=UTF-8'),
  'part-without-type': (message) => {
    const strip = (part: RecordedPart): RecordedPart => ({
      content: part.content,
      headers: [{ name: 'x-nothing', value: 'said' }],
    });
    return withParts(message, partsOf(message).map(strip));
  },
  'long-part-head': (message) => {
    const filling = { name: 'x-filling', value: 'f'.repeat(LONG_HEAD_BYTES) };
    const [first, ...rest] = partsOf(message);
    return withParts(message, [{ ...first, headers: [filling, ...first.headers] }, ...rest]);
  },
  'many-parts': (message) => {
    const empty: RecordedPart = {
      headers: [{ name: 'content-type', value: PartType.Ocsp }],
      content: Buffer.alloc(0),
    };
    const many = Array.from({ length: MANY_PARTS }, () => empty);
    return withParts(message, [...many, ...partsOf(message)]);
  },
  empty: (message) => ({ ...message, body: Buffer.alloc(0) }),
} as const satisfies Readonly<Record<string, (message: RecordedMessage) => RecordedMessage>>;

/** Parts on which no signature is. */
const UNSIGNED: readonly string[] = [...SIGNED_BY, PartType.Ocsp];

function isOf(part: RecordedPart, types: readonly string[]): boolean {
  const type = typeOfPart(part).split(';')[0].trim().toLowerCase();
  return types.includes(type);
}

const isSignature = (part: RecordedPart): boolean => isOf(part, [PartType.Signature]);

function without(message: RecordedMessage, types: readonly string[]): RecordedMessage {
  return withParts(
    message,
    partsOf(message).filter((part) => !isOf(part, types)),
  );
}

/** The message with the first part of its kind changed; throws where nothing changes. */
function changed(
  message: RecordedMessage,
  isMeant: (part: RecordedPart) => boolean,
  change: (part: RecordedPart) => Buffer,
): RecordedMessage {
  const parts = partsOf(message);
  const at = parts.findIndex(isMeant);
  if (at === -1) throw new RecordingError('the message has no part that could be changed so');
  const content = change(parts[at]);
  if (content.equals(parts[at].content)) throw new RecordingError('the part is as it was');
  return withParts(message, parts.with(at, { ...parts[at], content }));
}

/** Another letter where the pattern's last group is. */
function otherLetter(part: RecordedPart, pattern: RegExp): Buffer {
  const text = part.content.toString('latin1');
  const other = (all: string): string => all.slice(0, -1) + (all.endsWith('A') ? 'B' : 'A');
  return Buffer.from(text.replace(pattern, other), 'latin1');
}

/** REST names the client in a header, SOAP in an element of its own. */
const otherClient = (part: RecordedPart): Buffer =>
  otherLetter(
    part,
    /x-road-client:[^\r\n]*[^\s]|<(?:\w+:)?client\b[^]*?<(?:\w+:)?memberCode>[^<]/i,
  );

const otherValue = (part: RecordedPart): Buffer =>
  otherLetter(part, /<(?:\w+:)?SignatureValue[^>]*>\s*[A-Za-z0-9+/]/);
