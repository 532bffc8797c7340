/**
 * Signing, and who waits for whom. The rules of batching are protocol/batch.ts: one worker for each
 * signing certificate takes everything that waits into one operation, and a token does one
 * operation at a time, whatever member it is for.
 *
 * A message alone, and of one part alone, is signed as it is; everything else by way of a hash
 * chain, so that one signature value serves the batch (facts 2.7).
 */
import { createHash, createPrivateKey, sign, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { assert } from '../base/assert.ts';
import { batchSize, isExpired } from '../protocol/batch.ts';
import { Cause } from '../protocol/fault.ts';
import { PartName } from './evidence/signature.ts';
import type { NetworkClock } from './network-clock.ts';
import { Permits } from './permits.ts';
import { writeHashChains } from './signing/hash-chain-writer.ts';
import { MESSAGE_NAME } from './signing/message-signature.ts';
import type { MessageSignature, PartDigest } from './signing/message-signature.ts';
import { answersAbout } from './signing/ocsp-source.ts';
import type { OcspSource } from './signing/ocsp-source.ts';
import { XadesWriter } from './signing/xades-writer.ts';
import type { SignedDocument } from './signing/xades-writer.ts';
import type { Certified } from './trust.ts';

export type SignOutcome =
  | { readonly signature: MessageSignature }
  /** Null: the time-out came first. */
  | { readonly failure: Cause | null };

interface SignRequest {
  readonly parts: readonly PartDigest[];
  readonly sinceMs: number;
  readonly settle: (outcome: SignOutcome) => void;
}

interface Worker {
  readonly key: KeyObject;
  readonly writer: XadesWriter;
  /** The certificate and the authorities between it and the root, in DER. */
  readonly certificates: readonly Buffer[];
  readonly ocsp: OcspSource;
  readonly waiting: SignRequest[];
  isBusy: boolean;
}

export interface SignerOptions {
  readonly timeoutMs: number;
  readonly batchesAllowed: boolean;
  readonly ocsp: OcspSource;
  readonly clock: NetworkClock;
}

/** The signer of one security server, with its one token. */
export class Signer {
  readonly #workers = new Map<string, Worker>();
  readonly #options: SignerOptions;
  readonly #token = new Permits(1);
  /** The process is there; a signer that has died answers nobody. */
  isRunning = true;
  /** The token can sign; a broken one fails every operation. */
  isTokenWorking = true;
  /** False: a token operation for each signature, whatever waits. */
  batchesAllowed: boolean;
  batchSizeMax = 0;
  /** What the token did; a batch is one. */
  operationCount = 0;

  constructor(options: SignerOptions) {
    this.#options = options;
    this.batchesAllowed = options.batchesAllowed;
  }

  /**
   * Gives a member, `INSTANCE/CLASS/CODE`, a key at this server. `intermediates`: DER of the
   * authorities between its certificate and their root.
   */
  add(
    member: string,
    identity: Certified,
    intermediates: readonly Buffer[] = [],
    ocsp: OcspSource = this.#options.ocsp,
  ): void {
    const certificate = new X509Certificate(identity.certificatePem).raw;
    this.#workers.set(member, {
      key: createPrivateKey(identity.keyPem),
      writer: new XadesWriter(certificate, intermediates),
      certificates: [certificate, ...intermediates],
      ocsp,
      waiting: [],
      isBusy: false,
    });
  }

  remove(member: string): void {
    this.#workers.delete(member);
  }

  /** The member has a usable key here: one about whose certificate OCSP has answered. */
  has(member: string): boolean {
    const worker = this.#workers.get(member);
    if (worker === undefined) return false;
    return answersAbout(worker.ocsp, worker.certificates) !== null;
  }

  /** Its process has died: what waits is answered by nobody; who listens hears of a broken line. */
  drop(): void {
    for (const { waiting } of this.#workers.values()) {
      for (const { settle } of waiting.splice(0)) settle({ failure: Cause.SignerNetworkError });
    }
  }

  sign(member: string, parts: readonly PartDigest[]): Promise<SignOutcome> {
    const worker = this.#workers.get(member);
    assert(worker !== undefined, `asked to sign for ${member}, which has no key here`);
    if (!this.isRunning) return Promise.resolve({ failure: Cause.SignerNetworkError });
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve({ failure: null }), this.#options.timeoutMs);
      const settle = (outcome: SignOutcome): void => {
        clearTimeout(timer);
        resolve(outcome);
      };
      worker.waiting.push({ parts, sinceMs: performance.now(), settle });
      if (!worker.isBusy) void this.#work(worker);
    });
  }

  async #work(worker: Worker): Promise<void> {
    worker.isBusy = true;
    while (worker.waiting.length > 0) {
      // Until the token is free the batch grows.
      await this.#token.request(this.#options.timeoutMs);
      const size = batchSize(worker.waiting.length, this.batchesAllowed);
      const batch = worker.waiting.splice(0, size).filter((request) => !this.#isLate(request));
      this.batchSizeMax = Math.max(this.batchSizeMax, batch.length);
      if (batch.length > 0) await this.#signBatch(worker, batch);
      this.#token.release();
    }
    worker.isBusy = false;
  }

  #isLate({ sinceMs }: SignRequest): boolean {
    const waitedUs = (performance.now() - sinceMs) * 1000;
    return isExpired(waitedUs, this.#options.timeoutMs * 1000);
  }

  async #signBatch(worker: Worker, batch: readonly SignRequest[]): Promise<void> {
    this.operationCount++;
    const answers = answersAbout(worker.ocsp, worker.certificates);
    const signatures =
      this.isTokenWorking && answers !== null
        ? await this.#signaturesOf(worker, batch, answers)
        : null;
    for (const [index, { settle }] of batch.entries()) {
      const signature = signatures?.[index];
      settle(signature === undefined ? { failure: Cause.CannotSign } : { signature });
    }
  }

  /** One for each of the batch, in order; null: the token has failed. */
  async #signaturesOf(
    { key, writer }: Worker,
    batch: readonly SignRequest[],
    ocspResponses: readonly Buffer[],
  ): Promise<readonly MessageSignature[] | null> {
    const [first] = batch;
    const isAlone = batch.length === 1 && first.parts.length === 1;
    const made = isAlone
      ? null
      : writeHashChains(
          PartName.SigChain,
          batch.map(({ parts }) => parts),
        );
    const document: SignedDocument =
      made === null
        ? { name: MESSAGE_NAME, digest: first.parts[0].digest }
        : { name: PartName.SigChainResult, digest: sha512(Buffer.from(made.result)) };
    const { toBeSigned, withValue } = writer.compose(
      document,
      ocspResponses,
      this.#options.clock.nowMs(),
    );
    const value = await signValue(toBeSigned, key);
    if (value === null) return null;
    const xml = withValue(value);
    return batch.map((_request, index) => ({
      xml,
      hashChainResult: made?.result ?? null,
      hashChain: made?.chains[index] ?? null,
    }));
  }
}

/** In Node's thread pool, so that other exchanges go on meanwhile. */
function signValue(toBeSigned: Buffer, privateKey: KeyObject): Promise<Buffer | null> {
  // ECDSA as XML has it (RFC 9231, 2.3.6); RSA does not mind.
  const key = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const;
  return new Promise((resolve) => {
    sign('sha512', toBeSigned, key, (error, value) => resolve(error === null ? value : null));
  });
}

export const sha512 = (...chunks: readonly Uint8Array[]): Buffer => {
  const hash = createHash('sha512');
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest();
};
