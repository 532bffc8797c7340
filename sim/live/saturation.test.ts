/** autocannon against the two-server slice: what it counts is what the servers have on record. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { worldDocument, WORLDS } from '../testing/worlds.ts';
import { callOf } from './caller.ts';
import { connectTcp, saturate } from './loopback.ts';
import { startNetwork } from './network.ts';
import type { LiveNetwork } from './network.ts';

/** With four at once it takes a second or two, on a slow machine three. */
const CALLS = 120;
const SERVERS = ['EE/ss1', 'EE/ss2'];

let directory = '';
let live: LiveNetwork;

const good = WORLDS.find(({ name }) => name === 'good');
if (good === undefined) throw new Error('there is no world in which nothing is wrong');
const document = worldDocument(good);
const [workload] = document.workloads;
const call = callOf(workload, 500, null);

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'fedlab-saturation-'));
  const options = { directory, ports: null, trust: null, allowsRestToSoap: false };
  live = await startNetwork(document, options);
});

afterAll(async () => {
  await live.stop();
  rmSync(directory, { recursive: true, force: true });
});

const recordsOf = (name: string): number => live.server(name).messageLog.rows().length;

test('every answer stands in both logs with its request', async () => {
  const pressure = { connections: 4, seconds: null, calls: CALLS };
  const endpoint = live.endpointsOf(SERVERS[0]).client;
  const { answered, refused, errors, latenciesMs } = await saturate(endpoint, call, pressure);
  for (const name of SERVERS) await live.server(name).settled();
  expect({ answered, refused, errors }).toEqual({ answered: CALLS, refused: 0, errors: 0 });
  const records = SERVERS.map(recordsOf);
  expect(records).toEqual([2 * CALLS, 2 * CALLS]);
  expect((records[0] + records[1]) / 4).toBe(answered);
  expect(live.provider('registry-system').seen).toHaveLength(CALLS);
  // The information system alone takes 5 ms.
  expect(Math.min(...latenciesMs)).toBeGreaterThan(4.5);
  for (const name of SERVERS) {
    const server = live.server(name);
    expect(server.clientThreads.busyCount + server.serverThreads.busyCount).toBe(0);
  }
});

test('callers that are cut off leave no leg behind', async () => {
  const server = live.server(SERVERS[0]);
  const before = recordsOf(SERVERS[0]) / 2;
  const pressure = { connections: 8, seconds: 0.5, calls: null };
  const { answered, errors } = await saturate(live.endpointsOf(SERVERS[0]).client, call, pressure);
  expect(errors).toBe(0);
  // What was still on its way when the callers went begins after they have gone.
  await vi.waitUntil(
    async () => {
      await server.settled();
      return server.clientThreads.busyCount === 0;
    },
    { timeout: 20_000 },
  );
  // An exchange whose caller has gone lives on, and is on record like any other.
  const exchanges = recordsOf(SERVERS[0]) / 2 - before;
  expect(exchanges).toBeGreaterThanOrEqual(answered);
  expect(exchanges).toBeLessThanOrEqual(answered + 8);
});

test('what is refused is an answer, and no error', async () => {
  const path = '/r1/EE/NEE/nobody/nothing/persons';
  const pressure = { connections: 2, seconds: null, calls: 20 };
  const endpoint = live.endpointsOf(SERVERS[0]).client;
  const before = recordsOf(SERVERS[0]);
  const done = await saturate(endpoint, { ...call, path }, pressure);
  expect(done).toMatchObject({ answered: 20, refused: 20, errors: 0 });
  expect(recordsOf(SERVERS[0])).toBe(before);
});

test('an upload that is not over when it is refused ends its connection', async () => {
  const endpoint = live.endpointsOf(SERVERS[0]).client;
  const connectionOf = async (body: Buffer): Promise<string | null> => {
    const socket = await connectTcp(endpoint).done;
    socket.write(`POST /r1/x HTTP/1.1\r\nHost: here\r\nContent-Length: 8\r\n\r\n${body}`);
    const [head] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    return /^connection: (.*)$/im.exec(head.toString())?.[1] ?? null;
  };
  expect(await connectionOf(Buffer.from('all of it'.slice(0, 8)))).toBe('keep-alive');
  expect(await connectionOf(Buffer.from('some'))).toBe('close');
});
