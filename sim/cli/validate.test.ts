/**
 * `fedlab validate FILE` as it is typed: short runs of both engines, in processes of their own. On
 * a machine that others keep busy nothing can be said of times; faults are the same on any.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { readRunResult } from '../../reports/result-shape.ts';
import { RESULT_SCHEMA } from '../metrics/result-schema.ts';
import type { AgreementResult, RunResult } from '../metrics/result.ts';
import { flawsOf } from '../testing/json-schema.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'fedlab-validate-'));
const temporary = join(folder, 'temporary');
mkdirSync(temporary);
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, duration: string): string {
  const text = `
title: Two servers in two engines
duration: ${duration}
seed: 5
instances:
  E.E:
    profile: ee-production
    parameters: { connectionReuse: false, keyType: ec-p256, localRtt: 0ms }
    members:
      - { id: GOV/1, name: a, subsystems: [a] }
      - { id: GOV/2, name: b, subsystems: [b] }
    servers:
      - { id: s1, owner: GOV/1, subsystems: [GOV/1/a] }
      - { id: s2, owner: GOV/2, subsystems: [GOV/2/b] }
systems:
  - { id: system, capacity: 4, serviceTime: 10ms }
services:
  - { id: E.E/GOV/2/b/open, system: system, responseSize: 2KiB, access: [E.E/GOV/1/a] }
  - { id: E.E/GOV/2/b/closed, system: system, responseSize: 2KiB, access: [] }
workloads:
  - { id: even, client: E.E/GOV/1/a, services: E.E/GOV/2/b/open, arrivals: constant, rate: 4/s }
  - id: refused
    client: E.E/GOV/1/a
    services: E.E/GOV/2/b/closed
    arrivals: constant
    rate: 1/s
`;
  writeFileSync(join(folder, name), text);
  return name;
}

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

interface Typing {
  readonly environment?: Readonly<Record<string, string>>;
  /** Ctrl-C when this has been said. */
  readonly interruptAt?: RegExp;
}

function fedlab(words: readonly string[], typing: Typing = {}): Promise<Ended> {
  const { environment = {}, interruptAt = null } = typing;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, 'validate', ...words], {
      cwd: folder,
      env: { ...process.env, NO_COLOR: '1', TMPDIR: temporary, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [out, error] = ['', ''];
    let isInterrupted = false;
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => {
      error += chunk.toString();
      if (interruptAt === null || isInterrupted || !interruptAt.test(error)) return;
      isInterrupted = true;
      child.kill('SIGINT');
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, error }));
  });
}

function resultIn(...path: readonly string[]): RunResult {
  const value: unknown = JSON.parse(readFileSync(join(folder, ...path, 'result.json'), 'utf8'));
  expect(flawsOf(RESULT_SCHEMA, value)).toEqual([]);
  return readRunResult(value, { file: 'result.json', path: '' });
}

test('both engines give the same faults; the folder has both and their difference', async () => {
  const file = write('short.scenario.yaml', '4s');
  const { code, out, error } = await fedlab([file, '--json', '--out', 'both']);
  expect(error).not.toMatch(/error|bug/i);
  expect([0, 3, 5, 6]).toContain(code);
  const agreement = JSON.parse(out) as AgreementResult & { readonly exitCode: number };
  expect(agreement).toMatchObject({ exitCode: code, calibration: 'fedlab-node', loop: 'open' });
  const faults = agreement.rows.filter(({ kind }) => kind === 'fault');
  expect(faults).toMatchObject([
    { name: 'server.serverproxy.access_denied', side: 'provider', verdict: 'agrees' },
  ]);
  expect(agreement.rows.find(({ name }) => name === 'due')).toMatchObject({
    virtual: 20,
    live: 20,
    tolerance: 0,
    verdict: 'agrees',
  });
  const files = readdirSync(join(folder, 'both'));
  expect(files.toSorted()).toEqual(['agreement.json', 'agreement.md', 'live', 'virtual']);
  const text = readFileSync(join(folder, 'both', 'agreement.json'), 'utf8');
  expect(JSON.parse(text)).toEqual(agreement);
  const [virtual, live] = [resultIn('both', 'virtual'), resultIn('both', 'live')];
  expect([virtual.engine, live.engine, virtual.agreement]).toEqual(['virtual', 'live', null]);
  expect(live.agreement?.rows).toEqual(agreement.rows);
  const scenario = readFileSync(join(folder, 'both', 'virtual', 'scenario.yaml'), 'utf8');
  expect(scenario.match(/host: this-machine/g)).toHaveLength(2);
  const report = readFileSync(join(folder, 'both', 'live', 'report.html'), 'utf8');
  expect(report).toContain('<h2>The two engines</h2>');
  expect(readFileSync(join(folder, 'both', 'agreement.md'), 'utf8')).toContain('access_denied');
  expect(readdirSync(temporary)).toEqual([]);
}, 60_000);

test('a generator that cannot keep up makes no verdict', async () => {
  const file = write('late.scenario.yaml', '1s');
  const environment = { FEDLAB_TEST_FAIL: 'late:60' };
  const { code, out } = await fedlab([file, '--out', 'late'], { environment });
  expect(code).toBe(6);
  expect(out).toContain('NOT A VALID MEASUREMENT');
}, 60_000);

test('Ctrl-C leaves nothing behind', async () => {
  const file = write('long.scenario.yaml', '10min');
  const before = readdirSync(folder);
  const typing = { interruptAt: /live\n[^]*[1-9]\d* exchanges/ };
  const { code, out, error } = await fedlab([file, '--out', 'long'], typing);
  expect([code, out]).toEqual([130, '']);
  expect(error).toContain('interrupted: nothing is written');
  expect(readdirSync(folder)).toEqual(before);
  expect(readdirSync(temporary)).toEqual([]);
}, 60_000);

test('what cannot be run live, and a folder of something else, are refused at once', async () => {
  const unbuilt = await fedlab(['national/working-day', '--out', 'refused']);
  expect(unbuilt.code).toBe(2);
  expect(unbuilt.error).toMatch(/the live engine cannot run this scenario:\n( {2}\S.*\n)+/);
  expect(readdirSync(folder)).not.toContain('refused');
  mkdirSync(join(folder, 'mine'));
  writeFileSync(join(folder, 'mine', 'thesis.txt'), 'precious');
  const file = write('short.scenario.yaml', '4s');
  const foreign = await fedlab([file, '--out', 'mine']);
  expect([foreign.code, readdirSync(join(folder, 'mine'))]).toEqual([2, ['thesis.txt']]);
  expect(foreign.error).toContain('holds thesis.txt, so it is no comparison of the engines');
}, 60_000);
