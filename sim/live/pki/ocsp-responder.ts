/**
 * An OCSP responder (RFC 6960) over HTTP POST. It answers for the authorities it is given, by their
 * books: good, revoked since when and why, unknown. A nonce is echoed; certificates may be named by
 * SHA-1, as X-Road's client does (facts 5.2, 11), or by a SHA-2 digest.
 */
import { digestOf, digestOfIdentifier, isSame } from '../evidence/algorithms.ts';
import {
  childrenOf,
  constructed,
  integerOf,
  membersOf,
  octetsOf,
  oidOf,
  primitive,
  readDer,
  Tag,
} from '../evidence/der.ts';
import type { Der } from '../evidence/der.ts';
import { EvidenceError } from '../evidence/evidence-error.ts';
import {
  der,
  enumerated,
  explicit,
  generalizedTime,
  octets,
  oid,
  sequence,
} from '../der-writer.ts';
import type { Endpoint } from '../loopback.ts';
import type { NetworkClock } from '../network-clock.ts';
import { signedSequence } from './algorithm-identifier.ts';
import type { Authority, CertificateStatus } from './authority.ts';
import { keyBitsOf, wrappedExtensions } from './certificate-extension.ts';
import { subjectOf } from './certificate.ts';
import type { CertifiedKey } from './keys.ts';
import { TrustService } from './trust-service.ts';

/** The signer may be the authority itself, or somebody whom it gave the task. */
export interface AnsweredAuthority {
  readonly authority: Authority;
  readonly signer: CertifiedKey;
}

/** When an answer says that it was true; spans of the network's clock. */
export interface Timeliness {
  /** How old answers are when they are given: thisUpdate lies so far back. */
  readonly ageMs: number;
  /** From thisUpdate to nextUpdate; null: nextUpdate is left out. */
  readonly nextUpdateMs: number | null;
}

export interface OcspResponderOptions {
  readonly authorities: readonly AnsweredAuthority[];
  /** Signs while the service is an impostor. */
  readonly impostor: CertifiedKey;
  readonly timeliness: Timeliness;
  readonly clock: NetworkClock;
}

export interface OcspResponder {
  readonly service: TrustService;
  setTimeliness(timeliness: Timeliness): void;
}

export const OCSP_REQUEST_TYPE = 'application/ocsp-request';
export const OCSP_RESPONSE_TYPE = 'application/ocsp-response';

export async function startOcspResponder(
  at: Endpoint,
  { authorities, impostor, timeliness, clock }: OcspResponderOptions,
): Promise<OcspResponder> {
  let current = timeliness;
  const service = await TrustService.start(at, {
    requestType: OCSP_REQUEST_TYPE,
    responseType: OCSP_RESPONSE_TYPE,
    answer: (request, isImpostor) => {
      const signers = isImpostor
        ? authorities.map(({ authority }) => ({ authority, signer: impostor }))
        : authorities;
      return answerOcsp(request, signers, current, clock.nowMs());
    },
  });
  return {
    service,
    setTimeliness: (next) => {
      current = next;
    },
  };
}

/** The answer to a request in DER, which need not be one. */
export function answerOcsp(
  request: Buffer,
  authorities: readonly AnsweredAuthority[],
  timeliness: Timeliness,
  nowMs: number,
): Buffer {
  try {
    const asked = readRequest(request);
    const answered = asked.identifiers.map((identifier) => ({
      identifier,
      by: authorities.find(({ authority }) => isOf(identifier, authority)) ?? null,
    }));
    const signer = (answered.find(({ by }) => by !== null)?.by ?? authorities[0]).signer;
    const thisUpdateMs = nowMs - timeliness.ageMs;
    const singles = answered.map(({ identifier, by }) => {
      const serial = integerOf(identifier.serial);
      const status = by?.authority.statusAt(serial, thisUpdateMs) ?? UNKNOWN;
      return single(identifier.whole.raw, status, thisUpdateMs, timeliness.nextUpdateMs);
    });
    const data = sequence(
      explicit(1, subjectOf(signer.certificateDer)),
      generalizedTime(nowMs),
      sequence(...singles),
      ...(asked.nonce === null ? [] : [wrappedExtensions(1, [asked.nonce])]),
    );
    const carried = explicit(0, sequence(signer.certificateDer));
    return successful(signedSequence(data, signer.privateKey, 'sha256', carried));
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error;
    return sequence(enumerated(MALFORMED_REQUEST));
  }
}

interface AskedIdentifier {
  readonly whole: Der;
  readonly digest: string;
  readonly nameHash: Buffer;
  readonly keyHash: Buffer;
  readonly serial: Der;
}

interface AskedRequest {
  readonly identifiers: readonly AskedIdentifier[];
  /** The whole extension, as it came. */
  readonly nonce: Buffer | null;
}

const BASIC_RESPONSE = '1.3.6.1.5.5.7.48.1.1';
const NONCE = '1.3.6.1.5.5.7.48.1.2';
const SUCCESSFUL = 0;
const MALFORMED_REQUEST = 1;
const UNKNOWN: CertificateStatus = { kind: 'unknown' };
const IDENTIFIERS_MAX = 100;
/** RFC 9654, 2.1: longer ones need not be taken. */
const NONCE_BYTES_MAX = 130;

/** Throws an EvidenceError where the bytes are no request. A signature on it is not looked at. */
function readRequest(bytes: Buffer): AskedRequest {
  const [asked] = membersOf(readDer(bytes), Tag.Sequence);
  const members = membersOf(asked, Tag.Sequence);
  const list = members.find(({ tag }) => tag === Tag.Sequence);
  const identifiers = membersOf(list, Tag.Sequence).map(readIdentifier);
  if (identifiers.length === 0 || identifiers.length > IDENTIFIERS_MAX) {
    throw new EvidenceError(null, `a request about ${identifiers.length} certificates`);
  }
  const wrapped = members.find(({ tag }) => tag === constructed(2));
  return { identifiers, nonce: wrapped === undefined ? null : nonceOf(wrapped) };
}

function readIdentifier(request: Der): AskedIdentifier {
  const [whole] = membersOf(request, Tag.Sequence);
  const [algorithm, nameHash, keyHash, serial] = membersOf(whole, Tag.Sequence);
  integerOf(serial);
  return {
    whole,
    digest: digestOfIdentifier(algorithm),
    nameHash: octetsOf(nameHash),
    keyHash: octetsOf(keyHash),
    serial,
  };
}

function nonceOf(wrapped: Der): Buffer | null {
  for (const extension of membersOf(childrenOf(wrapped)[0], Tag.Sequence)) {
    const parts = membersOf(extension, Tag.Sequence);
    if (oidOf(parts[0]) !== NONCE) continue;
    if (octetsOf(parts[parts.length - 1]).length > NONCE_BYTES_MAX) {
      throw new EvidenceError(null, 'the nonce is too long');
    }
    return extension.raw;
  }
  return null;
}

function isOf(
  { digest, nameHash, keyHash }: AskedIdentifier,
  { subject, key }: Authority,
): boolean {
  return (
    isSame(digestOf(digest, subject), nameHash) &&
    isSame(digestOf(digest, keyBitsOf(key.publicKey)), keyHash)
  );
}

function single(
  identifier: Buffer,
  status: CertificateStatus,
  thisUpdateMs: number,
  nextUpdateMs: number | null,
): Buffer {
  return sequence(
    identifier,
    statusDer(status),
    generalizedTime(thisUpdateMs),
    ...(nextUpdateMs === null ? [] : [explicit(0, generalizedTime(thisUpdateMs + nextUpdateMs))]),
  );
}

function statusDer(status: CertificateStatus): Buffer {
  if (status.kind === 'good') return der(primitive(0));
  if (status.kind === 'unknown') return der(primitive(2));
  const since = generalizedTime(status.sinceMs);
  return explicit(1, since, explicit(0, enumerated(status.reason)));
}

function successful(basic: Buffer): Buffer {
  return sequence(
    enumerated(SUCCESSFUL),
    explicit(0, sequence(oid(BASIC_RESPONSE), octets(basic))),
  );
}
