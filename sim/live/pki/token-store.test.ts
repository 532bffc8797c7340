// Tokens that openssl opens, and tokens that it made.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { judge, judgedTest, scratchFolder, withFlippedBit } from '../../testing/outside-judge.ts';
import { makeSmallPki } from '../../testing/small-pki.ts';
import type { KeyKind } from './keys.ts';
import { openToken, TokenError, writeToken } from './token-store.ts';

const KINDS: readonly KeyKind[] = ['rsa-2048', 'rsa-3072', 'ec-p256'];
const PIN = 'Secret1234!';
const write = scratchFolder();

describe.each(KINDS)('a token with a key of %s', (kind) => {
  const pki = makeSmallPki({
    kinds: { authority: 'ec-p256', service: 'ec-p256', authentication: kind, signing: kind },
  });
  const key = pki.issueSigning('LAB/GOV/100', 'ss1', 'A ministry');
  const chain = [pki.issuing.key.certificateDer, pki.root.key.certificateDer];
  const store = writeToken({ key, chain }, PIN);

  test('opens with its PIN, and gives back what was put in', () => {
    const token = openToken(store, PIN);
    expect(token.key.keyPem).toBe(key.keyPem);
    expect(token.key.kind).toBe(kind);
    expect(token.key.certificatePem).toBe(key.certificatePem);
    expect(token.chain).toEqual(chain);
  });

  test('opens with no other PIN, nor after one changed byte', () => {
    expect(() => openToken(store, 'Secret1235!')).toThrow(/the PIN is wrong/);
    expect(() => openToken(store, '')).toThrow(TokenError);
    const atCertificate = store.length - store.indexOf('A ministry');
    for (const changed of [withFlippedBit(store, atCertificate), store.subarray(0, 100)]) {
      expect(() => openToken(changed, PIN)).toThrow(TokenError);
    }
  });

  test('does not show its key', () => {
    const secret = Buffer.from(key.privateKey.export({ format: 'jwk' }).d ?? '', 'base64url');
    expect(secret.length).toBeGreaterThanOrEqual(32);
    expect(store.includes(secret)).toBe(false);
  });

  judgedTest('openssl', 'opens it, and refuses a wrong PIN and a changed byte', async () => {
    const open = async (bytes: Buffer, pin: string) =>
      judge('openssl', [
        'pkcs12',
        '-in',
        write(`${kind}.p12`, bytes),
        '-nodes',
        '-passin',
        `pass:${pin}`,
      ]);
    const said = await open(store, PIN);
    expect(said.isAccepted, said.text).toBe(true);
    expect(said.text).toContain(key.keyPem.trim());
    for (const part of [key, pki.issuing.key, pki.root.key]) {
      expect(said.text).toContain(part.certificatePem.trim());
    }
    expect((await open(store, 'wrong')).isAccepted).toBe(false);
    const atCertificate = store.length - store.indexOf('A ministry');
    expect((await open(withFlippedBit(store, atCertificate), PIN)).isAccepted).toBe(false);
  });

  judgedTest('openssl', 'makes one that we open', async () => {
    const keyPath = write(`${kind}-key.pem`, key.keyPem);
    const certificatePath = write(`${kind}-certificate.pem`, key.certificatePem);
    const path = write(`${kind}-theirs.p12`, '');
    const made = await judge(
      'openssl',
      ['pkcs12', '-export', '-inkey', keyPath, '-in', certificatePath, '-out', path],
      ['-passout', `pass:${PIN}`, '-macalg', 'sha256'],
    );
    expect(made.isAccepted, made.text).toBe(true);
    const token = openToken(readFileSync(path), PIN);
    expect(token.key.keyPem).toBe(key.keyPem);
    expect(token.key.certificateDer).toEqual(key.certificateDer);
  });
});

test('a PIN is of printable ASCII', () => {
  const key = makeSmallPki().issueSigning('LAB/GOV/100', 'ss1', 'A ministry');
  expect(() => writeToken({ key, chain: [] }, 'sõna')).toThrow(/ASCII/);
});
