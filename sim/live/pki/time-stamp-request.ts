/**
 * What a security server asks a time-stamping authority (ML/AbstractTimestampRequest): the SHA-512
 * of what it stamps, without a nonce and without asking for the certificate. The answer is checked
 * against the request and the authorities of the global configuration, and the certificate of the
 * one that signed is put into the token, where it is kept.
 */
import { boolean, explicit, integer, octets, oid, sequence, setOf } from '../der-writer.ts';
import { digestOf } from '../evidence/algorithms.ts';
import type { Certificate } from '../evidence/certificate.ts';
import {
  childrenOf,
  constructed,
  expectTag,
  integerOf,
  membersOf,
  readDer,
  Tag,
} from '../evidence/der.ts';
import type { Der } from '../evidence/der.ts';
import { EvidenceError } from '../evidence/evidence-error.ts';
import {
  checkImprint,
  checkTimeStampSignature,
  readTimeStamp,
  signerOf,
} from '../evidence/time-stamp.ts';
import { digestIdentifier } from './algorithm-identifier.ts';
import {
  TIME_STAMP_REQUEST_TYPE,
  TIME_STAMP_RESPONSE_TYPE,
  TimeStampOid,
} from './time-stamping-authority.ts';
import { callTrustService, TrustCallError } from './trust-call.ts';

export interface TimeStampRequestOptions {
  readonly digest: 'sha256' | 'sha512';
  readonly policy: string | null;
  readonly nonce: Buffer | null;
  readonly wantsCertificate: boolean;
}

const XROAD_TIME_STAMP_REQUEST: TimeStampRequestOptions = {
  digest: 'sha512',
  policy: null,
  nonce: null,
  wantsCertificate: false,
};

export function makeTimeStampRequest(
  stamped: Buffer,
  options: TimeStampRequestOptions = XROAD_TIME_STAMP_REQUEST,
): Buffer {
  const { digest, policy, nonce, wantsCertificate } = options;
  return sequence(
    integer(1),
    sequence(digestIdentifier(digest), octets(digestOf(digest, stamped))),
    ...(policy === null ? [] : [oid(policy)]),
    ...(nonce === null ? [] : [integer(nonce)]),
    ...(wantsCertificate ? [boolean(true)] : []),
  );
}

/**
 * The token in DER, with the certificate of its authority. Throws a TrustCallError where there is
 * no answer or a refusal, an EvidenceError where the token is not what was asked for.
 */
export async function askTimeStamp(
  url: string,
  stamped: Buffer,
  known: readonly Certificate[],
  signal: AbortSignal | null,
): Promise<Buffer> {
  const types = { request: TIME_STAMP_REQUEST_TYPE, response: TIME_STAMP_RESPONSE_TYPE };
  const answer = await callTrustService(url, types, makeTimeStampRequest(stamped), signal);
  const token = tokenOf(answer, url);
  const stamp = readTimeStamp(token);
  checkImprint(stamp, stamped);
  const signer = known.find(stamp.signer.isOf);
  if (signer === undefined) {
    // Only the authorities of the global configuration count, whatever the token carries.
    const carried = signerOf(stamp, []);
    const who = carried === null ? 'nobody we know' : 'somebody the configuration does not name';
    throw new EvidenceError('mlog.tsp_certificate_not_found', `${url}: signed by ${who}`);
  }
  checkTimeStampSignature(stamp, signer);
  return withCertificate(token, signer.raw);
}

const GRANTED = '00';
const GRANTED_WITH_MODS = '01';

function tokenOf(answer: Buffer, url: string): Buffer {
  let information: readonly Der[];
  let token: Der | undefined;
  try {
    const [status, given] = membersOf(readDer(answer), Tag.Sequence);
    information = membersOf(status, Tag.Sequence);
    token = given;
    integerOf(information[0]);
  } catch (error) {
    throw new TrustCallError(`${url} did not answer with a time-stamp`, { cause: error });
  }
  const status = integerOf(information[0]);
  if (status !== GRANTED && status !== GRANTED_WITH_MODS) {
    throw new TrustCallError(`${url} refuses, status ${Number.parseInt(status, 16)}`);
  }
  return expectTag(token, Tag.Sequence).raw;
}

/** Certificates are not signed, so one more may be put in (RFC 5652, 5.1). */
function withCertificate(token: Buffer, certificate: Buffer): Buffer {
  const [, wrapped] = membersOf(readDer(token), Tag.Sequence);
  const members = membersOf(membersOf(wrapped, constructed(0))[0], Tag.Sequence);
  const carried = members.find(({ tag }) => tag === constructed(0));
  const others = carried === undefined ? [] : childrenOf(carried).map(({ raw }) => raw);
  const all = others.some((one) => one.equals(certificate)) ? others : [certificate, ...others];
  const sorted = childrenOf(readDer(setOf(...all))).map(({ raw }) => raw);
  const [version, digests, content, ...rest] = members;
  const after = rest.filter((member) => member !== carried).map(({ raw }) => raw);
  const signedData = sequence(
    version.raw,
    digests.raw,
    content.raw,
    explicit(0, ...sorted),
    ...after,
  );
  return sequence(oid(TimeStampOid.SignedData), explicit(0, signedData));
}
