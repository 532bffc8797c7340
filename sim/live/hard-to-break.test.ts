/**
 * Every port of a security server under what no decent client sends: half requests, endless heads,
 * bytes that are no HTTP, TLS of the wrong version, connections that say nothing. Whatever comes,
 * the server keeps its memory, says nothing wrong, and answers the next good message.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { CONSUMER, loadedDocument, PROVIDER } from '../testing/doomed-network.ts';
import { identityOf } from '../testing/eavesdropper.ts';
import { judge, judgedTest, scratchFolder } from '../testing/outside-judge.ts';
import { connectTcp, requestHttp } from './loopback.ts';
import type { Endpoint } from './loopback.ts';
import { startNetwork } from './network.ts';
import type { LiveNetwork } from './network.ts';
import { sayNothing, sendBytes, sendHalf, sendLongHead } from './trouble/attack-acts.ts';
import { startAttack } from './trouble/attacks.ts';
import type { Attack, AttackAct, AttackCounts, AttackTarget } from './trouble/attacks.ts';

const UNKNOWN = ['127.66.5.1', '127.66.5.2'];
const MIB = 2 ** 20;
const IDLE = 300;

let directory = '';
let started: LiveNetwork | null = null;
const attacks: Attack[] = [];

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'fedlab-hard-to-break-'));
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

/** A good message still gets through, and nothing else did: neither log nor provider know of it. */
afterEach(async () => {
  await Promise.all(attacks.splice(0).map((attack) => attack.stop()));
  const { messageId, status, faultCode } = await live().call(0, { sendsId: true });
  await live().transcriptOf(messageId);
  expect([status, faultCode]).toEqual([200, null]);
  goodCount++;
  expect(live().provider('registry-system').seen).toHaveLength(goodCount);
  for (const side of [CONSUMER, PROVIDER]) {
    const { messageLog, clientThreads, serverThreads } = live().server(side);
    expect(messageLog.rows()).toHaveLength(2 * goodCount);
    expect(clientThreads.busyCount + serverThreads.busyCount).toBe(0);
  }
});
let goodCount = 0;

const there = (endpoint: Endpoint | null): Endpoint => {
  if (endpoint === null) throw new Error('the port is not open');
  return endpoint;
};

const plain = (endpoint: Endpoint): AttackTarget => ({ endpoint, tls: null });

function withCertificate(endpoint: Endpoint): AttackTarget {
  const authorities = [live().services('EE').pki.root.key.certificatePem];
  return { endpoint, tls: { identity: identityOf({ network: live() }, CONSUMER), authorities } };
}

const PORTS: readonly (readonly [string, () => AttackTarget])[] = [
  ['8080, for information systems', () => plain(live().endpointsOf(PROVIDER).client)],
  ['5500, for messages, in plain', () => plain(live().endpointsOf(PROVIDER).messages)],
  ['5500, in TLS', () => withCertificate(live().endpointsOf(PROVIDER).messages)],
  ['5577, for OCSP answers', () => plain(there(live().server(PROVIDER).trust.ocspPort))],
  ['5588, for health', () => plain(there(live().server(PROVIDER).trust.healthEndpoint))],
];

const REQUEST = Buffer.from(
  'POST /r1/EE/GOV/70000002/registry/persons HTTP/1.1\r\nhost: x\r\n' +
    'x-road-client: EE/GOV/70000001/portal\r\ncontent-length: 1000\r\n\r\n',
);

/** What no parser of HTTP takes. */
const NONSENSE: Readonly<Record<string, Buffer>> = {
  'no HTTP': Buffer.from('what is this?\r\n\r\n'),
  'zero bytes': Buffer.alloc(4096),
  'all bytes': Buffer.from(Array.from({ length: 1024 }, (_none, at) => at & 0xff)),
  'a wrong version': Buffer.from('GET / HTTP/9.9\r\nhost: x\r\n\r\n'),
  'a negative length': Buffer.from('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n'),
  'two lengths': Buffer.from(
    'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!',
  ),
  'a length and chunks': Buffer.from(
    'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n' +
      'transfer-encoding: chunked\r\n\r\n0\r\n\r\n',
  ),
  'a header without a colon': Buffer.from('GET / HTTP/1.1\r\nhost x\r\n\r\n'),
  'a zero in a header': Buffer.from('GET / HTTP/1.1\r\nhost: x\r\nx-a: b\0c\r\n\r\n'),
};

/** Requests that are refused by whoever reads them, or answered before all of them is read. */
const ODD: readonly string[] = [
  'GET /\r\n\r\n',
  'GET / HTTP/1.0\r\n\r\n',
  'DELETE /nothing HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n',
  'POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
];

function attack(target: AttackTarget, act: AttackAct, socketsMax: number): Attack {
  const made = startAttack({ target, from: UNKNOWN, ratePerSecond: 300, socketsMax, act });
  attacks.push(made);
  return made;
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => void setTimeout(resolve, 5));
}

/** Each connection acts once, so many of them; all have ended. */
async function inTurn(target: AttackTarget, acts: readonly AttackAct[]): Promise<AttackCounts> {
  const running = attack(
    target,
    (wire, ordinal, signal) => {
      if (ordinal < acts.length) acts[ordinal](wire, ordinal, signal);
      else wire.destroy();
    },
    1,
  );
  await until(() => running.counts.begun > acts.length);
  return running.stop();
}

const answersOf = ({ answered }: AttackCounts): number[] => [...answered.keys()];

describe.each(PORTS)('port %s', (_name, targetOf) => {
  test('bytes that are no HTTP: closed, and never with success', async () => {
    const counts = await inTurn(targetOf(), Object.values(NONSENSE).map(sendBytes));
    expect(counts.begun).toBeGreaterThan(Object.keys(NONSENSE).length);
    expect(answersOf(counts).filter((status) => status > 0 && status < 400)).toEqual([]);
  });

  test('requests that nobody wants give back what they held', async () => {
    const counts = await inTurn(
      targetOf(),
      ODD.map((text) => sendBytes(Buffer.from(text))),
    );
    expect(counts.begun).toBeGreaterThan(ODD.length);
  });

  test('half requests, and nobody there any more', async () => {
    const request = Buffer.concat([REQUEST, Buffer.alloc(1000, 'b')]);
    const sizes = [1, 20, 60, REQUEST.length, REQUEST.length + 500];
    const counts = await inTurn(
      targetOf(),
      sizes.map((bytes) => sendHalf(request, bytes, true)),
    );
    expect(answersOf(counts).filter((status) => status < 400)).toEqual([]);
  });

  test('a head of a mebibyte is refused before its end', async () => {
    const acts = [1, 2, 3].map(() => sendLongHead('GET / HTTP/1.1', MIB));
    const counts = await inTurn(targetOf(), acts);
    // Node's own limit (RFC 6585 section 5); in TLS's place there is no HTTP to answer in.
    expect(answersOf(counts).filter((status) => status !== 431 && status !== 0)).toEqual([]);
  });

  test(`${IDLE} connections that say nothing leave room, and little in memory`, async () => {
    const before = process.memoryUsage().rss;
    const running = attack(targetOf(), sayNothing, IDLE);
    await until(() => running.openCount >= IDLE);
    const { status, faultCode, messageId } = await live().call(0, { sendsId: true });
    await live().transcriptOf(messageId);
    goodCount++;
    expect([status, faultCode]).toEqual([200, null]);
    // Of both ends, TLS included.
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * MIB);
    await running.stop();
  });
});

describe('port 5500 and other kinds of TLS', () => {
  const write = scratchFolder();

  /** As a client of OpenSSL's with the key of a partner; it ends when its input does. */
  function dial(...words: readonly string[]) {
    const { address, port } = live().endpointsOf(PROVIDER).messages;
    const { certificatePem, keyPem } = identityOf({ network: live() }, CONSUMER);
    const key = ['-cert', write('cert.pem', certificatePem), '-key', write('key.pem', keyPem)];
    return judge('openssl', 's_client', '-brief', '-connect', `${address}:${port}`, key, words);
  }

  judgedTest('openssl', 'speaks TLS 1.2, and no other version', async () => {
    expect((await dial('-tls1_2')).text).toMatch(/Protocol version: TLSv1\.2/);
    for (const version of ['-tls1_1', '-tls1_3']) {
      const { isAccepted, text } = await dial(version, '-cipher', 'DEFAULT@SECLEVEL=0');
      expect([version, isAccepted]).toEqual([version, false]);
      expect(text).not.toMatch(/Protocol version: TLS/);
    }
  });

  judgedTest('openssl', 'speaks no suite that X-Road does not', async () => {
    const { isAccepted } = await dial('-tls1_2', '-cipher', 'ECDHE-RSA-AES128-GCM-SHA256');
    expect(isAccepted).toBe(false);
  });
});

test('paths that lead somewhere else lead nowhere', async () => {
  const paths = ['/../../etc/passwd', '/r1/../../x', '/r1/%2e%2e/%2e%2e', '/asic?queryId=../../x'];
  for (const path of paths) {
    const call = { method: 'GET', path, rawHeaders: [], body: null, signal: null };
    const answer = await requestHttp(live().endpointsOf(CONSUMER).client, call);
    const body = Buffer.concat(await Array.fromAsync(answer.body)).toString();
    // A fault of SOAP comes with 200 (facts 2.2).
    expect([path, answer.status >= 400 || body.includes('faultcode')]).toEqual([path, true]);
    expect(body).not.toContain('root:');
  }
});

test('a connection that was opened before all that is none the worse', async () => {
  const socket = await connectTcp(live().endpointsOf(CONSUMER).client).done;
  const answer = new Promise<string>((resolve) => {
    socket.once('data', (chunk: Buffer) => resolve(chunk.toString('latin1', 0, 12)));
  });
  socket.write('GET /listClients HTTP/1.1\r\nhost: x\r\n\r\n');
  expect(await answer).toBe('HTTP/1.1 200');
  socket.destroy();
});
