import { expect, test } from 'vitest';
import { findScenario, meantBy, missingText } from './find-scenario.ts';

const KNOWN = ['day', 'national/night', 'national/day', 'outage/night', 'outage/dark-day'];

test.each<[string, string[]]>([
  ['day', ['day']],
  ['national/day', ['national/day']],
  ['scenarios/national/day.scenario.yaml', ['national/day']],
  ['dark-day', ['outage/dark-day']],
  ['dark-day.yaml', ['outage/dark-day']],
  ['night', ['national/night', 'outage/night']],
  ['ark-day', []],
  ['', []],
])('"%s" may mean %j', (name, meant) => {
  expect(meantBy(name, KNOWN)).toEqual(meant);
});

test.each([
  ['dakr-day', /^there is no scenario dakr-day\ndid you mean "outage\/dark-day"\?$/],
  ['outage', /^outage is a folder of scenarios\nthere are outage\/night, outage\/dark-day$/],
  ['nightly.yaml', /^there is no file nightly\.yaml, and no scenario of that name\n/],
  ['x'.repeat(5000), /^there is no scenario x+\nfedlab list/],
])('what is said of %s', (name, text) => {
  expect(missingText(name, KNOWN)).toMatch(text);
});

test('a name without its folder is found', () => {
  expect(findScenario('working-day')).toMatch(/scenarios\/national\/working-day\.scenario\.yaml$/);
  expect(findScenario('small')).toMatch(/scenarios\/small\.scenario\.yaml$/);
});
