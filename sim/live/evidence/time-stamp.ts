/**
 * Time-stamp tokens (RFC 3161): a signed message (CMS, RFC 5652) that says when a digest was there.
 *
 *    ContentInfo / SignedData
 *      encapContentInfo / TSTInfo    digest of what is stamped, the time
 *      certificates                  perhaps that of the authority
 *      SignerInfo                    signed attributes with the digest of TSTInfo; their signature
 */
import { digestOf, digestOfIdentifier, isSame, verifyDerSignature } from './algorithms.ts';
import {
  isSameCertificate,
  isSameName,
  isValidAt,
  nameOf,
  readCertificate,
} from './certificate.ts';
import type { Certificate } from './certificate.ts';
import {
  childrenOf,
  constructed,
  derOfBer,
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

export interface TimeStamp {
  readonly timeMs: number;
  readonly imprintDigest: string;
  readonly imprint: Buffer;
  /** Certificates that the token carries. */
  readonly certificates: readonly Certificate[];
  readonly content: Buffer;
  readonly signer: SignerInfo;
}

interface SignerInfo {
  readonly isOf: (certificate: Certificate) => boolean;
  readonly digest: string;
  readonly attributes: ReadonlyMap<string, Der>;
  /** What is signed: the attributes as a set. */
  readonly signed: Buffer;
  readonly algorithm: Der;
  readonly value: Buffer;
}

const Oid = {
  SignedData: '1.2.840.113549.1.7.2',
  TimeStampInfo: '1.2.840.113549.1.9.16.1.4',
  ContentType: '1.2.840.113549.1.9.3',
  MessageDigest: '1.2.840.113549.1.9.4',
  SigningCertificate: '1.2.840.113549.1.9.16.2.12',
  SigningCertificateV2: '1.2.840.113549.1.9.16.2.47',
} as const;

const CERTIFICATES_MAX = 20;
/** What X-Road says where a token does not fit, or its signature does not hold. */
const MALFORMED = 'malformed_signature';
const NOT_VERIFIED = 'mlog.timestamp_signer_verification_failed';

/** Throws an EvidenceError where the bytes are no token. */
export function readTimeStamp(token: Buffer): TimeStamp {
  const [type, wrapped] = membersOf(readDer(derOfBer(token)), Tag.Sequence);
  if (oidOf(type) !== Oid.SignedData) refuse('it is no signed data');
  const [, , encapsulated, ...rest] = membersOf(
    membersOf(wrapped, constructed(0))[0],
    Tag.Sequence,
  );
  const [contentType, contentWrapped] = membersOf(encapsulated, Tag.Sequence);
  if (oidOf(contentType) !== Oid.TimeStampInfo) refuse('it is no time-stamp');
  const content = octetsOf(membersOf(contentWrapped, constructed(0))[0]);
  const signers = membersOf(rest.at(-1), Tag.Set);
  if (signers.length !== 1) refuse('it does not have one signer');
  const carried = rest.find(({ tag }) => tag === constructed(0));
  const certificates = carried === undefined ? [] : childrenOf(carried);
  if (certificates.length > CERTIFICATES_MAX) refuse('it carries too many certificates');
  const [, , imprint, , time] = membersOf(readDer(content), Tag.Sequence);
  const [imprintAlgorithm, digest] = membersOf(imprint, Tag.Sequence);
  return {
    timeMs: timeOf(expectTag(time, Tag.GeneralizedTime)),
    imprintDigest: digestOfIdentifier(imprintAlgorithm),
    imprint: octetsOf(digest),
    certificates: certificates.map(({ raw }) => readCertificate(raw)),
    content,
    signer: readSigner(signers[0]),
  };
}

/** The certificate of the authority: of those that somebody knows, else of those in the token. */
export function signerOf(
  { signer, certificates }: TimeStamp,
  known: readonly Certificate[],
): Certificate | null {
  return known.find(signer.isOf) ?? certificates.find(signer.isOf) ?? null;
}

/** Throws an EvidenceError where the token is of other bytes. */
export function checkImprint({ imprint, imprintDigest }: TimeStamp, stamped: Buffer): void {
  if (!isSame(digestOf(imprintDigest, stamped), imprint)) {
    throw new EvidenceError(MALFORMED, 'the time-stamp is of something else');
  }
}

/** Throws an EvidenceError where the token is not what the authority signed. */
export function checkTimeStampSignature(stamp: TimeStamp, authority: Certificate): void {
  const { signer, content, timeMs, certificates } = stamp;
  const { attributes, digest, algorithm, signed, value } = signer;
  const contentType = attributes.get(Oid.ContentType);
  if (oidOf(contentType) !== Oid.TimeStampInfo) fail('its attributes are of another content');
  const messageDigest = octetsOf(attributes.get(Oid.MessageDigest));
  if (!isSame(digestOf(digest, content), messageDigest)) fail('its content has been changed');
  checkSigningCertificate(attributes, authority);
  // RFC 3161, 2.4.1: a token that carries certificates carries that of its authority.
  const carriesIt = certificates.some((one) => isSameCertificate(one, authority));
  if (certificates.length > 0 && !carriesIt) fail('it carries the certificate of somebody else');
  if (!verifyDerSignature(algorithm, digest, signed, authority.x509.publicKey, value)) {
    fail(`it is not signed by ${nameOf(authority)}`);
  }
  if (!isValidAt(authority, timeMs)) fail('the certificate of the authority was not valid then');
}

function readSigner(info: Der): SignerInfo {
  const [, identifier, digestIdentifier, attributes, algorithm, value] = membersOf(
    info,
    Tag.Sequence,
  );
  const members = membersOf(attributes, constructed(0)).map((attribute) => {
    const [type, values] = membersOf(attribute, Tag.Sequence);
    const [first, ...more] = membersOf(values, Tag.Set);
    if (first === undefined || more.length > 0) refuse('an attribute has not one value');
    return [oidOf(type), first] as const;
  });
  const byType = new Map(members);
  if (byType.size < members.length) refuse('an attribute is there twice');
  // RFC 5652, 5.4: signed as a SET, though written with another tag.
  const signed = Buffer.from(attributes.raw);
  signed[0] = Tag.Set;
  return {
    isOf: matcherOf(identifier),
    digest: digestOfIdentifier(digestIdentifier),
    attributes: byType,
    signed,
    algorithm: expectTag(algorithm, Tag.Sequence),
    value: octetsOf(value),
  };
}

/** By issuer and serial number, or by the identifier of the key. */
function matcherOf(identifier: Der): SignerInfo['isOf'] {
  if (identifier.tag === primitive(0)) {
    const { content } = identifier;
    return ({ keyIdentifier }) => keyIdentifier?.equals(content) === true;
  }
  const [issuer, serial] = membersOf(identifier, Tag.Sequence);
  const number = integerOf(serial);
  return (certificate) =>
    certificate.serial === number && isSameName(certificate.issuer, issuer.raw);
}

/** RFC 3161, 2.4.2 and RFC 5816: the token names its certificate, so that none can replace it. */
function checkSigningCertificate(
  attributes: ReadonlyMap<string, Der>,
  authority: Certificate,
): void {
  const newer = attributes.get(Oid.SigningCertificateV2);
  const attribute = newer ?? attributes.get(Oid.SigningCertificate);
  if (attribute === undefined) fail('it does not name the certificate of the authority');
  const [identifiers] = membersOf(attribute, Tag.Sequence);
  const fields = membersOf(membersOf(identifiers, Tag.Sequence)[0], Tag.Sequence);
  const hasAlgorithm = newer !== undefined && fields[0]?.tag === Tag.Sequence;
  const byDefault = newer === undefined ? 'sha1' : 'sha256';
  const name = hasAlgorithm ? digestOfIdentifier(fields[0]) : byDefault;
  const digest = octetsOf(fields[hasAlgorithm ? 1 : 0]);
  if (!isSame(digestOf(name, authority.raw), digest)) fail('it names another certificate');
}

function fail(reason: string): never {
  throw new EvidenceError(NOT_VERIFIED, `the time-stamp does not hold: ${reason}`);
}

function refuse(reason: string): never {
  throw new EvidenceError(MALFORMED, `the time-stamp cannot be read: ${reason}`);
}
