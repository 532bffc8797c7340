/**
 * Self-signed certificates of any key type for measurements: node-forge knows RSA alone, so the
 * little DER that a certificate needs is written here (RFC 5280; X.690).
 */
import { generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { KeyType } from '../plan/calibration.ts';

export interface MeasuredKey {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly keyPem: string;
  readonly certificatePem: string;
}

export function makeMeasuredKey(keyType: KeyType): MeasuredKey {
  const { privateKey, publicKey } = generate(keyType);
  const algorithm = sequence(
    oid(keyType === 'ec-p256' ? ECDSA_SHA512 : RSA_SHA512),
    ...(keyType === 'ec-p256' ? [] : [Buffer.from([0x05, 0x00])]),
  );
  const name = sequence(tag(0x31, sequence(oid(COMMON_NAME), tag(0x0c, Buffer.from(keyType)))));
  const toBeSigned = sequence(
    tag(0xa0, integer(2)),
    integer(1),
    algorithm,
    name,
    sequence(utcTime(Date.now() - DAY_MS), utcTime(Date.now() + DAY_MS)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    tag(0xa3, sequence(sequence(oid(BASIC_CONSTRAINTS), tag(0x04, sequence(TRUE))))),
  );
  const value = sign('sha512', toBeSigned, privateKey);
  const der = sequence(toBeSigned, algorithm, tag(0x03, Buffer.from([0]), value));
  return {
    privateKey,
    publicKey,
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    certificatePem: toPem(der),
  };
}

function generate(keyType: KeyType): Pick<MeasuredKey, 'privateKey' | 'publicKey'> {
  if (keyType === 'ec-p256') return generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  return generateKeyPairSync('rsa', { modulusLength: keyType === 'rsa-2048' ? 2048 : 3072 });
}

const DAY_MS = 86_400_000;
// Contents of object identifiers: sha512WithRSAEncryption, ecdsa-with-SHA512, commonName,
// basicConstraints (RFC 4055, RFC 5758, RFC 5280).
const RSA_SHA512 = '2a864886f70d01010d';
const ECDSA_SHA512 = '2a8648ce3d040304';
const COMMON_NAME = '550403';
const BASIC_CONSTRAINTS = '551d13';
const TRUE = Buffer.from([0x01, 0x01, 0xff]);

function tag(number: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([number]), lengthOf(content.length), content]);
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  if (length < 0x100) return Buffer.from([0x81, length]);
  return Buffer.from([0x82, length >> 8, length & 0xff]);
}

const sequence = (...items: readonly Buffer[]): Buffer => tag(0x30, ...items);
const integer = (value: number): Buffer => tag(0x02, Buffer.from([value]));
const oid = (hex: string): Buffer => tag(0x06, Buffer.from(hex, 'hex'));

/** YYMMDDHHMMSSZ, good until 2049. */
function utcTime(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/\D/g, '').slice(2, 14);
  return tag(0x17, Buffer.from(`${digits}Z`));
}

function toPem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
