/** An exchange of the journal as lines of text. */
import type { JournalExchange } from '../metrics/journal-file.ts';
import { EFFECTS } from '../protocol/effect.ts';
import {
  clientNeeds,
  ClientStage,
  effectOf,
  Fact,
  faultOfTransition,
  Input,
  serverNeeds,
  ServerStage,
  stageOf,
} from '../protocol/exchange.ts';
import { Cause, findFault, spellFault } from '../protocol/fault.ts';

const NS_PER_US = 1000;
const TITLES = ['at', 'server', 'input', 'stage', 'next effect', 'waited', 'took', ''] as const;

type Duration = (ns: number | null) => string;

export function traceText(exchange: JournalExchange, duration: Duration): string {
  const lines = [...headLines(exchange), ''];
  if (exchange.steps.length === 0) return [...lines, 'no step was recorded'].join('\n');
  const lacking = lackingFacts(exchange);
  const cells = exchange.steps.map((step, row) =>
    stepCells(exchange, step, lacking[row], duration),
  );
  const rows = [[...TITLES], ...cells];
  const widths = TITLES.map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const table = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd(),
  );
  return [...lines, ...table].join('\n');
}

function headLines(exchange: JournalExchange): string[] {
  const kind = exchange.isRest ? 'REST' : 'SOAP';
  const attack = exchange.isAttack ? ', part of an attack' : '';
  const attempt = exchange.attempt > 1 ? `, attempt ${exchange.attempt} of its call` : '';
  const person = exchange.userId === null ? '' : ` for ${exchange.userId} (synthetic)`;
  return [
    `exchange  ${exchange.id} (${kind}${attempt}${attack})`,
    `client    ${exchange.client} through ${exchange.clientServer}${person}`,
    `service   ${exchange.service} at ${exchange.providerServer ?? 'no server: none was chosen'}`,
    `outcome   ${outcomeText(exchange)}`,
  ];
}

function outcomeText({ fault, clientVersion, providerVersion }: JournalExchange): string {
  if (fault < 0) return 'still open at the end of the run';
  if (fault === 0) return 'answered';
  const entry = findFault(fault);
  const version = entry?.side === 'provider' ? (providerVersion ?? clientVersion) : clientVersion;
  const meaning = entry?.definite === true ? 'certainly not executed' : 'may have been executed';
  return `${spellFault(fault, version)}: ${entry?.prose ?? 'not in the registry'} (${meaning})`;
}

/**
 * Of each step, the facts that the rules asked for and that did not hold: where a step ends with a
 * fault they say which clock, key or right it was. Not being REST is no trouble.
 */
function lackingFacts({ steps }: JournalExchange): number[] {
  const stages = [ClientStage.Waiting, ServerStage.Waiting] as number[];
  return steps.map(([, leg, input, facts, transition]) => {
    const side = leg ?? 0;
    const needs = (side === 1 ? serverNeeds : clientNeeds)(stages[side], input ?? 0);
    stages[side] = stageOf(transition ?? 0);
    return needs & ~(facts ?? 0) & ~Fact.IsRest;
  });
}

/** Times are from the intended start. */
function stepCells(
  exchange: JournalExchange,
  step: readonly (number | null)[],
  lacking: number,
  duration: Duration,
): string[] {
  const [timeUs, leg, input, facts, transition, waitUs, serviceUs] = step;
  const isServer = leg === 1;
  const us = (value: number | null): string => (value === null ? '' : duration(value * NS_PER_US));
  const fault = faultOfTransition(transition ?? 0);
  return [
    `+${us((timeUs ?? 0) - exchange.intendedUs)}`,
    isServer ? 'provider' : 'consumer',
    inputText(input ?? 0, exchange),
    nameOf(isServer ? ServerStage : ClientStage, stageOf(transition ?? 0)),
    EFFECTS[effectOf(transition ?? 0)]?.name ?? '?',
    us(waitUs),
    us(serviceUs),
    [
      ...(fault === 0 ? [] : [spelled(fault, exchange)]),
      ...(fault === 0 || lacking === 0 ? [] : [`lacking ${factsText(lacking)}`]),
      ...(facts === 0 || facts === null ? [] : [`knowing ${factsText(facts)}`]),
    ].join('; '),
  ];
}

function inputText(input: number, exchange: JournalExchange): string {
  const kind = input & 0xff;
  const cause = input >> 8;
  const name = nameOf(Input, kind);
  if (cause === 0) return name;
  // A peer's fault is whole; a local failure is a cause without prefix.
  const isWhole = kind === Input.FaultPart;
  return isWhole ? `${name} ${spelled(cause, exchange)}` : `${name} (${nameOf(Cause, cause)})`;
}

function spelled(fault: number, { clientVersion, providerVersion }: JournalExchange): string {
  const isProviders = findFault(fault)?.side === 'provider';
  return spellFault(fault, isProviders ? (providerVersion ?? clientVersion) : clientVersion);
}

function factsText(facts: number): string {
  return Object.entries(Fact)
    .filter(([, bit]) => (facts & bit) !== 0)
    .map(([name]) => name)
    .join(' ');
}

function nameOf(table: Readonly<Record<string, number>>, value: number): string {
  return Object.entries(table).find(([, number]) => number === value)?.[0] ?? String(value);
}
