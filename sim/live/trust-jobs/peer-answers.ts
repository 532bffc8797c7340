/**
 * What a consumer's server knows from OCSP about the servers that it connects to. No peer asks a
 * responder: the answer comes from port 5577 of the peer itself, and is kept in memory while it is
 * good and fresh by this server's own limits (facts 2.5, 5.2; AuthTrustVerifier,
 * CertHashBasedOcspResponderClient).
 */
import { createHash } from 'node:crypto';
import { findHeader } from '../../protocol/message.ts';
import type { Anchors } from '../evidence/anchors.ts';
import { readCertificate } from '../evidence/certificate.ts';
import { requestHttp } from '../loopback.ts';
import type { Endpoint } from '../loopback.ts';
import { headersOf } from '../rest-message.ts';
import { isPeerTrusted } from '../signing/peer-verifier.ts';
import { readAnswers } from './ocsp-port.ts';
import { hashOf } from './own-answers.ts';

export interface PeerQuestion {
  /** What the peer has shown, and the authorities between it and its root. */
  readonly certificates: readonly Buffer[];
  /** `INSTANCE/CLASS/CODE` of whoever the peer speaks for. */
  readonly member: string;
  readonly anchors: Anchors;
  /** Port 5577 of the peer. */
  readonly endpoint: Endpoint;
}

/** A connection in 20 s and an answer in 30 s (facts 2.8); here both together. */
const ANSWER_MS = 30_000;
const ANSWER_BYTES_MAX = 1_048_576;

export class PeerAnswers {
  readonly #nowMs: () => number;
  readonly #kept = new Map<string, readonly Buffer[]>();
  readonly #closing = new AbortController();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Whether the peer's certificate leads to its authority and is good, now and by our limits. */
  async isTrusted(question: PeerQuestion): Promise<boolean> {
    const [certificate] = question.certificates;
    const name = hashOf(certificate);
    const kept = this.#kept.get(name);
    if (kept !== undefined && this.#judge(question, kept)) return true;
    const answers = await this.#fetch(question).catch(() => null);
    if (answers === null || !this.#judge(question, answers)) {
      this.#kept.delete(name);
      return false;
    }
    this.#kept.set(name, answers);
    return true;
  }

  /** As after a restart of the proxy. */
  forget(): void {
    this.#kept.clear();
  }

  close(): void {
    this.#closing.abort();
  }

  #judge({ certificates, member, anchors }: PeerQuestion, answers: readonly Buffer[]): boolean {
    const context = { member, anchors, nowMs: this.#nowMs() };
    return isPeerTrusted(readCertificate(certificates[0]), answers, context);
  }

  /** Throws where there is no answer. */
  async #fetch({ certificates, endpoint }: PeerQuestion): Promise<readonly Buffer[]> {
    const query = new URLSearchParams();
    // Servers before 7.4 know certificates by SHA-1 alone.
    for (const der of certificates) {
      query.append('cert', createHash('sha1').update(der).digest('hex'));
    }
    for (const der of certificates) query.append('cert_hash', hashOf(der));
    const answer = await requestHttp(endpoint, {
      method: 'GET',
      path: `/?${query}`,
      rawHeaders: ['Accept', 'multipart/related'],
      body: null,
      signal: AbortSignal.any([AbortSignal.timeout(ANSWER_MS), this.#closing.signal]),
    });
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of answer.body) {
      length += chunk.length;
      if (length > ANSWER_BYTES_MAX) throw new Error('the answer of port 5577 has no end');
      chunks.push(chunk);
    }
    if (answer.status !== 200) throw new Error(`port 5577 answered ${answer.status}`);
    const type = findHeader(headersOf(answer.rawHeaders), 'content-type');
    return readAnswers(Buffer.concat(chunks), type ?? '');
  }
}
