import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';

/**
 * Compares `text` with the golden file at `url`. `UPDATE_GOLDEN=1 npm test` rewrites the golden
 * files instead, and `git diff` shows what changed. A missing golden fails: a test that writes its
 * own expectation unasked has expected nothing.
 */
export function matchesGolden(url: URL, text: string): void {
  const path = fileURLToPath(url);
  if (process.env['UPDATE_GOLDEN'] === '1') {
    mkdirSync(new URL('.', url), { recursive: true });
    writeFileSync(url, text);
    return;
  }
  expect(existsSync(url), `no golden file ${path}; UPDATE_GOLDEN=1 writes it`).toBe(true);
  const golden = readFileSync(url, 'utf8');
  expect(text, `differs from ${path}; UPDATE_GOLDEN=1 rewrites it`).toBe(golden);
}
