/** The client of the information system against listeners that do every kind of wrong. */
import { createHash } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { Input, inputOf } from '../protocol/exchange.ts';
import { Cause } from '../protocol/fault.ts';
import type { RequestHead } from '../protocol/message.ts';
import { listenHttp } from './loopback.ts';
import type { HttpHandler, Listener } from './loopback.ts';
import { SystemCall } from './system-call.ts';
import type { SystemRequest } from './system-call.ts';

const HOME = { address: '127.0.0.1', port: 0 };
const POST: RequestHead = {
  verb: 'POST',
  path: '/r1/EE/GOV/70000002/registry/persons/people',
  query: 'id=7',
  headers: [
    { name: 'X-Road-Client', value: 'EE/GOV/70000001/portal' },
    { name: 'X-Extra', value: 'one' },
    { name: 'X-Extra', value: 'two' },
    { name: 'Content-Length', value: '999' },
    { name: 'Host', value: 'elsewhere.example' },
  ],
};
const ASKED: SystemRequest = {
  head: POST,
  path: '/people',
  body: Buffer.from('who?'),
  timeoutMs: 10_000,
  keepBytesMax: 1_000_000,
};

let listener: Listener | null = null;

afterEach(async () => {
  await listener?.close();
  listener = null;
});

async function callTo(handler: HttpHandler, changes: Partial<SystemRequest> = {}) {
  listener = await listenHttp(HOME, handler);
  const url = `http://${listener.address}:${listener.port}/persons`;
  return new SystemCall(url, { ...ASKED, ...changes });
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Takes every chunk at once. */
const take = (): Promise<boolean> => Promise.resolve(true);

describe('what the information system gets', () => {
  async function seenOf(changes: Partial<SystemRequest>) {
    let seen = { line: '', headers: [] as string[], body: '' };
    const call = await callTo((request, response) => {
      void request.toArray().then((chunks: Buffer[]) => {
        const line = `${request.method} ${request.url}`;
        seen = { line, headers: request.rawHeaders, body: Buffer.concat(chunks).toString() };
        response.end();
      });
    }, changes);
    expect(await call.answered()).toBe(Input.Done);
    return seen;
  }

  test('is the head as it was, without the headers of one hop', async () => {
    const { line, headers, body } = await seenOf({});
    expect(line).toBe('POST /persons/people?id=7');
    expect(body).toBe('who?');
    expect(headers.filter((_, at) => at % 2 === 0)).toEqual(
      expect.arrayContaining(['X-Road-Client', 'X-Extra', 'X-Extra']),
    );
    expect(headers.filter((word) => word === 'one' || word === 'two')).toEqual(['one', 'two']);
    expect(headers[headers.findIndex((word) => /^content-length$/i.test(word)) + 1]).toBe('4');
    expect(headers).not.toContain('elsewhere.example');
    // No connection is kept to an information system (facts 2.8).
    expect(headers[headers.findIndex((word) => /^connection$/i.test(word)) + 1]).toBe('close');
  });

  test('has no body where the verb carries none', async () => {
    const { body } = await seenOf({ head: { ...POST, verb: 'DELETE' } });
    expect(body).toBe('');
  });
});

describe('failures before the answer', () => {
  test('nobody listens', async () => {
    const call = await callTo(() => undefined);
    await listener?.close();
    expect(await call.answered()).toBe(inputOf(Input.Failed, Cause.NetworkError));
  });

  test('a host name is unknown, and is not looked up', async () => {
    const call = new SystemCall('http://registry.example/persons', ASKED);
    expect(await call.answered()).toBe(inputOf(Input.Failed, Cause.UnknownHost));
  });

  test('a connection that is reset is network_error', async () => {
    const call = await callTo((request) => request.socket.resetAndDestroy());
    expect(await call.answered()).toBe(inputOf(Input.Failed, Cause.NetworkError));
  });

  test('a connection that is closed without an answer is io_error', async () => {
    const call = await callTo((request) => request.socket.end());
    expect(await call.answered()).toBe(inputOf(Input.Failed, Cause.IoError));
  });

  test('an answer that is no HTTP is io_error', async () => {
    const call = await callTo((request) => request.socket.end('SSH-2.0-fedlab\r\n'));
    expect(await call.answered()).toBe(inputOf(Input.Failed, Cause.IoError));
  });

  test('silence ends at the time-out, and the connection with it', async () => {
    let closed: Promise<unknown> = Promise.resolve();
    const call = await callTo(
      (request) => {
        closed = new Promise((resolve) => request.socket.once('close', resolve));
      },
      { timeoutMs: 120 },
    );
    const sinceMs = performance.now();
    expect(await call.answered()).toBe(Input.TimedOut);
    expect(performance.now() - sinceMs).toBeGreaterThan(115);
    await closed;
  });

  test('a call that is given up is cut', async () => {
    const gone = Promise.withResolvers<void>();
    const call = await callTo((request) => {
      request.socket.once('close', () => gone.resolve());
      call.abandon();
    });
    // What it then hears moves no leg any more.
    await call.answered();
    await gone.promise;
    expect(call.answer).toBeNull();
  });
});

describe('the answer', () => {
  test('has its head as it came, its body and the digest of it', async () => {
    const body = Buffer.alloc(300_000, 'a');
    const call = await callTo((_request, response) => {
      response.writeHead(418, 'Short and stout', [
        'X-Mixed-Case',
        'ü',
        'x-twice',
        '1',
        'x-twice',
        '2',
      ]);
      response.end(body);
    });
    expect(await call.answered()).toBe(Input.Done);
    expect(call.answer).toMatchObject({ status: 418, reason: 'Short and stout' });
    expect(call.answer?.rawHeaders.slice(0, 6)).toEqual([
      'X-Mixed-Case',
      'ü',
      'x-twice',
      '1',
      'x-twice',
      '2',
    ]);
    let bytes = 0;
    const isWhole = await call.pipe((chunk) => {
      bytes += chunk.length;
      return take();
    });
    expect({ isWhole, bytes }).toEqual({ isWhole: true, bytes: body.length });
    expect(call.body?.equals(body)).toBe(true);
    expect(call.bodyDigest).toEqual(createHash('sha512').update(body).digest());
  });

  test('is not kept where it is longer than the log takes', async () => {
    const call = await callTo((_request, response) => response.end(Buffer.alloc(200_000)), {
      keepBytesMax: 100_000,
    });
    await call.answered();
    expect(await call.pipe(take)).toBe(true);
    expect(call.bodyBytes).toBe(200_000);
    expect(call.body).toBeNull();
  });

  test('that breaks off is not whole, though a length was promised', async () => {
    const call = await callTo((_request, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write(Buffer.alloc(400), () => response.socket?.end());
    });
    expect(await call.answered()).toBe(Input.Done);
    expect(await call.pipe(take)).toBe(false);
    expect(call.bodyBytes).toBe(400);
  });

  test('that falls silent in the middle ends at the time-out', async () => {
    const call = await callTo((_request, response) => void response.write('half'), {
      timeoutMs: 80,
    });
    expect(await call.answered()).toBe(Input.Done);
    expect(await call.pipe(take)).toBe(false);
  });

  test('may take longer than the time-out as long as something comes', async () => {
    const call = await callTo(
      (_request, response) => {
        void (async () => {
          for (let count = 0; count < 6; count++) {
            response.write('x');
            await pause(50);
          }
          response.end();
        })();
      },
      { timeoutMs: 200 },
    );
    await call.answered();
    expect(await call.pipe(take)).toBe(true);
    expect(call.bodyBytes).toBe(6);
  });

  test('is not late because whoever reads it is slow', async () => {
    const call = await callTo((_request, response) => response.end('x'), { timeoutMs: 60 });
    await call.answered();
    const isWhole = await call.pipe(async () => {
      await pause(150);
      return true;
    });
    expect(isWhole).toBe(true);
  });

  test('is read no further when nobody takes it', async () => {
    const gone = Promise.withResolvers<void>();
    const call = await callTo((request, response) => {
      request.socket.once('close', () => gone.resolve());
      response.write('first');
    });
    await call.answered();
    expect(await call.pipe(() => Promise.resolve(false))).toBe(false);
    await gone.promise;
  });
});
