// The responder as openssl's client, the verifier of evidence and our own client find it.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { judge, judgedTest, scratchFolder, withFlippedBit } from '../../testing/outside-judge.ts';
import { makeSmallPki } from '../../testing/small-pki.ts';
import { readCertificate } from '../evidence/certificate.ts';
import {
  checkOcspSignature,
  checkStatus,
  isAbout,
  isAuthorised,
  readOcsp,
  responderOf,
} from '../evidence/ocsp.ts';
import { EvidenceError } from '../evidence/evidence-error.ts';
import { listenHttp } from '../loopback.ts';
import { REAL_TIME } from '../network-clock.ts';
import { RevocationReason } from './authority.ts';
import { answeredAuthoritiesOf } from './instance-pki.ts';
import { askOcsp, makeOcspRequest } from './ocsp-request.ts';
import { answerOcsp, startOcspResponder } from './ocsp-responder.ts';
import type { OcspResponder } from './ocsp-responder.ts';
import { callTrustService, TrustCallError } from './trust-call.ts';

const ON_TIME = { ageMs: 0, nextUpdateMs: null };
const HOUR_MS = 3_600_000;
const pki = makeSmallPki();
const other = makeSmallPki();
const write = scratchFolder();
const root = write('root.pem', pki.root.key.certificatePem);
const issuing = write('issuing.pem', pki.issuing.key.certificatePem);
const signing = pki.issueSigning('LAB/GOV/100', 'ss1', 'A ministry');
const signingPath = write('signing.pem', signing.certificatePem);
const subject = readCertificate(signing.certificateDer);
const issuer = readCertificate(pki.issuing.key.certificateDer);
const authorities = answeredAuthoritiesOf(pki);

let responder: OcspResponder;
beforeAll(async () => {
  responder = await startOcspResponder(
    { address: '127.0.0.1', port: 0 },
    { authorities, impostor: pki.impostors.ocsp, timeliness: ON_TIME, clock: REAL_TIME },
  );
});
afterAll(() => responder.service.close());

const asOpenssl = async (...more: readonly string[]) =>
  judge(
    'openssl',
    ['ocsp', '-url', responder.service.url, '-CAfile', root, '-issuer', issuing],
    ['-verify_other', issuing],
    ...more,
  );

describe('openssl as a client', () => {
  judgedTest('openssl', 'good, with a nonce, and with SHA-1 or SHA-256', async () => {
    for (const digest of ['-sha1', '-sha256']) {
      const said = await asOpenssl('-nonce', digest, '-cert', signingPath, '-resp_text');
      expect(said.text).toContain('Response verify OK');
      expect(said.text).toContain(`${signingPath}: good`);
      expect(said.text).not.toContain('WARNING');
      expect(said.text).toContain('OCSP Nonce:');
    }
  });

  judgedTest('openssl', 'suspended, released, revoked with its reason', async () => {
    const { certificateDer, certificatePem } = pki.issueSigning('LAB/GOV/200', 'ss1', 'A member');
    const path = write('unlucky.pem', certificatePem);
    pki.issuing.suspend(certificateDer);
    const suspended = await asOpenssl('-cert', path);
    expect(suspended.text).toContain(`${path}: revoked`);
    expect(suspended.text).toContain('Reason: certificateHold');
    pki.issuing.release(certificateDer);
    expect((await asOpenssl('-cert', path)).text).toContain(`${path}: good`);
    pki.issuing.revoke(certificateDer, RevocationReason.KeyCompromise);
    const revoked = await asOpenssl('-cert', path);
    expect(revoked.text).toContain('Reason: keyCompromise');
    expect(revoked.text).toContain('Revocation Time:');
    expect(() => pki.issuing.release(certificateDer)).toThrow(/stays revoked/);
  });

  judgedTest('openssl', 'a number that was never given is unknown', async () => {
    const said = await asOpenssl('-serial', '0x1234');
    expect(said.text).toContain('Response verify OK');
    expect(said.text).toContain('0x1234: unknown');
  });

  judgedTest('openssl', 'the root answers about the authority below it', async () => {
    const said = await judge(
      'openssl',
      ['ocsp', '-url', responder.service.url, '-CAfile', root, '-issuer', root],
      ['-cert', issuing],
    );
    expect(said.text).toContain('Response verify OK');
    expect(said.text).toContain(`${issuing}: good`);
  });

  judgedTest('openssl', 'nextUpdate, and an answer that is stale', async () => {
    responder.setTimeliness({ ageMs: 0, nextUpdateMs: HOUR_MS });
    expect((await asOpenssl('-cert', signingPath)).text).toContain('Next Update:');
    responder.setTimeliness({ ageMs: 2 * HOUR_MS, nextUpdateMs: HOUR_MS });
    const said = await asOpenssl('-cert', signingPath);
    expect(said.text).toContain('WARNING: Status times invalid');
    responder.setTimeliness(ON_TIME);
  });

  judgedTest('openssl', 'one changed byte, or a key that nobody trusts, is refused', async () => {
    const answer = answerOcsp(makeOcspRequest(subject, issuer), authorities, ON_TIME, Date.now());
    const check = async (bytes: Buffer) =>
      judge(
        'openssl',
        ['ocsp', '-respin', write('answer.der', bytes), '-CAfile', root, '-issuer', issuing],
        ['-cert', signingPath, '-verify_other', issuing],
      );
    expect((await check(answer)).text).toContain('Response verify OK');
    // Its time, which is signed.
    const atTime = answer.length - answer.indexOf('20');
    expect((await check(withFlippedBit(answer, atTime - 3))).text).not.toContain('verify OK');
    await responder.service.set({ isImpostor: true });
    const said = await asOpenssl('-cert', signingPath);
    await responder.service.set({ isImpostor: false });
    expect(said.text).toContain('Response Verify Failure');
  });
});

describe("the verifier of evidence, and a security server's client", () => {
  const ask = async () => readOcsp(await askOcsp(responder.service.url, subject, issuer, null));

  test('a good answer holds', async () => {
    const response = await ask();
    expect(isAbout(response, subject, issuer)).toBe(true);
    expect(isAbout(response, readCertificate(pki.ocspSigner.certificateDer), issuer)).toBe(false);
    const signer = responderOf(response, []);
    expect(signer?.raw.equals(pki.ocspSigner.certificateDer)).toBe(true);
    if (signer === null) return;
    checkOcspSignature(response, signer);
    checkStatus(response);
    expect(isAuthorised(response, signer, issuer, [])).toBe(true);
    const foreign = readCertificate(other.issuing.key.certificateDer);
    expect(isAuthorised(response, signer, foreign, [])).toBe(false);
    expect(Math.abs(response.thisUpdateMs - Date.now())).toBeLessThan(60_000);
    expect(response.nextUpdateMs).toBe(null);
  });

  test('it tells since when a certificate is revoked, and an old answer does not know yet', () => {
    const { certificateDer } = pki.issueSigning('LAB/GOV/300', 'ss1', 'A member');
    const beforeMs = Date.now() - HOUR_MS;
    pki.issuing.revoke(certificateDer);
    const request = makeOcspRequest(readCertificate(certificateDer), issuer);
    const now = readOcsp(answerOcsp(request, authorities, ON_TIME, Date.now()));
    expect(now.status).toBe('revoked');
    expect(now.revokedAtMs).toBeGreaterThan(beforeMs);
    const stale = { ageMs: HOUR_MS, nextUpdateMs: null };
    expect(readOcsp(answerOcsp(request, authorities, stale, Date.now())).status).toBe('good');
  });

  test('a nonce comes back as it was, and none where none was asked for', () => {
    const nonce = Buffer.from('0123456789abcdef0123456789abcdef', 'hex');
    const answer = (request: Buffer) => answerOcsp(request, authorities, ON_TIME, Date.now());
    const withNonce = makeOcspRequest(subject, issuer, { digest: 'sha256', nonce });
    expect(answer(withNonce).includes(nonce)).toBe(true);
    expect(answer(makeOcspRequest(subject, issuer)).includes(nonce)).toBe(false);
  });

  test('an impostor is found out', async () => {
    await responder.service.set({ isImpostor: true });
    const response = await ask();
    await responder.service.set({ isImpostor: false });
    const signer = responderOf(response, [readCertificate(pki.ocspSigner.certificateDer)]);
    expect(signer !== null && isAuthorised(response, signer, issuer, [])).toBe(false);
  });

  test('another authority is unknown, and what is no request is malformed', async () => {
    const foreign = readCertificate(other.issueSigning('LAB/GOV/100', 's', 'N').certificateDer);
    const foreignIssuer = readCertificate(other.issuing.key.certificateDer);
    const { url } = responder.service;
    const response = readOcsp(await askOcsp(url, foreign, foreignIssuer, null));
    expect(response.status).toBe('unknown');
    expect(() => checkStatus(response)).toThrow(EvidenceError);
    for (const bytes of [Buffer.from('no request'), Buffer.alloc(0), Buffer.from('3000', 'hex')]) {
      const answer = answerOcsp(bytes, authorities, ON_TIME, Date.now());
      expect(answer.toString('hex')).toBe('30030a0101');
    }
  });
});

test('whatever is asked, there is an answer', () => {
  const nonce = Buffer.alloc(16, 1);
  const request = makeOcspRequest(subject, issuer, { digest: 'sha256', nonce });
  const place = fc.nat(request.length - 1);
  fc.assert(
    fc.property(place, fc.nat(255), place, (at, byte, length) => {
      const changed = Buffer.from(request);
      changed[at] = byte;
      for (const bytes of [changed, changed.subarray(0, length)]) {
        const answer = answerOcsp(bytes, authorities, ON_TIME, Date.now());
        expect(answer[0]).toBe(0x30);
      }
    }),
  );
});

describe('troubles of the service', () => {
  const ask = async (signal: AbortSignal | null = null) =>
    askOcsp(responder.service.url, subject, issuer, signal);
  const heal = async () => responder.service.set({ availability: 'up', delayMs: 0 });

  test('it refuses connections, and takes them again on the same port', async () => {
    const { url } = responder.service;
    await responder.service.set({ availability: 'refusing' });
    await expect(ask()).rejects.toThrow(/ECONNREFUSED/);
    await heal();
    expect(responder.service.url).toBe(url);
    expect(readOcsp(await ask()).status).toBe('good');
  });

  test('a port that was taken in the meantime is told, and may be tried again', async () => {
    await responder.service.set({ availability: 'refusing' });
    const other = await listenHttp(responder.service, (_request, response) => response.end());
    await expect(heal()).rejects.toThrow(/EADDRINUSE/);
    await other.close();
    await heal();
    expect(readOcsp(await ask()).status).toBe('good');
  });

  test('it hangs until its caller gives up, or it comes back and the caller is cut', async () => {
    await responder.service.set({ availability: 'hanging' });
    await expect(ask(AbortSignal.timeout(50))).rejects.toThrow(TrustCallError);
    const before = responder.service.requestCount;
    const hung = ask().catch((error: unknown) => error);
    await expect.poll(() => responder.service.requestCount).toBe(before + 1);
    await heal();
    expect(await hung).toBeInstanceOf(TrustCallError);
    expect(readOcsp(await ask()).status).toBe('good');
  });

  test('it is late', async () => {
    await responder.service.set({ delayMs: 80 });
    const sinceMs = performance.now();
    await ask();
    // Timers of Node may fire a millisecond early.
    expect(performance.now() - sinceMs).toBeGreaterThan(75);
    await heal();
  });

  test('a gateway answers for it', async () => {
    await responder.service.set({ availability: 'bad-gateway' });
    await expect(ask()).rejects.toThrow(/502/);
    await heal();
  });

  test('it reads nothing but short requests of its own type', async () => {
    const { url } = responder.service;
    const call = async (request: string, body: Buffer) =>
      callTrustService(url, { request, response: '*/*' }, body, null);
    await expect(call('text/plain', Buffer.from('a'))).rejects.toThrow(/415/);
    const long = Buffer.alloc(100_000);
    await expect(call('application/ocsp-request', long)).rejects.toThrow(/413/);
    const answer = await call('application/ocsp-request', Buffer.from('a'));
    expect(answer.toString('hex')).toBe('30030a0101');
  });

  test('a malformed request is told to the client', async () => {
    const nonce = Buffer.alloc(200, 1);
    const request = makeOcspRequest(subject, issuer, { digest: 'sha1', nonce });
    expect(answerOcsp(request, authorities, ON_TIME, 0).toString('hex')).toBe('30030a0101');
  });
});
