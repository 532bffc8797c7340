import { expect, test } from 'vitest';
import { pairText } from '../../testing/pair-text.ts';
import { planOfText } from '../../testing/small-run.ts';
import { compressPlan, whatCannotBeCompressed } from './compressed-plan.ts';

const CRASH = '{ id: dead, kind: server-crash, target: EE/p0, at: 10min, for: 20min }';
const MINUTE_US = 6e7;

const planWith = (load: string, top = ''): ReturnType<typeof planOfText> =>
  planOfText(pairText({ duration: '1h', load, top, incidents: CRASH }));

test('what has an instant comes earlier, and what has a pace keeps it', () => {
  const plan = planWith('rate: 3/s');
  const compressed = compressPlan(plan, 60);
  expect(compressed.durationUs).toBe(MINUTE_US);
  expect([...compressed.patches.timeUs]).toEqual([10e6, 30e6]);
  const [{ startUs, endUs }] = compressed.incidents;
  expect([startUs, endUs]).toEqual([10e6, 30e6]);
  expect(compressed.expected.calls).toBe(plan.expected.calls / 60);
  expect(compressed.rates.rate).toEqual(plan.rates.rate);
  expect(compressed.servers).toBe(plan.servers);
  expect(compressed.policies).toBe(plan.policies);
  // The plan itself is of the network, by which its incidents are driven.
  expect([...plan.patches.timeUs]).toEqual([10 * MINUTE_US, 30 * MINUTE_US]);
  expect(compressPlan(plan, 1)).toBe(plan);
});

test('a scenario without an end, and a rate by the time of day, are refused', () => {
  expect(whatCannotBeCompressed(planWith('rate: 3/s'), 60)).toEqual([]);
  const steady = planWith('rate: 3/s', 'kind: steady\nwarmUp: 1min');
  expect(whatCannotBeCompressed(steady, 60)).toHaveLength(1);
  expect(whatCannotBeCompressed(steady, 1)).toEqual([]);
  const daily = planWith('rate: { day: [[00:00, 1/s], [24:00, 2/s]] }');
  expect(whatCannotBeCompressed(daily, 60)).toEqual([
    'office: a rate by the time of day cannot be compressed',
  ]);
});
