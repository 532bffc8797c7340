/**
 * Fidelity tests compare Fedlab with recorded facts about X-Road: the vectors, which are not part
 * of this repository. `npm test` reports them as skipped; `npm run fidelity` runs them, and then a
 * missing vector is a failure. They live in files named `*.fidelity.test.ts`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, test } from 'vitest';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const enabled = process.env['FEDLAB_FIDELITY'] === '1';

export function fidelityTest(name: string, body: () => void | Promise<void>): void {
  test.skipIf(!enabled)(titleOf(name), body);
}

/** The body may not read vectors itself, only its tests and hooks: it runs when skipped, too. */
export function describeFidelity(name: string, body: () => void): void {
  describe.skipIf(!enabled)(titleOf(name), body);
}

/** The absolute path of a file or folder of the vectors; throws when it is not there. */
export function vectorPath(relative: string): string {
  const folder = process.env['FEDLAB_VECTORS'] ?? '../shared';
  const path = join(resolve(repository, folder), relative);
  if (!existsSync(path)) {
    throw new Error(`no fidelity vectors at ${path}; FEDLAB_VECTORS names their folder`);
  }
  return path;
}

export function readVector(relative: string): string {
  return readFileSync(vectorPath(relative), 'utf8');
}

function titleOf(name: string): string {
  return enabled ? name : `${name} (skipped: only "npm run fidelity" runs it)`;
}
