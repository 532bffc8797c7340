import { expect, test } from 'vitest';
import { fakeOutcome, planOfText, TWO_COUNTRIES } from '../testing/fake-outcome.ts';
import { recoveryUs } from './recovery.ts';

const plan = planOfText(TWO_COUNTRIES);
const PER_SECOND = 100;
const incident = { startUs: 20e6, endUs: 30e6 };

/** A hundred calls a second of one flow, answered at once but in the seconds `from` to `to`. */
function seriesWithout(from: number, to: number, flow = 0) {
  const calls = Array.from({ length: 60 * PER_SECOND }, (_, index) => {
    const intendedUs = (index / PER_SECOND) * 1e6;
    const isLost = intendedUs >= from * 1e6 && intendedUs < to * 1e6;
    return {
      flow,
      intendedUs,
      end: isLost ? ({ kind: 'open' } as const) : ({ kind: 'answered', latencyUs: 10 } as const),
    };
  });
  return fakeOutcome(plan, 0, calls).series;
}

test.each([
  ['at its end', 20, 30, 0],
  ['later', 20, 37, 7e6],
  ['never', 20, 60, null],
  ['too late to be sure', 20, 58, null],
  ['not hurt at all', 0, 0, 0],
  ['a share that was low before counts as normal', 0, 60, 0],
] as const)('%s', (_, from, to, expected) => {
  expect(recoveryUs(seriesWithout(from, to), 0, incident, [incident])).toBe(expected);
});

test('a scope that takes longer than the whole decides', () => {
  expect(recoveryUs(seriesWithout(20, 33, 2), 0, incident, [incident])).toBe(3e6);
});

test('an end within a bucket is counted from the next one', () => {
  const late = { startUs: 20e6, endUs: 30.25e6 };
  expect(recoveryUs(seriesWithout(20, 30), 0, late, [late])).toBe(0.75e6);
});

test('three healthy buckets in a row are needed', () => {
  const flapping = seriesWithout(20, 30);
  // Good for two seconds, bad for one: 30 and 31 are not enough.
  const row = 32 * flapping.scopeCount;
  flapping.answered[row] = 0;
  expect(recoveryUs(flapping, 0, incident, [incident])).toBe(3e6);
});

test('what an earlier incident cost does not lower the share that counts as normal', () => {
  const earlier = { startUs: 5e6, endUs: 15e6 };
  const series = seriesWithout(20, 30);
  const answerSeconds = (from: number, to: number, count: number): void => {
    for (let bucket = from; bucket < to; bucket++) {
      series.answered[bucket * series.scopeCount] = count;
    }
  };
  answerSeconds(5, 15, 0);
  // Half of the calls are answered: what is normal, if the earlier incident counted.
  answerSeconds(30, 35, 50);
  expect(recoveryUs(series, 0, incident, [earlier, incident])).toBe(5e6);
  expect(recoveryUs(series, 0, incident, [incident])).toBe(0);
});
