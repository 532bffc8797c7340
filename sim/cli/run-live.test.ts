/**
 * `fedlab run FILE --engine live` as it is typed: small runs over real sockets, in processes of
 * their own. Nothing is said of how fast they are but what the scenario itself makes certain.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { readRunResult } from '../../reports/result-shape.ts';
import { VERDICT_WORDS } from '../../reports/verdict-text.ts';
import { RESULT_SCHEMA } from '../metrics/result-schema.ts';
import type { RunResult } from '../metrics/result.ts';
import { flawsOf } from '../testing/json-schema.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'fedlab-run-live-'));
const temporary = join(folder, 'temporary');
mkdirSync(temporary);
afterAll(() => rmSync(folder, { recursive: true }));

const MS = 1e6;
const SERVICE_MS = 30;

function scenarioOf(duration: string, load: string): string {
  return `
title: Two servers on this machine
duration: ${duration}
instances:
  EE:
    profile: ee-production
    parameters: { connectionReuse: false, keyType: rsa-2048 }
    members:
      - { id: GOV/1, name: a, subsystems: [a] }
      - { id: GOV/2, name: b, subsystems: [b] }
    servers:
      - { id: s1, owner: GOV/1, subsystems: [GOV/1/a] }
      - { id: s2, owner: GOV/2, subsystems: [GOV/2/b] }
systems:
  - { id: system, capacity: 4, serviceTime: ${SERVICE_MS}ms }
services:
  - { id: EE/GOV/2/b/open, system: system, responseSize: 2KiB, access: [EE/GOV/1/a] }
  - { id: EE/GOV/2/b/closed, system: system, responseSize: 2KiB, access: [] }
workloads:
${load}`;
}

const EVEN = `
  - { id: even, client: EE/GOV/1/a, services: EE/GOV/2/b/open, arrivals: constant, rate: 6/s }
`;
const MIXED = `${EVEN}
  - { id: refused, client: EE/GOV/1/a, services: EE/GOV/2/b/closed, arrivals: constant, rate: 3/s }
  - id: hasty
    client: EE/GOV/1/a
    services: EE/GOV/2/b/open
    arrivals: constant
    rate: 2/s
    callers: { timeout: 20ms, retries: { max: 1, backOff: fixed, first: 10ms } }
  - { id: people, client: EE/GOV/1/a, services: EE/GOV/2/b/open, users: 2, thinkTime: 500ms }
`;

function write(name: string, text: string): string {
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
    const child = spawn(process.execPath, [MAIN, 'run', ...words, '--engine', 'live'], {
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

function resultIn(name: string): RunResult {
  const text = readFileSync(join(folder, name, 'result.json'), 'utf8');
  expect(flawsOf(RESULT_SCHEMA, JSON.parse(text))).toEqual([]);
  return readRunResult(JSON.parse(text), { file: 'result.json', path: '' });
}

const failedChecks = ({ checks }: RunResult): string[] =>
  checks.filter(({ verdict }) => verdict !== 'passed').map(({ name }) => name);

/** On a machine that others keep busy even a good generator may be late, and then it says so. */
function expectSound(result: RunResult): void {
  const { keptUp } = result.run.live?.generator ?? { keptUp: true };
  expect(failedChecks(result)).toEqual(keptUp ? [] : ['generator']);
}

test('a run leaves the same folder as in virtual time, and nothing else', async () => {
  const file = write('mixed.scenario.yaml', scenarioOf('4s', MIXED));
  const words = [file, '--out', 'mixed', '--exchanges', 'all'];
  const { code, out, error } = await fedlab(words);
  expect(error).not.toMatch(/error|bug/i);
  expect(readdirSync(temporary)).toEqual([]);
  const files = readdirSync(join(folder, 'mixed'));
  expect(files).toEqual(expect.arrayContaining(['histograms.json', 'report.html', 'series.csv']));
  const result = resultIn('mixed');
  expect(result).toMatchObject({ engine: 'live', timeCompression: 1, replications: 1 });
  expectSound(result);
  expect(code).toBe(result.verdict === 'invalid' ? 6 : 0);
  expect(out).toContain(VERDICT_WORDS[result.verdict].toUpperCase());
  const { calls, exchanges, faults, latencyNs, run, servers, systems, services } = result;
  const { attempts } = result;
  expect(calls.due).toBe(calls.answered + calls.faulted + calls.gaveUp + calls.openAtEnd);
  // Who waits 20 ms for what takes 30 gives up, after two attempts that nobody listens to.
  expect(calls.gaveUp).toBeGreaterThanOrEqual(6);
  expect(calls.gaveUp).toBeLessThanOrEqual(8);
  expect(attempts.abandonedByClient).toBeGreaterThanOrEqual(2 * calls.gaveUp);
  expect(attempts.started).toBe(exchanges.offered);
  expect(attempts.started - calls.due).toBeGreaterThanOrEqual(calls.gaveUp);
  expect(exchanges.succeeded).toBeGreaterThan(calls.answered);
  const dueOf = (name: string): number | undefined =>
    services.find(({ id }) => id.endsWith(name))?.calls.due;
  // Twelve in four seconds at three a second; the others are 24, 8, and those of two users.
  expect(dueOf('/closed')).toBe(12);
  expect(dueOf('/open')).toBeGreaterThanOrEqual(24 + 8 + 2);
  const [fault] = faults;
  expect(faults).toHaveLength(1);
  expect(fault).toMatchObject({ code: 'server.serverproxy.access_denied', side: 'provider' });
  expect(fault.count).toBe(calls.faulted);
  expect(calls.answered).toBeGreaterThan(20);
  // No answer comes before the information system has done its work.
  expect(latencyNs.p50).toBeGreaterThan(SERVICE_MS * MS);
  expect(latencyNs.max).toBeLessThan(4000 * MS);
  expect(systems[0].served).toBeGreaterThanOrEqual(exchanges.succeeded);
  expect(systems[0].served).toBeLessThanOrEqual(exchanges.succeeded + exchanges.inFlightAtEnd);
  const consumer = servers.find(({ id }) => id.endsWith('/s1'));
  expect(consumer).toMatchObject({
    exchanges: exchanges.offered,
    faults: 0,
    utilisation: { cpu: null },
  });
  expect(servers.find(({ id }) => id.endsWith('/s2'))?.faults).toBe(calls.faulted);
  expect(run.live?.generator).toMatchObject({ due: attempts.started, sent: attempts.started });
  expect(run.live?.threads.map(({ name }) => name)).toEqual(['servers', 'generator', 'other']);
  expect(run.command).toBe(`npx fedlab run ${file} --engine live --exchanges all --out mixed`);
}, 60_000);

test('a generator that cannot keep up makes no verdict', async () => {
  const file = write('late.scenario.yaml', scenarioOf('2s', EVEN));
  const environment = { FEDLAB_TEST_FAIL: 'late:150' };
  const words = [file, '--out', 'late', '--no-report', '--quiet'];
  const { code, error } = await fedlab(words, { environment });
  expect({ code, error }).toEqual({ code: 6, error: '' });
  const result = resultIn('late');
  expect(result.verdict).toBe('invalid');
  expect(failedChecks(result)).toContain('generator');
  expect(result.checks.find(({ name }) => name === 'generator')?.detail).toContain('keep up');
  expect(result.run.live?.generator.latenessMaxNs).toBeGreaterThan(20 * MS);
}, 60_000);

test('Ctrl-C leaves what was measured until then, and no folder, thread or socket', async () => {
  const file = write('long.scenario.yaml', scenarioOf('10min', EVEN));
  const typing = { interruptAt: /[1-9]\d* exchanges/ };
  const { code, error } = await fedlab([file, '--out', 'long', '--no-report'], typing);
  expect(code).toBe(130);
  expect(error).toContain('interrupted');
  const result = resultIn('long');
  expect(result.run.isInterrupted).toBe(true);
  expectSound(result);
  expect(result.calls.due).toBeGreaterThan(0);
  expect(result.simulatedSeconds).toBeLessThan(60);
  expect(readdirSync(temporary)).toEqual([]);
}, 60_000);

test('what cannot be run live is listed before anything is started', async () => {
  const { code, error } = await fedlab(['tsa-6h', '--out', 'refused']);
  expect(code).toBe(2);
  expect(error).toMatch(/the live engine cannot run this scenario:\n( {2}\S.*\n)+/);
  expect(error).toContain('a population is for virtual time');
  expect(readdirSync(folder)).not.toContain('refused');
  expect(readdirSync(temporary)).toEqual([]);
}, 30_000);
