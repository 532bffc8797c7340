import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { listenHttp, listenMutualTls, NotLoopbackError } from '../loopback.ts';
import type { HttpHandler, HttpRequest, Listener } from '../loopback.ts';
import { Trust } from '../trust.ts';
import type { Certified } from '../trust.ts';
import { AntiDosGate } from './anti-dos-gate.ts';
import {
  sayNothing,
  sendBytes,
  sendHalf,
  sendInTurn,
  sendLongHead,
  uploadSlowly,
} from './attack-acts.ts';
import { startAttack } from './attacks.ts';
import type { Attack, AttackAct, AttackSetUp } from './attacks.ts';

const HERE = { address: '127.0.0.1', port: 0 };
const ADDRESSES = ['127.66.0.1', '127.66.0.2', '127.66.0.3'];
const GET = Buffer.from('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
const POST_HEAD = Buffer.from('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n');

let identity: Certified | null = null;
let authorityPem = '';
let listener: Listener | null = null;
let attack: Attack | null = null;

beforeAll(() => {
  const trust = new Trust();
  identity = trust.authenticationOf('LAB/GOV/1/one', 2048);
  authorityPem = trust.authorityOf('LAB').certificatePem;
});

afterEach(async () => {
  await attack?.stop();
  await listener?.close();
  attack = null;
  listener = null;
});

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) {
    await new Promise((resolve) => {
      setTimeout(resolve, 2);
    });
  }
}

async function against(
  handler: HttpHandler,
  act: AttackAct,
  change: Partial<AttackSetUp> = {},
): Promise<Attack> {
  listener = await listenHttp(HERE, handler);
  const target = { endpoint: listener, tls: null };
  attack = startAttack({
    target,
    from: ADDRESSES,
    ratePerSecond: 500,
    socketsMax: 20,
    act,
    ...change,
  });
  return attack;
}

const answersOf = (running: Attack): number =>
  [...running.counts.answered.values()].reduce((sum, count) => sum + count, 0);

describe('an attack', () => {
  test('comes from addresses of its own, and its answers are counted by status', async () => {
    const seen: string[] = [];
    let count = 0;
    const running = await against((request, response) => {
      seen.push(request.socket.remoteAddress ?? '');
      response.writeHead(count++ % 2 === 0 ? 200 : 500).end();
    }, sendBytes(GET));
    await until(() => answersOf(running) >= 30);
    const counts = await running.stop();
    expect(new Set(seen)).toEqual(new Set(ADDRESSES));
    expect(new Set(counts.answered.keys())).toEqual(new Set([200, 500]));
    expect(counts.begun).toBe(counts.sent + counts.refused);
    expect(counts.sent).toBe(answersOf(running) + counts.silent);
    expect(running.openCount).toBe(0);
  });

  test('keeps its rate', async () => {
    const sinceMs = performance.now();
    const running = await against((_request, response) => void response.end(), sendBytes(GET), {
      ratePerSecond: 100,
    });
    await until(() => running.counts.begun >= 30);
    const tookMs = performance.now() - sinceMs;
    expect(tookMs).toBeGreaterThanOrEqual(289);
    expect(tookMs).toBeLessThan(1500);
  });

  test('has never more sockets than it may, and says what it left out', async () => {
    const running = await against(() => undefined, sendBytes(GET), { socketsMax: 5 });
    await until(() => running.counts.skipped >= 20);
    expect(running.openCount).toBe(5);
    const counts = await running.stop();
    expect(counts).toMatchObject({ begun: 5, openMax: 5, silent: 5, sent: 5 });
    expect(running.openCount).toBe(0);
  });

  test('on a port where nothing listens is refused', async () => {
    const endpoint = { address: '127.0.0.1', port: 1 };
    attack = startAttack({
      target: { endpoint, tls: null },
      from: [],
      ratePerSecond: 500,
      socketsMax: 5,
      act: sayNothing,
    });
    const running = attack;
    await until(() => running.counts.refused >= 10);
    expect((await running.stop()).sent).toBe(0);
  });

  test.each([
    { address: '192.0.2.1', from: [] as string[] },
    { address: '127.0.0.1', from: ['192.0.2.1'] },
    { address: 'x-road.example', from: [] as string[] },
  ])('to $address from $from opens no socket', ({ address, from }) => {
    const attempts: unknown[] = [];
    const note = (message: unknown): void => void attempts.push(message);
    subscribe('net.client.socket', note);
    try {
      const target = { endpoint: { address, port: 80 }, tls: null };
      const setUp = { target, from, ratePerSecond: 1, socketsMax: 1, act: sayNothing };
      expect(() => startAttack(setUp)).toThrow(NotLoopbackError);
    } finally {
      unsubscribe('net.client.socket', note);
    }
    expect(attempts).toEqual([]);
  });
});

describe('acts', () => {
  test('a slow upload holds a request open, a byte at a time', async () => {
    let bytes = 0;
    const running = await against(
      (request) => void request.on('data', (chunk: Buffer) => (bytes += chunk.length)),
      uploadSlowly(POST_HEAD, 5),
      { socketsMax: 1 },
    );
    await until(() => bytes >= 5);
    expect(bytes).toBeLessThan(100);
    expect(running.openCount).toBe(1);
    expect((await running.stop()).silent).toBe(1);
  });

  test('half a request, and nobody there any more', async () => {
    let brokenCount = 0;
    const request = Buffer.concat([POST_HEAD, Buffer.alloc(100, 'b')]);
    const onRequest = (incoming: HttpRequest): void => {
      incoming.on('error', () => brokenCount++);
      incoming.resume();
    };
    const running = await against(onRequest, sendHalf(request, POST_HEAD.length + 10, true));
    await until(() => brokenCount >= 5);
    expect(running.counts.answered.size).toBe(0);
  });

  test('half a head, and silence: no request comes of it', async () => {
    let requestCount = 0;
    const running = await against(() => requestCount++, sendHalf(GET, 20, false));
    await until(() => running.counts.skipped >= 5);
    expect(requestCount).toBe(0);
    expect(running.openCount).toBe(20);
  });

  test('a head of a hundred megabytes is refused long before its end', async () => {
    const running = await against(() => undefined, sendLongHead('GET / HTTP/1.1', 1e8), {
      socketsMax: 2,
    });
    await until(() => answersOf(running) >= 2);
    // Node's own limit; RFC 6585 section 5.
    expect([...running.counts.answered.keys()]).toEqual([431]);
  });

  test('requests in turn', async () => {
    const paths = new Set<string>();
    const requests = ['a', 'b'].map((name) => Buffer.from(GET.toString().replace('/', `/${name}`)));
    await against((request, response) => {
      paths.add(request.url ?? '');
      response.end();
    }, sendInTurn(requests));
    await until(() => paths.size === 2);
    expect([...paths].toSorted()).toEqual(['/a', '/b']);
  });
});

test('a flood on the messages port fills the gate, and a partner has its turn', async () => {
  if (identity === null) throw new Error('keys are made before all tests');
  const partner = '127.0.0.31';
  const gate = new AntiDosGate({
    connectionsMax: 4,
    freeHandlesMin: 0,
    idleMs: 30_000,
    freeHandles: () => 1000,
    partnerOf: (address) => (address === partner ? 'LAB/GOV/1/one' : null),
  });
  const own = identity;
  listener = await listenMutualTls(
    HERE,
    own,
    () => true,
    (_request, response) => void response.end(),
    gate,
  );
  const endpoint = listener;
  const common = { ratePerSecond: 500, socketsMax: 40 };
  const act: AttackAct = (wire, _ordinal, signal) => {
    const timer = setTimeout(() => wire.destroy(), 100);
    signal.addEventListener('abort', () => clearTimeout(timer));
  };
  const flood = { target: { endpoint, tls: null }, from: ADDRESSES, act, ...common };
  attack = startAttack(flood);
  await until(() => gate.queueLength >= 30);
  const tls = { identity: own, authorities: [authorityPem] };
  const friendly = startAttack({
    target: { endpoint, tls },
    from: [partner],
    act: sendBytes(GET),
    ratePerSecond: 500,
    socketsMax: 1,
  });
  try {
    // Connections of the flood end, and new ones come: the partner's turn is between them.
    await until(() => answersOf(friendly) >= 1);
  } finally {
    await friendly.stop();
  }
  expect(attack.counts.skipped).toBeGreaterThan(0);
});
