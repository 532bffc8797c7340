/** How far the two engines agree, in words: for the report, the terminal and agreement.md. */
import type { AgreementResult, AgreementRow } from '../sim/metrics/result.ts';
import { codeText } from './chart/faults-over-time.ts';
import {
  formatAmount,
  formatCount,
  formatDuration,
  formatNumberOf,
  formatRate,
  formatShareTick,
  NO_VALUE,
} from './format.ts';
import { metricText } from './metric-text.ts';

export const AGREEMENT_WORDS: Readonly<Record<AgreementResult['verdict'], string>> = {
  agrees: 'The engines agree',
  differs: 'The engines differ',
  unknown: 'Not known',
  invalid: 'Not a valid measurement',
};

export const ROW_WORDS: Readonly<Record<AgreementRow['verdict'], string>> = {
  agrees: 'agrees',
  differs: 'differs',
  unknown: 'not known',
  shown: 'not judged',
};

const CALL_WORDS: Readonly<Record<string, string>> = {
  due: 'calls due',
  answered: 'calls answered',
  gaveUp: 'calls given up',
  notStarted: 'calls not started',
};

export interface AgreementCells {
  readonly name: string;
  readonly virtual: string;
  readonly live: string;
  readonly difference: string;
  /** From and to. */
  readonly interval: string;
  readonly tolerance: string;
}

export function agreementCells(row: AgreementRow): AgreementCells {
  const { unit, virtual, live, difference, low, high, tolerance } = row;
  return {
    name: nameOf(row),
    virtual: valueText(unit, virtual),
    live: valueText(unit, live),
    difference: `${signedText(unit, difference)}${shareText(difference, virtual)}`,
    interval:
      low === null || high === null
        ? NO_VALUE
        : `${signedText(unit, low)} to ${signedText(unit, high)}`,
    tolerance:
      tolerance === null || virtual === null ? NO_VALUE : `± ${valueText(unit, tolerance)}`,
  };
}

/** Why the verdict is what it is. */
export function agreementReason({ rows, verdict, replications }: AgreementResult): string {
  if (verdict === 'invalid') {
    return 'The generator of the live run could not keep up, so its figures mean nothing.';
  }
  const judged = rows.filter((row) => row.verdict !== 'shown');
  const [differing, unknown] = (['differs', 'unknown'] as const).map((word) =>
    judged.filter((row) => row.verdict === word),
  );
  const of = `of ${formatNumberOf(judged.length, 'row')}`;
  if (verdict === 'differs') {
    return `${formatCount(differing.length)} ${of}: ${differing.map(nameOf).join(', ')}.`;
  }
  if (verdict === 'unknown') {
    const advice = replications < 5 ? ' More replications tell more.' : '';
    return `${formatCount(unknown.length)} ${of}: ${unknown.map(nameOf).join(', ')}.${advice}`;
  }
  return `All ${formatNumberOf(judged.length, 'row')} are within their tolerances.`;
}

/** What the fifth column holds. */
export function intervalText({ method, level, replications }: AgreementResult): string {
  if (method === 'none') return 'One replication tells nothing about the spread of a difference.';
  const count = formatNumberOf(replications, 'pair', 'pairs');
  return method === 'student-t'
    ? `Intervals are of the mean difference, ${formatShareTick(level)} confidence, by Student's ` +
        `t over ${count} of replications.`
    : 'With fewer than five replications an interval would pretend to know more than there is: ' +
        `the smallest and the largest difference of ${count} are given instead.`;
}

/** What decides which rows are judged. */
export function loadText({ load, loop }: AgreementResult): string {
  const busy = load === 'light' ? 'The machine is mostly idle' : 'The machine is busy';
  const held =
    load === 'light'
      ? 'latencies are held to 15 %'
      : 'latencies are shown, and throughput is held to 10 %';
  return `${busy} in virtual time, and the loop is ${loop}: ${held}.`;
}

function nameOf({ kind, name, side }: AgreementRow): string {
  if (kind === 'calls') return CALL_WORDS[name] ?? name;
  if (kind === 'fault') return `${name === '' ? codeText(name) : name} (${side})`;
  return kind === 'stage' ? `${name} (${side})` : metricText(name);
}

function valueText(unit: AgreementRow['unit'], value: number | null): string {
  if (value === null) return NO_VALUE;
  if (unit === 'ns') return formatDuration(value);
  return unit === 'count' ? formatAmount(value) : formatRate(value);
}

function signedText(unit: AgreementRow['unit'], value: number | null): string {
  if (value === null) return NO_VALUE;
  const size = valueText(unit, Math.abs(value));
  return value === 0 ? size : `${value > 0 ? '+' : '−'}${size}`;
}

function shareText(difference: number | null, virtual: number | null): string {
  if (difference === null || difference === 0 || virtual === null || virtual === 0) return '';
  const share = (100 * difference) / virtual;
  if (Math.abs(share) >= 1000) return ` (${formatAmount(1 + share / 100)} times)`;
  return ` (${share > 0 ? '+' : '−'}${Math.abs(share).toFixed(1)} %)`;
}
