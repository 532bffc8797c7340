// `fedlab verify` as it is typed: exit codes, what is said where, and no stack trace whatever the
// file.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeContainer, makeNetwork, makeZip } from '../testing/evidence-maker.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'fedlab-verify-'));
afterAll(() => rmSync(folder, { recursive: true }));

beforeAll(() => {
  const network = makeNetwork('ec');
  const files = makeContainer(network, { attachments: [Buffer.from('body')] });
  const write = (name: string, content: Buffer | string): void =>
    writeFileSync(join(folder, name), content);
  write('shared-params.xml', network.sharedParameters);
  write('good.asice', makeZip(files));
  files.set('attachment1', Buffer.from('BODY\n\u001b[2J'));
  write('bad.asice', makeZip(files));
  write('cut.asice', makeZip(files).subarray(0, 300));
  write('empty.asice', '');
  write('nothing.txt', 'no certificate');
});

function verify(...words: readonly string[]): { code: number | null; out: string; error: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, 'verify', ...words], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
  expect(stdout + stderr).not.toMatch(/\bat .*\.ts:\d+/);
  return { code: status, out: stdout, error: stderr };
}

test('0: everything holds', () => {
  const { code, out, error } = verify('good.asice', '--trust', 'shared-params.xml');
  expect([code, error]).toEqual([0, '']);
  expect(out).toMatch(/^ {2}passed {3}certificate chain +issued by CN=Lab CA/m);
  expect(out).toMatch(/^passed {2}good\.asice: 1\scontainer, \d+ passed, 0 failed, 0 unknown$/m);
});

test('7: something does not hold, with the code of X-Road', () => {
  const { code, out } = verify('bad.asice', '--trust', 'shared-params.xml', '--quiet');
  expect(code).toBe(7);
  expect(out).toMatch(/failed {3}hash chain .*\(malformed_signature\.invalid_hash_chain_ref\)/);
  expect(out).not.toMatch(/^ {2}passed/m);
});

test('5: without trust it stays unknown, and how to give it is told', () => {
  const { code, out, error } = verify('good.asice');
  expect(code).toBe(5);
  expect(out).toMatch(/unknown {2}certificate chain/);
  expect(error).toMatch(/--trust shared-params\.xml/);
});

test('--json prints the findings and nothing else', () => {
  const { code, out, error } = verify('bad.asice', '--json', '--trust', 'shared-params.xml');
  expect([code, error]).toEqual([7, '']);
  const report = JSON.parse(out) as { verdict: string; findings: readonly { code: string }[] };
  expect(report.verdict).toBe('failed');
  const codes = report.findings.map((finding) => finding.code).filter((value) => value !== null);
  expect(codes).toEqual(['malformed_signature.invalid_hash_chain_ref']);
});

test.each([
  ['a file cut off', ['cut.asice'], /cut\.asice: the end of its directory is missing/],
  ['an empty file', ['empty.asice'], /empty\.asice: it is too short for a zip file/],
  ['a file of another kind', ['nothing.txt'], /nothing\.txt: it is too short|no zip/],
  ['a file that is not there', ['absent.asice'], /absent\.asice: there is no such file/],
  ['trust that is none', ['good.asice', '--trust', 'nothing.txt'], /nothing to trust in it/],
  ['trust that is not there', ['good.asice', '--trust', 'absent'], /absent: there is no such file/],
  ['no path', [], /missing required argument/],
])('2: %s', (_, words, message) => {
  const { code, out, error } = verify(...words);
  expect([code, out]).toEqual([2, '']);
  expect(error).toMatch(message);
});
