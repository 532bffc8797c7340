/**
 * `fedlab up FILE`: the live network of a scenario, kept up on this machine's loopback until
 * Ctrl-C, with every address and commands that call it. Nothing is left behind: keys live in
 * memory, message logs in a temporary folder.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { Directory } from '../live/directory.ts';
import type { LiveNetwork } from '../live/network.ts';
import type { Document } from '../plan/document.ts';
import { repeated } from './option-values.ts';
import { NO_OVERRIDES, prepareScenario } from './scenario-file.ts';
import type { Session } from './session.ts';
import { UserError } from './user-error.ts';

/** X-Road's own ports (facts 2.5); every server has an address of its own for them. */
const XROAD_PORTS = { client: 8080, messages: 5500 } as const;

interface UpOptions {
  readonly set?: readonly string[];
  readonly anyPorts?: true;
}

export function addUpCommand(program: Command, session: Session): void {
  program
    .command('up')
    .description("keep a scenario's live network up on this machine's loopback, until Ctrl-C")
    .argument('<file>', 'a scenario file, or a name under scenarios/')
    .option('--set <path=value>', 'set one value of the scenario; may be repeated', repeated)
    .option('--any-ports', 'take free ports instead of 8080 and 5500')
    .action((file: string, options: UpOptions) => keepUp(file, options, session));
}

async function keepUp(file: string, { set = [], anyPorts }: UpOptions, session: Session) {
  const { document, warnings } = prepareScenario(file, { ...NO_OVERRIDES, sets: set });
  for (const warning of warnings) session.terminal.tell(`${warning}\n`);
  session.interruptText = 'closing';
  const directory = mkdtempSync(join(tmpdir(), 'fedlab-up-'));
  try {
    const network = await start(document, directory, anyPorts === true);
    try {
      const { directoryOf } = await import('../live/directory.ts');
      for (const line of linesOf(directoryOf(document, network))) session.terminal.print(line);
      session.terminal.tell('up; Ctrl-C takes it down');
      await interrupted(session.interrupt);
    } finally {
      await network.stop();
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function start(
  document: Document,
  directory: string,
  takesAnyPorts: boolean,
): Promise<LiveNetwork> {
  // Sockets and keys take a second to load, which no other command should pay.
  const { CannotRunError, startNetwork } = await import('../live/network.ts');
  const { codeOfError } = await import('../live/loopback.ts');
  // Where there is one address, every server needs ports of its own.
  const isAnyPort = takesAnyPorts || platform() !== 'linux';
  const ports = isAnyPort ? null : XROAD_PORTS;
  try {
    return await startNetwork(document, { directory, ports, trust: null, allowsRestToSoap: false });
  } catch (error) {
    if (error instanceof CannotRunError) throw new UserError(error.message);
    if (codeOfError(error) === 'EADDRINUSE') {
      const { address, port } = error as Error & { address: string; port: number };
      const hint = '--any-ports takes free ones';
      throw new UserError(`port ${port} of ${address} is in use by another program; ${hint}`);
    }
    throw error;
  }
}

function interrupted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function linesOf({ servers, services, systems, examples }: Directory): string[] {
  const named = [...systems, ...services].map(({ what }) => what.length);
  const width = Math.max(...named, 'messages to'.length);
  const line = (what: string, url: string): string => `  ${what.padEnd(width + 2)}${url}`;
  return [
    ...servers.flatMap(({ id, subsystems, addresses }) => [
      `security server ${id}`,
      ...addresses.map(({ what, url }) => line(what, url)),
      ...subsystems.map((name) => line('registered', name)),
    ]),
    'trust services',
    ...services.map(({ what, url }) => line(what, url)),
    'information systems',
    ...systems.map(({ what, url }) => line(what, url)),
    'to call',
    ...examples.flatMap(({ what, command }) => [`  # ${what}`, `  ${command}`]),
  ];
}
