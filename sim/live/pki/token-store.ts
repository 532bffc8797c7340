/**
 * A software token: a key and its certificates in a PKCS#12 store (RFC 7292) behind a PIN, as
 * X-Road's signer keeps them. The key is enciphered with AES-256, the whole is authenticated;
 * certificates are public and stand in the clear.
 *
 * node-forge derives keys from the PIN, enciphers and reads. It writes no keys on curves, which is
 * why the outer shape is written here.
 */
import { createHmac, createPrivateKey, randomBytes } from 'node:crypto';
import forge from 'node-forge';
import { explicit, integer, octets, oid, sequence, setOf } from '../der-writer.ts';
import { digestIdentifier } from './algorithm-identifier.ts';
import { keyIdentifierOf } from './certificate-extension.ts';
import { certifiedKeyOf, keyPairOf } from './keys.ts';
import type { CertifiedKey } from './keys.ts';

export class TokenError extends Error {
  override name = 'TokenError';
}

export interface Token {
  readonly key: CertifiedKey;
  /** DER of the authorities above its certificate, the nearest first. */
  readonly chain: readonly Buffer[];
}

/** X-Road's signer takes a PIN of any length, with characters of ASCII. */
export function writeToken({ key, chain }: Token, pin: string): Buffer {
  checkPin(pin);
  const attribute = sequence(oid(Oid.LocalKeyId), setOf(octets(keyIdentifierOf(key.publicKey))));
  const certificates = [key.certificateDer, ...chain].map((certificate, index) =>
    bag(
      Oid.CertificateBag,
      sequence(oid(Oid.X509), explicit(0, octets(certificate))),
      index === 0 ? [attribute] : [],
    ),
  );
  const keyBag = bag(Oid.ShroudedKeyBag, encipher(key, pin), [attribute]);
  const safe = sequence(plainData(sequence(...certificates)), plainData(sequence(keyBag)));
  const salt = randomBytes(SALT_BYTES);
  const mac = createHmac('sha256', macKey(pin, salt)).update(safe).digest();
  return sequence(
    integer(VERSION),
    plainData(safe),
    sequence(sequence(digestIdentifier('sha256'), octets(mac)), octets(salt), integer(ITERATIONS)),
  );
}

/** Throws a TokenError where the PIN is wrong, or the store is none or is damaged. */
export function openToken(store: Buffer, pin: string): Token {
  checkPin(pin);
  let bags: readonly forge.pkcs12.Bag[];
  try {
    const asn1 = forge.asn1.fromDer(store.toString('binary'));
    const pfx = forge.pkcs12.pkcs12FromAsn1(asn1, pin);
    bags = pfx.safeContents.flatMap(({ safeBags }) => safeBags);
  } catch (error) {
    const isMac = error instanceof Error && /MAC|password/i.test(error.message);
    const text = isMac ? 'the PIN is wrong, or the token has been changed' : 'this is no token';
    throw new TokenError(text, { cause: error });
  }
  const keyBag = bags.find(({ type }) => type === Oid.ShroudedKeyBag);
  const certificates = bags.filter(({ type }) => type === Oid.CertificateBag).map(certificateOf);
  if (keyBag === undefined || certificates.length === 0) {
    throw new TokenError('the token holds no key with a certificate');
  }
  const privateKey = createPrivateKey({ key: keyOf(keyBag), format: 'der', type: 'pkcs8' });
  const [own, ...chain] = certificates;
  return { key: certifiedKeyOf(keyPairOf(privateKey), own), chain };
}

const Oid = {
  Data: '1.2.840.113549.1.7.1',
  X509: '1.2.840.113549.1.9.22.1',
  LocalKeyId: '1.2.840.113549.1.9.21',
  ShroudedKeyBag: '1.2.840.113549.1.12.10.1.2',
  CertificateBag: '1.2.840.113549.1.12.10.1.3',
} as const;

const VERSION = 3;
const SALT_BYTES = 16;
/** OpenSSL's default; a lab opens a thousand tokens at a start. */
const ITERATIONS = 2048;
/** RFC 7292, appendix B.3: what the derived bytes are for. */
const FOR_MAC = 3;
const MAC_KEY_BYTES = 32;

function checkPin(pin: string): void {
  if (!/^[\x20-\x7e]+$/.test(pin)) {
    throw new TokenError('a PIN is not empty, and has printable characters of ASCII');
  }
}

function bag(type: string, value: Buffer, attributes: readonly Buffer[]): Buffer {
  const set = attributes.length === 0 ? [] : [setOf(...attributes)];
  return sequence(oid(type), explicit(0, value), ...set);
}

function plainData(content: Buffer): Buffer {
  return sequence(oid(Oid.Data), explicit(0, octets(content)));
}

function encipher({ privateKey }: CertifiedKey, pin: string): Buffer {
  const plain = privateKey.export({ type: 'pkcs8', format: 'der' });
  const enciphered = forge.pki.encryptPrivateKeyInfo(
    forge.asn1.fromDer(plain.toString('binary')),
    pin,
    { algorithm: 'aes256', count: ITERATIONS, saltSize: SALT_BYTES, prfAlgorithm: 'sha256' },
  );
  return bytesOf(enciphered);
}

function macKey(pin: string, salt: Buffer): Buffer {
  const derived = forge.pkcs12.generateKey(
    pin,
    forge.util.createBuffer(salt.toString('binary')),
    FOR_MAC,
    ITERATIONS,
    MAC_KEY_BYTES,
    forge.md.sha256.create(),
  );
  return Buffer.from(derived.getBytes(), 'binary');
}

/** PKCS#8; forge has taken an RSA key apart, and leaves every other as it found it. */
function keyOf({ key, asn1 }: forge.pkcs12.Bag): Buffer {
  if (key === undefined || key === null) return bytesOf(asn1);
  return bytesOf(forge.pki.wrapRsaPrivateKey(forge.pki.privateKeyToAsn1(key)));
}

function certificateOf({ cert, asn1 }: forge.pkcs12.Bag): Buffer {
  if (cert === undefined || cert === null) return bytesOf(asn1);
  return bytesOf(forge.pki.certificateToAsn1(cert));
}

function bytesOf(asn1: forge.asn1.Asn1): Buffer {
  return Buffer.from(forge.asn1.toDer(asn1).getBytes(), 'binary');
}
