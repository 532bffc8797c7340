import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { scratchFolder } from '../../testing/outside-judge.ts';
import { SMALL_PKI } from '../../testing/small-pki.ts';
import { readCertificate } from '../evidence/certificate.ts';
import { checkOcspSignature, readOcsp } from '../evidence/ocsp.ts';
import { createNetworkClock, REAL_TIME } from '../network-clock.ts';
import { serialOf } from './certificate.ts';
import { answeredAuthoritiesOf } from './instance-pki.ts';
import { createKeyPool } from './key-cache.ts';
import { makeOcspRequest } from './ocsp-request.ts';
import { answerOcsp } from './ocsp-responder.ts';
import { openPki, savePki } from './pki-store.ts';

const write = scratchFolder();
const ON_TIME = { ageMs: 0, nextUpdateMs: null };
const sources = () => ({
  clock: REAL_TIME,
  keys: createKeyPool({ folder: null, seed: null }),
});

test.each([true, false])(
  'a second start has the trust of the first; issuing below: %s',
  (below) => {
    const path = `${write('marker', '')}-${below}.json`;
    const shape = { ...SMALL_PKI, hasIssuing: below };
    const first = openPki(path, shape, sources());
    const good = first.signingOf('LAB/GOV/1', 'ss1', 'One');
    const revoked = first.signingOf('LAB/GOV/2', 'ss1', 'Two');
    first.issuing.revoke(revoked.certificateDer);
    savePki(path, first, shape);
    expect(process.platform === 'win32' ? 0o600 : statSync(path).mode & 0o777).toBe(0o600);

    const second = openPki(path, shape, sources());
    expect(second.issuing === second.root).toBe(!below);
    expect(second.root.key.certificatePem).toBe(first.root.key.certificatePem);
    expect(second.signingOf('LAB/GOV/1', 'ss1', 'One').keyPem).toBe(good.keyPem);
    const statusOf = (der: Buffer) => second.issuing.statusAt(serialOf(der), Date.now()).kind;
    expect(statusOf(good.certificateDer)).toBe('good');
    expect(statusOf(revoked.certificateDer)).toBe('revoked');
    // What it answers now is signed by those whom the first start had named.
    const request = makeOcspRequest(
      readCertificate(good.certificateDer),
      readCertificate(first.issuing.key.certificateDer),
    );
    const answer = answerOcsp(request, answeredAuthoritiesOf(second), ON_TIME, Date.now());
    checkOcspSignature(readOcsp(answer), readCertificate(first.ocspSigner.certificateDer));
  },
);

test('a second start gives nobody the key of another, though it counts from the beginning', () => {
  const path = `${write('counted', '')}.json`;
  const start = () => {
    const keys = createKeyPool({ folder: null, seed: 'one' });
    return openPki(path, SMALL_PKI, { clock: REAL_TIME, keys });
  };
  const first = start();
  first.signingOf('LAB/GOV/1', 'ss1', 'One');
  savePki(path, first, SMALL_PKI);
  const second = start();
  const added = second.signingOf('LAB/GOV/2', 'ss1', 'Two');
  const had = [first.root.key, first.issuing.key, first.ocspSigner, ...first.issued.values()];
  expect(had.map(({ keyPem }) => keyPem)).not.toContain(added.keyPem);
});

test('a trust of another shape, or of another version, is refused', () => {
  const path = write('one.json', '');
  savePki(path, openPki(`${path}-none`, SMALL_PKI, sources()), SMALL_PKI);
  const other = { ...SMALL_PKI, profile: 'basic' } as const;
  expect(() => openPki(path, other, sources())).toThrow(/another shape/);
  writeFileSync(path, readFileSync(path, 'utf8').replace('fedlab-pki-1', 'fedlab-pki-0'));
  expect(() => openPki(path, SMALL_PKI, sources())).toThrow(/another version/);
});

test('a certificate is issued once, and again where a new one is wanted', () => {
  const clock = createNetworkClock(Date.now(), 1);
  const path = write('none.json', '');
  const pki = openPki(`${path}-none`, SMALL_PKI, { ...sources(), clock });
  const server = 'LAB/GOV/1/ss1';
  const one = pki.authenticationOf(server, 'One');
  expect(pki.authenticationOf(server, 'One')).toBe(one);
  const two = pki.issueAuthentication(server, 'One');
  expect(two.certificatePem).not.toBe(one.certificatePem);
  expect(pki.authenticationOf(server, 'One')).toBe(two);
  expect(() => pki.authenticationOf('EE/GOV/1/ss1', 'One')).toThrow(/no server of LAB/);
});
