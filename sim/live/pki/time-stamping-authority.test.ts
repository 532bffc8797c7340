// Time-stamps as openssl, the verifier of evidence and our own client find them.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { judge, judgedTest, scratchFolder, withFlippedBit } from '../../testing/outside-judge.ts';
import { makeSmallPki } from '../../testing/small-pki.ts';
import { readCertificate } from '../evidence/certificate.ts';
import { EvidenceError } from '../evidence/evidence-error.ts';
import { checkImprint, checkTimeStampSignature, readTimeStamp } from '../evidence/time-stamp.ts';
import { createNetworkClock, REAL_TIME } from '../network-clock.ts';
import type { KeyKind } from './keys.ts';
import { askTimeStamp, makeTimeStampRequest } from './time-stamp-request.ts';
import {
  answerTimeStamp,
  startTimeStampingAuthority,
  TIME_STAMP_REQUEST_TYPE,
  TIME_STAMP_RESPONSE_TYPE,
} from './time-stamping-authority.ts';
import { callTrustService, TrustCallError } from './trust-call.ts';
import type { TrustService } from './trust-service.ts';

const KINDS: readonly KeyKind[] = ['rsa-2048', 'ec-p256'];
const TYPES = { request: TIME_STAMP_REQUEST_TYPE, response: TIME_STAMP_RESPONSE_TYPE };
const STAMPED = Buffer.from('what is stamped\n');
const AT = { address: '127.0.0.1', port: 0 };
const write = scratchFolder();
const stampedPath = write('stamped', STAMPED);

describe.each(KINDS)('a time-stamper with a key of %s', (kind) => {
  const pki = makeSmallPki({
    kinds: { authority: kind, service: kind, authentication: kind, signing: kind },
  });
  const [signer] = pki.timeStampers;
  const authority = readCertificate(signer.certificateDer);
  const root = write(`${kind}-root.pem`, pki.root.key.certificatePem);
  const between = pki.issuing.key.certificatePem + signer.certificatePem;
  const untrusted = write(`${kind}-untrusted.pem`, between);
  let service: TrustService;
  beforeAll(async () => {
    const impostor = pki.impostors.timeStamper;
    service = await startTimeStampingAuthority(AT, { signer, impostor, clock: REAL_TIME });
  });
  afterAll(() => service.close());

  const trust = ['-CAfile', root, '-untrusted', untrusted];

  /** Openssl's own request, and our answer to it from the socket. */
  async function query(...options: readonly string[]) {
    const queryPath = write(`${kind}.tsq`, '');
    await judge('openssl', 'ts', '-query', '-data', stampedPath, '-out', queryPath, ...options);
    const reply = await callTrustService(service.url, TYPES, readFileSync(queryPath), null);
    return { queryPath, reply };
  }

  judgedTest(
    'openssl',
    'answers its requests, with a nonce, a certificate, other digests',
    async () => {
      for (const options of [
        ['-sha512', '-cert'],
        ['-sha256', '-cert', '-no_nonce'],
        ['-sha384'],
        ['-sha512', '-tspolicy', '1.2.3.4.1'],
      ]) {
        const { queryPath, reply } = await query(...options);
        const path = write(`${kind}.tsr`, reply);
        const said = await judge(
          'openssl',
          'ts',
          '-verify',
          '-queryfile',
          queryPath,
          '-in',
          path,
          ...trust,
        );
        expect(said.isAccepted, `${options.join(' ')}: ${said.text}`).toBe(true);
        const shown = await judge('openssl', 'ts', '-reply', '-in', path, '-text');
        expect(shown.text).toContain('Status: Granted.');
        expect(shown.text).toContain('Accuracy: 0x01 seconds');
        const carries = reply.includes(signer.certificateDer);
        expect(carries).toBe(options.includes('-cert'));
      }
    },
  );

  judgedTest('openssl', 'refuses what it cannot answer, and says why', async () => {
    for (const [options, reason] of [
      [['-sha1'], 'unrecognized or unsupported algorithm'],
      [['-sha512', '-tspolicy', '1.2.3.4.5'], 'the requested TSA policy is not supported'],
    ] as const) {
      const { reply } = await query(...options);
      const path = write(`${kind}.tsr`, reply);
      const said = await judge('openssl', 'ts', '-reply', '-in', path, '-text');
      expect(said.text).toContain('Status: Rejected.');
      expect(said.text).toContain(reason);
    }
    const broken = answerTimeStamp(Buffer.from('no request'), signer, 1n, Date.now());
    const path = write(`${kind}-broken.tsr`, broken);
    const said = await judge('openssl', 'ts', '-reply', '-in', path, '-text');
    expect(said.text).toContain('the data submitted has the wrong format');
  });

  judgedTest(
    'openssl',
    "a security server's token holds, and not with one changed byte",
    async () => {
      const token = await askTimeStamp(service.url, STAMPED, [authority], null);
      const verify = async (bytes: Buffer) =>
        judge(
          'openssl',
          ['ts', '-verify', '-token_in', '-in', write(`${kind}.tst`, bytes)],
          ['-data', stampedPath, '-CAfile', root],
          // The certificate of the time-stamper must come from the token itself.
          ['-untrusted', write(`${kind}-issuing.pem`, pki.issuing.key.certificatePem)],
        );
      const said = await verify(token);
      expect(said.isAccepted, said.text).toBe(true);
      const atImprint = token.length - token.indexOf(readTimeStamp(token).imprint);
      for (const place of [1, atImprint]) {
        expect((await verify(withFlippedBit(token, place))).isAccepted).toBe(false);
      }
    },
  );

  test('the verifier of evidence accepts it', async () => {
    const token = await askTimeStamp(service.url, STAMPED, [authority], null);
    const stamp = readTimeStamp(token);
    expect(stamp.imprintDigest).toBe('sha512');
    expect(stamp.certificates.map(({ raw }) => raw)).toEqual([signer.certificateDer]);
    checkImprint(stamp, STAMPED);
    checkTimeStampSignature(stamp, authority);
    expect(() => checkImprint(stamp, Buffer.from('another'))).toThrow(EvidenceError);
    const changed = readTimeStamp(withFlippedBit(token, 1));
    expect(() => checkTimeStampSignature(changed, authority)).toThrow(EvidenceError);
  });

  test('an impostor is found out, whatever it says to be', async () => {
    await service.set({ isImpostor: true });
    const asked = askTimeStamp(service.url, STAMPED, [authority], null);
    await expect(asked).rejects.toMatchObject({ code: 'mlog.tsp_certificate_not_found' });
    await service.set({ isImpostor: false });
  });

  test('a refusal, and an answer that is none, are told', async () => {
    await service.set({ availability: 'bad-gateway' });
    const asked = askTimeStamp(service.url, STAMPED, [authority], null);
    await expect(asked).rejects.toThrow(TrustCallError);
    await service.set({ availability: 'up' });
    const weak = makeTimeStampRequest(STAMPED);
    const reply = await callTrustService(service.url, TYPES, weak.subarray(1), null);
    // Status 2, rejection.
    expect(reply.subarray(4, 7).toString('hex')).toBe('020102');
  });
});

test('whatever is asked, there is an answer', () => {
  const [signer] = makeSmallPki().timeStampers;
  const nonce = Buffer.alloc(8, 1);
  const request = makeTimeStampRequest(STAMPED, {
    digest: 'sha256',
    policy: '1.2.3.4.1',
    nonce,
    wantsCertificate: true,
  });
  const place = fc.nat(request.length - 1);
  fc.assert(
    fc.property(place, fc.nat(255), place, (at, byte, length) => {
      const changed = Buffer.from(request);
      changed[at] = byte;
      for (const bytes of [changed, changed.subarray(0, length)]) {
        const answer = answerTimeStamp(bytes, signer, 1n, Date.now());
        expect(answer[0]).toBe(0x30);
      }
    }),
  );
});

test("the time is the network's", async () => {
  const pki = makeSmallPki();
  const startMs = Date.parse('2027-05-01T12:00:00Z');
  const clock = createNetworkClock(startMs, 1000);
  const [signer] = makeSmallPki({}, { clock }).timeStampers;
  const options = { signer, impostor: pki.impostors.timeStamper, clock };
  const service = await startTimeStampingAuthority(AT, options);
  const known = [readCertificate(signer.certificateDer)];
  const { timeMs } = readTimeStamp(await askTimeStamp(service.url, STAMPED, known, null));
  await service.close();
  expect(timeMs).toBeGreaterThanOrEqual(startMs);
  expect(timeMs).toBeLessThanOrEqual(clock.nowMs());
});
