/**
 * Checks of what the federation promises about evidence: nothing is accepted outside a trust
 * window, and every accepted exchange is logged on both sides and in the end time-stamped.
 */
import { failed, passed, secondsText, shownOf, unknown } from './check-finding.ts';
import type { Finding, HistoryInput } from './check-finding.ts';
import type { CheckDocument } from '../plan/document.ts';
import type { TrustServerOutcome } from './trust-outcome.ts';

/** Request and response (facts.md 2.1 and 2.3): each proxy commits a record for either. */
const RECORDS_PER_EXCHANGE = 2;
/**
 * What a record may wait beside its server's interval: a retry comes 60 s after a failure
 * (facts.md 5.3), and as much again is left to the authority's answer and to a chain of batches.
 */
const STAMP_SLACK_US = 120e6;
const NO_TRUST = 'no trust clock runs in this scenario';

export function trustWindow({ plan, totals }: HistoryInput): Finding {
  if (totals.trust === null) return unknown(NO_TRUST);
  const { audited, acceptedOutsideTrust } = totals.trust.servers;
  const flaws = plan.servers.id.flatMap((id, row) =>
    acceptedOutsideTrust[row] > 0 ? [`${id} accepted ${acceptedOutsideTrust[row]} outside`] : [],
  );
  if (flaws.length > 0) return failed(flaws, true);
  const count = sumOf(audited);
  if (count === 0) return unknown('no message was accepted, so none was judged again');
  return passed(`${count} accepted messages were judged again from dates alone`);
}

export function evidenceLogged({ plan, totals }: HistoryInput): Finding {
  if (totals.trust === null) return unknown(NO_TRUST);
  const { servers } = totals.trust;
  const flaws = plan.servers.id.flatMap((id, row) => missingAt(servers, row, id));
  if (flaws.length > 0) return failed(flaws, true);
  const lost = plan.servers.id.filter((_, row) => servers.lost[row] > 0);
  if (lost.length > 0) return failed([`records were lost with the database of ${shownOf(lost)}`]);
  const accepted = sumOf(servers.acceptedClient);
  if (accepted === 0) return unknown('no exchange was accepted');
  return passed(
    `${accepted} accepted exchanges, and no record of theirs is missing at either side`,
  );
}

/**
 * Each exchange owes two records to the log of either server: exchange by exchange, and, as a
 * second look at what the engine counted, by the sums.
 */
function missingAt(servers: TrustServerOutcome, row: number, id: string): string[] {
  const sides = [
    ['consumer', servers.acceptedClient[row], servers.loggedClient[row]],
    ['provider', servers.acceptedServer[row], servers.loggedServer[row]],
  ] as const;
  const flaws = sides.flatMap(([side, accepted, logged]) => {
    const missing = accepted * RECORDS_PER_EXCHANGE - logged;
    return missing > 0 ? [`${id} as ${side}: ${missing} records are missing`] : [];
  });
  const { stamped, unstampedAtEnd, lost, loggedClient, loggedServer, acceptedUnlogged } = servers;
  if (acceptedUnlogged[row] > 0) {
    flaws.push(`${id}: ${acceptedUnlogged[row]} accepted exchanges without both their records`);
  }
  const known = stamped[row] + unstampedAtEnd[row] + lost[row];
  if (known !== loggedClient[row] + loggedServer[row]) {
    flaws.push(`${id}: logged differs from stamped + unstamped + lost`);
  }
  return flaws;
}

export function evidenceStamped(input: HistoryInput, asked: CheckDocument | null): Finding {
  const { plan, totals } = input;
  if (totals.trust === null) return unknown(NO_TRUST);
  const { oldestUnstampedUs, stamped, unstampedAtEnd } = totals.trust.servers;
  const late = plan.servers.id.flatMap((id, row) => {
    const boundUs = asked?.withinUs ?? plan.servers.stampIntervalUs[row] + STAMP_SLACK_US;
    const ageUs = oldestUnstampedUs[row];
    return ageUs > boundUs ? [`${id} since ${secondsText(ageUs)}`] : [];
  });
  if (late.length > 0) {
    const text = `records wait for a time-stamp: ${shownOf(late)}`;
    const recent = plan.incidents.find((incident) => isTooRecent(input, incident.endUs));
    if (recent === undefined) return failed([text]);
    return unknown(`${text}; the run ends too soon after ${recent.id} to tell`);
  }
  if (sumOf(stamped) + sumOf(unstampedAtEnd) === 0) return unknown('no record was logged');
  const waiting = sumOf(unstampedAtEnd);
  return passed(`${sumOf(stamped)} records are time-stamped, ${waiting} of the last interval wait`);
}

/** The end, in which all is stamped, has not come before the next run of every server's job. */
function isTooRecent({ plan }: HistoryInput, endUs: number): boolean {
  const intervalUs = plan.servers.stampIntervalUs.reduce((a, b) => Math.max(a, b), 0);
  return plan.durationUs - endUs < intervalUs + STAMP_SLACK_US;
}

function sumOf(column: Float64Array): number {
  return column.reduce((sum, value) => sum + value, 0);
}
