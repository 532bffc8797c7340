/**
 * `fedlab run FILE`: the scenario into a result folder, in virtual time; run-live.ts runs it over
 * sockets.
 */
import type { Command } from 'commander';
import type { KeepPolicy } from '../metrics/journal.ts';
import { runResult } from '../metrics/run-result.ts';
import { mergeOutcomes } from '../metrics/totals.ts';
import { defaultWorkers, OUT_OF_MEMORY, runReplications, WorkerStartError } from '../pool/pool.ts';
import { findWarmUp } from '../pool/warm-up.ts';
import { keepPolicy, repeated, wholeNumber } from './option-values.ts';
import { ProgressLine } from './progress.ts';
import { readTool } from './repository.ts';
import { ResultFolderWriter } from './result-folder.ts';
import { refuseUnbuilt, runLiveInto } from './run-live.ts';
import { defaultFolder, EXIT_INTERRUPTED, handOver, runFacts } from './run-output.ts';
import type { Finished, RunOptions, RunRequest } from './run-output.ts';
import { prepareScenario } from './scenario-file.ts';
import type { Session } from './session.ts';
import { UserError } from './user-error.ts';

const SEED_MAX = Number.MAX_SAFE_INTEGER;
const REPLICATIONS_MAX = 10_000;
const WORKERS_MAX = 1024;
const COMPRESSION_MAX = 10_000;

export function addRunCommand(program: Command, session: Session): void {
  program
    .command('run')
    .description('run a scenario and write a result folder')
    .argument('<file>', 'a scenario file, or the name of one under scenarios/')
    .option('--engine <engine>', 'what runs it: virtual or live', 'virtual')
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
    .option(
      '--compress <n>',
      'live only: how many times as fast as the wall the clock of trust and incidents runs',
      wholeNumber(1, COMPRESSION_MAX),
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
  if (options.engine === 'live') refuseUnbuilt(prepared, options.compress ?? 1);
  else if (options.compress !== undefined) {
    throw new UserError('virtual time needs no --compress: it is as fast as it can be');
  }
  session.seed = prepared.plan.seed;
  for (const warning of prepared.warnings) session.terminal.tell(`${warning}\n`);
  const folder = options.out ?? defaultFolder(prepared, options);
  const writer = new ResultFolderWriter(folder);
  try {
    const asked = { file, folder, options, prepared, session };
    return await (options.engine === 'live' ? runLiveInto : runInto)(writer, asked);
  } finally {
    // After a commit there is nothing left to discard.
    writer.discard();
  }
}

async function runInto(writer: ResultFolderWriter, asked: RunRequest): Promise<number> {
  const finished = await runVirtual(asked);
  if (finished !== null) return handOver(writer, asked, finished);
  asked.session.terminal.tell('no replication was finished, so nothing is written');
  return EXIT_INTERRUPTED;
}

/** Null: it was interrupted before a replication was finished. */
export async function runVirtual(asked: RunRequest): Promise<Finished | null> {
  const { options, prepared, session } = asked;
  const startedAt = new Date();
  const failure = session.environment['FEDLAB_TEST_FAIL'] ?? null;
  const { interrupt } = session;
  const warmedUp = await findWarmUp(prepared.plan, { interrupt, failure }).catch(refuseTooLarge);
  if (warmedUp.plan === null) return nothingFinished(interrupt.aborted, warmedUp.reason);
  const { plan } = warmedUp;
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
    return nothingFinished(pool.isInterrupted, pool.unfinished[0]?.reason ?? null);
  }
  const totals = mergeOutcomes(pool.outcomes);
  const { cpuSeconds, workerFailures, isInterrupted } = pool;
  const run = { cpuSeconds, workerFailures, isInterrupted, startedAt, workers, live: null };
  const result = runResult(plan, pool.outcomes, totals, {
    run: runFacts(asked, totals, run),
    tool: readTool(),
    engine: 'virtual',
    timeCompression: 1,
    scenario: { path: prepared.path, sha256: prepared.sha256 },
    unfinished: pool.unfinished,
    pilotWarmUp: warmedUp.pilotWarmUp,
  });
  return { plan, outcomes: pool.outcomes, totals, result };
}

function refuseOtherEngines(engine: string): void {
  if (engine === 'virtual' || engine === 'live') return;
  throw new UserError(`there is no engine called "${engine}": use virtual or live`);
}

function nothingFinished(isInterrupted: boolean, reason: string | null): null {
  if (isInterrupted) return null;
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
