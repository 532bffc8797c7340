import { describe, expect, test } from 'vitest';
import {
  connectTcp,
  isLoopback,
  listenHttp,
  NotLoopbackError,
  refuseLookup,
  requestHttp,
} from './loopback.ts';

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
    expect(() => requestHttp(at, { method: 'GET', path: '/', headers: {} })).toThrow(
      NotLoopbackError,
    );
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
