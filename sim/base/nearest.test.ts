import { expect, test } from 'vitest';
import { didYouMean, editDistance, nearest } from './nearest.ts';

test('edit distance', () => {
  const cases: [string, string, number][] = [
    ['', '', 0],
    ['', 'abc', 3],
    ['kitten', 'sitting', 3],
    // A swap of neighbours is one edit.
    ['ss-registyr', 'ss-registry', 1],
    ['same', 'same', 0],
  ];
  for (const [from, to, distance] of cases) {
    expect(editDistance(from, to)).toBe(distance);
    expect(editDistance(to, from)).toBe(distance);
  }
});

test('a limit changes no answer below it', () => {
  expect(editDistance('kitten', 'sitting', 4)).toBe(3);
  expect(editDistance('kitten', 'sitting', 2)).toBe(2);
  expect(editDistance('a', 'abcdefgh', 3)).toBe(3);
});

test('the nearest of the known names', () => {
  const known = ['ss-registry', 'ss-consumer', 'EE'];
  expect(nearest('ss-registri', known)).toBe('ss-registry');
  expect(nearest('SS-REGISTRY', known)).toBe('ss-registry');
  expect(nearest('ee', known)).toBe('EE');
  expect(nearest('weather', known)).toBeNull();
  // Two wrong letters of two are no resemblance.
  expect(nearest('xy', known)).toBeNull();
  expect(nearest('a', [])).toBeNull();
});

test('the first of equally near names', () => {
  expect(nearest('ss3', ['ss1', 'ss2'])).toBe('ss1');
  expect(didYouMean('ss3', ['ss1', 'ss2'])).toBe('did you mean "ss1"?');
});
