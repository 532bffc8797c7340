/**
 * Whether the proxy has a key that it may use now, by its cache of key contexts: one that was found
 * usable stays so for a while, cut by the dates it rests on; one that was not is looked at again
 * each time (facts 5.2; CachingKeyConfImpl, KeyConfImpl).
 */
import { isWithinValidity, keyCacheUntilUs } from '../../protocol/freshness.ts';
import { readCertificate } from '../evidence/certificate.ts';
import type { NetworkClock } from '../network-clock.ts';
import { answerUntilUs, hashOf } from './own-answers.ts';
import type { AnswerLimits, OwnAnswers } from './own-answers.ts';

export interface KeyContextsSetUp {
  readonly clock: NetworkClock;
  readonly answers: OwnAnswers;
  /** The signer answers, and its token is logged in. */
  readonly isTokenUsable: () => boolean;
  /** Null: there is no configuration, and nothing is known to be usable. */
  readonly limits: () => AnswerLimits | null;
  /** The authorities above a certificate that need answers, too. */
  readonly intermediatesOf: (certificateDer: Buffer) => readonly Buffer[];
  readonly periodUs: number;
}

const US_PER_MS = 1000;

export class KeyContexts {
  readonly #setUp: KeyContextsSetUp;
  readonly #untilUs = new Map<string, number>();

  constructor(setUp: KeyContextsSetUp) {
    this.#setUp = setUp;
  }

  isUsable(certificateDer: Buffer): boolean {
    const name = hashOf(certificateDer);
    const nowUs = this.#setUp.clock.nowMs() * US_PER_MS;
    if (nowUs < (this.#untilUs.get(name) ?? -Infinity)) return true;
    const untilUs = this.#load(certificateDer, nowUs);
    this.#untilUs.set(name, untilUs);
    return nowUs < untilUs;
  }

  /** As after a restart, or when the signer's list of keys has changed. */
  forget(): void {
    this.#untilUs.clear();
  }

  #load(certificateDer: Buffer, nowUs: number): number {
    const { answers, isTokenUsable, intermediatesOf, periodUs } = this.#setUp;
    const limits = this.#setUp.limits();
    if (limits === null || !isTokenUsable()) return -Infinity;
    let untilUs = Infinity;
    for (const der of [certificateDer, ...intermediatesOf(certificateDer)]) {
      const { validFromMs, validToMs } = readCertificate(der);
      const notAfterUs = validToMs * US_PER_MS;
      if (!isWithinValidity(nowUs, validFromMs * US_PER_MS, notAfterUs)) return -Infinity;
      const answer = answers.responseOf(der);
      if (answer === null || answer.status !== 'good') return -Infinity;
      const answerUs = answerUntilUs(answer, limits);
      if (nowUs >= answerUs) return -Infinity;
      untilUs = Math.min(untilUs, keyCacheUntilUs(nowUs, periodUs, notAfterUs, answerUs));
    }
    return untilUs;
  }
}
