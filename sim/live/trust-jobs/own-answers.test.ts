// A signer's answers and the contexts that rest on them, with real responders; the clock is moved
// by hand, so every instant is exact.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ManualClock } from '../../testing/manual-clock.ts';
import { sampleState } from '../../testing/sample-central.ts';
import type { GlobalConfiguration } from '../globalconf/configuration-folder.ts';
import type { OcspService } from '../globalconf/shared-parameters.ts';
import { answeredAuthoritiesOf, createInstancePki } from '../pki/instance-pki.ts';
import type { InstancePki } from '../pki/instance-pki.ts';
import { createKeyPool } from '../pki/key-cache.ts';
import { startOcspResponder } from '../pki/ocsp-responder.ts';
import type { OcspResponder } from '../pki/ocsp-responder.ts';
import { KeyContexts } from './key-contexts.ts';
import { answerLimitsOf, hashOf, OwnAnswers } from './own-answers.ts';

const START_MS = Date.UTC(2026, 2, 2, 10);
const MINUTE_MS = 60_000;
const FRESHNESS_MS = 60 * MINUTE_MS;
const AT = { address: '127.0.0.1', port: 0 };
const SERVER = 'LAB/GOV/100/ss1';

let clock: ManualClock;
let folder: string;
let pki: InstancePki;
let first: OcspResponder;
let second: OcspResponder;
let configuration: GlobalConfiguration | null;

async function startResponder(): Promise<OcspResponder> {
  return startOcspResponder(AT, {
    authorities: answeredAuthoritiesOf(pki),
    impostor: pki.impostors.ocsp,
    timeliness: { ageMs: 0, nextUpdateMs: null },
    clock,
  });
}

function configurationOf(responders: readonly OcspResponder[]): GlobalConfiguration {
  const servicesOf = (certificate: Buffer): OcspService[] =>
    responders.map(({ service }, index) => ({
      url: service.url,
      certificate,
      costType: index === 0 ? 'PAID' : 'FREE',
    }));
  const above = { certificate: pki.root.key.certificateDer };
  const below = { certificate: pki.issuing.key.certificateDer };
  const authority = {
    name: 'Lab CA',
    authenticationOnly: false,
    top: { ...above, ocsp: servicesOf(pki.rootOcspSigner.certificateDer) },
    intermediates: [{ ...below, ocsp: servicesOf(pki.ocspSigner.certificateDer) }],
    certificateProfile: '',
  };
  const shared = {
    ...sampleState('LAB'),
    sources: [],
    authorities: [authority],
    ocspFreshnessSeconds: FRESHNESS_MS / 1000,
  };
  return {
    instance: 'LAB',
    isOwn: true,
    version: 6,
    expiresMs: Infinity,
    shared,
    private: null,
    ocsp: { fetchIntervalSeconds: null, verifiesNextUpdate: null },
  };
}

beforeEach(async () => {
  clock = new ManualClock(START_MS);
  folder = mkdtempSync(join(tmpdir(), 'fedlab-answers-'));
  const kind = 'ec-p256';
  pki = createInstancePki(
    {
      instance: 'LAB',
      profile: 'basic',
      hasIssuing: true,
      kinds: { authority: kind, service: kind, authentication: kind, signing: kind },
      timeStamperCount: 0,
      ocspUrl: null,
    },
    { clock, keys: createKeyPool({ folder: null, seed: null }) },
  );
  [first, second] = await Promise.all([startResponder(), startResponder()]);
  configuration = configurationOf([first, second]);
});

afterEach(async () => {
  await Promise.all([first.service.close(), second.service.close()]);
  rmSync(folder, { recursive: true });
});

const authentication = () => pki.authenticationOf(SERVER, 'Somebody').certificateDer;

function makeAnswers(strategy = 'none'): OwnAnswers {
  return new OwnAnswers({
    folder: join(folder, 'ocsp'),
    clock,
    configuration: () => configuration,
    certificates: () => [authentication()],
    strategy,
  });
}

function contextsOver(answers: OwnAnswers, isTokenUsable = () => true): KeyContexts {
  return new KeyContexts({
    clock,
    answers,
    isTokenUsable,
    limits: () => (configuration === null ? null : answerLimitsOf(configuration)),
    intermediatesOf: () => [pki.issuing.key.certificateDer],
    periodUs: 5 * MINUTE_MS * 1000,
  });
}

describe('a pass of the signer', () => {
  test('asks about a certificate and the authority above, and keeps the answers', async () => {
    const answers = makeAnswers();
    expect(answers.of(authentication())).toBeNull();
    expect(await answers.fetch()).toBe('done');
    expect([first.service.requestCount, second.service.requestCount]).toEqual([2, 0]);
    const again = makeAnswers();
    for (const der of [authentication(), pki.issuing.key.certificateDer]) {
      expect(again.of(der)).toEqual(answers.of(der));
      expect(again.ofHash(hashOf(der))).not.toBeNull();
    }
    for (const name of readdirSync(join(folder, 'ocsp'))) {
      writeFileSync(join(folder, 'ocsp', name), 'damaged');
    }
    expect(makeAnswers().of(authentication())).toBeNull();
  });

  test.each([
    ['refuses', { availability: 'refusing' }],
    ['is not the one that is trusted', { isImpostor: true }],
    ['answers for a gateway', { availability: 'bad-gateway' }],
  ] as const)('goes to the next responder where the first %s', async (_what, condition) => {
    await first.service.set(condition);
    const answers = makeAnswers();
    expect(await answers.fetch()).toBe('done');
    expect(second.service.requestCount).toBe(2);
    await second.service.set(condition);
    const before = answers.of(authentication());
    expect(await answers.fetch()).toBe('failed');
    expect(answers.of(authentication())).toBe(before);
  });

  test('goes by cost where it is told to', async () => {
    expect(await makeAnswers('free-first').fetch()).toBe('done');
    expect([first.service.requestCount, second.service.requestCount]).toEqual([0, 2]);
    expect(await makeAnswers('only-paid').fetch()).toBe('done');
    expect([first.service.requestCount, second.service.requestCount]).toEqual([2, 2]);
  });

  test('keeps nothing too old, and asks nobody without a configuration', async () => {
    for (const responder of [first, second]) {
      responder.setTimeliness({ ageMs: FRESHNESS_MS + 1000, nextUpdateMs: null });
    }
    expect(await makeAnswers().fetch()).toBe('failed');
    configuration = null;
    expect(await makeAnswers().fetch()).toBe('no-configuration');
    expect(first.service.requestCount).toBe(2);
  });
});

describe('a key context', () => {
  test('lives for its period, cut by the freshness of the answer', async () => {
    const answers = makeAnswers();
    await answers.fetch();
    const contexts = contextsOver(answers);
    expect(contexts.isUsable(authentication())).toBe(true);
    // Loaded anew a minute before the answer is too old, it lives that minute and no more.
    clock.advance(FRESHNESS_MS - MINUTE_MS);
    expect(contexts.isUsable(authentication())).toBe(true);
    clock.advance(MINUTE_MS);
    expect(contexts.isUsable(authentication())).toBe(true);
    clock.advance(1);
    expect(contexts.isUsable(authentication())).toBe(false);
  });

  test('outlives a token that is logged out, by its period', async () => {
    const answers = makeAnswers();
    await answers.fetch();
    let isUsable = true;
    const contexts = contextsOver(answers, () => isUsable);
    expect(contexts.isUsable(authentication())).toBe(true);
    isUsable = false;
    clock.advance(5 * MINUTE_MS - 1);
    expect(contexts.isUsable(authentication())).toBe(true);
    clock.advance(1);
    expect(contexts.isUsable(authentication())).toBe(false);
    isUsable = true;
    expect(contexts.isUsable(authentication())).toBe(true);
  });

  test('is not made of a key whose authority was revoked, once that is known', async () => {
    const answers = makeAnswers();
    await answers.fetch();
    const contexts = contextsOver(answers);
    pki.root.revoke(pki.issuing.key.certificateDer);
    expect(contexts.isUsable(authentication())).toBe(true);
    clock.advance(1000);
    expect(await answers.fetch()).toBe('done');
    contexts.forget();
    expect(contexts.isUsable(authentication())).toBe(false);
  });
});
