/** What `fedlab check` says of a plan, against what was written into its scenario. */
import { expect, test } from 'vitest';
import { planOfText, TWO_COUNTRIES } from '../testing/fake-outcome.ts';
import { callerLines, checkLines, incidentLines, journeyLines, trustText } from './check-text.ts';

/** Spaces between a number and its unit do not break. */
const plain = (lines: readonly string[]): string[] =>
  lines.map((line) => line.replaceAll('\u00a0', ' '));

const RICH = `${TWO_COUNTRIES}
journeys:
  - id: trip
    client: EE/COM/10000001/portal
    rate: 1/s
    patience: 30s
    steps:
      - calls: [{ services: EE/GOV/70000001/registry/person, times: 2 }]
      - calls: [{ services: EE/GOV/70000001/registry/person }]
    callers: { timeout: 3s, patience: 20s, retries: { max: 2, first: 500ms, jitter: full } }
incidents:
  - id: flaps
    kind: system-refusing
    target: registry-system
    at: 5s
    for: 2s
    repeat: { every: 10s, times: 4 }
  - { id: crash, kind: server-crash, target: FI/GOV/0000001-9/ss1, at: 20s, for: 5s }
checks:
  - { check: recovery, incident: crash, within: 10s }
  - { check: sometimes, state: [faults, server-down] }
`;
const plan = planOfText(RICH);

test('an incident is one line, however often it comes', () => {
  expect(plan.incidents.length).toBe(5);
  expect(plain(incidentLines(plan))).toEqual([
    'flaps: system-refusing of registry-system at 5 s for 2 s, 4 times, the last at 35 s',
    'crash: server-crash of FI/GOV/0000001-9/ss1 at 20 s for 5 s',
  ]);
  expect(incidentLines(planOfText(TWO_COUNTRIES))).toEqual(['none']);
});

test('of many targets a few are shown, and the others counted', () => {
  const [incident] = plan.incidents;
  const textOf = (count: number): string => {
    const targets = Array.from({ length: count }, (_, index) => `EE/s${index + 1}`);
    return plain(incidentLines({ ...plan, incidents: [{ ...incident, targets }] }))[0];
  };
  expect(textOf(4)).toContain('of EE/s1, EE/s2, EE/s3, EE/s4 at');
  expect(textOf(30)).toContain('of EE/s1, EE/s2, EE/s3 and 27 more at');
});

test('callers and journeys are told as they were written', () => {
  expect(plain(callerLines(plan))).toEqual([
    '3 calls of journeys: time-out 3 s, patience 20 s, 2 retries, after 500 ms, ' +
      'each 2 times as long, full jitter',
    '3 sources: wait, and do not try again',
  ]);
  expect(plain(journeyLines(plan))).toEqual([
    'trip: up to 3 calls in 2 steps, given up after 30 s',
  ]);
  const simple = planOfText(TWO_COUNTRIES);
  expect(callerLines(simple)).toEqual(['all wait for their answer, and none tries again']);
  expect(journeyLines(simple)).toEqual(['none']);
});

test('trust services are counted, or told to be taken for granted', () => {
  expect(trustText(plan)).toBe('taken for granted: no clock runs');
  const named = planOfText(TWO_COUNTRIES, [
    'instances.EE.timeStampingAuthorities=[tsa-1, tsa-2, tsa-3]',
  ]);
  // Of each country one of each kind is there where nobody names any.
  expect(plain([trustText(named)])).toEqual([
    '2 central servers, 2 OCSP responders, 4 time-stamping authorities, ' +
      'and the clocks of every server',
  ]);
});

test('checks: the usual ones first, then the scenario says what it asks', () => {
  expect(plain(checkLines(plan))).toEqual([
    'that the books balance, incidents-seen',
    'recovery from crash within 10 s',
    'sometimes of faults, server-down',
  ]);
  const trusting = checkLines(planOfText(RICH, ['trust=on']))[0];
  expect(trusting).toContain('trust-window, evidence-logged, evidence-stamped');
  expect(checkLines(planOfText(TWO_COUNTRIES))).toEqual(['that the books balance']);
});
