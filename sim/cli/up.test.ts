// `fedlab up` as it is typed: the commands it prints work as printed, Ctrl-C ends it well, and what
// stands in its way is named.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'fedlab-up-test-'));
const downloads = mkdtempSync(join(tmpdir(), 'fedlab-up-downloads-'));
const children: ChildProcess[] = [];
afterAll(() => {
  // Those of tests that have failed half-way.
  for (const child of children) child.kill('SIGKILL');
  for (const one of [folder, downloads]) rmSync(one, { recursive: true });
});
const hasCurl = spawnSync('curl', ['--version']).status === 0;
const environment = { ...process.env, NO_COLOR: '1', TMPDIR: folder };

interface Ended {
  readonly code: number | null;
  readonly error: string;
}

interface Up {
  /** What it has printed. */
  readonly text: string;
  /** Ctrl-C. */
  readonly end: () => Promise<Ended>;
}

/** Settles when the network is up. */
function up(...words: readonly string[]): Promise<Up> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, 'up', ...words], {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    let [text, error] = ['', ''];
    const ended = new Promise<Ended>((settle) => {
      child.once('close', (code) => settle({ code, error }));
    });
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => {
      error += chunk.toString();
      if (!error.includes('up; Ctrl-C')) return;
      const end = (): Promise<Ended> => {
        child.kill('SIGINT');
        return ended;
      };
      resolve({ text, end });
    });
    void ended.then(({ code }) => reject(new Error(`ended with ${code}: ${error}`)));
  });
}

/** Runs printed commands in a folder, and gives what each has printed. */
function run(commands: readonly string[], cwd: string): string[] {
  return commands.map((command) =>
    execFileSync('sh', ['-c', `${command.replace('curl', 'curl -s')} -m 20`], {
      cwd,
      encoding: 'latin1',
    }),
  );
}

const commandsIn = (text: string): string[] =>
  text.split('\n').filter((line) => line.startsWith('  curl '));

test.skipIf(!hasCurl)('every printed command is answered, and nothing is left behind', async () => {
  const { text, end } = await up('small', '--any-ports');
  const commands = commandsIn(text);
  const [call, clients, ...others] = run(commands, downloads);
  expect(call).toMatch(/^HTTP\/1\.1 200 /);
  expect(call).toMatch(/^x-road-request-hash: /im);
  expect(clients).toMatch(/"subsystem_code":"registry"/);
  expect(others).toEqual(['', '']);
  const refused = commands[0].replace('70000002/office', '70000002/nobody');
  const [answer] = run([refused], downloads);
  expect(answer).toMatch(/^HTTP\/1\.1 500 /);
  expect(answer).toMatch(/^x-road-error: server\.clientproxy\.unknown_member/im);
  expect((await end()).code).toBe(0);
  expect(readdirSync(folder)).toEqual([]);
});

test.skipIf(!hasCurl)('in SOAP, too; and fedlab verify accepts what was downloaded', async () => {
  const set = ['services.0.type=soap', 'instances.EE.parameters.bodyLogging=true'];
  const { text, end } = await up('small', '--any-ports', ...set.flatMap((one) => ['--set', one]));
  const [call] = run(commandsIn(text), downloads);
  expect(call).toMatch(/^HTTP\/1\.1 200 /);
  expect(call).toMatch(/<xro:requestHash .*<lab:personResponse /s);
  const words = /fedlab (verify .*)$/m.exec(text)?.[1].split(' ') ?? [];
  const verified = spawnSync(process.execPath, [MAIN, ...words], {
    encoding: 'utf8',
    cwd: downloads,
    env: environment,
  });
  expect(verified.stdout).toMatch(/^passed .*\.zip: 2\Wcontainers, /m);
  expect(verified.status).toBe(0);
  expect((await end()).code).toBe(0);
});

test.runIf(platform() === 'linux')('a port that is taken is named; exit 2', async () => {
  const { text, end } = await up('small');
  expect(text).toMatch(/calls to +http:\/\/127\.77\.0\.\d+:8080$/m);
  const second = spawnSync(process.execPath, [MAIN, 'up', 'small'], {
    encoding: 'utf8',
    env: environment,
  });
  await end();
  expect(second.status).toBe(2);
  expect(second.stderr).toMatch(/^error: port 8080 of 127\.77\.0\.\d+ is in use .* --any-ports/m);
  expect(readdirSync(folder)).toEqual([]);
});

test('what cannot run live is exit 2, with its reasons', () => {
  const { status, stderr } = spawnSync(process.execPath, [MAIN, 'up', 'national/working-day'], {
    encoding: 'utf8',
    env: environment,
  });
  expect(status).toBe(2);
  expect(stderr).toMatch(/^error: the live network cannot run this scenario: EE: a population /m);
  expect(stderr).not.toMatch(/\bat .*\.ts:\d+/);
});
