// Goal: what a run could not decide is told before it runs, and nothing else is. Method: one check
// at a time in a scenario that has none of what checks are about, then with what this one needs.
import { expect, test } from 'vitest';
import { readCalibration } from '../cli/calibration-file.ts';
import { CHECK_NAMES, STATE_NAMES } from '../plan/check-names.ts';
import { TWO_COUNTRIES } from '../testing/fake-outcome.ts';
import { compileScenario } from './compile.ts';
import { formatIssue } from './issue.ts';
import { loadScenario } from './load.ts';

function warningsOf(check: string, ...sets: readonly string[]): string[] {
  const read = (): Uint8Array => new TextEncoder().encode(`${TWO_COUNTRIES}checks: [${check}]\n`);
  const { document, issues, locate } = loadScenario('x.scenario.yaml', read, sets);
  if (document === null) throw new Error(issues.map(formatIssue).join('\n'));
  const { plan, issues: found } = compileScenario(document, readCalibration('zero').calibration);
  const texts = [...issues, ...found.map(locate)].map(formatIssue);
  if (plan === null) throw new Error(texts.join('\n'));
  return texts;
}

const TRUST = 'trust=on';
const CRASH = 'incidents=[{ id: it, kind: server-crash, target: EE/ss1, at: 10s, for: 5s }]';
const FLOOD =
  'incidents=[{ id: it, kind: connection-flood, target: EE/ss1, at: 10s, for: 5s, rate: 9/s }]';
const RETRIES = 'workloads.home-fi.callers={ retries: { max: 2 } }';
const TIMEOUT = 'workloads.home-fi.callers={ timeout: 5s }';
const JOURNEY =
  'journeys=[{ id: j, client: EE/COM/10000001/portal, rate: 1/s, ' +
  'steps: [{ calls: [{ services: EE/GOV/70000001/registry/person }] }] }]';
const PATIENCE = 'workloads.border.callers={ patience: 5s }';

// Of each check that is left out here, any run can tell.
test.each<[string, string, readonly string[]]>([
  ['{ check: trust-window }', 'no trust clock runs', [TRUST]],
  ['{ check: evidence-logged }', 'no trust clock runs', [TRUST]],
  ['{ check: evidence-stamped, within: 2h }', 'no trust clock runs', [TRUST]],
  ['{ check: recovery, within: 10s }', 'there is no incident', [CRASH]],
  ['{ check: no-collapse, within: 10s }', 'there is no incident', [CRASH]],
  ['{ check: incidents-seen }', 'there is no incident', [CRASH]],
  ['{ check: sometimes, state: attack-refused }', 'there is no attack', [FLOOD]],
  ['{ check: sometimes, state: retries }', 'nobody tries again', [RETRIES]],
  ['{ check: sometimes, state: abandoned }', 'everybody waits', [TIMEOUT]],
  ['{ check: sometimes, state: gave-up }', 'everybody waits', [PATIENCE]],
  ['{ check: sometimes, state: [faults, backlog] }', 'no trust clock runs', [TRUST]],
  ['{ check: sometimes, state: token-locked }', 'no trust clock runs', [TRUST]],
  ['{ check: sometimes, state: journeys-lost }', 'there is no journey', [JOURNEY]],
])('%s: %s', (check, why, sets) => {
  const [warning, ...more] = warningsOf(check);
  expect(more).toEqual([]);
  expect(warning).toContain(`warning[undecidable]`);
  expect(warning).toContain(`cannot be decided: ${why}`);
  // It points at the last line, to the check or to the state.
  expect(warning).toContain(`x.scenario.yaml:${TWO_COUNTRIES.split('\n').length}:`);
  expect(warningsOf(check, ...sets)).toEqual([]);
  expect(warningsOf(check.replace(' }', ', allowUnknown: true }'))).toEqual([]);
});

test('an attack is needed, not any incident; retries, not a time-out', () => {
  expect(warningsOf('{ check: sometimes, state: attack-refused }', CRASH)).toHaveLength(1);
  expect(warningsOf('{ check: sometimes, state: retries }', TIMEOUT)).toHaveLength(1);
  expect(warningsOf('{ check: sometimes, state: gave-up }', RETRIES)).toHaveLength(1);
});

test('where all is there, nothing is told', () => {
  const states = STATE_NAMES.filter((state) => state !== 'journeys-lost').join(', ');
  const checks = CHECK_NAMES.filter((name) => name !== 'sometimes').map((name) =>
    name === 'recovery' ? `{ check: ${name}, within: 10s }` : `{ check: ${name} }`,
  );
  const all = [...checks, `{ check: sometimes, state: [${states}] }`].join(', ');
  const callers = 'workloads.border.callers={ timeout: 5s, retries: { max: 2 } }';
  expect(warningsOf(all, TRUST, FLOOD, callers)).toEqual([]);
});
