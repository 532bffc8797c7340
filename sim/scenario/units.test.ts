import { describe, expect, test } from 'vitest';
import { readByLook, readUnit, UNITS } from './units.ts';
import type { UnitName } from './units.ts';

// Every unit, what it means in the Document, and the slips of the pen that people make.
const READ: readonly [UnitName, string | number, number][] = [
  ['duration', '30s', 30e6],
  ['duration', '48min', 2880e6],
  ['duration', '3.5ms', 3500],
  ['duration', '8h', 28_800e6],
  ['duration', '2d', 172_800e6],
  ['duration', '250us', 250],
  ['duration', '250\u00b5s', 250],
  ['duration', '1h30min', 5400e6],
  ['duration', '1h 30min', 5400e6],
  ['duration', '1.1s', 1_100_000],
  ['duration', ' 5 s ', 5e6],
  ['duration', 0, 0],
  ['duration', '400d', 400 * 86_400e6],
  ['size', '10MiB', 10 * 2 ** 20],
  ['size', '2KiB', 2048],
  ['size', '500B', 500],
  ['size', '1kB', 1000],
  ['size', '1.5MB', 1_500_000],
  ['rate', '120/s', 120],
  ['rate', '600/min', 10],
  ['rate', '36/h', 0.01],
  ['rate', '10.6M/day', 10.6e6 / 86_400],
  ['rate', '2k/s', 2000],
  ['rate', 0, 0],
  ['bandwidth', '100Mbit/s', 12.5e6],
  ['bandwidth', '1Gbit/s', 125e6],
  ['bandwidth', '10MB/s', 10e6],
  ['bandwidth', 'unlimited', Infinity],
  ['share', '2%', 0.02],
  ['share', 0.02, 0.02],
  ['share', '100%', 1],
  ['timeOfDay', '08:30', 30_600e6],
  ['timeOfDay', '23:59:59', 86_399e6],
  ['timeOfDay', '24:00', 86_400e6],
  ['version', '7.8.0', 70_800],
  ['version', '6.26.1', 62_601],
  ['count', '10.6M', 10_600_000],
  ['count', 12, 12],
  ['number', '0.5', 0.5],
  ['scale', '1%', 0.01],
  ['scale', 0.25, 0.25],
  ['scale', '2', 2],
  ['scale', '150 %', 1.5],
  ['perDay', '10.6M/day', 10.6e6],
  ['perDay', '10.6M', 10.6e6],
  ['perDay', '1/s', 86_400],
];

const REFUSED: readonly [UnitName, string | number, string, RegExp][] = [
  ['duration', '30', 'bad-unit', /such as `30s`/],
  ['duration', 30, 'bad-unit', /such as `30s`/],
  ['duration', '5m', 'bad-unit', /`min` or `ms`/],
  ['duration', '5 minutes', 'bad-unit', /`min` instead of `minutes`/],
  ['duration', '3ns', 'bad-unit', /`us`/],
  ['duration', '3,5ms', 'bad-value', /with a point/],
  ['duration', 'soon', 'bad-value', /such as `30s`/],
  ['duration', '', 'bad-value', /such as `30s`/],
  ['duration', '-5s', 'out-of-range', /never below 0/],
  ['duration', '401d', 'out-of-range', /0s to 400d/],
  ['duration', '1h30', 'bad-unit', /such as/],
  ['duration', '1.5.5s', 'bad-value', /one point/],
  ['rate', '1.5.5/s', 'bad-value', /one point/],
  ['duration', '1e400s', 'out-of-range', /0s to 400d/],
  ['size', '10', 'bad-unit', /`2KiB`/],
  ['size', '10KB', 'bad-unit', /`kB` \(1000 bytes\) or `KiB`/],
  ['size', '2000GiB', 'out-of-range', /1024GiB/],
  ['rate', '50', 'bad-unit', /`120\/s`/],
  ['rate', '50rps', 'bad-unit', /`\/s`/],
  ['rate', '5/fortnight', 'bad-unit', /`120\/s`/],
  ['rate', '20M/s', 'out-of-range', /10M\/s/],
  ['bandwidth', '100Mbps', 'bad-unit', /`Mbit\/s`/],
  ['bandwidth', 0, 'out-of-range', /8bit\/s/],
  ['share', '2', 'out-of-range', /`2%`/],
  ['share', '120%', 'out-of-range', /0% to 100%/],
  ['share', '-1%', 'out-of-range', /0% to 100%/],
  ['timeOfDay', '8', 'bad-value', /`08:30`/],
  ['timeOfDay', '08:60', 'bad-value', /`08:30`/],
  ['timeOfDay', '25:00', 'out-of-range', /24:00/],
  ['version', '7.8', 'bad-value', /all three parts/],
  ['version', 7.1, 'bad-value', /all three parts/],
  ['count', '1.5', 'bad-value', /such as `12`/],
  ['count', 'many', 'bad-value', /whole number/],
];

describe('units', () => {
  test.each(READ)('%s %s is %d', (name, text, value) => {
    expect(readUnit(name, text)).toEqual({ isOk: true, value });
  });

  test.each(REFUSED)('%s %s is refused', (name, text, code, hint) => {
    const reading = readUnit(name, text);
    expect(reading).toMatchObject({ isOk: false, code });
    expect(reading.isOk ? '' : reading.hint).toMatch(hint);
  });

  test('the examples in the reference are read', () => {
    for (const { name, examples } of Object.values(UNITS)) {
      for (const example of examples) expect(readUnit(name, example)).toMatchObject({ isOk: true });
    }
  });

  test('a very long text is refused, and at once', () => {
    expect(readUnit('duration', '9'.repeat(1_000_000)).isOk).toBe(false);
    expect(readUnit('duration', '1s'.repeat(1_000_000)).isOk).toBe(false);
  });
});

describe('settings are read by their look', () => {
  test.each([
    ['30s', 30e6],
    ['500/s', 500],
    ['2KiB', 2048],
    ['8Mbit/s', 1],
    ['2%', 0.02],
    ['3k', 3000],
    ['unlimited', Infinity],
  ])('%s is %d', (text, value) => {
    expect(readByLook(text)).toEqual({ isOk: true, value });
  });

  test.each(['unknown', 'EE/ss1', 'EE/GOV/70000001/rr', 'ss1', '2nd floor'])(
    '%s is text',
    (text) => {
      expect(readByLook(text)).toBeNull();
    },
  );

  test.each(['5m', '30 secs', '100Mbps'])('%s is a mistake', (text) => {
    expect(readByLook(text)).toMatchObject({ isOk: false, code: 'bad-unit' });
  });
});
