import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { DueCall, Sources } from '../../workload/sources.ts';
import { Launcher } from './launcher.ts';
import { monotonicUs } from './run-clock.ts';

/** Calls that are due at these instants. */
function sourcesOf(dueUs: number[]): Sources {
  const taken = { count: 0 };
  return {
    nextUs: () => dueUs[taken.count] ?? Infinity,
    take: () => {
      const ordinal = taken.count++;
      return { source: 0, ordinal, flow: 0, intendedUs: dueUs[ordinal] };
    },
    answered: (_source, endUs) => void dueUs.push(endUs + 1000),
    requestBytes: () => 0,
  };
}

interface Sent extends DueCall {
  readonly sentUs: number;
}

function launch(dueUs: number[], heldBackMs = 0) {
  const startUs = monotonicUs();
  const sent: Sent[] = [];
  const allSent = Promise.withResolvers<void>();
  const nowUs = (): number => monotonicUs() - startUs;
  const count = dueUs.length;
  const sources = sourcesOf(dueUs);
  const send = (call: DueCall): void => {
    sent.push({ ...call, sentUs: nowUs() });
    if (sent.length === count) allSent.resolve();
  };
  const launcher = new Launcher({ sources, nowUs, send, heldBackMs });
  launcher.wake();
  return { launcher, sources, sent, allSent: allSent.promise };
}

test('every call is sent, none before it is due, in their order', async () => {
  const dueUs = Array.from({ length: 40 }, (_, nth) => 500 + nth * 1700);
  const { launcher, sent, allSent } = launch(dueUs);
  await allSent;
  expect(launcher.end()).toEqual([]);
  expect(sent.map(({ ordinal }) => ordinal)).toEqual(dueUs.map((_, nth) => nth));
  for (const { intendedUs, sentUs } of sent) expect(sentUs).toBeGreaterThanOrEqual(intendedUs);
});

test('a call that is due after an answer is sent when it is woken', async () => {
  const { launcher, sources, sent, allSent } = launch([100]);
  await allSent;
  sources.answered(0, 2000);
  launcher.wake();
  while (sent.length < 2) await sleep(1);
  launcher.end();
  expect(sent[1].sentUs).toBeGreaterThanOrEqual(3000);
});

test('what is long due and was not sent is told at the end', () => {
  const startUs = monotonicUs();
  const nowUs = (): number => monotonicUs() - startUs + 1e6;
  const sent: DueCall[] = [];
  const launcher = new Launcher({
    sources: sourcesOf([1000, 2000, 3000, 990_000, 900e6]),
    nowUs,
    send: (call) => void sent.push(call),
    heldBackMs: 0,
  });
  // It was never woken; the fourth is due only a moment ago.
  expect(launcher.end().map(({ ordinal }) => ordinal)).toEqual([0, 1, 2]);
  expect(sent).toEqual([]);
});

test('a generator that is held back is late, by as much', () => {
  const { launcher, sent } = launch([1000, 2000], 30);
  launcher.end();
  expect(sent).toHaveLength(2);
  for (const { intendedUs, sentUs } of sent) expect(sentUs - intendedUs).toBeGreaterThan(20_000);
});

test('nothing is sent any more when it has ended', async () => {
  const { launcher, sent } = launch([20_000, 40_000]);
  expect(launcher.end()).toEqual([]);
  launcher.wake();
  await sleep(60);
  expect(sent).toEqual([]);
});
