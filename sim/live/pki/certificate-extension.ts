/** The extensions of certificates (RFC 5280, 4.2), and which of them each purpose asks for. */
import { createHash } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import {
  boolean,
  explicit,
  implicit,
  integer,
  namedBits,
  nothing,
  octets,
  oid,
  sequence,
} from '../der-writer.ts';
import { bitsOf, membersOf, readDer, Tag } from '../evidence/der.ts';

const Usage = {
  DigitalSignature: 0,
  NonRepudiation: 1,
  KeyEncipherment: 2,
  DataEncipherment: 3,
  KeyAgreement: 4,
  KeyCertSign: 5,
  CrlSign: 6,
} as const;

const ExtendedUsage = {
  ServerAuth: '1.3.6.1.5.5.7.3.1',
  ClientAuth: '1.3.6.1.5.5.7.3.2',
  TimeStamping: '1.3.6.1.5.5.7.3.8',
  OcspSigning: '1.3.6.1.5.5.7.3.9',
} as const;

/** `authority`: issues authorities, too; `issuing-authority`: issues ends only. */
export type Purpose =
  | 'authority'
  | 'issuing-authority'
  | 'authentication'
  | 'signing'
  | 'ocsp'
  | 'time-stamping';

export function isAuthority(purpose: Purpose): boolean {
  return purpose === 'authority' || purpose === 'issuing-authority';
}

/** What a purpose is allowed to do, as the certificates of X-Road's development network say it. */
export function purposeExtensions(purpose: Purpose, key: KeyObject): Buffer[] {
  switch (purpose) {
    case 'authority':
    case 'issuing-authority':
      return [
        purpose === 'authority' ? authority() : authority(0),
        keyUsage(Usage.DigitalSignature, Usage.KeyCertSign, Usage.CrlSign),
      ];
    case 'authentication':
      return [
        NO_AUTHORITY,
        keyUsage(...authenticationUsages(key)),
        extendedKeyUsage(false, ExtendedUsage.ClientAuth, ExtendedUsage.ServerAuth),
      ];
    case 'signing':
      return [NO_AUTHORITY, keyUsage(Usage.NonRepudiation)];
    case 'ocsp':
      return [
        NO_AUTHORITY,
        keyUsage(Usage.DigitalSignature),
        extendedKeyUsage(true, ExtendedUsage.OcspSigning),
        // RFC 6960, 4.2.2.2.1: nobody need ask whether the responder itself is still good.
        extension('1.3.6.1.5.5.7.48.1.5', false, nothing()),
      ];
    case 'time-stamping':
      // RFC 3161, 2.3: this one purpose, and critical.
      return [keyUsage(Usage.NonRepudiation), extendedKeyUsage(true, ExtendedUsage.TimeStamping)];
  }
}

/** RFC 5280, 4.2.1.2, the first way: SHA-1 of the bits of the key. */
export function keyIdentifierOf(key: KeyObject): Buffer {
  return createHash('sha1').update(keyBitsOf(key)).digest();
}

/** What OCSP hashes as "the key": without its algorithm (RFC 6960, 4.1.1). */
export function keyBitsOf(key: KeyObject): Buffer {
  const keyInfo = readDer(key.export({ type: 'spki', format: 'der' }));
  return bitsOf(membersOf(keyInfo, Tag.Sequence)[1]);
}

export function subjectKeyIdentifier(key: KeyObject): Buffer {
  return extension('2.5.29.14', false, octets(keyIdentifierOf(key)));
}

export function authorityKeyIdentifier(key: KeyObject): Buffer {
  return extension('2.5.29.35', false, sequence(implicit(0, keyIdentifierOf(key))));
}

/** Where to ask about the certificate (authority information access, 4.2.2.1). */
export function ocspAccess(url: string): Buffer {
  const description = sequence(oid('1.3.6.1.5.5.7.48.1'), implicit(6, Buffer.from(url, 'latin1')));
  return extension('1.3.6.1.5.5.7.1.1', false, sequence(description));
}

export function alternativeName(dnsName: string): Buffer {
  return extension('2.5.29.17', false, sequence(implicit(2, Buffer.from(dnsName, 'latin1'))));
}

/** OCSP messages have extensions of the same shape. */
export function extension(type: string, isCritical: boolean, value: Buffer): Buffer {
  return sequence(oid(type), ...(isCritical ? [boolean(true)] : []), octets(value));
}

/** RSA also enciphers keys in TLS; a key on a curve agrees on them (RFC 8813, 3). */
function authenticationUsages(key: KeyObject): readonly number[] {
  if (key.asymmetricKeyType === 'ec') return [Usage.DigitalSignature, Usage.KeyAgreement];
  return [
    Usage.DigitalSignature,
    Usage.KeyEncipherment,
    Usage.DataEncipherment,
    Usage.KeyAgreement,
  ];
}

/** `below`: so many authorities may stand between this one and an end. */
function authority(below: number | null = null): Buffer {
  const length = below === null ? [] : [integer(below)];
  return extension('2.5.29.19', true, sequence(boolean(true), ...length));
}

/** An empty sequence: FALSE is the default, and DER leaves defaults out. */
const NO_AUTHORITY = extension('2.5.29.19', false, sequence());

function keyUsage(...usages: readonly number[]): Buffer {
  return extension('2.5.29.15', true, namedBits(...usages));
}

function extendedKeyUsage(isCritical: boolean, ...purposes: readonly string[]): Buffer {
  return extension('2.5.29.37', isCritical, sequence(...purposes.map(oid)));
}

/** Extensions of a list that is wrapped, as in a certificate `[3]` and in OCSP `[1]` and `[2]`. */
export function wrappedExtensions(number: number, extensions: readonly Buffer[]): Buffer {
  return explicit(number, sequence(...extensions));
}
