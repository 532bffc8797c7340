/**
 * Writes DER (X.690) for what the lab makes itself: certificates, OCSP answers, time-stamps, token
 * stores. Each function gives the whole value, tag and length included; evidence/der.ts reads it.
 */
import { assert } from '../base/assert.ts';
import { constructed, encodeDer, primitive, Tag } from './evidence/der.ts';

export function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  return encodeDer(tag, Buffer.concat(parts));
}

export function sequence(...parts: readonly Uint8Array[]): Buffer {
  return der(Tag.Sequence, ...parts);
}

/** A SET OF: DER has its members in the order of their bytes (X.690, 11.6). */
export function setOf(...parts: readonly Uint8Array[]): Buffer {
  return der(Tag.Set, ...parts.toSorted((a, b) => Buffer.compare(a, b)));
}

/** `[number] EXPLICIT`: a value in a wrapping of the context. */
export function explicit(number: number, ...parts: readonly Uint8Array[]): Buffer {
  return der(constructed(number), ...parts);
}

/** `[number] IMPLICIT` over a type without members; over one with members it is `explicit`. */
export function implicit(number: number, content: Uint8Array): Buffer {
  return der(primitive(number), content);
}

export function octets(bytes: Uint8Array): Buffer {
  return der(Tag.OctetString, bytes);
}

/** Whole bytes, as keys and signatures are. */
export function bits(bytes: Uint8Array): Buffer {
  return der(Tag.BitString, Buffer.from([0]), bytes);
}

/** A BIT STRING whose bits have names: those set, counted from the first; no zeros at its end. */
export function namedBits(...set: readonly number[]): Buffer {
  const last = Math.max(-1, ...set);
  const bytes = Buffer.alloc((last >> 3) + 1);
  for (const bit of set) bytes[bit >> 3] |= 0x80 >> (bit & 7);
  return der(Tag.BitString, Buffer.from([last < 0 ? 0 : 7 - (last & 7)]), bytes);
}

/** Not negative. Bytes are a number without a sign; a number takes as few octets as it needs. */
export function integer(value: number | bigint | Uint8Array): Buffer {
  let hex: string;
  if (typeof value === 'object') {
    hex = Buffer.from(value).toString('hex');
  } else {
    assert(value >= 0, `${value} is negative`);
    hex = BigInt(value).toString(16);
  }
  const even = hex.length % 2 === 0 ? hex : `0${hex}`;
  const short = even.replace(/^(00)+(?=..)/, '') || '00';
  // The first bit is the sign.
  return der(Tag.Integer, Buffer.from(/^[89a-f]/.test(short) ? `00${short}` : short, 'hex'));
}

export function enumerated(value: number): Buffer {
  return der(Tag.Enumerated, Buffer.from([value]));
}

export function boolean(value: boolean): Buffer {
  return der(Tag.Boolean, Buffer.from([value ? 0xff : 0]));
}

export function nothing(): Buffer {
  return der(NULL);
}

export function utf8(text: string): Buffer {
  return der(Tag.Utf8String, Buffer.from(text, 'utf8'));
}

/** Of letters, digits and a few marks only (X.680, 41.4). */
export function printable(text: string): Buffer {
  assert(/^[A-Za-z0-9 '()+,\-./:=?]*$/.test(text), `"${text}" is no PrintableString`);
  return der(PRINTABLE_STRING, Buffer.from(text, 'latin1'));
}

/** Whole seconds, rounded down, in UTC. */
export function generalizedTime(timeMs: number): Buffer {
  return der(Tag.GeneralizedTime, Buffer.from(`${digitsOf(timeMs)}Z`, 'latin1'));
}

/** As certificates write it: with two digits for the year until 2049 (RFC 5280, 4.1.2.5). */
export function certificateTime(timeMs: number): Buffer {
  const digits = digitsOf(timeMs);
  if (digits < '1950' || digits >= '2050') return generalizedTime(timeMs);
  return der(Tag.UtcTime, Buffer.from(`${digits.slice(2)}Z`, 'latin1'));
}

export function oid(text: string): Buffer {
  const [first, second, ...rest] = text.split('.').map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const septets = [arc % 128];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) {
      septets.unshift((left % 128) | 0x80);
    }
    return septets;
  });
  return der(Tag.ObjectIdentifier, Buffer.from(bytes));
}

const NULL = 0x05;
const PRINTABLE_STRING = 0x13;

function digitsOf(timeMs: number): string {
  const seconds = Math.floor(timeMs / 1000) * 1000;
  return new Date(seconds).toISOString().slice(0, 19).replace(/[-:T]/g, '');
}
