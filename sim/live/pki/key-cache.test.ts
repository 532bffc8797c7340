import { sign, verify } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createKeyPool } from './key-cache.ts';
import type { KeyKind, KeyPair } from './keys.ts';

const scratch = mkdtempSync(join(tmpdir(), 'fedlab-keys-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function doesSign({ privateKey, publicKey }: KeyPair): boolean {
  const text = Buffer.from('text');
  return verify('sha256', text, publicKey, sign('sha256', text, privateKey));
}

test('keys are counted by kind, and none is given twice', () => {
  const pool = createKeyPool({ folder: null, seed: null });
  const kinds = ['ec-p256', 'rsa-2048', 'ec-p256', 'rsa-3072', 'ec-p256'] as const;
  const pairs = kinds.map((kind) => pool.next(kind));
  expect(pairs.map(({ kind }) => kind)).toEqual(kinds);
  expect(pairs.every(doesSign)).toBe(true);
  expect(new Set(pairs.map(({ keyPem }) => keyPem)).size).toBe(kinds.length);
});

test('a second start finds the keys of the first, for the eyes of their owner', async () => {
  const folder = join(scratch, 'made', 'keys');
  const take = async () => {
    const pool = createKeyPool({ folder, seed: null });
    await pool.prepare('rsa-2048', 3);
    const kinds = ['rsa-2048', 'ec-p256', 'rsa-2048', 'rsa-2048'] as const;
    return kinds.map((kind) => pool.next(kind).keyPem);
  };
  const first = await take();
  expect(new Set(first).size).toBe(4);
  expect(await take()).toEqual(first);
  const files = readdirSync(folder);
  expect(files).toHaveLength(4);
  if (process.platform === 'win32') return;
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  for (const file of files) expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
});

test('a file that holds no key is made anew', () => {
  const folder = join(scratch, 'broken');
  const first = createKeyPool({ folder, seed: null }).next('ec-p256').keyPem;
  writeFileSync(join(folder, 'ec-p256-0.pem'), first.slice(0, 40));
  const second = createKeyPool({ folder, seed: null }).next('ec-p256').keyPem;
  expect(second).not.toBe(first);
  expect(createKeyPool({ folder, seed: null }).next('ec-p256').keyPem).toBe(second);
});

test.skipIf(process.platform === 'win32')('a folder that others may read is refused', () => {
  const folder = join(scratch, 'open');
  createKeyPool({ folder, seed: null });
  chmodSync(folder, 0o755);
  expect(() => createKeyPool({ folder, seed: null })).toThrow(/for its owner/);
});

test('keys of a seed are the same again, and others for another seed', () => {
  const take = (seed: string, ...kinds: readonly KeyKind[]) => {
    const pool = createKeyPool({ folder: null, seed });
    return kinds.map((kind) => pool.next(kind));
  };
  // An RSA key takes a second or two.
  const kinds = ['ec-p256', 'ec-p256', 'rsa-2048'] as const;
  const [first, again] = [take('7', ...kinds), take('7', ...kinds)];
  const other = take('8', 'ec-p256', 'ec-p256');
  expect(first.every(doesSign)).toBe(true);
  expect(again.map(({ keyPem }) => keyPem)).toEqual(first.map(({ keyPem }) => keyPem));
  const all = [...first, ...other].map(({ keyPem }) => keyPem);
  expect(new Set(all).size).toBe(all.length);
});
