/**
 * The algorithms by their names in XML (RFC 9231) and in ASN.1. Digests of messages and signatures
 * start at SHA-256; SHA-1 stays for the identifiers of OCSP and for old responders (facts 11).
 */
import { constants, createHash, timingSafeEqual, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { childrenOf, constructed, membersOf, oidOf, Tag } from './der.ts';
import type { Der } from './der.ts';
import { EvidenceError } from './evidence-error.ts';

const DIGEST_URIS: Readonly<Record<string, string>> = {
  'http://www.w3.org/2001/04/xmlenc#sha256': 'sha256',
  'http://www.w3.org/2001/04/xmldsig-more#sha384': 'sha384',
  'http://www.w3.org/2001/04/xmlenc#sha512': 'sha512',
};

const DIGEST_OIDS: Readonly<Record<string, string>> = {
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};

interface SignatureMethod {
  /** Null: the signature does not say; the digest beside it counts. */
  readonly digest: string | null;
  readonly scheme: 'rsa' | 'rsa-pss' | 'ecdsa';
}

const MORE = 'http://www.w3.org/2001/04/xmldsig-more#';
const MORE_2007 = 'http://www.w3.org/2007/05/xmldsig-more#';

const SIGNATURE_URIS: Readonly<Record<string, SignatureMethod>> = {
  [`${MORE}rsa-sha256`]: { digest: 'sha256', scheme: 'rsa' },
  [`${MORE}rsa-sha384`]: { digest: 'sha384', scheme: 'rsa' },
  [`${MORE}rsa-sha512`]: { digest: 'sha512', scheme: 'rsa' },
  [`${MORE}ecdsa-sha256`]: { digest: 'sha256', scheme: 'ecdsa' },
  [`${MORE}ecdsa-sha384`]: { digest: 'sha384', scheme: 'ecdsa' },
  [`${MORE}ecdsa-sha512`]: { digest: 'sha512', scheme: 'ecdsa' },
  [`${MORE_2007}sha256-rsa-MGF1`]: { digest: 'sha256', scheme: 'rsa-pss' },
  [`${MORE_2007}sha384-rsa-MGF1`]: { digest: 'sha384', scheme: 'rsa-pss' },
  [`${MORE_2007}sha512-rsa-MGF1`]: { digest: 'sha512', scheme: 'rsa-pss' },
};

const RSA_PSS_OID = '1.2.840.113549.1.1.10';

const SIGNATURE_OIDS: Readonly<Record<string, SignatureMethod>> = {
  '1.2.840.113549.1.1.1': { digest: null, scheme: 'rsa' },
  '1.2.840.113549.1.1.5': { digest: 'sha1', scheme: 'rsa' },
  '1.2.840.113549.1.1.11': { digest: 'sha256', scheme: 'rsa' },
  '1.2.840.113549.1.1.12': { digest: 'sha384', scheme: 'rsa' },
  '1.2.840.113549.1.1.13': { digest: 'sha512', scheme: 'rsa' },
  '1.2.840.10045.4.3.2': { digest: 'sha256', scheme: 'ecdsa' },
  '1.2.840.10045.4.3.3': { digest: 'sha384', scheme: 'ecdsa' },
  '1.2.840.10045.4.3.4': { digest: 'sha512', scheme: 'ecdsa' },
};

export function digestOf(name: string, bytes: Uint8Array): Buffer {
  return createHash(name).update(bytes).digest();
}

export function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Node's name of a digest; `code`: what X-Road says when it is none. */
export function digestOfUri(uri: string | null, code: string): string {
  const name = DIGEST_URIS[uri ?? ''];
  if (name === undefined) throw new EvidenceError(code, `${uri ?? 'no'} is not a digest allowed`);
  return name;
}

/** Of an AlgorithmIdentifier. */
export function digestOfIdentifier(identifier: Der | undefined): string {
  const oid = oidOf(membersOf(identifier, Tag.Sequence)[0]);
  const name = DIGEST_OIDS[oid];
  if (name === undefined) throw new EvidenceError(null, `${oid} is not a digest known here`);
  return name;
}

/** A signature in XML; ECDSA is two numbers side by side there (RFC 9231, 2.3.6). */
export function verifyXmlSignature(
  uri: string | null,
  signed: Buffer,
  key: KeyObject,
  value: Buffer,
): boolean {
  const method = SIGNATURE_URIS[uri ?? ''];
  if (method === undefined) {
    const name = uri ?? 'nothing';
    throw new EvidenceError('invalid_signature_value', `${name} is not a signature allowed`);
  }
  return verifyWith(method, method.digest ?? 'sha512', signed, key, value, 'ieee-p1363');
}

/** A signature in ASN.1. `digest` counts where the algorithm does not name one. */
export function verifyDerSignature(
  identifier: Der | undefined,
  digest: string | null,
  signed: Buffer,
  key: KeyObject,
  value: Buffer,
): boolean {
  const [algorithm, parameters] = membersOf(identifier, Tag.Sequence);
  const oid = oidOf(algorithm);
  const method =
    oid === RSA_PSS_OID
      ? ({ digest: pssDigestOf(parameters), scheme: 'rsa-pss' } as const)
      : SIGNATURE_OIDS[oid];
  const used = method?.digest ?? digest;
  if (method === undefined || used === null) {
    throw new EvidenceError(null, `${oid} is not a signature known here`);
  }
  return verifyWith(method, used, signed, key, value, 'der');
}

/** RFC 4055, 3.1: `[0]` is the digest, SHA-1 where it is missing. */
function pssDigestOf(parameters: Der | undefined): string {
  if (parameters === undefined) return 'sha1';
  const hash = childrenOf(parameters).find(({ tag }) => tag === constructed(0));
  return hash === undefined ? 'sha1' : digestOfIdentifier(childrenOf(hash)[0]);
}

function verifyWith(
  { scheme }: SignatureMethod,
  digest: string,
  signed: Buffer,
  key: KeyObject,
  value: Buffer,
  dsaEncoding: 'der' | 'ieee-p1363',
): boolean {
  if (key.asymmetricKeyType !== (scheme === 'ecdsa' ? 'ec' : 'rsa')) return false;
  try {
    if (scheme === 'ecdsa') return verify(digest, signed, { key, dsaEncoding }, value);
    if (scheme === 'rsa') return verify(digest, signed, key, value);
    const padding = constants.RSA_PKCS1_PSS_PADDING;
    const saltLength = constants.RSA_PSS_SALTLEN_AUTO;
    return verify(digest, signed, { key, padding, saltLength }, value);
  } catch {
    // OpenSSL refuses some keys and values instead of answering no.
    return false;
  }
}
