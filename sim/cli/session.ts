/** What a command is given by main.ts, and what it gives back. */
import type { Terminal } from './terminal.ts';

export interface Session {
  readonly terminal: Terminal;
  /** The first Ctrl-C. */
  readonly interrupt: AbortSignal;
  readonly environment: NodeJS.ProcessEnv;
  /** Of the run under way, for the report of a bug; null: none. */
  seed: number | null;
  exitCode: number;
  /** What the first Ctrl-C is answered with. */
  interruptText: string;
}
