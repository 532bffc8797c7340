// Goal: what a newcomer copies works, also what stands there as a note. Method: the starter itself,
// and the same with its notes on trust carried out as they say.
import { expect, test } from 'vitest';
import { readCalibration } from '../cli/calibration-file.ts';
import { PatchColumn } from '../plan/plan.ts';
import type { Plan } from '../plan/plan.ts';
import { PARAMETERS } from '../plan/profile.ts';
import { compileScenario } from './compile.ts';
import { formatIssue } from './issue.ts';
import { loadScenario } from './load.ts';
import { starterText } from './starter.ts';

function planOf(text: string): Plan {
  const read = (): Uint8Array => new TextEncoder().encode(text);
  const { document, issues, locate } = loadScenario('x.scenario.yaml', read, []);
  expect(issues.map(formatIssue)).toEqual([]);
  if (document === null) throw new Error('no document');
  const { calibration } = readCalibration(document.calibration);
  const { plan, issues: found } = compileScenario(document, calibration);
  expect(found.map(locate).map(formatIssue)).toEqual([]);
  if (plan === null) throw new Error('no plan');
  return plan;
}

test('it has nothing to complain of, callers that try again, checks, and no trust clocks', () => {
  const plan = planOf(starterText('x'));
  expect(Math.max(...plan.policies.attemptsMax)).toBe(3);
  expect(plan.checks.map(({ check }) => check)).toEqual(['sometimes', 'recovery']);
  expect(plan.hasTrust).toBe(false);
});

test('each setting that it shows differs from the profile, and is not about trust', () => {
  const { instances } = planOf(starterText('x'));
  const changed = instances.flatMap(({ profile, parameters }) =>
    PARAMETERS.filter(({ name, values }) => {
      const usual = Object.entries(values).find(([of]) => of === profile);
      return usual?.[1].value !== parameters[name];
    }),
  );
  expect(changed.map(({ name }) => name)).toEqual(['keyType']);
});

test('its note on trust can be carried out', () => {
  const text = starterText('x');
  const example = [...text.matchAll(/^# {3}(?! *npx)(.*)$/gm)].map(([, line]) => `  ${line}\n`);
  expect(example).toHaveLength(5);
  const changed = text
    .replace(/^# (trust: on)$/m, '$1')
    .replace('duration: 10min', 'duration: 40min')
    .replace('    for: 1min\n', `    for: 1min\n${example.join('')}`);
  const { hasTrust, incidents, patches, trustServices } = planOf(changed);
  expect(hasTrust).toBe(true);
  expect(incidents.map(({ kind }) => kind)).toEqual(['server-crash', 'central-server-down']);
  const at = patches.column.indexOf(PatchColumn.TrustServiceState);
  expect(trustServices.id[patches.row[at]]).toMatch(/^FI\//);
});
