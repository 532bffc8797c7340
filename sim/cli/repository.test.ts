import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readCommit } from './repository.ts';

// Where git itself starts the tests, its variables name the repository around.
for (const key of Object.keys(process.env)) {
  if (key.startsWith('GIT_')) delete process.env[key];
}

const SETTINGS = ['user.name=a', 'user.email=a@b', 'commit.gpgsign=false'];
let folder = '';
const git = (...words: readonly string[]): string =>
  execFileSync('git', [...SETTINGS.flatMap((setting) => ['-c', setting]), ...words], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fedlab-repository-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

test('a commit is named as it is only while no file of it has been changed', () => {
  expect(readCommit(folder)).toBe('unknown');
  const file = join(folder, 'file.txt');
  writeFileSync(file, 'one');
  git('init');
  expect(readCommit(folder)).toBe('unknown');
  git('add', 'file.txt');
  git('commit', '-m', 'first');
  const commit = git('rev-parse', 'HEAD');
  expect(commit).toMatch(/^[0-9a-f]{40}$/);
  expect(readCommit(folder)).toBe(commit);
  // A file that git does not know, such as a result folder, is no part of the tool.
  writeFileSync(join(folder, 'other.txt'), 'two');
  expect(readCommit(folder)).toBe(commit);
  writeFileSync(file, 'three');
  expect(readCommit(folder)).toBe(`${commit}-modified`);
  git('add', 'file.txt');
  expect(readCommit(folder)).toBe(`${commit}-modified`);
  git('commit', '-m', 'second');
  expect(readCommit(folder)).toBe(git('rev-parse', 'HEAD'));
  expect(git('rev-parse', 'HEAD')).not.toBe(commit);
});
