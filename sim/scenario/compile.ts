/**
 * A document becomes a plan: names become rows, incidents patches, populations members and flows.
 * Pure, and the same document always gives the same bytes. Mistakes are collected, all at once,
 * with the path of their place; with any but warnings there is no plan.
 *
 *    network    instances, members, servers, hosts; populations make theirs here
 *    services   information systems and services
 *    links      a row for each pair of places that some call uses
 *    load       flows and sources of workloads and populations
 *    incidents  patches, and the sources of attacks
 */
import type { Calibration } from '../plan/calibration.ts';
import type { Document } from '../plan/document.ts';
import type { HostTable, InstanceRow, Plan, SignerTable } from '../plan/plan.ts';
import { AccessRights } from './compile-access.ts';
import { listAssumptions } from './compile-assumptions.ts';
import { PolicyRows } from './compile-callers.ts';
import { asksForCentrality, centralityOf, noCentrality } from './compile-centrality.ts';
import type { Centrality } from './compile-centrality.ts';
import { warnOfUndecidable } from './compile-checks.ts';
import { checkTrust } from './compile-contradictions.ts';
import { costTable, DistributionRows } from './compile-distributions.ts';
import { CANDIDATES_MAX, Flows } from './compile-flows.ts';
import { linkIncidents, serversNamedByIncidents } from './compile-incidents.ts';
import type { LinkedIncidents } from './compile-incidents.ts';
import { IssueList } from './compile-issues.ts';
import type { LinkIssue } from './compile-issues.ts';
import { JourneyRows, linkJourneys } from './compile-journeys.ts';
import { Links, serversNamedByLinks } from './compile-links.ts';
import { linkNetwork } from './compile-network.ts';
import type { Network } from './compile-network.ts';
import { RateRows } from './compile-rates.ts';
import { Routes } from './compile-routes.ts';
import { serverTable } from './compile-servers.ts';
import { linkServices } from './compile-services.ts';
import type { Services } from './compile-services.ts';
import { compileTrust } from './compile-trust.ts';
import type { CompiledTrust } from './compile-trust.ts';
import { checkSteadyLoad, checkWarmUp, warmUpBucketUs } from './compile-warm-up.ts';
import { linkWorkloads } from './compile-workloads.ts';

export interface Compiled {
  /** Null: there are errors among the issues. */
  readonly plan: Plan | null;
  readonly issues: readonly LinkIssue[];
}

/** `calibrationSha256`: of the bytes of the calibration's file; who read it knows it. */
export function compileScenario(
  document: Document,
  calibration: Calibration,
  calibrationSha256 = '',
): Compiled {
  const issues = new IssueList();
  checkRun(document, issues);
  const network = linkNetwork(document, issues);
  checkTrust(document, network, issues);
  const distributions = new DistributionRows();
  const services = linkServices(document, network, distributions, issues);
  const named = serversNamedByLinks(document, network, issues);
  const base = { document, network, services, distributions };
  const centrality = centralityFor(base, named);
  const hit = serversNamedByIncidents({ ...base, centrality, issues: new IssueList() });
  for (const row of hit) named.add(row);
  const load = linkLoad(base, named, issues);
  const parts = { ...base, ...load, centrality, issues };
  const incidents = linkIncidents(parts);
  if (load.flows.sources.length === 0 && !issues.hasErrors) {
    issues.error(['workloads'], 'missing-value', 'nobody calls: there is no workload');
  }
  warnOfManyServers(network, issues);
  if (issues.hasErrors) return { plan: null, issues: issues.rows };
  const plan = planOf({ ...parts, incidents }, calibration, calibrationSha256);
  warnOfUndecidable(plan, issues);
  return { plan, issues: issues.rows };
}

/** What there is before anybody calls. */
interface Base {
  readonly document: Document;
  readonly network: Network;
  readonly services: Services;
  readonly distributions: DistributionRows;
}

interface Load {
  readonly links: Links;
  readonly routes: Routes;
  readonly flows: Flows;
  readonly rates: RateRows;
  readonly policies: PolicyRows;
  readonly journeys: JourneyRows;
  /** To expect. */
  readonly calls: number;
}

interface Linked extends Base, Load {
  readonly incidents: LinkedIncidents;
}

function linkLoad(base: Base, named: ReadonlySet<number>, issues: IssueList): Load {
  const { document, network, services, distributions } = base;
  const links = new Links(network, document.links, named);
  const routes = new Routes(network, links);
  const access = new AccessRights(network);
  const flows = new Flows(network, services, routes, access, distributions);
  const callers = { policies: new PolicyRows(), journeys: new JourneyRows() };
  const parts = { ...base, links, flows, rates: new RateRows(), ...callers, issues };
  const calls = linkWorkloads(parts) + linkJourneys(parts);
  return { links, routes, flows, rates: parts.rates, ...callers, calls };
}

/**
 * Who is central follows from the load, the rows of links from who is cut off, and the load from
 * the links; so the load is linked once more, beforehand, for whoever asks.
 */
function centralityFor(base: Base, named: ReadonlySet<number>): Centrality {
  if (!asksForCentrality(base.document)) return noCentrality(base.network, base.services);
  return centralityOf({ ...base, ...linkLoad(base, named, new IssueList()) });
}

function planOf(linked: Linked, calibration: Calibration, sha256: string): Plan {
  const { document, network, services, links, routes, flows, rates, incidents } = linked;
  // Prices add distributions, so the table of these is made last.
  const costs = costTable(calibration, linked.distributions);
  const trust = compileTrust(document, network, incidents.patches, linked.distributions);
  return {
    name: document.name,
    title: document.title,
    question: document.question,
    kind: document.kind,
    seed: document.seed,
    replications: document.replications,
    precision: document.precision,
    durationUs: document.durationUs,
    warmUpUs: document.warmUpUs,
    findsWarmUp: document.findsWarmUp,
    startOfDayUs: document.startOfDayUs,
    seriesBucketUs: bucketUs(document),
    calibration: { name: calibration.name, sha256 },
    instances: network.instances.map((_, row) => instanceRow(network, trust, row)),
    memberClasses: network.memberClasses,
    distributions: linked.distributions.table(),
    costs,
    hosts: hostTable(network),
    servers: serverTable(network, trust),
    signers: signerTable(network, trust),
    hasTrust: trust.hasTrust,
    trustServices: trust.trustServices,
    trustOrder: trust.trustOrder,
    certificates: trust.certificates,
    links: links.table(),
    systems: services.systemTable(),
    services: services.serviceTable(),
    routes: routes.routeTable(),
    candidates: routes.candidateTable(),
    flows: flows.flowTable(),
    rates: rates.table(),
    sources: flows.sourceTable(),
    policies: linked.policies.table(),
    journeys: linked.journeys.journeyTable(),
    journeySteps: linked.journeys.stepTable(),
    journeyCalls: linked.journeys.callTable(),
    patches: incidents.patches,
    incidents: incidents.rows,
    thresholds: document.thresholds,
    checks: document.checks,
    limits: document.limits,
    assumptions: listAssumptions(document, network, links, calibration, trust.hasTrust),
    expected: {
      calls: Math.round(linked.calls),
      attackRequests: Math.round(incidents.attackRequests),
    },
  };
}

function checkRun(document: Document, issues: IssueList): void {
  const { durationUs, thresholds, instances, limits } = document;
  if (durationUs <= 0) {
    const hint = 'write how long it lasts, such as 2min';
    issues.error(['durationUs'], 'out-of-range', 'the run lasts no time', hint);
  }
  checkWarmUp(document, issues);
  checkSteadyLoad(document, issues);
  if (Object.keys(instances).length === 0) {
    issues.error(['instances'], 'missing-value', 'there is no instance');
  }
  for (const [index, { scope }] of thresholds.entries()) {
    const scopes = ['all', ...Object.keys(instances), 'cross-border'];
    if (!scopes.includes(scope)) {
      issues.unknown(['thresholds', index, 'scope'], 'scope', scope, scopes);
    }
  }
  for (const [index, { incident }] of document.checks.entries()) {
    const known = document.incidents.map(({ id }) => id);
    if (incident !== null && !known.includes(incident)) {
      issues.unknown(['checks', index, 'incident'], 'incident', incident, known);
    }
  }
  if (limits.exchangesMax < 1 || limits.eventsMax < 1) {
    issues.error(['limits'], 'out-of-range', 'a limit below one lets nothing happen');
  }
}

/** An access mask has no more bits: the servers beyond would refuse everybody. */
function warnOfManyServers(network: Network, issues: IssueList): void {
  for (const { id, servers } of network.subsystems.values()) {
    if (servers.length <= CANDIDATES_MAX) continue;
    const message = `"${id}" is registered at ${servers.length} servers`;
    const hint = `at most ${CANDIDATES_MAX} are supported`;
    issues.error(['instances'], 'out-of-range', message, hint);
  }
}

/** Lengths of a row of the series that people read easily, in seconds. */
const BUCKET_SECONDS = [
  0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200,
  14_400, 21_600, 43_200, 86_400,
];
const BUCKETS_MAX = 360;

function bucketUs(document: Document): number {
  if (document.seriesBucketUs !== null) return document.seriesBucketUs;
  return document.findsWarmUp ? warmUpBucketUs(document) : seriesBucketUs(document.durationUs);
}

/** The shortest that leaves 360 rows at most; in the list's range these are 60 at least. */
function seriesBucketUs(durationUs: number): number {
  const found = BUCKET_SECONDS.find((seconds) => durationUs / (seconds * 1e6) <= BUCKETS_MAX);
  return (found ?? Math.ceil(durationUs / 86_400e6 / BUCKETS_MAX) * 86_400) * 1e6;
}

function instanceRow(network: Network, trust: CompiledTrust, row: number): InstanceRow {
  const { id, document, parameters, memberCount, subsystemCount } = network.instances[row];
  return {
    id,
    profile: document.profile,
    parameters,
    memberCount,
    subsystemCount,
    trustServices: {
      centralServers: document.centralServers.map((one) => one.id),
      ocspResponders: document.certificationAuthorities.flatMap((ca) =>
        ca.ocspResponders.map((one) => one.id),
      ),
      timeStampingAuthorities: document.timeStampingAuthorities.map((one) => one.id),
    },
    ...trust.instances[row],
  };
}

function hostTable({ hosts }: Network): HostTable {
  return {
    id: hosts.map(({ id }) => id),
    cores: Int32Array.from(hosts, ({ cores }) => cores),
    speed: Float64Array.from(hosts, ({ speed }) => speed),
  };
}

function signerTable({ signers }: Network, trust: CompiledTrust): SignerTable {
  return {
    server: Int32Array.from(signers, ({ server }) => server),
    member: signers.map(({ member }) => member),
    certificate: trust.signerCertificate,
  };
}
