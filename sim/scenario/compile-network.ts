/**
 * Who there is: instances, members, subsystems, servers and hosts, with names become row numbers.
 * Rows stand in document order, instance by instance; generated ones follow the written ones.
 */
import type {
  Document,
  HostDocument,
  InstanceDocument,
  MemberDocument,
  ServerDocument,
} from '../plan/document.ts';
import type { DocumentPath } from '../plan/path-issue.ts';
import { valuesOf } from '../plan/profile.ts';
import type { ParameterValues } from '../plan/profile.ts';
import { checkFigures } from '../population/check.ts';
import { generateCountry } from '../population/country.ts';
import type { Country } from '../population/country.ts';
import { compileDefects, soundDefects } from './compile-defects.ts';
import type { Defects } from './compile-defects.ts';
import type { IssueList } from './compile-issues.ts';
import { numberOf, overrideParameters } from './compile-parameters.ts';

export interface SubsystemEntry {
  /** `INSTANCE/CLASS/CODE/SUBSYSTEM`. */
  readonly id: string;
  readonly instance: number;
  /** `INSTANCE/CLASS/CODE`. */
  readonly member: string;
  /** Row of `memberClasses`. */
  readonly memberClass: number;
  /** Rows of the servers where it is registered, in document order. */
  readonly servers: number[];
}

export interface ServerEntry {
  /** `INSTANCE/CLASS/CODE/SERVER`. */
  readonly id: string;
  readonly instance: number;
  readonly host: number;
  readonly version: number;
  readonly isInMaintenance: boolean;
  readonly parameters: ParameterValues;
  readonly defects: Defects;
  /** Members of its registered subsystems, each once, and the row of the signer of each. */
  readonly signers: Map<string, number>;
}

export interface InstanceEntry {
  readonly id: string;
  readonly document: InstanceDocument;
  readonly parameters: ParameterValues;
  readonly country: Country | null;
  memberCount: number;
  subsystemCount: number;
}

export interface SignerEntry {
  readonly server: number;
  readonly member: string;
}

export class Network {
  readonly instances: InstanceEntry[] = [];
  readonly memberClasses: string[] = [];
  readonly hosts: HostDocument[] = [];
  readonly servers: ServerEntry[] = [];
  readonly signers: SignerEntry[] = [];
  readonly members = new Set<string>();
  readonly subsystems = new Map<string, SubsystemEntry>();
  /** Full ids, and `INSTANCE/SERVER` where only one server of the instance is called so. */
  readonly serverRows = new Map<string, number>();
  readonly #shortNames = new Map<string, number>();
  readonly #federated = new Set<string>();

  instanceRow(id: string): number {
    return this.instances.findIndex((instance) => instance.id === id);
  }

  /** The row of a server, by full id or as `INSTANCE/SERVER`; -1, with an issue: there is none. */
  findServer(name: string, path: DocumentPath, issues: IssueList): number {
    const row = this.serverRows.get(name) ?? this.#shortNames.get(name);
    if (row === AMBIGUOUS) {
      const message = `"${name}" is the name of more than one security server`;
      issues.error(path, 'ambiguous-reference', message, 'write it as INSTANCE/CLASS/CODE/SERVER');
      return -1;
    }
    if (row !== undefined) return row;
    issues.unknown(path, 'security server', name, this.serverNames(), this.shortestNames());
    return -1;
  }

  /** The row of a server whose name means one; undefined: it means none, or more than one. */
  serverRow(name: string): number | undefined {
    const row = this.serverRows.get(name) ?? this.#shortNames.get(name);
    return row === AMBIGUOUS ? undefined : row;
  }

  hasServer(name: string): boolean {
    return this.serverRows.has(name) || this.#shortNames.has(name);
  }

  serverNames(): string[] {
    return [...this.#shortNames.keys(), ...this.serverRows.keys()];
  }

  /** Of each server the shortest name that means it. */
  shortestNames(): string[] {
    const short = new Map([...this.#shortNames].map(([name, row]) => [row, name]));
    return [...this.serverRows].map(([id, row]) => short.get(row) ?? id);
  }

  areFederated(one: number, other: number): boolean {
    return one === other || this.#federated.has(pairKey(one, other));
  }

  federate(one: number, other: number): void {
    this.#federated.add(pairKey(one, other));
  }

  addMember(instance: InstanceEntry, id: string): boolean {
    const full = `${instance.id}/${id}`;
    if (this.members.has(full)) return false;
    this.members.add(full);
    instance.memberCount++;
    return true;
  }

  addSubsystem(instance: InstanceEntry, member: string, code: string): SubsystemEntry | null {
    const full = `${instance.id}/${member}`;
    const id = `${full}/${code}`;
    if (this.subsystems.has(id)) return null;
    const memberClass = this.#classRow(`${instance.id}/${member.split('/')[0]}`);
    const row = this.instances.indexOf(instance);
    const entry = { id, instance: row, member: full, memberClass, servers: [] };
    this.subsystems.set(id, entry);
    instance.subsystemCount++;
    return entry;
  }

  addServer(entry: ServerEntry): number {
    const row = this.servers.push(entry) - 1;
    this.serverRows.set(entry.id, row);
    const parts = entry.id.split('/');
    const short = `${parts[0]}/${parts[3]}`;
    this.#shortNames.set(short, this.#shortNames.has(short) ? AMBIGUOUS : row);
    return row;
  }

  /** One signing certificate for each member of a registered subsystem. */
  register(subsystem: SubsystemEntry, server: number): void {
    subsystem.servers.push(server);
    const { signers } = this.servers[server];
    if (signers.has(subsystem.member)) return;
    signers.set(subsystem.member, this.signers.push({ server, member: subsystem.member }) - 1);
  }

  #classRow(name: string): number {
    const known = this.memberClasses.indexOf(name);
    return known === -1 ? this.memberClasses.push(name) - 1 : known;
  }
}

const AMBIGUOUS = -2;

const pairKey = (one: number, other: number): string =>
  one < other ? `${one} ${other}` : `${other} ${one}`;

/** Everything but services and load. */
export function linkNetwork(document: Document, issues: IssueList): Network {
  const network = new Network();
  linkHosts(document, network, issues);
  for (const [id, instance] of Object.entries(document.instances)) {
    linkInstance(id, instance, network, document, issues);
    warnOfEmptiness(id, instance, document, issues);
  }
  // After all instances, because a group may hold subsystems of any.
  for (const instance of network.instances) linkGroups(instance, network, issues);
  for (const [index, pair] of document.federation.entries()) {
    const [one, other] = pair.map((id, side) => {
      const row = network.instanceRow(id);
      const known = network.instances.map((instance) => instance.id);
      if (row === -1) issues.unknown(['federation', index, side], 'instance', id, known);
      return row;
    });
    if (one !== -1 && one === other) {
      const message = `${pair[0]} cannot be federated with itself`;
      issues.error(['federation', index], 'conflict', message);
    } else if (one !== -1 && other !== -1) {
      network.federate(one, other);
    }
  }
  return network;
}

function linkHosts(document: Document, network: Network, issues: IssueList): void {
  for (const [index, host] of document.hosts.entries()) {
    const first = document.hosts.findIndex(({ id }) => id === host.id);
    if (first === index) network.hosts.push(host);
    else issues.duplicate(['hosts', index, 'id'], 'host', host.id, ['hosts', first, 'id']);
  }
}

function linkInstance(
  id: string,
  document: InstanceDocument,
  network: Network,
  whole: Document,
  issues: IssueList,
): void {
  const path = ['instances', id];
  const profile = valuesOf(document.profile);
  const parameters = overrideParameters(
    profile,
    document.parameters,
    [...path, 'parameters'],
    issues,
  );
  const country = makeCountry(id, document, issues);
  const counts = { memberCount: 0, subsystemCount: 0 };
  const instance: InstanceEntry = { id, document, parameters, country, ...counts };
  network.instances.push(instance);
  for (const [index, member] of document.members.entries()) {
    linkMember(instance, member, [...path, 'members', index], network, issues);
  }
  for (const [index, server] of document.servers.entries()) {
    linkServer(instance, server, [...path, 'servers', index], network, whole, issues);
  }
  if (country !== null) settleCountry(instance, country, network);
}

/** Nobody means a country without anybody; a mistyped identifier makes one. */
function warnOfEmptiness(
  id: string,
  { members, servers, population }: InstanceDocument,
  whole: Document,
  issues: IssueList,
): void {
  if (members.length > 0 || servers.length > 0 || population !== null) return;
  const twin = Object.keys(whole.instances).find(
    (other) => other !== id && other.toLowerCase() === id.toLowerCase(),
  );
  const hint =
    twin === undefined
      ? 'it takes no part in anything; give it members and servers, or a population'
      : `did you mean "${twin}"?`;
  const message = `instance "${id}" has no members, no servers and no population`;
  issues.warn(['instances', id], 'empty-instance', message, hint);
}

function makeCountry(id: string, document: InstanceDocument, issues: IssueList): Country | null {
  if (document.population === null) return null;
  const found = checkFigures(document.population);
  for (const issue of found) {
    issues.add({ ...issue, path: ['instances', id, 'population', ...issue.path] });
  }
  return found.length === 0 ? generateCountry(id, document.population) : null;
}

function linkMember(
  instance: InstanceEntry,
  member: MemberDocument,
  path: DocumentPath,
  network: Network,
  issues: IssueList,
): void {
  if (!/^[^/]+\/[^/]+$/.test(member.id)) {
    const message = `"${member.id}" is not the id of a member`;
    issues.error([...path, 'id'], 'malformed-id', message, 'write it as CLASS/CODE');
    return;
  }
  const { members } = instance.document;
  const list = ['instances', instance.id, 'members'];
  if (!network.addMember(instance, member.id)) {
    const first = members.findIndex(({ id }) => id === member.id);
    const what = `member of ${instance.id}`;
    issues.duplicate([...path, 'id'], what, member.id, [...list, first, 'id']);
  }
  for (const [index, code] of member.subsystems.entries()) {
    const place = [...path, 'subsystems', index];
    if (code.includes('/') || code === '') {
      issues.error(place, 'malformed-id', `"${code}" is not the code of a subsystem`);
    } else if (network.addSubsystem(instance, member.id, code) === null) {
      const first = members.findIndex(
        ({ id, subsystems }) => id === member.id && subsystems.includes(code),
      );
      const at = members[first].subsystems.indexOf(code);
      const firstPath = [...list, first, 'subsystems', at];
      issues.duplicate(place, `subsystem of ${member.id}`, code, firstPath);
    }
  }
}

function linkServer(
  instance: InstanceEntry,
  server: ServerDocument,
  path: DocumentPath,
  network: Network,
  whole: Document,
  issues: IssueList,
): void {
  const id = `${instance.id}/${server.owner}/${server.id}`;
  if (server.id.includes('/')) {
    const message = `"${server.id}" is not the code of a security server`;
    issues.error([...path, 'id'], 'malformed-id', message, 'write the code alone');
    return;
  }
  const memberIds = whole.instances[instance.id].members.map((member) => member.id);
  if (!network.members.has(`${instance.id}/${server.owner}`)) {
    issues.unknown([...path, 'owner'], `member of ${instance.id}`, server.owner, memberIds);
    return;
  }
  if (network.serverRows.has(id)) {
    const first = instance.document.servers.findIndex(
      (other) => other.owner === server.owner && other.id === server.id,
    );
    const firstPath = ['instances', instance.id, 'servers', first, 'id'];
    issues.duplicate([...path, 'id'], `security server of ${server.owner}`, server.id, firstPath);
    return;
  }
  const parameters = overrideParameters(
    instance.parameters,
    server.parameters,
    [...path, 'parameters'],
    issues,
  );
  const conditionsPath = [...path, 'conditions'];
  const row = network.addServer({
    id,
    instance: network.instances.indexOf(instance),
    host: findHost(server.host, id, parameters, [...path, 'host'], network, whole, issues),
    version: server.version,
    isInMaintenance: server.maintenance,
    parameters,
    defects: compileDefects('server', server.conditions, conditionsPath, issues),
    signers: new Map(),
  });
  for (const [index, name] of server.subsystems.entries()) {
    const first = [...path, 'subsystems', server.subsystems.indexOf(name)];
    registerByName(instance, row, name, [...path, 'subsystems', index], first, network, issues);
  }
}

function findHost(
  name: string | null,
  server: string,
  parameters: ParameterValues,
  path: DocumentPath,
  network: Network,
  whole: Document,
  issues: IssueList,
): number {
  if (name === null) return addOwnHost(server, parameters, network);
  const row = whole.hosts.findIndex((host) => host.id === name);
  if (row === -1) {
    const known = whole.hosts.map((host) => host.id);
    issues.unknown(path, 'host', name, known);
  }
  return row;
}

function addOwnHost(server: string, parameters: ParameterValues, network: Network): number {
  const cores = numberOf(parameters, 'hostCores');
  const speed = numberOf(parameters, 'hostSpeed');
  return network.hosts.push({ id: server, cores, speed }) - 1;
}

function registerByName(
  instance: InstanceEntry,
  server: number,
  name: string,
  path: DocumentPath,
  first: DocumentPath,
  network: Network,
  issues: IssueList,
): void {
  const subsystem = network.subsystems.get(`${instance.id}/${name}`);
  if (subsystem === undefined) {
    const known = ownNames(instance, network);
    issues.unknown(path, `subsystem of ${instance.id}`, name, known);
  } else if (subsystem.servers.includes(server)) {
    issues.duplicate(path, 'registration at this server', name, first);
  } else {
    network.register(subsystem, server);
  }
}

/** Subsystems of an instance as its own servers write them. */
function ownNames(instance: InstanceEntry, network: Network): string[] {
  const prefix = `${instance.id}/`;
  return [...network.subsystems.keys()]
    .filter((id) => id.startsWith(prefix))
    .map((id) => id.slice(prefix.length));
}

function linkGroups(instance: InstanceEntry, network: Network, issues: IssueList): void {
  for (const [group, members] of Object.entries(instance.document.globalGroups)) {
    for (const [index, id] of members.entries()) {
      if (network.subsystems.has(id)) continue;
      const path = ['instances', instance.id, 'globalGroups', group, index];
      issues.unknown(path, 'subsystem', id, network.subsystems.keys());
    }
  }
}

/** X-Road 7.8.0, as the calibration of national scenarios; real versions are not published. */
const POPULATION_VERSION = 70_800;

function settleCountry(instance: InstanceEntry, country: Country, network: Network): void {
  for (const member of country.members) network.addMember(instance, member.id);
  const rows = country.servers.map((server) => {
    const id = `${instance.id}/${country.members[server.owner].id}/${server.code}`;
    return network.addServer({
      id,
      instance: network.instances.indexOf(instance),
      host: addOwnHost(id, instance.parameters, network),
      version: POPULATION_VERSION,
      isInMaintenance: false,
      parameters: instance.parameters,
      defects: soundDefects(),
      signers: new Map(),
    });
  });
  for (const { member, code, servers } of country.subsystems) {
    const entry = network.addSubsystem(instance, country.members[member].id, code);
    if (entry === null) continue;
    for (const server of servers) network.register(entry, rows[server]);
  }
}
