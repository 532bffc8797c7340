import { expect, test } from 'vitest';
import type { Calibration, CostDocument } from '../plan/calibration.ts';
import { KEY_TYPES } from '../plan/calibration.ts';
import type {
  Document,
  IncidentDocument,
  InstanceDocument,
  PopulationDocument,
  ServerDocument,
  ServiceDocument,
  TrustServiceDocument,
  WorkloadDocument,
} from '../plan/document.ts';
import { DistributionKind, PatchColumn, SourceKind, SystemState } from '../plan/plan.ts';
import type { Plan } from '../plan/plan.ts';
import { COSTS, Effect } from '../protocol/effect.ts';
import { Fact } from '../protocol/exchange.ts';
import { Cause } from '../protocol/fault.ts';
import { matchesGolden } from '../testing/golden.ts';
import { integralOf } from '../workload/pacer.ts';
import { compileScenario } from './compile.ts';

const SECOND_US = 1e6;

const FREE: CostDocument = {
  cpu: { kind: 'constant', value: 0 },
  delay: { kind: 'constant', value: 0 },
  cpuUsPerKib: 0,
  samples: 0,
  confidence: 'derived',
};
const CALIBRATION: Calibration = {
  name: 'zero',
  title: 'Every effect costs nothing',
  method: ['set by hand'],
  machine: 'none',
  date: '2026-01-01',
  keyTypes: Object.fromEntries(
    KEY_TYPES.map((keyType) => [keyType, Object.fromEntries(COSTS.map((cost) => [cost, FREE]))]),
  ) as unknown as Calibration['keyTypes'],
};

const SERVER: ServerDocument = {
  id: 'ss1',
  owner: 'GOV/1',
  subsystems: [],
  host: null,
  version: 70_800,
  maintenance: false,
  conditions: [],
  parameters: {},
};
const trustService = (id: string): TrustServiceDocument => ({
  id,
  capacity: 1,
  serviceTime: { kind: 'constant', value: 0 },
  isPaid: false,
});
const INSTANCE: InstanceDocument = {
  profile: 'xroad-default',
  parameters: {},
  centralServers: [trustService('cs')],
  certificationAuthorities: [{ id: 'ca', ocspResponders: [trustService('ocsp')] }],
  timeStampingAuthorities: [trustService('tsa')],
  namesTrustServices: false,
  certificates: [],
  members: [],
  globalGroups: {},
  servers: [],
  population: null,
};
const SERVICE: ServiceDocument = {
  id: 'EE/GOV/1/registry/person',
  type: 'rest',
  system: 'registry',
  timeoutUs: 60 * SECOND_US,
  responseSize: { kind: 'constant', value: 2000 },
  serviceTime: null,
  enabled: true,
  status: 200,
  url: 'good',
  access: [
    {
      subsystem: 'EE/COM/2/shop',
      globalGroup: null,
      localGroup: null,
      method: '*',
      path: '/**',
    },
  ],
};
const WORKLOAD: WorkloadDocument = {
  id: 'questions',
  kind: 'open',
  client: 'EE/COM/2/shop',
  server: null,
  services: [{ service: 'EE/GOV/1/registry/person', weight: 1 }],
  targetServer: null,
  method: 'GET',
  path: '/',
  requestSize: { kind: 'constant', value: 1000 },
  uploadBandwidth: Infinity,
  arrivals: 'poisson',
  rate: { clock: 'run', points: [{ atUs: 0, rate: 20 }] },
  users: 0,
  thinkTime: null,
  startUs: 0,
  stopUs: null,
  defects: [],
  callers: null,
};
const INCIDENT: IncidentDocument = {
  id: 'trouble',
  title: 'Trouble',
  kind: 'server-crash',
  targets: ['EE/ss1'],
  atUs: 10 * SECOND_US,
  forUs: 20 * SECOND_US,
  dwellUs: null,
  rampUs: 0,
  workflow: null,
  gapUs: 0,
  repeat: null,
  settings: {},
};

/** A provider on two servers and a consumer in EE, a consumer in FI. */
const WORLD: Document = {
  name: 'sample',
  title: 'Sample',
  question: 'Does it link?',
  seed: 1,
  kind: 'terminating',
  durationUs: 120 * SECOND_US,
  warmUpUs: 0,
  findsWarmUp: false,
  startOfDayUs: 0,
  replications: 1,
  precision: null,
  calibration: 'zero',
  seriesBucketUs: null,
  instances: {
    EE: {
      ...INSTANCE,
      members: [
        { id: 'GOV/1', name: 'Registry', subsystems: ['registry'] },
        { id: 'COM/2', name: 'Shop', subsystems: ['shop'] },
      ],
      servers: [
        { ...SERVER, id: 'ss1', owner: 'GOV/1', subsystems: ['GOV/1/registry'] },
        { ...SERVER, id: 'ss2', owner: 'GOV/1', subsystems: ['GOV/1/registry'] },
        { ...SERVER, id: 'ss3', owner: 'COM/2', subsystems: ['COM/2/shop'] },
      ],
    },
    FI: {
      ...INSTANCE,
      profile: 'fi-production',
      members: [{ id: 'GOV/9', name: 'Agency', subsystems: ['desk'] }],
      servers: [{ ...SERVER, id: 'ss9', owner: 'GOV/9', subsystems: ['GOV/9/desk'] }],
    },
  },
  hosts: [],
  systems: [
    {
      id: 'registry',
      capacity: 8,
      serviceTime: { kind: 'exponential', mean: 20_000 },
      state: 'up',
    },
  ],
  services: [SERVICE],
  links: [],
  trust: null,
  federation: [['EE', 'FI']],
  workloads: [WORKLOAD],
  journeys: [],
  incidents: [],
  thresholds: [],
  checks: [],
  assumptions: [],
  limits: { exchangesMax: 10_000, eventsMax: 1e9, journalRowsMax: 100_000 },
};

const withEe = (change: Partial<InstanceDocument>): Document => ({
  ...WORLD,
  instances: { ...WORLD.instances, EE: { ...WORLD.instances['EE'], ...change } },
});
const withService = (change: Partial<ServiceDocument>): Document => ({
  ...WORLD,
  services: [{ ...SERVICE, ...change }],
});
const withWorkload = (change: Partial<WorkloadDocument>): Document => ({
  ...WORLD,
  workloads: [{ ...WORKLOAD, ...change }],
});
const withIncident = (...changes: Partial<IncidentDocument>[]): Document => ({
  ...WORLD,
  incidents: changes.map((change, index) => ({ ...INCIDENT, id: `trouble-${index}`, ...change })),
});
/** EE with one of its servers changed. */
const withServer = (index: number, change: Partial<ServerDocument>): Document =>
  withEe({
    servers: WORLD.instances['EE'].servers.map((server, at) =>
      at === index ? { ...server, ...change } : server,
    ),
  });

function planOf(document: Document): Plan {
  const { plan, issues } = compileScenario(document, CALIBRATION, 'abc');
  expect(issues.filter(({ isWarning }) => !isWarning)).toEqual([]);
  if (plan === null) throw new Error('no plan and no issue');
  return plan;
}

const issuesOf = (document: Document): string[] =>
  compileScenario(document, CALIBRATION).issues.map(
    ({ path, code, message, hint, isWarning, first }) =>
      `${path.join('.')}: ${isWarning ? 'warning' : 'error'}[${code}]: ${message}` +
      (hint === null ? '' : `\n    = ${hint}`) +
      (first === null ? '' : `\n    = the first is ${first.join('.')}`),
  );

test('names become rows', () => {
  const plan = planOf(WORLD);
  expect(plan.servers.id).toEqual(['EE/GOV/1/ss1', 'EE/GOV/1/ss2', 'EE/COM/2/ss3', 'FI/GOV/9/ss9']);
  expect(plan.hosts.id).toEqual(plan.servers.id);
  expect(plan.memberClasses).toEqual(['EE/GOV', 'EE/COM', 'FI/GOV']);
  expect(plan.signers.member).toEqual(['EE/GOV/1', 'EE/GOV/1', 'EE/COM/2', 'FI/GOV/9']);
  expect([...plan.signers.server]).toEqual([0, 1, 2, 3]);
  expect(
    plan.instances.map(({ memberCount, subsystemCount }) => [memberCount, subsystemCount]),
  ).toEqual([
    [2, 2],
    [1, 1],
  ]);
  expect([...plan.candidates.server]).toEqual([0, 1]);
  expect([...plan.candidates.signer]).toEqual([0, 1]);
  expect([...plan.routes.candidateCount]).toEqual([2]);
  expect(plan.flows.client).toEqual(['EE/COM/2/shop']);
  expect([...plan.flows.signer]).toEqual([2]);
  expect([...plan.flows.memberClass]).toEqual([1]);
  expect([...plan.flows.accessMask]).toEqual([0b11]);
  expect([...plan.flows.clientFactsBroken, ...plan.flows.serverFactsBroken]).toEqual([0, 0]);
  expect([...plan.sources.cumulativeShare]).toEqual([1]);
  expect([...plan.sources.stopUs]).toEqual([WORLD.durationUs]);
  expect(plan.expected).toEqual({ calls: 2400, attackRequests: 0 });
  expect(plan.calibration).toEqual({ name: 'zero', sha256: 'abc' });
  expect(plan.seriesBucketUs).toBe(0.5 * SECOND_US);
});

test('the same document gives the same plan, which survives postMessage', () => {
  const plan = planOf(WORLD);
  expect(planOf(structuredClone(WORLD))).toEqual(plan);
  expect(structuredClone(plan)).toEqual(plan);
});

test('parameters: profile, then instance, then server', () => {
  const document = withServer(1, { parameters: { clientThreads: 7, keyType: 'ec-p256' } });
  const plan = planOf({
    ...document,
    instances: {
      ...document.instances,
      EE: { ...document.instances['EE'], parameters: { clientThreads: 50, localRtt: 1000 } },
    },
  });
  expect([...plan.servers.clientThreads]).toEqual([50, 7, 50, 500]);
  expect([...plan.servers.serverThreads]).toEqual([500, 500, 500, 500]);
  expect([...plan.servers.localDelayUs]).toEqual([500, 500, 500, 250]);
  const [standard, special, , finnish] = [...plan.servers.costProfile].map(
    (row) => plan.costs.profiles[row],
  );
  expect([standard, special, finnish]).toEqual(['zero/rsa-2048', 'zero/ec-p256', 'zero/rsa-3072']);
  // Finland reuses connections and logs no bodies, so none is too large for its log.
  expect([...plan.servers.reusesConnections]).toEqual([0, 0, 0, 1]);
  expect([...plan.servers.loggableBytesMax]).toEqual(
    [10, 10, 10, Infinity].map((n) => n * 2 ** 20),
  );
  expect(plan.costs.cpu).toHaveLength(KEY_TYPES.length * COSTS.length);
});

test('hosts are shared by name, or made with the cores of the parameters', () => {
  const shared = withServer(0, { host: 'big' });
  const plan = planOf({ ...shared, hosts: [{ id: 'big', cores: 32, speed: 2 }] });
  expect(plan.hosts.id).toEqual(['big', 'EE/GOV/1/ss2', 'EE/COM/2/ss3', 'FI/GOV/9/ss9']);
  expect([...plan.hosts.cores]).toEqual([32, 4, 4, 4]);
  expect([...plan.servers.host]).toEqual([0, 1, 2, 3]);
});

test('conditions of servers go to the legs they concern', () => {
  const { servers } = planOf(withServer(0, { conditions: ['conf-expired', 'signer-down'] }));
  expect(servers.clientFactsBroken[0]).toBe(Fact.GlobalConfValid);
  expect(servers.serverFactsBroken[0]).toBe(Fact.GlobalConfValid);
  expect(servers.clientFailEffect[0]).toBe(Effect.Sign);
  expect(servers.serverFailCause[0]).toBe(Cause.SignerNetworkError);
  const onlyClient = planOf(withServer(0, { conditions: ['no-auth-cert'] })).servers;
  expect(onlyClient.clientFactsBroken[0]).toBe(Fact.AuthCertUsable);
  expect(onlyClient.serverFactsBroken[0]).toBe(0);
});

test('a server without foreign configurations still knows its own instance', () => {
  const { servers, flows } = planOf(withServer(2, { conditions: ['foreign-conf-missing'] }));
  expect([...servers.clientFactsBroken]).toEqual([0, 0, 0, 0]);
  expect([...flows.clientFactsBroken]).toEqual([0]);
  const abroad = planOf({
    ...withWorkload({ client: 'FI/GOV/9/desk' }),
    instances: {
      ...WORLD.instances,
      FI: {
        ...WORLD.instances['FI'],
        servers: [{ ...WORLD.instances['FI'].servers[0], conditions: ['foreign-conf-missing'] }],
      },
    },
  });
  expect([...abroad.flows.clientFactsBroken]).toEqual([Fact.InstanceKnown]);
});

test('defects of messages go to the legs they concern', () => {
  const { flows } = planOf(withWorkload({ defects: ['no-client', 'tampered', 'not-post'] }));
  expect(flows.clientFactsBroken[0]).toBe(Fact.ClientNamed);
  expect(flows.serverFactsBroken[0]).toBe(Fact.MethodIsPost);
  expect(flows.serverFailEffect[0]).toBe(Effect.Verify);
  expect(flows.serverFailCause[0]).toBe(Cause.InvalidSignatureValue);
});

test('a route without servers names the fact that is missing', () => {
  const broken = (document: Document): number => {
    const { flows, routes } = planOf(document);
    expect([...routes.candidateCount]).toEqual([0]);
    return flows.clientFactsBroken[0];
  };
  const abroad = withWorkload({ client: 'FI/GOV/9/desk' });
  expect(broken({ ...abroad, federation: [] })).toBe(Fact.InstanceKnown);
  expect(broken(withWorkload({ targetServer: 'EE/COM/2/ss3' }))).toBe(Fact.TargetServesProvider);
  const { servers } = WORLD.instances['EE'];
  const resting = servers.map((server) => ({ ...server, maintenance: true }));
  expect(broken(withEe({ servers: resting }))).toBe(Fact.SomeServerInService);
  const unregistered = servers.map((server) =>
    server.owner === 'GOV/1' ? { ...server, subsystems: [] } : server,
  );
  expect(broken(withEe({ servers: unregistered }))).toBe(Fact.ProviderKnown);
});

test('a target server, and maintenance, narrow the candidates', () => {
  const targeted = planOf(withWorkload({ targetServer: 'EE/GOV/1/ss2' }));
  expect([...targeted.candidates.server]).toEqual([1]);
  const resting = planOf(withServer(0, { maintenance: true }));
  expect([...resting.candidates.server]).toEqual([1]);
  expect([...resting.servers.isInMaintenance]).toEqual([1, 0, 0, 0]);
});

test('services: disabled, without a url, of the other type', () => {
  const broken = (change: Partial<ServiceDocument>): number =>
    planOf(withService(change)).services.factsBroken[0];
  expect(broken({})).toBe(0);
  expect(broken({ enabled: false })).toBe(Fact.ServiceEnabled);
  expect(broken({ url: 'missing' })).toBe(Fact.ServiceUrlPresent);
  expect(broken({ url: 'malformed' })).toBe(Fact.ServiceUrlWellFormed);
  const soap = planOf(withService({ type: 'soap' }));
  expect([...soap.services.isSoap]).toEqual([1]);
  expect([...soap.flows.clientFactsBroken]).toEqual([Fact.IsRest]);
  expect([...soap.flows.serverFactsBroken]).toEqual([Fact.IsRest]);
});

test('rights: subsystem, groups, method, and the version of each candidate', () => {
  const right = { subsystem: null, globalGroup: null, localGroup: null, method: '*', path: '/**' };
  const mask = (document: Document): number => planOf(document).flows.accessMask[0];
  expect(mask(withService({ access: [] }))).toBe(0);
  expect(mask(withService({ access: [{ ...right, subsystem: 'FI/GOV/9/desk' }] }))).toBe(0);
  expect(mask(withService({ access: [{ ...right, localGroup: ['EE/COM/2/shop'] }] }))).toBe(0b11);
  const grouped = withEe({ globalGroups: { shops: ['EE/COM/2/shop'] } });
  const services = [{ ...SERVICE, access: [{ ...right, globalGroup: 'shops' }] }];
  expect(mask({ ...grouped, services })).toBe(0b11);
  const shop = { ...right, subsystem: 'EE/COM/2/shop' };
  expect(mask(withService({ access: [{ ...shop, method: 'POST' }] }))).toBe(0);
  // XRDDEV-3054: 7.7.0 let an encoded dot-dot through a wildcard, 7.7.1 does not.
  const traversal: Document = {
    ...withServer(0, { version: 70_700 }),
    services: [{ ...SERVICE, access: [{ ...shop, path: '/public/**' }] }],
    workloads: [{ ...WORKLOAD, path: '/public/%2e%2e/secret' }],
  };
  expect(mask(traversal)).toBe(0b01);
});

test('links: rows by instances, and of their own for servers that are named', () => {
  const plain = planOf(WORLD);
  expect(plain.links.id).toEqual(['EE->EE']);
  expect([...plain.links.delayUs, ...plain.links.jitterUs]).toEqual([1000, 200]);
  const link = { rttUs: 8000, jitterUs: 0, bandwidth: 125e6, loss: 0.01 };
  const links = [
    { ...link, from: '*', to: '*' },
    { ...link, from: 'EE', to: 'EE/ss2', rttUs: 50_000 },
  ];
  const own = planOf({ ...WORLD, links });
  expect(own.links.id).toEqual(['EE->EE', 'EE->EE/GOV/1/ss2', 'EE/GOV/1/ss2->EE']);
  expect([...own.links.delayUs]).toEqual([4000, 25_000, 4000]);
  // 1 Gbit/s is 125 bytes a microsecond.
  expect([...own.links.bandwidth]).toEqual([125, 125, 125]);
  expect([...own.candidates.linkOut]).toEqual([0, 1]);
  expect([...own.candidates.linkBack]).toEqual([0, 2]);
  const abroad = planOf(withWorkload({ client: 'FI/GOV/9/desk' }));
  expect(abroad.links.id).toEqual(['FI->EE', 'EE->FI']);
  expect([...abroad.links.delayUs]).toEqual([1500, 1500]);
});

test('workloads: weights, users, and what to expect of them', () => {
  const services = [SERVICE, { ...SERVICE, id: 'EE/GOV/1/registry/address' }];
  const weighted = planOf({
    ...WORLD,
    services,
    workloads: [
      {
        ...WORKLOAD,
        services: services.map(({ id }, index) => ({ service: id, weight: 1 + index * 2 })),
      },
    ],
  });
  expect([...weighted.sources.cumulativeShare]).toEqual([0.25, 1]);
  const closed = planOf(
    withWorkload({
      kind: 'closed',
      users: 3,
      rate: null,
      thinkTime: { kind: 'exponential', mean: 980_000 },
    }),
  );
  expect(closed.sources.id).toEqual(['questions/user-1', 'questions/user-2', 'questions/user-3']);
  expect([...closed.sources.kind]).toEqual([2, 2, 2].map(() => SourceKind.User));
  expect([...closed.sources.flowFrom]).toEqual([0, 0, 0]);
  // One call a second each: 980 ms of thinking, 20 ms in the information system.
  expect(closed.expected.calls).toBe(360);
  expect(new Set(closed.sources.key0).size).toBe(3);
});

test('expected calls are those of the pacer', () => {
  const rate = {
    clock: 'day' as const,
    points: [
      { atUs: 60 * SECOND_US, rate: 4 },
      { atUs: 90 * SECOND_US, rate: 30 },
    ],
  };
  const document = { ...withWorkload({ rate, startUs: 15 * SECOND_US }), startOfDayUs: 86_380e6 };
  const { rates, expected } = planOf(document);
  const found = integralOf(rates, 0, 1, document.startOfDayUs, 15 * SECOND_US, 120 * SECOND_US);
  expect(expected.calls).toBe(Math.round(found));
});

test('distributions: equal ones share a row, in any order of keys', () => {
  const { distributions, services, flows } = planOf({
    ...withService({ responseSize: { value: 1000, kind: 'constant' } }),
  });
  expect(services.responseSize[0]).toBe(flows.requestSize[0]);
  const row = services.serviceTime[0];
  expect([distributions.kind[row], distributions.a[row]]).toEqual([
    DistributionKind.Exponential,
    20_000,
  ]);
  const empirical = planOf(withService({ responseSize: { kind: 'empirical', values: [3, 1, 2] } }));
  const at = empirical.services.responseSize[0];
  expect([empirical.distributions.a[at], empirical.distributions.b[at]]).toEqual([0, 3]);
  expect([...empirical.distributions.values]).toEqual([1, 2, 3]);
});

/** `time column row value`, in order. */
const patchesOf = ({ patches }: Plan): string[] =>
  [...patches.timeUs].map((timeUs, index) =>
    [timeUs / SECOND_US, patches.column[index], patches.row[index], patches.value[index]].join(' '),
  );

test('incidents: what they change returns at their end', () => {
  const { ServerPower, SystemState: State, SystemSlowness, LinkCut } = PatchColumn;
  expect(patchesOf(planOf(withIncident({})))).toEqual([
    `10 ${ServerPower} 0 0`,
    `30 ${ServerPower} 0 1`,
  ]);
  const hung = { kind: 'system-hung', targets: ['registry'], forUs: 200 * SECOND_US };
  const endless = planOf(withIncident(hung));
  // It outlasts the run: nothing returns, and it ends with the run.
  expect(patchesOf(endless)).toEqual([`10 ${State} 0 ${SystemState.Hung}`]);
  expect(endless.incidents[0].endUs).toBe(WORLD.durationUs);
  const slow = { kind: 'system-slow', targets: [SERVICE.id], settings: { factor: 4 } };
  expect(patchesOf(planOf(withIncident(slow)))).toEqual([
    `10 ${SystemSlowness} 0 4`,
    `30 ${SystemSlowness} 0 1`,
  ]);
  // One follows the other: the end of the first comes before the beginning of the second.
  const chain = withIncident({}, { atUs: 30 * SECOND_US });
  expect(patchesOf(planOf(chain))).toEqual([
    `10 ${ServerPower} 0 0`,
    `30 ${ServerPower} 0 1`,
    `30 ${ServerPower} 0 0`,
    `50 ${ServerPower} 0 1`,
  ]);
  const cut = planOf({
    ...withIncident({ kind: 'link-cut', targets: ['EE<->FI'], settings: { oneWay: true } }),
    workloads: [{ ...WORKLOAD, client: 'FI/GOV/9/desk' }],
  });
  expect(cut.links.id).toEqual(['FI->EE', 'EE->FI']);
  expect(patchesOf(cut)).toEqual([`10 ${LinkCut} 1 1`, `30 ${LinkCut} 1 0`]);
});

test('a server that is cut off has links of its own', () => {
  const { links, patches } = planOf(withIncident({ kind: 'link-cut', targets: ['EE/ss2'] }));
  expect(links.id).toEqual(['EE->EE', 'EE->EE/GOV/1/ss2', 'EE/GOV/1/ss2->EE']);
  expect([...patches.row]).toEqual([1, 2, 1, 2]);
});

test('attacks are sources of their own, with an incident and an address', () => {
  const flood = { kind: 'request-flood', targets: ['EE/ss3'], settings: { rate: 100 } };
  const plan = planOf(withIncident(flood));
  expect(plan.sources.id).toEqual(['questions', 'trouble-0/EE/COM/2/ss3']);
  expect([...plan.sources.incident]).toEqual([-1, 0]);
  expect([...plan.sources.attack]).toEqual([0, 1]);
  expect(plan.flows.client[1]).toBe('unknown client');
  expect([...plan.flows.clientFactsBroken]).toEqual([0, Fact.ClientRegistered]);
  expect([plan.sources.startUs[1], plan.sources.stopUs[1]]).toEqual([10e6, 30e6]);
  expect(plan.expected).toEqual({ calls: 2400, attackRequests: 2000 });
  const settings = { rate: 100, as: 'registered-client', service: SERVICE.id };
  const known = planOf(withIncident({ ...flood, settings }));
  expect(known.flows.client[1]).toBe('EE/COM/2/shop');
  expect([known.flows.clientFactsBroken[1], known.flows.accessMask[1]]).toEqual([0, 0b11]);
  const connections = planOf(
    withIncident({ kind: 'connection-flood', settings: { rate: 5, from: 'FI/ss9' } }),
  );
  expect([connections.sources.target[1], connections.sources.partner[1]]).toEqual([0, 3]);
  expect([connections.sources.flowCount[1], connections.sources.attack[1]]).toEqual([0, 2]);
});

test('removing an incident leaves the keys of all other sources alone', () => {
  const flood = { kind: 'request-flood', targets: ['EE/ss3'], settings: { rate: 100 } };
  const [without, having] = [planOf(WORLD), planOf(withIncident(flood))];
  expect(having.sources.key0[0]).toBe(without.sources.key0[0]);
  expect(having.sources.key1[0]).toBe(without.sources.key1[0]);
});

test('what had to be assumed is listed', () => {
  const { assumptions } = planOf({
    ...WORLD,
    assumptions: [{ what: 'mine', value: '1', confidence: 'derived', source: 'me' }],
  });
  expect(assumptions[0].what).toBe('mine');
  const whats = assumptions.map(({ what, value }) => `${what} = ${value}`);
  // What Finland does not publish, under its name; what both assume, once.
  expect(whats).toContain(
    'FI: globalConfValidity: how long a signed configuration is valid = 10 min',
  );
  expect(whats).toContain('EE, FI: hostCores: cores of a server of its own = 4');
  expect(whats.filter((what) => what.startsWith('links'))).toHaveLength(1);
  expect(assumptions.at(-1)).toEqual({
    what: 'service times of security servers: calibration zero',
    value: 'Every effect costs nothing',
    confidence: 'derived',
    source: 'set by hand',
  });
});

test('every mistake at once, each at its place', () => {
  const right = SERVICE.access[0];
  const broken: Document = {
    ...withEe({
      parameters: { clientThreds: 5, serverThreads: 0, connectionReuse: 1 },
      globalGroups: { shops: ['EE/COM/2/shpo'] },
      members: [
        ...WORLD.instances['EE'].members,
        { id: 'COM/2', name: 'Again', subsystems: ['shop'] },
        { id: 'nonsense', name: 'No class', subsystems: [] },
      ],
      servers: [
        ...WORLD.instances['EE'].servers,
        { ...SERVER, id: 'ss1', owner: 'GOV/1' },
        { ...SERVER, id: 'ss4', owner: 'GOV/2', host: 'bug' },
        { ...SERVER, id: 'ss5', owner: 'COM/2', host: 'bug', conditions: ['conf-expird'] },
        { ...SERVER, id: 'ss6', owner: 'COM/2', subsystems: ['COM/2/shop', 'COM/2/shop'] },
      ],
    }),
    hosts: [
      { id: 'big', cores: 2, speed: 1 },
      { id: 'big', cores: 4, speed: 1 },
    ],
    systems: [...WORLD.systems, ...WORLD.systems],
    services: [
      { ...SERVICE, system: 'regstry' },
      { ...SERVICE, id: 'EE/GOV/1/registy/person' },
      { ...SERVICE, id: 'EE/GOV/1/person' },
      { ...SERVICE, id: 'EE/GOV/1/registry/b', access: [{ ...right, subsystem: null }] },
      { ...SERVICE, id: 'EE/GOV/1/registry/c', access: [{ ...right, subsystem: 'EE/COM/2/sop' }] },
      { ...SERVICE, id: 'EE/GOV/1/registry/c' },
    ],
    links: [{ from: 'EE/ss8', to: '*', rttUs: 0, jitterUs: 0, bandwidth: 1, loss: 0 }],
    federation: [
      ['EE', 'FO'],
      ['EE', 'EE'],
    ],
    thresholds: [
      { metric: 'latencyP99', scope: 'SE', comparison: 'below', bound: 1 },
      { metric: 'latencyP99', scope: 'everything', comparison: 'below', bound: 1 },
    ],
    workloads: [
      { ...WORKLOAD, client: 'EE/COM/2/shops', services: [{ service: 'EE/x', weight: 1 }] },
      { ...WORKLOAD, rate: null, stopUs: 0, defects: ['tampred', 'conf-expired'] },
      { ...WORKLOAD, id: 'w3', server: 'EE/ss1', targetServer: 'EE/ss7', startUs: 1e12 },
      { ...WORKLOAD, id: 'w4', kind: 'closed', services: [] },
    ],
    incidents: [
      { ...INCIDENT, kind: 'server-crush' },
      { ...INCIDENT, id: 'late', atUs: 1e12, targets: [] },
      { ...INCIDENT, id: 'a', kind: 'link-cut', targets: ['EE->FO', 'EE=FI'] },
      { ...INCIDENT, id: 'b', kind: 'system-slow', targets: ['x'], settings: { facter: 3 } },
      { ...INCIDENT, id: 'c', kind: 'request-flood', targets: ['EE/ss3'] },
      { ...INCIDENT, id: 'd', kind: 'system-slow', targets: ['y'], settings: { factor: -1 } },
      { ...INCIDENT, id: 'e' },
      { ...INCIDENT, id: 'f', atUs: 29 * SECOND_US },
      { ...INCIDENT, id: 'e', atUs: 60 * SECOND_US },
      { ...INCIDENT, id: 'g', kind: 'earthquake' },
    ],
  };
  const lines = issuesOf(broken);
  expect(compileScenario(broken, CALIBRATION).plan).toBeNull();
  matchesGolden(new URL('./compile-issues.golden.txt', import.meta.url), `${lines.join('\n')}\n`);
});

test('warnings do not stop a run', () => {
  const idle = { ...WORLD.systems[0], id: 'idle' };
  const { plan, issues } = compileScenario(
    { ...WORLD, systems: [...WORLD.systems, idle] },
    CALIBRATION,
  );
  expect(plan).not.toBeNull();
  expect(issues.map(({ code, isWarning }) => [code, isWarning])).toEqual([['unused', true]]);
});

// Goal: what a newcomer forgets is told, though a scenario may mean it. Method: the sample world,
// which has no warning, with one thing left out.
test.each<[string, Document, string[]]>([
  ['nothing', WORLD, []],
  [
    'the right',
    withService({ access: [] }),
    [
      'workloads.0.services.0.service: warning[no-access]: no call of "questions" to ' +
        'EE/GOV/1/registry/person can succeed: EE/COM/2/shop is missing from access',
      '    = add it to the access of the service; until then every call ends in access_denied',
    ],
  ],
  [
    'the method',
    withService({ access: [{ ...SERVICE.access[0], method: 'POST' }] }),
    [
      'workloads.0.services.0.service: warning[no-access]: no call of "questions" to ' +
        'EE/GOV/1/registry/person can succeed: the rights of EE/COM/2/shop do not cover GET /',
      '    = widen method or path in the access of the service, or call another path',
    ],
  ],
  [
    'the federation, for two services',
    {
      ...WORLD,
      federation: [],
      services: [SERVICE, { ...SERVICE, id: 'EE/GOV/1/registry/b' }],
      workloads: [
        {
          ...WORKLOAD,
          client: 'FI/GOV/9/desk',
          services: ['EE/GOV/1/registry/b', SERVICE.id].map((service) => ({ service, weight: 1 })),
        },
      ],
    },
    [
      'workloads.0.services.0.service: warning[not-federated]: no call of "questions" to ' +
        'EE/GOV/1/registry/b and 1 more can succeed: FI and EE are not federated',
      '    = write [FI, EE] under federation',
    ],
  ],
  [
    'everybody of a country',
    { ...WORLD, instances: { ...WORLD.instances, ee: INSTANCE, LV: INSTANCE } },
    [
      'instances.ee: warning[empty-instance]: instance "ee" has no members, no servers and ' +
        'no population',
      '    = did you mean "EE"?',
      'instances.LV: warning[empty-instance]: instance "LV" has no members, no servers and ' +
        'no population',
      '    = it takes no part in anything; give it members and servers, or a population',
    ],
  ],
])('what is forgotten is a warning: %s', (_, document, lines) => {
  expect(compileScenario(document, CALIBRATION).plan).not.toBeNull();
  expect(issuesOf(document).flatMap((text) => text.split('\n'))).toEqual(lines);
});

test('a run of no time is one mistake, and nothing in it is late', () => {
  const population = { ...POPULATION, crossBorder: {} };
  const document = {
    ...withEe({ population }),
    durationUs: 0,
    incidents: [INCIDENT],
    workloads: [WORKLOAD, { ...WORKLOAD, id: 'later', startUs: 5 * SECOND_US }],
  };
  expect(issuesOf(document)).toEqual([
    'durationUs: error[out-of-range]: the run lasts no time\n' +
      '    = write how long it lasts, such as 2min',
  ]);
});

const POPULATION: PopulationDocument = {
  scale: 1,
  members: 1083,
  subsystems: 1887,
  services: 3000,
  servers: 300,
  memberClasses: { GOV: 0.3, COM: 0.5, NGO: 0.2 },
  callMatrix: { GOV: { GOV: 0.7, COM: 0.05 }, COM: { GOV: 0.15 }, NGO: { GOV: 0.1 } },
  serviceRankExponent: 1.25,
  consumerRankExponent: 0.9,
  servicesPerConsumer: 8,
  clusteredShare: 0.1,
  soapShare: 0.5,
  requestSize: { kind: 'constant', value: 1876 },
  responseSize: { kind: 'constant', value: 2025 },
  serviceTime: { kind: 'exponential', mean: 100_000 },
  systemCapacity: 64,
  clusters: [],
  callsPerDay: 8_640_000,
  profile: { clock: 'day', points: [{ atUs: 0, rate: 3 }] },
  crossBorder: { FI: 0.01 },
};

test('a country from figures', () => {
  const document = { ...withEe({ population: POPULATION }), workloads: [] };
  const toFinland: Document = {
    ...document,
    services: [...WORLD.services, { ...SERVICE, id: 'FI/GOV/9/desk/entry', access: [] }],
  };
  const plan = planOf(toFinland);
  expect(plan.instances[0].memberCount).toBe(1083 + 2);
  expect(plan.servers.id).toHaveLength(300 + 4);
  // 100 calls a second for two minutes, whatever the units of the profile.
  expect(plan.expected.calls).toBe(12_000);
  expect(plan.flows.client.length).toBeLessThan(30_000);
  const { cumulativeShare, flowFrom, flowCount } = plan.sources;
  for (let source = 0; source < flowFrom.length; source++) {
    const shares = cumulativeShare.slice(flowFrom[source], flowFrom[source] + flowCount[source]);
    expect(shares.at(-1)).toBe(1);
    expect([...shares]).toEqual([...shares].toSorted((a, b) => a - b));
  }
  // Everybody may call what was made to be called; the written service refuses those from EE.
  const masks = [...plan.flows.accessMask.keys()].filter(
    (flow) => plan.flows.accessMask[flow] === 0,
  );
  const refused = new Set(masks.map((flow) => plan.services.id[plan.flows.service[flow]]));
  expect([...refused]).toEqual(['FI/GOV/9/desk/entry']);
});

test('a scale shrinks counts and calls together', () => {
  const small = planOf({
    ...withEe({ population: { ...POPULATION, scale: 0.1, crossBorder: {} } }),
    workloads: [],
  });
  expect(small.instances[0].memberCount).toBe(108 + 2);
  expect(small.expected.calls).toBe(1200);
});

test('mistakes in a population have their place', () => {
  const population = { ...POPULATION, crossBorder: { FO: 0.1 }, memberClasses: { GOV: 0.1 } };
  const found = issuesOf(withEe({ population }));
  expect(found.length).toBeGreaterThan(0);
  expect(found[0]).toContain('instances.EE.population.callMatrix.GOV.COM: error');
});
