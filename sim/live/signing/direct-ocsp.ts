/**
 * OCSP answers straight from the books of the authorities, without a responder's socket between:
 * for networks in which OCSP itself is never in trouble.
 */
import { isIssuedBy, readCertificate } from '../evidence/certificate.ts';
import type { Certificate } from '../evidence/certificate.ts';
import type { NetworkClock } from '../network-clock.ts';
import { makeOcspRequest } from '../pki/ocsp-request.ts';
import { answerOcsp } from '../pki/ocsp-responder.ts';
import type { AnsweredAuthority } from '../pki/ocsp-responder.ts';
import type { OcspSource } from './ocsp-source.ts';

interface Answerer {
  readonly answered: AnsweredAuthority;
  readonly certificate: Certificate;
}

interface Kept {
  readonly answer: Buffer;
  readonly madeMs: number;
}

/** Far below every limit of freshness (facts 5.0). */
const KEEP_MS = 60_000;

export class DirectOcsp implements OcspSource {
  readonly #answerers: Answerer[] = [];
  readonly #kept = new Map<string, Kept>();
  readonly #clock: NetworkClock;
  readonly #ageMs: number;

  /** `ageMs`: how old answers are when they are given. */
  constructor(clock: NetworkClock, ageMs: number) {
    this.#clock = clock;
    this.#ageMs = ageMs;
  }

  add(answered: AnsweredAuthority): void {
    const certificate = readCertificate(answered.authority.key.certificateDer);
    this.#answerers.push({ answered, certificate });
  }

  of(certificateDer: Buffer): Buffer | null {
    const name = certificateDer.toString('base64');
    const nowMs = this.#clock.nowMs();
    const kept = this.#kept.get(name);
    if (kept !== undefined && nowMs - kept.madeMs < KEEP_MS) return kept.answer;
    const subject = readCertificate(certificateDer);
    const answerer = this.#answerers.find((one) => isIssuedBy(subject, one.certificate));
    if (answerer === undefined) return null;
    const { answered, certificate } = answerer;
    const request = makeOcspRequest(subject, certificate);
    const timeliness = { ageMs: this.#ageMs, nextUpdateMs: null };
    const answer = answerOcsp(request, [answered], timeliness, nowMs);
    this.#kept.set(name, { answer, madeMs: nowMs });
    return answer;
  }
}
