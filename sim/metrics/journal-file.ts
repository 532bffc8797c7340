/**
 * journal.jsonl: the exchanges that were kept, one a line, each readable without the others: what
 * `fedlab trace` prints. Steps are lists of numbers, since there are many:
 *
 *    [timeUs, leg, input, facts, transition, waitUs, serviceUs]
 *
 * as in protocol/exchange.ts; leg 0 is the consumer's; null where an effect has no such time.
 */
import type { Plan } from '../plan/plan.ts';
import { exchangeId } from './exchange-id.ts';
import { clientVersionOf, providerVersionOf } from './journal.ts';
import type { ReplicationOutcome } from './outcome.ts';
import type { UserIdOf } from './user-id.ts';

export const JOURNAL_FORMAT = 'fedlab-journal-2';

export interface JournalHead {
  readonly format: typeof JOURNAL_FORMAT;
  readonly scenario: string;
  readonly seed: number;
  readonly exchanges: number;
  /** Rows for which the journal had no room (limits.journalRowsMax). */
  readonly missed: number;
}

export interface JournalExchange {
  readonly id: string;
  /** From 1: the attempt of its call. */
  readonly attempt: number;
  /** X-Road-UserId, synthetic; null: no person asks. */
  readonly userId: string | null;
  readonly client: string;
  readonly service: string;
  readonly clientServer: string;
  /** Null: none was chosen. */
  readonly providerServer: string | null;
  readonly clientVersion: number;
  /** Null: no server was chosen. */
  readonly providerVersion: number | null;
  readonly isRest: boolean;
  readonly isAttack: boolean;
  readonly intendedUs: number;
  /** -1: open at the end of the run; 0: answered. */
  readonly fault: number;
  readonly steps: readonly (readonly (number | null)[])[];
}

/** The lines of the file, its head first. */
export function* journalLines(
  plan: Plan,
  outcomes: readonly ReplicationOutcome[],
  userIdOf: UserIdOf,
): Generator<string> {
  const sum = (count: (outcome: ReplicationOutcome) => number): number =>
    outcomes.reduce((total, outcome) => total + count(outcome), 0);
  const head: JournalHead = {
    format: JOURNAL_FORMAT,
    scenario: plan.name,
    seed: plan.seed,
    exchanges: sum(({ journal }) => journal.kept.flow.length),
    missed: sum(({ journal }) => journal.missedCount),
  };
  yield `${JSON.stringify(head)}\n`;
  for (const outcome of outcomes) {
    const rows = rowsByExchange(outcome);
    for (const [exchange, steps] of rows.entries()) {
      yield `${JSON.stringify(exchangeOf(plan, outcome, exchange, steps, userIdOf))}\n`;
    }
  }
}

function exchangeOf(
  plan: Plan,
  outcome: ReplicationOutcome,
  exchange: number,
  rows: readonly number[],
  userIdOf: UserIdOf,
): JournalExchange {
  const { journal } = outcome;
  const { kept } = journal;
  const flow = kept.flow[exchange];
  const [client, provider] = [kept.clientServer[exchange], kept.providerServer[exchange]];
  const service = plan.flows.service[flow];
  return {
    id: exchangeId(plan, outcome, exchange),
    attempt: kept.retry[exchange] + 1,
    userId: userIdOf(outcome.replicationIndex, kept.source[exchange], kept.ordinal[exchange]),
    client: plan.flows.client[flow],
    service: plan.services.id[service],
    clientServer: plan.servers.id[client],
    providerServer: provider < 0 ? null : plan.servers.id[provider],
    clientVersion: clientVersionOf(plan, journal, exchange),
    providerVersion: providerVersionOf(plan, journal, exchange),
    isRest: plan.services.isSoap[service] === 0,
    isAttack: kept.isAttack[exchange] === 1,
    intendedUs: kept.intendedUs[exchange],
    fault: kept.fault[exchange],
    steps: rows.map((row) => [
      journal.timeUs[row],
      journal.leg[row],
      journal.input[row],
      journal.facts[row],
      journal.transition[row],
      orNull(journal.waitUs[row]),
      orNull(journal.serviceUs[row]),
    ]),
  };
}

function rowsByExchange({ journal }: ReplicationOutcome): number[][] {
  const rows: number[][] = Array.from({ length: journal.kept.flow.length }, () => []);
  journal.exchange.forEach((exchange, row) => rows[exchange].push(row));
  return rows;
}

function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}
