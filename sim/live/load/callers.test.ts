/** Callers over a port that answers as a test says, when it says. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Cause, faultOf, Prefix } from '../../protocol/fault.ts';
import { planOfText } from '../../testing/small-run.ts';
import { CallStage } from '../../workload/call.ts';
import { createSources } from '../../workload/sources.ts';
import { NothingLeftError } from './answer.ts';
import type { Answered } from './answer.ts';
import { CallLog } from './call-log.ts';
import { Callers } from './callers.ts';
import type { Asked } from './callers.ts';
import { monotonicUs } from './run-clock.ts';

const PLAN = planOfText(`
title: t
duration: 20s
instances:
  EE:
    profile: ee-production
    members:
      - { id: GOV/1, name: a, subsystems: [a] }
      - { id: GOV/2, name: b, subsystems: [b] }
    servers:
      - { id: s1, owner: GOV/1, subsystems: [GOV/1/a] }
      - { id: s2, owner: GOV/2, subsystems: [GOV/2/b] }
systems:
  - { id: system, capacity: 2, serviceTime: 1ms }
services:
  - { id: EE/GOV/2/b/one, system: system, responseSize: 2KiB, access: [EE/GOV/1/a] }
workloads:
  - id: hasty
    client: EE/GOV/1/a
    services: EE/GOV/2/b/one
    rate: 5/s
    callers: { timeout: 400ms, retries: { max: 2, backOff: fixed, first: 10ms, jitter: none } }
  - { id: patient, client: EE/GOV/1/a, services: EE/GOV/2/b/one, rate: 5/s }
`);
const [HASTY, PATIENT] = [0, 1];
const GOOD: Answered = { faultKey: 0, responseBytes: 7 };
/** Nobody was reached, so any caller may try again. */
const REFUSED: Answered = {
  faultKey: faultOf(Prefix.ClientProxy, Cause.NetworkError),
  responseBytes: 0,
};

type Reply = Promise<Answered | null>;

/** Makes one call and waits until it is over and the last answer has come. */
async function callOnce(source: number, replies: readonly (() => Reply)[]) {
  const startUs = monotonicUs();
  const log = new CallLog();
  const over = Promise.withResolvers<void>();
  const asked: Asked[] = [];
  const pending: Reply[] = [];
  const callers = new Callers(PLAN, 0, {
    sources: createSources(PLAN, 0),
    log,
    nowUs: () => monotonicUs() - startUs,
    ask: (attempt) => {
      const reply = replies[asked.length]();
      asked.push(attempt);
      pending.push(reply);
      return reply;
    },
    left: () => over.resolve(),
  });
  callers.begin({ source, ordinal: 3, flow: source, intendedUs: 0 });
  await over.promise;
  await Promise.allSettled(pending);
  await sleep(0);
  callers.end();
  return { rows: log.rows(), names: asked.map(({ messageId }) => messageId) };
}

const at = (ms: number, answer: Answered) => (): Reply => sleep(ms, answer);
const never = (): Reply => Promise.withResolvers<Answered | null>().promise;

test('a caller who only waits makes one attempt, and takes a fault for an answer', async () => {
  const { rows, names } = await callOnce(PATIENT, [at(1, REFUSED)]);
  expect(names).toEqual(['0:patient:3']);
  expect(rows).toMatchObject([{ attempt: 0, settledAs: CallStage.Faulted, abandonedUs: Infinity }]);
});

test('after a fault comes a pause, and another attempt with a name of its own', async () => {
  const { rows, names } = await callOnce(HASTY, [at(1, REFUSED), at(1, GOOD)]);
  expect(names).toEqual(['0:hasty:3', '0:hasty:3.2']);
  expect(rows).toMatchObject([
    { attempt: 0, settledAs: 0, faultKey: REFUSED.faultKey, responseBytes: 0 },
    { attempt: 1, settledAs: CallStage.Answered, faultKey: 0, responseBytes: 7 },
  ]);
  const [first, second] = rows;
  expect(second.dueUs - first.endUs).toBe(10_000);
  expect(second.sentUs).toBeGreaterThanOrEqual(second.dueUs);
  expect(second.intendedUs).toBe(0);
});

test('what comes too late is noted, and helps nobody', async () => {
  const { rows } = await callOnce(HASTY, [at(500, GOOD), at(1, GOOD)]);
  expect(rows).toMatchObject([
    { attempt: 0, settledAs: 0, abandonedUs: 400_000, faultKey: 0 },
    { attempt: 1, settledAs: CallStage.Answered, abandonedUs: Infinity },
  ]);
  expect(rows[0].endUs).toBeGreaterThan(450_000);
});

test('after the last attempt the caller gives up', async () => {
  const { rows } = await callOnce(HASTY, [at(450, GOOD), at(450, GOOD), at(450, GOOD)]);
  const stages = rows.map(({ settledAs }) => settledAs);
  expect(stages).toEqual([0, 0, CallStage.GivenUp]);
  expect(rows[2].abandonedUs).toBe(3 * 400_000 + 2 * 10_000);
});

test('what this machine cannot send is no attempt', async () => {
  const nothingLeft = (): Reply => Promise.reject(new NothingLeftError());
  const { rows } = await callOnce(PATIENT, [nothingLeft]);
  expect(rows).toMatchObject([{ sentUs: Infinity, endUs: Infinity, settledAs: 0 }]);
});

test('what is under way at the end stays open', () => {
  const log = new CallLog();
  const callers = new Callers(PLAN, 0, {
    sources: createSources(PLAN, 0),
    log,
    nowUs: () => 5000,
    ask: never,
    left: () => undefined,
  });
  callers.begin({ source: HASTY, ordinal: 0, flow: 0, intendedUs: 4000 });
  callers.miss({ source: PATIENT, ordinal: 0, flow: 1, intendedUs: 4500 });
  callers.end();
  expect(log.rows()).toMatchObject([
    { source: HASTY, sentUs: 5000, endUs: Infinity, settledAs: 0 },
    { source: PATIENT, sentUs: Infinity, endUs: Infinity },
  ]);
});
