import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { printId } from '../protocol/identifier.ts';
import { mayBeUsed, readCertificate as readEvidence, Usage } from './evidence/certificate.ts';
import { membersInSubject } from './evidence/subject.ts';
import { PROFILE_CLASSES } from './pki/subject-profile.ts';
import { derOf, isIssuedBy, readCertificate, Trust } from './trust.ts';

const trust = new Trust();
const authentication = trust.authenticationOf('EE/GOV/70000001/ss1', 2048);
const signing = trust.signingOf('EE/GOV/70000001', 'EE/GOV/70000001/ss1', 2048);
const authority = trust.authorityOf('EE');

test('a certificate says what its key is for, and whose it is', () => {
  expect(readCertificate(authentication.certificatePem).mayAuthenticate).toBe(true);
  expect(readCertificate(signing.certificatePem).mayAuthenticate).toBe(false);
  const read = readEvidence(derOf(signing.certificatePem));
  expect(mayBeUsed(read, Usage.NonRepudiation)).toBe(true);
  expect(mayBeUsed(readEvidence(derOf(authentication.certificatePem)), Usage.NonRepudiation)).toBe(
    false,
  );
  const members = membersInSubject(read, PROFILE_CLASSES.basic, 'EE');
  expect(members.map(printId)).toEqual(['EE/GOV/70000001']);
});

test('keys are made once, and each server of a member has one of its own', () => {
  expect(trust.signingOf('EE/GOV/70000001', 'EE/GOV/70000001/ss1', 2048)).toBe(signing);
  const other = trust.signingOf('EE/GOV/70000001', 'EE/GOV/70000002/ss2', 2048);
  expect(other.keyPem).not.toBe(signing.keyPem);
});

test('the chain leads to its own authority alone, and only while it holds', () => {
  const { x509 } = readCertificate(signing.certificatePem);
  const stranger = trust.authorityOf('FI');
  const nowMs = Date.now();
  expect(isIssuedBy(x509, authority.certificatePem, nowMs)).toBe(true);
  expect(isIssuedBy(x509, stranger.certificatePem, nowMs)).toBe(false);
  expect(isIssuedBy(x509, authority.certificatePem, nowMs + 3 * 366 * 86_400_000)).toBe(false);
});

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

describe.skipIf(!hasOpenssl)('openssl agrees (skipped where there is none)', () => {
  let directory = '';

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'fedlab-trust-'));
    writeFileSync(join(directory, 'ca.pem'), authority.certificatePem);
    writeFileSync(join(directory, 'auth.pem'), authentication.certificatePem);
    writeFileSync(join(directory, 'sign.pem'), signing.certificatePem);
  });

  afterAll(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  const openssl = (...words: string[]): string =>
    execFileSync('openssl', words, { cwd: directory, encoding: 'utf8', stdio: 'pipe' });

  test('both chains, and the purposes of the authentication certificate', () => {
    expect(openssl('verify', '-x509_strict', '-CAfile', 'ca.pem', 'sign.pem')).toContain('OK');
    for (const purpose of ['sslclient', 'sslserver']) {
      const words = ['verify', '-CAfile', 'ca.pem', '-purpose', purpose, 'auth.pem'];
      expect(openssl(...words)).toContain('OK');
    }
  });

  test('the usages of both keys', () => {
    const usage = (file: string): string =>
      openssl('x509', '-in', file, '-noout', '-ext', 'keyUsage');
    expect(usage('auth.pem')).toContain('Digital Signature, Key Encipherment');
    expect(usage('sign.pem')).toContain('Non Repudiation');
    expect(usage('sign.pem')).not.toContain('Digital Signature');
  });
});
