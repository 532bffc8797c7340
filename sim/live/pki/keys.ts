/**
 * Key pairs. RSA of 2048 bits is what X-Road ships, 3072 what Estonia and Finland set, and EC P-256
 * may be chosen since 7.6 (facts 11).
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

export type KeyKind = 'rsa-2048' | 'rsa-3072' | 'ec-p256';

export interface KeyPair {
  readonly kind: KeyKind;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** PKCS#8, without a password. */
  readonly keyPem: string;
}

/** A superset of what TLS listeners and connectors take. */
export interface CertifiedKey extends KeyPair {
  readonly certificateDer: Buffer;
  readonly certificatePem: string;
}

export function makeKeyPair(kind: KeyKind): KeyPair {
  const { privateKey } =
    kind === 'ec-p256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: kind === 'rsa-2048' ? 2048 : 3072 });
  return keyPairOf(privateKey);
}

/** Throws where the text is no key, or of a kind that the lab does not use. */
export function keyPairFromPem(keyPem: string): KeyPair {
  return keyPairOf(createPrivateKey(keyPem));
}

export function keyPairOf(privateKey: KeyObject): KeyPair {
  return {
    kind: kindOf(privateKey),
    privateKey,
    publicKey: createPublicKey(privateKey),
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  };
}

export function certifiedKeyOf(pair: KeyPair, certificateDer: Buffer): CertifiedKey {
  return { ...pair, certificateDer, certificatePem: pemOf('CERTIFICATE', certificateDer) };
}

export function pemOf(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

function kindOf(key: KeyObject): KeyKind {
  const { asymmetricKeyType, asymmetricKeyDetails } = key;
  if (asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1') {
    return 'ec-p256';
  }
  const length = asymmetricKeyDetails?.modulusLength;
  if (asymmetricKeyType === 'rsa' && length === 2048) return 'rsa-2048';
  if (asymmetricKeyType === 'rsa' && length === 3072) return 'rsa-3072';
  throw new Error(`a key of ${asymmetricKeyType ?? 'no kind'} ${length ?? ''} is not used here`);
}
