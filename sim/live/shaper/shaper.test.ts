import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { afterEach, describe, expect, test } from 'vitest';
import { PatchColumn } from '../../plan/plan.ts';
import { listenHttp, NotLoopbackError, requestOver } from '../loopback.ts';
import type { HttpHandler, Listener } from '../loopback.ts';
import type { LinkValues } from './link.ts';
import { Shaper } from './shaper.ts';
import type { LinkedPlan } from './shaper.ts';

const HERE = { address: '127.0.0.1', port: 0 };
const PLAIN: LinkValues = { delayUs: 0, jitterUs: 0, bandwidth: Infinity, loss: 0 };
const MS = 1000;
const [OUT, BACK] = [0, 1];

let listener: Listener | null = null;
let shaper: Shaper | null = null;

afterEach(async () => {
  await shaper?.close();
  await listener?.close();
  // Whatever a test did, nothing is left on its way.
  expect(shaper?.connectionCount ?? 0).toBe(0);
  listener = null;
  shaper = null;
});

/** Two links, there and back, both of which some incident may change. */
function plan(out: Partial<LinkValues>, back: Partial<LinkValues> = out): LinkedPlan {
  const rows = [out, back].map((values) => ({ ...PLAIN, ...values }));
  return {
    seed: 7,
    links: {
      id: ['a->b', 'b->a'],
      delayUs: Float64Array.from(rows, ({ delayUs }) => delayUs),
      jitterUs: Float64Array.from(rows, ({ jitterUs }) => jitterUs),
      bandwidth: Float64Array.from(rows, ({ bandwidth }) => bandwidth),
      loss: Float64Array.from(rows, ({ loss }) => loss),
    },
    patches: {
      timeUs: new Float64Array(2),
      column: Uint8Array.of(PatchColumn.LinkCut, PatchColumn.LinkCut),
      row: Int32Array.of(OUT, BACK),
      value: new Float64Array(2),
      incident: new Int32Array(2),
    },
  };
}

/** A connection over the two links to a listener that does as it is told. */
async function connect(linked: LinkedPlan, handler: HttpHandler): Promise<Duplex> {
  listener = await listenHttp(HERE, handler);
  shaper = new Shaper(linked, 0);
  return shaper.connect(shaper.path(OUT, BACK), listener, null).done;
}

async function bytesOf(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(stream));
}

/** What comes back for a body, and after how many milliseconds. */
async function post(
  socket: Duplex,
  body: Buffer,
): Promise<{ readonly body: Buffer; readonly tookMs: number }> {
  const sinceMs = performance.now();
  const call = { method: 'POST', path: '/', headers: { connection: 'close' } };
  const request = requestOver(socket, call).end(body);
  const [response] = (await once(request, 'response')) as [AsyncIterable<Buffer>];
  const answer = await bytesOf(response);
  return { body: answer, tookMs: performance.now() - sinceMs };
}

const echo: HttpHandler = (request, response) => {
  void bytesOf(request).then((body) => response.end(body));
};

describe('a link without properties', () => {
  test('is none: the connection is the socket itself', async () => {
    const untouched = { ...plan({}), patches: { ...plan({}).patches, column: new Uint8Array(2) } };
    const socket = await connect(untouched, echo);
    expect(socket.constructor.name).toBe('Socket');
    socket.destroy();
  });
});

describe('delay', () => {
  test('a connect takes there and back, a call the same again', async () => {
    const sinceMs = performance.now();
    const socket = await connect(plan({ delayUs: 60 * MS }, { delayUs: 20 * MS }), echo);
    const connectMs = performance.now() - sinceMs;
    expect(connectMs).toBeGreaterThanOrEqual(79);
    expect(connectMs).toBeLessThan(300);
    const { body, tookMs } = await post(socket, Buffer.from('hello'));
    expect(body.toString()).toBe('hello');
    expect(tookMs).toBeGreaterThanOrEqual(79);
    expect(tookMs).toBeLessThan(300);
  });

  test('a change counts for what is sent from then on', async () => {
    const socket = await connect(plan({}), echo);
    shaper?.change(OUT, PatchColumn.LinkExtraDelayUs, 150 * MS);
    const { tookMs } = await post(socket, Buffer.from('later'));
    expect(tookMs).toBeGreaterThanOrEqual(149);
  });

  test('a refusal is heard of after the way back', async () => {
    shaper = new Shaper(plan({ delayUs: 50 * MS }), 0);
    const sinceMs = performance.now();
    const attempt = shaper.connect(shaper.path(OUT, BACK), { ...HERE, port: 1 }, null);
    await expect(attempt.done).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(performance.now() - sinceMs).toBeGreaterThanOrEqual(99);
  });
});

test('jitter is drawn for each message, and its mean is the link’s', async () => {
  const socket = await connect(plan({}, { jitterUs: 5 * MS }), (_request, response) => {
    response.end();
  });
  const calls = 60;
  let totalMs = 0;
  for (let call = 0; call < calls; call++) {
    const sinceMs = performance.now();
    const answered = once(socket, 'data');
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    await answered;
    totalMs += performance.now() - sinceMs;
  }
  // The mean of 60 has a standard deviation of 0.65 ms; what the machine adds is beyond our power.
  expect(totalMs / calls).toBeGreaterThan(3);
  expect(totalMs / calls).toBeLessThan(25);
});

test('bandwidth: half a megabyte takes a quarter of a second at two a second', async () => {
  const socket = await connect(plan({ bandwidth: 2 }, {}), (request, response) => {
    request.resume().once('end', () => response.end());
  });
  const { tookMs } = await post(socket, randomBytes(500_000));
  expect(tookMs).toBeGreaterThanOrEqual(249);
  expect(tookMs).toBeLessThan(700);
});

test('loss costs retransmissions of 200 ms each', async () => {
  // Each message of one segment is lost with a chance of a half; nine calls lose about nine in all.
  const socket = await connect(plan({}, {}), (_request, response) => {
    response.end();
  });
  shaper?.change(OUT, PatchColumn.LinkLoss, 0.5);
  const waits: number[] = [];
  for (let call = 0; call < 9; call++) {
    const sinceMs = performance.now();
    const answered = once(socket, 'data');
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    await answered;
    waits.push(performance.now() - sinceMs);
  }
  const lost = waits.filter((ms) => ms >= 199);
  expect(lost.length).toBeGreaterThan(1);
  expect(lost.length).toBeLessThan(9);
});

describe('a cut link', () => {
  const TURN_MS = 120;
  const pass = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      setTimeout(resolve, ms);
    });

  test('answers no connect, until it is back and a SYN is sent again', async () => {
    listener = await listenHttp(HERE, echo);
    shaper = new Shaper(plan({}), 0);
    shaper.change(BACK, PatchColumn.LinkCut, 1);
    const sinceMs = performance.now();
    const { done } = shaper.connect(shaper.path(OUT, BACK), listener, null);
    await expect(Promise.race([done, pass(TURN_MS).then(() => 'silence')])).resolves.toBe(
      'silence',
    );
    shaper.change(BACK, PatchColumn.LinkCut, 0);
    await done;
    const tookMs = performance.now() - sinceMs;
    expect(tookMs).toBeGreaterThanOrEqual(999);
    expect(tookMs).toBeLessThan(2500);
  });

  test('an attempt over it can be given up, and leaves nothing', async () => {
    listener = await listenHttp(HERE, echo);
    shaper = new Shaper(plan({}), 0);
    shaper.change(OUT, PatchColumn.LinkCut, 1);
    const attempt = shaper.connect(shaper.path(OUT, BACK), listener, null);
    expect(shaper.connectionCount).toBe(1);
    attempt.abandon();
    expect(shaper.connectionCount).toBe(0);
  });

  test('one way: the request is worked on, the answer comes with the link', async () => {
    const arrived: string[] = [];
    let tell = (): void => undefined;
    const worked = new Promise<void>((resolve) => {
      tell = resolve;
    });
    const socket = await connect(plan({}), (request, response) => {
      arrived.push(request.url ?? '');
      response.end('done');
      tell();
    });
    let isAnswered = false;
    socket.once('data', () => {
      isAnswered = true;
    });
    shaper?.change(BACK, PatchColumn.LinkCut, 1);
    socket.write('GET /one-way HTTP/1.1\r\nhost: x\r\n\r\n');
    await worked;
    await pass(TURN_MS);
    expect(arrived).toEqual(['/one-way']);
    expect(isAnswered).toBe(false);
    const answered = once(socket, 'data');
    shaper?.change(BACK, PatchColumn.LinkCut, 0);
    await answered;
  });

  test('the other way: the request does not arrive until TCP tries again', async () => {
    let arrivedCount = 0;
    const socket = await connect(plan({}), (_request, response) => {
      arrivedCount++;
      response.end();
    });
    shaper?.change(OUT, PatchColumn.LinkCut, 1);
    const sinceMs = performance.now();
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    await pass(TURN_MS);
    expect(arrivedCount).toBe(0);
    const answered = once(socket, 'data');
    shaper?.change(OUT, PatchColumn.LinkCut, 0);
    await answered;
    // The link was back after 120 ms: the first retransmission comes at 200 ms.
    expect(performance.now() - sinceMs).toBeGreaterThanOrEqual(199);
    expect(arrivedCount).toBe(1);
  });

  test('a close over it is not heard of on the other side', async () => {
    let peerClosed = false;
    let tell = (): void => undefined;
    const arrived = new Promise<void>((resolve) => {
      tell = resolve;
    });
    const socket = await connect(plan({}), (request) => {
      tell();
      request.socket.once('close', () => {
        peerClosed = true;
      });
    });
    socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nab');
    await arrived;
    shaper?.change(OUT, PatchColumn.LinkCut, 1);
    socket.destroy();
    await pass(TURN_MS);
    expect(peerClosed).toBe(false);
  });
});

test('bytes keep their order and none is lost, whatever the pieces and the link', async () => {
  const linked = plan({ delayUs: 3 * MS, jitterUs: 2 * MS, bandwidth: 40, loss: 0.0001 });
  const socket = await connect(linked, (request, response) => {
    request.pipe(response);
  });
  const body = randomBytes(600_000);
  const call = { method: 'POST', path: '/', headers: { connection: 'close' } };
  const request = requestOver(socket, call);
  const responded = once(request, 'response') as Promise<[AsyncIterable<Buffer>]>;
  let at = 0;
  for (let piece = 1; at < body.length; piece = ((piece * 7919) % 20_011) + 1) {
    request.write(body.subarray(at, at + piece));
    at += piece;
    if (piece % 5 === 0) shaper?.change(BACK, PatchColumn.LinkExtraDelayUs, (piece % 7) * MS);
  }
  request.end();
  const answer = await bytesOf((await responded)[0]);
  const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
  expect(answer).toHaveLength(body.length);
  expect(digest(answer)).toBe(digest(body));
});

describe('memory', () => {
  test('is bounded where the peer does not read', async () => {
    const socket = await connect(plan({ delayUs: MS }), (request) => {
      request.pause();
    });
    socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 999999999\r\n\r\n');
    const piece = Buffer.alloc(2 ** 20);
    let written = 0;
    // Until a whole turn of half a second brings no room.
    for (let isOpen = true; isOpen && written < 200; written++) {
      if (socket.write(piece)) continue;
      const stuck = new Promise<false>((resolve) => {
        setTimeout(resolve, 500, false);
      });
      isOpen = await Promise.race([once(socket, 'drain').then(() => true), stuck]);
    }
    // 4 MiB on their way, and what two kernels and Node's buffers hold.
    expect(written).toBeGreaterThan(3);
    expect(written).toBeLessThan(40);
  });

  test('is bounded where the user does not read', async () => {
    let sent = 0;
    const socket = await connect(plan({ delayUs: MS }), (_request, response) => {
      const piece = Buffer.alloc(2 ** 20);
      const more = (): void => {
        while (sent < 200) {
          sent++;
          if (!response.write(piece)) break;
        }
        if (sent < 200) response.once('drain', more);
      };
      more();
    });
    socket.pause();
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    let before = -1;
    while (before !== sent) {
      before = sent;
      await new Promise((resolve) => {
        setTimeout(resolve, 300);
      });
    }
    expect(sent).toBeGreaterThan(3);
    expect(sent).toBeLessThan(40);
  });
});

test('nothing but this machine is reached over a link', () => {
  shaper = new Shaper(plan({ delayUs: MS }), 0);
  const path = shaper.path(OUT, BACK);
  const [here, elsewhere] = ['127.0.0.1', '192.0.2.1'];
  for (const [to, from] of [
    [elsewhere, null],
    [here, elsewhere],
  ] as const) {
    const connecting = (): unknown => shaper?.connect(path, { address: to, port: 80 }, from);
    expect(connecting).toThrow(NotLoopbackError);
  }
  expect(shaper.connectionCount).toBe(0);
});
