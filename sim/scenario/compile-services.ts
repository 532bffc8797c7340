/** Information systems and services, the written ones first, then those of populations. */
import type { Document, ServiceDocument, SystemDocument } from '../plan/document.ts';
import type { DocumentPath } from '../plan/path-issue.ts';
import { SystemState } from '../plan/plan.ts';
import type { ServiceTable, SystemTable } from '../plan/plan.ts';
import { Fact } from '../protocol/exchange.ts';
import type { DistributionRows } from './compile-distributions.ts';
import type { IssueList } from './compile-issues.ts';
import type { InstanceEntry, Network, SubsystemEntry } from './compile-network.ts';
import { numberOf } from './compile-parameters.ts';

interface SystemEntry {
  readonly id: string;
  /** Of the first service it answers for; -1: it answers for none. */
  instance: number;
  readonly capacity: number;
  readonly state: number;
}

export interface ServiceEntry {
  readonly id: string;
  readonly subsystem: SubsystemEntry;
  readonly system: number;
  readonly serviceTime: number;
  readonly responseSize: number;
  readonly timeoutUs: number;
  readonly isSoap: boolean;
  readonly status: number;
  readonly factsBroken: number;
  /** Null: of a population; whoever calls it there may. */
  readonly document: ServiceDocument | null;
}

export class Services {
  readonly systems: SystemEntry[] = [];
  readonly systemRows = new Map<string, number>();
  readonly services: ServiceEntry[] = [];
  readonly rows = new Map<string, number>();
  /** Ids of services that were written, but with a mistake: enough has been said about them. */
  readonly broken = new Set<string>();
  /** By instance row: the row of the first service of its population. */
  readonly populationFrom = new Map<number, number>();

  systemTable(): SystemTable {
    const { systems } = this;
    return {
      id: systems.map(({ id }) => id),
      instance: Int32Array.from(systems, ({ instance }) => Math.max(0, instance)),
      capacity: Int32Array.from(systems, ({ capacity }) => capacity),
      state: Uint8Array.from(systems, ({ state }) => state),
    };
  }

  serviceTable(): ServiceTable {
    const { services } = this;
    return {
      id: services.map(({ id }) => id),
      instance: Int32Array.from(services, ({ subsystem }) => subsystem.instance),
      memberClass: Int32Array.from(services, ({ subsystem }) => subsystem.memberClass),
      system: Int32Array.from(services, ({ system }) => system),
      serviceTime: Int32Array.from(services, ({ serviceTime }) => serviceTime),
      responseSize: Int32Array.from(services, ({ responseSize }) => responseSize),
      timeoutUs: Float64Array.from(services, ({ timeoutUs }) => timeoutUs),
      isSoap: Uint8Array.from(services, ({ isSoap }) => Number(isSoap)),
      status: Int32Array.from(services, ({ status }) => status),
      factsBroken: Int32Array.from(services, ({ factsBroken }) => factsBroken),
    };
  }
}

const STATES: Readonly<Record<SystemDocument['state'], number>> = {
  up: SystemState.Up,
  hung: SystemState.Hung,
  refusing: SystemState.Refusing,
  'unknown-host': SystemState.UnknownHost,
};

export function linkServices(
  document: Document,
  network: Network,
  distributions: DistributionRows,
  issues: IssueList,
): Services {
  const linked = new Services();
  for (const [index, { id, capacity, state }] of document.systems.entries()) {
    if (linked.systemRows.has(id)) {
      const first = document.systems.findIndex((system) => system.id === id);
      const path = ['systems', index, 'id'];
      issues.duplicate(path, 'information system', id, ['systems', first, 'id']);
      continue;
    }
    const row = linked.systems.push({ id, instance: -1, capacity, state: STATES[state] }) - 1;
    linked.systemRows.set(id, row);
  }
  for (const [index, service] of document.services.entries()) {
    linkService(service, ['services', index], document, network, distributions, linked, issues);
  }
  for (const [index, { id }] of document.systems.entries()) {
    const row = linked.systemRows.get(id);
    if (row === undefined || linked.systems[row].instance !== -1) continue;
    issues.warn(['systems', index], 'unused', `no service is answered by "${id}"`);
  }
  for (const instance of network.instances) {
    addPopulation(instance, network, distributions, linked);
  }
  return linked;
}

function linkService(
  service: ServiceDocument,
  path: DocumentPath,
  document: Document,
  network: Network,
  distributions: DistributionRows,
  linked: Services,
  issues: IssueList,
): void {
  const subsystem = findProvider(service.id, [...path, 'id'], network, issues);
  const system = linked.systemRows.get(service.system);
  if (system === undefined) {
    const known = linked.systemRows.keys();
    issues.unknown([...path, 'system'], 'information system', service.system, known);
  }
  checkAccess(service, path, network, issues);
  if (linked.rows.has(service.id)) {
    const first = document.services.findIndex(({ id }) => id === service.id);
    issues.duplicate([...path, 'id'], 'service', service.id, ['services', first, 'id']);
    return;
  }
  if (subsystem === null || system === undefined) {
    linked.broken.add(service.id);
    return;
  }
  if (linked.systems[system].instance === -1) linked.systems[system].instance = subsystem.instance;
  const usual = document.systems[system].serviceTime;
  const row = linked.services.push({
    id: service.id,
    subsystem,
    system,
    serviceTime: distributions.add(service.serviceTime ?? usual),
    responseSize: distributions.add(service.responseSize),
    timeoutUs: service.timeoutUs,
    isSoap: service.type === 'soap',
    status: service.status,
    factsBroken: brokenFacts(service),
    document: service,
  });
  linked.rows.set(service.id, row - 1);
}

/** The subsystem in the id of a service: everything before its last segment. */
function findProvider(
  id: string,
  path: DocumentPath,
  network: Network,
  issues: IssueList,
): SubsystemEntry | null {
  const parts = id.split('/');
  if (parts.length !== 5 || parts.includes('')) {
    const hint = 'write it as INSTANCE/CLASS/CODE/SUBSYSTEM/SERVICE';
    issues.error(path, 'malformed-id', `"${id}" is not the id of a service`, hint);
    return null;
  }
  const provider = parts.slice(0, 4).join('/');
  const found = network.subsystems.get(provider);
  if (found === undefined) {
    issues.unknown(path, 'subsystem', provider, network.subsystems.keys());
    return null;
  }
  if (found.servers.length === 0) {
    const message = `subsystem "${provider}" is registered at no security server`;
    issues.warn(path, 'not-registered', message, 'calls to it end in unknown_member');
  }
  return found;
}

function brokenFacts(service: ServiceDocument): number {
  let broken = 0;
  if (!service.enabled) broken |= Fact.ServiceEnabled;
  if (service.url === 'missing') broken |= Fact.ServiceUrlPresent;
  if (service.url === 'malformed') broken |= Fact.ServiceUrlWellFormed;
  if (service.type === 'soap') broken |= Fact.IsRest;
  return broken;
}

function checkAccess(
  service: ServiceDocument,
  path: DocumentPath,
  network: Network,
  issues: IssueList,
): void {
  for (const [index, right] of service.access.entries()) {
    const place = [...path, 'access', index];
    const subjects = [right.subsystem, right.globalGroup, right.localGroup];
    if (subjects.filter((subject) => subject !== null).length !== 1) {
      const hint = 'name one of subsystem, globalGroup, localGroup';
      issues.error(place, 'missing-value', 'a right is for exactly one subject', hint);
    }
    const named = right.subsystem === null ? (right.localGroup ?? []) : [right.subsystem];
    for (const id of named) {
      if (network.subsystems.has(id)) continue;
      issues.unknown(place, 'subsystem', id, network.subsystems.keys());
    }
    if (right.globalGroup === null) continue;
    const groups = globalGroupNames(network);
    // A group is written bare, of the provider's instance, or with its instance.
    const isKnown = groups.some((name) => matchesGroup(name, right.globalGroup, service.id));
    if (!isKnown) issues.unknown(place, 'global group', right.globalGroup, groups);
  }
}

/** `INSTANCE/GROUP`, all of them. */
function globalGroupNames(network: Network): string[] {
  return network.instances.flatMap(({ id, document }) =>
    Object.keys(document.globalGroups).map((group) => `${id}/${group}`),
  );
}

function matchesGroup(name: string, written: string | null, service: string): boolean {
  return name === written || name === `${service.split('/')[0]}/${written}`;
}

/**
 * Services of a country, and one information system for each of its providing subsystems, called
 * as the subsystem is.
 */
function addPopulation(
  instance: InstanceEntry,
  network: Network,
  distributions: DistributionRows,
  linked: Services,
): void {
  const { country, document, parameters } = instance;
  const figures = document.population;
  if (country === null || figures === null) return;
  linked.populationFrom.set(network.instances.indexOf(instance), linked.services.length);
  const responseSize = distributions.add(figures.responseSize);
  const timeoutUs = numberOf(parameters, 'serviceTimeout');
  for (const service of country.services) {
    const { member, code } = country.subsystems[service.subsystem];
    const provider = `${instance.id}/${country.members[member].id}/${code}`;
    const subsystem = network.subsystems.get(provider);
    if (subsystem === undefined) continue;
    const id = `${provider}/${service.code}`;
    const row = linked.services.push({
      id,
      subsystem,
      system: populationSystem(provider, subsystem.instance, figures.systemCapacity, linked),
      serviceTime: distributions.add(service.serviceTime),
      responseSize,
      timeoutUs,
      isSoap: service.isSoap,
      status: 200,
      factsBroken: service.isSoap ? Fact.IsRest : 0,
      document: null,
    });
    linked.rows.set(id, row - 1);
  }
}

function populationSystem(
  provider: string,
  instance: number,
  capacity: number,
  linked: Services,
): number {
  const known = linked.systemRows.get(provider);
  if (known !== undefined) return known;
  const system = { id: provider, instance, capacity, state: SystemState.Up };
  const row = linked.systems.push(system) - 1;
  linked.systemRows.set(provider, row);
  return row;
}
