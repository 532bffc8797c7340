/**
 * OCSP responses (RFC 6960), as X-Road judges them (GI/ocsp/OcspVerifier): the first single
 * response counts; the responder is named for the authority, is the authority, or was given the
 * task by it; thisUpdate is no older than the instance's limit at the time of the evidence.
 */
import { digestOf, digestOfIdentifier, isSame, verifyDerSignature } from './algorithms.ts';
import {
  ExtendedUsage,
  hasExtendedUsage,
  isIssuedBy,
  isSameCertificate,
  isSameName,
  isValidAt,
  readCertificate,
} from './certificate.ts';
import type { Certificate } from './certificate.ts';
import {
  bitsOf,
  childrenOf,
  constructed,
  expectTag,
  integerOf,
  membersOf,
  octetsOf,
  oidOf,
  primitive,
  readDer,
  Tag,
  timeOf,
} from './der.ts';
import type { Der } from './der.ts';
import { EvidenceError } from './evidence-error.ts';

export interface OcspResponse {
  readonly producedAtMs: number;
  readonly thisUpdateMs: number;
  readonly nextUpdateMs: number | null;
  readonly status: 'good' | 'revoked' | 'unknown';
  readonly revokedAtMs: number | null;
  readonly certificateId: CertificateId;
  readonly certificates: readonly Certificate[];
  readonly isOfResponder: (certificate: Certificate) => boolean;
  readonly signed: Buffer;
  readonly algorithm: Der;
  readonly value: Buffer;
}

interface CertificateId {
  readonly digest: string;
  readonly issuerNameHash: Buffer;
  readonly issuerKeyHash: Buffer;
  readonly serial: string;
}

const BASIC_RESPONSE = '1.3.6.1.5.5.7.48.1.1';
const SUCCESSFUL = 0;
const CERTIFICATES_MAX = 20;
const INCORRECT = 'incorrect_validation_info';

/** X-Road keeps as many (facts 2.6). */
const READ_MAX = 1000;
const read = new Map<string, OcspResponse>();

/**
 * Throws an EvidenceError where the bytes are no answer. One answer comes with many messages, so
 * what was read is kept; how fresh it is is asked anew each time.
 */
export function readOcsp(der: Buffer): OcspResponse {
  const name = der.toString('latin1');
  const known = read.get(name);
  if (known !== undefined) return known;
  const made = parseOcsp(Buffer.from(der));
  if (read.size >= READ_MAX) read.clear();
  read.set(name, made);
  return made;
}

function parseOcsp(der: Buffer): OcspResponse {
  const [status, wrapped] = membersOf(readDer(der), Tag.Sequence);
  if (expectTag(status, Tag.Enumerated).content[0] !== SUCCESSFUL) refuse('it is an error');
  const [type, octets] = membersOf(membersOf(wrapped, constructed(0))[0], Tag.Sequence);
  if (oidOf(type) !== BASIC_RESPONSE) refuse('it is of another kind');
  const [data, algorithm, value, carried] = membersOf(readDer(octetsOf(octets)), Tag.Sequence);
  const certificates =
    carried === undefined ? [] : membersOf(membersOf(carried, constructed(0))[0], Tag.Sequence);
  if (certificates.length > CERTIFICATES_MAX) refuse('it carries too many certificates');
  // The version is written only where it is not 1.
  const [responder, producedAt, responses] = membersOf(data, Tag.Sequence).filter(
    ({ tag }) => tag !== constructed(0),
  );
  return {
    ...readSingle(membersOf(responses, Tag.Sequence)[0]),
    producedAtMs: timeOf(producedAt),
    certificates: certificates.map(({ raw }) => readCertificate(raw)),
    isOfResponder: matcherOf(responder),
    signed: data.raw,
    algorithm: expectTag(algorithm, Tag.Sequence),
    value: bitsOf(value),
  };
}

/** Whether it is about a certificate. Without its issuer the key's hash cannot be compared. */
export function isAbout(
  { certificateId }: OcspResponse,
  subject: Certificate,
  issuer: Certificate | null,
): boolean {
  const { digest, issuerNameHash, issuerKeyHash, serial } = certificateId;
  if (serial !== subject.serial) return false;
  const issuerName = issuer?.subject ?? subject.issuer;
  if (!isSame(digestOf(digest, issuerName), issuerNameHash)) return false;
  return issuer === null || isSame(digestOf(digest, issuer.keyBits), issuerKeyHash);
}

/** Of those that are known and those that the response carries; null: none. */
export function responderOf(
  response: OcspResponse,
  known: readonly Certificate[],
): Certificate | null {
  return [...known, ...response.certificates].find(response.isOfResponder) ?? null;
}

/** By whose key the signature of an answer was found to hold: that never changes. */
const signedBy = new WeakMap<OcspResponse, Certificate>();

export function checkOcspSignature(response: OcspResponse, responder: Certificate): void {
  if (signedBy.get(response) === responder) return;
  const { algorithm, signed, value } = response;
  if (!verifyDerSignature(algorithm, null, signed, responder.x509.publicKey, value)) {
    throw new EvidenceError(INCORRECT, 'the signature of the OCSP response does not hold');
  }
  signedBy.set(response, responder);
}

/** `named`: the responders that the trust names for the authority. */
export function isAuthorised(
  { producedAtMs }: OcspResponse,
  responder: Certificate,
  issuer: Certificate,
  named: readonly Certificate[],
): boolean {
  if (named.some((one) => isSameCertificate(one, responder))) return true;
  if (isSameCertificate(responder, issuer)) return true;
  return (
    hasExtendedUsage(responder, ExtendedUsage.OcspSigning) &&
    isValidAt(responder, producedAtMs) &&
    isIssuedBy(responder, issuer)
  );
}

/** Throws an EvidenceError where the certificate was not good. */
export function checkStatus({ status, revokedAtMs }: OcspResponse): void {
  if (status === 'good') return;
  const since = revokedAtMs === null ? '' : ` since ${new Date(revokedAtMs).toISOString()}`;
  throw new EvidenceError('cert_validation', `the OCSP response says ${status}${since}`);
}

function readSingle(
  single: Der | undefined,
): Pick<
  OcspResponse,
  'certificateId' | 'status' | 'revokedAtMs' | 'thisUpdateMs' | 'nextUpdateMs'
> {
  const [identifier, status, thisUpdate, ...rest] = membersOf(single, Tag.Sequence);
  const [algorithm, nameHash, keyHash, serial] = membersOf(identifier, Tag.Sequence);
  const next = rest.find(({ tag }) => tag === constructed(0));
  return {
    certificateId: {
      digest: digestOfIdentifier(algorithm),
      issuerNameHash: octetsOf(nameHash),
      issuerKeyHash: octetsOf(keyHash),
      serial: integerOf(serial),
    },
    ...readStatus(status),
    thisUpdateMs: timeOf(thisUpdate),
    nextUpdateMs: next === undefined ? null : timeOf(childrenOf(next)[0]),
  };
}

function readStatus(status: Der | undefined): Pick<OcspResponse, 'status' | 'revokedAtMs'> {
  if (status?.tag === primitive(0)) return { status: 'good', revokedAtMs: null };
  if (status?.tag === constructed(1)) {
    return { status: 'revoked', revokedAtMs: timeOf(childrenOf(status)[0]) };
  }
  if (status?.tag === primitive(2)) return { status: 'unknown', revokedAtMs: null };
  return refuse('it says nothing about the certificate');
}

/** By name, or by the SHA-1 of the key. */
function matcherOf(responder: Der | undefined): OcspResponse['isOfResponder'] {
  const inside = responder === undefined ? undefined : childrenOf(responder)[0];
  if (responder?.tag === constructed(1) && inside !== undefined) {
    return ({ subject }) => isSameName(subject, inside.raw);
  }
  if (responder?.tag !== constructed(2)) return refuse('it does not name its responder');
  const hash = octetsOf(inside);
  return ({ keyBits }) => isSame(digestOf('sha1', keyBits), hash);
}

function refuse(reason: string): never {
  throw new EvidenceError(INCORRECT, `the OCSP response cannot be read: ${reason}`);
}
