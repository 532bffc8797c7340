/**
 * Certificates as a verifier needs them (RFC 5280), and the way from one to a trusted one. Node
 * checks the signatures; what Node does not tell is read from the DER.
 */
import { X509Certificate } from 'node:crypto';
import {
  bitsOf,
  childrenOf,
  constructed,
  expectTag,
  integerOf,
  membersOf,
  octetsOf,
  oidOf,
  readDer,
  Tag,
  timeOf,
} from './der.ts';
import type { Der } from './der.ts';
import { EvidenceError } from './evidence-error.ts';

export interface Certificate {
  readonly x509: X509Certificate;
  readonly raw: Buffer;
  /** Hexadecimal. */
  readonly serial: string;
  /** DER of the names; see isSameName. */
  readonly subject: Buffer;
  readonly issuer: Buffer;
  /** The first value of each field of the subject, by its object identifier. */
  readonly subjectFields: ReadonlyMap<string, string>;
  /** What is signed and hashed as "the key" in OCSP: the bits without their algorithm. */
  readonly keyBits: Buffer;
  readonly keyIdentifier: Buffer | null;
  readonly validFromMs: number;
  readonly validToMs: number;
  /** Bit 0 is digitalSignature, bit 1 nonRepudiation, bit 5 keyCertSign; null: may do anything. */
  readonly keyUsage: readonly boolean[] | null;
  /** Object identifiers; null: without the extension. */
  readonly extendedKeyUsages: readonly string[] | null;
  readonly isAuthority: boolean;
}

export const Usage = { DigitalSignature: 0, NonRepudiation: 1, KeyCertSign: 5 } as const;

export const ExtendedUsage = {
  TimeStamping: '1.3.6.1.5.5.7.3.8',
  OcspSigning: '1.3.6.1.5.5.7.3.9',
} as const;

const Extension = {
  SubjectKeyIdentifier: '2.5.29.14',
  KeyUsage: '2.5.29.15',
  BasicConstraints: '2.5.29.19',
  ExtendedKeyUsage: '2.5.29.37',
} as const;

const PATH_LENGTH_MAX = 8;
/** Certificates that vouch for one another in a circle may not keep a verifier busy. */
const PATH_TRIES_MAX = 100;

const READ_MAX = 10_000;
const read = new Map<string, Certificate>();

/**
 * Throws an EvidenceError where the bytes are no certificate. The same few are read again with
 * every message, so what was read is kept.
 */
export function readCertificate(der: Buffer): Certificate {
  const name = der.toString('latin1');
  const known = read.get(name);
  if (known !== undefined) return known;
  // A copy: the bytes may be part of something large, or change.
  const made = parseCertificate(Buffer.from(der));
  if (read.size >= READ_MAX) read.clear();
  read.set(name, made);
  return made;
}

function parseCertificate(der: Buffer): Certificate {
  // Before OpenSSL, which is more generous.
  const [tbs] = membersOf(readDer(der), Tag.Sequence);
  const fields = membersOf(tbs, Tag.Sequence).filter(({ tag }) => tag !== constructed(0));
  const [serial, , issuer, validity, subject, keyInfo, ...rest] = fields;
  const [from, to] = membersOf(validity, Tag.Sequence);
  const extensions = extensionsOf(rest.find(({ tag }) => tag === constructed(3)));
  const usages = extensions.get(Extension.ExtendedKeyUsage);
  const identifier = extensions.get(Extension.SubjectKeyIdentifier);
  return {
    x509: parseX509(der),
    raw: der,
    serial: integerOf(serial),
    subject: expectTag(subject, Tag.Sequence).raw,
    issuer: expectTag(issuer, Tag.Sequence).raw,
    subjectFields: fieldsOf(subject),
    keyBits: bitsOf(membersOf(keyInfo, Tag.Sequence)[1]),
    keyIdentifier: identifier === undefined ? null : octetsOf(identifier),
    validFromMs: timeOf(from),
    validToMs: timeOf(to),
    keyUsage: keyUsageOf(extensions.get(Extension.KeyUsage)),
    extendedKeyUsages: usages === undefined ? null : membersOf(usages, Tag.Sequence).map(oidOf),
    isAuthority: isAuthority(extensions.get(Extension.BasicConstraints)),
  };
}

/** For a person: `CN=Test CA, O=Test`. */
export function nameOf({ x509 }: Certificate): string {
  return x509.subject.split('\n').toReversed().join(', ');
}

export function isSameCertificate(a: Certificate, b: Certificate): boolean {
  return a.raw.equals(b.raw);
}

export function isValidAt({ validFromMs, validToMs }: Certificate, atMs: number): boolean {
  return validFromMs <= atMs && atMs <= validToMs;
}

/** A usage that is not restricted is allowed. */
export function mayBeUsed({ keyUsage }: Certificate, usage: number): boolean {
  return keyUsage === null || keyUsage[usage] === true;
}

export function hasExtendedUsage({ extendedKeyUsages }: Certificate, usage: string): boolean {
  return extendedKeyUsages?.includes(usage) === true;
}

/**
 * Whether two names in DER are one. Authorities write a name with other types of text, capitals or
 * order than their certificate does, and X-Road's library forgives that (RFC 5280, 7.1).
 */
export function isSameName(a: Buffer, b: Buffer): boolean {
  if (a.equals(b)) return true;
  const [these, those] = [a, b].map((name) =>
    namePartsOf(readDer(name))
      .map(([oid, text]) => `${oid}=${text.trim().replace(/\s+/g, ' ').toLowerCase()}`)
      .sort(),
  );
  return these.length === those.length && these.every((part, index) => part === those[index]);
}

/** Who was found to have issued a certificate, or not to: that never changes. */
const issued = new WeakMap<Certificate, WeakMap<Certificate, boolean>>();

/** By name and by signature; says nothing about times. */
export function isIssuedBy(certificate: Certificate, issuer: Certificate): boolean {
  const known = issued.get(certificate)?.get(issuer);
  if (known !== undefined) return known;
  const found = isSignedBy(certificate, issuer);
  const ofCertificate = issued.get(certificate) ?? new WeakMap<Certificate, boolean>();
  issued.set(certificate, ofCertificate.set(issuer, found));
  return found;
}

function isSignedBy(certificate: Certificate, issuer: Certificate): boolean {
  if (!isSameName(certificate.issuer, issuer.subject)) return false;
  try {
    return certificate.x509.verify(issuer.x509.publicKey);
  } catch {
    // A key that does not fit the signature at all.
    return false;
  }
}

/**
 * The way from a certificate to one of the anchors, both included; null: there is none that is
 * valid at the instant. As in Java's PKIX, the validity of the anchor itself does not matter.
 */
export function pathTo(
  certificate: Certificate,
  between: readonly Certificate[],
  anchors: readonly Certificate[],
  atMs: number,
): readonly Certificate[] | null {
  const trusted = anchors.find((anchor) => isSameCertificate(anchor, certificate));
  if (trusted !== undefined) return [trusted];
  return extend([certificate], between, anchors, atMs, { left: PATH_TRIES_MAX });
}

function extend(
  path: readonly Certificate[],
  between: readonly Certificate[],
  anchors: readonly Certificate[],
  atMs: number,
  tries: { left: number },
): readonly Certificate[] | null {
  const last = path[path.length - 1];
  if (!isValidAt(last, atMs) || path.length > PATH_LENGTH_MAX || tries.left-- <= 0) return null;
  const anchor = anchors.find((one) => mayIssue(one) && isIssuedBy(last, one));
  if (anchor !== undefined) return [...path, anchor];
  for (const next of between) {
    const isNew = path.every((one) => !isSameCertificate(one, next));
    if (!isNew || !mayIssue(next) || !isIssuedBy(last, next)) continue;
    const whole = extend([...path, next], between, anchors, atMs, tries);
    if (whole !== null) return whole;
  }
  return null;
}

function mayIssue(certificate: Certificate): boolean {
  return certificate.isAuthority && mayBeUsed(certificate, Usage.KeyCertSign);
}

function parseX509(der: Buffer): X509Certificate {
  try {
    const x509 = new X509Certificate(der);
    // Keys are read late; a broken one should show here.
    if (x509.publicKey.type === 'public') return x509;
  } catch {
    // Told below.
  }
  throw new EvidenceError(null, 'a certificate cannot be read');
}

/** The value of each, by object identifier. */
function extensionsOf(wrapped: Der | undefined): Map<string, Der> {
  const extensions = new Map<string, Der>();
  if (wrapped === undefined) return extensions;
  for (const extension of membersOf(childrenOf(wrapped)[0], Tag.Sequence)) {
    const parts = membersOf(extension, Tag.Sequence);
    extensions.set(oidOf(parts[0]), readDer(octetsOf(parts[parts.length - 1])));
  }
  return extensions;
}

function fieldsOf(name: Der | undefined): Map<string, string> {
  // Of two fields of one kind the first stays.
  return new Map(namePartsOf(name).toReversed());
}

function namePartsOf(name: Der | undefined): (readonly [string, string])[] {
  return membersOf(name, Tag.Sequence).flatMap((set) =>
    membersOf(set, Tag.Set).map((field) => {
      const [type, value] = membersOf(field, Tag.Sequence);
      return [oidOf(type), value === undefined ? '' : decodeText(value)] as const;
    }),
  );
}

const BMP_STRING = 0x1e;

function decodeText({ tag, content }: Der): string {
  if (tag === Tag.Utf8String) return content.toString('utf8');
  if (tag !== BMP_STRING) return content.toString('latin1');
  return Buffer.from(content.subarray(0, content.length & ~1))
    .swap16()
    .toString('utf16le');
}

function keyUsageOf(der: Der | undefined): boolean[] | null {
  if (der === undefined) return null;
  const [unused, ...bytes] = expectTag(der, Tag.BitString).content;
  const bits = bytes.flatMap((byte) =>
    [7, 6, 5, 4, 3, 2, 1, 0].map((at) => (byte >> at) % 2 === 1),
  );
  return bits.slice(0, Math.max(0, bits.length - unused));
}

function isAuthority(der: Der | undefined): boolean {
  if (der === undefined) return false;
  const [first] = membersOf(der, Tag.Sequence);
  return first?.tag === Tag.Boolean && first.content[0] !== 0;
}
