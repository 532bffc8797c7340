// Goal: shares of calls and of server-time, and the published formula of working years.
// Method: numbers worked out on paper, and the figures that the operators themselves published.
import { describe, expect, test } from 'vitest';
import { sampleFolder } from '../sim/testing/sample-result.ts';
import { availabilityOf, workingTimeOf, yearlyShare, yearsSaved } from './availability.ts';
import type { Stop } from './trust-clocks.ts';

const { result } = sampleFolder();

function stop(
  server: string,
  fromSeconds: number,
  toSeconds: number,
  foreign: string | null,
): Stop {
  const clock = foreign === null ? 'token' : 'foreign-configuration';
  return { server, instance: 'EE', clock, foreign, fromSeconds, toSeconds };
}

describe('availability', () => {
  const [one, two] = result.servers;
  const servers = [
    { ...one, id: 'a', instance: 'EE', downSeconds: 0 },
    { ...one, id: 'b', instance: 'EE', downSeconds: 100 },
    { ...two, id: 'c', instance: 'FI', downSeconds: 0 },
    { ...two, id: 'd', instance: 'FI', downSeconds: 0 },
  ];
  const calls = { ...result.calls, due: 1000, answered: 980, faulted: 20, openAtEnd: 0 };
  const measured = {
    ...result,
    servers,
    calls,
    scenario: { ...result.scenario, warmUpSeconds: 500 },
    simulatedSeconds: 1000,
  };

  test('server-time not refusing, in the measured part alone', () => {
    const stops = [
      // Of these 250 s, 200 lie behind the warm-up; the next two overlap by 50 s.
      stop('a', 450, 700, null),
      stop('a', 900, 1000, null),
      stop('a', 950, 1050, null),
      // A closed border is no stop, and what lies behind the end is not measured.
      stop('c', 600, 1500, 'EE'),
      stop('d', 1450, 2000, null),
    ];
    const [all, ee, fi, border] = availabilityOf(measured, stops);
    expect([all, ee, fi, border].map(({ scope }) => scope)).toEqual([
      'all',
      'EE',
      'FI',
      'crossBorder',
    ]);
    expect(ee.refusingSeconds).toBe(200 + 150 + 100);
    expect(ee.serverShare).toBeCloseTo(1 - 450 / 2000, 12);
    expect(fi.refusingSeconds).toBe(50);
    expect(all.serverShare).toBeCloseTo(1 - 500 / 4000, 12);
    expect(all.callShare).toBe(0.98);
    expect(all.callsMissed).toBe(20);
    expect(border.serverShare).toBeNull();
  });

  test('a server that is away longer than the window is away for all of it', () => {
    const down = { ...measured, servers: [{ ...servers[1], downSeconds: 900 }] };
    const [all] = availabilityOf(down, [stop('b', 0, 5000, null)]);
    expect(all.refusingSeconds).toBe(1000);
    expect(all.serverShare).toBe(0);
  });

  test('no call is no availability', () => {
    const quiet = { ...measured, calls: { ...calls, due: 0, answered: 0, faulted: 0 } };
    expect(availabilityOf(quiet, [])[0].callShare).toBeNull();
  });

  test('a day at 90 % costs a year a tenth of a day', () => {
    expect(yearlyShare(0.9, 86_400)).toBeCloseTo(1 - 0.1 / 365, 12);
    expect(yearlyShare(0.9, 86_400 * 366)).toBeNull();
  });
});

describe('working years', () => {
  // realdata.md, 1.4: as the operators published them.
  test.each([
    [1_570_741_229, 1345],
    [1_300_000_000, 1113],
    [3_024_000_000, 2589],
  ])('%i queries are %i years', (queries, years) => {
    expect(Math.round(yearsSaved(queries))).toBe(years);
  });

  test('of a run: a mean of its replications, and a year only from a day on', () => {
    const calls = { ...result.calls, due: 2_400_000, answered: 2_000_000 };
    const day = { ...result, calls, replications: 2, simulatedSeconds: 86_400 };
    const found = workingTimeOf(day);
    // A million answered calls; 30,000 of them save a quarter of an hour each.
    expect(found.savedHours).toBeCloseTo(7500, 9);
    expect(found.lostHours).toBeCloseTo(1500, 9);
    expect(found.yearlyYears).toBeCloseTo((365 * 7500) / 8760, 9);
    expect(workingTimeOf({ ...day, simulatedSeconds: 86_399 }).yearlyYears).toBeNull();
  });
});
