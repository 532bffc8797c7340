/**
 * Targets of incidents on links:
 *
 *    EE->FI      what EE sends to FI; with `oneWay` the same
 *    EE<->FI     both directions; with `oneWay` the first
 *    EE/ss1      everything to and from a server, or inside and around an instance; with `oneWay`
 *                what it sends
 */
import type { DocumentPath } from '../plan/path-issue.ts';
import type { IncidentContext, LinkEnd } from './incident.ts';

export interface LinkTarget {
  readonly from: string;
  /** Null: everywhere. */
  readonly to: string | null;
  readonly isBothWays: boolean;
}

/** Null: it is none. */
export function parseLinkTarget(target: string): LinkTarget | null {
  const parts = /^\s*([^<>\s-][^<>\s]*?)\s*(?:(<->|->)\s*([^<>\s]+)\s*)?$/.exec(target);
  if (parts === null) return null;
  const [, from, arrow, to] = parts;
  if (arrow === undefined) return { from, to: null, isBothWays: true };
  return { from, to, isBothWays: arrow === '<->' };
}

/** Rows of all links that the targets of an incident mean, each once. */
export function linkRows(context: IncidentContext): number[] {
  const { incident, lookup, report } = context;
  const isOneWay = context.settings['oneWay'] === true;
  const rows = new Set<number>();
  for (const [index, target] of incident.targets.entries()) {
    const path: DocumentPath = ['targets', index];
    const parsed = parseLinkTarget(target);
    if (parsed === null) {
      const hint = 'write EE->FI, EE<->FI or the name of a server';
      report(path, 'malformed-id', `"${target}" is not a link`, hint);
      continue;
    }
    const from = lookup.linkEnd(parsed.from, path);
    const to: LinkEnd | null =
      parsed.to === null ? { kind: 'any' } : lookup.linkEnd(parsed.to, path);
    if (from === null || to === null) continue;
    for (const row of lookup.links(from, to)) rows.add(row);
    if (!parsed.isBothWays || isOneWay) continue;
    for (const row of lookup.links(to, from)) rows.add(row);
  }
  return [...rows];
}
