/**
 * A time-stamping authority (RFC 3161) over HTTP POST. The certificate is put into the token only
 * where it is asked for; X-Road does not ask, and adds it itself from the global configuration
 * (ML/AbstractTimestampRequest, TimestamperUtil).
 */
import { sign } from 'node:crypto';
import { digestOf, digestOfIdentifier } from '../evidence/algorithms.ts';
import {
  childrenOf,
  constructed,
  integerOf,
  membersOf,
  octetsOf,
  oidOf,
  readDer,
  Tag,
} from '../evidence/der.ts';
import type { Der } from '../evidence/der.ts';
import { EvidenceError } from '../evidence/evidence-error.ts';
import {
  explicit,
  generalizedTime,
  integer,
  namedBits,
  octets,
  oid,
  sequence,
  setOf,
  utf8,
} from '../der-writer.ts';
import type { Endpoint } from '../loopback.ts';
import type { NetworkClock } from '../network-clock.ts';
import { digestIdentifier, signatureIdentifier } from './algorithm-identifier.ts';
import { issuerAndSerialOf } from './certificate.ts';
import type { CertifiedKey } from './keys.ts';
import { TrustService } from './trust-service.ts';

export interface TimeStamperOptions {
  readonly signer: CertifiedKey;
  /** Signs while the service is an impostor. */
  readonly impostor: CertifiedKey;
  readonly clock: NetworkClock;
}

export const TIME_STAMP_REQUEST_TYPE = 'application/timestamp-query';
export const TIME_STAMP_RESPONSE_TYPE = 'application/timestamp-reply';

export const TimeStampOid = {
  SignedData: '1.2.840.113549.1.7.2',
  Info: '1.2.840.113549.1.9.16.1.4',
} as const;

export async function startTimeStampingAuthority(
  at: Endpoint,
  { signer, impostor, clock }: TimeStamperOptions,
): Promise<TrustService> {
  // From the clock, so that a second start does not use numbers of the first again.
  let serial = BigInt(Math.floor(Date.now())) * 1_000_000n;
  return TrustService.start(at, {
    requestType: TIME_STAMP_REQUEST_TYPE,
    responseType: TIME_STAMP_RESPONSE_TYPE,
    answer: (request, isImpostor) => {
      serial += 1n;
      return answerTimeStamp(request, isImpostor ? impostor : signer, serial, clock.nowMs());
    },
  });
}

/** The answer to a request in DER, which need not be one. */
export function answerTimeStamp(
  request: Buffer,
  signer: CertifiedKey,
  serial: bigint,
  nowMs: number,
): Buffer {
  try {
    const asked = readRequest(request);
    const info = sequence(
      integer(1),
      oid(POLICY),
      asked.imprint,
      integer(serial),
      generalizedTime(nowMs),
      // The time is cut to its second.
      sequence(integer(1)),
      ...(asked.nonce === null ? [] : [asked.nonce]),
    );
    const token = makeToken(info, signer, asked.wantsCertificate);
    return sequence(sequence(integer(GRANTED)), token);
  } catch (error) {
    if (error instanceof Rejection) return reject(error.message, error.failure);
    if (error instanceof EvidenceError) return reject(error.message, Failure.BadDataFormat);
    throw error;
  }
}

interface AskedTimeStamp {
  /** DER, as it came. */
  readonly imprint: Buffer;
  readonly nonce: Buffer | null;
  readonly wantsCertificate: boolean;
}

/** PKIFailureInfo (RFC 3161, 2.4.2): the number of the bit. */
const Failure = {
  BadAlgorithm: 0,
  BadRequest: 2,
  BadDataFormat: 5,
  UnacceptedPolicy: 15,
  UnacceptedExtension: 16,
} as const;

const GRANTED = 0;
const REJECTION = 2;
/** The one that OpenSSL's and X-Road's test authorities use. */
const POLICY = '1.2.3.4.1';
const IMPRINTS: readonly string[] = ['sha256', 'sha384', 'sha512'];
const DIGEST = 'sha512';

class Rejection extends Error {
  override name = 'Rejection';
  readonly failure: number;

  constructor(failure: number, message: string) {
    super(message);
    this.failure = failure;
  }
}

function readRequest(bytes: Buffer): AskedTimeStamp {
  const [version, imprint, ...rest] = membersOf(readDer(bytes), Tag.Sequence);
  if (integerOf(version) !== '01') throw new Rejection(Failure.BadRequest, 'only version 1');
  checkImprint(imprint);
  const policy = rest.find(({ tag }) => tag === Tag.ObjectIdentifier);
  if (policy !== undefined && oidOf(policy) !== POLICY) {
    throw new Rejection(Failure.UnacceptedPolicy, `the policy here is ${POLICY}`);
  }
  if (rest.some(({ tag }) => tag === constructed(0))) {
    throw new Rejection(Failure.UnacceptedExtension, 'no extension is known here');
  }
  const nonce = rest.find(({ tag }) => tag === Tag.Integer);
  const wants = rest.find(({ tag }) => tag === Tag.Boolean);
  return {
    imprint: imprint.raw,
    nonce: nonce?.raw ?? null,
    wantsCertificate: wants !== undefined && wants.content[0] !== 0,
  };
}

function checkImprint(imprint: Der): void {
  const [algorithm, digest] = membersOf(imprint, Tag.Sequence);
  const bytes = octetsOf(digest);
  let name: string;
  try {
    name = digestOfIdentifier(algorithm);
  } catch {
    throw new Rejection(Failure.BadAlgorithm, 'the digest is not known here');
  }
  if (!IMPRINTS.includes(name)) throw new Rejection(Failure.BadAlgorithm, `${name} is too weak`);
  if (digestOf(name, Buffer.alloc(0)).length !== bytes.length) {
    throw new Rejection(Failure.BadDataFormat, `${bytes.length} bytes are no ${name}`);
  }
}

/** Signed data (RFC 5652, 5) around the information. */
function makeToken(info: Buffer, signer: CertifiedKey, carriesCertificate: boolean): Buffer {
  const digestAlgorithm = digestIdentifier(DIGEST);
  const certificateDigest = octets(digestOf(DIGEST, signer.certificateDer));
  const attributes = [
    attribute(Attribute.ContentType, oid(TimeStampOid.Info)),
    attribute(Attribute.MessageDigest, octets(digestOf(DIGEST, info))),
    // RFC 5816: the token names its certificate, so that none can replace it.
    attribute(
      Attribute.SigningCertificateV2,
      sequence(sequence(sequence(digestAlgorithm, certificateDigest))),
    ),
  ];
  // Signed as a SET, and written with another tag (RFC 5652, 5.4).
  const signed = setOf(...attributes);
  const value = sign(DIGEST, signed, signer.privateKey);
  const signerInfo = sequence(
    integer(1),
    issuerAndSerialOf(signer.certificateDer),
    digestAlgorithm,
    explicit(0, ...childrenOf(readDer(signed)).map(({ raw }) => raw)),
    signatureIdentifier(signer.privateKey, DIGEST),
    octets(value),
  );
  const content = sequence(oid(TimeStampOid.Info), explicit(0, octets(info)));
  const certificates = carriesCertificate ? [explicit(0, signer.certificateDer)] : [];
  const signedData = sequence(
    integer(3),
    setOf(digestAlgorithm),
    content,
    ...certificates,
    setOf(signerInfo),
  );
  return sequence(oid(TimeStampOid.SignedData), explicit(0, signedData));
}

const Attribute = {
  ContentType: '1.2.840.113549.1.9.3',
  MessageDigest: '1.2.840.113549.1.9.4',
  SigningCertificateV2: '1.2.840.113549.1.9.16.2.47',
} as const;

function attribute(type: string, value: Buffer): Buffer {
  return sequence(oid(type), setOf(value));
}

function reject(text: string, failure: number): Buffer {
  return sequence(sequence(integer(REJECTION), sequence(utf8(text)), namedBits(failure)));
}
