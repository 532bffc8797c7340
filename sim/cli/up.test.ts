// `fedlab up` as it is typed: the commands it prints work as printed, Ctrl-C ends it well, and what
// stands in its way is named.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'fedlab-up-test-'));
afterAll(() => rmSync(folder, { recursive: true }));
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

test.skipIf(!hasCurl)('every printed command is answered, and nothing is left behind', async () => {
  const { text, end } = await up('small', '--any-ports');
  const commands = text.split('\n').filter((line) => line.startsWith('  curl '));
  expect(commands).toHaveLength(1);
  for (const command of commands) {
    const answer = execFileSync('sh', ['-c', `${command.replace('curl', 'curl -s')} -m 20`]);
    expect(answer.toString('latin1')).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer.toString('latin1')).toMatch(/^x-road-request-hash: /im);
  }
  const refused = commands[0].replace('70000002/office', '70000002/nobody');
  const answer = execFileSync('sh', ['-c', refused.replace('curl', 'curl -s')]).toString();
  expect(answer).toMatch(/^HTTP\/1\.1 500 /);
  expect(answer).toMatch(/^x-road-error: server\.clientproxy\.unknown_member/im);
  expect((await end()).code).toBe(0);
  expect(readdirSync(folder)).toEqual([]);
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
