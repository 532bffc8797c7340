/** `fedlab check FILE...`: what would run and what it would cost; runs nothing. */
import type { Command } from 'commander';
import {
  formatAmount,
  formatBytes,
  formatCount,
  formatNumberOf,
  formatSeconds,
  formatShare,
} from '../../reports/format.ts';
import { bucketCount } from '../base/histogram.ts';
import { SMALL_BITS } from '../metrics/outcome.ts';
import type { Plan } from '../plan/plan.ts';
import { SourceKind } from '../plan/plan.ts';
import { defaultWorkers } from '../pool/pool.ts';
import { callerLines, checkLines, incidentLines, journeyLines, trustText } from './check-text.ts';
import { NO_OVERRIDES, prepareScenario } from './scenario-file.ts';
import type { PreparedScenario } from './scenario-file.ts';
import type { Session } from './session.ts';
import { UserError } from './user-error.ts';
import { repeated } from './option-values.ts';

const US_PER_SECOND = 1e6;
const LABEL_WIDTH = 14;

/**
 * Exchanges a second of one core, whole model, by order of magnitude: what `fedlab run` itself
 * prints of the national scenario at the time of writing. A guide for planning, not a promise.
 */
const EXCHANGES_PER_SECOND = 50_000;
const START_UP_SECONDS = 1;
/** Of a slot in the table of exchanges and its legs: about 50 columns of 8 bytes at most. */
const BYTES_PER_SLOT = 600;
const BYTES_PER_JOURNAL_ROW = 100;
const BASE_BYTES = 120 * 2 ** 20;

export function addCheckCommand(program: Command, session: Session): void {
  program
    .command('check')
    .description('validate scenarios and print what would run; run nothing')
    .argument('<files...>', 'scenario files, or names under scenarios/')
    .option('--set <path=value>', 'set one value of the scenarios; may be repeated', repeated)
    .action((files: readonly string[], { set = [] }: { readonly set?: readonly string[] }) => {
      check(files, set, session);
    });
}

/** All files are looked at, whatever is wrong with the first. */
function check(files: readonly string[], sets: readonly string[], session: Session): void {
  const mistakes: string[] = [];
  for (const [index, file] of files.entries()) {
    try {
      const prepared = prepareScenario(file, { ...NO_OVERRIDES, sets });
      for (const warning of prepared.warnings) session.terminal.tell(`${warning}\n`);
      if (index > 0) session.terminal.print('');
      session.terminal.print(describeScenario(prepared));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      mistakes.push(error.message);
    }
  }
  if (mistakes.length > 0) throw new UserError(mistakes.join('\n\n'));
}

function describeScenario({ plan, path }: PreparedScenario): string {
  const { instances, expected } = plan;
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  const calls = `${formatAmount(expected.calls)} calls a replication`;
  const rate = `${formatAmount(expected.calls / (plan.durationUs / US_PER_SECOND))}/s on average`;
  const rows: readonly (readonly [string, string | readonly string[]])[] = [
    ['scenario', `${plan.name}, ${path}`],
    ['question', plan.question],
    ['instances', instances.map(({ id, profile }) => `${id} (${profile})`).join(', ')],
    [
      'network',
      [
        formatNumberOf(plan.servers.id.length, 'security server'),
        formatNumberOf(plan.hosts.id.length, 'host'),
        formatNumberOf(sum(instances.map(({ memberCount }) => memberCount)), 'member'),
        formatNumberOf(sum(instances.map(({ subsystemCount }) => subsystemCount)), 'subsystem'),
        formatNumberOf(plan.services.id.length, 'service'),
        formatNumberOf(plan.systems.id.length, 'information system'),
      ].join(', '),
    ],
    ['load', `${calls}, ${rate}${closedText(plan)}`],
    ['callers', callerLines(plan)],
    ['journeys', journeyLines(plan)],
    ['trust', trustText(plan)],
    ['incidents', incidentLines(plan)],
    ['time', timeText(plan)],
    ['thresholds', formatCount(plan.thresholds.length)],
    ['checks', checkLines(plan)],
    ['calibration', plan.calibration.name],
    ['seed', String(plan.seed)],
    ['replications', replicationsText(plan)],
    ['cost', costText(plan)],
  ];
  const lines = rows.flatMap(([label, text]) =>
    (typeof text === 'string' ? [text] : text).map(
      (one, index) => `${(index === 0 ? label : '').padEnd(LABEL_WIDTH)}${one}`,
    ),
  );
  return lines.join('\n');
}

function closedText({ sources, expected }: Plan): string {
  const users = sources.kind.filter((kind) => kind === SourceKind.User).length;
  const parts: string[] = [];
  if (users > 0) parts.push(`of ${formatNumberOf(users, 'user')} that wait for their answers`);
  if (expected.attackRequests > 0) {
    parts.push(`and ${formatAmount(expected.attackRequests)} requests of attacks`);
  }
  return parts.map((part) => `, ${part}`).join('');
}

function replicationsText({ precision, replications }: Plan): string {
  if (precision === null) return formatCount(replications);
  const { relativeHalfWidth, confidence, replicationsMin, metrics } = precision;
  return [
    `${formatCount(replicationsMin)} to ${formatCount(replications)}`,
    `until ${metrics.join(', ')} known to ± ${formatShare(relativeHalfWidth)}`,
    `with ${formatShare(confidence)} confidence`,
  ].join(', ');
}

function timeText({ kind, durationUs, warmUpUs, findsWarmUp, seriesBucketUs }: Plan): string {
  const seconds = (us: number): string => formatSeconds(us / US_PER_SECOND);
  const warmUp = findsWarmUp
    ? ', the warm-up found by a pilot'
    : warmUpUs > 0
      ? `, of which ${seconds(warmUpUs)} to warm up`
      : '';
  return `${seconds(durationUs)}${warmUp}, ${kind}, in steps of ${seconds(seriesBucketUs)}`;
}

function costText(plan: Plan): string {
  const workers = defaultWorkers(plan.replications);
  const exchanges = plan.expected.calls + plan.expected.attackRequests;
  const rounds = Math.ceil(plan.replications / workers);
  const seconds = START_UP_SECONDS + (rounds * exchanges) / EXCHANGES_PER_SECOND;
  const bytes = BASE_BYTES + workers * bytesOf(plan);
  const threads = formatNumberOf(workers, 'thread');
  const time = formatSeconds(Math.ceil(seconds));
  const memory = formatBytes(bytes);
  const most = plan.precision === null ? 'about' : 'at most';
  return `${most} ${time} with ${threads} on this machine, and about ${memory} of memory`;
}

/** Of one replication: the table of exchanges, the histograms, the journal if it is filled. */
function bytesOf(plan: Plan): number {
  const { limits, services, servers, memberClasses, instances } = plan;
  const buckets = Math.ceil(plan.durationUs / plan.seriesBucketUs);
  const histograms =
    services.id.length +
    servers.id.length +
    memberClasses.length ** 2 +
    buckets * (instances.length + 2);
  return (
    limits.exchangesMax * BYTES_PER_SLOT +
    histograms * bucketCount(SMALL_BITS) * Uint32Array.BYTES_PER_ELEMENT +
    Math.min(limits.journalRowsMax, plan.expected.calls) * BYTES_PER_JOURNAL_ROW
  );
}
