/**
 * Signing and verifying, and who waits for whom. The rules of batching are protocol/batch.ts:
 * one worker for each signing certificate takes everything that waits into one operation, and a
 * token does one operation at a time, whatever member it is for.
 *
 * A message is signed by its parts:
 *
 *    leaf   SHA-512 of 0, and of name, 0, SHA-512 of each part
 *    node   SHA-512 of 1, left, right
 *    value  RSA PKCS #1 with SHA-512, or ECDSA with SHA-512, over the root
 *
 * and carries the path from its leaf to the root, so that one signature value serves a batch. This
 * is the shape of X-Road's hash chain (facts 3.4), not its encoding: no XAdES, no DER, no OCSP.
 */
import { createHash, createPrivateKey, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { assert } from '../base/assert.ts';
import { batchSize, isExpired } from '../protocol/batch.ts';
import { Cause } from '../protocol/fault.ts';
import { Permits } from './permits.ts';
import { isIssuedBy, readCertificate } from './trust.ts';
import type { Certified } from './trust.ts';

/** A part by its name in the signature: `message` or `body`. */
export interface PartDigest {
  readonly name: string;
  readonly digest: Buffer;
}

export interface SignatureStep {
  readonly side: 'left' | 'right';
  /** Base64. */
  readonly digest: string;
}

export interface Signature {
  readonly certificatePem: string;
  /** From the leaf up; empty: the leaf is the root. */
  readonly path: readonly SignatureStep[];
  /** Base64. */
  readonly value: string;
}

export type SignOutcome =
  | { readonly signature: Signature }
  /** Null: the time-out came first. */
  | { readonly failure: Cause | null };

interface SignRequest {
  readonly leaf: Buffer;
  readonly sinceMs: number;
  readonly settle: (outcome: SignOutcome) => void;
}

interface Worker {
  readonly key: KeyObject;
  readonly certificatePem: string;
  readonly waiting: SignRequest[];
  isBusy: boolean;
}

export interface SignerOptions {
  readonly timeoutMs: number;
  readonly batchesAllowed: boolean;
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
  batchSizeMax = 0;
  /** What the token did; a batch is one. */
  operationCount = 0;

  constructor(options: SignerOptions) {
    this.#options = options;
  }

  /** Gives a member, `INSTANCE/CLASS/CODE`, a key at this server. */
  add(member: string, identity: Certified): void {
    this.#workers.set(member, {
      key: createPrivateKey(identity.keyPem),
      certificatePem: identity.certificatePem,
      waiting: [],
      isBusy: false,
    });
  }

  remove(member: string): void {
    this.#workers.delete(member);
  }

  /** The member has a usable key here. */
  has(member: string): boolean {
    return this.#workers.has(member);
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
      worker.waiting.push({ leaf: leafOf(parts), sinceMs: performance.now(), settle });
      if (!worker.isBusy) void this.#work(worker);
    });
  }

  async #work(worker: Worker): Promise<void> {
    worker.isBusy = true;
    while (worker.waiting.length > 0) {
      // Until the token is free the batch grows.
      await this.#token.request(this.#options.timeoutMs);
      const size = batchSize(worker.waiting.length, this.#options.batchesAllowed);
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
    const { root, paths } = merkleOf(batch.map(({ leaf }) => leaf));
    this.operationCount++;
    const value = this.isTokenWorking ? await signValue(root, worker.key) : null;
    for (const [index, { settle }] of batch.entries()) {
      if (value === null) settle({ failure: Cause.CannotSign });
      else {
        const { certificatePem } = worker;
        const signature = { certificatePem, path: paths[index], value: value.toString('base64') };
        settle({ signature });
      }
    }
  }
}

/** In Node's thread pool, so that other exchanges go on meanwhile. */
function signValue(root: Buffer, key: KeyObject): Promise<Buffer | null> {
  return new Promise((resolve) => {
    sign('sha512', root, key, (error, value) => resolve(error === null ? value : null));
  });
}

export const sha512 = (...chunks: readonly Uint8Array[]): Buffer => {
  const hash = createHash('sha512');
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest();
};

const LEAF = Buffer.from([0]);
const NODE = Buffer.from([1]);

export function leafOf(parts: readonly PartDigest[]): Buffer {
  const chunks = parts.flatMap(({ name, digest }) => [Buffer.from(name), LEAF, digest]);
  return sha512(LEAF, ...chunks);
}

interface Merkle {
  readonly root: Buffer;
  /** For each leaf, in order. */
  readonly paths: readonly SignatureStep[][];
}

/** A leaf without a neighbour moves up as it is. */
export function merkleOf(leaves: readonly Buffer[]): Merkle {
  assert(leaves.length > 0, 'a batch of nothing has no root');
  const paths = leaves.map((): SignatureStep[] => []);
  let level = leaves.map((digest, index) => ({ digest, members: [index] }));
  while (level.length > 1) {
    const above: typeof level = [];
    for (let at = 0; at < level.length; at += 2) {
      const [left, right] = [level[at], level[at + 1]];
      if (right === undefined) {
        above.push(left);
        continue;
      }
      const toRight = { side: 'right', digest: right.digest.toString('base64') } as const;
      const toLeft = { side: 'left', digest: left.digest.toString('base64') } as const;
      for (const member of left.members) paths[member].push(toRight);
      for (const member of right.members) paths[member].push(toLeft);
      const digest = sha512(NODE, left.digest, right.digest);
      above.push({ digest, members: [...left.members, ...right.members] });
    }
    level = above;
  }
  return { root: level[0].digest, paths };
}

export function rootOf(leaf: Buffer, path: readonly SignatureStep[]): Buffer {
  return path.reduce((digest, step) => {
    const other = Buffer.from(step.digest, 'base64');
    return step.side === 'left' ? sha512(NODE, other, digest) : sha512(NODE, digest, other);
  }, leaf);
}

export interface VerifyContext {
  /** The member the message says it is from, `INSTANCE/CLASS/CODE`. */
  readonly member: string;
  /** Certificate of the authority of the member's instance; null: it is not known here. */
  readonly authorityPem: string | null;
  readonly nowMs: number;
}

/**
 * What is wrong with a signature; Cause.None: nothing. In the order of facts 2.6: usage of the
 * certificate, its member, the value, the chain.
 */
export async function judgeSignature(
  signature: Signature,
  parts: readonly PartDigest[],
  { member, authorityPem, nowMs }: VerifyContext,
): Promise<Cause> {
  const certificate = readCertificate(signature.certificatePem);
  if (!certificate.maySign || certificate.member !== member) return Cause.IncorrectCertificate;
  const root = rootOf(leafOf(parts), signature.path);
  const value = Buffer.from(signature.value, 'base64');
  const fits = await new Promise<boolean>((resolve) => {
    verify('sha512', root, certificate.publicKey, value, (error, result) =>
      resolve(error === null && result),
    );
  });
  if (!fits) return Cause.InvalidSignatureValue;
  if (authorityPem === null) return Cause.InternalError;
  const isIssued = isIssuedBy(certificate.x509, authorityPem, nowMs);
  return isIssued ? Cause.None : Cause.CannotCreateCertPath;
}

/** Null: the text is no signature of ours. */
export function readSignature(text: string): Signature | null {
  try {
    const value: unknown = JSON.parse(text);
    if (!isSignature(value)) return null;
    readCertificate(value.certificatePem);
    return value;
  } catch {
    return null;
  }
}

function isSignature(value: unknown): value is Signature {
  if (typeof value !== 'object' || value === null) return false;
  const { certificatePem, path, value: bytes } = value as Partial<Signature>;
  if (typeof certificatePem !== 'string' || typeof bytes !== 'string') return false;
  return Array.isArray(path) && path.every(isStep);
}

function isStep(step: unknown): step is SignatureStep {
  if (typeof step !== 'object' || step === null) return false;
  const { side, digest } = step as Partial<SignatureStep>;
  return (side === 'left' || side === 'right') && typeof digest === 'string';
}
