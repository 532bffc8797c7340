/**
 * The keys and authorities of networks that follow one another. Making an RSA key takes a tenth of
 * a second, so whoever starts many networks lets them share one: what an authority has issued, it
 * has issued for all of them, and what it revoked stays revoked.
 *
 * Without a folder everything lives in memory and dies with the process: the lab must never leave a
 * key behind unasked.
 */
import { createHash, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { mayBeUsed, readCertificate as readDer } from './evidence/certificate.ts';
import type { Certificate } from './evidence/certificate.ts';
import { REAL_TIME } from './network-clock.ts';
import type { NetworkClock } from './network-clock.ts';
import { answeredAuthoritiesOf, createInstancePki, createPkiOver } from './pki/instance-pki.ts';
import type { InstancePki, PkiShape } from './pki/instance-pki.ts';
import { createKeyPool } from './pki/key-cache.ts';
import type { KeyPool } from './pki/key-cache.ts';
import type { CertifiedKey, KeyKind, KeyPair } from './pki/keys.ts';
import { openPki, savePki } from './pki/pki-store.ts';
import { DirectOcsp } from './signing/direct-ocsp.ts';

export interface Certified {
  readonly keyPem: string;
  readonly certificatePem: string;
}

export interface Authority extends Certified {
  readonly name: string;
}

/** Older than any verifier takes (facts 5.0). */
export const STALE_MS = 10 * 86_400_000;

export class Trust {
  /** Vouches for nobody in the network. */
  static readonly STRANGER = 'stranger';
  readonly #folder: string | null;
  readonly #keys: KeyPool;
  readonly #named = new Map<string, KeyPair>();
  readonly #pkis = new WeakMap<NetworkClock, Map<string, InstancePki>>();
  readonly #plain = new Map<string, InstancePki>();
  readonly #certified = new Map<string, CertifiedKey>();
  /** Answers about whatever the plain authorities have issued. */
  readonly ocsp = new DirectOcsp(REAL_TIME, 0);
  /** The same, older than any verifier takes. */
  readonly staleOcsp = new DirectOcsp(REAL_TIME, STALE_MS);

  /**
   * `keyFolder`: what is in it, of keys, authorities and their books, is used again, and what is
   * new is kept there by `save`; null: all of it lives in memory alone.
   */
  constructor(keyFolder: string | null = null) {
    this.#folder = keyFolder;
    this.#keys = createKeyPool({ folder: keyFolder, seed: null });
  }

  /**
   * The authorities of an instance, the same for all networks of one clock. `kind`: of the keys
   * that are issued next, where it is another one than the instance's.
   */
  pkiOf(shape: PkiShape, clock: NetworkClock, kind: KeyKind | null): InstancePki {
    const pki = this.findPki(shape, clock) ?? this.#createPki(shape, clock);
    if (kind === null || kind === shape.kinds.signing) return pki;
    const kinds = { ...shape.kinds, authentication: kind, signing: kind };
    return createPkiOver(pki, { ...shape, kinds }, { clock, keys: this.#keys });
  }

  /** Null: it has not been asked for. */
  findPki(shape: PkiShape, clock: NetworkClock): InstancePki | null {
    return this.#pkis.get(clock)?.get(JSON.stringify(shape)) ?? null;
  }

  /** Writes down what an authority is and knows, for the next start; without a folder nothing. */
  save(shape: PkiShape, clock: NetworkClock): void {
    const path = this.#pathOf(shape);
    const pki = this.findPki(shape, clock);
    if (path !== null && pki !== null) savePki(path, pki, shape);
  }

  /** A key for one purpose, made when it is first asked for. */
  keyOf(name: string, kind: KeyKind): KeyPair {
    const id = `${kind} ${name}`;
    const known = this.#named.get(id);
    if (known !== undefined) return known;
    const made = this.#keys.next(kind);
    this.#named.set(id, made);
    return made;
  }

  hasKey(name: string, kind: KeyKind): boolean {
    return this.#named.has(`${kind} ${name}`);
  }

  /** Makes so many keys beforehand, side by side. */
  prepare(kind: KeyKind, count: number): Promise<void> {
    return this.#keys.prepare(kind, count);
  }

  /** A plain authority, of which nothing runs. */
  authorityOf(instance: string): Authority {
    const { keyPem, certificatePem } = this.#plainOf(instance).issuing.key;
    return { name: instance, keyPem, certificatePem };
  }

  /**
   * For TLS between security servers, `INSTANCE/CLASS/CODE/SERVER`. `bits`: length of the key, 2048
   * as X-Road ships it or 3072 as Estonia and Finland do.
   */
  authenticationOf(server: string, bits: number): CertifiedKey {
    return this.#once(`auth ${server} ${bits}`, () =>
      this.#issuerOf(server.split('/')[0], bits).issueAuthentication(server, server),
    );
  }

  /** For the messages of a member, who has a key of its own at each of its servers. */
  signingOf(member: string, server: string, bits: number): CertifiedKey {
    return this.#once(`sign ${member} ${server} ${bits}`, () => {
      const code = server.split('/').at(-1) ?? server;
      return this.#issuerOf(member.split('/')[0], bits).issueSigning(member, code, member);
    });
  }

  #createPki(shape: PkiShape, clock: NetworkClock): InstancePki {
    const sources = { clock, keys: this.#keys };
    const path = this.#pathOf(shape);
    const made = path === null ? createInstancePki(shape, sources) : openPki(path, shape, sources);
    const ofClock = this.#pkis.get(clock) ?? new Map<string, InstancePki>();
    this.#pkis.set(clock, ofClock.set(JSON.stringify(shape), made));
    return made;
  }

  /** Networks of other shapes have files of their own. */
  #pathOf(shape: PkiShape): string | null {
    if (this.#folder === null) return null;
    const name = createHash('sha256').update(JSON.stringify(shape)).digest('hex').slice(0, 16);
    return join(this.#folder, `authorities-${name}.json`);
  }

  #plainOf(instance: string): InstancePki {
    const known = this.#plain.get(instance);
    if (known !== undefined) return known;
    const made = createInstancePki(plainShape(instance, 'rsa-2048'), this.#sources());
    this.#plain.set(instance, made);
    for (const answered of answeredAuthoritiesOf(made)) {
      this.ocsp.add(answered);
      this.staleOcsp.add(answered);
    }
    return made;
  }

  #issuerOf(instance: string, bits: number): InstancePki {
    const shape = plainShape(instance, bits === 3072 ? 'rsa-3072' : 'rsa-2048');
    return createPkiOver(this.#plainOf(instance), shape, this.#sources());
  }

  #sources(): { readonly clock: NetworkClock; readonly keys: KeyPool } {
    return { clock: REAL_TIME, keys: this.#keys };
  }

  #once(name: string, make: () => CertifiedKey): CertifiedKey {
    const known = this.#certified.get(name);
    if (known !== undefined) return known;
    const made = make();
    this.#certified.set(name, made);
    return made;
  }
}

function plainShape(instance: string, kind: KeyKind): PkiShape {
  return {
    instance,
    profile: 'basic',
    hasIssuing: false,
    kinds: { authority: 'rsa-2048', service: 'ec-p256', authentication: kind, signing: kind },
    timeStamperCount: 0,
    ocspUrl: null,
  };
}

/** What a verifier asks of a certificate. */
export interface ReadCertificate {
  readonly x509: X509Certificate;
  readonly mayAuthenticate: boolean;
}

const CACHE_MAX = 10_000;
const readCertificates = new Map<string, ReadCertificate>();

/** Throws where the text is no certificate. */
export function readCertificate(pem: string): ReadCertificate {
  const known = readCertificates.get(pem);
  if (known !== undefined) return known;
  const certificate = readDer(new X509Certificate(pem).raw);
  const read = { x509: certificate.x509, mayAuthenticate: mayAuthenticate(certificate) };
  // Only what was issued here is ever asked about; the limit is there for what a test makes up.
  if (readCertificates.size >= CACHE_MAX) readCertificates.clear();
  readCertificates.set(pem, read);
  return read;
}

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
/** digitalSignature, keyEncipherment, dataEncipherment (RFC 5280, 4.2.1.3). */
const AUTHENTICATION_USAGES: readonly number[] = [0, 2, 3];

/** As X-Road knows an authentication certificate (facts 11; CO/util/CertUtils). */
function mayAuthenticate(certificate: Certificate): boolean {
  if (certificate.extendedKeyUsages?.includes(CLIENT_AUTH) === true) return true;
  const { keyUsage } = certificate;
  return keyUsage !== null && AUTHENTICATION_USAGES.some((one) => mayBeUsed(certificate, one));
}

const authorities = new Map<string, X509Certificate>();

function readAuthority(pem: string): X509Certificate {
  const known = authorities.get(pem);
  if (known !== undefined) return known;
  const read = new X509Certificate(pem);
  if (authorities.size >= CACHE_MAX) authorities.clear();
  authorities.set(pem, read);
  return read;
}

/** Whether a certificate was issued by an authority, and holds at an instant. */
export function isIssuedBy(
  certificate: X509Certificate,
  authorityPem: string,
  nowMs: number,
): boolean {
  const authority = readAuthority(authorityPem);
  const from = Date.parse(certificate.validFrom);
  const to = Date.parse(certificate.validTo);
  return (
    certificate.checkIssued(authority) &&
    certificate.verify(authority.publicKey) &&
    from <= nowMs &&
    nowMs <= to
  );
}

/** By which shared parameters know an authentication certificate: SHA-256 (facts 6). */
export function hashOfCertificate(der: Buffer): string {
  return createHash('sha256').update(der).digest('hex');
}

export function derOf(pem: string): Buffer {
  return readCertificate(pem).x509.raw;
}
