/**
 * How an exchange is named: by its replication, its source and its number at that source; an
 * attempt after the first of its call by which one it is, too.
 */
import { RunningHash } from '../base/fingerprint.ts';
import type { Plan } from '../plan/plan.ts';
import type { ReplicationOutcome } from './outcome.ts';

/**
 * `0:portal:17`, and `0:portal:17.2` for the second attempt of that call: what `trace` is asked
 * for, and X-Road-Id in exchanges.csv. A consumer's server makes an id where the client gives none
 * (facts 2.1), so attempts have different ones.
 */
export function exchangeId(plan: Plan, outcome: ReplicationOutcome, row: number): string {
  const { source, ordinal, retry } = outcome.journal.kept;
  return exchangeName(plan, outcome.replicationIndex, source[row], ordinal[row], retry[row]);
}

/** The same of any exchange; `retry` counts from 0. */
export function exchangeName(
  plan: Plan,
  replicationIndex: number,
  source: number,
  ordinal: number,
  retry: number,
): string {
  const first = `${replicationIndex}:${plan.sources.id[source]}:${ordinal}`;
  return retry === 0 ? first : `${first}.${retry + 1}`;
}

/** The UUID that joins the two records of an exchange; of version 8: made by its own rule. */
export function requestUuid(id: string): string {
  const [first, second] = [1, 2].map((salt) => {
    const hash = new RunningHash(salt);
    hash.addText(id);
    return hash.toString();
  });
  const variant = ((Number.parseInt(second[0], 16) & 3) | 8).toString(16);
  const groups = [
    first.slice(0, 8),
    first.slice(8, 12),
    `8${first.slice(13, 16)}`,
    `${variant}${second.slice(1, 4)}`,
    second.slice(4, 16),
  ];
  return groups.join('-');
}
