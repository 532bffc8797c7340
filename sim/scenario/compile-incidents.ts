/** Incidents as the catalogue compiles them: patches in order of time, and sources of attacks. */
import { findIncidentKind, INCIDENT_KINDS } from '../catalogue/index.ts';
import type {
  AttackSpec,
  CertificateChoice,
  IncidentKind,
  IncidentParts,
  Lookup,
  PatchSpec,
  Report,
  Target,
} from '../catalogue/incident.ts';
import { resolveSettings } from '../catalogue/settings.ts';
import type { Document, IncidentDocument } from '../plan/document.ts';
import type { DocumentPath } from '../plan/path-issue.ts';
import { AttackKind, PatchColumn } from '../plan/plan.ts';
import type { IncidentRow, PatchTable } from '../plan/plan.ts';
import { Fact } from '../protocol/exchange.ts';
import type { Centrality } from './compile-centrality.ts';
import { soundDefects } from './compile-defects.ts';
import { checkVersions } from './compile-disagreements.ts';
import { sourceOf } from './compile-flows.ts';
import type { Flows } from './compile-flows.ts';
import type { IssueList } from './compile-issues.ts';
import type { Links } from './compile-links.ts';
import type { Network } from './compile-network.ts';
import { numberOf } from './compile-parameters.ts';
import { constantRate } from './compile-rates.ts';
import type { RateRows } from './compile-rates.ts';
import { warnOfRenewals } from './compile-renewals.ts';
import type { Touch } from './compile-renewals.ts';
import type { Services } from './compile-services.ts';
import { ALL, serversOfLinkTargets, targetsOf } from './compile-targets.ts';
import { roundsOf, warnOfWhatIsShort } from './compile-timing.ts';
import type { Round, Window } from './compile-timing.ts';
import { authCertificateRow, signingCertificateRow } from './compile-trust.ts';

export interface IncidentLinking {
  readonly document: Document;
  readonly network: Network;
  readonly services: Services;
  readonly links: Links;
  readonly flows: Flows;
  readonly rates: RateRows;
  readonly centrality: Centrality;
  readonly issues: IssueList;
}

interface TimedPatch {
  readonly column: number;
  readonly row: number;
  readonly value: number;
  readonly timeUs: number;
  /** Row of the incident. */
  readonly incident: number;
  readonly isEnd: boolean;
}

export interface LinkedIncidents {
  readonly rows: readonly IncidentRow[];
  readonly patches: PatchTable;
  /** Requests and connections to expect from attackers. */
  readonly attackRequests: number;
}

/** More is a slip of the pen: a whole country, crashing ten thousand times. */
const CHANGES_MAX = 1_000_000;

/** Rows of servers that link incidents hit: they must be places of their own. */
export function serversNamedByIncidents(
  parts: Omit<IncidentLinking, 'links' | 'flows' | 'rates'>,
): number[] {
  const { document } = parts;
  return document.incidents
    .filter(({ kind }) => findIncidentKind(kind)?.target === 'link')
    .flatMap((incident) => serversOfLinkTargets(incident, { ...parts, seed: document.seed }));
}

export function linkIncidents(parts: IncidentLinking): LinkedIncidents {
  const linker = new Linker(parts);
  for (const [index, incident] of parts.document.incidents.entries()) linker.link(incident, index);
  linker.checkOverlaps();
  linker.checkTogether();
  const { rows, patches, attackRequests } = linker;
  return { rows, patches: patchTable(patches), attackRequests };
}

class Linker {
  readonly rows: IncidentRow[] = [];
  readonly patches: TimedPatch[] = [];
  attackRequests = 0;
  readonly #parts: IncidentLinking;
  /** By cell, `column row`. */
  readonly #touched = new Map<string, Touch[]>();
  /** What each incident changes, by its index in the document. */
  readonly #changes = new Map<number, PatchSpec[]>();

  constructor(parts: IncidentLinking) {
    this.#parts = parts;
  }

  link(incident: IncidentDocument, index: number): void {
    const { document, issues } = this.#parts;
    const path = ['incidents', index];
    const kind = checkIncident(incident, path, document, issues);
    if (kind === null) return;
    const { seed, durationUs, warmUpUs } = document;
    const isOneWay = incident.settings['oneWay'] === true;
    const targets = targetsOf(incident, kind.target, isOneWay, path, { ...this.#parts, seed });
    const made = compileTargets(kind, incident, targets, path, this.#parts);
    const workflow = incident.workflow ?? kind.workflow;
    const times = { targetCount: targets.length, durationUs, warmUpUs };
    const rounds = roundsOf(incident, { workflow, ...times, path, issues });
    if (!checkSize(incident, made, rounds, path, issues)) return;
    warnOfWhatIsShort(incident, rounds, kind.settings, { path, issues });
    if (!issues.hasErrors) this.#warnOfNoEffect(incident, kind, made, path);
    this.#changes.set(
      index,
      made.flatMap(({ patches }) => patches),
    );
    const names = namesOf(incident, targets);
    for (const [turn, round] of rounds.entries()) {
      const row = this.rows.push(rowOf(incident, kind, round, turn, durationUs, names)) - 1;
      this.#begin(made, round, row, index);
    }
  }

  /** One round of an incident: what it changes at each of its targets, and its attackers. */
  #begin(made: readonly IncidentParts[], round: Round, row: number, index: number): void {
    const { durationUs } = this.#parts.document;
    for (const [target, window] of round.windows.entries()) {
      if (window.startUs >= durationUs) continue;
      for (const spec of made[target].patches) this.#change(spec, window, row, index);
      const seen = { startUs: window.startUs, endUs: Math.min(window.endUs, durationUs) };
      for (const attack of made[target].attacks) {
        addAttack(attack, this.rows[row], row, seen, ['incidents', index], this.#parts);
        this.attackRequests += (attack.ratePerSecond * (seen.endUs - seen.startUs)) / 1e6;
      }
    }
  }

  #change(spec: PatchSpec, window: Window, incident: number, index: number): void {
    const { durationUs } = this.#parts.document;
    const { column, row, value, afterUs, lastsUs } = spec;
    const startUs = window.startUs + afterUs;
    const endUs = Math.min(window.endUs, startUs + lastsUs);
    if (startUs >= endUs || startUs >= durationUs) return;
    const key = `${column} ${row}`;
    const touches = this.#touched.get(key) ?? [];
    const last = touches.at(-1);
    touches.push({ startUs, endUs, incident: index });
    this.#touched.set(key, touches);
    // A change in steps: the next begins where the last one ends, with nothing in between.
    const isStep = last !== undefined && last.incident === index && last.endUs === startUs;
    if (isStep && afterUs > 0) this.patches.pop();
    this.patches.push({ column, row, value, timeUs: startUs, incident, isEnd: false });
    if (endUs >= durationUs) return;
    const before = valueBefore(spec, this.#parts);
    this.patches.push({ column, row, value: before, timeUs: endUs, incident, isEnd: true });
  }

  #warnOfNoEffect(
    { id }: IncidentDocument,
    kind: IncidentKind,
    made: readonly IncidentParts[],
    path: DocumentPath,
  ): void {
    if (kind.isAttack || made.some(({ patches }) => patches.length > 0)) return;
    const message = `"${id}" touches nothing that any call uses`;
    this.#parts.issues.warn([...path, 'targets'], 'no-effect', message);
  }

  /** Two incidents on one cell at once: which value should return when the first of them ends? */
  checkOverlaps(): void {
    const { document, issues } = this.#parts;
    const reported = new Set<string>();
    for (const touches of this.#touched.values()) {
      let longest: Touch | null = null;
      for (const touch of touches.toSorted((a, b) => a.startUs - b.startUs)) {
        const isFree = longest === null || longest.endUs <= touch.startUs;
        if (longest !== null && !isFree && longest.incident !== touch.incident) {
          const [first, second] = [longest.incident, touch.incident].toSorted((a, b) => a - b);
          reported.add(`${second} ${first}`);
        }
        if (longest === null || touch.endUs > longest.endUs) longest = touch;
      }
    }
    for (const pair of reported) {
      const [second, first] = pair.split(' ').map(Number);
      const [one, other] = [document.incidents[second].id, document.incidents[first].id];
      const message = `"${one}" and "${other}" change the same thing at the same time`;
      issues.error(['incidents', second], 'overlapping-incidents', message, 'let one end first');
    }
  }

  /** What is right in each incident alone, and odd beside the others or the network. */
  checkTogether(): void {
    const { document, network, issues } = this.#parts;
    warnOfRenewals(this.#touched, document.incidents, issues);
    checkVersions(network, this.#changes, issues);
  }
}

/** The names that were written, or else of all that were chosen: whoever prints them shortens. */
function namesOf({ targets: written }: IncidentDocument, targets: readonly Target[]): string[] {
  if (written.every((target) => typeof target === 'string' && target !== ALL)) {
    return written.map(String);
  }
  return targets.map(({ name }) => name);
}

/** What repeats is several incidents: each has its own end, and its own recovery. */
function rowOf(
  { id, title, repeat }: IncidentDocument,
  { kind, isAttack }: IncidentKind,
  { startUs, endUs }: Round,
  turn: number,
  durationUs: number,
  targets: readonly string[],
): IncidentRow {
  const isFirst = turn === 0;
  return {
    id: isFirst ? id : `${id}/${turn + 1}`,
    title: isFirst ? title : `${title} (${turn + 1} of ${repeat?.times ?? 1})`,
    kind,
    isAttack,
    startUs,
    endUs: Math.min(endUs, durationUs),
    targets,
  };
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
  if (kind?.needsTrust === true && document.trust === false) {
    const message = `"${incident.id}" shows nothing where trust is off`;
    issues.error([...path, 'kind'], 'conflict', message, 'leave out trust: off');
  }
  return kind;
}

function checkSize(
  { id }: IncidentDocument,
  made: readonly IncidentParts[],
  rounds: readonly Round[],
  path: DocumentPath,
  issues: IssueList,
): boolean {
  const each = made.reduce((sum, { patches, attacks }) => sum + patches.length + attacks.length, 0);
  if (each * rounds.length <= CHANGES_MAX) return true;
  const message = `"${id}" makes ${each * rounds.length} changes`;
  issues.error([...path, 'repeat'], 'out-of-range', message, `at most ${CHANGES_MAX} are made`);
  return false;
}

/** What happens to each of the targets; nothing where a setting is wrong, which is reported. */
function compileTargets(
  kind: IncidentKind,
  incident: IncidentDocument,
  targets: readonly Target[],
  path: DocumentPath,
  parts: IncidentLinking,
): IncidentParts[] {
  const report = reportOnce(path, parts.issues);
  const settings = resolveSettings(kind, incident, report);
  if (settings === null) return targets.map(() => ({ patches: [], attacks: [] }));
  const lookup = lookupOf(path, parts);
  return targets.map((target) => kind.compile({ target, settings, lookup, report }));
}

/** What is wrong with a setting is wrong at each target, and said once. */
function reportOnce(base: DocumentPath, issues: IssueList): Report {
  const said = new Set<string>();
  return (path, code, message, hint = null) => {
    const key = `${path.join('.')} ${message}`;
    if (said.has(key)) return;
    said.add(key);
    issues.error([...base, ...path], code, message, hint);
  };
}

function lookupOf(base: DocumentPath, parts: IncidentLinking): Lookup {
  const { network, services, flows, issues } = parts;
  const rowOrNull = (row: number): number | null => (row === -1 ? null : row);
  const once = new Map<string, number | null>();
  const remembered = (key: string, find: () => number | null): number | null => {
    const known = once.get(key);
    if (known !== undefined) return known;
    const found = find();
    once.set(key, found);
    return found;
  };
  return {
    server: (name, path) =>
      remembered(`server ${name}`, () =>
        rowOrNull(network.findServer(name, [...base, ...path], issues)),
      ),
    service: (name, path) =>
      remembered(`service ${name}`, () => {
        const row = services.rows.get(name);
        if (row !== undefined) return row;
        if (services.broken.has(name)) return null;
        issues.unknown([...base, ...path], 'service', name, services.rows.keys());
        return null;
      }),
    clientAt: (server, name, path) => findClient(server, name, [...base, ...path], network, issues),
    certificates: (server, of) => certificateRows(server, of, network),
    flows: (service, client, path) => {
      const known = remembered(`client ${client}`, () =>
        findSubsystem(client, [...base, ...path], network, issues),
      );
      if (known === null) return [];
      return [...flows.rows.keys()].filter((row) => {
        const { spec } = flows.rows[row];
        return spec.service === service && (client === '' || spec.client === client);
      });
    },
  };
}

/** 0: it is a client, or none is named. */
function findSubsystem(
  name: string,
  path: DocumentPath,
  network: Network,
  issues: IssueList,
): number | null {
  if (name === '' || network.subsystems.has(name)) return 0;
  issues.unknown(path, 'subsystem', name, network.subsystems.keys());
  return null;
}

function certificateRows(server: number, of: CertificateChoice, network: Network): number[] {
  const authentication = of === 'signing' ? [] : [authCertificateRow(server)];
  if (of === 'authentication') return authentication;
  const signers = [...network.servers[server].signers.values()];
  return [...authentication, ...signers.map((signer) => signingCertificateRow(network, signer))];
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

/** Columns whose cells hold 1 when no incident touches them: power that is on, factors. */
const ONE_BEFORE: readonly number[] = [
  PatchColumn.ServerPower,
  PatchColumn.SystemSlowness,
  PatchColumn.TrustServiceSlowness,
  PatchColumn.LogSlowness,
];

/** What a cell holds when no incident touches it. */
function valueBefore({ column, row }: PatchSpec, parts: IncidentLinking): number {
  const { services, links, network } = parts;
  if (ONE_BEFORE.includes(column)) return 1;
  switch (column) {
    case PatchColumn.SystemState:
      return services.systems[row].state;
    case PatchColumn.LinkLoss:
      return links.rows[row].loss;
    case PatchColumn.LinkBandwidth:
      return links.rows[row].bandwidth / 1e6;
    case PatchColumn.BatchSigningOff:
      return Number(network.servers[row].parameters.batchSigning !== true);
    case PatchColumn.Maintenance:
      return Number(network.servers[row].isInMaintenance);
    case PatchColumn.ServerVersion:
      return network.servers[row].version;
    case PatchColumn.MinClientVersion:
      return numberOf(network.servers[row].parameters, 'minClientVersion');
    default:
      return 0;
  }
}

const ATTACK_PATH = '/';

function addAttack(
  attack: AttackSpec,
  incident: IncidentRow,
  row: number,
  { startUs, endUs: stopUs }: Window,
  path: DocumentPath,
  parts: IncidentLinking,
): void {
  const { flows, rates, network, services } = parts;
  const source = {
    id: `${incident.id}/${network.servers[attack.target].id}`,
    rate: rates.add(constantRate(attack.ratePerSecond)),
    startUs,
    stopUs,
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
