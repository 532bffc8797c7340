/** `fedlab run FILE`: the scenario in virtual time, into a result folder. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Command } from 'commander';
import { readResultFolder } from '../../reports/folder.ts';
import { renderPage } from '../../reports/page.ts';
import { callerCountsOf, exchangesOf } from '../metrics/counts.ts';
import type { KeepPolicy } from '../metrics/journal.ts';
import { exchangeLines } from '../metrics/exchange-log.ts';
import { histogramFile } from '../metrics/histogram-file.ts';
import { journalLines } from '../metrics/journal-file.ts';
import type { RunFacts, RunResult } from '../metrics/result.ts';
import { runResult } from '../metrics/run-result.ts';
import { seriesRows, seriesText } from '../metrics/series.ts';
import { mergeOutcomes } from '../metrics/totals.ts';
import type { Totals } from '../metrics/totals.ts';
import { EXIT_CODES } from '../metrics/verdict.ts';
import { defaultWorkers, OUT_OF_MEMORY, runReplications, WorkerStartError } from '../pool/pool.ts';
import type { PoolResult } from '../pool/pool.ts';
import { findWarmUp } from '../pool/warm-up.ts';
import type { WarmedUp } from '../pool/warm-up.ts';
import { createUserIds } from '../workload/journey-citizen.ts';
import { commandLine } from './command-line.ts';
import { readMachine } from './machine.ts';
import { keepPolicy, repeated, wholeNumber } from './option-values.ts';
import { ProgressLine } from './progress.ts';
import { readTool, shortPath } from './repository.ts';
import { ResultFolderWriter } from './result-folder.ts';
import { prepareScenario } from './scenario-file.ts';
import type { PreparedScenario } from './scenario-file.ts';
import type { Session } from './session.ts';
import { summaryJson, summaryText } from './summary.ts';
import type { WrittenFiles } from './summary.ts';
import { UserError } from './user-error.ts';

export const EXIT_INTERRUPTED = 130;
const SEED_MAX = Number.MAX_SAFE_INTEGER;
const REPLICATIONS_MAX = 10_000;
const WORKERS_MAX = 1024;
const MS_PER_SECOND = 1000;
const KIBIBYTE = 1024;

export interface RunOptions {
  readonly engine: string;
  readonly seed?: number;
  readonly replications?: number;
  readonly workers?: number;
  readonly calibration?: string;
  readonly exchanges: KeepPolicy;
  readonly out?: string;
  readonly set?: readonly string[];
  readonly report?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

export function addRunCommand(program: Command, session: Session): void {
  program
    .command('run')
    .description('run a scenario and write a result folder')
    .argument('<file>', 'a scenario file, or the name of one under scenarios/')
    .option('--engine <engine>', 'what runs it: virtual', 'virtual')
    .option('--seed <n>', 'instead of the seed of the scenario', wholeNumber(0, SEED_MAX))
    .option(
      '--replications <n>',
      'instead of the number in the scenario',
      wholeNumber(1, REPLICATIONS_MAX),
    )
    .option(
      '--workers <n>',
      'threads (default: one a core, at most one a replication)',
      wholeNumber(1, WORKERS_MAX),
    )
    .option('--calibration <name|file>', 'service times, instead of those the scenario names')
    .option(
      '--exchanges <which>',
      'keep single exchanges for trace: none, sample:N or all',
      keepPolicy,
      'none' as KeepPolicy,
    )
    .option('--out <dir>', 'result folder (default: out/<scenario>-<engine>-<seed>)')
    .option('--set <path=value>', 'set one value of the scenario; may be repeated', repeated)
    .option('--report', 'draw report.html (the default)')
    .option('--no-report', 'do not draw report.html')
    .option('--quiet', 'say nothing but errors')
    .option('--json', 'print the summary of the result as JSON, and nothing else')
    .action(async (file: string, options: RunOptions) => {
      session.exitCode = await run(file, options, session);
    });
}

async function run(file: string, options: RunOptions, session: Session): Promise<number> {
  refuseOtherEngines(options.engine);
  const prepared = prepareScenario(file, {
    sets: options.set ?? [],
    seed: options.seed ?? null,
    replications: options.replications ?? null,
    calibration: options.calibration ?? null,
  });
  session.seed = prepared.plan.seed;
  for (const warning of prepared.warnings) session.terminal.tell(`${warning}\n`);
  const folder = options.out ?? defaultFolder(prepared, options);
  const writer = new ResultFolderWriter(folder);
  try {
    return await runInto(writer, { file, folder, options, prepared, session });
  } finally {
    // After a commit there is nothing left to discard.
    writer.discard();
  }
}

interface RunRequest {
  readonly file: string;
  readonly folder: string;
  readonly options: RunOptions;
  readonly prepared: PreparedScenario;
  readonly session: Session;
}

/** With the plan that is run: the scenario's, and the warm-up that a pilot found. */
type RunContext = RunRequest & WarmedUp;

async function runInto(writer: ResultFolderWriter, asked: RunRequest): Promise<number> {
  const { options, prepared, session, folder } = asked;
  const startedAt = new Date();
  const failure = session.environment['FEDLAB_TEST_FAIL'] ?? null;
  const { interrupt } = session;
  const warmedUp = await findWarmUp(prepared.plan, { interrupt, failure }).catch(refuseTooLarge);
  if (warmedUp.plan === null) return nothingFinished(interrupt.aborted, warmedUp.reason, session);
  const { plan } = warmedUp;
  const context = { ...asked, ...warmedUp };
  const workers = options.workers ?? defaultWorkers(plan.replications);
  const isSilent = options.quiet === true || options.json === true;
  const progress = isSilent ? null : new ProgressLine(session.terminal, plan, () => Date.now());
  const pool = await runReplications(plan, {
    workers,
    keep: options.exchanges,
    onProgress: (now) => progress?.update(now),
    interrupt,
    failure,
  })
    .catch(refuseTooLarge)
    .finally(() => progress?.end());
  if (pool.outcomes.length === 0) {
    return nothingFinished(pool.isInterrupted, pool.unfinished[0]?.reason ?? null, session);
  }
  const totals = mergeOutcomes(pool.outcomes);
  const wallSeconds = (Date.now() - startedAt.getTime()) / MS_PER_SECOND;
  const result = runResult(plan, pool.outcomes, totals, {
    run: runFacts(context, { pool, totals, startedAt, wallSeconds, workers }),
    tool: readTool(),
    scenario: { path: prepared.path, sha256: prepared.sha256 },
    unfinished: pool.unfinished,
    pilotWarmUp: warmedUp.pilotWarmUp,
  });
  writeFolder(writer, context, { pool, totals, result });
  writer.commit();
  const exitCode = pool.isInterrupted ? EXIT_INTERRUPTED : EXIT_CODES[result.verdict];
  const files = {
    folder: shortPath(folder),
    report: options.report !== false ? shortPath(join(folder, 'report.html')) : null,
  };
  printResult(context, result, files, exitCode);
  return exitCode;
}

function refuseOtherEngines(engine: string): void {
  if (engine === 'virtual') return;
  const reason =
    engine === 'live'
      ? 'the live engine is not built yet'
      : `there is no engine called "${engine}"`;
  throw new UserError(`${reason}: use --engine virtual, which is the default`);
}

/** `--set` makes another experiment of a scenario, so its results have a folder of their own. */
function defaultFolder({ plan }: PreparedScenario, { set = [] }: RunOptions): string {
  const name = plan.name.replaceAll(/[^\w.-]+/g, '-').replace(/^\.+/, '');
  const hash = createHash('sha256').update(JSON.stringify(set)).digest('hex').slice(0, 8);
  const base = `${name === '' ? 'scenario' : name}-virtual-${plan.seed}`;
  return join('out', set.length === 0 ? base : `${base}-${hash}`);
}

function nothingFinished(isInterrupted: boolean, reason: string | null, session: Session): number {
  if (isInterrupted) {
    session.terminal.tell('no replication was finished, so nothing is written');
    return EXIT_INTERRUPTED;
  }
  throw tooLarge(reason ?? 'for no known reason');
}

/** Without memory for a thread of its own, a scenario is too large for the machine. */
function refuseTooLarge(error: unknown): never {
  const isTooLarge = error instanceof WorkerStartError && error.reason === OUT_OF_MEMORY;
  throw isTooLarge ? tooLarge(OUT_OF_MEMORY) : error;
}

function tooLarge(reason: string): UserError {
  const advice = 'try fewer --workers, or a smaller scale';
  return new UserError(`no replication could be finished (${reason}): ${advice}`);
}

interface Measured {
  readonly pool: PoolResult;
  readonly totals: Totals;
  readonly startedAt: Date;
  readonly wallSeconds: number;
  readonly workers: number;
}

function runFacts({ file, options }: RunContext, measured: Measured): RunFacts {
  const { pool, totals, startedAt, wallSeconds, workers } = measured;
  const [all] = totals.scopes;
  const { offered } = exchangesOf(all, callerCountsOf(totals, 0));
  const exchanges = offered + totals.attack.requests;
  const perSecond = (count: number): number =>
    pool.cpuSeconds === 0 ? 0 : count / pool.cpuSeconds;
  return {
    startedAt: startedAt.toISOString(),
    wallSeconds,
    command: commandLine(file, options),
    workers,
    machine: readMachine(),
    performance: {
      events: totals.events,
      eventsPerSecond: perSecond(totals.events),
      exchangesPerSecond: perSecond(exchanges),
      peakMemoryBytes: process.resourceUsage().maxRSS * KIBIBYTE,
    },
    workerFailures: pool.workerFailures,
    isInterrupted: pool.isInterrupted,
  };
}

interface Finished {
  readonly pool: PoolResult;
  readonly totals: Totals;
  readonly result: RunResult;
}

function writeFolder(
  writer: ResultFolderWriter,
  { options, plan, prepared: { resolvedText } }: RunContext,
  { pool, totals, result }: Finished,
): void {
  writer.write('result.json', `${JSON.stringify(result, null, 1)}\n`);
  writer.write('scenario.yaml', resolvedText);
  writer.write('series.csv', seriesText(seriesRows(plan, totals)));
  writer.write('histograms.json', `${JSON.stringify(histogramFile(plan, totals))}\n`);
  if (options.exchanges !== 'none') {
    const userIdOf = createUserIds(plan);
    writer.write('exchanges.csv', exchangeLines(plan, pool.outcomes, userIdOf));
    writer.write('journal.jsonl', journalLines(plan, pool.outcomes, userIdOf));
  }
  // The report is drawn from the folder alone, so that it can be drawn again from it.
  if (options.report !== false)
    writer.write('report.html', renderPage(readResultFolder(writer.folder)));
}

function printResult(
  { options, session: { terminal } }: RunContext,
  result: RunResult,
  files: WrittenFiles,
  exitCode: number,
): void {
  if (options.json === true) terminal.print(summaryJson(result, files, exitCode));
  else if (options.quiet !== true) terminal.print(summaryText(result, files, terminal.paint));
}
