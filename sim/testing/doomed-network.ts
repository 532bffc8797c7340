/**
 * A network of two servers that calls itself without a pause and says which of its calls were
 * answered. It runs in a process of its own, for tests that kill it, or that watch it end by
 * itself: `node doomed-network.ts FOLDER until-killed` or `node doomed-network.ts FOLDER COUNT`.
 */
import { mkdirSync, readdirSync, readlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { startNetwork } from '../live/network.ts';
import type { LiveNetwork } from '../live/network.ts';
import type { Document } from '../plan/document.ts';
import { worldDocument, WORLDS } from './worlds.ts';

export const CONSUMER = 'EE/GOV/70000001/ss1';
export const PROVIDER = 'EE/GOV/70000002/ss2';

/** Calls that are open at once. */
const CALLERS = 16;

/** Bodies are logged, and signatures made in batches. */
export function loadedDocument(): Document {
  const world = WORLDS.find(({ name }) => name === 'good');
  if (world === undefined) throw new Error('no world is called good');
  const document = worldDocument(world);
  for (const { servers } of Object.values(document.instances)) {
    for (const { parameters } of servers) {
      Object.assign(parameters, { bodyLogging: true, batchSigning: true });
    }
  }
  return document;
}

/** On logs, tokens and authorities that stay in the folder for the next start. */
export function startKept(folder: string): Promise<LiveNetwork> {
  const directory = join(folder, 'servers');
  mkdirSync(directory, { recursive: true });
  return startNetwork(loadedDocument(), {
    directory,
    ports: null,
    trust: null,
    allowsRestToSoap: false,
    keyFolder: join(folder, 'keys'),
  });
}

/** One line, written before anything else happens in this process. */
const tell = (...words: readonly string[]): void => void writeSync(1, `${words.join(' ')}\n`);

async function callAgain(network: LiveNetwork, mayGoOn: () => boolean): Promise<void> {
  while (mayGoOn()) {
    const { status, faultCode, messageId } = await network.call(0, { sendsId: true });
    tell('answered', String(status), faultCode ?? '-', messageId);
  }
}

/** Files of the folder that are still open; empty where the system does not tell. */
function openFilesIn(folder: string): string[] {
  const links = '/proc/self/fd';
  try {
    return readdirSync(links).flatMap((name) => {
      try {
        const target = readlinkSync(join(links, name));
        return target.startsWith(folder) ? [target] : [];
      } catch {
        // The one with which the list was read.
        return [];
      }
    });
  } catch {
    return [];
  }
}

if (import.meta.main) {
  const [folder, count] = process.argv.slice(2);
  const network = await startKept(folder);
  tell('up');
  let left = count === 'until-killed' ? Infinity : Number(count);
  const mayGoOn = (): boolean => left-- > 0;
  await Promise.all(Array.from({ length: CALLERS }, () => callAgain(network, mayGoOn)));
  await network.stop();
  for (const name of openFilesIn(folder)) tell('open', name);
  // Whatever was left open would keep the process alive.
  tell('stopped');
}
