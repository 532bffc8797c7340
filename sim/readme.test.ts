/**
 * The tables of sim/README.md are printed from the registries. `UPDATE_GOLDEN=1 npm test` rewrites
 * them.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CONDITIONS } from './protocol/condition.ts';
import { FAULTS } from './protocol/fault.ts';
import { FACTS_13 } from './testing/facts-13.ts';
import type { TestName } from './testing/facts-13.ts';

const README = new URL('README.md', import.meta.url);

const faults = [
  '| 7.8 | 7.7 | side | definite | meaning |',
  '|---|---|---|---|---|',
  ...FAULTS.map(
    ({ code, code77, side, definite, prose }) =>
      `| ${code} | ${code77} | ${side} | ${definite ? 'yes' : 'no'} | ${prose} |`,
  ),
];

const conditions = [
  '| name | of a | side | meaning |',
  '|---|---|---|---|',
  ...CONDITIONS.map(({ name, of, side, prose }) => `| \`${name}\` | ${of} | ${side} | ${prose} |`),
];

/** Titles by file: `a.test.ts`: title; title. */
function testsText(tests: readonly TestName[]): string {
  return [...Map.groupBy(tests, ({ file }) => file)]
    .map(([file, rows]) => `\`${file}\`: ${rows.map(({ title }) => title).join('; ')}`)
    .join('<br>');
}

const facts = [
  '| line | what | here | left out | tests |',
  '|---|---|---|---|---|',
  ...FACTS_13.map(
    ({ number, what, status, reason, tests }) =>
      `| ${number} | ${what} | ${status} | ${reason ?? ''} | ${testsText(tests)} |`,
  ),
];

test.each([
  ['facts-13', facts],
  ['faults', faults],
  ['conditions', conditions],
])('the table of %s in sim/README.md', (name, lines) => {
  const text = readFileSync(README, 'utf8');
  const begin = `<!-- ${name}:begin -->\n`;
  const from = text.indexOf(begin) + begin.length;
  const to = text.indexOf(`<!-- ${name}:end -->`);
  expect(from).toBeGreaterThan(begin.length);
  const table = `${lines.join('\n')}\n`;
  if (process.env['UPDATE_GOLDEN'] === '1') {
    writeFileSync(README, text.slice(0, from) + table + text.slice(to));
    return;
  }
  expect(text.slice(from, to)).toBe(table);
});
