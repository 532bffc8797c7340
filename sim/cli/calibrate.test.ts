// `fedlab calibrate` as it is typed: what it writes, `fedlab run` reads.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'fedlab-calibrate-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

function fedlab(...words: readonly string[]): { code: number | null; out: string; error: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...words], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
  expect(stdout + stderr).not.toMatch(/\bat .*\.ts:\d+/);
  return { code: status, out: stdout, error: stderr };
}

test('measures, says what it has measured, and runs from its file', { timeout: 60_000 }, () => {
  const out = 'mine.calibration.json';
  const { code, error } = fedlab('calibrate', '--out', out, '--budget', '5', '--precision', '50');
  expect([code, error.includes('logCommit: mean ')]).toEqual([0, true]);
  expect(readdirSync(folder)).toEqual([out]);
  const run = fedlab('run', 'small', '--calibration', `./${out}`, '--json', '--no-report');
  expect((JSON.parse(run.out) as { calibration: string }).calibration).toBe('mine');
});

test('what is there already is not lost', () => {
  writeFileSync(join(folder, 'old.calibration.json'), 'precious');
  const { code, error } = fedlab('calibrate', '--out', 'old.calibration.json');
  expect(code).toBe(2);
  expect(error).toMatch(/^error: old\.calibration\.json is there already; --replace /);
});

test('a folder that is not there is said before anything is measured', () => {
  const { code, error } = fedlab('calibrate', '--out', 'nowhere/x.calibration.json');
  expect([code, error]).toEqual([
    2,
    'error: cannot write nowhere/x.calibration.json: there is no such file or folder\n',
  ]);
  expect(existsSync(join(folder, 'nowhere'))).toBe(false);
});
