/**
 * Incidents that do different things to one certificate at one time. Each has a column of its own,
 * so none undoes the other; but a new certificate ends the trouble of the old one, for good.
 */
import type { IncidentDocument } from '../plan/document.ts';
import { PatchColumn } from '../plan/plan.ts';
import type { IssueList } from './compile-issues.ts';
import type { Window } from './compile-timing.ts';

/** One cell under an incident. */
export interface Touch extends Window {
  /** Index in the document. */
  readonly incident: number;
}

const COLUMNS: readonly number[] = [
  PatchColumn.CertificateExpired,
  PatchColumn.CertificateRevoked,
  PatchColumn.CertificateRenewed,
];

/** `touched` is by cell, `column row`. */
export function warnOfRenewals(
  touched: ReadonlyMap<string, readonly Touch[]>,
  incidents: readonly IncidentDocument[],
  issues: IssueList,
): void {
  for (const pair of overlapsOf(touched)) {
    const [second, first] = pair.split(' ').map(Number);
    const names = `"${incidents[second].id}" and "${incidents[first].id}"`;
    const message = `${names} concern the same certificates at the same time`;
    const hint =
      'the first new certificate wins: it is neither expired nor revoked, and the end of the ' +
      'other changes nothing';
    issues.warn(['incidents', second], 'overlapping-incidents', message, hint);
  }
}

/** `later earlier`, by index in the document; each pair once. */
function overlapsOf(touched: ReadonlyMap<string, readonly Touch[]>): Set<string> {
  const found = new Set<string>();
  for (const [key, touches] of touched) {
    const [column, row] = key.split(' ').map(Number);
    if (!COLUMNS.includes(column)) continue;
    for (const other of COLUMNS.filter((one) => one < column)) {
      for (const pair of crossings(touches, touched.get(`${other} ${row}`) ?? [])) found.add(pair);
    }
  }
  return found;
}

function crossings(touches: readonly Touch[], others: readonly Touch[]): string[] {
  return touches.flatMap((one) =>
    others
      .filter(({ startUs, endUs }) => startUs < one.endUs && one.startUs < endUs)
      .map(({ incident }) => [one.incident, incident].toSorted((a, b) => b - a).join(' ')),
  );
}
