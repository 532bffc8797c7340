/**
 * Every command of the README that runs something quickly is run as written; the long ones are
 * named here, so that a new command cannot go untested unnoticed.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const commands = [...readme.matchAll(/^```\n([\s\S]*?)^```$/gm)]
  .flatMap((block) => block[1].split('\n'))
  .map((line) => line.replace(/\s*#.*$/, '').trim())
  .filter((line) => line !== '');

/**
 * Installing and testing is what runs this test; the main job is run by the benchmark, what ends
 * with Ctrl-C by sim/cli/up.test.ts, and what the machine's load decides by validate.test.ts.
 */
const NOT_HERE = [
  'npm ci && npm start',
  'npm ci && npm test',
  'npx fedlab up small',
  'npx fedlab validate validate/light-load',
];

test('the README has its commands', () => {
  expect(commands).toEqual(expect.arrayContaining([...NOT_HERE, 'npx fedlab run small']));
});

for (const command of commands.filter((line) => !NOT_HERE.includes(line))) {
  test(`README: ${command}`, { timeout: 120_000 }, () => {
    const [program, name, ...words] = command.split(' ');
    expect([program, name]).toEqual(['npx', 'fedlab']);
    const folder = mkdtempSync(join(tmpdir(), 'fedlab-readme-'));
    try {
      const isRun = words[0] === 'run';
      const rest = isRun ? ['--quiet', '--out', join(folder, 'out')] : [];
      const launcher = join(repository, 'sim/fedlab.mjs');
      // `new` writes beside where it is called: not into the repository.
      const cwd = words[0] === 'new' ? folder : repository;
      execFileSync(process.execPath, [launcher, ...words, ...rest], { cwd, stdio: 'pipe' });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}
