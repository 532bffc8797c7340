// A security server's client against central servers over real sockets; the clock is moved by hand.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ManualClock } from '../../testing/manual-clock.ts';
import { GENERATION_MS, makeCentral, makeSigningKey } from '../../testing/sample-central.ts';
import { readAnchors } from '../evidence/anchors.ts';
import { listenHttp, requestHttp } from '../loopback.ts';
import type { Listener } from '../loopback.ts';
import { createNetworkClock } from '../network-clock.ts';
import type { CentralServer } from './central-server.ts';
import type { CentralState } from './configuration-generator.ts';
import { ConfigurationClient } from './configuration-client.ts';
import type {
  ConfigurationClientOptions,
  DownloadReport,
  InstanceReport,
} from './configuration-client.ts';
import { ConfigurationFolder } from './configuration-folder.ts';
import type { GlobalConfiguration } from './configuration-folder.ts';

const START_MS = Date.UTC(2026, 2, 2, 10);

let clock: ManualClock;
let path: string;
const closing: (() => Promise<void>)[] = [];

beforeEach(() => {
  clock = new ManualClock(START_MS);
  path = mkdtempSync(join(tmpdir(), 'fedlab-globalconf-'));
});

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
  expect(clock.alarmCount).toBe(0);
  rmSync(path, { recursive: true });
});

async function startCentral(
  instance: string,
  change: Partial<CentralState> = {},
): Promise<CentralServer> {
  const central = makeCentral(instance, clock, change);
  closing.push(() => central.stop());
  await central.start();
  return central;
}

function makeClient(
  central: CentralServer,
  change: Partial<ConfigurationClientOptions> = {},
): ConfigurationClient {
  const client = new ConfigurationClient({
    anchor: central.anchor('internal'),
    folder: new ConfigurationFolder(path),
    clock,
    intervalMs: 60_000,
    timeoutMs: 10_000,
    allowedFederations: 'all',
    random: () => 0,
    onRun: null,
    ...change,
  });
  closing.push(() => client.close());
  return client;
}

const codesOf = ({ attempts }: InstanceReport): (string | null)[] =>
  attempts.map(({ error }) => error?.code ?? null);

async function loaded(instance: string): Promise<GlobalConfiguration | null> {
  const { configurations, problems } = await new ConfigurationFolder(path).load();
  expect([...problems]).toEqual([]);
  return configurations.get(instance) ?? null;
}

describe('the own configuration', () => {
  test('is downloaded, stored and read back', async () => {
    const central = await startCentral('LAB');
    const { own, foreign } = await makeClient(central).run();
    expect([codesOf(own), foreign]).toEqual([[null], []]);
    expect(own.fetched).toEqual(['shared-params.xml', 'private-params.xml']);
    const configuration = await loaded('LAB');
    expect(configuration).toMatchObject({
      isOwn: true,
      version: 6,
      expiresMs: START_MS + 600_000,
      private: { timeStampingIntervalSeconds: 60 },
    });
    expect(configuration?.shared.servers).toEqual(central.state.servers);
    expect(readFileSync(join(path, 'instance-identifier'), 'utf8')).toBe('LAB');
  });

  test('is fetched again only where it has changed; the expiry moves all the same', async () => {
    const central = await startCentral('LAB');
    const client = makeClient(central);
    await client.run();
    clock.advance(GENERATION_MS);
    expect((await client.run()).own.fetched).toEqual([]);
    expect((await loaded('LAB'))?.expiresMs).toBe(START_MS + GENERATION_MS + 600_000);
    const [first, second] = central.state.servers;
    const resting = { ...first, maintenance: 'moving house' };
    central.state = { ...central.state, servers: [resting, second] };
    clock.advance(GENERATION_MS);
    expect((await client.run()).own.fetched).toEqual(['shared-params.xml']);
    expect((await loaded('LAB'))?.shared.servers[0].maintenance).toBe('moving house');
  });

  test('on disk is what a verifier of evidence takes for its trust', async () => {
    const central = await startCentral('LAB');
    await makeClient(central).run();
    const { authorities, timeStampers, ocspFreshnessSeconds } = readAnchors([path]);
    expect(authorities.map(({ instance, isTop }) => [instance, isTop])).toEqual([
      ['LAB', true],
      ['LAB', false],
    ]);
    expect([timeStampers.length, ocspFreshnessSeconds.get('LAB')]).toEqual([1, 3600]);
  });

  test('may say how to ask for OCSP answers, and take it back', async () => {
    const central = await startCentral('LAB', {
      ocsp: { fetchIntervalSeconds: 2880, verifiesNextUpdate: false },
    });
    const client = makeClient(central);
    const { own } = await client.run();
    expect(own.fetched.slice(2)).toEqual(['fetchinterval-params.xml', 'nextupdate-params.xml']);
    expect((await loaded('LAB'))?.ocsp).toEqual(central.state.ocsp);
    const ocsp = { fetchIntervalSeconds: null, verifiesNextUpdate: null };
    central.state = { ...central.state, ocsp };
    central.generate();
    await client.run();
    expect((await loaded('LAB'))?.ocsp).toEqual(ocsp);
  });

  test('is asked for from version 6 down, and the answer remembered', async () => {
    const central = await startCentral('LAB');
    const asked: string[] = [];
    const old = await listenHttp({ address: '127.0.0.1', port: 0 }, (request, response) => {
      asked.push(request.url ?? '');
      response.writeHead(404).end();
    });
    closing.push(() => old.close());
    const { sources, ...anchor } = central.anchor('internal');
    const [{ verificationCertificates }] = sources;
    const downloadUrl = `http://127.0.0.1:${old.port}/internalconf`;
    const client = makeClient(central, {
      anchor: { ...anchor, sources: [{ downloadUrl, verificationCertificates }] },
    });
    expect(codesOf((await client.run()).own)).toEqual([
      'global_conf_download_url_connection_failure',
    ]);
    expect(asked).toEqual([6, 5, 4, 3, 2].map((version) => `/internalconf?version=${version}`));
  });

  test('stays until it expires while the central server is down', async () => {
    const central = await startCentral('LAB');
    const client = makeClient(central);
    await client.run();
    await central.stop();
    clock.advance(GENERATION_MS);
    const { own } = await client.run();
    expect(own.expiresMs).toBeNull();
    expect(codesOf(own)).toContain('global_conf_download_url_connection_failure');
    expect((await loaded('LAB'))?.expiresMs).toBe(START_MS + 600_000);
    await central.start();
    expect((await client.run()).own.expiresMs).toBe(START_MS + GENERATION_MS + 600_000);
  });

  test('is refused once it has expired, while the old files are still served', async () => {
    const central = await startCentral('LAB');
    const client = makeClient(central);
    await client.run();
    central.keys.isTokenLoggedIn = false;
    clock.advance(11 * GENERATION_MS);
    const { own } = await client.run();
    expect(own.expiresMs).toBeNull();
    expect(new Set(codesOf(own))).toEqual(new Set(['global_conf_outdated']));
  });

  test('takes too long where the central server hangs', async () => {
    const central = await startCentral('LAB');
    central.answerDelayMs = null;
    const { own } = await makeClient(central, { timeoutMs: 30 }).run();
    expect(own.attempts[0].error?.message).toContain('no answer in 30 ms');
  });
});

describe('several nodes', () => {
  test('the next is tried where one is down, and then remembered', async () => {
    const [first, second] = [await startCentral('LAB'), await startCentral('LAB')];
    first.shareWith([second]);
    second.shareWith([first]);
    first.generate();
    second.generate();
    const client = makeClient(first);
    const urlOf = ({ endpoint }: CentralServer): string =>
      `http://${endpoint.address}:${endpoint.port}/internalconf?version=6`;
    const urls = async (): Promise<string[]> => {
      const { own } = await client.run();
      expect(own.expiresMs).not.toBeNull();
      return own.attempts.map(({ url }) => url);
    };
    expect(await urls()).toEqual([urlOf(first)]);
    await first.stop();
    const after = await urls();
    expect([after[0], after.at(-1)]).toEqual([urlOf(first), urlOf(second)]);
    // Though the first is back, the second is asked: it was the last that had it.
    await first.start();
    expect(await urls()).toEqual([urlOf(second)]);
  });

  test('an order is drawn', async () => {
    const central = await startCentral('LAB');
    const [source] = central.anchor('internal').sources;
    const hosts = ['a', 'b', 'c'].map((name) => ({
      ...source,
      downloadUrl: `http://${name}.invalid/internalconf`,
    }));
    const anchor = { instance: 'LAB', generatedMs: null, sources: hosts };
    const orders = new Set<string>();
    for (const value of [0, 0.4, 0.99]) {
      const { own } = await makeClient(central, { anchor, random: () => value }).run();
      // A name is no address of the loopback: it is never looked up.
      orders.add(own.attempts.map(({ url }) => url[7]).join(''));
    }
    expect(orders).toEqual(new Set(['abc', 'bac', 'cba']));
  });
});

describe('signing keys', () => {
  test('a key that was made known first may sign', async () => {
    const central = await startCentral('LAB');
    const client = makeClient(central);
    await client.run();
    const next = makeSigningKey('rsa-2048');
    central.keys.add('internal', next);
    clock.advance(GENERATION_MS);
    await client.run();
    central.keys.activate('internal', next);
    clock.advance(GENERATION_MS);
    // The anchor of the client is the old one: the shared parameters told it.
    expect((await client.run()).own.expiresMs).toBe(clock.nowMs() + 600_000);
  });

  test('one that signs before it is known is refused, until an anchor names it', async () => {
    const central = await startCentral('LAB');
    const client = makeClient(central);
    await client.run();
    const next = makeSigningKey();
    central.keys.add('internal', next);
    central.keys.activate('internal', next);
    clock.advance(GENERATION_MS);
    const { own } = await client.run();
    expect(new Set(codesOf(own))).toEqual(new Set(['global_conf_missing_verification_cert']));
    expect((await loaded('LAB'))?.expiresMs).toBe(START_MS + 600_000);
    client.anchor = central.anchor('internal');
    expect((await client.run()).own.expiresMs).toBe(clock.nowMs() + 600_000);
  });
});

describe('federation', () => {
  async function federate(): Promise<readonly [CentralServer, CentralServer]> {
    const foreign = await startCentral('OTHER', { validitySeconds: 1200 });
    const central = await startCentral('LAB', { anchors: [foreign.anchor('external')] });
    return [central, foreign];
  }

  test('the shared parameters of the other instance come, its private ones do not', async () => {
    const [central] = await federate();
    const report = await makeClient(central).run();
    expect(report.foreign.map(({ fetched }) => fetched)).toEqual([['shared-params.xml']]);
    expect(await loaded('OTHER')).toMatchObject({
      isOwn: false,
      private: null,
      expiresMs: START_MS + 1_200_000,
      shared: { instance: 'OTHER' },
    });
    expect(readdirSync(join(path, 'OTHER')).sort()).toEqual([
      'shared-params.xml',
      'shared-params.xml.metadata',
    ]);
  });

  test.each([
    ['none', 0],
    [['THIRD'], 0],
    [['other'], 1],
    ['all', 1],
  ] as const)('where %j is allowed, %d come', async (allowedFederations, count) => {
    const [central] = await federate();
    const { foreign } = await makeClient(central, { allowedFederations }).run();
    expect(foreign).toHaveLength(count);
    expect(readdirSync(path).includes('OTHER')).toBe(count === 1);
  });

  test('a foreign failure is no failure of the run, and its old files stay', async () => {
    const [central, foreign] = await federate();
    const client = makeClient(central);
    await client.run();
    await foreign.stop();
    clock.advance(GENERATION_MS);
    const report = await client.run();
    expect(report.own.expiresMs).not.toBeNull();
    expect(report.foreign[0].expiresMs).toBeNull();
    expect((await loaded('OTHER'))?.expiresMs).toBe(START_MS + 1_200_000);
  });

  test('where the own download fails the foreign ones are not tried', async () => {
    const [central] = await federate();
    const client = makeClient(central);
    await client.run();
    await central.stop();
    clock.advance(GENERATION_MS);
    const report = await client.run();
    expect([report.own.expiresMs, report.foreign]).toEqual([null, []]);
    expect((await loaded('OTHER'))?.expiresMs).toBe(START_MS + 1_200_000);
  });

  test('an instance that is no longer federated is forgotten', async () => {
    const [central] = await federate();
    const client = makeClient(central);
    await client.run();
    central.state = { ...central.state, anchors: [] };
    clock.advance(GENERATION_MS);
    await client.run();
    expect(readdirSync(path).sort()).toEqual(['LAB', 'instance-identifier']);
  });

  test('a foreign central server cannot write into the folder of another instance', async () => {
    const [central, foreign] = await federate();
    foreign.state = { ...foreign.state, ...makeCentral('LAB', clock).state, servers: [] };
    foreign.generate();
    const { foreign: reports } = await makeClient(central).run();
    expect(new Set(codesOf(reports[0]))).toEqual(new Set(['global_conf_part_foreign_instance']));
    expect((await loaded('LAB'))?.shared.servers).toHaveLength(2);
  });

  test('an instance may be called what a folder must not be', async () => {
    const foreign = await startCentral('..');
    const central = await startCentral('LAB', { anchors: [foreign.anchor('external')] });
    await makeClient(central).run();
    expect(readdirSync(path).sort()).toEqual(['%2E%2E', 'LAB', 'instance-identifier']);
    expect((await loaded('..'))?.shared.instance).toBe('..');
  });
});

describe('parts', () => {
  /** Stands in front of a central server and may change what it answers. */
  async function meddle(
    central: CentralServer,
    change: (path: string, body: Buffer) => Buffer,
  ): Promise<Listener> {
    const listener = await listenHttp({ address: '127.0.0.1', port: 0 }, (request, response) => {
      const call = { method: 'GET', rawHeaders: [], body: null, signal: null };
      const url = request.url ?? '';
      void requestHttp(central.endpoint, { ...call, path: url }).then(async ({ status, body }) => {
        const chunks: Buffer[] = [];
        for await (const chunk of body) chunks.push(chunk);
        response.writeHead(status).end(change(url, Buffer.concat(chunks)));
      });
    });
    closing.push(() => listener.close());
    return listener;
  }

  test.each([
    ['a changed part', /shared-params/, 'io_error'],
    ['a changed private part', /private-params/, 'io_error'],
  ])('%s is refused and nothing of the download is stored', async (_name, which, code) => {
    const central = await startCentral('LAB');
    const middle = await meddle(central, (url, body) => {
      if (which.test(url)) body[body.length >> 1] ^= 1;
      return body;
    });
    const { sources, ...anchor } = central.anchor('internal');
    const downloadUrl = `http://127.0.0.1:${middle.port}/internalconf`;
    const client = makeClient(central, {
      anchor: { ...anchor, sources: [{ ...sources[0], downloadUrl }] },
    });
    const { own } = await client.run();
    expect(codesOf(own)).toEqual([code]);
    expect(readdirSync(path)).toEqual(['instance-identifier']);
  });

  test('what somebody changed on disk is fetched again', async () => {
    const central = await startCentral('LAB');
    const client = makeClient(central);
    await client.run();
    writeFileSync(join(path, 'LAB', 'shared-params.xml'), '<broken');
    writeFileSync(join(path, 'LAB', 'left-over.xml'), '');
    const { problems } = await new ConfigurationFolder(path).load();
    expect([...problems.keys()]).toEqual(['LAB']);
    expect((await client.run()).own.fetched).toEqual(['shared-params.xml']);
    expect(await loaded('LAB')).not.toBeNull();
    expect(readdirSync(join(path, 'LAB'))).not.toContain('left-over.xml');
  });
});

describe('the schedule', () => {
  test('it runs at once, every interval, and not while it hangs', async () => {
    const central = await startCentral('LAB');
    const reports: DownloadReport[] = [];
    let told: () => void = () => undefined;
    const next = (): Promise<void> =>
      new Promise((resolve) => {
        told = resolve;
      });
    const onRun = (report: DownloadReport): void => {
      reports.push(report);
      // The next turn is set after the report is told.
      setImmediate(told);
    };
    const client = makeClient(central, { onRun });
    let run = next();
    client.start();
    await run;
    run = next();
    clock.advance(60_000);
    await run;
    expect(reports.map(({ atMs }) => atMs - START_MS)).toEqual([0, 60_000]);
    client.hang();
    clock.advance(900_000);
    expect(reports).toHaveLength(2);
    // Nobody was told, and the configuration has expired meanwhile.
    expect((await loaded('LAB'))?.expiresMs).toBeLessThan(clock.nowMs());
    run = next();
    client.restart();
    await run;
    expect((await loaded('LAB'))?.expiresMs).toBe(clock.nowMs() + 600_000);
  });

  test('it keeps to a clock that runs faster than the wall', async () => {
    const fast = createNetworkClock(START_MS, 600);
    const central = makeCentral('LAB', fast, { validitySeconds: 86_400 });
    closing.push(() => central.stop());
    await central.start();
    const reports: DownloadReport[] = [];
    await new Promise<void>((resolve) => {
      const onRun = (report: DownloadReport): void => {
        if (reports.push(report) === 3) resolve();
      };
      makeClient(central, { clock: fast, onRun }).start();
    });
    // A tenth of a second for a minute; a machine that stalls lets turns pass.
    const minutes = reports.map(({ atMs }) => (atMs - reports[0].atMs) / 60_000);
    expect(minutes[1]).toBeGreaterThan(0.9);
    expect(minutes[2]).toBeGreaterThan(1.9);
    const expiries = reports.map(({ own }) => own.expiresMs ?? 0);
    expect(expiries[0]).toBeGreaterThan(START_MS + 86_000_000);
    expect(expiries[2]).toBeGreaterThan(expiries[0]);
  });

  test('two runs are never under way at a time', async () => {
    const central = await startCentral('LAB');
    const client = makeClient(central);
    expect(client.run()).toBe(client.run());
    await client.run();
  });

  test('what is under way ends when it is closed', async () => {
    const central = await startCentral('LAB');
    central.answerDelayMs = null;
    const client = makeClient(central);
    const running = client.run();
    await client.close();
    expect((await running).own.expiresMs).toBeNull();
  });
});
