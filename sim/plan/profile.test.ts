import { describe, expect, test } from 'vitest';
import { PARAMETER_NAMES, PARAMETERS, STRATEGIES, valuesOf } from './profile.ts';
import type { ParameterRow } from './profile.ts';
import { PatchColumn } from './plan.ts';

const PROFILES = ['xroad-default', 'ee-production', 'fi-production'] as const;
const MINUTE = 60e6;
const HOUR = 60 * MINUTE;

const isOfUnit = ({ unit, min, max }: ParameterRow, value: unknown): boolean => {
  if (unit === 'switch') return typeof value === 'boolean';
  if (unit === 'strategy') return STRATEGIES.some((strategy) => strategy === value);
  if (unit === 'key') return typeof value === 'string';
  return typeof value === 'number' && value >= min && value <= max;
};

test('one row for each name', () => {
  const names = PARAMETERS.map(({ name }) => name);
  expect(names.toSorted()).toEqual([...PARAMETER_NAMES].toSorted());
  expect(new Set(names).size).toBe(names.length);
});

describe.each(PROFILES)('%s', (profile) => {
  const values = valuesOf(profile);
  const number = (name: (typeof PARAMETER_NAMES)[number]): number => Number(values[name]);

  test('every value is of its unit, in range, and says where it is from', () => {
    const wrong = PARAMETERS.filter((row) => {
      const { value, source } = row.values[profile];
      return !isOfUnit(row, value) || source.length < 5;
    });
    expect(wrong.map(({ name }) => name)).toEqual([]);
  });

  // Facts 5.2, 5.3: else servers stop without any outage.
  test('its clocks do not contradict each other', () => {
    expect(number('ocspFetchInterval')).toBeLessThan(number('ocspFreshness'));
    expect(number('timeStampingInterval')).toBeLessThan(number('ocspFreshness'));
    const propagation =
      number('globalConfGenerationInterval') +
      number('globalConfDownloadInterval') +
      number('globalConfReloadInterval');
    expect(propagation).toBeLessThan(number('globalConfValidity'));
    const next = number('ocspNextUpdate');
    expect(next === 0 || next > number('ocspFetchInterval')).toBe(true);
  });
});

// Facts 5.0, read from the table of the fact sheet and not from profile.ts.
test('the clocks of the profiles', () => {
  const clocks = PROFILES.map((profile) => {
    const values = valuesOf(profile);
    return [
      values.globalConfValidity,
      values.ocspFreshness,
      values.ocspFetchInterval,
      values.timeStampingInterval,
      values.acceptableTimestampFailure,
      values.ocspNextUpdate,
    ];
  });
  expect(clocks).toEqual([
    [10 * MINUTE, HOUR, 20 * MINUTE, MINUTE, 4 * HOUR, 0],
    [24 * HOUR, 8 * HOUR, 48 * MINUTE, 48 * MINUTE, 4 * HOUR, 12 * HOUR],
    [10 * MINUTE, HOUR, 20 * MINUTE, MINUTE, 48 * HOUR, 0],
  ]);
});

test('columns of patches are numbered one by one, within a byte', () => {
  const numbers = Object.values(PatchColumn);
  expect(numbers).toEqual(numbers.map((_, index) => index));
  expect(numbers.length).toBeLessThan(256);
});
