/** The table of facts 13 names tests that exist, and says what is missing where something is. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { FACTS_13 } from './facts-13.ts';

/** Rows of three suites: the rules alone, the virtual engine, the live engine. */
const WORLDS = 'testing/worlds.ts';

const sourceOf = (file: string): string =>
  readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');

/** As the title of a test or of a group, or as the name of a row that a group is made of. */
function hasTitle(source: string, title: string): boolean {
  const quoted = RegExp.escape(title);
  return new RegExp(`(?:\\(|\\bname:)\\s*(['"\`])${quoted}\\1\\s*,`).test(source);
}

test('25 lines, in order', () => {
  expect(FACTS_13.map(({ number }) => number)).toEqual(Array.from({ length: 25 }, (_, i) => i + 1));
});

describe.each(FACTS_13)('line $number', ({ status, tests, reason }) => {
  test('what is left out has a reason, and nothing else has', () => {
    expect(reason === null).toBe(status === 'shown');
    expect(tests.length > 0).toBe(status !== 'left out');
  });

  test('its tests exist', () => {
    const missing = tests.filter(({ file, title }) => !hasTitle(sourceOf(file), title));
    expect(missing).toEqual([]);
    const isRun = (file: string): boolean => file.endsWith('.test.ts') || file === WORLDS;
    expect(tests.filter(({ file }) => !isRun(file))).toEqual([]);
    expect(new Set(tests.map(({ file, title }) => `${file} ${title}`)).size).toBe(tests.length);
  });
});

test('a title is found where it is one, and nowhere else', () => {
  const source = `
    // as good as 'some other text',
    test('a title', () => {});
    test.each(rows)(
      "that's one of many", () => {});
    const rows = [{ name: 'a row', value: 'a value', }];`;
  for (const title of ['a title', "that's one of many", 'a row']) {
    expect(hasTitle(source, title), title).toBe(true);
  }
  for (const title of ['a', 'title', 'a value', 'some other text', 'a.title']) {
    expect(hasTitle(source, title), title).toBe(false);
  }
});
