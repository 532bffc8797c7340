/** What running a scenario is asked for, and what it writes and says, whichever engine ran it. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { readResultFolder } from '../../reports/folder.ts';
import { renderPage } from '../../reports/page.ts';
import { callerCountsOf, exchangesOf } from '../metrics/counts.ts';
import { exchangeLines } from '../metrics/exchange-log.ts';
import { histogramFile } from '../metrics/histogram-file.ts';
import { journalLines } from '../metrics/journal-file.ts';
import type { KeepPolicy } from '../metrics/journal.ts';
import type { ReplicationOutcome } from '../metrics/outcome.ts';
import type { LiveFacts, RunFacts, RunResult } from '../metrics/result.ts';
import { seriesRows, seriesText } from '../metrics/series.ts';
import type { Totals } from '../metrics/totals.ts';
import { EXIT_CODES } from '../metrics/verdict.ts';
import type { Plan } from '../plan/plan.ts';
import { createUserIds } from '../workload/journey-citizen.ts';
import { commandLine } from './command-line.ts';
import { readMachine } from './machine.ts';
import { shortPath } from './repository.ts';
import type { ResultFiles, ResultFolderWriter } from './result-folder.ts';
import type { PreparedScenario } from './scenario-file.ts';
import type { Session } from './session.ts';
import { summaryJson, summaryText } from './summary.ts';

export const EXIT_INTERRUPTED = 130;
const MS_PER_SECOND = 1000;
const KIBIBYTE = 1024;

export interface RunOptions {
  readonly engine: string;
  readonly seed?: number;
  readonly replications?: number;
  readonly workers?: number;
  readonly compress?: number;
  readonly calibration?: string;
  readonly exchanges: KeepPolicy;
  readonly out?: string;
  readonly set?: readonly string[];
  readonly report?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

export interface RunRequest {
  readonly file: string;
  readonly folder: string;
  readonly options: RunOptions;
  readonly prepared: PreparedScenario;
  readonly session: Session;
}

/** `--set` makes another experiment of a scenario, so its results have a folder of their own. */
export function defaultFolder(
  { plan }: PreparedScenario,
  { engine, set = [] }: RunOptions,
): string {
  const name = plan.name.replaceAll(/[^\w.-]+/g, '-').replace(/^\.+/, '');
  const hash = createHash('sha256').update(JSON.stringify(set)).digest('hex').slice(0, 8);
  const base = `${name === '' ? 'scenario' : name}-${engine}-${plan.seed}`;
  return join('out', set.length === 0 ? base : `${base}-${hash}`);
}

/** How a run went, beside what came of it. */
export interface RunCourse {
  readonly startedAt: Date;
  readonly workers: number;
  /** Of what ran the scenario. */
  readonly cpuSeconds: number;
  readonly workerFailures: RunFacts['workerFailures'];
  readonly isInterrupted: boolean;
  readonly live: LiveFacts | null;
}

export function runFacts(
  { file, options }: RunRequest,
  totals: Totals,
  { startedAt, cpuSeconds, ...course }: RunCourse,
): RunFacts {
  const [all] = totals.scopes;
  const { offered } = exchangesOf(all, callerCountsOf(totals, 0));
  const exchanges = offered + totals.attack.requests;
  const perSecond = (count: number): number => (cpuSeconds === 0 ? 0 : count / cpuSeconds);
  const { workers, workerFailures, isInterrupted, live } = course;
  return {
    startedAt: startedAt.toISOString(),
    wallSeconds: (Date.now() - startedAt.getTime()) / MS_PER_SECOND,
    command: commandLine(file, options),
    workers,
    machine: readMachine(),
    performance: {
      events: totals.events,
      eventsPerSecond: perSecond(totals.events),
      exchangesPerSecond: perSecond(exchanges),
      peakMemoryBytes: process.resourceUsage().maxRSS * KIBIBYTE,
    },
    workerFailures,
    isInterrupted,
    live,
  };
}

/** A scenario that has run, before anything is written. */
export interface Finished {
  readonly plan: Plan;
  readonly outcomes: readonly ReplicationOutcome[];
  readonly totals: Totals;
  readonly result: RunResult;
}

/** Writes the folder, says what came of it, and gives the exit code. */
export function handOver(
  writer: ResultFolderWriter,
  asked: RunRequest,
  finished: Finished,
): number {
  const { folder, options } = asked;
  const { result } = finished;
  writeFolder(writer, asked, finished);
  writer.commit();
  const exitCode = result.run.isInterrupted ? EXIT_INTERRUPTED : EXIT_CODES[result.verdict];
  const files = {
    folder: shortPath(folder),
    report: options.report !== false ? shortPath(join(folder, 'report.html')) : null,
  };
  const { terminal } = asked.session;
  if (options.json === true) terminal.print(summaryJson(result, files, exitCode));
  else if (options.quiet !== true) terminal.print(summaryText(result, files, terminal.paint));
  return exitCode;
}

/** All files of a result folder; it is not in its place yet. */
export function writeFolder(
  writer: ResultFiles,
  { options, prepared: { resolvedText } }: RunRequest,
  { plan, outcomes, totals, result }: Finished,
): void {
  writer.write('result.json', `${JSON.stringify(result, null, 1)}\n`);
  writer.write('scenario.yaml', resolvedText);
  writer.write('series.csv', seriesText(seriesRows(plan, totals)));
  writer.write('histograms.json', `${JSON.stringify(histogramFile(plan, totals))}\n`);
  if (options.exchanges !== 'none') {
    const userIdOf = createUserIds(plan);
    writer.write('exchanges.csv', exchangeLines(plan, outcomes, userIdOf));
    writer.write('journal.jsonl', journalLines(plan, outcomes, userIdOf));
  }
  // The report is drawn from the folder alone, so that it can be drawn again from it.
  if (options.report !== false)
    writer.write('report.html', renderPage(readResultFolder(writer.folder)));
}
