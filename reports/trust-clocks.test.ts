// Goal: intervals of single clocks become what a reader asks for: who stopped first, for how long.
// Method: hand-made intervals, the answers worked out on paper.
import { describe, expect, test } from 'vitest';
import { sampleFolder } from '../sim/testing/sample-result.ts';
import {
  clocksIn,
  clockText,
  coveredSeconds,
  firstStops,
  mostStopped,
  stoppedCounts,
  stopsOf,
  unionOf,
} from './trust-clocks.ts';
import type { Stop } from './trust-clocks.ts';

function stop(server: string, fromSeconds: number, toSeconds: number, clock = 'token'): Stop {
  return { server, instance: 'EE', clock, foreign: null, fromSeconds, toSeconds };
}

test('clocks of a border are told from own ones, and keep their instance', () => {
  const { result } = sampleFolder();
  const [{ id, instance }] = result.servers;
  const interval = { scope: id, fromSeconds: 20, toSeconds: 30 };
  const stops = stopsOf({
    ...result,
    trust: [
      { ...interval, clock: 'foreign-configuration FI' },
      { ...interval, clock: 'configuration', fromSeconds: 10 },
      { ...interval, clock: 'peer-ocsp IS', fromSeconds: 22 },
      { ...interval, clock: 'a clock of 2031', scope: 'nobody', fromSeconds: 25 },
    ],
  });
  expect(stops.map(({ clock, foreign, instance: of }) => [clock, foreign, of])).toEqual([
    ['configuration', null, instance],
    ['foreign-configuration', 'FI', instance],
    ['peer-ocsp', 'IS', instance],
    ['a clock of 2031', null, null],
  ]);
  expect(stops.map(clockText)).toEqual([
    'own configuration',
    'configuration of FI',
    'OCSP answers too old for IS',
    'a clock of 2031',
  ]);
  expect(clocksIn(stops)).toEqual([
    'configuration',
    'foreign-configuration',
    'peer-ocsp',
    'a clock of 2031',
  ]);
});

describe('spans', () => {
  const spans = [stop('a', 50, 60), stop('a', 10, 20), stop('a', 15, 30), stop('a', 30, 40)];

  test('that meet or overlap are one', () => {
    expect(unionOf(spans)).toEqual([
      { fromSeconds: 10, toSeconds: 40 },
      { fromSeconds: 50, toSeconds: 60 },
    ]);
  });

  test('count once in a window, however many they are', () => {
    expect(coveredSeconds(spans, { fromSeconds: 0, toSeconds: 100 })).toBe(40);
    expect(coveredSeconds(spans, { fromSeconds: 35, toSeconds: 52 })).toBe(7);
    expect(coveredSeconds(spans, { fromSeconds: 41, toSeconds: 49 })).toBe(0);
    expect(coveredSeconds([], { fromSeconds: 0, toSeconds: 9 })).toBe(0);
  });
});

test('servers that have stopped are counted once, whatever has run out at them', () => {
  const stops = [
    stop('a', 10, 30),
    stop('a', 20, 40, 'configuration'),
    stop('b', 20, 50),
    stop('c', 50, 60),
    stop('d', 55, 55),
  ];
  // a alone; a and b; b alone; b ends where c begins; nobody.
  expect(stoppedCounts(stops)).toEqual([
    { atSeconds: 10, count: 1 },
    { atSeconds: 20, count: 2 },
    { atSeconds: 40, count: 1 },
    { atSeconds: 50, count: 1 },
    { atSeconds: 60, count: 0 },
  ]);
});

test('the first and the last to stop are told by the first stop of each', () => {
  const found = firstStops([stop('late', 70, 90), stop('early', 10, 20), stop('early', 80, 90)]);
  expect(found?.serverCount).toBe(2);
  expect(found?.first.server).toBe('early');
  expect(found?.last.server).toBe('late');
  expect(firstStops([])).toBeNull();
});

test('the most at one time are fewer than all that ever stopped', () => {
  expect(mostStopped([])).toBeNull();
  // Three servers one after the other, of which only two overlap, from 30 on.
  const stops = [stop('a', 0, 20), stop('b', 20, 40), stop('c', 30, 50), stop('c', 35, 45)];
  expect(mostStopped(stops)).toEqual({ atSeconds: 30, count: 2 });
});
