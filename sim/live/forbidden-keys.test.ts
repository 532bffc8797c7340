/**
 * A security server that is not honest: it signs, or shows up, with keys of certificates that are
 * revoked, have run out, or were never worth anything, and asks nobody whether it may. Its peer has
 * to find out by itself.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { CONSUMER, loadedDocument, PROVIDER } from '../testing/doomed-network.ts';
import { identityOf } from '../testing/eavesdropper.ts';
import type { LiveAnswer } from './caller.ts';
import { startNetwork } from './network.ts';
import type { LiveNetwork } from './network.ts';
import { REAL_TIME } from './network-clock.ts';
import { selfSign } from './pki/authority.ts';
import { answeredAuthoritiesOf } from './pki/instance-pki.ts';
import { makeKeyPair } from './pki/keys.ts';
import type { CertifiedKey } from './pki/keys.ts';
import { signingSubject } from './pki/subject-profile.ts';
import { DirectOcsp } from './signing/direct-ocsp.ts';

const MEMBER = 'EE/GOV/70000001';

let directory = '';
let started: LiveNetwork | null = null;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'fedlab-forbidden-keys-'));
  const options = { directory, ports: null, trust: null, allowsRestToSoap: false };
  started = await startNetwork(loadedDocument(), options);
});

afterAll(async () => {
  await started?.stop();
  rmSync(directory, { recursive: true, force: true });
});

function live(): LiveNetwork {
  if (started === null) throw new Error('the network runs before all tests');
  return started;
}

async function settled(): Promise<void> {
  for (const side of [CONSUMER, PROVIDER]) await live().server(side).settled();
}

const seenCount = (): number => live().provider('registry-system').seen.length;
const loggedCount = (): number => live().server(PROVIDER).messageLog.rows().length;

describe('a server that signs with a key it may not use', () => {
  const DAY_MS = 86_400_000;

  /** OCSP answers as the authorities would give them now. */
  function answersNow(): DirectOcsp {
    const source = new DirectOcsp(REAL_TIME, 0);
    for (const one of answeredAuthoritiesOf(live().services('EE').pki)) source.add(one);
    return source;
  }

  const KEYS: Readonly<Record<string, () => CertifiedKey>> = {
    revoked: () => {
      const { pki } = live().services('EE');
      const key = pki.issueSigning(MEMBER, 'ss1', 'Member');
      pki.issuing.revoke(key.certificateDer);
      return key;
    },
    suspended: () => {
      const { pki } = live().services('EE');
      const key = pki.issueSigning(MEMBER, 'ss1', 'Member');
      pki.issuing.suspend(key.certificateDer);
      return key;
    },
    expired: () => madeFor(-30, -1),
    'not valid yet': () => madeFor(1, 30),
    'of an authority that nobody trusts': () => {
      const { profile } = live().services('EE').pki;
      const order = { purpose: 'signing', subject: signingSubject(profile, HOLDER) } as const;
      return selfSign({ ...order, key: makeKeyPair('rsa-2048'), validity: null }, REAL_TIME);
    },
  };

  const HOLDER = {
    instance: 'EE',
    memberClass: 'GOV',
    memberCode: '70000001',
    serverCode: 'ss1',
    memberName: 'Member',
  };

  /** Valid between two days from now. */
  function madeFor(fromDay: number, toDay: number): CertifiedKey {
    const { issuing, profile } = live().services('EE').pki;
    const nowMs = Date.now();
    return issuing.issue({
      purpose: 'signing',
      subject: signingSubject(profile, HOLDER),
      key: makeKeyPair('rsa-2048'),
      dnsName: null,
      validity: { fromMs: nowMs + fromDay * DAY_MS, toMs: nowMs + toDay * DAY_MS },
    });
  }

  /** Three messages at once, signed with a key by somebody who asks nobody whether he may. */
  async function callWith(key: CertifiedKey): Promise<readonly LiveAnswer[]> {
    const { signer, trust } = live().server(CONSUMER);
    const { pki } = live().services('EE');
    const { issuing, root } = pki;
    const chain = issuing === root ? [] : [issuing.key.certificateDer];
    const honest = genuineKey ?? pki.signingOf(MEMBER, 'ss1', 'Member');
    const direct = answersNow();
    const ofGenuine = direct.of(honest.certificateDer);
    // Of a certificate that no authority knows there is no answer; another's has to do.
    signer.add(MEMBER, key, chain, { of: (der) => direct.of(der) ?? ofGenuine });
    try {
      return await Promise.all([1, 2, 3].map(() => live().call(0, { sendsId: true })));
    } finally {
      signer.add(MEMBER, honest, chain, trust);
      await settled();
    }
  }

  let genuineKey: CertifiedKey | null = null;
  beforeAll(() => {
    genuineKey = live().services('EE').pki.signingOf(MEMBER, 'ss1', 'Member');
  });

  test('is served while the key is good: nothing but the key is refused below', async () => {
    const key = live().services('EE').pki.issueSigning(MEMBER, 'ss1', 'Member');
    const answers = await callWith(key);
    expect(answers.map(({ status, faultCode }) => [status, faultCode])).toEqual(
      answers.map(() => [200, null]),
    );
  });

  test.each(Object.entries(KEYS))(
    '%s: refused, neither logged nor passed on',
    async (_name, make) => {
      const before = [seenCount(), loggedCount()];
      const answers = await callWith(make());
      for (const { faultCode } of answers) expect(faultCode).toMatch(/^server\.serverproxy\./);
      expect([seenCount(), loggedCount()]).toEqual(before);
    },
  );

  test('a certificate for TLS that is revoked opens no door', async () => {
    const server = live().server(CONSUMER);
    const { issuing } = live().services('EE').pki;
    const der = server.trust.token.derOf(identityOf({ network: live() }, CONSUMER).certificatePem);
    issuing.suspend(der);
    const answers = [answersNow().of(der), ...server.authenticationAnswers().slice(1)];
    const spy = vi.spyOn(server, 'authenticationAnswers').mockReturnValue(answers as Buffer[]);
    const before = [seenCount(), loggedCount()];
    try {
      const { faultCode } = await live().call(0, { sendsId: true });
      expect(faultCode).toContain('ssl_authentication_failed');
      await settled();
      expect([seenCount(), loggedCount()]).toEqual(before);
    } finally {
      spy.mockRestore();
      issuing.release(der);
    }
  });

  test('and the honest one is served as before', async () => {
    expect((await live().call(0, { sendsId: true })).status).toBe(200);
  });
});
