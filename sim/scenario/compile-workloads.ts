/** Ordinary load: written workloads, and the consumers of populations. */
import { arrivalsPerDay, expectedArrivals } from '../population/rate-integral.ts';
import { callAbroad } from '../population/border.ts';
import type { Country } from '../population/country.ts';
import type { Document, PopulationDocument, WorkloadDocument } from '../plan/document.ts';
import type { DocumentPath } from '../plan/path-issue.ts';
import { SourceKind } from '../plan/plan.ts';
import { Fact } from '../protocol/exchange.ts';
import { checkCallers } from './compile-callers.ts';
import type { PolicyRows } from './compile-callers.ts';
import { compileDefects, soundDefects } from './compile-defects.ts';
import type { Defects } from './compile-defects.ts';
import { meanOf } from './compile-distributions.ts';
import type { DistributionRows } from './compile-distributions.ts';
import { sourceOf } from './compile-flows.ts';
import type { Flows, FlowSpec } from './compile-flows.ts';
import type { IssueList } from './compile-issues.ts';
import type { InstanceEntry, Network } from './compile-network.ts';
import { lengthText } from './compile-parameters.ts';
import type { RateRows } from './compile-rates.ts';
import { warnOfRefusals } from './compile-refusals.ts';
import type { Services } from './compile-services.ts';

export interface LoadParts {
  readonly document: Document;
  readonly network: Network;
  readonly services: Services;
  readonly flows: Flows;
  readonly rates: RateRows;
  readonly distributions: DistributionRows;
  readonly policies: PolicyRows;
  readonly issues: IssueList;
}

/** Adds the flows and sources of all ordinary load; gives the calls to expect. */
export function linkWorkloads(parts: LoadParts): number {
  const { document, network, issues } = parts;
  let calls = 0;
  for (const [index, workload] of document.workloads.entries()) {
    const path = ['workloads', index];
    const first = document.workloads.findIndex(({ id }) => id === workload.id);
    if (first !== index) {
      issues.duplicate([...path, 'id'], 'workload', workload.id, ['workloads', first, 'id']);
    }
    calls += linkWorkload(workload, path, parts);
  }
  for (const instance of network.instances) calls += linkPopulation(instance, parts);
  return calls;
}

function linkWorkload(workload: WorkloadDocument, path: DocumentPath, parts: LoadParts): number {
  const { document, network, flows, issues } = parts;
  const defects = compileDefects('message', workload.defects, [...path, 'defects'], issues);
  const server = findConsumerServer(workload, defects, path, network, issues);
  const called = findServices(workload, path, parts);
  const target =
    workload.targetServer === null
      ? -1
      : network.findServer(workload.targetServer, [...path, 'targetServer'], issues);
  const what = `workload "${workload.id}"`;
  const isTimed = checkTimes(what, workload, document.durationUs, path, issues);
  const isLoad = checkLoad(workload, path, issues);
  if (server === -1 || called.length === 0 || !isTimed || !isLoad) return 0;
  const specs = called.map(({ service }): FlowSpec => ({
    client: workload.client,
    server,
    service,
    target,
    method: workload.method,
    path: workload.path,
    requestSize: workload.requestSize,
    uploadBandwidth: workload.uploadBandwidth,
    defects,
  }));
  const weights = called.map(({ weight }) => weight);
  const flowFrom = flows.add(specs, weights);
  const indexes = called.map(({ index }) => index);
  warnOfRefusals({ workload, flowFrom, indexes, path }, parts);
  checkCallers(workload.callers, [...path, 'callers'], issues);
  const policy = parts.policies.add(workload.callers);
  const run = { flowFrom, flowCount: specs.length, policy };
  return workload.kind === 'open'
    ? addOpen(workload, run, parts)
    : addUsers(workload, run, called, parts);
}

/** The server a client uses: the one it names, or the first where it is registered. */
export function findConsumerServer(
  workload: Pick<WorkloadDocument, 'client' | 'server'>,
  defects: Defects,
  path: DocumentPath,
  network: Network,
  issues: IssueList,
): number {
  const client = network.subsystems.get(workload.client);
  const place = [...path, 'client'];
  if (client === undefined) {
    issues.unknown(place, 'subsystem', workload.client, network.subsystems.keys());
  }
  if (workload.server !== null) {
    const server = network.findServer(workload.server, [...path, 'server'], issues);
    // A workload of unregistered messages may well come through a stranger's server.
    const isStranger = (defects.client.factsBroken & Fact.ClientRegistered) !== 0;
    if (client === undefined || server === -1 || isStranger) return server;
    if (client.servers.includes(server)) return server;
    const message = `"${workload.client}" is not registered at "${workload.server}"`;
    const registered = client.servers.map((row) => network.servers[row].id).join(', ');
    const hint = registered === '' ? 'it is registered nowhere' : `it is at ${registered}`;
    issues.error([...path, 'server'], 'not-registered', message, hint);
    return -1;
  }
  if (client === undefined) return -1;
  if (client.servers.length > 0) return client.servers[0];
  const message = `"${workload.client}" is registered at no security server`;
  issues.error(place, 'not-registered', message, 'add it to the subsystems of a server');
  return -1;
}

interface CalledService {
  /** In the list of the workload. */
  readonly index: number;
  readonly service: number;
  readonly weight: number;
}

function findServices(
  workload: WorkloadDocument,
  path: DocumentPath,
  parts: LoadParts,
): CalledService[] {
  const { services, issues } = parts;
  const called: CalledService[] = [];
  for (const [index, { service, weight }] of workload.services.entries()) {
    const row = services.rows.get(service);
    if (row !== undefined) {
      called.push({ index, service: row, weight });
      continue;
    }
    if (services.broken.has(service)) continue;
    issues.unknown(
      [...path, 'services', index, 'service'],
      'service',
      service,
      services.rows.keys(),
    );
  }
  const whole = workload.services.reduce((sum, { weight }) => sum + weight, 0);
  if (workload.services.length === 0 || !(whole > 0)) {
    const message = `workload "${workload.id}" calls no service`;
    issues.error([...path, 'services'], 'missing-value', message);
    return [];
  }
  return called;
}

/** `what` begins the sentence: `workload "portal"`. */
export function checkTimes(
  what: string,
  { startUs, stopUs }: Pick<WorkloadDocument, 'startUs' | 'stopUs'>,
  durationUs: number,
  path: DocumentPath,
  issues: IssueList,
): boolean {
  // Everything is too late in a run of no time, about which enough has been said.
  if (durationUs <= 0) return false;
  if (startUs >= durationUs) {
    const message = `${what} starts when the run is over`;
    issues.error([...path, 'startUs'], 'after-the-end', message, lengthText(durationUs));
    return false;
  }
  if (stopUs === null || stopUs > startUs) return true;
  issues.error([...path, 'stopUs'], 'out-of-range', `${what} stops before it starts`);
  return false;
}

function checkLoad(workload: WorkloadDocument, path: DocumentPath, issues: IssueList): boolean {
  if (workload.kind === 'open' && (workload.rate === null || workload.rate.points.length === 0)) {
    const message = `open workload "${workload.id}" needs a rate`;
    issues.error([...path, 'rate'], 'missing-value', message, 'such as rate: 20/s');
    return false;
  }
  if (workload.kind === 'closed' && workload.users < 1) {
    const message = `closed workload "${workload.id}" needs users`;
    issues.error([...path, 'users'], 'missing-value', message, 'such as users: 50');
    return false;
  }
  return true;
}

/** What the sources of one workload have in common. */
interface FlowRun {
  readonly flowFrom: number;
  readonly flowCount: number;
  readonly policy: number;
}

export const ARRIVALS = { poisson: SourceKind.Poisson, constant: SourceKind.Constant };

function addOpen(workload: WorkloadDocument, run: FlowRun, parts: LoadParts): number {
  const { id, rate, startUs } = workload;
  const { durationUs, startOfDayUs } = parts.document;
  if (rate === null) return 0;
  const stopUs = Math.min(workload.stopUs ?? durationUs, durationUs);
  const kind = ARRIVALS[workload.arrivals];
  parts.flows.sources.push(
    sourceOf({ id, kind, rate: parts.rates.add(rate), startUs, stopUs, ...run }),
  );
  return expectedArrivals(rate, startOfDayUs, startUs, stopUs);
}

/**
 * A source for each user. The calls to expect are those of users who wait for nobody but the
 * information system: an upper bound, because what the servers add is what a run is for.
 */
function addUsers(
  workload: WorkloadDocument,
  run: FlowRun,
  called: readonly CalledService[],
  parts: LoadParts,
): number {
  const { durationUs } = parts.document;
  const think = workload.thinkTime ?? { kind: 'constant' as const, value: 0 };
  const thinkTime = parts.distributions.add(think);
  const { startUs } = workload;
  const stopUs = Math.min(workload.stopUs ?? durationUs, durationUs);
  for (let user = 1; user <= workload.users; user++) {
    const id = `${workload.id}/user-${user}`;
    parts.flows.sources.push(
      sourceOf({ id, kind: SourceKind.User, thinkTime, startUs, stopUs, ...run }),
    );
  }
  const whole = called.reduce((sum, { weight }) => sum + weight, 0);
  const answerUs = called.reduce(
    (sum, { service, weight }) => sum + (meanAnswerUs(service, parts) * weight) / whole,
    0,
  );
  const cycleUs = Math.max(1000, meanOf(think) + answerUs);
  return (workload.users * (stopUs - startUs)) / cycleUs;
}

/** What the information system alone takes, in the mean; 0 for a service of a population. */
export function meanAnswerUs(service: number, { services, document }: LoadParts): number {
  const own = services.services[service].document;
  const system = document.systems.find(({ id }) => id === own?.system);
  const time = own?.serviceTime ?? system?.serviceTime ?? null;
  return time === null ? 0 : meanOf(time);
}

/** A source for each consumer of a country, with calls at home and abroad. */
function linkPopulation(instance: InstanceEntry, parts: LoadParts): number {
  const { document, rates, flows } = parts;
  const { country } = instance;
  const figures = instance.document.population;
  if (country === null || figures === null) return 0;
  const perDay = arrivalsPerDay(figures.profile);
  if (perDay <= 0) return 0;
  const abroad = callsAbroad(instance, country, figures, parts);
  const shareAbroad = Object.values(figures.crossBorder).reduce((sum, share) => sum + share, 0);
  const rate = rates.add(figures.profile);
  const scale = (figures.callsPerDay * figures.scale) / perDay;
  const firstService = parts.services.populationFrom.get(parts.network.instances.indexOf(instance));
  let whole = 0;
  for (const [index, { subsystem, calls }] of country.consumers.entries()) {
    const { member, code } = country.subsystems[subsystem];
    const client = `${instance.id}/${country.members[member].id}/${code}`;
    const server = parts.network.subsystems.get(client)?.servers[0];
    if (server === undefined) continue;
    const atHome = calls.map(({ service, share }) => ({
      service: (firstService ?? 0) + service,
      share: share * (1 - shareAbroad),
    }));
    const all = [...atHome, ...(abroad.get(index) ?? [])];
    const specs = all.map(({ service }) => populationFlow(client, server, service, figures));
    const flowFrom = flows.add(
      specs,
      all.map(({ share }) => share),
    );
    const share = all.reduce((sum, call) => sum + call.share, 0);
    const run = { flowFrom, flowCount: specs.length, startUs: 0, stopUs: document.durationUs };
    flows.sources.push(sourceOf({ id: client, rate, rateFactor: scale * share, ...run }));
    whole += share;
  }
  const { startOfDayUs, durationUs } = document;
  return expectedArrivals(figures.profile, startOfDayUs, 0, durationUs) * scale * whole;
}

function populationFlow(
  client: string,
  server: number,
  service: number,
  figures: PopulationDocument,
): FlowSpec {
  return {
    client,
    server,
    service,
    target: -1,
    method: 'POST',
    path: '/',
    requestSize: figures.requestSize,
    uploadBandwidth: Infinity,
    defects: soundDefects(),
  };
}

/** By consumer of the country: services of other instances, with shares of all its calls. */
function callsAbroad(
  instance: InstanceEntry,
  country: Country,
  figures: PopulationDocument,
  parts: LoadParts,
): Map<number, { service: number; share: number }[]> {
  const { network, services, issues } = parts;
  const abroad = new Map<number, { service: number; share: number }[]>();
  for (const [foreign, share] of Object.entries(figures.crossBorder)) {
    const path = ['instances', instance.id, 'population', 'crossBorder', foreign];
    const row = network.instanceRow(foreign);
    const known = network.instances.filter((one) => one !== instance).map(({ id }) => id);
    if (row === -1 || foreign === instance.id) {
      issues.unknown(path, 'other instance', foreign, known);
      continue;
    }
    if (!network.areFederated(network.instances.indexOf(instance), row)) {
      const message = `${instance.id} is not federated with ${foreign}`;
      issues.warn(path, 'not-federated', message, 'every call there will be refused');
    }
    const there = [...services.services.keys()].filter(
      (service) => services.services[service].subsystem.instance === row,
    );
    if (there.length === 0 && share > 0) {
      issues.error(path, 'missing-value', `${foreign} has no services to call`);
      continue;
    }
    const popularities = popularitiesOf(there, row, parts);
    for (const { consumer, calls } of callAbroad(country, foreign, popularities, share)) {
      const list = abroad.get(consumer) ?? [];
      list.push(...calls.map((call) => ({ service: there[call.service], share: call.share })));
      abroad.set(consumer, list);
    }
  }
  return abroad;
}

/** By the rank laws of the population there; written services count as much as its first one. */
function popularitiesOf(there: readonly number[], instance: number, parts: LoadParts): number[] {
  const { country } = parts.network.instances[instance];
  const first = parts.services.populationFrom.get(instance) ?? Infinity;
  return there.map((row) =>
    row >= first && country !== null ? (country.services[row - first]?.popularity ?? 1) : 1,
  );
}
