/**
 * The rules of trust in time, against tables with the source of each line and against properties
 * that do not use the formulas under test.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  confUntilUs,
  firstFailureUs,
  isChained,
  isWithinValidity,
  keyCacheUntilUs,
  lastRunUs,
  NEVER_FAILED,
  nextRunUs,
  ocspPauseUs,
  ocspUntilUs,
  stampBatchSize,
  stampPauseUs,
  stampUntilUs,
  strategyOrder,
} from './freshness.ts';

const SECOND = 1e6;
const MINUTE = 60e6;
const HOUR = 3600e6;

describe('periodic jobs', () => {
  const times = fc.integer({ min: -1_000_000, max: 1_000_000 });
  const intervals = fc.integer({ min: 1, max: 100_000 });

  test('the next and the last run are of the job, and close', () => {
    fc.assert(
      fc.property(times, times, intervals, (atUs, phaseUs, intervalUs) => {
        const nextUs = nextRunUs(atUs, phaseUs, intervalUs);
        const lastUs = lastRunUs(atUs, phaseUs, intervalUs);
        expect(Math.abs((nextUs - phaseUs) % intervalUs)).toBe(0);
        expect(Math.abs((lastUs - phaseUs) % intervalUs)).toBe(0);
        expect(nextUs).toBeGreaterThanOrEqual(atUs);
        expect(nextUs).toBeLessThan(atUs + intervalUs);
        expect(lastUs).toBeLessThanOrEqual(atUs);
        expect(lastUs).toBeGreaterThan(atUs - intervalUs);
      }),
    );
  });

  test('by hand', () => {
    // Every minute, first at 7 s: at 0 the last run was 53 s ago.
    expect(lastRunUs(0, 7 * SECOND, MINUTE)).toBe(-53 * SECOND);
    expect(nextRunUs(0, 7 * SECOND, MINUTE)).toBe(7 * SECOND);
    expect(nextRunUs(67 * SECOND, 7 * SECOND, MINUTE)).toBe(67 * SECOND);
    expect(nextRunUs(67 * SECOND + 1, 7 * SECOND, MINUTE)).toBe(127 * SECOND);
  });
});

test('a configuration lives from its signature, 600 s by default (facts 5.0, 5.1)', () => {
  expect(confUntilUs(30 * SECOND, 600 * SECOND)).toBe(630 * SECOND);
});

describe('OCSP answers', () => {
  // Freshness, nextUpdate after thisUpdate (0: none), is it verified; the last good instant.
  const rows = [
    { name: 'software default', fresh: HOUR, next: 0, verifies: true, last: HOUR },
    {
      name: 'X-tee: 8 h before the 12 h of SK',
      fresh: 8 * HOUR,
      next: 12 * HOUR,
      verifies: true,
      last: 8 * HOUR,
    },
    {
      name: 'nextUpdate comes first',
      fresh: 24 * HOUR,
      next: 12 * HOUR,
      verifies: true,
      last: 12 * HOUR,
    },
    {
      name: 'nextUpdate is not verified',
      fresh: 24 * HOUR,
      next: 12 * HOUR,
      verifies: false,
      last: 24 * HOUR,
    },
  ];

  test.each(rows)('$name', ({ fresh, next, verifies, last }) => {
    const limits = { freshnessUs: fresh, nextUpdateUs: next, verifiesNextUpdate: verifies };
    const untilUs = ocspUntilUs(1000, limits);
    // `thisUpdate.before(now - freshness)` and `nextUpdate.before(now)`: equal is still good.
    expect(1000 + last < untilUs).toBe(true);
    expect(1000 + last + 1 < untilUs).toBe(false);
  });

  test('what the key cache holds is cut by all four', () => {
    const cases = fc.tuple(...[1, 2, 3, 4].map(() => fc.integer({ min: 1, max: 1e9 })));
    fc.assert(
      fc.property(cases, ([loadedUs, periodUs, notAfterUs, answerUs]) => {
        const untilUs = keyCacheUntilUs(loadedUs, periodUs, notAfterUs, answerUs);
        expect(untilUs).toBeLessThanOrEqual(loadedUs + periodUs);
        expect(untilUs).toBeLessThanOrEqual(answerUs);
        // A certificate still counts at its notAfter.
        expect(untilUs - 1).toBeLessThanOrEqual(notAfterUs);
        expect([loadedUs + periodUs, notAfterUs + 1, answerUs]).toContain(untilUs);
      }),
    );
  });

  // OcspClientExecuteScheduler: interval, retry, after a failure or not; the pause.
  test.each([
    { interval: 20 * MINUTE, retry: MINUTE, isRetrying: false, pause: 20 * MINUTE },
    { interval: 20 * MINUTE, retry: MINUTE, isRetrying: true, pause: MINUTE },
    { interval: 48 * MINUTE, retry: MINUTE, isRetrying: true, pause: MINUTE },
    { interval: MINUTE, retry: 5 * MINUTE, isRetrying: true, pause: MINUTE },
    { interval: 10 * SECOND, retry: MINUTE, isRetrying: false, pause: MINUTE },
  ])('pause of $pause us', ({ interval, retry, isRetrying, pause }) => {
    expect(ocspPauseUs(isRetrying, interval, retry)).toBe(pause);
  });
});

test('a certificate counts at both of its ends', () => {
  const asked = [9, 10, 15, 20, 21].map((clockUs) => isWithinValidity(clockUs, 10, 20));
  expect(asked).toEqual([false, true, true, true, false]);
});

describe('time-stamping', () => {
  // LogManager.TimestamperJob.getNextDelay: 60 s to a day, the retry delay where it is shorter.
  test.each([
    { interval: MINUTE, retry: MINUTE, isRetrying: false, pause: MINUTE },
    { interval: 48 * MINUTE, retry: MINUTE, isRetrying: false, pause: 48 * MINUTE },
    { interval: 48 * MINUTE, retry: MINUTE, isRetrying: true, pause: MINUTE },
    { interval: 48 * MINUTE, retry: 5 * SECOND, isRetrying: true, pause: MINUTE },
    { interval: 2 * MINUTE, retry: 10 * MINUTE, isRetrying: true, pause: 2 * MINUTE },
    { interval: 48 * MINUTE, retry: 0, isRetrying: true, pause: 48 * MINUTE },
    { interval: 30 * HOUR, retry: MINUTE, isRetrying: false, pause: 24 * HOUR },
    { interval: SECOND, retry: SECOND, isRetrying: true, pause: MINUTE },
  ])('pause of $pause us', ({ interval, retry, isRetrying, pause }) => {
    expect(stampPauseUs(isRetrying, interval, retry)).toBe(pause);
  });

  // Facts 5.3: 10 000 records a run, one while it is retried; a full batch is followed at once.
  test.each([
    { waiting: 3, isRetrying: false, size: 3, chains: false },
    { waiting: 9999, isRetrying: false, size: 9999, chains: false },
    { waiting: 10_000, isRetrying: false, size: 10_000, chains: true },
    { waiting: 1_440_000, isRetrying: false, size: 10_000, chains: true },
    { waiting: 1_440_000, isRetrying: true, size: 1, chains: false },
  ])('$waiting wait, retrying: $isRetrying', ({ waiting, isRetrying, size, chains }) => {
    const batch = stampBatchSize(isRetrying, waiting, 10_000);
    expect(batch).toBe(size);
    expect(isChained(batch, 10_000)).toBe(chains);
  });

  test('a backlog of four hours at 50 messages a second is 144 batches (facts 5.3)', () => {
    let waiting = 4 * 3600 * 50 * 2;
    let batches = 0;
    while (waiting > 0) {
      waiting -= stampBatchSize(false, waiting, 10_000);
      batches++;
    }
    expect(batches).toBe(144);
  });

  test('the clock starts at the first failure with something waiting, and stays', () => {
    const outcomes = fc.array(
      fc.record({ isSuccess: fc.boolean(), waiting: fc.integer({ min: 0, max: 2 }) }),
    );
    fc.assert(
      fc.property(outcomes, (runs) => {
        let failedUs = NEVER_FAILED;
        for (const [at, { isSuccess, waiting }] of runs.entries()) {
          failedUs = firstFailureUs(failedUs, isSuccess, waiting, at);
        }
        // Said anew: the first failure with something waiting behind the last success.
        const from = runs.findLastIndex(({ isSuccess }) => isSuccess) + 1;
        const first = runs.findIndex(({ waiting }, at) => at >= from && waiting > 0);
        expect(failedUs).toBe(first === -1 ? NEVER_FAILED : first);
      }),
    );
  });

  test('the deadline', () => {
    expect(stampUntilUs(NEVER_FAILED, 4 * HOUR)).toBe(Infinity);
    expect(stampUntilUs(HOUR, 0)).toBe(Infinity);
    // `now - period` must be after the first failure: at four hours sharp a message still passes.
    const untilUs = stampUntilUs(HOUR, 4 * HOUR);
    expect([5 * HOUR < untilUs, 5 * HOUR + 1 < untilUs]).toEqual([true, false]);
  });
});

// Facts 5.4; which of four services, of which the second and the third cost money.
test.each([
  { strategy: 'none', order: [0, 1, 2, 3] },
  { strategy: 'only-free', order: [0, 3] },
  { strategy: 'only-paid', order: [1, 2] },
  { strategy: 'free-first', order: [0, 3, 1, 2] },
  { strategy: 'paid-first', order: [1, 2, 0, 3] },
])('strategy $strategy', ({ strategy, order }) => {
  expect(strategyOrder(strategy, [false, true, true, false])).toEqual(order);
  expect(strategyOrder(strategy, [])).toEqual([]);
});
