/**
 * Trust that runs out and comes back, over real sockets on a clock that runs 600 times as fast as
 * the wall. What is expected is arithmetic from the parameters and from the dates in the evidence;
 * the upper bounds leave a slow machine many seconds, which are hours of the network; the lower
 * ones are exact.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { TestContext } from 'vitest';
import type { Document, InstanceDocument } from '../plan/document.ts';
import { worldDocument, WORLDS } from '../testing/worlds.ts';
import { readOcsp } from './evidence/ocsp.ts';
import { requestHttp } from './loopback.ts';
import type { Endpoint } from './loopback.ts';
import { createNetworkClock } from './network-clock.ts';
import { startNetwork } from './network.ts';
import type { LiveNetwork, NetworkOptions } from './network.ts';
import { TOKEN_PIN } from './trust-jobs/soft-token.ts';
import { Trust } from './trust.ts';

const COMPRESSION = 600;
/** What a busy machine may be late by: twenty seconds on the wall. */
const SLACK_MS = 20_000 * COMPRESSION;
const SECOND = 1e6;
const HOUR = 3600 * SECOND;
/** Of jobs with the configuration: less often than as shipped, so that two networks fit here. */
const INTERVAL_US = 120 * SECOND;
const INTERVAL_MS = INTERVAL_US / 1000;
const CONSUMER = 'EE/ss1';
const PROVIDER = 'EE/ss2';

/** Nothing runs out but what a test says. */
const CALM: Record<string, number | string> = {
  keyType: 'ec-p256',
  globalConfValidity: 24 * HOUR,
  ocspFreshness: 24 * HOUR,
  timeStampingInterval: 60 * SECOND,
  globalConfGenerationInterval: INTERVAL_US,
  globalConfDownloadInterval: INTERVAL_US,
  globalConfReloadInterval: INTERVAL_US,
};

const trust = new Trust();
/** Of a test: what is to be done when it is over. Tests run side by side, so each has its own. */
type Finish = Pick<TestContext, 'onTestFinished'>;

type Parameters = Readonly<Record<string, number | string | boolean>>;

function documentOf(name: string, of: Readonly<Record<string, Parameters>>): Document {
  const world = WORLDS.find((one) => one.name === name);
  if (world === undefined) throw new Error(`no world is called ${name}`);
  const document = worldDocument(world);
  for (const [id, instance] of Object.entries(document.instances)) {
    Object.assign(instance, {
      parameters: { ...CALM, ...of[id] },
    } satisfies Partial<InstanceDocument>);
  }
  return document;
}

async function start(
  document: Document,
  { onTestFinished }: Finish,
  compression = COMPRESSION,
  keys: Pick<NetworkOptions, 'trust' | 'keyFolder'> = { trust },
): Promise<LiveNetwork> {
  const directory = mkdtempSync(join(tmpdir(), 'fedlab-trust-'));
  const network = await startNetwork(document, {
    directory,
    ports: null,
    ...keys,
    allowsRestToSoap: false,
    clock: createNetworkClock(Date.now(), compression),
  });
  onTestFinished(async () => {
    await network.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  return network;
}

interface Seen {
  /** Of the network, when the call was made, and when it was answered. */
  readonly fromMs: number;
  readonly atMs: number;
  readonly faultCode: string | null;
}

async function callOnce(live: LiveNetwork, workload = 0): Promise<Seen> {
  const fromMs = live.clock.nowMs();
  const { faultCode } = await live.call(workload, { sendsId: true });
  return { fromMs, atMs: live.clock.nowMs(), faultCode };
}

/**
 * Calls until the answer is, or is not, a fault; gives up after so long of the network. The first
 * fault may be any: what ran out did so in the middle of a message.
 */
async function callUntil(live: LiveNetwork, isFault: boolean, limitMs: number): Promise<Seen> {
  const untilMs = live.clock.nowMs() + limitMs;
  for (;;) {
    const seen = await callOnce(live);
    if ((seen.faultCode !== null) === isFault) return seen;
    if (seen.atMs > untilMs)
      throw new Error(`after ${limitMs} ms: ${seen.faultCode ?? 'answered'}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 60);
    });
  }
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) {
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
  }
}

const ACCEPTABLE_MS = 1200_000;
const FRESHNESS_MS = 1800_000;
const FRESH = { ocspFreshness: 1800 * SECOND, ocspFetchInterval: 600 * SECOND };
const VALIDITY_MS = 1800_000;
const SHORT = { globalConfValidity: 1800 * SECOND };

// Two at a time: they mostly wait.
describe('what ages while a service is away', () => {
  test.concurrent('time-stamping: who may not log refuses, and takes up again', async (context) => {
    const document = documentOf('good', { EE: { acceptableTimestampFailure: 1200 * SECOND } });
    // The consumer may fail for ever, so that the provider's own code is heard.
    Object.assign(document.instances['EE'].servers[0].parameters, {
      acceptableTimestampFailure: 0,
    });
    const live = await start(document, context);
    expect((await callOnce(live)).faultCode).toBeNull();
    const [authority] = live.services('EE').timeStampers.values();
    const awayMs = live.clock.nowMs();
    await authority.set({ availability: 'refusing' });
    const refused = await callUntil(live, true, ACCEPTABLE_MS + SLACK_MS);
    expect((await callOnce(live)).faultCode).toBe(
      'server.serverproxy.logging_failed.timestamping_failed',
    );
    expect(refused.atMs - awayMs).toBeGreaterThanOrEqual(ACCEPTABLE_MS);
    // A minute until the first failure, and the slack.
    expect(refused.fromMs - awayMs).toBeLessThan(ACCEPTABLE_MS + 60_000 + SLACK_MS);
    const backMs = live.clock.nowMs();
    await authority.set({ availability: 'up' });
    const taken = await callUntil(live, false, SLACK_MS);
    expect(taken.fromMs - backMs).toBeLessThan(60_000 + SLACK_MS);
    for (const name of [CONSUMER, PROVIDER]) {
      const { messageLog } = live.server(name);
      await until(() => messageLog.store.waitingCount() === 0);
      expect(messageLog.rows().length).toBeGreaterThanOrEqual(4);
    }
  });

  test.concurrent('OCSP: answers age until no server shows up any more', async (context) => {
    const live = await start(documentOf('good', { EE: FRESH }), context);
    expect((await callOnce(live)).faultCode).toBeNull();
    const [responder] = live.services('EE').responders.values();
    await responder.service.set({ availability: 'refusing' });
    const awayMs = live.clock.nowMs();
    const updates = [CONSUMER, PROVIDER].map((name) => {
      const [answer] = live.server(name).authenticationAnswers();
      return readOcsp(answer).thisUpdateMs;
    });
    // One that was asked for when the responder went may still come.
    const refused = await callUntil(live, true, FRESHNESS_MS + SLACK_MS);
    await until(() => !live.server(CONSUMER).trust.isAuthenticationUsable());
    expect((await callOnce(live)).faultCode).toBe('server.clientproxy.ssl_authentication_failed');
    expect(refused.atMs).toBeGreaterThan(Math.min(...updates) + FRESHNESS_MS);
    expect(refused.fromMs).toBeLessThan(awayMs + FRESHNESS_MS + SLACK_MS);
    // The provider's answer is of the same age: without it its TLS port shows no certificate.
    await until(() => !live.server(PROVIDER).trust.isAuthenticationUsable());
    expect(live.server(PROVIDER).shownIdentity()).toBeNull();
    await until(() => !live.server(PROVIDER).canSign('EE/GOV/70000002'));
    await responder.service.set({ availability: 'up' });
    await callUntil(live, false, SLACK_MS);
  });
});

describe('what peers and owners hear late', () => {
  test.concurrent('a revoked certificate works until its owner asks again', async (context) => {
    const live = await start(documentOf('good', { EE: FRESH }), context);
    const { pki } = live.services('EE');
    const signing = pki.signingOf('EE/GOV/70000002', 'ss2', '');
    const provider = live.server(PROVIDER);
    const revokedMs = live.clock.nowMs();
    pki.issuing.revoke(signing.certificateDer);
    const refused = await callUntil(live, true, 600_000 + SLACK_MS);
    // While the context of the key lives the consumer says it of the response, then its owner.
    expect(refused.faultCode).toMatch(/clientproxy.cert_validation|cannot_create_signature/);
    expect(refused.fromMs - revokedMs).toBeLessThan(600_000 + SLACK_MS);
    const held = provider.trust.of(signing.certificateDer);
    expect(held === null ? null : readOcsp(held).status).toBe('revoked');
    await until(() => !provider.canSign('EE/GOV/70000002'));
    expect((await callOnce(live)).faultCode).toBe(
      'server.serverproxy.service_failed.cannot_create_signature',
    );
    // It is a matter of the signing key alone.
    expect(provider.trust.isAuthenticationUsable()).toBe(true);
  });

  test.concurrent('a client that hangs is silent until its server stops', async (context) => {
    const live = await start(documentOf('good', { EE: SHORT }), context);
    expect((await callOnce(live)).faultCode).toBeNull();
    const { trust: own, view } = live.server(CONSUMER);
    own.configurationClient?.hang();
    await until(() => (view.instances.get('EE')?.expiresMs ?? 0) < live.clock.nowMs());
    expect((await callOnce(live)).faultCode).toBe('server.clientproxy.global_conf_outdated');
    const other = live.server(PROVIDER).view.instances.get('EE')?.expiresMs ?? 0;
    expect(other).toBeGreaterThan(view.instances.get('EE')?.expiresMs ?? 0);
    own.configurationClient?.restart();
    await callUntil(live, false, SLACK_MS);
  });
});

describe('when a central server is away', () => {
  test.concurrent('the own one: everything stops', async (context) => {
    const live = await start(documentOf('good', { EE: SHORT }), context);
    expect((await callOnce(live)).faultCode).toBeNull();
    const [central] = live.services('EE').central.values();
    const awayMs = live.clock.nowMs();
    await central.stop();
    const refused = await callUntil(live, true, VALIDITY_MS + SLACK_MS);
    const { expiresMs } = live.server(CONSUMER).view.instances.get('EE') ?? { expiresMs: 0 };
    await until(() => live.clock.nowMs() > expiresMs);
    expect((await callOnce(live)).faultCode).toBe('server.clientproxy.global_conf_outdated');
    const other = live.server(PROVIDER).view.instances.get('EE')?.expiresMs ?? 0;
    expect(refused.atMs).toBeGreaterThanOrEqual(Math.min(expiresMs, other));
    // Signed at the last turn before it went, and dates are cut to seconds.
    expect(expiresMs).toBeLessThanOrEqual(awayMs + VALIDITY_MS);
    expect(expiresMs).toBeGreaterThan(awayMs + VALIDITY_MS - 2 * INTERVAL_MS - SLACK_MS);
    expect(refused.fromMs).toBeLessThan(awayMs + VALIDITY_MS + SLACK_MS);
    await central.start();
    await callUntil(live, false, SLACK_MS);
  });

  test.concurrent('a foreign one: the border closes, and nothing else', async (context) => {
    const document = documentOf('cross-border', { FI: SHORT });
    const [service] = document.services;
    const [workload] = document.workloads;
    const own = 'EE/GOV/70000001/portal/persons';
    Object.assign(document, {
      services: [service, { ...service, id: own }],
      workloads: [
        workload,
        { ...workload, id: 'at-home', services: [{ service: own, weight: 1 }] },
      ],
    });
    const live = await start(document, context);
    expect((await callOnce(live, 0)).faultCode).toBeNull();
    const [central] = live.services('FI').central.values();
    const awayMs = live.clock.nowMs();
    await central.stop();
    const refused = await callUntil(live, true, VALIDITY_MS + SLACK_MS);
    const { expiresMs } = live.server(CONSUMER).view.instances.get('FI') ?? { expiresMs: 0 };
    await until(() => live.clock.nowMs() > expiresMs);
    expect((await callOnce(live)).faultCode).toBe('server.clientproxy.internal_error');
    expect(expiresMs).toBeLessThanOrEqual(awayMs + VALIDITY_MS);
    expect(refused.fromMs).toBeLessThan(awayMs + VALIDITY_MS + SLACK_MS);
    expect((await callOnce(live, 1)).faultCode).toBeNull();
  });
});

describe('the token', () => {
  test('logged out it signs nothing, and only its PIN opens it', async (context) => {
    const live = await start(documentOf('good', {}), context);
    expect((await callOnce(live)).faultCode).toBeNull();
    const { trust: own } = live.server(PROVIDER);
    own.lock();
    // The key is still in the proxy's cache, and the token says no.
    expect((await callOnce(live)).faultCode).toMatch(/cannot_sign|cannot_create_signature|ssl/);
    expect(own.logIn('0000')).toBe(false);
    expect((await callOnce(live)).faultCode).not.toBeNull();
    expect(own.logIn(TOKEN_PIN)).toBe(true);
    await callUntil(live, false, SLACK_MS);
  });
});

/** The rest is about ports, and needs no haste. */
const REAL = 1;

async function get(at: Endpoint, path: string): Promise<{ status: number; body: Buffer }> {
  const answer = await requestHttp(at, {
    method: 'GET',
    path,
    rawHeaders: [],
    body: null,
    signal: null,
  });
  return { status: answer.status, body: Buffer.concat(await Array.fromAsync(answer.body)) };
}

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

describe('ports of a server', () => {
  test.skipIf(!hasOpenssl)(
    'openssl accepts what is on disk and what 5577 gives (skipped where there is none)',
    async (context) => {
      const live = await start(documentOf('good', {}), context, REAL);
      const server = live.server(CONSUMER);
      const { pki } = live.services('EE');
      const authentication = pki.authenticationOf('EE/GOV/70000001/ss1', '');
      const folder = mkdtempSync(join(tmpdir(), 'fedlab-5577-'));
      context.onTestFinished(() => {
        rmSync(folder, { recursive: true, force: true });
      });
      const port = server.trust.ocspPort;
      if (port === null) throw new Error('port 5577 is not open');
      const hash = spawnSync('openssl', ['dgst', '-sha256', '-r'], {
        input: authentication.certificateDer,
      });
      const { status, body } = await get(
        port,
        `/?cert_hash=${hash.stdout.toString().slice(0, 64)}`,
      );
      expect(status).toBe(200);
      const from = body.indexOf('\r\n\r\n') + 4;
      writeFileSync(join(folder, 'answer.der'), body.subarray(from, body.lastIndexOf('\r\n--')));
      writeFileSync(join(folder, 'ca.pem'), pki.root.key.certificatePem);
      writeFileSync(join(folder, 'auth.pem'), authentication.certificatePem);
      const words = ['ocsp', '-respin', 'answer.der', '-issuer', 'ca.pem', '-cert', 'auth.pem'];
      const judged = spawnSync('openssl', [...words, '-CAfile', 'ca.pem'], { cwd: folder });
      expect(judged.stdout.toString()).toContain('auth.pem: good');
      expect(judged.stderr.toString()).toContain('Response verify OK');
      expect((await get(port, `/?cert_hash=${'0'.repeat(64)}`)).status).toBe(500);
      expect((await get(port, '/')).status).toBe(500);
    },
  );

  test('the health check tells what a load balancer must know', async (context) => {
    const live = await start(documentOf('good', {}), context, REAL);
    const { trust: own, view } = live.server(CONSUMER);
    const at = own.healthEndpoint;
    if (at === null) throw new Error('the health check does not listen');
    expect((await get(at, '/')).status).toBe(200);
    own.isInMaintenance = true;
    expect((await get(at, '/')).status).toBe(503);
    const other = live.server(PROVIDER).trust.healthEndpoint;
    if (other === null) throw new Error('the health check does not listen');
    live.server(PROVIDER).view.authentication = null;
    expect(await get(other, '/')).toMatchObject({ status: 500 });
    expect(view.authentication).not.toBeNull();
  });

  test('a peer without port 5577 is trusted while its answer is kept', async (context) => {
    const live = await start(documentOf('good', {}), context, REAL);
    const port = live.server(PROVIDER).trust.ocspPort;
    if (port === null) throw new Error('port 5577 is not open');
    expect((await callOnce(live)).faultCode).toBeNull();
    await port.close();
    // The answer that was fetched for the first call serves the second.
    expect((await callOnce(live)).faultCode).toBeNull();
    await live.server(CONSUMER).trust.restart(TOKEN_PIN);
    expect((await callOnce(live)).faultCode).toBe('server.clientproxy.ssl_authentication_failed');
  });
});

describe('keys that are kept', () => {
  const pkcs12 = (path: string, pin: string) =>
    spawnSync('openssl', ['pkcs12', '-in', path, '-passin', `pass:${pin}`, '-nokeys']);

  test('a second start has the same authorities, and opens its tokens', async (context) => {
    const keyFolder = mkdtempSync(join(tmpdir(), 'fedlab-keys-'));
    context.onTestFinished(() => {
      rmSync(keyFolder, { recursive: true, force: true });
    });
    const shown: string[][] = [];
    for (let time = 0; time < 2; time++) {
      const live = await start(documentOf('good', {}), context, REAL, { trust: null, keyFolder });
      expect((await callOnce(live)).faultCode).toBeNull();
      const { pki } = live.services('EE');
      const own = live.server(CONSUMER).view.authentication?.certificatePem ?? '';
      shown.push([pki.root.key.certificatePem, own, pki.issuing.key.keyPem]);
      await live.stop();
    }
    expect(shown[1]).toEqual(shown[0]);
    const folder = join(keyFolder, 'tokens', 'EE-GOV-70000001-ss1');
    const stores = readdirSync(folder);
    expect(stores).toHaveLength(2);
    if (!hasOpenssl) return;
    for (const name of stores) {
      expect(pkcs12(join(folder, name), TOKEN_PIN).status).toBe(0);
      expect(pkcs12(join(folder, name), '0000').status).not.toBe(0);
    }
  });
});

describe('an authority below the root', () => {
  test('is asked about like a server, and both answers go with a request', async (context) => {
    const document = documentOf('good', {});
    Object.assign(document.instances['EE'], { profile: 'ee-production' });
    const live = await start(document, context, REAL);
    const { pki } = live.services('EE');
    expect(pki.issuing).not.toBe(pki.root);
    expect(live.server(CONSUMER).authenticationAnswers()).toHaveLength(2);
    expect((await callOnce(live)).faultCode).toBeNull();
    const provider = live.server(PROVIDER);
    pki.root.revoke(pki.issuing.key.certificateDer);
    await provider.trust.restart(TOKEN_PIN);
    // What is on disk still counts, until the signer has asked again.
    expect((await callOnce(live)).faultCode).toBeNull();
  });
});

test('who stamps at once has nothing unstamped, and logs nothing unstamped', async (context) => {
  const live = await start(
    documentOf('good', { EE: { timestampImmediately: true } }),
    context,
    REAL,
  );
  expect((await callOnce(live)).faultCode).toBeNull();
  for (const name of [CONSUMER, PROVIDER]) {
    expect(live.server(name).messageLog.store.waitingCount()).toBe(0);
    expect(live.server(name).messageLog.rows()).toHaveLength(2);
  }
  const [authority] = live.services('EE').timeStampers.values();
  await authority.set({ availability: 'bad-gateway' });
  Object.assign(live.server(CONSUMER).view.parameters, { timestampImmediately: false });
  expect((await callOnce(live)).faultCode).toBe(
    'server.serverproxy.logging_failed.timestamping_failed',
  );
});
