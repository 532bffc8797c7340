/** What a result says of trust: when clocks had run out, and what the message logs hold. */
import type { Plan } from '../plan/plan.ts';
import type { EvidenceResult, TrustInterval } from './result.ts';
import { serversOf } from './scope.ts';
import { TRUST_CLOCKS } from './trust-outcome.ts';
import type { TrustOutcome } from './trust-outcome.ts';

const US_PER_SECOND = 1e6;

/** Of one replication, in the order in which they began. */
export function trustIntervalsOf(plan: Plan, trust: TrustOutcome | null): TrustInterval[] {
  if (trust === null) return [];
  const { server, clock, foreignInstance, fromUs, toUs } = trust.intervals;
  return Array.from(server, (row, index) => {
    const foreign = foreignInstance[index];
    const name = TRUST_CLOCKS[clock[index]];
    return {
      scope: plan.servers.id[row],
      clock: foreign === -1 ? name : `${name} ${plan.instances[foreign].id}`,
      fromSeconds: fromUs[index] / US_PER_SECOND,
      toSeconds: toUs[index] / US_PER_SECOND,
    };
  });
}

/** By instance; null: no trust clock runs. */
export function evidenceOf(
  plan: Plan,
  trust: TrustOutcome | null,
): Record<string, EvidenceResult> | null {
  if (trust === null) return null;
  return Object.fromEntries(
    plan.instances.map(({ id }, instance) => {
      const rows = serversOf(plan, instance + 1);
      return [id, evidenceAt(trust, rows)];
    }),
  );
}

function evidenceAt({ servers }: TrustOutcome, rows: readonly number[]): EvidenceResult {
  const sum = (column: Float64Array): number => rows.reduce((all, row) => all + column[row], 0);
  const largest = (column: Float64Array): number =>
    rows.reduce((most, row) => Math.max(most, column[row]), 0);
  return {
    acceptedAsConsumer: sum(servers.acceptedClient),
    acceptedAsProvider: sum(servers.acceptedServer),
    logged: sum(servers.loggedClient) + sum(servers.loggedServer),
    stamped: sum(servers.stamped),
    unstampedAtEnd: sum(servers.unstampedAtEnd),
    lost: sum(servers.lost),
    oldestUnstampedSeconds: largest(servers.oldestUnstampedUs) / US_PER_SECOND,
    backlogMax: largest(servers.backlogMax),
    refusedMessages: sum(servers.refused),
    acceptedUnlogged: sum(servers.acceptedUnlogged),
  };
}
