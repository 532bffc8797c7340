/**
 * `fedlab calibrate`: measures what each effect costs on this machine as the live engine does it,
 * and writes the file from which `fedlab run --calibration FILE` samples.
 */
import { accessSync, constants, existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, isAbsolute } from 'node:path';
import type { Command } from 'commander';
import { wholeNumber } from './option-values.ts';
import { CALIBRATION_END } from './repository.ts';
import { EXIT_INTERRUPTED } from './run-output.ts';
import type { Session } from './session.ts';
import { fileProblem, UserError } from './user-error.ts';

interface CalibrateOptions {
  readonly out: string;
  readonly logDirectory?: string;
  readonly precision: number;
  readonly budget: number;
  readonly replace?: true;
}

/** Repetitions that do not count: they fill caches, and let V8 compile. */
const WARM_UPS_PER_MS = 0.05;
const PERCENT = 100;

class Interrupted extends Error {}

export function addCalibrateCommand(program: Command, session: Session): void {
  program
    .command('calibrate')
    .description("measure this machine's service times, and write a calibration")
    .option('--out <file>', 'where to write it', `this-machine${CALIBRATION_END}`)
    .option('--log-directory <dir>', 'where message logs will be: the disk matters')
    .option(
      '--precision <percent>',
      'half-width of the 95 % interval of each mean',
      wholeNumber(1, 50),
      2,
    )
    .option(
      '--budget <ms>',
      'longest time for one cost; 24 are measured',
      wholeNumber(1, 600_000),
      4000,
    )
    .option('--replace', 'write over a file that is there')
    .action((options: CalibrateOptions) => runCalibrate(options, session));
}

async function runCalibrate(options: CalibrateOptions, session: Session): Promise<void> {
  const { out, replace } = options;
  if (existsSync(out) && replace !== true) {
    throw new UserError(`${out} is there already; --replace writes over it, --out elsewhere`);
  }
  refuseUnwritable(out);
  try {
    write(out, await measure(options, session));
    const path = isAbsolute(out) || out.includes('/') ? out : `./${out}`;
    session.terminal.print(`wrote ${out}; now try`);
    session.terminal.print(`  npx fedlab run small --calibration ${path}`);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    session.exitCode = EXIT_INTERRUPTED;
  }
}

/** The calibration's text. */
async function measure(
  { out, logDirectory, precision, budget }: CalibrateOptions,
  { terminal, interrupt }: Session,
): Promise<string> {
  // Sockets and keys take a second to load, which no other command should pay.
  const { calibrate, formatCalibration } = await import('../live/calibrate.ts');
  const found = await calibrate({
    name: basename(out).replace(CALIBRATION_END, ''),
    precision: {
      halfWidth: precision / PERCENT,
      budgetMs: budget,
      warmUpCount: Math.ceil(WARM_UPS_PER_MS * budget),
    },
    logDirectory: logDirectory ?? null,
    report: (line) => {
      if (interrupt.aborted) throw new Interrupted();
      terminal.tell(line);
    },
  });
  return formatCalibration(found);
}

/** Before minutes are spent on it. */
function refuseUnwritable(out: string): void {
  try {
    accessSync(dirname(out), constants.W_OK);
  } catch (error) {
    throw new UserError(`cannot write ${out}: ${fileProblem(error)}`);
  }
}

/** Whole or not at all. */
function write(out: string, text: string): void {
  const partial = `${out}.partial`;
  try {
    writeFileSync(partial, text);
    renameSync(partial, out);
  } catch (error) {
    rmSync(partial, { force: true });
    throw new UserError(`cannot write ${out}: ${fileProblem(error)}`);
  }
}
