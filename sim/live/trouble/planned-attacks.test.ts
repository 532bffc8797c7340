import { afterEach, expect, test } from 'vitest';
import { AttackKind } from '../../plan/plan.ts';
import { ManualClock } from '../../testing/manual-clock.ts';
import { pairText } from '../../testing/pair-text.ts';
import { planOfText } from '../../testing/small-run.ts';
import { listenHttp } from '../loopback.ts';
import type { Listener } from '../loopback.ts';
import { PlannedAttacks } from './planned-attacks.ts';
import type { AttackWiring } from './planned-attacks.ts';

const PLAN = planOfText(
  pairText({
    duration: '1min',
    load: 'rate: 1/s',
    incidents: [
      '{ id: known, ' +
        'kind: connection-flood, target: EE/p0, rate: 400/s, from: EE/c0, at: 2s, for: 6s }',
      '{ id: crowd, kind: connection-flood, target: EE/p0, rate: 400/s, at: 4s, for: 50s }',
      '{ id: callers, kind: request-flood, target: EE/c0, rate: 400/s, at: 20s, for: 5s }',
    ].join(','),
  }),
);
const [C0, P0] = ['c0', 'p0'].map((code) => PLAN.servers.id.findIndex((id) => id.endsWith(code)));
const UNKNOWN = ['127.66.1.1', '127.66.1.2'];
const KNOWN = '127.66.2.1';

const listeners: Listener[] = [];

afterEach(async () => {
  await Promise.all(listeners.splice(0).map((listener) => listener.close()));
});

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) {
    await new Promise((resolve) => {
      setTimeout(resolve, 2);
    });
  }
}

async function listen(seen: string[]): Promise<Listener> {
  const listener = await listenHttp({ address: '127.0.0.1', port: 0 }, (request, response) => {
    seen.push(request.socket.remoteAddress ?? '');
    response.writeHead(503).end();
  });
  listeners.push(listener);
  return listener;
}

test('floods begin and end at their instants, from where the scenario says', async () => {
  expect([...PLAN.sources.attack].filter((kind) => kind !== AttackKind.None)).toHaveLength(3);
  const seen: string[] = [];
  const [messages, clients] = [await listen([]), await listen(seen)];
  const asked: string[] = [];
  const ends: string[] = [];
  const wiring: AttackWiring = {
    messagesEndpoint: (server) => {
      asked.push(`messages of ${server}`);
      return messages;
    },
    addressOf: (server) => {
      asked.push(`address of ${server}`);
      return KNOWN;
    },
    unknownAddresses: UNKNOWN,
    requestOf: (flow) => {
      asked.push(`request of ${PLAN.flows.client[flow]}`);
      return {
        endpoint: clients,
        bytes: Buffer.from('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n'),
      };
    },
    socketsMax: 3,
    noted: (source, _beganMs, end) => void ends.push(`${source} ${end}`),
  };
  const clock = new ManualClock(0);
  const attacks = new PlannedAttacks(PLAN, wiring, clock);
  attacks.start();
  expect(asked).toEqual([]);
  clock.advance(3000);
  expect(asked).toEqual([`messages of ${P0}`, `address of ${C0}`]);
  clock.advance(2000);
  expect(asked.slice(2)).toEqual([`messages of ${P0}`]);
  clock.advance(16_000);
  expect(asked).toHaveLength(4);
  await until(() => seen.length >= 10);
  expect(new Set(seen)).toEqual(new Set(UNKNOWN));
  const outcomes = await attacks.stop();
  expect(outcomes.map(({ id }) => id.split('/')[0])).toEqual(['known', 'crowd', 'callers']);
  expect([...outcomes[2].counts.answered.keys()]).toEqual([503]);
  expect(outcomes[1].counts.openMax).toBe(3);
  expect(ends).toHaveLength(outcomes.reduce((sum, { counts }) => sum + counts.begun, 0));
  expect(ends.some((end) => end.endsWith(' open'))).toBe(true);
  expect(clock.alarmCount).toBe(0);
});
