import { X509Certificate } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import { judge, judgedTest, scratchFolder } from '../../testing/outside-judge.ts';
import { makeSigningKey } from '../../testing/sample-central.ts';
import { ConfigurationError } from './configuration-error.ts';
import {
  digestOf,
  isContentOf,
  readSignedDirectory,
  verifyDirectory,
  writeSignedDirectory,
} from './directory.ts';
import type { Directory } from './directory.ts';

const NOW_MS = Date.UTC(2026, 2, 2, 10);
const CONTENT = Buffer.from('<conf/>');

const DIRECTORY: Directory = {
  expiresMs: NOW_MS + 600_000,
  version: 6,
  parts: [
    {
      identifier: 'SHARED-PARAMETERS',
      instance: 'LAB',
      location: '/V6/20260302100000000000000/shared-params.xml',
      digest: 'sha512',
      hash: digestOf('sha512', CONTENT),
    },
    {
      identifier: 'PRIVATE-PARAMETERS',
      instance: 'LAB',
      location: '/V6/20260302100000000000000/private-params.xml',
      digest: 'sha512',
      hash: digestOf('sha512', Buffer.from('other')),
    },
  ],
};

const keys = { 'ec-p256': makeSigningKey('ec-p256'), 'rsa-2048': makeSigningKey('rsa-2048') };
const certificates = Object.values(keys).map(({ certificateDer }) => certificateDer);
const scratch = scratchFolder();

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof ConfigurationError) return error.code;
    throw error;
  }
  return 'accepted';
}

const read = (bytes: Buffer, nowMs = NOW_MS): Directory =>
  verifyDirectory(readSignedDirectory(bytes), certificates, nowMs);

describe.each(['ec-p256', 'rsa-2048'] as const)('a directory signed with %s', (kind) => {
  const written = writeSignedDirectory(DIRECTORY, keys[kind]);

  test('says what was written', () => {
    expect(read(written)).toEqual(DIRECTORY);
  });

  judgedTest('openssl', 'the signature covers the body of the first part', async () => {
    // By hand, not by our reader.
    const text = written.toString('latin1');
    const outer = /boundary=(\w+)/.exec(text)?.[1] ?? '';
    const [, first, second] = text.split(`--${outer}`);
    const body = first.slice(first.indexOf('\r\n\r\n') + 4, -2);
    const signature = Buffer.from(second.slice(second.indexOf('\r\n\r\n')).trim(), 'base64');
    const key = new X509Certificate(keys[kind].certificateDer).publicKey;
    const files = [
      '-verify',
      scratch(`${kind}.pub`, key.export({ type: 'spki', format: 'pem' })),
      '-signature',
      scratch(`${kind}.sig`, signature),
    ];
    const good = scratch(`${kind}.body`, Buffer.from(body, 'latin1'));
    const bad = scratch(`${kind}.bad`, Buffer.from(body.replace('Version: 6', 'Version: 7')));
    expect((await judge('openssl', 'dgst', '-sha512', ...files, good)).text).toContain('OK');
    expect((await judge('openssl', 'dgst', '-sha512', ...files, bad)).isAccepted).toBe(false);
  });

  test('with a byte changed it is refused, or says the same', () => {
    const text = written.toString('latin1');
    const from = text.indexOf('Expire-date');
    const to = text.lastIndexOf('SHARED-PARAMETERS');
    const wrong: string[] = [];
    let refused = 0;
    for (let at = 0; at < written.length; at++) {
      for (const flip of [0x01, 0x20, 0x80]) {
        const changed = Buffer.from(written);
        changed[at] ^= flip;
        let directory: Directory | null = null;
        const code = codeOf(() => {
          directory = read(changed);
        });
        if (code !== 'accepted') refused++;
        else if (at >= from && at < to) wrong.push(`byte ${at} is signed`);
        // What is not signed may change as long as what is signed does not.
        else if (!isDeepStrictEqual(directory, DIRECTORY)) wrong.push(`byte ${at} says else`);
      }
    }
    expect(wrong).toEqual([]);
    expect(refused).toBeGreaterThan(written.length * 2);
  });
});

describe('a directory is refused', () => {
  const written = writeSignedDirectory(DIRECTORY, keys['ec-p256']);

  test.each([
    ['when it has expired', 600_001, 'global_conf_outdated'],
    ['not at the instant of its date', 600_000, 'accepted'],
  ])('%s', (_name, laterMs, code) => {
    expect(codeOf(() => read(written, NOW_MS + laterMs))).toBe(code);
  });

  test('when its certificate is not among those trusted', () => {
    const signed = readSignedDirectory(written);
    const others = [keys['rsa-2048'].certificateDer, makeSigningKey().certificateDer];
    expect(codeOf(() => verifyDirectory(signed, others, NOW_MS))).toBe(
      'global_conf_missing_verification_cert',
    );
  });

  test('when it was signed by another key than it names', () => {
    const [mine, other] = [keys['ec-p256'], makeSigningKey()];
    const forged = writeSignedDirectory(DIRECTORY, {
      ...other,
      certificateDer: mine.certificateDer,
    });
    expect(codeOf(() => read(forged))).toBe('global_conf_signature_verification_failure');
  });

  test.each([
    ['empty', ''],
    ['no multipart', 'Content-Type: text/plain\r\n\r\nhello'],
    ['without a boundary', 'Content-Type: multipart/related\r\n\r\n--\r\n'],
    ['without parts', 'Content-Type: multipart/related; boundary=b\r\n\r\n--b--\r\n'],
  ])('when it is %s', (_name, text) => {
    expect(codeOf(() => read(Buffer.from(text)))).toMatch(/^global_conf_/);
  });

  test('when it ends too early, wherever that is', () => {
    const end = written.indexOf('Verification-certificate-hash');
    for (let length = 0; length < end; length += 7) {
      expect(codeOf(() => read(written.subarray(0, length)))).not.toBe('accepted');
    }
  });

  test('when it carries a million delimiters', () => {
    const many = `Content-Type: multipart/related; boundary=b\r\n\r\n${'--b\r\n'.repeat(1e6)}`;
    expect(codeOf(() => read(Buffer.from(many)))).toMatch(/^global_conf_/);
  });
});

test('a part with one byte changed is another one', () => {
  const [part] = DIRECTORY.parts;
  expect(isContentOf(part, CONTENT)).toBe(true);
  for (let at = 0; at < CONTENT.length; at++) {
    const changed = Buffer.from(CONTENT);
    changed[at] ^= 1;
    expect(isContentOf(part, changed)).toBe(false);
  }
});
