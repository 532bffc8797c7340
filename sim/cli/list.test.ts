/** What `fedlab list` prints of the registries that have no page of their own elsewhere. */
import { expect, test } from 'vitest';
import { matchesGolden } from '../testing/golden.ts';
import { sectionText } from './list.ts';

const plain = (_: unknown, text: string): string => text;

test('journeys with the source of each figure, checks, and states', () => {
  const sections = (['journeys', 'checks', 'states'] as const).map((name) =>
    sectionText(name, plain),
  );
  matchesGolden(new URL('list.golden.txt', import.meta.url), `${sections.join('\n\n')}\n`);
});

test('every figure of a journey has a confidence and a source', () => {
  const figures = sectionText('journeys', plain)
    .split('\n')
    .filter((line) => /^ {10}/.test(line));
  expect(figures.length).toBeGreaterThan(15);
  for (const line of figures) {
    expect(line).toMatch(/^ +(published|derived|estimated) +\S.*: .*\S \[[^\]]+\]$/);
  }
});

test('the parameters of the trust clocks are among those of the profiles', () => {
  const text = sectionText('profiles', plain);
  // Values of facts 5.0 and 5.2 to 5.4, of the software, of Estonia and of Finland.
  for (const row of [
    /globalConfReloadInterval +1min +1min +1min/,
    /ocspFetchRetry +1min +1min +1min/,
    /ocspNextUpdate +0s +12h +0s/,
    /verifyNextUpdate +on +on +on/,
    /keyConfCachePeriod +5min +5min +5min/,
    /serverConfCachePeriod +1min +1min +1min/,
    /timeStampRetryDelay +1min +1min +1min/,
    /timeStampRecordsLimit +10000 +10000 +10000/,
    /timestampImmediately +off +off +off/,
    /ocspStrategy +none +none +none/,
    /timeStampingStrategy +none +none +none/,
    /tokenAutoLogin +on +on +on/,
    /synchronisedJobs +off +off +off/,
  ]) {
    expect(text).toMatch(row);
  }
});
