import { afterEach, expect, test } from 'vitest';
import { ManualClock } from '../../testing/manual-clock.ts';
import { GENERATION_MS, makeCentral, makeSigningKey } from '../../testing/sample-central.ts';
import { judge, judgedTest, scratchFolder } from '../../testing/outside-judge.ts';
import { requestHttp } from '../loopback.ts';
import type { CentralServer } from './central-server.ts';
import { readSignedDirectory, verifyDirectory } from './directory.ts';
import type { Directory } from './directory.ts';
import { readPrivateParameters } from './private-parameters.ts';
import { readSharedParameters } from './shared-parameters-reader.ts';

const START_MS = Date.UTC(2026, 2, 2, 10);
const opened: CentralServer[] = [];
const scratch = scratchFolder();

afterEach(async () => {
  for (const central of opened.splice(0)) await central.stop();
});

async function startCentral(clock: ManualClock): Promise<CentralServer> {
  const central = makeCentral('LAB', clock);
  opened.push(central);
  await central.start();
  return central;
}

async function get(
  { endpoint }: CentralServer,
  path: string,
  signal: AbortSignal | null = null,
): Promise<{ readonly status: number; readonly body: Buffer }> {
  const call = { method: 'GET', path, rawHeaders: [], body: null, signal };
  const answer = await requestHttp(endpoint, call);
  const chunks: Buffer[] = [];
  for await (const chunk of answer.body) chunks.push(chunk);
  return { status: answer.status, body: Buffer.concat(chunks) };
}

async function directoryOf(
  central: CentralServer,
  kind: 'internal' | 'external',
  nowMs: number,
): Promise<Directory> {
  const { body } = await get(central, `/${kind}conf?version=6`);
  const certificates = central.keys.certificatesOf(kind);
  return verifyDirectory(readSignedDirectory(body), certificates, nowMs);
}

test('serves the version that is asked for, 2 where none is; 404 where it is missing', async () => {
  const central = await startCentral(new ManualClock(START_MS));
  const statuses: [string, number][] = [];
  for (const path of [
    '/internalconf?version=6',
    '/externalconf?version=6',
    '/internalconf?version=7',
    '/internalconf?version=2',
    '/internalconf',
    '/internalconf/',
    '/V6/nothing/shared-params.xml',
    '//[/',
  ]) {
    statuses.push([path, (await get(central, path)).status]);
  }
  expect(statuses.map(([, status]) => status)).toEqual([200, 200, 404, 404, 404, 404, 404, 404]);
});

test('members get both parts, federated instances the shared one alone', async () => {
  const central = await startCentral(new ManualClock(START_MS));
  const internal = await directoryOf(central, 'internal', START_MS);
  const external = await directoryOf(central, 'external', START_MS);
  const named = ({ parts }: Directory): string[] => parts.map(({ identifier }) => identifier);
  expect(named(internal)).toEqual(['SHARED-PARAMETERS', 'PRIVATE-PARAMETERS']);
  expect(named(external)).toEqual(['SHARED-PARAMETERS']);
  expect(internal.expiresMs).toBe(START_MS + 600_000);
  const [shared, own] = internal.parts;
  const { sources, members } = readSharedParameters((await get(central, shared.location)).body);
  expect(sources).toEqual([central.source()]);
  expect(members).toEqual(central.state.members);
  expect(readPrivateParameters((await get(central, own.location)).body).managementService).toEqual(
    central.state.managementService,
  );
});

test('generates every interval; old folders stay ten minutes', async () => {
  const clock = new ManualClock(START_MS);
  const central = await startCentral(clock);
  const first = await directoryOf(central, 'internal', START_MS);
  clock.advance(3 * GENERATION_MS);
  const later = await directoryOf(central, 'internal', clock.nowMs());
  expect(later.expiresMs).toBe(first.expiresMs + 3 * GENERATION_MS);
  // Nothing has changed: the same bytes elsewhere.
  expect(later.parts[0].hash).toEqual(first.parts[0].hash);
  expect(later.parts[0].location).not.toBe(first.parts[0].location);
  clock.advance(7 * GENERATION_MS);
  expect((await get(central, first.parts[0].location)).status).toBe(200);
  clock.advance(GENERATION_MS);
  expect((await get(central, first.parts[0].location)).status).toBe(404);
});

test('with its token logged out it goes on serving the last that it signed', async () => {
  const clock = new ManualClock(START_MS);
  const central = await startCentral(clock);
  const before = (await get(central, '/internalconf?version=6')).body;
  central.keys.isTokenLoggedIn = false;
  clock.advance(20 * GENERATION_MS);
  expect(central.status).toEqual({
    atMs: clock.nowMs(),
    error: 'the token of the signing keys is logged out',
  });
  expect((await get(central, '/internalconf?version=6')).body).toEqual(before);
  const { parts } = await directoryOf(central, 'internal', START_MS);
  expect((await get(central, parts[1].location)).status).toBe(200);
  await expect(directoryOf(central, 'internal', clock.nowMs())).rejects.toThrow(/expired/);
  central.keys.isTokenLoggedIn = true;
  clock.advance(GENERATION_MS);
  expect(central.status?.error).toBeNull();
  await directoryOf(central, 'internal', clock.nowMs());
});

test('stopped it refuses connections, generates nothing, and comes back where it was', async () => {
  const clock = new ManualClock(START_MS);
  const central = await startCentral(clock);
  const { endpoint } = central;
  await central.stop();
  await expect(get(central, '/internalconf?version=6')).rejects.toThrow();
  expect(clock.alarmCount).toBe(0);
  clock.advance(30 * GENERATION_MS);
  expect(central.status?.atMs).toBe(START_MS);
  await central.start();
  expect(central.endpoint).toEqual(endpoint);
  expect((await directoryOf(central, 'internal', clock.nowMs())).expiresMs).toBe(
    clock.nowMs() + 600_000,
  );
});

test('a hung one takes requests and never answers', async () => {
  const central = await startCentral(new ManualClock(START_MS));
  central.answerDelayMs = null;
  await expect(get(central, '/internalconf', AbortSignal.timeout(50))).rejects.toThrow();
  central.answerDelayMs = 5;
  expect((await get(central, '/internalconf?version=6')).status).toBe(200);
});

test('a state that contradicts itself is our mistake and is not published', async () => {
  const central = await startCentral(new ManualClock(START_MS));
  central.state = { ...central.state, members: [] };
  expect(() => central.generate()).toThrow(/is not a member/);
});

test('the active key signs, the others are only made known', async () => {
  const clock = new ManualClock(START_MS);
  const central = await startCentral(clock);
  const next = makeSigningKey();
  const [old] = central.keys.certificatesOf('internal');
  const isSignedBy = async (certificate: Buffer): Promise<boolean> => {
    const { body } = await get(central, '/internalconf?version=6');
    try {
      verifyDirectory(readSignedDirectory(body), [certificate], clock.nowMs());
      return true;
    } catch {
      return false;
    }
  };
  central.keys.add('internal', next);
  clock.advance(GENERATION_MS);
  expect([await isSignedBy(old), await isSignedBy(next.certificateDer)]).toEqual([true, false]);
  expect(central.source().internalCertificates).toEqual([old, next.certificateDer]);
  expect(central.anchor('internal').sources[0].verificationCertificates).toHaveLength(2);
  central.keys.activate('internal', next);
  clock.advance(GENERATION_MS);
  expect([await isSignedBy(old), await isSignedBy(next.certificateDer)]).toEqual([false, true]);
  expect(() => central.keys.remove('internal', next)).toThrow(/active/);
});

judgedTest('openssl', 'the certificate of a signing key is signed by itself', async () => {
  const path = scratch('signing.pem', makeSigningKey('rsa-2048').certificatePem);
  const { text } = await judge('openssl', 'verify', '-CAfile', path, path);
  expect(text).toContain('OK');
});

judgedTest('curl', 'gets the internal configuration', async () => {
  const central = await startCentral(new ManualClock(START_MS));
  const { address, port } = central.endpoint;
  const url = `http://${address}:${port}/internalconf?version=6`;
  const { text, isAccepted } = await judge('curl', '--silent', '--fail', url);
  expect(isAccepted).toBe(true);
  expect(text).toMatch(/^Content-Type: multipart\/related; charset=UTF-8; boundary=\w{20}\r\n/);
});
