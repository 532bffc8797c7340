// What openssl, Node and the evidence's own reader say of the certificates that the lab issues.
import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { printId } from '../../protocol/identifier.ts';
import { judge, judgedTest, scratchFolder, withFlippedBit } from '../../testing/outside-judge.ts';
import { makeSmallPki } from '../../testing/small-pki.ts';
import { isValidAt, pathTo, readCertificate } from '../evidence/certificate.ts';
import { membersInSubject } from '../evidence/subject.ts';
import { connectTcp, listenMutualTls, secure } from '../loopback.ts';
import { createNetworkClock, REAL_TIME } from '../network-clock.ts';
import { issuerAndSerialOf, subjectOf } from './certificate.ts';
import { makeKeyPair, pemOf } from './keys.ts';
import type { KeyKind } from './keys.ts';
import { canExpress, PROFILE_CLASSES } from './subject-profile.ts';
import type { SubjectProfile } from './subject-profile.ts';

const KINDS: readonly KeyKind[] = ['rsa-2048', 'rsa-3072', 'ec-p256'];
const write = scratchFolder();

describe.each(KINDS)('certificates of %s', (kind) => {
  const pki = makeSmallPki({
    kinds: { authority: kind, service: kind, authentication: kind, signing: kind },
    ocspUrl: 'http://127.0.0.1:8888/',
  });
  const root = write(`${kind}-root.pem`, pki.root.key.certificatePem);
  const issuing = write(`${kind}-issuing.pem`, pki.issuing.key.certificatePem);
  const authentication = pki.issueAuthentication('LAB/GOV/100/ss1', 'A ministry');
  const signing = pki.issueSigning('LAB/GOV/100', 'ss1', 'A ministry');

  const verify = async (purpose: string, name: string, certificate: Buffer) =>
    judge(
      'openssl',
      ['verify', '-x509_strict', '-CAfile', root, '-untrusted', issuing, '-purpose', purpose],
      write(`${kind}-${name}.pem`, pemOf('CERTIFICATE', certificate)),
    );

  judgedTest('openssl', 'each serves its purposes and no other', async () => {
    const [timeStamper] = pki.timeStampers;
    const rows = [
      ['sslserver', 'auth', authentication.certificateDer, true],
      ['sslclient', 'auth', authentication.certificateDer, true],
      ['timestampsign', 'auth', authentication.certificateDer, false],
      ['sslclient', 'sign', signing.certificateDer, false],
      ['sslserver', 'sign', signing.certificateDer, false],
      ['smimesign', 'sign', signing.certificateDer, true],
      ['timestampsign', 'tsa', timeStamper.certificateDer, true],
      ['sslserver', 'tsa', timeStamper.certificateDer, false],
      ['ocsphelper', 'ocsp', pki.ocspSigner.certificateDer, true],
      ['sslserver', 'ocsp', pki.ocspSigner.certificateDer, false],
    ] as const;
    for (const [purpose, name, certificate, isAccepted] of rows) {
      const said = await verify(purpose, name, certificate);
      expect(`${name} as ${purpose}: ${said.isAccepted}`).toBe(
        `${name} as ${purpose}: ${isAccepted}`,
      );
    }
  });

  judgedTest(
    'openssl',
    'one changed byte is refused, of the content and of the signature',
    async () => {
      const der = signing.certificateDer;
      const atName = der.length - der.indexOf('A ministry');
      expect((await verify('any', 'same', der)).isAccepted).toBe(true);
      for (const place of [1, atName]) {
        const said = await verify('any', 'changed', withFlippedBit(der, place));
        expect(said.isAccepted, said.text).toBe(false);
      }
    },
  );

  judgedTest('openssl', 'it says where to ask, and its server by a name', async () => {
    const path = write(`${kind}-auth.pem`, authentication.certificatePem);
    const shown = 'subjectAltName,authorityInfoAccess';
    const said = await judge('openssl', 'x509', '-in', path, '-noout', '-ext', shown);
    expect(said.text).toContain('http://127.0.0.1:8888/');
    expect(said.text).toContain('DNS:ss1.100.lab.test');
  });

  test('security servers shake hands with it, in suites of X-Road', async () => {
    const authorities = [pki.root.key.certificatePem, pki.issuing.key.certificatePem];
    const isKnown = (shown: Buffer): boolean => shown.equals(authentication.certificateDer);
    const listener = await listenMutualTls(
      { address: '127.0.0.1', port: 0 },
      authentication,
      isKnown,
      (_request, response) => response.end(),
    );
    const socket = await connectTcp(listener).done;
    const secured = await secure(socket, authentication, authorities).done;
    expect(secured.authorized).toBe(true);
    const suite = kind === 'ec-p256' ? 'ECDHE-ECDSA-AES256-SHA384' : 'ECDHE-RSA-AES256-SHA384';
    expect(secured.getCipher().name).toBe(suite);
    secured.destroy();
    const other = await connectTcp(listener).done;
    const stranger = [makeSmallPki().root.key.certificatePem];
    await expect(secure(other, authentication, stranger).done).rejects.toThrow(/certificate/);
    await listener.close();
  });

  test('the verifier of evidence finds the way to the root, and the usages', () => {
    const certificate = readCertificate(signing.certificateDer);
    const anchor = readCertificate(pki.root.key.certificateDer);
    const between = readCertificate(pki.issuing.key.certificateDer);
    const nowMs = Date.now();
    expect(pathTo(certificate, [between], [anchor], nowMs)).toHaveLength(3);
    expect(pathTo(certificate, [], [anchor], nowMs)).toBe(null);
    expect(certificate.keyUsage).toEqual([false, true]);
    expect(readCertificate(authentication.certificateDer).keyUsage?.[0]).toBe(true);
    // Node reads the same key as we hold.
    const { publicKey } = new X509Certificate(signing.certificatePem);
    expect(publicKey.equals(signing.publicKey)).toBe(true);
  });
});

const PROFILES: readonly SubjectProfile[] = ['finnish', 'estonian', 'basic'];

test.each(PROFILES)('the %s profile tells the member', (profile) => {
  const pki = makeSmallPki({ profile });
  const classes = ['GOV', 'COM', 'NGO', 'NEE', 'MUN'].filter((name) => canExpress(profile, name));
  expect(classes).toHaveLength(profile === 'estonian' ? 4 : 5);
  for (const memberClass of classes) {
    const { certificateDer } = pki.issueSigning(`LAB/${memberClass}/7000`, 'ss1', 'Õpetajate Liit');
    const certificate = readCertificate(certificateDer);
    const members = membersInSubject(certificate, PROFILE_CLASSES[profile], 'LAB').map(printId);
    expect(members).toEqual([`LAB/${memberClass}/7000`]);
    expect(certificate.x509.subject).toContain('O=Õpetajate Liit');
  }
});

test('a class that is not of the profile is refused', () => {
  const pki = makeSmallPki({ profile: 'estonian' });
  expect(() => pki.issueSigning('LAB/MUN/7000', 'ss1', 'Name')).toThrow(/no class MUN/);
});

test('certificates hold on both clocks, whichever is ahead', () => {
  const yearMs = 365 * 86_400_000;
  for (const startMs of [Date.now() - yearMs, Date.now() + yearMs]) {
    const clock = createNetworkClock(startMs, 60);
    const pki = makeSmallPki({}, { clock });
    const certificates = [pki.root.key, pki.issuing.key, pki.issueSigning('LAB/GOV/1', 's', 'N')];
    for (const { certificateDer } of certificates) {
      const certificate = readCertificate(certificateDer);
      expect(isValidAt(certificate, clock.nowMs())).toBe(true);
      expect(isValidAt(certificate, Date.now())).toBe(true);
    }
  }
});

test('a certificate may be ordered that expires soon', () => {
  const pki = makeSmallPki();
  const nowMs = REAL_TIME.nowMs();
  const { certificateDer } = pki.issuing.issue({
    purpose: 'signing',
    subject: [['CN', 'short-lived']],
    key: makeKeyPair('ec-p256'),
    dnsName: null,
    validity: { fromMs: nowMs - 10_000, toMs: nowMs + 60_000 },
  });
  const certificate = readCertificate(certificateDer);
  expect(isValidAt(certificate, nowMs)).toBe(true);
  expect(isValidAt(certificate, nowMs + 61_000)).toBe(false);
});

test('the fields that are read back are those of the verifier', () => {
  const { certificateDer } = makeSmallPki().issueSigning('LAB/GOV/1', 's', 'N');
  const certificate = readCertificate(certificateDer);
  expect(subjectOf(certificateDer).equals(certificate.subject)).toBe(true);
  const named = issuerAndSerialOf(certificateDer);
  expect(named.includes(certificate.issuer)).toBe(true);
  expect(named.subarray(-16).toString('hex')).toBe(certificate.serial);
});
