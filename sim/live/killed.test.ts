/**
 * The process of a network dies under load, or is told to end. Whatever its callers had been
 * answered before must be in both logs when it is started again on the same folders, and nothing
 * may be left of one that has ended in order.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CONSUMER, PROVIDER, startKept } from '../testing/doomed-network.ts';
import { judgeContainers, loggedIn, logPathOf } from '../testing/logged-messages.ts';
import { readAnchors } from './evidence/anchors.ts';
import { exportVerificationConf } from './log/asic-export.ts';
import type { StoredMessage } from './log/log-record.ts';
import type { LiveNetwork } from './network.ts';
import { reconcileLogs } from './reconcile.ts';

const CHILD = fileURLToPath(new URL('../testing/doomed-network.ts', import.meta.url));
const SIDES = [CONSUMER, PROVIDER] as const;

let folder = '';
let child: ChildProcess | null = null;
let network: LiveNetwork | null = null;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fedlab-killed-'));
});

afterEach(async () => {
  child?.kill('SIGKILL');
  child = null;
  await network?.stop();
  network = null;
  rmSync(folder, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly lines: readonly string[];
}

/** Settles when the child has ended; `heard` is told of each line. */
function run(until: string, heard: (line: string, running: ChildProcess) => void): Promise<Ended> {
  const running = spawn(process.execPath, [CHILD, folder, until], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child = running;
  const lines: string[] = [];
  const reader = createInterface({ input: running.stdout });
  reader.on('line', (line) => {
    lines.push(line);
    heard(line, running);
  });
  const read = new Promise<void>((resolve) => reader.once('close', resolve));
  return new Promise((resolve, reject) => {
    running.once('error', reject);
    running.once('close', (code, signal) => {
      void read.then(() => resolve({ code, signal, lines }));
    });
  });
}

/** Ids of the calls that were answered by the provider. */
function answeredIn(lines: readonly string[]): string[] {
  return lines.flatMap((line) => {
    const [word, status, fault, id] = line.split(' ');
    return word === 'answered' && status === '200' && fault === '-' ? [id] : [];
  });
}

const logOf = (server: string): StoredMessage[] =>
  loggedIn(logPathOf(join(folder, 'servers'), server));

const namesIn = (log: readonly StoredMessage[]): Set<string> =>
  new Set(log.map(({ messageId, isResponse }) => `${messageId} ${isResponse}`));

/** Kills the child at an instant that nobody has chosen, after so many answers. */
async function killAfter(answers: number): Promise<string[]> {
  let count = 0;
  const { code, signal, lines } = await run('until-killed', (line, running) => {
    if (!line.startsWith('answered') || ++count !== answers) return;
    setTimeout(() => running.kill('SIGKILL'), Math.random() * 30);
  });
  expect([code, signal]).toEqual([null, 'SIGKILL']);
  const answered = answeredIn(lines);
  expect(answered.length).toBeGreaterThanOrEqual(answers);
  return answered;
}

test('kill -9 under load, twice: what was answered is logged, stamped, and holds', async () => {
  const answered: string[] = [];
  for (const answers of [40, 60]) {
    answered.push(...(await killAfter(answers)));
    // As the dead have left it; the second one has started on what the first one left.
    for (const side of SIDES) {
      const names = namesIn(logOf(side));
      const lost = answered.filter((id) => !names.has(`${id} false`) || !names.has(`${id} true`));
      expect([side, lost]).toEqual([side, []]);
    }
  }
  const before = SIDES.map((side) => logOf(side).length);
  network = await startKept(folder);
  for (const side of SIDES) {
    const { messageLog, trust } = network.server(side);
    await trust.timeStamper.run();
    expect([side, messageLog.store.waitingCount()]).toEqual([side, 0]);
  }
  const logs = SIDES.map(logOf);
  expect(logs.map(({ length }) => length)).toEqual(before);
  const trustPath = join(folder, 'verificationconf.zip');
  const { configurationFolder } = network.server(CONSUMER).trust;
  writeFileSync(trustPath, (await exportVerificationConf(configurationFolder)).body);
  const anchors = readAnchors([trustPath]);
  for (const log of logs) {
    const { containers, failures } = judgeContainers(join(folder, 'out'), log, anchors);
    expect([containers, failures]).toEqual([log.length, []]);
  }
  const { differing, repeated, missing } = reconcileLogs(logs[0], logs[1]);
  expect([differing, repeated]).toEqual([[], []]);
  // Only what was on its way when the process died may stand in one log alone.
  const known = new Set(answered);
  expect(missing.filter(({ messageId }) => known.has(messageId))).toEqual([]);
  expect((await network.call(0, { sendsId: true })).status).toBe(200);
});

test('after its end no socket, timer or file is left: the process ends by itself', async () => {
  const { code, signal, lines } = await run('60', () => undefined);
  expect([code, signal]).toEqual([0, null]);
  expect(answeredIn(lines)).toHaveLength(60);
  expect(lines.filter((line) => line.startsWith('open '))).toEqual([]);
  expect(lines.at(-1)).toBe('stopped');
});
