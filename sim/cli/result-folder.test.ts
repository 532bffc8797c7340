import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ResultFolderWriter } from './result-folder.ts';
import { UserError } from './user-error.ts';

let around: string;
beforeEach(() => {
  around = mkdtempSync(join(tmpdir(), 'fedlab-folder-'));
});
afterEach(() => {
  rmSync(around, { recursive: true });
});

function writeResult(target: string, text: string): void {
  const writer = new ResultFolderWriter(target);
  writer.write('result.json', text);
  writer.write('series.csv', [text, text]);
  writer.commit();
}

test('a folder appears when it is complete, and nothing is beside it', () => {
  const target = join(around, 'deep', 'result');
  const writer = new ResultFolderWriter(target);
  writer.write('result.json', '{}');
  expect(existsSync(target)).toBe(false);
  writer.commit();
  expect(readdirSync(target)).toEqual(['result.json']);
  expect(readdirSync(join(around, 'deep'))).toEqual(['result']);
});

test('an older result is replaced whole', () => {
  const target = join(around, 'result');
  writeResult(target, 'old');
  writeFileSync(join(target, 'report.html'), 'old');
  writeResult(target, 'new');
  expect(readdirSync(target).toSorted()).toEqual(['result.json', 'series.csv']);
  expect(readFileSync(join(target, 'series.csv'), 'utf8')).toBe('newnew');
  expect(readdirSync(around)).toEqual(['result']);
});

test('an empty folder may become a result', () => {
  mkdirSync(join(around, 'empty'));
  writeResult(join(around, 'empty'), 'x');
  expect(readdirSync(join(around, 'empty'))).toContain('result.json');
});

test('a run that fails leaves nothing behind', () => {
  const target = join(around, 'deep', 'result');
  const writer = new ResultFolderWriter(target);
  writer.write('result.json', '{}');
  writer.discard();
  expect(readdirSync(join(around, 'deep'))).toEqual([]);
});

test.each([
  ['a folder with something else in it', ['result.json', 'thesis.docx'], 'thesis.docx'],
  ['a folder without a result', ['series.csv'], 'no result.json'],
])('%s is not touched', (_, names, reason) => {
  const target = join(around, 'mine');
  mkdirSync(target);
  for (const name of names) writeFileSync(join(target, name), 'precious');
  expect(() => new ResultFolderWriter(target)).toThrow(reason);
  expect(readdirSync(target).toSorted()).toEqual(names.toSorted());
  expect(readdirSync(around)).toEqual(['mine']);
});

test.each([
  ['a file', 'file'],
  ['below a file', 'file/result'],
  ['the folder one is in', '.'],
  ['a link that goes round', 'circle/result'],
  ['a name that is too long', 'x'.repeat(300)],
])('%s cannot be written to', (_, name) => {
  writeFileSync(join(around, 'file'), '');
  symlinkSync('circle', join(around, 'circle'));
  const target = name === '.' ? process.cwd() : join(around, name);
  expect(() => new ResultFolderWriter(target)).toThrow(UserError);
  expect(readdirSync(around).toSorted()).toEqual(['circle', 'file']);
});

test('what appears in its place during the run is not replaced', () => {
  const target = join(around, 'result');
  const writer = new ResultFolderWriter(target);
  mkdirSync(target);
  writeFileSync(join(target, 'notes.txt'), 'precious');
  expect(() => writer.commit()).toThrow('notes.txt');
  writer.discard();
  expect(readdirSync(around)).toEqual(['result']);
});

// /dev/full takes a file's bytes as a disk does that has no room for them.
test.skipIf(!existsSync('/dev/full'))('a full disk is said to be full', () => {
  const writer = new ResultFolderWriter(join(around, 'result'));
  symlinkSync('/dev/full', join(writer.folder, 'result.json'));
  expect(() => writer.write('result.json', 'much')).toThrow(/the disk is full/);
  writer.discard();
  expect(readdirSync(around)).toEqual([]);
});
