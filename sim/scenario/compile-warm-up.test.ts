import { expect, test } from 'vitest';
import { readCalibration } from '../cli/calibration-file.ts';
import { TWO_COUNTRIES } from '../testing/fake-outcome.ts';
import { compileScenario } from './compile.ts';
import { formatIssue } from './issue.ts';
import { loadScenario } from './load.ts';

/** Warnings about the load, as the author reads them. */
function warningsOf(text: string, ...sets: readonly string[]): string[] {
  const read = (): Uint8Array => new TextEncoder().encode(text);
  const { document, issues, locate } = loadScenario('x.scenario.yaml', read, sets);
  if (document === null) throw new Error(issues.map(formatIssue).join('\n'));
  const { plan, issues: found } = compileScenario(document, readCalibration('zero').calibration);
  const texts = [...issues, ...found.map(locate)].map(formatIssue);
  if (plan === null) throw new Error(texts.join('\n'));
  return texts.filter((one) => one.includes('steady run'));
}

const STEADY = ['kind=steady', 'duration=60s', 'warmUp=20s'];
const rate = (points: string, more = '') => `workloads.home-ee.rate={ points: [${points}]${more} }`;

test('it is said where the load changes, and what to do', () => {
  const curve = '[0s, 1/s], [60s, 2/s]';
  const [warning, ...more] = warningsOf(TWO_COUNTRIES, ...STEADY, rate(curve));
  expect(more).toEqual([]);
  expect(warning).toMatch(/warning[^]*a steady run of a load that changes while it is measured/);
  expect(warning).toMatch(/kind: terminating/);
  const inText = TWO_COUNTRIES.replace('rate: 10/s', `rate: { points: [${curve}] }`);
  const line = inText.slice(0, inText.indexOf(curve)).split('\n').length;
  expect(warningsOf(inText, ...STEADY)[0]).toContain(`x.scenario.yaml:${line}:`);
});

// Measured are the seconds 20 to 60.
test.each([
  ['points that do not differ', '[0s, 5/s], [30s, 5/s]', false],
  ['a ramp within', '[0s, 5/s], [30s, 5/s], [40s, 9/s]', true],
  ['a ramp that ends with the warm-up', '[0s, 5/s], [20s, 9/s]', false],
  ['a ramp that ends a little later', '[0s, 5/s], [21s, 9/s]', true],
  ['a change after the run', '[0s, 5/s], [60s, 5/s], [70s, 9/s]', false],
] as const)('%s', (_, points, isTold) => {
  expect(warningsOf(TWO_COUNTRIES, ...STEADY, rate(points))).toHaveLength(Number(isTold));
  const terminating = ['kind=terminating', 'duration=60s', rate(points)];
  expect(warningsOf(TWO_COUNTRIES, ...terminating)).toEqual([]);
});

test('only while the workload calls', () => {
  const ramp = rate('[0s, 5/s], [30s, 5/s], [40s, 9/s]');
  const early = 'workloads.home-ee.stop=30s';
  expect(warningsOf(TWO_COUNTRIES, ...STEADY, ramp, early)).toEqual([]);
  const late = 'workloads.home-ee.start=40s';
  expect(warningsOf(TWO_COUNTRIES, ...STEADY, ramp, late)).toEqual([]);
});

test('a warm-up that is to be found may hide the first half', () => {
  const auto = ['kind=steady', 'duration=60s', 'warmUp=auto', 'seriesBucket=null'];
  expect(warningsOf(TWO_COUNTRIES, ...auto, rate('[0s, 5/s], [30s, 9/s]'))).toEqual([]);
  expect(warningsOf(TWO_COUNTRIES, ...auto, rate('[0s, 5/s], [31s, 9/s]'))).toHaveLength(1);
});

test.each([
  ['08:00', '1h', false],
  ['08:00', '5h', true],
  ['20:00', '2h', false],
  // Midnight is a step from the last point's rate to the first one's.
  ['23:00', '3h', true],
  ['00:00', '1h', false],
  ['20:00', '40h', true],
] as const)('a day with a step at noon, from %s for %s', (startOfDay, duration, isTold) => {
  const day = 'workloads.home-ee.rate={ day: [[00:00, 5/s], [12:00, 5/s], [12:01, 9/s]] }';
  const sets = ['kind=steady', 'warmUp=1min', `startOfDay=${startOfDay}`, `duration=${duration}`];
  expect(warningsOf(TWO_COUNTRIES, ...sets, day)).toHaveLength(Number(isTold));
});
