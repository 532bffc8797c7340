/**
 * The directory of a configuration: which parts there are, what their bytes hash to, and until when
 * all of it may be used; signed by a key of the central server (facts 6; pr-gconf, GEN's
 * DirectoryContentBuilder and DirectoryContentSigner, CC's ConfigurationParser).
 *
 * Signed is the body of the first part of the outer multipart: neither the headers of that part nor
 * those of the signature are covered, so nothing that is read from them is believed, but for the
 * boundary, without which there is no directory at all.
 */
import { createHash, sign, verify, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { decodeBase64 } from '../evidence/base64.ts';
import type { CertifiedKey } from '../pki/keys.ts';
import { ConfigurationError, ConfigurationFault } from './configuration-error.ts';
import {
  contentTypeOf,
  drawBoundary,
  parametersOf,
  readMultipart,
  readPart,
  writeMultipart,
} from './multipart.ts';
import type { Part, WrittenPart } from './multipart.ts';

export const ContentIdentifier = {
  Private: 'PRIVATE-PARAMETERS',
  Shared: 'SHARED-PARAMETERS',
} as const;

export interface DirectoryPart {
  readonly identifier: string;
  /** Empty: the part is of no instance, as some that are not parameters. */
  readonly instance: string;
  /** `/V6/20251110170000548026000/shared-params.xml` */
  readonly location: string;
  /** Node's name of a digest. */
  readonly digest: string;
  readonly hash: Buffer;
}

export interface Directory {
  readonly expiresMs: number;
  /** 2 where the directory does not say: the header came with version 3. */
  readonly version: number;
  readonly parts: readonly DirectoryPart[];
}

/** A directory as it came; nothing in it may be believed before `verifyDirectory`. */
export interface SignedDirectory {
  readonly contentType: string;
  readonly signed: Buffer;
  readonly signature: Buffer;
  readonly signatureAlgorithm: string;
  readonly certificateDigest: string;
  readonly certificateHash: Buffer;
}

export const SHA512_URI = 'http://www.w3.org/2001/04/xmlenc#sha512';

const DIGESTS: Readonly<Record<string, string>> = {
  'http://www.w3.org/2001/04/xmlenc#sha256': 'sha256',
  'http://www.w3.org/2001/04/xmldsig-more#sha384': 'sha384',
  [SHA512_URI]: 'sha512',
};

const MORE = 'http://www.w3.org/2001/04/xmldsig-more#';
const SIGNATURES: Readonly<Record<string, { readonly digest: string; readonly key: string }>> = {
  [`${MORE}rsa-sha256`]: { digest: 'sha256', key: 'rsa' },
  [`${MORE}rsa-sha384`]: { digest: 'sha384', key: 'rsa' },
  [`${MORE}rsa-sha512`]: { digest: 'sha512', key: 'rsa' },
  [`${MORE}ecdsa-sha256`]: { digest: 'sha256', key: 'ec' },
  [`${MORE}ecdsa-sha384`]: { digest: 'sha384', key: 'ec' },
  [`${MORE}ecdsa-sha512`]: { digest: 'sha512', key: 'ec' },
};

/** The whole document, as a configuration source serves it. */
export function writeSignedDirectory(directory: Directory, key: CertifiedKey): Buffer {
  const boundary = drawBoundary();
  const signed = writeDirectory(directory, boundary);
  // ECDSA is in ASN.1 here, though XML has it as two numbers (DirectoryContentSigner).
  const signature = sign('sha512', Buffer.from(signed, 'utf8'), key.privateKey);
  const algorithm = key.kind === 'ec-p256' ? 'ecdsa-sha512' : 'rsa-sha512';
  const certificateHash = digestOf('sha512', key.certificateDer).toString('base64');
  const outer = drawBoundary();
  const parts: readonly WrittenPart[] = [
    { headers: [['Content-Type', contentTypeOf('multipart/mixed', boundary)]], content: signed },
    {
      headers: [
        ['Content-Type', 'application/octet-stream'],
        ['Content-Transfer-Encoding', 'base64'],
        ['Signature-Algorithm-Id', `${MORE}${algorithm}`],
        ['Verification-certificate-hash', `${certificateHash}; hash-algorithm-id="${SHA512_URI}"`],
      ],
      content: signature.toString('base64'),
    },
  ];
  const head = `Content-Type: ${contentTypeOf('multipart/related', outer)}\r\n\r\n`;
  return Buffer.from(head + writeMultipart(parts, outer), 'utf8');
}

function writeDirectory({ expiresMs, version, parts }: Directory, boundary: string): string {
  const head: WrittenPart = {
    headers: [
      ['Expire-date', wholeSeconds(expiresMs)],
      ['Version', String(version)],
    ],
    content: null,
  };
  const written = parts.map(({ identifier, instance, location, hash }): WrittenPart => ({
    headers: [
      ['Content-type', 'application/octet-stream'],
      ['Content-transfer-encoding', 'base64'],
      ['Content-identifier', `${identifier}; instance='${instance}'`],
      ['Content-location', location],
      ['Hash-algorithm-id', SHA512_URI],
    ],
    content: hash.toString('base64'),
  }));
  return writeMultipart([head, ...written], boundary);
}

/** Rounded down: a configuration may not be used longer than was meant. */
function wholeSeconds(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19)}Z`;
}

/** Throws a ConfigurationError where the bytes are no signed directory. */
export function readSignedDirectory(bytes: Buffer): SignedDirectory {
  const outer = readPart(bytes);
  const type = outer.headers.get('content-type') ?? '';
  const [signedPart, signaturePart] = readMultipart(outer.body, type, 'multipart/related');
  if (signedPart === undefined || signaturePart === undefined) {
    throw new ConfigurationError(
      ConfigurationFault.MissingSignedData,
      'a directory without signed data or without a signature',
    );
  }
  const { headers } = signaturePart;
  const [hash, parameters] = parametersOf(headerOf(signaturePart, 'verification-certificate-hash'));
  const certificateHash = decodeBase64(hash);
  const signature = decodeBase64(signaturePart.body.toString('latin1'));
  if (signature === null || certificateHash === null) {
    const message = 'the signature of the directory is not base64';
    throw new ConfigurationError(ConfigurationFault.SignatureEncoding, message);
  }
  return {
    contentType: headerOf(signedPart, 'content-type'),
    signed: signedPart.body,
    signature,
    signatureAlgorithm: headers.get('signature-algorithm-id') ?? '',
    certificateDigest: digestOfUri(parameters.get('hash-algorithm-id') ?? ''),
    certificateHash,
  };
}

/**
 * The directory, if one of these certificates (DER) is the one that it names and its key made the
 * signature. Neither their issuer nor their validity is looked at: an anchor is trusted as it is,
 * and the certificates of real ones have run out long before (CC's ConfigurationParser).
 */
export function verifyDirectory(
  directory: SignedDirectory,
  certificates: readonly Buffer[],
  nowMs: number,
): Directory {
  const { certificateDigest, certificateHash } = directory;
  const certificate = certificates.find((der) =>
    digestOf(certificateDigest, der).equals(certificateHash),
  );
  if (certificate === undefined) {
    const named = certificateHash.toString('base64');
    const message = `no verification certificate has the hash ${named}`;
    throw new ConfigurationError(ConfigurationFault.MissingVerificationCertificate, message);
  }
  if (!isSignedWith(directory, keyOf(certificate))) {
    const message = 'the signature of the directory does not hold';
    throw new ConfigurationError(ConfigurationFault.Signature, message);
  }
  const read = readDirectory(directory.signed, directory.contentType);
  if (read.expiresMs < nowMs) {
    const message = `the configuration expired on ${wholeSeconds(read.expiresMs)}`;
    throw new ConfigurationError(ConfigurationFault.Outdated, message);
  }
  return read;
}

export function isSignedWith(directory: SignedDirectory, key: KeyObject): boolean {
  const method = SIGNATURES[directory.signatureAlgorithm];
  if (method === undefined || method.key !== key.asymmetricKeyType) return false;
  try {
    return verify(method.digest, directory.signed, key, directory.signature);
  } catch {
    // OpenSSL refuses some values instead of answering no.
    return false;
  }
}

/** The signed body. `contentType` names its boundary. */
export function readDirectory(signed: Buffer, contentType: string): Directory {
  const [head, ...rest] = readMultipart(signed, contentType, 'multipart/mixed');
  if (head === undefined) {
    const message = 'the signed directory is empty';
    throw new ConfigurationError(ConfigurationFault.MissingSignedData, message);
  }
  const expiresMs = timeOf(head.headers.get('expire-date') ?? '');
  const version = head.headers.get('version') ?? '2';
  if (!/^\d{1,3}$/.test(version)) throw malformed(`version "${version}"`);
  return { expiresMs, version: Number(version), parts: rest.map(partOf) };
}

const PARAMETERS: readonly string[] = Object.values(ContentIdentifier);

/** CC's ConfigurationFile has the same demands. */
function partOf(part: Part): DirectoryPart {
  for (const [name, value] of REQUIRED) {
    if (headerOf(part, name).toLowerCase() !== value) throw malformed(`${name} is not ${value}`);
  }
  const [identifier, parameters] = parametersOf(part.headers.get('content-identifier') ?? '');
  const instance = parameters.get('instance') ?? '';
  if (instance === '' && PARAMETERS.includes(identifier)) {
    throw malformed(`${identifier} of no instance`);
  }
  const hash = decodeBase64(part.body.toString('latin1'));
  if (hash === null || hash.length === 0) throw malformed('a hash is not base64');
  const digest = digestOfUri(headerOf(part, 'hash-algorithm-id'));
  return { identifier, instance, location: headerOf(part, 'content-location'), digest, hash };
}

const REQUIRED = [
  ['content-type', 'application/octet-stream'],
  ['content-transfer-encoding', 'base64'],
] as const;

/** Whether the bytes are those that the directory tells of. */
export function isContentOf({ digest, hash }: DirectoryPart, content: Uint8Array): boolean {
  return digestOf(digest, content).equals(hash);
}

export function digestOf(digest: string, bytes: Uint8Array): Buffer {
  return createHash(digest).update(bytes).digest();
}

function keyOf(der: Buffer): KeyObject {
  try {
    return new X509Certificate(der).publicKey;
  } catch {
    const message = 'the verification certificate cannot be read';
    throw new ConfigurationError(ConfigurationFault.MissingVerificationCertificate, message);
  }
}

function digestOfUri(uri: string): string {
  const digest = DIGESTS[uri];
  if (digest === undefined) throw malformed(`"${uri}" is not a digest allowed`);
  return digest;
}

function headerOf({ headers }: Part, name: string): string {
  const value = headers.get(name);
  if (value === undefined || value === '') throw malformed(`${name} is missing`);
  return value;
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)$/;

function timeOf(text: string): number {
  if (text === '') {
    const message = 'the directory does not say when it expires';
    throw new ConfigurationError(ConfigurationFault.MissingExpireDate, message);
  }
  const timeMs = TIME.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(timeMs)) throw malformed(`Expire-date "${text}"`);
  return timeMs;
}

function malformed(reason: string): ConfigurationError {
  return new ConfigurationError(ConfigurationFault.Malformed, `a broken directory: ${reason}`);
}
