/** Incidents as the catalogue compiles them: patches in order of time, and sources of attacks. */
import { findIncidentKind, INCIDENT_KINDS } from '../catalogue/index.ts';
import { targetRows } from '../catalogue/incident.ts';
import type {
  AttackSpec,
  IncidentKind,
  LinkEnd,
  Lookup,
  PatchSpec,
  Report,
} from '../catalogue/incident.ts';
import { linkRows, parseLinkTarget } from '../catalogue/link-target.ts';
import { resolveSettings } from '../catalogue/settings.ts';
import type { Document, IncidentDocument } from '../plan/document.ts';
import type { DocumentPath } from '../plan/path-issue.ts';
import { AttackKind, PatchColumn } from '../plan/plan.ts';
import type { IncidentRow, PatchTable } from '../plan/plan.ts';
import { Fact } from '../protocol/exchange.ts';
import { soundDefects } from './compile-defects.ts';
import { sourceOf } from './compile-flows.ts';
import type { Flows } from './compile-flows.ts';
import type { IssueList } from './compile-issues.ts';
import type { Links } from './compile-links.ts';
import type { Network } from './compile-network.ts';
import { lengthText } from './compile-parameters.ts';
import { constantRate } from './compile-rates.ts';
import type { RateRows } from './compile-rates.ts';
import type { Services } from './compile-services.ts';

export interface IncidentLinking {
  readonly document: Document;
  readonly network: Network;
  readonly services: Services;
  readonly links: Links;
  readonly flows: Flows;
  readonly rates: RateRows;
  readonly issues: IssueList;
}

interface TimedPatch extends PatchSpec {
  readonly timeUs: number;
  readonly incident: number;
  readonly isEnd: boolean;
}

export interface LinkedIncidents {
  readonly rows: readonly IncidentRow[];
  readonly patches: PatchTable;
  /** Requests and connections to expect from attackers. */
  readonly attackRequests: number;
}

/**
 * Rows of servers that must be places of their own in the link table, because an incident cuts
 * them off. A target that names nothing is reported later, by its kind.
 */
export function serversNamedByIncidents(document: Document, network: Network): number[] {
  return document.incidents
    .filter(({ kind }) => findIncidentKind(kind)?.target === 'link')
    .flatMap(({ targets }) => targets)
    .flatMap((target) => {
      const parsed = parseLinkTarget(target);
      return parsed === null ? [] : [parsed.from, parsed.to];
    })
    .flatMap((name) => {
      const row = name === null ? undefined : network.serverRow(name);
      return row === undefined ? [] : [row];
    });
}

export function linkIncidents(parts: IncidentLinking): LinkedIncidents {
  const { document, issues } = parts;
  const rows: IncidentRow[] = [];
  const patches: TimedPatch[] = [];
  const touched = new Map<string, { row: number; startUs: number; endUs: number }[]>();
  let attackRequests = 0;
  for (const [index, incident] of document.incidents.entries()) {
    const path = ['incidents', index];
    const kind = checkIncident(incident, path, document, issues);
    if (kind === null) continue;
    const row = rows.length;
    const endUs = Math.min(incident.atUs + incident.forUs, document.durationUs);
    const { id, title, targets, atUs: startUs } = incident;
    rows.push({ id, title, kind: kind.kind, isAttack: kind.isAttack, startUs, endUs, targets });
    const made = compileIncident(kind, incident, path, parts);
    if (!kind.isAttack && made.patches.length === 0 && !issues.hasErrors) {
      issues.warn([...path, 'targets'], 'no-effect', `"${id}" touches nothing that any call uses`);
    }
    for (const patch of made.patches) {
      checkOverlap(patch, rows, row, touched, path, issues);
      patches.push({ ...patch, timeUs: startUs, incident: row, isEnd: false });
      const value = valueBefore(patch, parts);
      if (incident.atUs + incident.forUs < document.durationUs) {
        patches.push({ ...patch, value, timeUs: endUs, incident: row, isEnd: true });
      }
    }
    for (const attack of made.attacks) {
      addAttack(attack, rows[row], row, path, parts);
      attackRequests += (attack.ratePerSecond * (endUs - startUs)) / 1e6;
    }
  }
  return { rows, patches: patchTable(patches), attackRequests };
}

/** The kind of an incident that may stand; null: it has been reported. */
function checkIncident(
  incident: IncidentDocument,
  path: DocumentPath,
  document: Document,
  issues: IssueList,
): IncidentKind | null {
  const kind = findIncidentKind(incident.kind);
  if (kind === null) {
    const known = INCIDENT_KINDS.map((row) => row.kind);
    issues.unknown([...path, 'kind'], 'kind of incident', incident.kind, known);
  }
  const first = document.incidents.findIndex(({ id }) => id === incident.id);
  if (first !== path[1]) {
    issues.duplicate([...path, 'id'], 'incident', incident.id, ['incidents', first, 'id']);
  }
  if (incident.targets.length === 0) {
    issues.error([...path, 'targets'], 'missing-value', `"${incident.id}" has no target`);
  }
  if (incident.forUs <= 0) {
    issues.error([...path, 'forUs'], 'out-of-range', `"${incident.id}" lasts no time`);
  }
  // Nothing begins within a run of no time, about which enough has been said.
  if (document.durationUs > 0 && incident.atUs >= document.durationUs) {
    const message = `"${incident.id}" begins when the run is over`;
    issues.error([...path, 'atUs'], 'after-the-end', message, lengthText(document.durationUs));
    return null;
  }
  return kind;
}

function compileIncident(
  kind: IncidentKind,
  incident: IncidentDocument,
  path: DocumentPath,
  parts: IncidentLinking,
): { patches: readonly PatchSpec[]; attacks: readonly AttackSpec[] } {
  const report: Report = (place, code, message, hint = null) => {
    parts.issues.error([...path, ...place], code, message, hint);
  };
  const settings = resolveSettings(kind, incident, report);
  const lookup = lookupOf(path, parts);
  if (settings !== null) return kind.compile({ incident, settings, lookup, report });
  // With wrong settings nothing can be compiled, but wrong targets can still be told.
  const context = { incident, settings: {}, lookup, report };
  if (kind.target === 'link') linkRows(context);
  else targetRows(context, lookup[kind.target]);
  return { patches: [], attacks: [] };
}

function lookupOf(base: DocumentPath, parts: IncidentLinking): Lookup {
  const { network, services, links, issues } = parts;
  const rowOrNull = (row: number): number | null => (row === -1 ? null : row);
  return {
    server: (name, path) => rowOrNull(network.findServer(name, [...base, ...path], issues)),
    system: (name, path) => {
      const service = services.rows.get(name);
      const row =
        service === undefined ? services.systemRows.get(name) : services.services[service].system;
      if (row !== undefined) return row;
      if (services.broken.has(name)) return null;
      const known = [...services.systemRows.keys(), ...services.rows.keys()];
      issues.unknown([...base, ...path], 'information system or service', name, known);
      return null;
    },
    service: (name, path) => {
      const row = services.rows.get(name);
      if (row !== undefined) return row;
      if (services.broken.has(name)) return null;
      issues.unknown([...base, ...path], 'service', name, services.rows.keys());
      return null;
    },
    linkEnd: (name, path) => findLinkEnd(name, [...base, ...path], network, issues),
    links: (from, to) =>
      [...links.rows.keys()].filter((row) => {
        const link = links.rows[row];
        return (
          isAt(link.fromPlace, link.fromInstance, from, network) &&
          isAt(link.toPlace, link.toInstance, to, network)
        );
      }),
    clientAt: (server, name, path) => findClient(server, name, [...base, ...path], network, issues),
  };
}

function findLinkEnd(
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
  const known = [...network.instances.map(({ id }) => id), ...network.serverNames()];
  issues.unknown(path, 'instance or security server', name, known);
  return null;
}

function isAt(place: string, instance: number, end: LinkEnd, network: Network): boolean {
  if (end.kind === 'any') return true;
  return end.kind === 'instance' ? instance === end.row : place === network.servers[end.row].id;
}

function findClient(
  server: number,
  name: string,
  path: DocumentPath,
  network: Network,
  issues: IssueList,
): string | null {
  const registered = [...network.subsystems.values()].filter(({ servers }) =>
    servers.includes(server),
  );
  if (name === '' && registered.length > 0) return registered[0].id;
  if (registered.some(({ id }) => id === name)) return name;
  const { id } = network.servers[server];
  const known = registered.map((subsystem) => subsystem.id);
  issues.unknown(path, `client of ${id}`, name, known);
  return null;
}

/** What a cell holds when no incident touches it. */
function valueBefore({ column, row }: PatchSpec, parts: IncidentLinking): number {
  if (column === PatchColumn.ServerPower || column === PatchColumn.SystemSlowness) return 1;
  if (column === PatchColumn.SystemState) return parts.services.systems[row].state;
  if (column === PatchColumn.LinkLoss) return parts.links.rows[row].loss;
  if (column === PatchColumn.LinkBandwidth) return parts.links.rows[row].bandwidth / 1e6;
  return 0;
}

/** Two incidents on one cell at once: which value should return when the first of them ends? */
function checkOverlap(
  patch: PatchSpec,
  rows: readonly IncidentRow[],
  row: number,
  touched: Map<string, { row: number; startUs: number; endUs: number }[]>,
  path: DocumentPath,
  issues: IssueList,
): void {
  const key = `${patch.column} ${patch.row}`;
  const others = touched.get(key) ?? [];
  const { startUs, endUs, id } = rows[row];
  const other = others.find((one) => one.startUs < endUs && startUs < one.endUs);
  others.push({ row, startUs, endUs });
  touched.set(key, others);
  if (other === undefined) return;
  const otherId = rows[other.row].id;
  const message = `"${id}" and "${otherId}" change the same thing at the same time`;
  const isReported = issues.rows.some((issue) => issue.message === message);
  if (!isReported) issues.error(path, 'overlapping-incidents', message, 'let one end first');
}

const ATTACK_PATH = '/';

function addAttack(
  attack: AttackSpec,
  incident: IncidentRow,
  row: number,
  path: DocumentPath,
  parts: IncidentLinking,
): void {
  const { flows, rates, network, services } = parts;
  const source = {
    id: `${incident.id}/${network.servers[attack.target].id}`,
    rate: rates.add(constantRate(attack.ratePerSecond)),
    startUs: incident.startUs,
    stopUs: incident.endUs,
    incident: row,
  };
  if (attack.requests === null) {
    const { target, partner } = attack;
    flows.sources.push(sourceOf({ ...source, attack: AttackKind.Connections, target, partner }));
    return;
  }
  const { client, service, bytes } = attack.requests;
  if (service === null && services.services.length === 0) {
    parts.issues.error(path, 'missing-value', 'there is no service that a request could name');
    return;
  }
  const defects = soundDefects();
  if (client === null) defects.client.factsBroken |= Fact.ClientRegistered;
  const flowFrom = flows.add(
    [
      {
        client: client ?? 'unknown client',
        server: attack.target,
        // A stranger is refused before the service matters: any row will do.
        service: service ?? 0,
        target: -1,
        method: 'POST',
        path: ATTACK_PATH,
        requestSize: { kind: 'constant', value: bytes },
        uploadBandwidth: Infinity,
        defects,
      },
    ],
    [1],
  );
  flows.sources.push(
    sourceOf({ ...source, attack: AttackKind.Requests, flowFrom, flowCount: 1, target: -1 }),
  );
}

/** By time; what ends comes before what begins, so that one incident may follow another. */
function patchTable(patches: readonly TimedPatch[]): PatchTable {
  const sorted = patches.toSorted(
    (a, b) =>
      a.timeUs - b.timeUs ||
      Number(b.isEnd) - Number(a.isEnd) ||
      a.incident - b.incident ||
      a.column - b.column ||
      a.row - b.row,
  );
  return {
    timeUs: Float64Array.from(sorted, ({ timeUs }) => timeUs),
    column: Uint8Array.from(sorted, ({ column }) => column),
    row: Int32Array.from(sorted, ({ row }) => row),
    value: Float64Array.from(sorted, ({ value }) => value),
    incident: Int32Array.from(sorted, ({ incident }) => incident),
  };
}
