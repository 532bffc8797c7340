/** What message logs hold, for tests that compare and judge them, also after their server died. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Anchors } from '../live/evidence/anchors.ts';
import { verifyEvidence } from '../live/evidence/verify-evidence.ts';
import { makeContainer } from '../live/log/container-writer.ts';
import type { StoredMessage } from '../live/log/log-record.ts';
import { LogStore } from '../live/log/log-store.ts';

/** The path of the log of a server, `INSTANCE/CLASS/CODE/SERVER`, in the folder of a network. */
export const logPathOf = (directory: string, server: string): string =>
  join(directory, `${server.replaceAll('/', '-')}.sqlite`);

/** In order; a log that is in use may be read as well. */
export function loggedIn(path: string): StoredMessage[] {
  const database = new DatabaseSync(path);
  const rows = database.prepare(`SELECT id FROM logrecord WHERE discriminator = 'm' ORDER BY id`);
  const ids = rows.all().map(({ id }) => Number(id));
  database.close();
  const store = new LogStore(path);
  try {
    return ids.flatMap((id) => store.get(id) ?? []);
  } finally {
    store.close();
  }
}

/** The containers of all messages, judged as by whoever was sent them: what did not pass. */
export function judgeContainers(
  folder: string,
  messages: readonly StoredMessage[],
  anchors: Anchors,
): { readonly containers: number; readonly failures: readonly string[] } {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (const [index, message] of messages.entries()) {
    writeFileSync(join(folder, `${index}.asice`), makeContainer(message));
  }
  const { containers, findings } = verifyEvidence(folder, anchors);
  const failed = findings.filter(({ verdict }) => verdict !== 'passed');
  return {
    containers,
    failures: failed.map(({ where, what, detail }) => `${where} ${what}: ${detail}`),
  };
}
