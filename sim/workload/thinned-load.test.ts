import { expect, test } from 'vitest';
import { loadScenario } from '../scenario/load.ts';
import { planOf, runPlan } from '../testing/small-run.ts';
import { pairText } from '../testing/pair-text.ts';
import { thinLoad, whatCannotBeThinned } from './thinned-load.ts';
import type { Plan } from '../plan/plan.ts';

function planWith(duration: string, load: string): Plan {
  const text = new TextEncoder().encode(pairText({ duration, load }));
  const { document, issues } = loadScenario('test.scenario.yaml', () => text, []);
  if (document === null) throw new Error(issues.map(({ message }) => message).join('\n'));
  return planOf(document);
}

test('the same calls come so many times as late', () => {
  const short = runPlan(planWith('10s', 'rate: 30/s'), 0, 'all').journal.kept;
  const long = runPlan(thinLoad(planWith('10min', 'rate: 30/s'), 60), 0, 'all').journal.kept;
  expect(short.intendedUs.length).toBeGreaterThan(200);
  expect(long.intendedUs.length).toBe(short.intendedUs.length);
  expect([...long.requestBytes]).toEqual([...short.requestBytes]);
  for (const [call, us] of short.intendedUs.entries()) {
    // Both are rounded to whole microseconds.
    expect(Math.abs(long.intendedUs[call] - 60 * us)).toBeLessThanOrEqual(60);
  }
});

test('who waits and thinks is named, and nobody where nothing is compressed', () => {
  const plan = planWith('10s', 'users: 2, thinkTime: 1s');
  expect(whatCannotBeThinned(plan, 60)).toHaveLength(2);
  expect(whatCannotBeThinned(plan, 1)).toEqual([]);
});
