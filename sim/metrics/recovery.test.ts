import { expect, test } from 'vitest';
import { fakeOutcome, planOfText, TWO_COUNTRIES } from '../testing/fake-outcome.ts';
import { fakeCallers } from '../testing/fake-trust.ts';
import type { CallerOutcome } from './caller-outcome.ts';
import type { SeriesOutcome } from './outcome.ts';
import { recoveryUs } from './recovery.ts';
import type { Window } from './recovery.ts';

const plan = planOfText(TWO_COUNTRIES);
const PER_SECOND = 100;
const incident = { startUs: 20e6, endUs: 30e6 };

const recovered = (
  series: SeriesOutcome,
  incidents: readonly Window[] = [incident],
  callers: CallerOutcome | null = null,
): number | null => recoveryUs({ series, callers }, 0, incidents.at(-1) ?? incident, incidents);

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
  expect(recovered(seriesWithout(from, to))).toBe(expected);
});

test('a scope that takes longer than the whole decides', () => {
  expect(recovered(seriesWithout(20, 33, 2))).toBe(3e6);
});

test('an end within a bucket is counted from the next one', () => {
  const late = { startUs: 20e6, endUs: 30.25e6 };
  expect(recovered(seriesWithout(20, 30), [late])).toBe(0.75e6);
});

test('three healthy buckets in a row are needed', () => {
  const flapping = seriesWithout(20, 30);
  // Good for two seconds, bad for one: 30 and 31 are not enough.
  const row = 32 * flapping.scopeCount;
  flapping.answered[row] = 0;
  expect(recovered(flapping)).toBe(3e6);
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
  expect(recovered(series, [earlier, incident])).toBe(5e6);
  expect(recovered(series)).toBe(0);
});

/** The whole's counts of one second after another, instead of those of the calls. */
function withSeconds(series: SeriesOutcome, from: number, ends: readonly [number, number][]) {
  for (const [index, [answered, faulted]] of ends.entries()) {
    const row = (from + index) * series.scopeCount;
    series.answered[row] = answered;
    series.faulted[row] = faulted;
  }
  return series;
}

function givingUp(from: number, counts: readonly number[], always = 0): CallerOutcome {
  const callers = fakeCallers(plan, 1, 6000, 0);
  callers.series.gaveUp.forEach((_, row, gaveUp) => {
    const bucket = Math.floor(row / (plan.instances.length + 2));
    gaveUp[row] = row % (plan.instances.length + 2) === 0 ? (counts[bucket - from] ?? always) : 0;
  });
  return callers;
}

// As the tax day has it: 104 % of what is offered is answered, because a line is worked off, while
// 16 % are still given up. Allowed are 1 % and the square root of what ends.
test('while a line is worked off and callers give up, nothing has recovered', () => {
  const drained = (): SeriesOutcome =>
    withSeconds(seriesWithout(20, 30), 30, [
      [104, 0],
      [110, 0],
    ]);
  expect(recovered(drained())).toBe(0);
  expect(recovered(drained(), [incident], givingUp(30, [16, 14]))).toBe(2e6);
  expect(recovered(drained(), [incident], givingUp(30, [11, 12]))).toBe(0);
});

test('calls that end with a fault beside many answers count as callers who give up', () => {
  const faulting = withSeconds(seriesWithout(20, 30), 30, [
    [104, 16],
    [104, 16],
    [104, 9],
  ]);
  expect(recovered(faulting)).toBe(2e6);
});

test('a share that was given up before counts as normal', () => {
  const series = withSeconds(
    seriesWithout(20, 30),
    0,
    Array.from({ length: 60 }, () => [84, 0]),
  );
  expect(recovered(series, [incident], givingUp(0, [], 16))).toBe(0);
  expect(recovered(series, [incident], givingUp(30, [30, 16], 16))).toBe(1e6);
});
