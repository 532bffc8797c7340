/**
 * The commands as a user types them, in processes of their own: exit codes, what is said on which
 * stream, what is on disk afterwards.
 */
import { spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readRunResult } from '../../reports/result-shape.ts';
import type { RunResult } from '../metrics/result.ts';
import { TWO_COUNTRIES } from '../testing/fake-outcome.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'fedlab-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

interface Typing {
  readonly environment?: Readonly<Record<string, string>>;
  /** Ctrl-C so many times, once something has been said. */
  readonly interrupts?: number;
}

function fedlab(words: readonly string[], { environment = {}, interrupts = 0 }: Typing = {}) {
  return new Promise<Ended>((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, ...words], {
      cwd: folder,
      env: { ...process.env, NO_COLOR: '1', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [out, error] = ['', ''];
    let sent = 0;
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => {
      error += chunk.toString();
      // The first follows the first progress line, the second the answer to the first.
      if (sent < interrupts && sent <= error.split('interrupted').length - 1) {
        sent++;
        child.kill('SIGINT');
      }
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, error }));
  });
}

function write(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return name;
}

function resultIn(name: string): RunResult {
  const text = readFileSync(join(folder, name, 'result.json'), 'utf8');
  return readRunResult(JSON.parse(text), { file: 'result.json', path: '' });
}

const NO_STACK = /\bat .*\.ts:\d+/;
const SCENARIO = 'two.scenario.yaml';
beforeAll(() => {
  write(SCENARIO, TWO_COUNTRIES);
});

test('a run that passes: 0, a whole folder, a summary', async () => {
  const { code, out, error } = await fedlab(['run', SCENARIO, '--exchanges', 'sample:20']);
  expect([code, error]).toEqual([0, '']);
  expect(out).toContain('✔ PASSED  Two countries');
  const name = 'out/two-virtual-7';
  expect(out).toContain(`${name}/report.html`);
  expect(readdirSync(join(folder, 'out'))).toEqual(['two-virtual-7']);
  expect(readdirSync(join(folder, name)).toSorted()).toEqual([
    'exchanges.csv',
    'histograms.json',
    'journal.jsonl',
    'report.html',
    'result.json',
    'scenario.yaml',
    'series.csv',
  ]);
  expect(resultIn(name).run).toMatchObject({
    command: `npx fedlab run ${SCENARIO} --exchanges sample:20`,
    workerFailures: [],
    isInterrupted: false,
  });
  // The resolved scenario is the scenario: it gives the same run again.
  cpSync(join(folder, name, 'scenario.yaml'), join(folder, 'again.scenario.yaml'));
  const again = await fedlab(['run', 'again.scenario.yaml', '--json', '--out', 'out/again']);
  expect(again.code).toBe(0);
  expect(resultIn('out/again').fingerprint).toEqual(resultIn(name).fingerprint);
});

test('--json prints the summary and nothing else, --quiet nothing', async () => {
  const loud = await fedlab(['run', SCENARIO, '--json', '--no-report', '--out', 'out/json']);
  expect([loud.code, loud.error]).toEqual([0, '']);
  expect(JSON.parse(loud.out)).toMatchObject({
    verdict: 'passed',
    exitCode: 0,
    folder: 'out/json',
    report: null,
    replications: 2,
  });
  expect(existsSync(join(folder, 'out/json/report.html'))).toBe(false);
  const quiet = await fedlab(['run', SCENARIO, '--quiet', '--no-report', '--out', 'out/json']);
  expect(quiet).toEqual({ code: 0, out: '', error: '' });
});

test('the number of workers changes nothing outside `run`', async () => {
  const sameOf = async (workers: string): Promise<string> => {
    const name = `out/workers-${workers}`;
    const words = ['run', SCENARIO, '--replications', '4', '--workers', workers, '--out', name];
    expect((await fedlab([...words, '--quiet'])).code).toBe(0);
    const { run: _run, ...same } = resultIn(name);
    const others = ['scenario.yaml', 'series.csv', 'histograms.json'];
    const files = others.map((file) => readFileSync(join(folder, name, file), 'utf8'));
    return JSON.stringify(same) + files.join('');
  };
  const one = await sameOf('1');
  expect(await sameOf('2')).toBe(one);
  expect(await sameOf('4')).toBe(one);
});

test('--set makes another folder, and is part of the scenario that ran', async () => {
  const words = ['run', SCENARIO, '--set', 'duration=20s', '--set', 'workloads.border.rate=1/s'];
  const { code, out } = await fedlab([...words, '--seed', '8', '--json', '--no-report']);
  expect(code).toBe(0);
  const summary = JSON.parse(out) as { folder: string };
  expect(summary.folder).toMatch(/^out\/two-virtual-8-[0-9a-f]{8}$/);
  expect(resultIn(summary.folder)).toMatchObject({ simulatedSeconds: 20, seed: 8 });
});

const IMPRECISE = '{ precision: 0.01%, min: 3, max: 3 }';
const NO_RETRIES = 'check: sometimes, state: retries';

// One row for each code that a run can end with, with what has to be different for it.
test.each([
  ['a threshold fails', 3, 'failed', ['thresholds=[{latencyP50: below 1us}]']],
  ['too few calls to tell', 5, 'inconclusive', ['thresholds=[{latencyP999: below 1min}]']],
  ['no room for the calls', 6, 'invalid', ['limits.exchangesMax=1']],
  ['a limit on events', 6, 'invalid', ['limits.eventsMax=1000']],
  [
    'invalid counts before failed',
    6,
    'invalid',
    ['limits.exchangesMax=1', 'thresholds=[{latencyP50: below 1us}]'],
  ],
  ['a precision is not reached', 5, 'inconclusive', [`replications=${IMPRECISE}`]],
  ['a state is not reached', 5, 'inconclusive', [`checks=[{${NO_RETRIES}}]`]],
  ['unless the scenario allows it', 0, 'passed', [`checks=[{${NO_RETRIES}, allowUnknown: true}]`]],
  [
    'calls do not recover in time',
    3,
    'failed',
    [
      'incidents=[{ id: crash, kind: server-crash, target: EE/ss1, at: 20s, for: 10s }]',
      'checks=[{ check: recovery, within: 5s }]',
    ],
  ],
  [
    'a queue that grows has no steady part',
    6,
    'invalid',
    [
      'kind=steady',
      'warmUp=auto',
      'seriesBucket=200ms',
      'systems.registry-system.capacity=1',
      'workloads.home-ee.rate=90/s',
    ],
  ],
])('%s: %i', async (_, expected, verdict, sets) => {
  const words = ['run', SCENARIO, '--out', 'out/code', '--no-report', '--json'];
  const { code, out } = await fedlab([...words, ...sets.flatMap((set) => ['--set', set])]);
  expect(JSON.parse(out)).toMatchObject({ verdict, exitCode: expected });
  expect(code).toBe(expected);
  expect(resultIn('out/code').verdict).toBe(verdict);
});

// The command line or the scenario is wrong: 2, a message that helps, no stack, nothing written.
write('bad.scenario.yaml', TWO_COUNTRIES.replace('duration: 60s', 'duraton: 60s'));
write('unlinked.scenario.yaml', TWO_COUNTRIES.replace('system: office-system', 'system: office'));
write('file', '');
write('empty.scenario.yaml', '');
write('broken.calibration.json', '{"name": 1}');
test.each([
  ['no command', [], /Usage: fedlab/],
  ['an unknown command', ['rnu'], /unknown command 'rnu'[^]*Did you mean run/],
  ['an unknown option', ['run', SCENARIO, '--sed', '1'], /unknown option '--sed'[^]*--seed/],
  ['no scenario', ['run'], /missing required argument 'file'/],
  ['too many', ['run', SCENARIO, 'another'], /too many arguments/],
  ['a scenario that is not there', ['run', 'smal'], /did you mean "small"/],
  ['a scenario without its folder', ['run', 'workingday'], /did you mean "national\/working-day"/],
  [
    'no such file',
    ['check', 'tow.scenario.yaml'],
    /no file tow[^]*no scenario of[^]*"two\.scenario/,
  ],
  ['no such file at all', ['check', 'nonexist.yaml'], /^error: there is no file nonexist\.yaml/],
  ['a folder', ['run', '.'], /^error: \. is a folder[^]*there are [^]*two\.scenario\.yaml/],
  ['a folder of scenarios', ['run', 'national'], /national\/working-day/],
  ['an empty file', ['check', 'empty.scenario.yaml'], /^empty\.scenario\.yaml: error\[empty\]/],
  ['an empty name', ['new', ''], /^error: "" cannot be the name of a scenario\nwrite a name/],
  ['a blank name', ['new', '  '], /cannot be the name/],
  ['a name of points', ['new', 'file/..'], /cannot be the name/],
  ['a name of two lines', ['new', 'a\nb'], /cannot be the name/],
  ['a name without end', ['new', 'x'.repeat(300)], /the name is too long/],
  ['a name in no folder', ['new', 'nowhere/x'], /no such file or folder/],
  ['a seed that is no number', ['run', SCENARIO, '--seed', 'x'], /whole number from 0/],
  ['no workers', ['run', SCENARIO, '--workers', '0'], /whole number from 1/],
  ['a wrong sample', ['run', SCENARIO, '--exchanges', 'sample:0'], /sample:N/],
  ['no such engine', ['run', SCENARIO, '--engine', 'steam'], /no engine called "steam"/],
  ['no such calibration', ['run', SCENARIO, '--calibration', 'zreo'], /did you mean "zero"/],
  [
    'a broken calibration',
    ['run', SCENARIO, '--calibration', './broken.calibration.json'],
    /broken\.calibration\.json: name: expected a text/,
  ],
  ['a mistake in the scenario', ['run', 'bad.scenario.yaml'], /bad\.scenario\.yaml:\d+:1: error/],
  ['a missing reference', ['check', 'unlinked.scenario.yaml'], /:\d+:13: error[^]*office-system/],
  ['a wrong --set', ['run', SCENARIO, '--set', 'durations=3s'], /--set:1:1: error/],
  ['a target that is a file', ['run', SCENARIO, '--out', 'file'], /is a file/],
  ['a target that is not ours', ['run', SCENARIO, '--out', '.'], /folder you are in/],
  ['a target that cannot be', ['run', SCENARIO, '--out', '/proc/fedlab'], /cannot write/],
  ['no result to report', ['report', '.'], /result\.json/],
  ['no journal to trace', ['trace', '.', '0:a:1'], /--exchanges/],
  ['an unknown schema', ['schema', 'life'], /Allowed choices are scenario, result/],
  ['an unknown list', ['list', 'lists'], /Allowed choices are scenarios/],
])('%s: 2', async (_, words, message) => {
  const before = readdirSync(folder).toSorted();
  const { code, out, error } = await fedlab(words);
  expect(error).toMatch(message);
  expect(code).toBe(2);
  expect(out).toBe('');
  expect(error).not.toMatch(NO_STACK);
  expect(readdirSync(folder).toSorted()).toEqual(before);
});

test('our own bug: 1, with the seed, and the stack only on demand', async () => {
  const words = ['run', SCENARIO, '--out', 'out/bug'];
  const environment = { FEDLAB_TEST_FAIL: 'bug:0' };
  const { code, error } = await fedlab(words, { environment });
  expect(code).toBe(1);
  expect(error).toMatch(/fedlab has a bug: asked for by a test \(seed 7\)/);
  expect(error).not.toMatch(NO_STACK);
  const debug = await fedlab(words, { environment: { ...environment, FEDLAB_DEBUG: '1' } });
  expect(debug.error).toMatch(NO_STACK);
  expect(readdirSync(join(folder, 'out')).filter((name) => name.includes('bug'))).toEqual([]);
});

test('workers that cannot be started: 1, without a stack', async () => {
  const environment = { FEDLAB_TEST_FAIL: 'start' };
  const { code, error } = await fedlab(['run', SCENARIO, '--out', 'out/start'], { environment });
  expect(code).toBe(1);
  expect(error).toContain('the worker threads do not start: uncaught error: asked for by a test');
  expect(error).not.toMatch(NO_STACK);
  expect(existsSync(join(folder, 'out/start'))).toBe(false);
});

test('a worker that ends is told, and changes nothing else', async () => {
  const words = ['run', SCENARIO, '--no-report', '--quiet', '--out'];
  const environment = { FEDLAB_TEST_FAIL: 'exit:0' };
  expect((await fedlab([...words, 'out/ended'], { environment })).code).toBe(0);
  expect((await fedlab([...words, 'out/whole'])).code).toBe(0);
  const { run, ...ended } = resultIn('out/ended');
  const { run: _run, ...whole } = resultIn('out/whole');
  expect(run.workerFailures).toEqual([{ replicationIndex: 0, reason: 'ended with code 9' }]);
  expect(ended).toEqual(whole);
});

test('a replication that cannot be finished makes the run invalid: 6', async () => {
  const words = ['run', SCENARIO, '--no-report', '--quiet', '--out', 'out/part'];
  const { code } = await fedlab(words, { environment: { FEDLAB_TEST_FAIL: 'exit:1:3' } });
  expect(code).toBe(6);
  expect(resultIn('out/part')).toMatchObject({ replications: 1, verdict: 'invalid' });
});

test('no replication could be finished: 2, and nothing is written', async () => {
  const words = ['run', SCENARIO, '--replications', '1', '--quiet', '--out', 'out/none'];
  const { code, error } = await fedlab(words, { environment: { FEDLAB_TEST_FAIL: 'exit:0:3' } });
  expect(code).toBe(2);
  expect(error).toMatch(/no replication could be finished \(ended with code 9, 3 times\)/);
  expect(existsSync(join(folder, 'out/none'))).toBe(false);
});

// No replication of it is finished before the first line of progress.
const LONG = ['--set', 'duration=300d', '--set', 'seriesBucket=1d', '--workers', '1'];

test('Ctrl-C before anything is finished: 130, and nothing is written', async () => {
  const words = ['run', SCENARIO, ...LONG, '--out', 'out/long'];
  const { code, error } = await fedlab(words, { interrupts: 1 });
  expect(code).toBe(130);
  expect(error).toContain('interrupted: writing what is finished');
  expect(error).toContain('nothing is written');
  expect(readdirSync(join(folder, 'out')).filter((name) => name.includes('long'))).toEqual([]);
});

test('Ctrl-C twice leaves at once, and nothing half written', async () => {
  const words = ['run', SCENARIO, ...LONG, '--out', 'out/twice'];
  const { code } = await fedlab(words, { interrupts: 2 });
  expect(code).toBe(130);
  expect(readdirSync(join(folder, 'out')).filter((name) => name.includes('twice'))).toEqual([]);
});

test('Ctrl-C keeps what is finished: 130', async () => {
  const words = ['run', SCENARIO, '--replications', '10000', '--out', 'out/kept', '--no-report'];
  const { code, out } = await fedlab(words, { interrupts: 1 });
  expect(code).toBe(130);
  expect(out).toContain('interrupted');
  const { run, replications } = resultIn('out/kept');
  expect(run.isInterrupted).toBe(true);
  expect(replications).toBeGreaterThan(0);
  expect(replications).toBeLessThan(10_000);
});

test('check says what would run, of several scenarios, and runs nothing', async () => {
  const { code, out, error } = await fedlab(['check', SCENARIO, SCENARIO]);
  expect([code, error]).toEqual([0, '']);
  expect(out.split('\n\n')).toHaveLength(2);
  expect(out).toMatch(/instances +EE \(ee-production\), FI \(fi-production\)/);
  expect(out).toMatch(/4\ssecurity servers, 4\shosts, 4\smembers, 4\ssubsystems, 2\sservices/);
  expect(out).toMatch(/load +1,920 calls a replication, 32\/s on average/);
  expect(out).toMatch(/cost +about .* of memory/);
});

test('check and run warn of calls that nobody may make, and go on', async () => {
  const words = [SCENARIO, '--set', 'services.0.access=[]'];
  const checked = await fedlab(['check', ...words]);
  expect(checked.code).toBe(0);
  expect(checked.error).toMatch(/warning\[no-access\]: no call of [^]* is missing from access/);
  const run = await fedlab(['run', ...words, '--json', '--no-report', '--set', 'thresholds=[]']);
  expect(run.code).toBe(0);
  expect(run.error).toBe(checked.error);
});

test('check looks at all files, whatever is wrong with the first', async () => {
  const words = ['check', 'bad.scenario.yaml', SCENARIO, 'unlinked.scenario.yaml'];
  const { code, out, error } = await fedlab(words);
  expect(code).toBe(2);
  expect(out).toContain('two, two.scenario.yaml');
  expect(error).toContain('bad.scenario.yaml:');
  expect(error).toContain('unlinked.scenario.yaml:');
});

test('new writes a scenario that can be checked, and never over another', async () => {
  const { code, out } = await fedlab(['new', 'mine']);
  expect(code).toBe(0);
  expect(out).toContain('mine.scenario.yaml');
  const again = await fedlab(['new', 'mine']);
  expect(again.code).toBe(2);
  expect(again.error).toContain('something of that name already');
  const checked = await fedlab(['check', 'mine.scenario.yaml', '--set', 'calibration=zero']);
  expect([checked.code, checked.error]).toEqual([0, '']);
});

test('report draws the same page again, and says what is wrong with a folder', async () => {
  const name = 'out/redrawn';
  expect((await fedlab(['run', SCENARIO, '--quiet', '--out', name])).code).toBe(0);
  const path = join(folder, name, 'report.html');
  const first = readFileSync(path, 'utf8');
  rmSync(path);
  expect(await fedlab(['report', name])).toMatchObject({ code: 0, out: `${name}/report.html\n` });
  expect(readFileSync(path, 'utf8')).toBe(first);
  writeFileSync(join(folder, name, 'series.csv'), 'time\n1\n');
  const { code, error } = await fedlab(['report', name]);
  expect(code).toBe(2);
  expect(error).toMatch(/series\.csv: line 1/);
  expect(error).not.toMatch(NO_STACK);
});

test('trace shows both legs of an exchange, and helps to find one', async () => {
  const name = 'out/traced';
  const words = ['run', SCENARIO, '--quiet', '--no-report', '--exchanges', 'all', '--out', name];
  expect((await fedlab(words)).code).toBe(0);
  const found = await fedlab(['trace', name, '1:border:3']);
  expect(found.code).toBe(0);
  expect(found.out).toContain('FI/GOV/0000002-7/agency through FI/GOV/0000002-7/ss2');
  expect(found.out).toMatch(/consumer +ThreadGranted +Accepted +Parse/);
  expect(found.out).toMatch(/provider +MessageEnd +Received +Verify/);
  const missed = await fedlab(['trace', name, '1:bordr:3']);
  expect(missed.code).toBe(2);
  expect(missed.error).toContain('did you mean "1:border:3"?');
  const path = join(folder, name, 'journal.jsonl');
  writeFileSync(path, readFileSync(path, 'utf8').slice(0, -20));
  const cut = await fedlab(['trace', name, '9:nothing:9']);
  expect(cut.code).toBe(2);
  expect(cut.error).toContain('cut off');
});

test('list and schema print from the registries', async () => {
  const { code, out } = await fedlab(['list']);
  expect(code).toBe(0);
  const wanted = ['small', 'server-crash', 'ocspFreshness', 'latencyP99', 'no-signing-key', 'zero'];
  for (const word of [...wanted, 'server.clientproxy.network_error']) expect(out).toContain(word);
  const metrics = await fedlab(['list', 'metrics']);
  expect(metrics.out.split('\n')[0]).toBe('Metrics');
  for (const of of ['scenario', 'result']) {
    const schema = await fedlab(['schema', of]);
    expect(JSON.parse(schema.out)).toHaveProperty('$schema');
  }
});

test('help and version: 0, and what is not built is not listed', async () => {
  const help = await fedlab(['--help']);
  expect(help.code).toBe(0);
  for (const word of ['compare', 'gate'])
    expect(help.out).not.toMatch(new RegExp(`^ {2}${word} `, 'm'));
  expect((await fedlab(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect((await fedlab(['run', '--help'])).out).toContain('virtual or live');
});
