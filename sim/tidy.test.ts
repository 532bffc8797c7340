/**
 * The house rules, held up against this repository: who may import whom, where time and chance may
 * be read, how long a function may be. The rules themselves are in testing/tidy-rules.ts.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { formatViolations, functionRule, RULES } from './testing/tidy-rules.ts';
import type { SourceFile } from './testing/tidy-rules.ts';

const repository = new URL('..', import.meta.url);
const files = readSources(['sim', 'reports', 'bench', 'scenarios']);

/**
 * Functions over 70 lines: `path name` -> lines. A ratchet: numbers go down, never up. Only a hot
 * loop belongs here, which would be slower in pieces.
 */
const LONG_FUNCTIONS: Readonly<Record<string, number>> = {};

test('the sources are found', () => {
  expect(files.map(({ path }) => path)).toContain('sim/tidy.test.ts');
});

for (const [name, rule] of Object.entries(RULES)) {
  test(`house rule: ${name}`, () => {
    expect(formatViolations(rule(files))).toBe('');
  });
}

test('house rule: functions', () => {
  expect(formatViolations(functionRule(LONG_FUNCTIONS)(files))).toBe('');
});

function readSources(folders: readonly string[]): SourceFile[] {
  return folders
    .filter((folder) => existsSync(new URL(folder, repository)))
    .flatMap((folder) => {
      const names = readdirSync(new URL(folder, repository), { recursive: true, encoding: 'utf8' });
      return names.map((name) => `${folder}/${name.replaceAll('\\', '/')}`);
    })
    .filter((path) => /\.(ts|mjs)$/.test(path) && !/(^|\/)(node_modules|\.)/.test(path))
    .toSorted()
    .map((path) => ({
      path,
      text: readFileSync(fileURLToPath(new URL(path, repository)), 'utf8'),
    }));
}
