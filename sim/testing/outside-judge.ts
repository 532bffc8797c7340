/**
 * Other people's programs as judges of what the lab makes: openssl, xmlsec1, curl. A test that
 * needs one is skipped, and says so, where the machine has none.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, test } from 'vitest';

export interface Judgement {
  readonly isAccepted: boolean;
  /** What it printed, on both of its outputs. */
  readonly text: string;
}

/** A test that is skipped where the program is not there. */
export function judgedTest(program: string, name: string, body: () => Promise<void>): void {
  const isThere = spawnSync(program, [VERSION_FLAGS[program] ?? '--version']).error === undefined;
  const title = isThere ? `${program}: ${name}` : `${name} (skipped: no ${program} here)`;
  test.skipIf(!isThere)(title, body);
}

/**
 * Does not block, so that the program may ask a listener of the test. Arguments that belong
 * together may stand in lists.
 */
export async function judge(
  program: string,
  ...args: readonly (string | readonly string[])[]
): Promise<Judgement> {
  const running = spawn(program, args.flat(), { stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks: Buffer[] = [];
  running.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  running.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
  return new Promise((resolve, reject) => {
    running.once('error', reject);
    running.once('close', (code) => {
      resolve({ isAccepted: code === 0, text: Buffer.concat(chunks).toString('utf8') });
    });
  });
}

/** Writes files for a judge into a folder that goes with the tests of a file; gives their paths. */
export function scratchFolder(): (name: string, content: string | Buffer) => string {
  const folder = mkdtempSync(join(tmpdir(), 'fedlab-judge-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return (name, content) => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
}

/** The same bytes but for one bit, at a place from the end. */
export function withFlippedBit(bytes: Buffer, fromEnd: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[changed.length - fromEnd] ^= 1;
  return changed;
}

const VERSION_FLAGS: Readonly<Record<string, string>> = { openssl: 'version' };
