/**
 * Whether the signing certificate was good when it counted: an OCSP response for every certificate
 * below the root (GI/cert/CertChainVerifier), from a responder that may say so, fresh enough at the
 * time of the evidence. Without the authorities the answer is read, and stays unknown.
 */
import { authoritiesOf } from './anchors.ts';
import type { Anchors } from './anchors.ts';
import { isSameCertificate, nameOf } from './certificate.ts';
import type { Certificate } from './certificate.ts';
import { EvidenceError } from './evidence-error.ts';
import type { Findings } from './findings.ts';
import {
  checkOcspSignature,
  checkStatus,
  isAbout,
  isAuthorised,
  readOcsp,
  responderOf,
} from './ocsp.ts';
import type { OcspResponse } from './ocsp.ts';
import type { Sender } from './sender.ts';
import { ocspResponsesOf } from './xades.ts';
import type { XadesSignature } from './xades.ts';

export interface OcspContext {
  readonly anchors: Anchors;
  readonly sender: Sender | null;
  readonly atMs: number;
}

/** Where the global configuration does not say (facts 5.0, 5.2). */
const DEFAULT_FRESHNESS_SECONDS = 3600;
const MS_PER_SECOND = 1000;
/** X-Road wraps what goes wrong with a certificate's path (CertChainVerifier). */
const PATH = 'invalid_cert_path';

/** `path`: from the signing certificate to the root; null: it is not known. */
export function judgeOcsp(
  signature: Pick<XadesSignature, 'certificate' | 'ocspResponses'>,
  path: readonly Certificate[] | null,
  context: OcspContext,
  findings: Findings,
): void {
  const responses = findings.attempt(
    'OCSP response',
    '',
    () => ocspResponsesOf(signature).map(readOcsp),
    null,
  );
  if (responses === null || signature.certificate === null) return;
  if (path === null) {
    judgeAlone(signature.certificate, responses, context, findings);
    return;
  }
  for (const [index, subject] of path.slice(0, -1).entries()) {
    judgeSubject(subject, path[index + 1], responses, context, findings);
  }
}

function judgeSubject(
  subject: Certificate,
  issuer: Certificate,
  responses: readonly OcspResponse[],
  context: OcspContext,
  findings: Findings,
): void {
  const { anchors, sender } = context;
  const authorities =
    sender === null ? anchors.authorities : authoritiesOf(anchors, sender.member.xRoadInstance);
  const named = authorities
    .filter(({ certificate }) => isSameCertificate(certificate, issuer))
    .flatMap(({ responders }) => responders);
  const known = [
    ...authorities.flatMap(({ responders }) => responders),
    ...anchors.responders,
    ...authorities.map(({ certificate }) => certificate),
    issuer,
  ];
  const response = findings.attempt(
    'OCSP response',
    PATH,
    () => {
      const found = answerAbout(subject, issuer, responses);
      const responder = responderOf(found, known);
      if (responder === null) incorrect('the certificate of the OCSP responder is not known');
      checkOcspSignature(found, responder);
      if (!isAuthorised(found, responder, issuer, [...named, ...anchors.responders])) {
        incorrect(`${nameOf(responder)} may not answer for ${nameOf(issuer)}`);
      }
      findings.passed('OCSP response', `of ${nameOf(responder)}, about ${nameOf(subject)}`);
      return found;
    },
    null,
  );
  if (response !== null) judgeAnswer(response, context, findings);
}

/** What can be said without knowing the authority: whose answer it says to be, and what it says. */
function judgeAlone(
  subject: Certificate,
  responses: readonly OcspResponse[],
  context: OcspContext,
  findings: Findings,
): void {
  const response = findings.attempt(
    'OCSP response',
    PATH,
    () => {
      const found = answerAbout(subject, null, responses);
      const responder = responderOf(found, []);
      if (responder !== null) checkOcspSignature(found, responder);
      const who = responder === null ? 'a responder that is not here' : nameOf(responder);
      findings.unknown('OCSP response', `of ${who}; whether it may answer is not known`);
      return found;
    },
    null,
  );
  if (response !== null) judgeAnswer(response, context, findings);
}

function answerAbout(
  subject: Certificate,
  issuer: Certificate | null,
  responses: readonly OcspResponse[],
): OcspResponse {
  const found = responses.find((response) => isAbout(response, subject, issuer));
  if (found !== undefined) return found;
  throw new EvidenceError('cert_validation', `no OCSP response is about ${nameOf(subject)}`);
}

function judgeAnswer(
  response: OcspResponse,
  { anchors, sender, atMs }: OcspContext,
  findings: Findings,
): void {
  findings.check('OCSP status', PATH, () => {
    checkStatus(response);
    return 'the certificate was good';
  });
  const { thisUpdateMs, nextUpdateMs } = response;
  const instance = sender?.member.xRoadInstance ?? '';
  const known = anchors.ocspFreshnessSeconds.get(instance);
  const seconds = known ?? DEFAULT_FRESHNESS_SECONDS;
  const ageSeconds = (atMs - thisUpdateMs) / MS_PER_SECOND;
  const limit = known === undefined ? `the software's default, ${seconds} s` : `${seconds} s`;
  if (nextUpdateMs !== null && nextUpdateMs < atMs) {
    const text = `a newer answer was due ${new Date(nextUpdateMs).toISOString()}`;
    findings.failed('OCSP freshness', `${PATH}.incorrect_validation_info`, text);
  } else if (ageSeconds <= seconds) {
    const age = ageSeconds < 0 ? 'newer than the evidence' : `${Math.round(ageSeconds)} s old then`;
    findings.passed('OCSP freshness', `${age}; at most ${limit}`);
  } else if (known === undefined) {
    const text = `${Math.round(ageSeconds)} s old then; the limit of its instance is not known`;
    findings.unknown('OCSP freshness', text);
  } else {
    const text = `${Math.round(ageSeconds)} s old then; at most ${limit}`;
    findings.failed('OCSP freshness', `${PATH}.incorrect_validation_info`, text);
  }
}

function incorrect(reason: string): never {
  throw new EvidenceError('incorrect_validation_info', reason);
}
