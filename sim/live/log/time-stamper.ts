/**
 * Time-stamps for what was logged (facts 5.3; ML/LogManager, TaskQueue, TimestamperWorker). Every
 * interval of the network's clock the oldest records are stamped together: one request to an
 * authority covers the result of a hash chain over their signatures. A record that is alone has its
 * signature value stamped, and the token goes into its signature.
 *
 * After a failure only one record is tried at a time, until one succeeds; then the rest follows at
 * once. When time-stamping began to fail is kept in memory alone, so a restart forgets it, as
 * X-Road's does. How long, how many and until when are the rules of protocol/freshness.ts.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { assert } from '../../base/assert.ts';
import {
  firstFailureUs,
  isChained,
  NEVER_FAILED,
  stampBatchSize,
  stampPauseUs,
  stampUntilUs,
} from '../../protocol/freshness.ts';
import type { Certificate } from '../evidence/certificate.ts';
import { PartName } from '../evidence/signature.ts';
import { readXades } from '../evidence/xades.ts';
import type { MessageLog } from '../message-log.ts';
import type { NetworkClock } from '../network-clock.ts';
import { askTimeStamp } from '../pki/time-stamp-request.ts';
import { writeHashChains } from '../signing/hash-chain-writer.ts';
import type { WaitingRecord } from './log-record.ts';

/** As the server's and the global configuration say at this moment. */
export interface StampingView {
  /** In the order in which they are tried. */
  readonly urls: readonly string[];
  /** Certificates of time-stampers; null: there is no valid global configuration. */
  readonly known: readonly Certificate[] | null;
  readonly intervalUs: number;
  readonly retryDelayUs: number;
  readonly recordsLimit: number;
  /** 0: time-stamping may fail for ever. */
  readonly acceptableFailureUs: number;
  /** Records are stamped in the path of their message; then a failing clock refuses nobody. */
  readonly isImmediate: boolean;
}

export interface TimeStamperSetUp {
  readonly log: MessageLog;
  readonly clock: NetworkClock;
  readonly view: () => StampingView;
}

/** Why a record has no time-stamp. */
export class TimeStampingError extends Error {
  override name = 'TimeStampingError';
}

/**
 * Rows that get their time-stamp in one transaction. A crash between two leaves records that wait,
 * and will be covered by another.
 */
const COVERED_AT_ONCE = 200;
const FIRST_RUN_MS = 1000;
const US_PER_MS = 1000;
/** How long an authority is waited for (facts 2.8). */
const ANSWER_MS = 60_000;
/**
 * On a compressed clock the wait for an authority is compressed, too, or one that hangs would take
 * hours of the network; but an honest answer takes its time on the wall.
 */
const ANSWER_REAL_MS_MIN = 2000;

export class TimeStamper {
  readonly #log: MessageLog;
  readonly #clock: NetworkClock;
  readonly #view: () => StampingView;
  #firstFailureUs = NEVER_FAILED;
  #lastError: unknown = null;
  #cancelNext: (() => void) | null = null;
  #running: Promise<void> | null = null;
  readonly #closing = new AbortController();

  constructor({ log, clock, view }: TimeStamperSetUp) {
    this.#log = log;
    this.#clock = clock;
    this.#view = view;
  }

  /** From now on by itself, a second from now for the first time. */
  start(): void {
    assert(this.#cancelNext === null, 'a time-stamper starts once');
    this.#schedule(FIRST_RUN_MS);
  }

  /** Waits for the run that is under way; an authority's answer is not waited for. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#cancelNext?.();
    await this.#running;
  }

  /** On the network's clock; null: the last run did not fail. */
  get failingSinceMs(): number | null {
    return this.#isFailing ? this.#firstFailureUs / US_PER_MS : null;
  }

  /** Of the last run; null: it did not fail. */
  get lastError(): unknown {
    return this.#lastError;
  }

  /** Fact.TimestampingConfigured. */
  get isConfigured(): boolean {
    return this.#view().urls.length > 0;
  }

  /** Fact.TimestampingInTime (LogManager.verifyCanLogMessage). */
  get isInTime(): boolean {
    const { isImmediate, acceptableFailureUs } = this.#view();
    return isImmediate || this.#nowUs() < stampUntilUs(this.#firstFailureUs, acceptableFailureUs);
  }

  /** One run, which may be several batches; never rejects. A run that is under way is joined. */
  run(): Promise<void> {
    this.#running ??= this.#runBatches().finally(() => (this.#running = null));
    return this.#running;
  }

  /**
   * One record at once, for `timestamp-immediately` or because somebody asks for its evidence.
   * Rejects where that cannot be done. An authority is waited for by the wall's clock: this is in
   * the path of a message, or of a download.
   */
  async stampNow(id: number): Promise<void> {
    const record = this.#log.store.waitingRecord(id);
    // It was stamped meanwhile.
    if (record === null) return;
    const wasFailing = this.#isFailing;
    await this.#stampOne(record, this.#view(), ANSWER_MS);
    this.#succeeded();
    // What waited for the authority to come back need not wait for its turn.
    if (wasFailing) void this.run();
  }

  get #isFailing(): boolean {
    return this.#firstFailureUs !== NEVER_FAILED;
  }

  #nowUs(): number {
    return this.#clock.nowMs() * US_PER_MS;
  }

  #schedule(networkMs: number): void {
    this.#cancelNext = this.#clock.after(networkMs, () => {
      void this.run().then(() => {
        if (this.#closing.signal.aborted) return;
        const { intervalUs, retryDelayUs } = this.#view();
        this.#schedule(stampPauseUs(this.#isFailing, intervalUs, retryDelayUs) / US_PER_MS);
      });
    });
  }

  async #runBatches(): Promise<void> {
    for (;;) {
      if (this.#closing.signal.aborted) return;
      const wasFailing = this.#isFailing;
      const view = this.#view();
      try {
        const size = stampBatchSize(wasFailing, Infinity, view.recordsLimit);
        const batch = this.#log.store.waiting(size);
        if (batch.length > 0) await this.#stamp(batch, view);
        this.#succeeded();
        const goesOn = wasFailing || isChained(batch.length, view.recordsLimit);
        if (batch.length === 0 || !goesOn) return;
      } catch (error) {
        if (!this.#closing.signal.aborted) this.#failed(error);
        return;
      }
    }
  }

  #succeeded(): void {
    this.#lastError = null;
    this.#firstFailureUs = firstFailureUs(this.#firstFailureUs, true, 0, this.#nowUs());
  }

  #failed(error: unknown): void {
    this.#lastError = error;
    const waiting = this.#waitingCount();
    this.#firstFailureUs = firstFailureUs(this.#firstFailureUs, false, waiting, this.#nowUs());
  }

  /** A database that cannot be asked is not an empty one (TaskQueue.isTaskQueueEmpty). */
  #waitingCount(): number {
    try {
      return this.#log.store.waitingCount();
    } catch {
      return 1;
    }
  }

  async #stamp(batch: readonly WaitingRecord[], view: StampingView): Promise<void> {
    const waitMs = Math.max(Math.ceil(this.#clock.realMs(ANSWER_MS)), ANSWER_REAL_MS_MIN);
    if (batch.length === 1) {
      await this.#stampOne(batch[0], view, waitMs);
      return;
    }
    const { result, chains } = writeHashChains(
      PartName.TsChain,
      batch.map(({ signatureHash }) => [
        { name: PartName.Signature, digest: Buffer.from(signatureHash, 'base64') },
      ]),
    );
    const token = await this.#ask(Buffer.from(result), view, waitMs);
    const covered = batch.map(({ id }, index) => ({ id, hashChain: chains[index] }));
    const stamp = { timeMs: this.#clock.nowMs(), token, hashChainResult: result };
    const stampId = this.#log.change((store) => store.addStamp(stamp));
    for (let at = 0; at < covered.length; at += COVERED_AT_ONCE) {
      const some = covered.slice(at, at + COVERED_AT_ONCE);
      this.#log.change((store) => store.cover(stampId, some));
      // Messages are logged in between: X-Road stamps in a thread of its own.
      await nextTurn();
    }
  }

  /** SingleTimestampRequest: the bytes of the signature's value are stamped. */
  async #stampOne(
    { id, signatureHash }: WaitingRecord,
    view: StampingView,
    waitMs: number,
  ): Promise<void> {
    const stored = this.#log.store.get(id);
    assert(stored !== null, 'what waits for a time-stamp is never deleted');
    const { value } = readXades(Buffer.from(stored.signature));
    const token = await this.#ask(value, view, waitMs);
    const signature = putInto(stored.signature, token);
    const timeMs = this.#clock.nowMs();
    this.#log.change((store) => {
      // A batch may have been quicker; its time-stamp is of the signature as it was.
      if (!store.replaceSignature(id, signature, signatureHash)) return;
      const stampId = store.addStamp({ timeMs, token, hashChainResult: null });
      store.cover(stampId, [{ id, hashChain: null }]);
    });
  }

  /** The authorities in turn, until one answers; each is waited for anew. */
  async #ask(stamped: Buffer, view: StampingView, waitMs: number): Promise<Buffer> {
    const { urls, known } = view;
    if (urls.length === 0) throw new TimeStampingError('no time-stamping authority is set');
    if (known === null) throw new TimeStampingError('there is no valid global configuration');
    const errors: unknown[] = [];
    for (const url of urls) {
      try {
        const signal = AbortSignal.any([AbortSignal.timeout(waitMs), this.#closing.signal]);
        return await askTimeStamp(url, stamped, known, signal);
      } catch (error) {
        errors.push(error);
      }
    }
    throw new TimeStampingError(errors.map(messageOf).join('; '), { cause: errors[0] });
  }
}

const UNSIGNED_PROPERTIES = /<(?:([\w.-]+):)?UnsignedSignatureProperties(?:\s[^>]*)?>/;

/** Into the unsigned properties, which no digest covers. */
function putInto(signature: string, token: Buffer): string {
  const found = UNSIGNED_PROPERTIES.exec(signature);
  if (found === null) throw new TimeStampingError('the signature has no place for a time-stamp');
  const prefix = found[1] === undefined ? '' : `${found[1]}:`;
  const end = found.index + found[0].length;
  const stamped = [
    signature.slice(0, end),
    `<${prefix}SignatureTimeStamp><${prefix}EncapsulatedTimeStamp>`,
    token.toString('base64'),
    `</${prefix}EncapsulatedTimeStamp></${prefix}SignatureTimeStamp>`,
    signature.slice(end),
  ].join('');
  // The same words in a comment would not be the place.
  const isThere = readXades(Buffer.from(stamped)).timeStamp?.equals(token) === true;
  if (!isThere) throw new TimeStampingError('the signature does not take a time-stamp');
  return stamped;
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
