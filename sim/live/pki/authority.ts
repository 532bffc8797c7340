/**
 * A certification authority: it issues certificates and knows at every instant which of them are
 * good. A suspended one may be released, a revoked one stays revoked. What it says reaches a
 * security server only with that server's next OCSP answer (facts 5.2).
 */
import { randomBytes } from 'node:crypto';
import { assert } from '../../base/assert.ts';
import type { NetworkClock } from '../network-clock.ts';
import {
  alternativeName,
  authorityKeyIdentifier,
  isAuthority,
  ocspAccess,
  purposeExtensions,
  subjectKeyIdentifier,
} from './certificate-extension.ts';
import type { Purpose } from './certificate-extension.ts';
import { serialOf, subjectOf, validFor, writeCertificate } from './certificate.ts';
import type { Validity } from './certificate.ts';
import { certifiedKeyOf } from './keys.ts';
import type { CertifiedKey, KeyPair } from './keys.ts';
import { nameDer } from './subject-profile.ts';
import type { NameField } from './subject-profile.ts';

export interface CertificateOrder {
  readonly purpose: Purpose;
  readonly subject: readonly NameField[];
  readonly key: KeyPair;
  /** Subject alternative name; null: none. */
  readonly dnsName: string | null;
  /** Null: as long as the lab's certificates usually hold, on both clocks. */
  readonly validity: Validity | null;
}

/** CRLReason (RFC 5280, 5.3.1), as far as the lab uses it. */
export const RevocationReason = {
  Unspecified: 0,
  KeyCompromise: 1,
  CessationOfOperation: 5,
  CertificateHold: 6,
} as const;

export type CertificateStatus =
  | { readonly kind: 'good' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'revoked'; readonly sinceMs: number; readonly reason: number };

interface StatusChange {
  readonly atMs: number;
  readonly status: CertificateStatus;
}

/** What an authority knows of each certificate that it issued: by serial, in the order of time. */
export type Books = readonly (readonly [serial: string, changes: readonly StatusChange[]])[];

const YEAR_MS = 365 * 86_400_000;
const AUTHORITY_YEARS = 20;
const END_YEARS = 2;
const GOOD: CertificateStatus = { kind: 'good' };
const UNKNOWN: CertificateStatus = { kind: 'unknown' };

export class Authority {
  readonly key: CertifiedKey;
  /** DER of its name. */
  readonly subject: Buffer;
  readonly #clock: NetworkClock;
  readonly #ocspUrl: string | null;
  readonly #changes: Map<string, StatusChange[]>;

  /**
   * `ocspUrl`: where its certificates send those who ask about them; null: nowhere. `books`: what
   * it knew in another life of the process.
   */
  constructor(key: CertifiedKey, ocspUrl: string | null, clock: NetworkClock, books: Books = []) {
    this.#changes = new Map(books.map(([serial, changes]) => [serial, [...changes]]));
    this.key = key;
    this.subject = subjectOf(key.certificateDer);
    this.#ocspUrl = ocspUrl;
    this.#clock = clock;
  }

  /** Draws the serial number: 16 octets, positive and never zero (RFC 5280, 4.1.2.2). */
  issue(order: CertificateOrder): CertifiedKey {
    const serial = drawSerial();
    const validity = order.validity ?? usualValidity(order.purpose, this.#clock);
    const der = writeCertificate(
      {
        serial,
        issuer: this.subject,
        subject: nameDer(order.subject),
        validity,
        publicKey: order.key.publicKey,
        extensions: [
          ...purposeExtensions(order.purpose, order.key.publicKey),
          subjectKeyIdentifier(order.key.publicKey),
          authorityKeyIdentifier(this.key.publicKey),
          ...(this.#ocspUrl === null ? [] : [ocspAccess(this.#ocspUrl)]),
          ...(order.dnsName === null ? [] : [alternativeName(order.dnsName)]),
        ],
      },
      this.key.privateKey,
    );
    this.#changes.set(serial.toString('hex'), []);
    return certifiedKeyOf(order.key, der);
  }

  /** Takes a certificate up that it issued by other means, so that it is not unknown. */
  adopt(certificateDer: Buffer): void {
    const serial = serialOf(certificateDer);
    if (!this.#changes.has(serial)) this.#changes.set(serial, []);
  }

  /** For the next life. */
  get books(): Books {
    return [...this.#changes];
  }

  suspend(certificateDer: Buffer): void {
    const reason = RevocationReason.CertificateHold;
    this.#change(certificateDer, (sinceMs) => ({ kind: 'revoked', sinceMs, reason }));
  }

  /** Ends a suspension. */
  release(certificateDer: Buffer): void {
    this.#change(certificateDer, () => GOOD);
  }

  revoke(certificateDer: Buffer, reason: number = RevocationReason.Unspecified): void {
    this.#change(certificateDer, (sinceMs) => ({ kind: 'revoked', sinceMs, reason }));
  }

  /** `serial`: hexadecimal. What it did not issue is unknown to it. */
  statusAt(serial: string, atMs: number): CertificateStatus {
    const changes = this.#changes.get(serial);
    if (changes === undefined) return UNKNOWN;
    return changes.findLast((change) => change.atMs <= atMs)?.status ?? GOOD;
  }

  #change(certificateDer: Buffer, statusOf: (nowMs: number) => CertificateStatus): void {
    const changes = this.#changes.get(serialOf(certificateDer));
    assert(changes !== undefined, 'the certificate is not of this authority');
    const last = changes.at(-1)?.status ?? GOOD;
    const isFinal = last.kind === 'revoked' && last.reason !== RevocationReason.CertificateHold;
    assert(!isFinal, 'a revoked certificate stays revoked');
    const atMs = this.#clock.nowMs();
    changes.push({ atMs, status: statusOf(atMs) });
  }
}

/** A certificate whose subject vouches for itself: a root, or somebody whom nobody trusts. */
export function selfSign(
  order: Omit<CertificateOrder, 'dnsName'>,
  clock: NetworkClock,
): CertifiedKey {
  const { key, purpose } = order;
  const name = nameDer(order.subject);
  const der = writeCertificate(
    {
      serial: drawSerial(),
      issuer: name,
      subject: name,
      validity: order.validity ?? usualValidity(purpose, clock),
      publicKey: key.publicKey,
      extensions: [
        ...purposeExtensions(purpose, key.publicKey),
        subjectKeyIdentifier(key.publicKey),
        authorityKeyIdentifier(key.publicKey),
      ],
    },
    key.privateKey,
  );
  return certifiedKeyOf(key, der);
}

function drawSerial(): Buffer {
  const serial = randomBytes(16);
  serial[0] = (serial[0] & 0x3f) | 0x40;
  return serial;
}

function usualValidity(purpose: Purpose, clock: NetworkClock): Validity {
  return validFor(clock, (isAuthority(purpose) ? AUTHORITY_YEARS : END_YEARS) * YEAR_MS);
}
