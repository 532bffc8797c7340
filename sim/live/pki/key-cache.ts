/**
 * Where the keys of a network come from. They are counted, by kind: the third RSA key of a run is
 * the third of the next one, so where a folder is given a second start draws none anew. The folder
 * is the caller's, for its owner only, and no part of a repository; a key in it vouches for nobody
 * outside of the lab.
 *
 * Keys may be made from a seed instead of by chance: RSA by node-forge, whose primes come from a
 * stream of bytes that is ours (seconds each), and P-256 from that stream itself.
 */
import {
  createCipheriv,
  createECDH,
  createHash,
  createPrivateKey,
  generateKeyPair,
} from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import {
  chmodSync,
  linkSync,
  mkdirSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import forge from 'node-forge';
import { keyPairFromPem, keyPairOf, makeKeyPair } from './keys.ts';
import type { KeyKind, KeyPair } from './keys.ts';

export interface KeyPool {
  /** The next key of its kind. */
  next(kind: KeyKind): KeyPair;
  /**
   * Makes the next `count` keys of a kind beforehand, as many at a time as Node has threads for;
   * `next` would make them one after the other. Keys of a seed are made there and then.
   */
  prepare(kind: KeyKind, count: number): Promise<void>;
  /** Never gives a key that somebody has from another life of the process. */
  exclude(pair: KeyPair): void;
}

export interface KeyPoolOptions {
  /** Null: keys live in memory and die with the process. */
  readonly folder: string | null;
  /** Null: keys are made by chance. */
  readonly seed: string | null;
}

export function createKeyPool({ folder, seed }: KeyPoolOptions): KeyPool {
  if (folder !== null) openFolder(folder);
  const used = new Map<KeyKind, number>();
  const excluded = new Set<string>();
  const ready = new Map<string, KeyPair>();

  const nameOf = (kind: KeyKind, number: number): string =>
    seed === null ? `${kind}-${number}` : `seed-${fingerprintOf(seed)}-${kind}-${number}`;
  const find = (name: string): KeyPair | null =>
    ready.get(name) ?? (folder === null ? null : readKey(join(folder, `${name}.pem`)));
  const keep = (name: string, made: KeyPair): KeyPair => {
    const kept = folder === null ? made : storeKey(join(folder, `${name}.pem`), made);
    ready.set(name, kept);
    return kept;
  };

  const take = (kind: KeyKind): KeyPair => {
    const number = used.get(kind) ?? 0;
    used.set(kind, number + 1);
    const name = nameOf(kind, number);
    const pair = find(name) ?? keep(name, makeKey(kind, seed === null ? null : name + seed));
    ready.delete(name);
    return pair;
  };

  return {
    next: (kind) => {
      let pair = take(kind);
      while (excluded.has(pair.keyPem)) pair = take(kind);
      return pair;
    },
    exclude: ({ keyPem }) => {
      excluded.add(keyPem);
    },
    prepare: async (kind, count) => {
      if (seed !== null || kind === 'ec-p256') return;
      const first = used.get(kind) ?? 0;
      const names = Array.from({ length: count }, (_, index) => nameOf(kind, first + index));
      const missing = names.filter((name) => find(name) === null);
      const makeNext = async (): Promise<void> => {
        for (let name = missing.pop(); name !== undefined; name = missing.pop()) {
          keep(name, await makeRsaKey(kind));
        }
      };
      await Promise.all(Array.from({ length: AT_A_TIME }, makeNext));
    },
  };
}

/** Node's pool has four threads, and files need one, too. */
const AT_A_TIME = 3;

async function makeRsaKey(kind: 'rsa-2048' | 'rsa-3072'): Promise<KeyPair> {
  const modulusLength = bitsOf(kind);
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength });
  return keyPairOf(privateKey);
}

function makeKey(kind: KeyKind, seed: string | null): KeyPair {
  if (seed === null) return makeKeyPair(kind);
  return keyPairOf(kind === 'ec-p256' ? curveKeyOf(seed) : rsaKeyOf(kind, seed));
}

function bitsOf(kind: 'rsa-2048' | 'rsa-3072'): number {
  return kind === 'rsa-2048' ? 2048 : 3072;
}

/** The same bytes for the same seed, without end: AES in counter mode over zeros. */
function streamOf(seed: string): (count: number) => Buffer {
  const key = createHash('sha256').update(seed).digest();
  const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  return (count) => cipher.update(Buffer.alloc(count));
}

function rsaKeyOf(kind: 'rsa-2048' | 'rsa-3072', seed: string): KeyObject {
  const take = streamOf(seed);
  const prng = { getBytesSync: (count: number) => take(count).toString('binary') };
  const { privateKey } = forge.pki.rsa.generateKeyPair({
    bits: bitsOf(kind),
    e: 0x10001,
    prng,
  });
  return createPrivateKey(forge.pki.privateKeyToPem(privateKey));
}

/** A number below the order of the curve is a key; nearly every one is. */
function curveKeyOf(seed: string): KeyObject {
  const take = streamOf(seed);
  const curve = createECDH('prime256v1');
  for (;;) {
    const secret = take(32);
    try {
      curve.setPrivateKey(secret);
    } catch {
      continue;
    }
    const point = curve.getPublicKey();
    const text = (bytes: Buffer): string => bytes.toString('base64url');
    const [x, y, d] = [point.subarray(1, 33), point.subarray(33), secret].map(text);
    return createPrivateKey({ key: { kty: 'EC', crv: 'P-256', x, y, d }, format: 'jwk' });
  }
}

function fingerprintOf(seed: string): string {
  return createHash('sha256').update(seed).digest('hex').slice(0, 16);
}

const FOR_OWNER_ONLY = 0o077;

function openFolder(folder: string): void {
  const made = mkdirSync(folder, { recursive: true, mode: 0o700 });
  // The process's mask may have taken more away; nothing may have been added.
  if (made !== undefined) chmodSync(folder, 0o700);
  const { mode } = statSync(folder);
  if (process.platform === 'win32' || (mode & FOR_OWNER_ONLY) === 0) return;
  throw new Error(`${folder} is open to others; a folder of keys is for its owner (chmod 700)`);
}

/** Null: there is none, or none that can be read. */
function readKey(path: string): KeyPair | null {
  try {
    return keyPairFromPem(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
}

/** Two processes may make the same key at once: the first one's stays, and both use it. */
function storeKey(path: string, made: KeyPair): KeyPair {
  const part = `${path}.${process.pid}.part`;
  writeFileSync(part, made.keyPem, { mode: 0o600 });
  try {
    linkSync(part, path);
    return made;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const other = readKey(path);
    if (other !== null) return other;
    // What stands there is no key, perhaps of a disk that was full.
    unlinkSync(path);
    linkSync(part, path);
    return made;
  } finally {
    unlinkSync(part);
  }
}
