import { once } from 'node:events';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { connectTcp, listenMutualTls, requestOver, secure } from '../loopback.ts';
import type { Listener, PlainSocket } from '../loopback.ts';
import { Shaper } from '../shaper/shaper.ts';
import { Trust } from '../trust.ts';
import type { Certified } from '../trust.ts';
import { AntiDosGate } from './anti-dos-gate.ts';

const HERE = { address: '127.0.0.1', port: 0 };
const PARTNERS = new Map([
  ['127.0.0.21', 'LAB/GOV/1/one'],
  ['127.0.0.22', 'LAB/GOV/2/two'],
]);

let identity: Certified | null = null;
let authorityPem = '';
let listener: Listener | null = null;
const sockets: PlainSocket[] = [];

beforeAll(() => {
  const trust = new Trust();
  identity = trust.authenticationOf('LAB/GOV/1/one', 2048);
  authorityPem = trust.authorityOf('LAB').certificatePem;
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await listener?.close();
  listener = null;
});

function own(): Certified {
  if (identity === null) throw new Error('keys are made before all tests');
  return identity;
}

async function openGate(connectionsMax: number, handles: number): Promise<AntiDosGate> {
  const gate = new AntiDosGate({
    connectionsMax,
    freeHandlesMin: 100,
    idleMs: 30_000,
    freeHandles: (openCount) => handles - openCount,
    partnerOf: (address) => PARTNERS.get(address) ?? null,
  });
  listener = await listenMutualTls(
    HERE,
    own(),
    () => true,
    (_request, response) => response.end('served'),
    gate,
  );
  return gate;
}

async function connect(from: string): Promise<PlainSocket> {
  if (listener === null) throw new Error('nothing listens');
  const socket = await connectTcp(listener, { from, isHalfOpen: false }).done;
  sockets.push(socket.resume());
  return socket;
}

/** Waits for the gate, which hears of connections by the event loop. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) {
    await new Promise((resolve) => {
      setTimeout(resolve, 2);
    });
  }
}

test('so many are let in; the rest is accepted, unread, and has its turn by partner', async () => {
  const gate = await openGate(2, 1000);
  const first = await connect('127.0.0.9');
  const second = await connect('127.0.0.9');
  await until(() => gate.openCount === 2);
  const stranger = await connect('127.0.0.10');
  await until(() => gate.queueLength === 1);
  const stranger2 = await connect('127.0.0.11');
  await until(() => gate.queueLength === 2);
  const partner = await connect('127.0.0.21');
  await until(() => gate.queueLength === 3);
  // The handshake begins while it waits: what it says is kept for it.
  const secured = secure(partner, own(), [authorityPem]);
  first.destroy();
  // The strangers are one partner, and have waited longest: one of them comes first.
  await until(() => gate.queueLength === 2);
  expect(gate.openCount).toBe(2);
  second.destroy();
  await until(() => gate.queueLength === 1);
  const socket = await secured.done;
  const request = requestOver(socket, { method: 'GET', path: '/', headers: {} }).end();
  const [response] = (await once(request, 'response')) as [AsyncIterable<Buffer>];
  expect(Buffer.concat(await Array.fromAsync(response)).toString()).toBe('served');
  expect([stranger.destroyed, stranger2.destroyed]).toEqual([false, false]);
  expect(gate.queueLengthMax).toBe(3);
});

test('whoever has gone while it waited takes no place', async () => {
  const gate = await openGate(1, 1000);
  const first = await connect('127.0.0.9');
  await until(() => gate.openCount === 1);
  const gone = await connect('127.0.0.10');
  await until(() => gate.queueLength === 1);
  const next = await connect('127.0.0.22');
  await until(() => gate.queueLength === 2);
  gone.resetAndDestroy();
  const secured = secure(next, own(), [authorityPem]);
  first.destroy();
  await secured.done;
  expect(gate.queueLength).toBe(0);
});

test('short of file handles, a connection is closed without a word', async () => {
  const gate = await openGate(10, 101);
  const first = await connect('127.0.0.9');
  await until(() => gate.openCount === 1);
  const second = await connect('127.0.0.9');
  await until(() => gate.openCount === 2);
  let bytes = 0;
  const third = await connect('127.0.0.9');
  third.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  await once(third, 'close');
  expect(bytes).toBe(0);
  expect(gate.closedCount).toBe(1);
  expect([first.destroyed, second.destroyed]).toEqual([false, false]);
});

test('mutual TLS over a shaped link, held at the gate first', async () => {
  const gate = await openGate(1, 1000);
  const first = await connect('127.0.0.9');
  await until(() => gate.openCount === 1);
  const shaper = new Shaper(
    {
      seed: 1,
      links: {
        id: ['link'],
        delayUs: Float64Array.of(10_000),
        jitterUs: Float64Array.of(0),
        bandwidth: Float64Array.of(Infinity),
        loss: Float64Array.of(0),
      },
      patches: {
        timeUs: new Float64Array(0),
        column: new Uint8Array(0),
        row: new Int32Array(0),
        value: new Float64Array(0),
        incident: new Int32Array(0),
      },
    },
    0,
  );
  if (listener === null) throw new Error('nothing listens');
  try {
    const shaped = await shaper.connect(shaper.path(0, 0), listener, '127.0.0.21').done;
    const secured = secure(shaped, own(), [authorityPem]);
    await until(() => gate.queueLength === 1);
    const sinceMs = performance.now();
    first.destroy();
    const socket = await secured.done;
    // The hello has come long ago; two more crossings of the handshake, and the answer's.
    expect(performance.now() - sinceMs).toBeGreaterThanOrEqual(29);
    const call = { method: 'GET', path: '/', headers: { connection: 'close' } };
    const request = requestOver(socket, call).end();
    const [response] = (await once(request, 'response')) as [AsyncIterable<Buffer>];
    expect(Buffer.concat(await Array.fromAsync(response)).toString()).toBe('served');
    await until(() => shaper.connectionCount === 0);
  } finally {
    await shaper.close();
  }
});
