import { expect, test } from 'vitest';
import { Permits } from './permits.ts';

test('what finds none free waits its turn', async () => {
  const permits = new Permits(1);
  const log: string[] = [];
  expect(await permits.request(1000)).toBe(true);
  const first = permits.request(1000).then(() => log.push('first'));
  const second = permits.request(1000).then(() => log.push('second'));
  permits.release();
  await first;
  permits.release();
  await second;
  expect(log).toEqual(['first', 'second']);
  expect(permits).toMatchObject({ busyCount: 1, queueLengthMax: 2 });
});

test('patience ends, and a permit then goes to who still waits', async () => {
  const permits = new Permits(1);
  await permits.request(0);
  const hasty = permits.request(5);
  const patient = permits.request(1000);
  expect(await hasty).toBe(false);
  permits.release();
  expect(await patient).toBe(true);
  permits.release();
  expect(permits.busyCount).toBe(0);
});

test('closing sends everybody who waits away', async () => {
  const permits = new Permits(1);
  await permits.request(0);
  const waiting = permits.request(100_000);
  permits.close();
  expect(await waiting).toBe(false);
});
