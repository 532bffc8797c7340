/**
 * The software token of one security server: its keys with their certificates, behind a PIN. Logged
 * out it signs nothing (facts 5.6). Where the lab keeps keys at all, each is a PKCS#12 store; a
 * network whose keys die with the process has them in memory alone, as opening a store is work.
 */
import { createHash, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openToken, writeToken } from '../pki/token-store.ts';
import type { Token as TokenKey } from '../pki/token-store.ts';

/** What X-Road's own development servers have. */
export const TOKEN_PIN = '1234';

export class SoftToken {
  readonly #keys = new Map<string, TokenKey>();
  readonly #pin: string;
  #isLoggedIn = true;
  /** The signer's process is there; without it the token is of no use. */
  isSignerRunning: () => boolean = () => true;

  constructor(pin: string) {
    this.#pin = pin;
  }

  get isLoggedIn(): boolean {
    return this.#isLoggedIn;
  }

  get isUsable(): boolean {
    return this.#isLoggedIn && this.isSignerRunning();
  }

  add(key: TokenKey): void {
    this.#keys.set(key.key.certificatePem, key);
  }

  /** DER of all certificates. */
  *certificates(): Generator<Buffer> {
    for (const { key } of this.#keys.values()) yield key.certificateDer;
  }

  chainOf(certificateDer: Buffer): readonly Buffer[] {
    for (const { key, chain } of this.#keys.values()) {
      if (key.certificateDer.equals(certificateDer)) return chain;
    }
    return [];
  }

  derOf(certificatePem: string): Buffer {
    const known = this.#keys.get(certificatePem)?.key.certificateDer;
    return known ?? new X509Certificate(certificatePem).raw;
  }

  logOut(): void {
    this.#isLoggedIn = false;
  }

  /** False: the PIN is wrong, and the token stays as it is. */
  logIn(pin: string): boolean {
    if (pin !== this.#pin) return false;
    this.#isLoggedIn = true;
    return true;
  }
}

/**
 * A key as the lab keeps it: a PKCS#12 store in a folder, written when the key is met first, and
 * from then on opened with the PIN at every start.
 */
export function throughStore(folder: string, entry: TokenKey, pin: string): TokenKey {
  const name = createHash('sha256').update(entry.key.certificateDer).digest('hex');
  const path = join(folder, `${name}.p12`);
  if (!existsSync(path)) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(path, writeToken(entry, pin), { mode: 0o600 });
  }
  return openToken(readFileSync(path), pin);
}
