/**
 * `fedlab validate FILE`: the same scenario in both engines, on the same arrivals, and how far they
 * agree. What an effect costs was measured by itself and is frozen in the calibration; nothing is
 * fitted here. Both runs sit on one host: in virtual time, too, all servers share the processors
 * that the live engine's have on this machine.
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { formatNumberOf } from '../../reports/format.ts';
import { compareEngines } from '../metrics/agreement.ts';
import type { AgreementResult, RunResult } from '../metrics/result.ts';
import { EXIT_CODES } from '../metrics/verdict.ts';
import type { Document } from '../plan/document.ts';
import { SourceKind } from '../plan/plan.ts';
import type { Plan } from '../plan/plan.ts';
import { thinLoad, whatCannotBeThinned } from '../workload/thinned-load.ts';
import { agreementJson, agreementMarkdown, agreementText } from './agreement-output.ts';
import type { ComparedRuns } from './agreement-output.ts';
import { quote } from './command-line.ts';
import { repeated, wholeNumber } from './option-values.ts';
import { shortPath } from './repository.ts';
import { ResultFolderWriter } from './result-folder.ts';
import { refuseUnbuilt, runLiveWhole } from './run-live.ts';
import { defaultFolder, EXIT_INTERRUPTED, writeFolder } from './run-output.ts';
import type { Finished, RunOptions, RunRequest } from './run-output.ts';
import { runVirtual } from './run.ts';
import { prepareScenario } from './scenario-file.ts';
import type { PreparedScenario } from './scenario-file.ts';
import type { Session } from './session.ts';
import { UserError } from './user-error.ts';

interface ValidateOptions {
  readonly calibration: string;
  readonly seed?: number;
  readonly replications?: number;
  readonly compress: number;
  readonly out?: string;
  readonly set?: readonly string[];
  readonly quiet?: boolean;
  readonly json?: boolean;
}

const SEED_MAX = Number.MAX_SAFE_INTEGER;
const REPLICATIONS_MAX = 1000;
const OWN_CALIBRATION = 'fedlab-node';
const COMPRESSION_MAX = 100_000;
/** Threads of the live engine on which servers run (live/run.ts): no more cores are of use. */
const SERVER_THREADS = 1;
const CORES = Math.min(SERVER_THREADS, availableParallelism());
const HOST = 'this-machine';

const EXITS: Readonly<Record<AgreementResult['verdict'], number>> = {
  agrees: 0,
  differs: EXIT_CODES.failed,
  unknown: EXIT_CODES.inconclusive,
  invalid: EXIT_CODES.invalid,
};

export function addValidateCommand(program: Command, session: Session): void {
  program
    .command('validate')
    .description('run a scenario in both engines and compare them')
    .argument('<file>', 'a scenario file, or the name of one under scenarios/')
    .option(
      '--calibration <name|file>',
      'service times of the live engine on this machine, as fedlab calibrate writes them',
      OWN_CALIBRATION,
    )
    .option('--seed <n>', 'instead of the seed of the scenario', wholeNumber(0, SEED_MAX))
    .option(
      '--replications <n>',
      'instead of the number in the scenario; intervals need five',
      wholeNumber(1, REPLICATIONS_MAX),
    )
    .option(
      '--compress <n>',
      'how many times as fast the clock of trust and incidents runs, in both engines',
      wholeNumber(1, COMPRESSION_MAX),
      1,
    )
    .option('--out <dir>', 'folder for both results (default: out/<scenario>-validate-<seed>)')
    .option('--set <path=value>', 'set one value of the scenario; may be repeated', repeated)
    .option('--quiet', 'say nothing but errors')
    .option('--json', 'print the comparison as JSON, and nothing else')
    .action(async (file: string, options: ValidateOptions) => {
      session.exitCode = await validate(file, options, session);
    });
}

async function validate(file: string, options: ValidateOptions, session: Session): Promise<number> {
  const sets = settingsOf(file, options);
  const prepared = onOneHost(prepare(file, options, sets));
  refuseUnbuilt(prepared, options.compress);
  refuseUnthinned(prepared, options.compress);
  session.seed = prepared.plan.seed;
  session.interruptText = 'interrupted: nothing is written; again to leave at once';
  for (const warning of prepared.warnings) session.terminal.tell(`${warning}\n`);
  const { set = [] } = options;
  const folder = options.out ?? defaultFolder(prepared, { ...optionsOf('validate', options), set });
  const writer = new ResultFolderWriter(folder, 'agreement');
  try {
    const { compress } = options;
    const asked = (engine: string, plan: Plan): RunRequest => ({
      file,
      folder: join(folder, engine),
      options: { ...optionsOf(engine, options), set: sets, compress },
      prepared: { ...prepared, plan },
      session,
    });
    const virtualPlan = thinLoad(prepared.plan, compress);
    const finished = await runBoth(asked('virtual', virtualPlan), asked('live', prepared.plan));
    if (finished === null) return EXIT_INTERRUPTED;
    return handOverBoth(writer, { ...finished, command: commandOf(file, options), folder });
  } finally {
    // After a commit there is nothing left to discard.
    writer.discard();
  }
}

function optionsOf(engine: string, options: ValidateOptions): RunOptions {
  const { calibration, seed, quiet, json } = options;
  return {
    engine,
    exchanges: 'none',
    calibration,
    ...(seed === undefined ? {} : { seed }),
    ...(quiet === undefined ? {} : { quiet }),
    ...(json === undefined ? {} : { json }),
  };
}

function prepare(
  file: string,
  { seed, calibration }: ValidateOptions,
  sets: readonly string[],
): PreparedScenario {
  return prepareScenario(file, { sets, seed: seed ?? null, replications: null, calibration });
}

/**
 * What the command line sets, and what the comparison needs: one host, and a number of
 * replications, since both engines have to stop after the same one.
 */
function settingsOf(file: string, options: ValidateOptions): string[] {
  const { set = [] } = options;
  const { document } = prepare(file, options, set);
  const { precision } = document;
  const asked = options.replications;
  const count = asked ?? precision?.replicationsMin ?? document.replications;
  return [...set, `replications=${count}`, ...hostSettings(document)];
}

function hostSettings({ instances }: Document): string[] {
  const settings = Object.entries(instances).flatMap(([id, { servers }]) =>
    servers.map(
      (_, index) => `instances.${id.replaceAll('.', '\\.')}.servers.${index}.host=${HOST}`,
    ),
  );
  return [`hosts=[{ id: ${HOST}, cores: ${CORES} }]`, ...settings];
}

/** The result says what was made of the scenario. */
function onOneHost(prepared: PreparedScenario): PreparedScenario {
  const { plan } = prepared;
  const assumption = {
    what: 'validate: one host',
    value: `all servers share ${formatNumberOf(CORES, 'core')}, whatever the scenario says`,
    confidence: 'derived',
    source: 'the threads on which the live servers run; both engines must have the same',
  } as const;
  return { ...prepared, plan: { ...plan, assumptions: [...plan.assumptions, assumption] } };
}

function refuseUnthinned({ plan }: PreparedScenario, compression: number): void {
  const waiting = whatCannotBeThinned(plan, compression);
  if (waiting.length === 0) return;
  const list = waiting.map((what) => `  ${what}`).join('\n');
  throw new UserError(`the two engines cannot be compared with --compress:\n${list}`);
}

interface Both {
  readonly asked: Readonly<Record<'virtual' | 'live', RunRequest>>;
  readonly finished: Readonly<Record<'virtual' | 'live', Finished>>;
}

/** Null: interrupted, and half a comparison is none. */
async function runBoth(virtual: RunRequest, live: RunRequest): Promise<Both | null> {
  const { interrupt, terminal } = live.session;
  const { options } = live;
  const isSilent = options.quiet === true || options.json === true;
  if (!isSilent) terminal.tell('in virtual time');
  const first = await runVirtual(virtual);
  if (first === null || interrupt.aborted) return null;
  if (!isSilent) terminal.tell('live');
  const second = await runLiveWhole(live);
  if (second === null || interrupt.aborted) return null;
  return { asked: { virtual, live }, finished: { virtual: first, live: second } };
}

function handOverBoth(
  writer: ResultFolderWriter,
  both: Both & { readonly command: string; readonly folder: string },
): number {
  const { asked, finished, command, folder } = both;
  const { virtual, live } = finished;
  // Only both together give either of them again.
  const results = {
    virtual: within(virtual.result, command),
    live: within(live.result, command),
  };
  const loop = virtual.plan.sources.kind.includes(SourceKind.User) ? 'closed' : 'open';
  const agreement = compareEngines({ ...results, loop });
  const isViolated = Object.values(results).some(({ verdict }) => verdict === 'violated');
  const compared: ComparedRuns = {
    ...results,
    agreement,
    command,
    folder: shortPath(folder),
    report: shortPath(join(folder, 'live', 'report.html')),
    exitCode: isViolated ? EXIT_CODES.violated : EXITS[agreement.verdict],
  };
  writeFolder(writer.within('virtual'), asked.virtual, { ...virtual, result: results.virtual });
  writeFolder(writer.within('live'), asked.live, {
    ...live,
    result: { ...results.live, agreement },
  });
  writer.write('agreement.json', `${agreementJson(compared)}\n`);
  writer.write('agreement.md', agreementMarkdown(compared));
  writer.commit();
  const { options, session } = asked.live;
  const { terminal } = session;
  if (options.json === true) terminal.print(agreementJson(compared));
  else if (options.quiet !== true) terminal.print(agreementText(compared, terminal.paint));
  return compared.exitCode;
}

function within(result: RunResult, command: string): RunResult {
  return { ...result, run: { ...result.run, command } };
}

function commandOf(file: string, options: ValidateOptions): string {
  const words = ['npx', 'fedlab', 'validate', file];
  const add = (name: string, value: string | number | undefined): void => {
    if (value !== undefined) words.push(name, String(value));
  };
  add('--calibration', options.calibration);
  add('--seed', options.seed);
  add('--replications', options.replications);
  if (options.compress !== 1) add('--compress', options.compress);
  add('--out', options.out);
  for (const setting of options.set ?? []) add('--set', setting);
  return words.map(quote).join(' ');
}
