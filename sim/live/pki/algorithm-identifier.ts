/**
 * Algorithms by their names in ASN.1, for what the lab signs: RSA with PKCS#1 1.5, ECDSA, and the
 * SHA-2 digests; SHA-1 only inside of OCSP's certificate identifiers (facts 11).
 */
import { sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { bits, nothing, oid, sequence } from '../der-writer.ts';

export type DigestName = 'sha1' | 'sha256' | 'sha384' | 'sha512';
export type SigningDigest = 'sha256' | 'sha512';

const DIGESTS: Readonly<Record<DigestName, string>> = {
  sha1: '1.3.14.3.2.26',
  sha256: '2.16.840.1.101.3.4.2.1',
  sha384: '2.16.840.1.101.3.4.2.2',
  sha512: '2.16.840.1.101.3.4.2.3',
};

const RSA: Readonly<Record<SigningDigest, string>> = {
  sha256: '1.2.840.113549.1.1.11',
  sha512: '1.2.840.113549.1.1.13',
};

const ECDSA: Readonly<Record<SigningDigest, string>> = {
  sha256: '1.2.840.10045.4.3.2',
  sha512: '1.2.840.10045.4.3.4',
};

/** With NULL for its parameters, as X-Road's library and OpenSSL write it. */
export function digestIdentifier(name: DigestName): Buffer {
  return sequence(oid(DIGESTS[name]), nothing());
}

/** RSA has NULL for its parameters, ECDSA has none (RFC 4055, 5; RFC 5758, 3.2). */
export function signatureIdentifier(key: KeyObject, digest: SigningDigest): Buffer {
  if (key.asymmetricKeyType === 'ec') return sequence(oid(ECDSA[digest]));
  return sequence(oid(RSA[digest]), nothing());
}

/** The shape that certificates and OCSP answers share: what is signed, how, the signature, more. */
export function signedSequence(
  signed: Buffer,
  key: KeyObject,
  digest: SigningDigest,
  ...more: readonly Buffer[]
): Buffer {
  const value = sign(digest, signed, key);
  return sequence(signed, signatureIdentifier(key, digest), bits(value), ...more);
}
