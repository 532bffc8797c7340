import dns from 'node:dns';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { interceptors } from 'undici';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  connectTcp,
  isLoopback,
  listenHttp,
  NotLoopbackError,
  openHttpClient,
  refuseLookup,
  requestHttp,
  saturate,
} from './loopback.ts';
import type { HttpHandler, Listener } from './loopback.ts';

const CALL = { method: 'GET', path: '/', rawHeaders: [], body: null, signal: null };

describe('addresses', () => {
  test.each(['127.0.0.1', '127.255.255.254', '::1'])('%s is of this machine', (address) => {
    expect(isLoopback(address)).toBe(true);
  });

  const outside = [
    '0.0.0.0',
    '10.0.0.1',
    '128.0.0.1',
    '::',
    '::ffff:127.0.0.1',
    '127.1',
    'localhost',
  ];

  test.each(outside)('%s is refused before a socket exists', async (address) => {
    expect(isLoopback(address)).toBe(false);
    const at = { address, port: 80 };
    expect(() => connectTcp(at)).toThrow(NotLoopbackError);
    await expect(requestHttp(at, CALL)).rejects.toThrow(NotLoopbackError);
    const pressure = { connections: 1, seconds: null, calls: 1 };
    await expect(saturate(at, CALL, pressure)).rejects.toThrow(NotLoopbackError);
    await expect(listenHttp(at, () => undefined)).rejects.toThrow(NotLoopbackError);
  });

  test('a name that gets as far as Node is not looked up', () => {
    expect(() => refuseLookup('x-road.example')).toThrow(NotLoopbackError);
  });
});

test('closing a listener cuts what is open', async () => {
  const listener = await listenHttp({ address: '127.0.0.1', port: 0 }, () => undefined);
  const socket = await connectTcp(listener).done;
  const closed = new Promise((resolve) => socket.once('close', resolve));
  // Data must flow, or the end of the connection is not noticed.
  socket.resume();
  await listener.close();
  await closed;
  await expect(connectTcp(listener).done).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

describe('the HTTP client', () => {
  /** Every attempt of this process to open a socket, whoever makes it. */
  const attempts: unknown[] = [];
  const note = (message: unknown): void => void attempts.push(message);
  let client = openHttpClient();
  let listener: Listener | null = null;

  beforeEach(() => {
    attempts.length = 0;
    subscribe('net.client.socket', note);
    vi.spyOn(dns, 'lookup');
    client = openHttpClient();
  });

  afterEach(async () => {
    unsubscribe('net.client.socket', note);
    vi.restoreAllMocks();
    await client.destroy();
    await listener?.close();
    listener = null;
  });

  async function serve(handler: HttpHandler): Promise<string> {
    listener = await listenHttp({ address: '127.0.0.1', port: 0 }, handler);
    return `http://${listener.address}:${listener.port}`;
  }

  const get = { method: 'GET', path: '/' } as const;

  test('reaches a listener of this machine', async () => {
    const origin = await serve((_request, response) => response.end('here'));
    const { body } = await client.request({ ...get, origin });
    expect(await body.text()).toBe('here');
    // The alarm below can ring.
    expect(attempts).toHaveLength(1);
  });

  // 192.0.2.0/24 and 2001:db8::/32 are for documentation (RFC 5737, RFC 3849).
  const elsewhere = [
    'http://192.0.2.1',
    'http://192.0.2.1:8080',
    'http://[2001:db8::1]',
    'http://[::ffff:127.0.0.1]',
    'http://0.0.0.0',
    'http://localhost',
    'http://x-road.example',
  ];

  test.each(elsewhere)('opens nothing to %s', async (origin) => {
    await expect(client.request({ ...get, origin })).rejects.toThrow(NotLoopbackError);
    expect(attempts).toEqual([]);
    expect(dns.lookup).not.toHaveBeenCalled();
  });

  test('speaks nothing but plain HTTP', async () => {
    await expect(client.request({ ...get, origin: 'https://127.0.0.1' })).rejects.toThrow('http:');
    expect(attempts).toEqual([]);
  });

  test('gets no further by a redirect', async () => {
    const origin = await serve((_request, response) => {
      response.writeHead(302, { location: 'http://192.0.2.1/' }).end();
    });
    const follower = client.compose(interceptors.redirect({ maxRedirections: 3 }));
    await expect(follower.request({ ...get, origin })).rejects.toThrow(NotLoopbackError);
    expect(attempts).toHaveLength(1);
  });

  test('gets no further by a resolver', async () => {
    const lookup: NonNullable<Parameters<typeof interceptors.dns>[0]>['lookup'] = (
      _origin,
      _options,
      answer,
    ) => answer(null, [{ address: '192.0.2.1', family: 4, ttl: 60_000 }]);
    const resolver = client.compose(interceptors.dns({ lookup }));
    const origin = 'http://x-road.example';
    await expect(resolver.request({ ...get, origin })).rejects.toThrow(NotLoopbackError);
    expect(attempts).toEqual([]);
  });

  test('gets no further by a Host header or a whole address as its path', async () => {
    const seen: (string | undefined)[] = [];
    const origin = await serve((request, response) => {
      seen.push(request.headers.host, request.url);
      response.end();
    });
    const path = 'http://192.0.2.1/elsewhere';
    const headers = { host: 'x-road.example' };
    const { statusCode } = await client.request({ ...get, origin, path, headers });
    expect(statusCode).toBe(200);
    expect(seen).toEqual(['x-road.example', path]);
    expect(attempts).toHaveLength(1);
  });
});

test('autocannon is not aimed elsewhere by a path', async () => {
  const at = { address: '127.0.0.1', port: 80 };
  const pressure = { connections: 1, seconds: null, calls: 1 };
  const call = { ...CALL, path: '@192.0.2.1/' };
  await expect(saturate(at, call, pressure)).rejects.toThrow(NotLoopbackError);
});

test('autocannon gets no further by a redirect, a Host header or a whole address', async () => {
  const seen: (string | undefined)[] = [];
  const listener = await listenHttp({ address: '127.0.0.1', port: 0 }, (request, response) => {
    seen.push(request.headers.host);
    response.writeHead(302, { location: 'http://192.0.2.1/' }).end();
  });
  const attempts: { readonly socket: Socket }[] = [];
  const note = (message: unknown): void => void attempts.push(message as (typeof attempts)[0]);
  subscribe('net.client.socket', note);
  try {
    const call = { ...CALL, rawHeaders: ['host', 'x-road.example'] };
    const pressure = { connections: 1, seconds: null, calls: 3 };
    const done = await saturate(listener, call, pressure);
    expect(done).toMatchObject({ answered: 3, refused: 3, errors: 0 });
    expect(seen).toEqual(['x-road.example', 'x-road.example', 'x-road.example']);
    expect(attempts).toHaveLength(1);
  } finally {
    unsubscribe('net.client.socket', note);
    await listener.close();
  }
});
