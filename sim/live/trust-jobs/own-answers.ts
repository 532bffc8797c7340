/**
 * What a server's signer knows from OCSP about its own certificates, and about the authorities
 * between them and the root (facts 5.2; SG/certmanager/OcspClientWorker, OcspClient). All are asked
 * about in one pass, each at the responders in turn until one has answered well. An answer is kept
 * on disk, so that a restart finds it; one that says `revoked` is kept like any other, and whoever
 * reads it draws its conclusions.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ocspUntilUs, strategyOrder } from '../../protocol/freshness.ts';
import type { OcspLimits } from '../../protocol/freshness.ts';
import { pathTo, readCertificate } from '../evidence/certificate.ts';
import type { Certificate } from '../evidence/certificate.ts';
import { EvidenceError } from '../evidence/evidence-error.ts';
import {
  checkOcspSignature,
  isAbout,
  isAuthorised,
  readOcsp,
  responderOf,
} from '../evidence/ocsp.ts';
import type { OcspResponse } from '../evidence/ocsp.ts';
import type { GlobalConfiguration } from '../globalconf/configuration-folder.ts';
import type { AuthorityInfo } from '../globalconf/shared-parameters.ts';
import type { NetworkClock } from '../network-clock.ts';
import { askOcsp } from '../pki/ocsp-request.ts';
import { TrustCallError } from '../pki/trust-call.ts';
import type { OcspSource } from '../signing/ocsp-source.ts';

export interface OwnAnswersSetUp {
  /** Made when the first answer is kept. */
  readonly folder: string;
  readonly clock: NetworkClock;
  /** Of the own instance, while it is valid; null: there is none. */
  readonly configuration: () => GlobalConfiguration | null;
  /** DER of what the token holds. */
  readonly certificates: () => Iterable<Buffer>;
  /** `ocsp-prioritization-strategy` (facts 5.4). */
  readonly strategy: string;
}

/** What a verifier lets count, but for nextUpdate, which is the answer's own. */
export type AnswerLimits = Omit<OcspLimits, 'nextUpdateUs'>;

export type FetchOutcome = 'done' | 'failed' | 'no-configuration';

interface KeptAnswer {
  readonly der: Buffer;
  readonly response: OcspResponse;
}

/** How long a responder is waited for (facts 2.8). */
const ANSWER_MS = 60_000;
/** On a compressed clock an honest answer still takes its time on the wall. */
const ANSWER_REAL_MS_MIN = 2000;
const US_PER_MS = 1000;
const US_PER_SECOND = 1e6;
/** NEXTUPDATE where it is not published (facts 5.2). */
const VERIFIES_NEXT_UPDATE = true;

/** Of a server of the instance whose configuration it is. */
export function answerLimitsOf({ shared, ocsp }: GlobalConfiguration): AnswerLimits {
  return {
    freshnessUs: shared.ocspFreshnessSeconds * US_PER_SECOND,
    verifiesNextUpdate: ocsp.verifiesNextUpdate ?? VERIFIES_NEXT_UPDATE,
  };
}

/** The first instant at which an answer does not count any more. */
export function answerUntilUs(answer: OcspResponse, limits: AnswerLimits): number {
  const { thisUpdateMs, nextUpdateMs } = answer;
  const nextUpdateUs = nextUpdateMs === null ? 0 : (nextUpdateMs - thisUpdateMs) * US_PER_MS;
  return ocspUntilUs(thisUpdateMs * US_PER_MS, { ...limits, nextUpdateUs });
}

export class OwnAnswers implements OcspSource {
  readonly #setUp: OwnAnswersSetUp;
  /** By SHA-256 of the certificate. */
  readonly #kept = new Map<string, KeptAnswer>();
  readonly #closing = new AbortController();

  constructor(setUp: OwnAnswersSetUp) {
    this.#setUp = setUp;
    this.readFolder();
  }

  /** As a signer does that starts. */
  readFolder(): void {
    this.#kept.clear();
    for (const name of namesIn(this.#setUp.folder)) {
      const der = readFileSync(join(this.#setUp.folder, name));
      try {
        this.#kept.set(name.slice(0, -SUFFIX.length), { der, response: readOcsp(der) });
      } catch (error) {
        // A file that was damaged is none; the next pass brings another.
        if (!(error instanceof EvidenceError)) throw error;
      }
    }
  }

  /** The newest, however old it is; null: there was never one. */
  of(certificateDer: Buffer): Buffer | null {
    return this.#kept.get(hashOf(certificateDer))?.der ?? null;
  }

  /** By SHA-256 of the certificate in hexadecimal, as peers ask. */
  ofHash(hash: string): Buffer | null {
    return this.#kept.get(hash)?.der ?? null;
  }

  responseOf(certificateDer: Buffer): OcspResponse | null {
    return this.#kept.get(hashOf(certificateDer))?.response ?? null;
  }

  /** One pass. It has failed where something is left without a new answer. */
  async fetch(): Promise<FetchOutcome> {
    const configuration = this.#setUp.configuration();
    if (configuration === null) return 'no-configuration';
    let isWhole = true;
    for (const [subject, issuer] of this.#pairs(configuration)) {
      if (!(await this.#ask(subject, issuer, configuration))) isWhole = false;
    }
    return isWhole ? 'done' : 'failed';
  }

  /** What is asked is given up. */
  close(): void {
    this.#closing.abort();
  }

  /** Every certificate below the root that there is to ask about, with its issuer. */
  #pairs({ shared }: GlobalConfiguration): (readonly [Certificate, Certificate])[] {
    const { clock, certificates } = this.#setUp;
    const tops = shared.authorities.map(({ top }) => readCertificate(top.certificate));
    const between = shared.authorities.flatMap(({ intermediates }) =>
      intermediates.map(({ certificate }) => readCertificate(certificate)),
    );
    const pairs = new Map<string, readonly [Certificate, Certificate]>();
    for (const der of certificates()) {
      const path = pathTo(readCertificate(der), between, tops, clock.nowMs()) ?? [];
      for (const [index, subject] of path.slice(0, -1).entries()) {
        pairs.set(hashOf(subject.raw), [subject, path[index + 1]]);
      }
    }
    return [...pairs.values()];
  }

  async #ask(
    subject: Certificate,
    issuer: Certificate,
    configuration: GlobalConfiguration,
  ): Promise<boolean> {
    const { clock, strategy } = this.#setUp;
    const info = authorityInfosOf(configuration).find((one) => one.certificate.equals(issuer.raw));
    const services = info?.ocsp ?? [];
    const isPaid = services.map(({ costType }) => costType === 'PAID');
    const named = services.flatMap(({ certificate }) => certificate ?? []).map(readCertificate);
    const limits = answerLimitsOf(configuration);
    const waitMs = Math.max(Math.ceil(clock.realMs(ANSWER_MS)), ANSWER_REAL_MS_MIN);
    for (const index of strategyOrder(strategy, isPaid)) {
      try {
        const signal = AbortSignal.any([AbortSignal.timeout(waitMs), this.#closing.signal]);
        const der = await askOcsp(services[index].url, subject, issuer, signal);
        const response = readOcsp(der);
        checkAnswer(response, subject, issuer, named);
        // An answer that is too old already is not kept (OcspClientWorker).
        if (clock.nowMs() * US_PER_MS >= answerUntilUs(response, limits)) continue;
        this.#keep(subject, der, response);
        return true;
      } catch (error) {
        if (!(error instanceof TrustCallError) && !(error instanceof EvidenceError)) throw error;
      }
    }
    return false;
  }

  #keep(subject: Certificate, der: Buffer, response: OcspResponse): void {
    if (this.#closing.signal.aborted) return;
    const hash = hashOf(subject.raw);
    this.#kept.set(hash, { der, response });
    const { folder } = this.#setUp;
    const path = join(folder, hash + SUFFIX);
    try {
      mkdirSync(folder, { recursive: true });
      writeFileSync(`${path}.part`, der);
      renameSync(`${path}.part`, path);
    } catch (error) {
      // A full disk costs no more than this: the next start has to ask again.
      if (!(error instanceof Error && 'code' in error)) throw error;
    }
  }
}

const SUFFIX = '.ocsp';

export const hashOf = (certificateDer: Buffer): string =>
  createHash('sha256').update(certificateDer).digest('hex');

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith(SUFFIX));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return [];
  }
}

function authorityInfosOf({ shared }: GlobalConfiguration): AuthorityInfo[] {
  return shared.authorities.flatMap(({ top, intermediates }) => [top, ...intermediates]);
}

/** Throws an EvidenceError: it is not about the certificate, or not of somebody who may say so. */
function checkAnswer(
  response: OcspResponse,
  subject: Certificate,
  issuer: Certificate,
  named: readonly Certificate[],
): void {
  if (!isAbout(response, subject, issuer)) {
    throw new EvidenceError('incorrect_validation_info', 'the answer is about another certificate');
  }
  const responder = responderOf(response, [...named, issuer]);
  if (responder === null || !isAuthorised(response, responder, issuer, named)) {
    throw new EvidenceError('incorrect_validation_info', 'the responder may not say so');
  }
  checkOcspSignature(response, responder);
}
