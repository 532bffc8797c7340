/**
 * The signing keys of one node of a central server, on its token. Each kind of configuration may
 * have several, of which one is active; the certificates of all are in the anchor and in the shared
 * parameters, so that a key can be made known before it signs (facts 6).
 */
import { assert } from '../../base/assert.ts';
import { boolean, namedBits, sequence } from '../der-writer.ts';
import { extension } from '../pki/certificate-extension.ts';
import { writeCertificate } from '../pki/certificate.ts';
import { certifiedKeyOf } from '../pki/keys.ts';
import type { CertifiedKey, KeyPair } from '../pki/keys.ts';
import { nameDer } from '../pki/subject-profile.ts';
import type { SourceKind } from './configuration-generator.ts';

export class SigningKeys {
  /** The active one first. */
  readonly #keys: Record<SourceKind, CertifiedKey[]>;
  /** While it is false no key of the token signs: it waits for its PIN after a restart. */
  isTokenLoggedIn = true;

  constructor(internal: CertifiedKey, external: CertifiedKey) {
    this.#keys = { internal: [internal], external: [external] };
  }

  /** Null: the token is logged out. */
  activeKeys(): Readonly<Record<SourceKind, CertifiedKey>> | null {
    if (!this.isTokenLoggedIn) return null;
    const { internal, external } = this.#keys;
    return { internal: internal[0], external: external[0] };
  }

  certificatesOf(kind: SourceKind): Buffer[] {
    return this.#keys[kind].map(({ certificateDer }) => certificateDer);
  }

  /** It is made known with the next generation, and signs nothing yet. */
  add(kind: SourceKind, key: CertifiedKey): void {
    this.#keys[kind].push(key);
  }

  /** From the next generation on it signs. */
  activate(kind: SourceKind, key: CertifiedKey): void {
    const others = this.#keys[kind].filter((one) => one !== key);
    assert(others.length < this.#keys[kind].length, 'a key that the token does not hold');
    this.#keys[kind] = [key, ...others];
  }

  /** The active one cannot be removed, as in X-Road. */
  remove(kind: SourceKind, key: CertifiedKey): void {
    assert(this.#keys[kind][0] !== key, 'the active key cannot be removed');
    this.#keys[kind] = this.#keys[kind].filter((one) => one !== key);
  }
}

/**
 * The certificate that X-Road's signer makes for such a key: signed by itself, valid from 1970 to
 * 2038, because nobody looks at its dates (trust-dev of the vectors).
 */
export function certifySigningKey(name: string, pair: KeyPair): CertifiedKey {
  const subject = nameDer([['CN', name]]);
  const content = {
    serial: Buffer.from([1]),
    issuer: subject,
    subject,
    validity: { fromMs: 0, toMs: Date.UTC(2038, 0, 1) },
    publicKey: pair.publicKey,
    extensions: [
      extension('2.5.29.15', true, namedBits(NON_REPUDIATION, KEY_CERT_SIGN)),
      extension('2.5.29.19', true, sequence(boolean(true))),
    ],
  };
  return certifiedKeyOf(pair, writeCertificate(content, pair.privateKey));
}

const NON_REPUDIATION = 1;
const KEY_CERT_SIGN = 5;
