/** What is assumed of trust services; compile.test.ts has profiles, links and the calibration. */
import { expect, test } from 'vitest';
import { planOfText, TWO_COUNTRIES } from '../testing/fake-outcome.ts';

const OF_TRUST = /central server|OCSP responder|time-stamping authority/;

/** `what = value (confidence; source)`. */
function told(...sets: readonly string[]): string[] {
  const { assumptions } = planOfText(TWO_COUNTRIES, sets);
  return assumptions
    .filter(({ what }) => OF_TRUST.test(what))
    .map(({ what, value, confidence, source }) => `${what} = ${value} (${confidence}; ${source})`);
}

test('what nobody gives is told with its source, once where countries agree', () => {
  expect(told('trust=on')).toEqual([
    'EE, FI: time that one central server needs for an answer = 5 ms ' +
      '(estimated; no figure is published; it hands out a small file that does not change)',
    'EE, FI: requests that one central server works on at once = 64 ' +
      '(estimated; no figure is published)',
    'EE: time that one OCSP responder needs for an answer = 6.8 ms ' +
      '(published; SK ID Solutions of its OCSP service, 7 November 2018)',
    'EE, FI: requests that one OCSP responder works on at once = 16 ' +
      '(estimated; no figure is published)',
    'EE: time that one time-stamping authority needs for an answer = 39.7 ms ' +
      '(published; SK ID Solutions of its time-stamping service, 16 November 2021)',
    'EE, FI: requests that one time-stamping authority works on at once = 16 ' +
      '(estimated; no figure is published)',
    'FI: time that one OCSP responder needs for an answer = 6.8 ms ' +
      '(derived; SK ID Solutions of its OCSP service, 7 November 2018; taken over from Estonia)',
    'FI: time that one time-stamping authority needs for an answer = 39.7 ms (derived; SK ID ' +
      'Solutions of its time-stamping service, 16 November 2021; taken over from Estonia)',
  ]);
});

// Two countries that are federated, one that is with nobody, and one alone.
test('who has no own configuration fetches no foreign one: told of the federated', () => {
  const rows = (...sets: readonly string[]): readonly string[] =>
    planOfText(TWO_COUNTRIES, sets)
      .assumptions.filter(({ what }) => what.includes('foreign configurations'))
      .map(({ what, value, confidence, source }) => [what, value, confidence, source].join('; '));
  expect(rows('trust=on', 'instances.LV={ profile: ee-production }')).toEqual([
    'EE, FI: foreign configurations after the own download has failed; are not fetched either; ' +
      'derived; ConfigurationClient.execute, X-Road 7.8',
  ]);
  expect(rows('trust=off')).toEqual([]);
  expect(rows('trust=on', 'federation=[]')).toEqual([]);
});

test('what the author gives is not assumed', () => {
  const own = '{ id: own, capacity: 3, serviceTime: { exponential: 20ms } }';
  const rows = told(
    'trust=on',
    `instances.EE.timeStampingAuthorities=[${own}]`,
    `instances.FI.timeStampingAuthorities=[${own}, { id: two, capacity: 4 }]`,
  ).filter((row) => row.includes('time-stamping authority'));
  expect(rows).toHaveLength(1);
  expect(rows[0]).toMatch(/^FI: time that one time-stamping authority needs .* = 39\.7 ms/);
});

test('where no clock runs, nothing is assumed of trust services', () => {
  expect(told()).toEqual([]);
  expect(told('trust=off')).toEqual([]);
});
