/**
 * What an incident hits: names, `all`, and selections, as the rows that they mean.
 *
 * The share of a selection is drawn by the seed, the incident's id and each candidate's own name,
 * so that a server more or less in the network moves no other one in or out of it.
 */
import { hashText } from '../base/random.ts';
import type { Target, TargetKind } from '../catalogue/incident.ts';
import { parseLinkTarget } from '../catalogue/link-target.ts';
import type { IncidentDocument, TargetDocument, TargetSelection } from '../plan/document.ts';
import type { DocumentPath } from '../plan/path-issue.ts';
import { TrustKind } from '../plan/plan.ts';
import type { Centrality } from './compile-centrality.ts';
import type { IssueList } from './compile-issues.ts';
import type { Links } from './compile-links.ts';
import type { Network } from './compile-network.ts';
import type { Services } from './compile-services.ts';
import { trustServicesOf } from './compile-trust.ts';

/** Something that an incident may hit. */
interface Candidate {
  readonly name: string;
  readonly row: number;
  readonly instance: number;
  /** Such as `GOV`; null: it belongs to no member. */
  readonly memberClass: string | null;
  /** Calls that are expected through it. */
  readonly calls: number;
}

/** All things of one kind of target. */
interface Domain {
  readonly candidates: readonly Candidate[];
  /** Null: there is none, which has been reported. */
  readonly find: (name: string, path: DocumentPath) => number | null;
}

export interface TargetContext {
  readonly seed: number;
  readonly network: Network;
  readonly services: Services;
  readonly links: Links;
  readonly centrality: Centrality;
  readonly issues: IssueList;
}

export const ALL = 'all';

/** The targets of an incident, each once, in the order in which it names them. */
export function targetsOf(
  incident: IncidentDocument,
  kind: TargetKind,
  isOneWay: boolean,
  path: DocumentPath,
  context: TargetContext,
): Target[] {
  const found =
    kind === 'link'
      ? linkTargets(incident, isOneWay, path, context)
      : rowTargets(incident, kind, path, context);
  const seen = new Set<number>();
  return found.flatMap(({ name, rows }) => {
    const fresh = [...new Set(rows)].filter((row) => !seen.has(row));
    for (const row of fresh) seen.add(row);
    // A target that others cover wholly is hit by them; one that means nothing stays, as it was.
    return rows.length > 0 && fresh.length === 0 ? [] : [{ name, rows: fresh }];
  });
}

function rowTargets(
  incident: IncidentDocument,
  kind: Exclude<TargetKind, 'link'>,
  path: DocumentPath,
  context: TargetContext,
): Target[] {
  const domain = domainOf(kind, context);
  return incident.targets.flatMap((target, index): Target[] => {
    const place = [...path, 'targets', index];
    if (typeof target === 'string' && target !== ALL) {
      if (isInstance(target, domain, context)) {
        reportInstance(target, kind, place, context.issues);
        return [];
      }
      const row = domain.find(target, place);
      return row === null ? [] : [{ name: target, rows: [row] }];
    }
    const chosen = selected(target, incident.id, kind, domain.candidates, place, context);
    return chosen.map(({ name, row }) => ({ name, rows: [row] }));
  });
}

/** Whether it names a whole instance, and nothing of the kind that is asked for. */
function isInstance(
  target: string,
  { candidates }: Domain,
  { network }: Pick<TargetContext, 'network'>,
): boolean {
  return network.instanceRow(target) !== -1 && !candidates.some(({ name }) => name === target);
}

function reportInstance(
  target: string,
  kind: TargetKind,
  path: DocumentPath,
  issues: IssueList,
): void {
  const message = `"${target}" is an instance, and here ${plural(kind)} are named`;
  const hint = `for all of this instance write { instance: ${target} }`;
  issues.error(path, 'unknown-reference', message, hint);
}

/** Selections by more than an instance choose servers, and mean all links of these. */
function linkTargets(
  incident: IncidentDocument,
  isOneWay: boolean,
  path: DocumentPath,
  context: TargetContext,
): Target[] {
  return incident.targets.flatMap((target, index): Target[] => {
    const place = [...path, 'targets', index];
    if (target === ALL) return [{ name: ALL, rows: [...context.links.rows.keys()] }];
    if (typeof target === 'string') {
      const rows = linkRows(target, isOneWay, place, context);
      return rows === null ? [] : [{ name: target, rows }];
    }
    if (isWholeInstance(target)) {
      const rows = linkRows(String(target.instance), isOneWay, [...place, 'instance'], context);
      return rows === null ? [] : [{ name: String(target.instance), rows }];
    }
    const { candidates } = serverDomain(context);
    return selected(target, incident.id, 'server', candidates, place, context).map(({ name }) => ({
      name,
      rows: linkRows(name, isOneWay, place, context) ?? [],
    }));
  });
}

function isWholeInstance({ instance, memberClass, share, mostCentral }: TargetSelection): boolean {
  return instance !== null && memberClass === null && share === null && mostCentral === null;
}

/**
 * Rows of the servers that a link incident names or selects: they must be places of their own in
 * the link table. A target that names nothing is reported later, with all the others.
 */
export function serversOfLinkTargets(
  incident: IncidentDocument,
  context: Omit<TargetContext, 'links'>,
): number[] {
  const { network } = context;
  return incident.targets.flatMap((target, index): number[] => {
    if (target === ALL) return [];
    if (typeof target === 'string') {
      const parsed = parseLinkTarget(target);
      return [parsed?.from, parsed?.to].flatMap((name) => {
        const row = name === null || name === undefined ? undefined : network.serverRow(name);
        return row === undefined ? [] : [row];
      });
    }
    if (isWholeInstance(target)) return [];
    const { candidates } = serverDomain(context);
    const path = ['targets', index];
    return selected(target, incident.id, 'server', candidates, path, context).map(({ row }) => row);
  });
}

function selected(
  target: TargetDocument,
  id: string,
  kind: TargetKind,
  all: readonly Candidate[],
  path: DocumentPath,
  context: Omit<TargetContext, 'links'>,
): readonly Candidate[] {
  const { issues, seed } = context;
  const what = plural(kind);
  if (typeof target === 'string') {
    if (all.length === 0) issues.error(path, 'no-target', `there are no ${what}`);
    return all;
  }
  const passed = filtered(target, kind, all, path, context);
  if (passed === null) return [];
  const { share, mostCentral } = target;
  let chosen = passed;
  if (mostCentral !== null) {
    chosen = passed.toSorted((a, b) => b.calls - a.calls || a.row - b.row).slice(0, mostCentral);
    warnOfFew(mostCentral, passed.length, what, path, issues);
  } else if (share !== null) {
    chosen = drawn(passed, share, `${seed} ${id}`);
  }
  if (chosen.length === 0) {
    const hint = `of ${all.length} ${what} ${passed.length} pass its filters`;
    issues.error(path, 'no-target', `"${id}" selects no ${kind}`, hint);
  }
  return chosen;
}

function warnOfFew(
  asked: number,
  count: number,
  what: string,
  path: DocumentPath,
  issues: IssueList,
): void {
  if (count === 0 || asked <= count) return;
  const message = `there are only ${count} ${what} to choose ${asked} from`;
  issues.warn([...path, 'mostCentral'], 'out-of-range', message, 'it hits all of them');
}

/** Null: a filter names what there is not, which has been reported. */
function filtered(
  { instance, memberClass }: TargetSelection,
  kind: TargetKind,
  all: readonly Candidate[],
  path: DocumentPath,
  { network, issues }: Omit<TargetContext, 'links'>,
): readonly Candidate[] | null {
  let row = -1;
  if (instance !== null) {
    row = network.instanceRow(instance);
    if (row === -1) {
      const known = network.instances.map(({ id }) => id);
      issues.unknown([...path, 'instance'], 'instance', instance, known);
      return null;
    }
  }
  const classes = new Set(all.flatMap((one) => one.memberClass ?? []));
  if (memberClass !== null && !classes.has(memberClass)) {
    const place = [...path, 'class'];
    if (all.length > 0 && classes.size === 0) {
      const message = `${plural(kind)} belong to no member, so they have no class`;
      issues.error(place, 'conflict', message, 'select them by instance, share or name');
    } else {
      issues.unknown(place, `member class of ${plural(kind)}`, memberClass, classes);
    }
    return null;
  }
  return all.filter(
    (one) =>
      (row === -1 || one.instance === row) &&
      (memberClass === null || one.memberClass === memberClass),
  );
}

/** The share with the smallest draws, in the order of the rows; one at least of any share. */
function drawn(candidates: readonly Candidate[], share: number, key: string): Candidate[] {
  const whole = Math.round(share * candidates.length);
  const count = share > 0 ? Math.max(1, whole) : 0;
  const rank = new Map(
    candidates.map((one) => [one, hashText(`${key} ${one.name}`)[0] >>> 0] as const),
  );
  return candidates
    .toSorted((a, b) => (rank.get(a) ?? 0) - (rank.get(b) ?? 0) || a.row - b.row)
    .slice(0, count)
    .toSorted((a, b) => a.row - b.row);
}

function plural(kind: TargetKind): string {
  if (kind === 'time-stamping authority') return 'time-stamping authorities';
  return `${kind === 'server' ? 'security server' : kind}s`;
}

const TRUST_KINDS = {
  'central server': TrustKind.CentralServer,
  'OCSP responder': TrustKind.OcspResponder,
  'time-stamping authority': TrustKind.TimeStampingAuthority,
} as const;

function domainOf(kind: Exclude<TargetKind, 'link'>, context: TargetContext): Domain {
  if (kind === 'server') return serverDomain(context);
  if (kind === 'system') return systemDomain(context);
  if (kind === 'service') return serviceDomain(context);
  return trustDomain(kind, context);
}

function serverDomain({ network, centrality, issues }: Omit<TargetContext, 'links'>): Domain {
  const candidates = network.servers.map(({ id, instance }, row) => ({
    name: id,
    row,
    instance,
    memberClass: id.split('/')[1],
    calls: centrality.servers[row],
  }));
  return {
    candidates,
    find: (name, path) => {
      const row = network.findServer(name, path, issues);
      return row === -1 ? null : row;
    },
  };
}

/** A system belongs to the provider of the services that it answers for. */
function systemDomain({ services, centrality, issues }: TargetContext): Domain {
  const classOf = new Map<number, string>();
  for (const { id, system } of services.services) {
    if (!classOf.has(system)) classOf.set(system, id.split('/')[1]);
  }
  const candidates = services.systems.map(({ id, instance }, row) => ({
    name: id,
    row,
    instance,
    memberClass: classOf.get(row) ?? null,
    calls: centrality.systems[row],
  }));
  const find: Domain['find'] = (name, path) => {
    const service = services.rows.get(name);
    const row =
      service === undefined ? services.systemRows.get(name) : services.services[service].system;
    if (row !== undefined) return row;
    if (services.broken.has(name)) return null;
    const known = [...services.systemRows.keys(), ...services.rows.keys()];
    issues.unknown(path, 'information system or service', name, known);
    return null;
  };
  return { candidates, find };
}

function serviceDomain({ services, centrality, issues }: TargetContext): Domain {
  const candidates = services.services.map(({ id, subsystem }, row) => ({
    name: id,
    row,
    instance: subsystem.instance,
    memberClass: id.split('/')[1],
    calls: centrality.services[row],
  }));
  const find: Domain['find'] = (name, path) => {
    const row = services.rows.get(name);
    if (row !== undefined) return row;
    if (!services.broken.has(name)) issues.unknown(path, 'service', name, services.rows.keys());
    return null;
  };
  return { candidates, find };
}

/** Through a trust service go, in a way, all calls of its instance. */
function trustDomain(kind: keyof typeof TRUST_KINDS, context: TargetContext): Domain {
  const { network, centrality, issues } = context;
  const candidates = trustServicesOf(network).flatMap(({ id, kind: one, instance }, row) => {
    if (one !== TRUST_KINDS[kind]) return [];
    return [{ name: id, row, instance, memberClass: null, calls: centrality.instances[instance] }];
  });
  const find: Domain['find'] = (name, path) => {
    const found = candidates.find((one) => one.name === name);
    if (found !== undefined) return found.row;
    issues.unknown(
      path,
      kind,
      name,
      candidates.map((one) => one.name),
    );
    return null;
  };
  return { candidates, find };
}

/** Rows of all links that a text means; null: it is none, which has been reported. */
function linkRows(
  target: string,
  isOneWay: boolean,
  path: DocumentPath,
  { network, links, issues }: TargetContext,
): number[] | null {
  const parsed = parseLinkTarget(target);
  if (parsed === null) {
    const hint = 'write EE->FI, EE<->FI or the name of a server';
    issues.error(path, 'malformed-id', `"${target}" is not a link`, hint);
    return null;
  }
  const from = findEnd(parsed.from, path, network, issues);
  const to = parsed.to === null ? ANYWHERE : findEnd(parsed.to, path, network, issues);
  if (from === null || to === null) return null;
  const rows = rowsBetween(from, to, links, network);
  if (!parsed.isBothWays || isOneWay) return rows;
  return [...new Set([...rows, ...rowsBetween(to, from, links, network)])];
}

/** A place of the network; anywhere is everywhere else. */
type LinkEnd =
  | { readonly kind: 'instance'; readonly row: number }
  | { readonly kind: 'server'; readonly row: number }
  | { readonly kind: 'anywhere' };

const ANYWHERE: LinkEnd = { kind: 'anywhere' };

function findEnd(
  name: string,
  path: DocumentPath,
  network: Network,
  issues: IssueList,
): LinkEnd | null {
  const instance = network.instanceRow(name);
  if (instance !== -1) return { kind: 'instance', row: instance };
  if (network.hasServer(name)) {
    const row = network.findServer(name, path, issues);
    return row === -1 ? null : { kind: 'server', row };
  }
  const instances = network.instances.map(({ id }) => id);
  const known = [...instances, ...network.serverNames()];
  const listed = [...instances, ...network.shortestNames()];
  issues.unknown(path, 'instance or security server', name, known, listed);
  return null;
}

function rowsBetween(from: LinkEnd, to: LinkEnd, links: Links, network: Network): number[] {
  return [...links.rows.keys()].filter((row) => {
    const { fromPlace, fromInstance, toPlace, toInstance } = links.rows[row];
    return isAt(fromPlace, fromInstance, from, network) && isAt(toPlace, toInstance, to, network);
  });
}

function isAt(place: string, instance: number, end: LinkEnd, network: Network): boolean {
  if (end.kind === 'anywhere') return true;
  return end.kind === 'instance' ? instance === end.row : place === network.servers[end.row].id;
}
