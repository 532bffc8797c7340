// The promise of the log: what was released is on the disk, whatever happens then.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { plainRecord } from '../testing/sample-log.ts';
import { DiskFullError, MessageLog } from './message-log.ts';

const folder = mkdtempSync(join(tmpdir(), 'fedlab-message-log-'));
let count = 0;
let path = '';
let log: MessageLog;

beforeEach(() => {
  path = join(folder, `${count++}.sqlite`);
  log = new MessageLog(path, 4);
});
afterEach(() => log.close());
afterAll(() => rmSync(folder, { recursive: true }));

/** As somebody else finds it on the disk, by another connection. */
function onDisk(sql: string): Readonly<Record<string, unknown>>[] {
  const database = new DatabaseSync(path, { readOnly: true });
  const rows = database.prepare(sql).all();
  database.close();
  return rows;
}

const idsOnDisk = (): unknown[] =>
  onDisk('SELECT queryid FROM logrecord ORDER BY id').map(({ queryid }) => queryid);

test('a row has the columns of X-Road', async () => {
  const owner = 'LAB/GOV/200/registry';
  await log.commit(plainRecord('m1', { owner, body: Buffer.from('body'), isResponse: true }));
  const [{ signaturehash, ...row }] = onDisk('SELECT * FROM logrecord');
  expect(row).toMatchObject({
    discriminator: 'm',
    archived: 0,
    queryid: 'm1',
    xrequestid: 'request of m1',
    response: 1,
    memberclass: 'GOV',
    membercode: '200',
    subsystemcode: 'registry',
    message: 'a message',
    signature: 'signature of m1',
    timestamprecord: null,
    timestamphashchain: null,
    keyid: null,
    ciphermessage: null,
  });
  // printf 'signature of m1' | openssl dgst -sha512 -binary | base64
  expect(signaturehash).toBe(HASH);
  expect(onDisk('SELECT logrecord, number, content FROM attachment')).toEqual([
    { logrecord: row['id'], number: 1, content: new Uint8Array(Buffer.from('body')) },
  ]);
  expect(log.rows()).toEqual([{ messageId: 'm1', isResponse: true, sender: 'LAB/GOV/100/portal' }]);
});

test('an empty body is no attachment, and a member without a subsystem has none', async () => {
  const id = await log.commit(plainRecord('m1', { owner: 'LAB/GOV/100', body: Buffer.alloc(0) }));
  expect(log.store.get(id)).toMatchObject({ attachments: [], subsystemCode: null });
});

test('messages that wait together share a commit, and are on the disk when released', async () => {
  const seen: unknown[][] = [];
  const commits = ['a', 'b', 'c', 'd'].map(async (id) => {
    await log.commit(plainRecord(id));
    seen.push(idsOnDisk());
  });
  expect(idsOnDisk()).toEqual([]);
  await Promise.all(commits);
  expect(log.commitCount).toBe(1);
  expect(seen).toEqual(Array.from({ length: 4 }, () => ['a', 'b', 'c', 'd']));
  await log.commit(plainRecord('e'));
  expect(log.commitCount).toBe(2);
});

test('a record that cannot be written takes no other with it', async () => {
  const bad = plainRecord('bad', { timeMs: Number.NaN });
  const outcomes = await Promise.allSettled(
    [plainRecord('a'), bad, plainRecord('b')].map((record) => log.commit(record)),
  );
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(idsOnDisk()).toEqual(['a', 'b']);
});

describe('the disk', () => {
  test('a full one takes nothing, and goes on when there is room again', async () => {
    log.disk.isFull = true;
    await expect(log.commit(plainRecord('a'))).rejects.toThrow(DiskFullError);
    expect(() => log.write(plainRecord('b'))).toThrow(DiskFullError);
    expect(idsOnDisk()).toEqual([]);
    log.disk.isFull = false;
    await log.commit(plainRecord('c'));
    expect(idsOnDisk()).toEqual(['c']);
  });

  test('a slow one holds every message back', async () => {
    const timeOf = async (id: string): Promise<number> => {
      const sinceMs = performance.now();
      await log.commit(plainRecord(id));
      return performance.now() - sinceMs;
    };
    await timeOf('warm');
    const quickMs = Math.min(await timeOf('a'), await timeOf('b'), await timeOf('c'));
    log.disk.slowdown = 50;
    expect(await timeOf('slow')).toBeGreaterThan(2 * quickMs);
  });
});

test('a log that is closed fails whoever comes, and whoever waits', async () => {
  const waits = log.commit(plainRecord('a'));
  log.close();
  await expect(waits).rejects.toThrow('not open');
  await expect(log.commit(plainRecord('b'))).rejects.toThrow('not open');
});

test('killed at any instant, it opens again with all that was released', async () => {
  for (const releasedMin of [1, 7, 40]) {
    const at = join(folder, `killed-${releasedMin}.sqlite`);
    const released = await releasedBeforeKill(at, releasedMin);
    const again = new MessageLog(at, 4);
    const found = new Set(again.rows().map(({ messageId }) => messageId));
    expect(released.length).toBeGreaterThanOrEqual(releasedMin);
    expect(released.filter((id) => !found.has(id))).toEqual([]);
    // And all of them are taken up again by the time-stamper.
    expect(again.store.waitingCount()).toBe(found.size);
    await again.commit(plainRecord('after'));
    again.close();
    const database = new DatabaseSync(at);
    expect(database.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
    database.close();
  }
});

/** Four at a time, each told as soon as it is released. */
const WRITER = `
  const [module, path, recordText] = process.argv.slice(1);
  const { MessageLog } = await import(module);
  const record = JSON.parse(recordText);
  const log = new MessageLog(path, 4);
  const write = async (name) => {
    for (let number = 0; ; number++) {
      const messageId = name + number;
      await log.commit({ ...record, messageId });
      process.stdout.write(messageId + '\\n');
    }
  };
  for (const name of ['a', 'b', 'c', 'd']) void write(name);
`;

/** Those that a child has released before it was killed in the middle of its work. */
async function releasedBeforeKill(at: string, releasedMin: number): Promise<string[]> {
  const module = new URL('message-log.ts', import.meta.url).href;
  const record = JSON.stringify(plainRecord('', { message: 'm'.repeat(10_000) }));
  const child = spawn(process.execPath, ['--input-type=module', '-e', WRITER, module, at, record], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const released: string[] = [];
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    released.push(line);
    if (released.length === releasedMin) child.kill('SIGKILL');
  });
  await new Promise((resolve) => lines.once('close', resolve));
  return released;
}

const HASH =
  'pAkupUw0+Po1Om1zt4q67Y3MdMZmZIYkAjE00GIg+dWEjFvJZVTBUCCxloGDw5BYsEoQk8222fph8L5cROhoZw==';
