/**
 * DER (X.690), as much as certificates, OCSP responses and time-stamps need: tags of one byte,
 * lengths of at most four. What is not the one encoding of its value is refused, because a signed
 * thing with two readings is two things.
 */
import { EvidenceError } from './evidence-error.ts';

export const Tag = {
  Boolean: 0x01,
  Integer: 0x02,
  BitString: 0x03,
  OctetString: 0x04,
  ObjectIdentifier: 0x06,
  Enumerated: 0x0a,
  Utf8String: 0x0c,
  UtcTime: 0x17,
  GeneralizedTime: 0x18,
  Sequence: 0x30,
  Set: 0x31,
} as const;

/** A tag of the context, as `[2]` in the ASN.1 of the RFCs. */
export const primitive = (number: number): number => 0x80 | number;
export const constructed = (number: number): number => 0xa0 | number;

export interface Der {
  readonly tag: number;
  readonly content: Buffer;
  /** Tag, length and content. */
  readonly raw: Buffer;
}

/** The bytes must be one value and nothing after it. */
export function readDer(bytes: Buffer): Der {
  const der = readAt(bytes, 0);
  if (der.raw.length !== bytes.length) refuse('there are bytes after its end');
  return der;
}

/** The values in a value. */
export function childrenOf({ content }: Der): Der[] {
  const children: Der[] = [];
  for (let at = 0; at < content.length;) {
    const child = readAt(content, at);
    children.push(child);
    at += child.raw.length;
  }
  return children;
}

/** The children of a value that must be of a tag. */
export function membersOf(der: Der | undefined, tag: number): Der[] {
  return childrenOf(expectTag(der, tag));
}

export function expectTag(der: Der | undefined, tag: number): Der {
  if (der === undefined) refuse('a value is missing');
  if (der.tag !== tag) refuse(`tag ${hex(der.tag)} where ${hex(tag)} belongs`);
  return der;
}

export function oidOf(der: Der | undefined): string {
  const { content } = expectTag(der, Tag.ObjectIdentifier);
  if (content.length === 0 || content.length > 64) refuse('an object identifier has no length');
  const arcs: bigint[] = [];
  let arc = 0n;
  for (const byte of content) {
    arc = (arc << 7n) | BigInt(byte & 0x7f);
    if ((byte & 0x80) !== 0) continue;
    arcs.push(arc);
    arc = 0n;
  }
  if ((content[content.length - 1] & 0x80) !== 0) refuse('an object identifier breaks off');
  const [first, ...rest] = arcs;
  const top = first < 80n ? first / 40n : 2n;
  return [top, first - top * 40n, ...rest].join('.');
}

/** Hexadecimal, as a number whose bytes matter and not its size. */
export function integerOf(der: Der | undefined): string {
  const { content } = expectTag(der, Tag.Integer);
  if (content.length === 0) refuse('an integer has no length');
  return content.toString('hex');
}

export function octetsOf(der: Der | undefined): Buffer {
  return expectTag(der, Tag.OctetString).content;
}

/** Only whole bytes: keys and signatures have no other. */
export function bitsOf(der: Der | undefined): Buffer {
  const { content } = expectTag(der, Tag.BitString);
  if (content.length === 0 || content[0] !== 0) refuse('a bit string is not of whole bytes');
  return content.subarray(1);
}

const TIME = /^(\d{2}|\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\.\d{1,9})?Z$/;

/** Milliseconds since 1970. */
export function timeOf(der: Der | undefined): number {
  if (der === undefined) refuse('a time is missing');
  const isShort = der.tag === Tag.UtcTime;
  if (!isShort && der.tag !== Tag.GeneralizedTime) refuse('a time is of the wrong type');
  const parts = TIME.exec(der.content.toString('latin1'));
  if (parts === null || (parts[1].length === 2) !== isShort) refuse('a time is not written as one');
  const [, year, month, day, hour, minute, second, fraction] = parts;
  // RFC 5280, 4.1.2.5.1: two digits are of the years 1950 to 2049.
  const century = isShort ? (Number(year) < 50 ? '20' : '19') : '';
  const millis = Math.floor(Number(`0${fraction ?? ''}`) * 1000);
  const text = `${century}${year}-${month}-${day}T${hour}:${minute}:${second}Z`;
  const timeMs = Date.parse(text);
  if (Number.isNaN(timeMs)) refuse('a time does not exist');
  return timeMs + millis;
}

const NESTING_MAX = 40;
const IS_INDEFINITE = 0x80;

/**
 * The DER of BER: a time-stamp may be written either way (RFC 5652, 10), and old authorities left
 * the lengths open. What is signed in it is DER already, and stays byte for byte.
 */
export function derOfBer(bytes: Buffer): Buffer {
  const { der, end } = transcode(bytes, 0, 0);
  if (end !== bytes.length) refuse('there are bytes after its end');
  return der;
}

function transcode(
  bytes: Buffer,
  at: number,
  depth: number,
): { readonly der: Buffer; readonly end: number } {
  if (depth > NESTING_MAX) refuse('it is nested too deep');
  const isConstructed = at < bytes.length && (bytes[at] & 0x20) !== 0;
  const isOpen = isConstructed && bytes[at + 1] === IS_INDEFINITE;
  const whole = isOpen ? null : readAt(bytes, at);
  if (whole !== null && !isConstructed) return { der: whole.raw, end: at + whole.raw.length };
  const end = whole === null ? bytes.length : at + whole.raw.length;
  const parts: Buffer[] = [];
  let next = whole === null ? at + 2 : end - whole.content.length;
  while (next < end) {
    // Two zeros end what has no length.
    if (isOpen && bytes[next] === 0 && bytes[next + 1] === 0) {
      return { der: join(bytes[at], parts), end: next + 2 };
    }
    const part = transcode(bytes, next, depth + 1);
    parts.push(part.der);
    next = part.end;
  }
  if (isOpen || next > end) refuse('it breaks off');
  return { der: join(bytes[at], parts), end };
}

/** Octets may come in pieces, which DER puts together. */
function join(tag: number, parts: readonly Buffer[]): Buffer {
  if (tag !== (Tag.OctetString | 0x20)) return encodeDer(tag, Buffer.concat(parts));
  const pieces = parts.map((part) => octetsOf(readDer(part)));
  return encodeDer(Tag.OctetString, Buffer.concat(pieces));
}

export function encodeDer(tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([tag]), encodeLength(content.length), content]);
}

export function encodeSequence(members: readonly Buffer[]): Buffer {
  return encodeDer(Tag.Sequence, Buffer.concat(members));
}

function encodeLength(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Buffer.from([0x80 | bytes.length, ...bytes]);
}

function readAt(bytes: Buffer, at: number): Der {
  if (at + 2 > bytes.length) refuse('it breaks off');
  const tag = bytes[at];
  if ((tag & 0x1f) === 0x1f) refuse('a tag has several bytes');
  let start = at + 2;
  let length = bytes[at + 1];
  if (length >= 0x80) {
    const count = length & 0x7f;
    if (count === 0 || count > 4) refuse('a length is not that of DER');
    if (start + count > bytes.length) refuse('it breaks off');
    length = bytes.readUIntBE(start, count);
    start += count;
    const isShortest = length >= 0x80 && (count === 1 || length >= 256 ** (count - 1));
    if (!isShortest) refuse('a length is written longer than it need be');
  }
  if (start + length > bytes.length) refuse('it breaks off');
  const content = bytes.subarray(start, start + length);
  return { tag, content, raw: bytes.subarray(at, start + length) };
}

const hex = (tag: number): string => `0x${tag.toString(16)}`;

function refuse(reason: string): never {
  throw new EvidenceError(null, `not DER as it should be: ${reason}`);
}
