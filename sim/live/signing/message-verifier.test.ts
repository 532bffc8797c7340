// Whole chains of trust on a curve: a root, an issuing authority below it, OCSP from both.
import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { Cause } from '../../protocol/fault.ts';
import { NO_ANCHORS } from '../evidence/anchors.ts';
import type { Anchors } from '../evidence/anchors.ts';
import { readCertificate } from '../evidence/certificate.ts';
import { readXades } from '../evidence/xades.ts';
import type { NetworkClock } from '../network-clock.ts';
import { REAL_TIME } from '../network-clock.ts';
import { answeredAuthoritiesOf, createInstancePki } from '../pki/instance-pki.ts';
import type { InstancePki } from '../pki/instance-pki.ts';
import { createKeyPool } from '../pki/key-cache.ts';
import { PROFILE_CLASSES } from '../pki/subject-profile.ts';
import { Signer } from '../signer.ts';
import { DirectOcsp } from './direct-ocsp.ts';
import { judgeSignature } from './message-verifier.ts';
import { MESSAGE_NAME } from './message-signature.ts';
import type { MessageSignature } from './message-signature.ts';
import { answersAbout } from './ocsp-source.ts';
import { isPeerTrusted } from './peer-verifier.ts';

const MEMBER = 'EE/COM/12345678';
const SERVER = `${MEMBER}/ss1`;
const FRESHNESS_SECONDS = 3600;
const MESSAGE = Buffer.from('GET\r\n/r1/EE/GOV/1/s/x\r\n');
const DIGESTS = [{ name: MESSAGE_NAME, digest: createHash('sha512').update(MESSAGE).digest() }];

let aheadMs = 0;
const clock: NetworkClock = { ...REAL_TIME, nowMs: () => REAL_TIME.nowMs() + aheadMs };
let pki: InstancePki;
let ocsp: DirectOcsp;
let anchors: Anchors;

beforeEach(() => {
  aheadMs = 0;
  const kind = 'ec-p256';
  pki = createInstancePki(
    {
      instance: 'EE',
      profile: 'estonian',
      hasIssuing: true,
      kinds: { authority: kind, service: kind, authentication: kind, signing: kind },
      timeStamperCount: 0,
      ocspUrl: null,
    },
    { clock, keys: createKeyPool({ folder: null, seed: null }) },
  );
  ocsp = new DirectOcsp(clock, 0);
  for (const answered of answeredAuthoritiesOf(pki)) ocsp.add(answered);
  const root = readCertificate(pki.root.key.certificateDer);
  const issuing = readCertificate(pki.issuing.key.certificateDer);
  const shared = { instance: 'EE', profile: PROFILE_CLASSES.estonian, responders: [] };
  anchors = {
    ...NO_ANCHORS,
    authorities: [
      { ...shared, certificate: root, isTop: true },
      { ...shared, certificate: issuing, isTop: false },
    ],
    ocspFreshnessSeconds: new Map([['EE', FRESHNESS_SECONDS]]),
  };
});

describe('a signature', () => {
  async function signOne(): Promise<MessageSignature> {
    const signer = new Signer({ timeoutMs: 5000, batchesAllowed: true, ocsp, clock });
    const identity = pki.signingOf(MEMBER, 'ss1', 'A company');
    signer.add(MEMBER, identity, [pki.issuing.key.certificateDer]);
    const outcome = await signer.sign(MEMBER, DIGESTS);
    if (!('signature' in outcome)) throw new Error('not signed');
    return outcome.signature;
  }

  const judge = (signature: MessageSignature, trusted: Anchors = anchors): Cause =>
    judgeSignature(
      { kind: 'request', signature, digests: DIGESTS, contentOf: () => MESSAGE },
      { member: MEMBER, anchors: trusted, nowMs: clock.nowMs() },
    );

  test('carries the authority between, and an answer about each below the root', async () => {
    const signature = await signOne();
    const { intermediates, ocspResponses } = readXades(Buffer.from(signature.xml));
    expect(intermediates.map(({ raw }) => raw)).toEqual([pki.issuing.key.certificateDer]);
    expect(ocspResponses).toHaveLength(2);
    expect(judge(signature)).toBe(Cause.None);
    // The root alone is enough: the way to it is in the signature.
    const onlyRoot = { ...anchors, authorities: anchors.authorities.slice(0, 1) };
    expect(judge(signature, onlyRoot)).toBe(Cause.None);
    const noRoot = { ...anchors, authorities: anchors.authorities.slice(1) };
    expect(judge(signature, noRoot)).toBe(Cause.CannotCreateCertPath);
  });

  test('is made whatever was revoked since, and refused with the next answer', async () => {
    const identity = pki.signingOf(MEMBER, 'ss1', 'A company');
    const before = await signOne();
    pki.issuing.suspend(identity.certificateDer);
    // The server holds an answer that is fresh enough: facts 13.15.
    expect(judge(await signOne())).toBe(Cause.None);
    aheadMs = 120_000;
    expect(judge(await signOne())).toBe(Cause.CertValidation);
    // Judged now, but by the answer of then, which lasts an hour.
    expect(judge(before)).toBe(Cause.None);
    aheadMs = FRESHNESS_SECONDS * 1000 + 5000;
    expect(judge(before)).toBe(Cause.IncorrectValidationInfo);
    pki.issuing.release(identity.certificateDer);
    expect(judge(await signOne())).toBe(Cause.None);
  });

  test('ends with its certificate', async () => {
    const signature = await signOne();
    aheadMs = 30 * 365 * 86_400_000;
    expect(judge(signature)).toBe(Cause.CannotCreateCertPath);
  });
});

describe('a peer', () => {
  const judge = (answers: readonly Buffer[], trusted: Anchors = anchors): boolean => {
    const { certificateDer } = pki.authenticationOf(SERVER, 'A company');
    const context = { member: MEMBER, anchors: trusted, nowMs: clock.nowMs() };
    return isPeerTrusted(readCertificate(certificateDer), answers, context);
  };
  const answersNow = (): readonly Buffer[] => {
    const { certificateDer } = pki.authenticationOf(SERVER, 'A company');
    const answers = answersAbout(ocsp, [certificateDer, pki.issuing.key.certificateDer]);
    if (answers === null) throw new Error('no answer');
    return answers;
  };

  test('is trusted with an answer about each certificate, and not without', () => {
    const [own, above] = answersNow();
    expect(judge([own, above])).toBe(true);
    expect(judge([above, own])).toBe(true);
    expect([judge([]), judge([own]), judge([above])]).toEqual([false, false, false]);
    expect(judge([own, Buffer.from('3003020100', 'hex')])).toBe(false);
    expect(judge([own, above], NO_ANCHORS)).toBe(false);
  });

  test('is not trusted once revoked, nor by an old answer', () => {
    const good = answersNow();
    pki.issuing.revoke(pki.authenticationOf(SERVER, 'A company').certificateDer);
    aheadMs = 120_000;
    expect(judge(answersNow())).toBe(false);
    expect(judge(good)).toBe(true);
    aheadMs = FRESHNESS_SECONDS * 1000 + 5000;
    expect(judge(good)).toBe(false);
  });
});
