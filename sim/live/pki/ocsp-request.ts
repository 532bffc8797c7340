/**
 * What a security server asks about its certificates (SG/certmanager/OcspClient): one certificate a
 * request, named by SHA-1, not signed, without a nonce. What the answer is worth is judged later,
 * by evidence/ocsp.ts and the rules of freshness.
 */
import { integer, octets, sequence } from '../der-writer.ts';
import { digestOf } from '../evidence/algorithms.ts';
import type { Certificate } from '../evidence/certificate.ts';
import { expectTag, membersOf, readDer, Tag } from '../evidence/der.ts';
import { digestIdentifier } from './algorithm-identifier.ts';
import type { DigestName } from './algorithm-identifier.ts';
import { extension, wrappedExtensions } from './certificate-extension.ts';
import { OCSP_REQUEST_TYPE, OCSP_RESPONSE_TYPE } from './ocsp-responder.ts';
import { callTrustService, TrustCallError } from './trust-call.ts';

export interface OcspRequestOptions {
  readonly digest: DigestName;
  readonly nonce: Buffer | null;
}

const XROAD_OCSP_REQUEST: OcspRequestOptions = { digest: 'sha1', nonce: null };

/** `issuer`: of the certificate. */
export function makeOcspRequest(
  subject: Certificate,
  issuer: Certificate,
  { digest, nonce }: OcspRequestOptions = XROAD_OCSP_REQUEST,
): Buffer {
  const identifier = sequence(
    digestIdentifier(digest),
    octets(digestOf(digest, issuer.subject)),
    octets(digestOf(digest, issuer.keyBits)),
    integer(Buffer.from(subject.serial, 'hex')),
  );
  const nonceExtension = nonce === null ? [] : [extension(NONCE, false, octets(nonce))];
  const extensions = nonce === null ? [] : [wrappedExtensions(2, nonceExtension)];
  return sequence(sequence(sequence(sequence(identifier)), ...extensions));
}

/** The answer in DER, whose status is successful; everything else is a TrustCallError. */
export async function askOcsp(
  url: string,
  subject: Certificate,
  issuer: Certificate,
  signal: AbortSignal | null,
): Promise<Buffer> {
  const types = { request: OCSP_REQUEST_TYPE, response: OCSP_RESPONSE_TYPE };
  const answer = await callTrustService(url, types, makeOcspRequest(subject, issuer), signal);
  const status = statusOf(answer, url);
  if (status === 0) return answer;
  throw new TrustCallError(`${url}: ${ERRORS[status] ?? `an unknown status, ${status}`}`);
}

const NONCE = '1.3.6.1.5.5.7.48.1.2';

/** OCSPResponseStatus (RFC 6960, 4.2.1). */
const ERRORS: Readonly<Record<number, string>> = {
  1: 'the responder could not read the request',
  2: 'the responder has an error of its own',
  3: 'the responder wants to be asked later',
  5: 'the responder wants requests to be signed',
  6: 'the responder does not answer us',
};

function statusOf(answer: Buffer, url: string): number {
  try {
    const [status] = membersOf(readDer(answer), Tag.Sequence);
    return expectTag(status, Tag.Enumerated).content[0];
  } catch (error) {
    throw new TrustCallError(`${url} did not answer with OCSP`, { cause: error });
  }
}
