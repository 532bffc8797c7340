/**
 * Writes X.509 certificates, version 3 (RFC 5280), and signs them with the keys of node:crypto;
 * reads back the few fields that other signed things repeat. The verifier's own reading is in
 * evidence/certificate.ts.
 */
import type { KeyObject } from 'node:crypto';
import { certificateTime, explicit, integer, sequence } from '../der-writer.ts';
import { integerOf, membersOf, readDer, Tag } from '../evidence/der.ts';
import type { Der } from '../evidence/der.ts';
import type { NetworkClock } from '../network-clock.ts';
import { signatureIdentifier, signedSequence } from './algorithm-identifier.ts';
import { wrappedExtensions } from './certificate-extension.ts';

export interface Validity {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface CertificateContent {
  readonly serial: Buffer;
  /** Names in DER. */
  readonly issuer: Buffer;
  readonly subject: Buffer;
  readonly validity: Validity;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Buffer[];
}

const DAY_MS = 86_400_000;

/**
 * Certificates must hold on both clocks: the evidence is dated by the network's, and OpenSSL,
 * in a TLS handshake or as a judge, looks at the wall's. The spans overlap for all of a run.
 */
export function validFor(clock: NetworkClock, spanMs: number): Validity {
  const clocks = [Date.now(), clock.nowMs()];
  return { fromMs: Math.min(...clocks) - DAY_MS, toMs: Math.max(...clocks) + spanMs };
}

/** DER. Certificates are signed with SHA-256, as X-Road's requests for them are (facts 11). */
export function writeCertificate(content: CertificateContent, signingKey: KeyObject): Buffer {
  const { serial, issuer, subject, validity, publicKey, extensions } = content;
  const signed = sequence(
    explicit(0, integer(VERSION_3)),
    integer(serial),
    signatureIdentifier(signingKey, 'sha256'),
    issuer,
    sequence(certificateTime(validity.fromMs), certificateTime(validity.toMs)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    wrappedExtensions(3, extensions),
  );
  return signedSequence(signed, signingKey, 'sha256');
}

/** Hexadecimal, as OCSP and Node write it. */
export function serialOf(certificateDer: Buffer): string {
  return integerOf(fieldsOf(certificateDer)[SERIAL]);
}

/** The name in DER. */
export function subjectOf(certificateDer: Buffer): Buffer {
  return fieldsOf(certificateDer)[SUBJECT].raw;
}

/** How signed messages name a certificate (IssuerAndSerialNumber, RFC 5652, 10.2.4). */
export function issuerAndSerialOf(certificateDer: Buffer): Buffer {
  const fields = fieldsOf(certificateDer);
  return sequence(fields[ISSUER].raw, fields[SERIAL].raw);
}

/** Places in TBSCertificate (RFC 5280, 4.1), whose version is always written here. */
const SERIAL = 1;
const ISSUER = 3;
const SUBJECT = 5;

function fieldsOf(certificateDer: Buffer): readonly Der[] {
  const [signed] = membersOf(readDer(certificateDer), Tag.Sequence);
  return membersOf(signed, Tag.Sequence);
}

/** Versions are counted from 0. */
const VERSION_3 = 2;
