/**
 * The command line. Everything that ends the process, or decides with which code, is in this file:
 *
 *    0 all well - 1 our own bug - 2 the scenario or the command line is wrong - 3 a threshold
 *    failed - 5 inconclusive - 6 not valid - 7 an invariant was violated - 130 interrupted
 */
import { Command, CommanderError } from 'commander';
import { ReportError } from '../reports/report-error.ts';
import { addCalibrateCommand } from './cli/calibrate.ts';
import { addCheckCommand } from './cli/check.ts';
import { addListCommand } from './cli/list.ts';
import { addNewCommand } from './cli/new.ts';
import { addReportCommand } from './cli/report.ts';
import { readPackage } from './cli/repository.ts';
import { EXIT_INTERRUPTED } from './cli/run-output.ts';
import { addRunCommand } from './cli/run.ts';
import { addSchemaCommand } from './cli/schema.ts';
import type { Session } from './cli/session.ts';
import { Terminal } from './cli/terminal.ts';
import { addTraceCommand } from './cli/trace.ts';
import { addUpCommand } from './cli/up.ts';
import { UserError } from './cli/user-error.ts';
import { addValidateCommand } from './cli/validate.ts';
import { addVerifyCommand } from './cli/verify.ts';

const EXIT_BUG = 1;
const EXIT_WRONG = 2;

process.exitCode = await main(process.argv);

async function main(words: readonly string[]): Promise<number> {
  const interrupt = new AbortController();
  const session: Session = {
    terminal: new Terminal(process.stdout, process.stderr, process.env),
    interrupt: interrupt.signal,
    environment: process.env,
    seed: null,
    exitCode: 0,
    interruptText: 'interrupted: writing what is finished; again to leave at once',
  };
  const stopListening = listenForInterrupts(interrupt, session);
  // Whoever reads through a pipe may have read enough, as `head` does.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? 0 : EXIT_WRONG);
  });
  try {
    await commandLine(session).parseAsync([...words]);
    return session.exitCode;
  } catch (error) {
    return tellError(error, session);
  } finally {
    stopListening();
  }
}

function commandLine(session: Session): Command {
  const program = new Command('fedlab')
    .description('A simulation lab for federations of data exchange layers of the X-Road kind')
    .version(readPackage().version)
    .exitOverride()
    .showHelpAfterError('(--help lists what there is)');
  addRunCommand(program, session);
  addCheckCommand(program, session);
  addNewCommand(program, session);
  addReportCommand(program, session);
  addTraceCommand(program, session);
  addListCommand(program, session);
  addSchemaCommand(program, session);
  addUpCommand(program, session);
  addVerifyCommand(program, session);
  addCalibrateCommand(program, session);
  addValidateCommand(program, session);
  return program;
}

/** Once: what is finished is written. Twice: at once, leaving nothing half written. */
function listenForInterrupts(interrupt: AbortController, session: Session): () => void {
  const onSignal = (): void => {
    if (interrupt.signal.aborted) process.exit(EXIT_INTERRUPTED);
    interrupt.abort();
    session.terminal.tell(`\n${session.interruptText}`);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return () => {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  };
}

function tellError(error: unknown, { terminal, seed, environment }: Session): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_WRONG;
  if (error instanceof UserError || error instanceof ReportError) {
    // Mistakes in a scenario begin with their place, and say themselves that they are errors.
    const hasPlace = /^[^\n]*?: (error|warning)\[[a-z0-9-]+\]: /.test(error.message);
    terminal.tell(hasPlace ? error.message : `error: ${error.message}`);
    return EXIT_WRONG;
  }
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  const run = seed === null ? '' : ` (seed ${seed})`;
  terminal.tell(`fedlab has a bug: ${message}${run}`);
  terminal.tell('Please report it, with the command, the seed and the scenario.');
  if (environment['FEDLAB_DEBUG'] === '1') terminal.tell(stack ?? '');
  else terminal.tell('FEDLAB_DEBUG=1 prints where it happened.');
  return EXIT_BUG;
}
