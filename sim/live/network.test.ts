import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Document } from '../plan/document.ts';
import { findHeader } from '../protocol/message.ts';
import { worldDocument, WORLDS } from '../testing/worlds.ts';
import { hashRequest, headersOf } from './rest-message.ts';
import { connectTcp, requestHttp, secure } from './loopback.ts';
import { CannotRunError, startNetwork } from './network.ts';
import type { LiveNetwork } from './network.ts';
import { digestOf } from './message-parts.ts';
import { Trust } from './trust.ts';

const trust = new Trust();
let directory = '';
let authorityPem = '';
let network: LiveNetwork | null = null;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'fedlab-network-'));
});

afterEach(async () => {
  await network?.stop();
  network = null;
  rmSync(directory, { recursive: true, force: true });
});

function documentOf(name: string): Document {
  const world = WORLDS.find((one) => one.name === name);
  if (world === undefined) throw new Error(`no world is called ${name}`);
  return worldDocument(world);
}

async function start(document: Document): Promise<LiveNetwork> {
  network = await startNetwork(document, {
    directory,
    ports: null,
    trust,
    allowsRestToSoap: false,
  });
  return network;
}

const CONSUMER = 'EE/ss1';
const PROVIDER = 'EE/ss2';

const hasXmlsec = spawnSync('xmlsec1', ['--version']).status === 0;

/** By a stock verifier that knows the authority of the instance alone. */
function isAccepted(row: Record<string, unknown>): boolean {
  const write = (name: string, content: unknown): void =>
    writeFileSync(join(directory, name), String(content));
  write('ca.pem', authorityPem);
  write('result.xml', row['hashchainresult']);
  write('signatures.xml', row['signature']);
  const words = [
    '--verify',
    '--trusted-pem',
    'ca.pem',
    '--enabled-key-data',
    'x509',
    '--enabled-reference-uris',
    'empty,same-doc,local,remote',
    '--id-attr:Id',
    'http://uri.etsi.org/01903/v1.3.2#:SignedProperties',
    '--url-map:/sig-hashchainresult.xml',
    'result.xml',
    'signatures.xml',
  ];
  return spawnSync('xmlsec1', words, { cwd: directory }).status === 0;
}

test.skipIf(!hasXmlsec)(
  'xmlsec1 accepts what both sides log (skipped where there is none)',
  async () => {
    const live = await start(documentOf('good'));
    authorityPem = live.services('EE').pki.root.key.certificatePem;
    const { messageId } = await live.call(0, { sendsId: true });
    await live.transcriptOf(messageId);
    await live.stop();
    network = null;
    const logs = readdirSync(directory).filter((name) => name.endsWith('.sqlite'));
    const rows = logs.flatMap((name) => {
      const database = new DatabaseSync(join(directory, name), { readOnly: true });
      const found = database.prepare('SELECT * FROM logrecord').all();
      database.close();
      return found;
    });
    expect(rows.map(isAccepted)).toEqual([true, true, true, true]);
    const [first, second] = rows;
    expect(isAccepted({ ...first, hashchainresult: second['hashchainresult'] })).toBe(false);
  },
);

test('a consumer whose certificate has no OCSP answer calls nobody', async () => {
  const live = await start(documentOf('good'));
  vi.spyOn(live.server(CONSUMER), 'authenticationAnswers').mockReturnValue([]);
  const { faultCode } = await live.call(0, { sendsId: true });
  expect(faultCode).toBe('server.clientproxy.ssl_authentication_failed');
});

test('a provider refuses whose answer is none about its certificate', async () => {
  const live = await start(documentOf('good'));
  const error = Buffer.from('30030a0106', 'hex');
  vi.spyOn(live.server(CONSUMER), 'authenticationAnswers').mockReturnValue([error]);
  const { faultCode } = await live.call(0, { sendsId: true });
  expect(faultCode).toBe('server.serverproxy.service_failed.ssl_authentication_failed');
});

describe('one exchange', () => {
  test('is logged four times, and only then let go', async () => {
    const live = await start(documentOf('good'));
    const { messageId, status, body } = await live.call(0, { sendsId: true });
    await live.transcriptOf(messageId);
    expect({ status, bytes: body.length }).toEqual({ status: 200, bytes: 1024 });
    const portal = 'EE/GOV/70000001/portal';
    const registry = 'EE/GOV/70000002/registry';
    const expected = [
      { messageId, isResponse: false, sender: portal },
      { messageId, isResponse: true, sender: registry },
    ];
    expect(live.server(CONSUMER).messageLog.rows()).toEqual(expected);
    expect(live.server(PROVIDER).messageLog.rows()).toEqual(expected);
  });

  test('reaches the information system as it was sent', async () => {
    const live = await start(documentOf('good'));
    await live.call(0, { sendsId: true });
    expect(live.provider('registry-system').seen).toEqual([
      {
        method: 'POST',
        path: '/persons/people/search',
        client: 'EE/GOV/70000001/portal',
        bytes: 500,
      },
    ]);
  });

  test('refused for want of rights leaves a record at the consumer alone', async () => {
    const live = await start(documentOf('access-denied'));
    const { messageId } = await live.call(0, { sendsId: true });
    await live.transcriptOf(messageId);
    expect(live.server(CONSUMER).messageLog.rows()).toHaveLength(1);
    expect(live.server(PROVIDER).messageLog.rows()).toHaveLength(0);
    expect(live.provider('registry-system').seen).toEqual([]);
  });
});

test('many at once lose nothing and leave nothing held', async () => {
  const live = await start(documentOf('good'));
  const calls = Array.from({ length: 40 }, () => live.call(0, { sendsId: true }));
  const answers = await Promise.all(calls);
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  for (const { messageId } of answers) await live.transcriptOf(messageId);
  for (const name of [CONSUMER, PROVIDER]) {
    const server = live.server(name);
    expect(server.messageLog.rows()).toHaveLength(80);
    expect(server.clientThreads.busyCount + server.serverThreads.busyCount).toBe(0);
    expect(server.messageLog.connections.busyCount).toBe(0);
  }
});

test('without a free thread a request is closed unanswered after its idle time', async () => {
  const document = documentOf('good');
  const [consumer] = document.instances['EE'].servers;
  Object.assign(consumer.parameters, { clientThreads: 1, idleTimeout: 50_000 });
  document.systems.forEach((system) => {
    Object.assign(system, { serviceTime: { kind: 'constant', value: 400_000 } });
  });
  const live = await start(document);
  const first = live.call(0, { sendsId: true });
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await live.call(0, { sendsId: true })).toMatchObject({ status: 0, faultCode: null });
  expect((await first).status).toBe(200);
});

describe('errors', () => {
  async function fault(accept: string): Promise<Fault> {
    const live = await start(documentOf('good'));
    const answer = await requestHttp(live.endpointsOf(CONSUMER).client, {
      method: 'GET',
      path: '/r1/EE/GOV/70000002/registry/persons',
      rawHeaders: ['accept', accept],
      body: null,
      signal: null,
    });
    const body = Buffer.concat(await Array.fromAsync(answer.body)).toString('utf8');
    const headers = headersOf(answer.rawHeaders);
    return { status: answer.status, header: (name) => findHeader(headers, name), body };
  }

  interface Fault {
    readonly status: number;
    readonly header: (name: string) => string | null;
    readonly body: string;
  }

  test('are JSON, with a header of their own', async () => {
    const { status, header, body } = await fault('*/*');
    expect(status).toBe(500);
    expect(header('x-road-error')).toBe('server.clientproxy.invalid_client_identifier');
    expect(JSON.parse(body)).toEqual({
      type: 'server.clientproxy.invalid_client_identifier',
      message: expect.any(String) as string,
      detail: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
    });
  });

  test('are XML where the client wants it', async () => {
    const { header, body } = await fault('text/xml');
    expect(header('content-type')).toBe('application/xml;charset=utf-8');
    expect(body).toContain('<type>server.clientproxy.invalid_client_identifier</type>');
  });
});

describe('TLS between servers', () => {
  test('is 1.2 with a suite of X-Road', async () => {
    const live = await start(documentOf('good'));
    const tcp = await connectTcp(live.endpointsOf(PROVIDER).messages).done;
    const { pki } = live.services('EE');
    const identity = pki.authenticationOf('EE/GOV/70000001/ss1', '');
    const authority = pki.root.key.certificatePem;
    const socket = await secure(tcp, identity, [authority]).done;
    expect(socket.getProtocol()).toBe('TLSv1.2');
    expect(socket.getCipher().name).toBe('ECDHE-RSA-AES256-SHA384');
    socket.destroy();
  });

  test('is closed to a certificate that no configuration knows', async () => {
    const live = await start(documentOf('good'));
    const tcp = await connectTcp(live.endpointsOf(PROVIDER).messages).done;
    const { pki } = live.services('EE');
    const identity = pki.authenticationOf('EE/GOV/70000009/unknown', 'Nobody');
    const authority = pki.root.key.certificatePem;
    await expect(secure(tcp, identity, [authority]).done).rejects.toThrow('disconnected');
    expect(live.server(PROVIDER).serverThreads.queueLengthMax).toBe(0);
  });
});

test('keys are as long as the profile says', async () => {
  const document = documentOf('good');
  Object.assign(document.instances['EE'], { profile: 'ee-production' });
  const live = await start(document);
  const pem = live.server(CONSUMER).view.authentication?.certificatePem ?? '';
  expect(new X509Certificate(pem).publicKey.asymmetricKeyDetails?.modulusLength).toBe(3072);
  expect((await live.call(0, { sendsId: true })).status).toBe(200);
});

test('a scenario that cannot run live is refused, with what is missing', async () => {
  const finnish = documentOf('good');
  Object.assign(finnish.instances['EE'], { profile: 'fi-production' });
  await expect(start(finnish)).rejects.toThrow(CannotRunError);
  await expect(start(finnish)).rejects.toThrow('set connectionReuse off');
  const expiring = documentOf('good');
  const certificate = { kind: 'both', expiresAfterUs: 1e6, share: null, servers: [] };
  Object.assign(expiring.instances['EE'], { certificates: [certificate] });
  await expect(start(expiring)).rejects.toThrow('certificates that run out are not built');
  await expect(start(documentOf('provider-server-silent'))).rejects.toThrow(/down from the start/);
});

test('nothing is left open after the end', async () => {
  const before = process.getActiveResourcesInfo().length;
  for (const name of ['good', 'system-hung', 'provider-server-down', 'tampered']) {
    const live = await start(documentOf(name));
    await live.call(0, { sendsId: true });
    await live.stop();
    network = null;
    rmSync(directory, { recursive: true, force: true });
    directory = mkdtempSync(join(tmpdir(), 'fedlab-network-'));
  }
  // A handle that is closing is still counted until the next turn of the loop.
  await new Promise((resolve) => setTimeout(resolve, 50));
  const left = process.getActiveResourcesInfo().filter((name) => name !== 'Timeout');
  expect(left.length).toBeLessThanOrEqual(before);
});

test('the hash of a streamed body is that of the whole one', () => {
  const head = Buffer.from('POST\r\n/\r\n');
  expect(hashRequest(head, digestOf('body'))).not.toBe(hashRequest(head, null));
});
