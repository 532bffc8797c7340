/** What a run came to, on one screen of a terminal: the verdict first. */
import {
  formatAmount,
  formatCount,
  formatDuration,
  formatRate,
  formatSeconds,
  formatShare,
} from '../../reports/format.ts';
import { formatMetric, metricText } from '../../reports/metric-text.ts';
import { reasonText, thresholdText, VERDICT_WORDS } from '../../reports/verdict-text.ts';
import type {
  LiveFacts,
  RunResult,
  ScopeResult,
  ThresholdResult,
  Verdict,
} from '../metrics/result.ts';
import type { Colour, Paint } from './terminal.ts';

const FAULTS_SHOWN = 6;
const LABEL_WIDTH = 12;

const COLOURS: Readonly<Record<Verdict, Colour>> = {
  passed: 'green',
  failed: 'red',
  inconclusive: 'yellow',
  invalid: 'red',
  violated: 'red',
  regressed: 'red',
};
const MARKS: Readonly<Record<Verdict, string>> = {
  passed: '✔',
  failed: '✘',
  inconclusive: '?',
  invalid: '!',
  violated: '!',
  regressed: '✘',
};

export interface WrittenFiles {
  readonly folder: string;
  /** Null: none was drawn. */
  readonly report: string | null;
}

export function summaryText(result: RunResult, files: WrittenFiles, paint: Paint): string {
  const { verdict, scenario, run } = result;
  const mark = `${MARKS[verdict]} ${VERDICT_WORDS[verdict].toUpperCase()}`;
  return [
    '',
    `${paint(COLOURS[verdict], paint('bold', mark))}  ${paint('bold', scenario.title)}`,
    reasonText(result),
    '',
    ...scopeTable(result, paint),
    '',
    ...callLines(result, paint),
    ...faultLines(result, paint),
    ...thresholdLines(result, paint),
    ...statisticsLines(result, paint),
    ...run.workerFailures.map(({ replicationIndex, reason }) =>
      row('worker', `ended under replication ${replicationIndex}: ${reason}`, paint),
    ),
    ...(run.live === null ? [] : [row('generator', generatorText(run.live), paint)]),
    row('run', runText(result), paint),
    row('files', files.report ?? files.folder, paint),
  ].join('\n');
}

const COLUMNS = ['', 'offered', 'good', 'answered', 'p50', 'p90', 'p99', 'max'] as const;

function scopeTable(result: RunResult, paint: Paint): string[] {
  const all: Pick<ScopeResult, 'calls' | 'throughputRps' | 'latencyNs'> = result;
  const scopes = Object.entries(result.instances).filter(([, scope]) => scope.calls.due > 0);
  const shown = [['all calls', all] as const, ...(scopes.length > 1 ? scopes : [])];
  const cells = shown.map(([name, { calls, throughputRps, latencyNs }]) => [
    name === 'crossBorder' ? 'border' : name,
    formatRate(throughputRps.offered),
    formatRate(throughputRps.good),
    formatShare(calls.due === 0 ? null : calls.answered / calls.due),
    formatDuration(latencyNs.p50),
    formatDuration(latencyNs.p90),
    formatDuration(latencyNs.p99),
    formatDuration(latencyNs.max),
  ]);
  const widths = COLUMNS.map((title, column) =>
    Math.max(title.length, ...cells.map((line) => line[column].length)),
  );
  const lineOf = (line: readonly string[]): string =>
    line
      .map((cell, column) =>
        column === 0
          ? cell.padEnd(Math.max(LABEL_WIDTH - 2, widths[0]))
          : cell.padStart(widths[column]),
      )
      .join('  ');
  return [paint('dim', lineOf(COLUMNS)), ...cells.map(lineOf)];
}

function callLines({ calls, attack, ...result }: RunResult, paint: Paint): string[] {
  const parts = [`${formatCount(calls.due)} due`, `${formatCount(calls.answered)} answered`];
  parts.push(`${formatCount(calls.faulted)} with a fault`);
  if (calls.gaveUp > 0) parts.push(`${formatCount(calls.gaveUp)} given up`);
  if (calls.notStarted > 0) parts.push(`${formatCount(calls.notStarted)} not started`);
  parts.push(`${formatCount(calls.openAtEnd)} open at the end`);
  const lines = [row('calls', parts.join(', '), paint), ...callerLines(calls, result, paint)];
  if (attack.requests > 0) {
    const text = [
      `${formatCount(attack.requests)} requests`,
      `${formatCount(attack.refused)} refused`,
      `${formatCount(attack.served)} served`,
    ].join(', ');
    lines.push(row('attack', text, paint));
  }
  return lines;
}

/** Only where callers try again, or calls make up journeys. */
function callerLines(
  calls: RunResult['calls'],
  { attempts, journeys }: Pick<RunResult, 'attempts' | 'journeys'>,
  paint: Paint,
): string[] {
  const lines: string[] = [];
  const begun = calls.due - calls.notStarted;
  if (attempts.started !== begun || attempts.abandonedByClient > 0) {
    const perCall = begun === 0 ? 0 : attempts.started / begun;
    const text = [
      `${formatCount(attempts.started)} attempts`,
      `${perCall.toFixed(2)} a call`,
      `${formatCount(attempts.abandonedByClient)} abandoned`,
    ].join(', ');
    lines.push(row('retries', text, paint));
  }
  if (journeys.started > 0) {
    const text = [
      `${formatCount(journeys.started)} begun`,
      `${formatCount(journeys.completed)} completed`,
      `${formatCount(journeys.failed)} lost, ${formatCount(journeys.gaveUp)} of them given up`,
      `${formatCount(journeys.openAtEnd)} open at the end`,
    ].join(', ');
    lines.push(row('journeys', text, paint));
  }
  return lines;
}

function faultLines({ faults }: RunResult, paint: Paint): string[] {
  const width = Math.max(0, ...faults.map(({ count }) => formatCount(count).length));
  const lines = faults.slice(0, FAULTS_SHOWN).map(({ code, side, definite, count }, index) => {
    const meaning = definite ? 'not executed' : 'may have been executed';
    const how = paint('dim', `(${side}, ${meaning})`);
    const text = `${formatCount(count).padStart(width)}  ${code} ${how}`;
    return row(index === 0 ? 'faults' : '', text, paint);
  });
  const more = faults.length - FAULTS_SHOWN;
  if (more > 0) lines.push(row('', paint('dim', `and ${more} more codes`), paint));
  return lines;
}

const THRESHOLD_MARKS: Readonly<Record<ThresholdResult['verdict'], readonly [string, Colour]>> = {
  passed: ['✔', 'green'],
  failed: ['✘', 'red'],
  inconclusive: ['?', 'yellow'],
};

function thresholdLines({ thresholds, checks }: RunResult, paint: Paint): string[] {
  const lines = thresholds.map((threshold, index) => {
    const [mark, colour] = THRESHOLD_MARKS[threshold.verdict];
    const { metric, ci95 } = threshold;
    const interval = ci95 === null ? '' : ` (± ${formatMetric(metric, ci95)})`;
    const text = `${paint(colour, mark)} ${thresholdText(threshold)}${interval}`;
    return row(index === 0 ? 'thresholds' : '', text, paint);
  });
  // Precision has a line of its own.
  const open = checks.filter(({ name, verdict }) => verdict !== 'passed' && name !== 'precision');
  return [
    ...lines,
    ...open.map(({ name, verdict, detail }) =>
      row('check', `${paint('red', verdict)} ${name}: ${detail}`, paint),
    ),
  ];
}

/** What was reached, not only what was asked. */
function statisticsLines({ confidence, warmUp }: RunResult, paint: Paint): string[] {
  const lines: string[] = [];
  if (confidence.precision !== null) {
    const { asked, reached, replicationsNeeded, isMet } = confidence.precision;
    const found = Object.entries(reached).map(([metric, share]) => {
      return `${metricText(metric)} ± ${formatShare(share)}`;
    });
    const from = replicationsNeeded === null ? '' : ` from replication ${replicationsNeeded} on`;
    const end = isMet ? paint('green', `held${from}`) : paint('yellow', 'not reached');
    lines.push(
      row('precision', `${found.join(', ')}; asked ± ${formatShare(asked)}: ${end}`, paint),
    );
  }
  if (warmUp !== null) lines.push(row('warm-up', warmUpText(warmUp), paint));
  return lines;
}

function warmUpText(warmUp: NonNullable<RunResult['warmUp']>): string {
  const { usedSeconds, foundSeconds, values, source, verdict } = warmUp;
  const used = `${formatSeconds(usedSeconds)} left out`;
  if (foundSeconds === null) {
    return `${used}; ${formatCount(values)} values are too few for MSER-5 to judge it`;
  }
  if (verdict === 'rejected') return `${used}; MSER-5 finds no steady part: the run is too short`;
  if (source === 'pilot') return `${used}, as MSER-5 found in a pilot`;
  const found = `MSER-5 finds ${formatSeconds(foundSeconds)}`;
  return `${used}; ${found}${verdict === 'too-short' ? ', so the figures may be biased' : ''}`;
}

function generatorText({ generator, threads }: LiveFacts): string {
  const { latenessP50Ns, latenessP99Ns, latenessMaxNs } = generator;
  const [p50, p99, max] = [latenessP50Ns, latenessP99Ns, latenessMaxNs].map(formatDuration);
  const busy = threads.map(({ name, cpuSeconds }) => `${name} ${formatSeconds(cpuSeconds)}`);
  return `late by ${p50} (p50), ${p99} (p99), ${max} at most · CPU: ${busy.join(', ')}`;
}

function runText({ run, replications, simulatedSeconds, seed, fingerprint }: RunResult): string {
  const parts = [
    `${formatCount(replications)} × ${formatSeconds(simulatedSeconds)}`,
    `took ${formatSeconds(run.wallSeconds)}`,
    `${formatAmount(run.performance.exchangesPerSecond)} exchanges/s a core`,
    `seed ${seed}`,
    `fingerprint ${fingerprint.results}`,
  ];
  if (run.isInterrupted) parts.unshift('interrupted');
  return parts.join(' · ');
}

function row(label: string, text: string, paint: Paint): string {
  return `${paint('dim', label.padEnd(LABEL_WIDTH))}${text}`;
}

/** `--json`: the result without its long lists, and where it is. */
export function summaryJson(result: RunResult, files: WrittenFiles, exitCode: number): string {
  const { checks, faults, thresholds, attack, calls, throughputRps, latencyNs } = result;
  const { journeys, attempts, warmUp } = result;
  const summary = {
    verdict: result.verdict,
    exitCode,
    folder: files.folder,
    report: files.report,
    scenario: result.scenario.name,
    calibration: result.calibration.name,
    engine: result.engine,
    seed: result.seed,
    replications: result.replications,
    simulatedSeconds: result.simulatedSeconds,
    fingerprint: result.fingerprint,
    warmUp,
    precision: result.confidence.precision,
    journeys,
    calls,
    attempts,
    attack,
    throughputRps,
    latencyNs,
    faults,
    thresholds,
    checks,
    run: result.run,
  };
  return JSON.stringify(summary, null, 2);
}
