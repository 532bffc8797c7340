import { expect, test } from 'vitest';
import { planOfText, TWO_COUNTRIES } from '../testing/fake-outcome.ts';

const CRASH = `
incidents:
  - { id: crash, kind: server-crash, target: EE/ss1, at: 20s, for: 10s }
`;
const withSets = (...sets: readonly string[]) => planOfText(TWO_COUNTRIES + CRASH, sets);

test('a number of replications is a number, and nothing more', () => {
  expect(withSets('replications=7')).toMatchObject({ replications: 7, precision: null });
});

test('a precision has defaults for all but itself', () => {
  expect(withSets('replications={ precision: 2% }')).toMatchObject({
    replications: 100,
    precision: {
      relativeHalfWidth: 0.02,
      confidence: 0.95,
      replicationsMin: 5,
      metrics: ['latencyMean'],
    },
  });
  const all =
    '{ precision: 5%, confidence: 90%, min: 10, max: 40, metrics: [goodShare, latencyP99] }';
  expect(withSets(`replications=${all}`)).toMatchObject({
    replications: 40,
    precision: {
      relativeHalfWidth: 0.05,
      confidence: 0.9,
      replicationsMin: 10,
      metrics: ['goodShare', 'latencyP99'],
    },
  });
  // What `--replications 3` does to it.
  expect(withSets('replications={ precision: 2% }', 'replications=3')).toMatchObject({
    replications: 3,
    precision: null,
  });
});

test('a warm-up is a duration, or found', () => {
  expect(withSets('kind=steady', 'warmUp=10s')).toMatchObject({
    warmUpUs: 10e6,
    findsWarmUp: false,
  });
  const auto = withSets('kind=steady', 'warmUp=auto', 'incidents=[]', 'seriesBucket=null');
  expect(auto).toMatchObject({ warmUpUs: 0, findsWarmUp: true, seriesBucketUs: 200_000 });
  // Until the incident at 20 s: the rows have to fit in there.
  const early = withSets('kind=steady', 'warmUp=auto', 'seriesBucket=null');
  expect(early.seriesBucketUs).toBe(66_000);
});

test('checks are read with their bounds, states and incidents', () => {
  const checks = [
    '{ check: recovery, within: 5min, incident: crash }',
    '{ check: sometimes, state: retries }',
    '{ check: sometimes, state: [backlog, gave-up], allowUnknown: true }',
    '{ check: no-collapse, within: 2min, expect: failed }',
    '{ check: trust-window, expect: passed }',
  ];
  const none = {
    withinUs: null,
    states: [],
    incident: null,
    expects: 'passed',
    allowsUnknown: false,
  };
  expect(withSets(`checks=[${checks.join(', ')}]`).checks).toEqual([
    { ...none, check: 'recovery', withinUs: 300e6, incident: 'crash' },
    { ...none, check: 'sometimes', states: ['retries'] },
    { ...none, check: 'sometimes', states: ['backlog', 'gave-up'], allowsUnknown: true },
    { ...none, check: 'no-collapse', withinUs: 120e6, expects: 'failed' },
    { ...none, check: 'trust-window' },
  ]);
});

// Each mistake, and what its author reads.
test.each([
  ['replications=none', /replications/],
  ['replications={ precision: 0% }', /0\.01% to 100%/],
  ['replications={ precision: 2%, min: 2 }', /3 to 10000/],
  ['replications={ precision: 2%, min: 50, max: 20 }', /max is below min[^]*write max: 50 or more/],
  ['replications={ precision: 2%, metrics: [latencyP98] }', /latencyP98[^]*latencyP9/],
  ['replications={ precision: 2%, metrics: [] }', /too short/],
  ['replications={ min: 5 }', /precision/],
  ['warmUp=auto', /terminating scenario has no warm-up/],
  ['warmUp=soon', /warmUp[^]*soon[^]*or write auto/],
  ['warmUp=atuo', /"atuo" is not known here[^]*did you mean "auto"/],
  ['warmUp=5m', /"5m" is not a duration[^]*write `min` or `ms` instead of `m`/],
  ['checks=[{ check: recover, within: 5min }]', /did you mean "recovery"/],
  ['checks=[{ check: recovery }]', /recovery needs a bound[^]*within: 5min/],
  ['checks=[{ check: recovery, within: 5min, incident: crush }]', /"crush"[^]*crash/],
  ['checks=[{ check: recovery, within: 5min, state: retries }]', /recovery asks for no state/],
  ['checks=[{ check: trust-window, within: 5min }]', /trust-window has no bound/],
  ['checks=[{ check: trust-window, incident: crash }]', /trust-window is not about one incident/],
  ['checks=[{ check: trust-window, expect: failed }]', /trust-window cannot fail/],
  ['checks=[{ check: no-collapse, expect: fail }]', /"fail"[^]*did you mean "failed"/],
  ['checks=[{ check: sometimes }]', /sometimes needs a state/],
  ['checks=[{ check: sometimes, state: retrys }]', /retrys[^]*retries/],
])('%s', (set, message) => {
  expect(() => withSets(set)).toThrow(message);
});

test('a warm-up cannot be found in a few rows', () => {
  const sets = ['kind=steady', 'warmUp=auto', 'seriesBucket=1s'];
  expect(() => withSets(...sets)).toThrow(
    /takes 250 rows of the series before the first incident, and there are 20/,
  );
});
