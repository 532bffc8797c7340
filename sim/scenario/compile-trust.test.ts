import { expect, test } from 'vitest';
import type { Document } from '../plan/document.ts';
import { CertificateKind, TrustKind } from '../plan/plan.ts';
import type { Plan } from '../plan/plan.ts';
import { PARAMETERS, STRATEGIES } from '../plan/profile.ts';
import { planOf } from '../testing/small-run.ts';
import { quick, ringDocument, ringInstance } from '../testing/trust-bench.ts';
import type { RingInstance } from '../testing/trust-bench.ts';

const SECOND = 1e6;
const MINUTE = 60e6;
const limits = { exchangesMax: 1000, eventsMax: 1e6, journalRowsMax: 10 };

const compiled = (changes: Partial<RingInstance>, document: Partial<Document> = {}): Plan =>
  planOf(ringDocument([ringInstance(changes)], { limits, ...document }));

const PHASES = ['confPhaseUs', 'reloadPhaseUs', 'ocspPhaseUs', 'stampPhaseUs'] as const;

test('services in the order of the document, by instance', () => {
  const two = [
    ringInstance({ id: 'EE', servers: 1, timeStampingAuthorities: [quick('a'), quick('b')] }),
    ringInstance({ id: 'FI', servers: 1 }),
  ];
  const { trustServices, instances } = planOf(ringDocument(two));
  expect(trustServices.id).toEqual([
    'EE/central-1',
    'EE/ocsp-1',
    'EE/a',
    'EE/b',
    'FI/central-1',
    'FI/ocsp-1',
    'FI/tsa-1',
  ]);
  const { CentralServer: C, OcspResponder: O, TimeStampingAuthority: T } = TrustKind;
  expect([...trustServices.kind]).toEqual([C, O, T, T, C, O, T]);
  expect([...trustServices.instance]).toEqual([0, 0, 0, 0, 1, 1, 1]);
  expect(instances.map(({ sources }) => sources)).toEqual([[0], [4]]);
  expect(instances.map(({ federatedWith }) => federatedWith)).toEqual([[1], [0]]);
});

test('phases spread over their intervals, and no server moves another', () => {
  const many = compiled({ servers: 200 });
  for (const [column, intervalUs] of [
    ['confPhaseUs', MINUTE],
    ['reloadPhaseUs', MINUTE],
    ['ocspPhaseUs', 20 * MINUTE],
    ['stampPhaseUs', MINUTE],
  ] as const) {
    const values = [...many.servers[column]];
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThan(intervalUs);
    // Four standard errors of the mean of a uniform law.
    expect(Math.abs(mean / intervalUs - 0.5)).toBeLessThan(4 / Math.sqrt(12 * 200));
    expect(values.every(Number.isInteger)).toBe(true);
    expect([...compiled({ servers: 100 }).servers[column]]).toEqual(values.slice(0, 100));
  }
  expect(many.servers.confPhaseUs).not.toEqual(many.servers.reloadPhaseUs);
  expect(compiled({ servers: 5 }, { seed: 2 }).servers.ocspPhaseUs).not.toEqual(
    compiled({ servers: 5 }, { seed: 3 }).servers.ocspPhaseUs,
  );
});

test('synchronised jobs have one phase', () => {
  const { servers, trustServices } = compiled({ parameters: { synchronisedJobs: true } });
  for (const column of PHASES) expect(new Set(servers[column])).toEqual(new Set([0]));
  expect(new Set(trustServices.phaseUs)).toEqual(new Set([0]));
});

test('sources are tried in an order of each server, other services as listed', () => {
  const sources = [quick('c1'), quick('c2'), quick('c3')];
  const authorities = [quick('t1', 1000, true), quick('t2'), quick('t3', 1000, true)];
  const parameters = { timeStampingStrategy: 'free-first', ocspStrategy: 'only-paid' };
  const { servers, trustOrder, trustServices } = compiled({
    servers: 60,
    centralServers: sources,
    timeStampingAuthorities: authorities,
    parameters,
  });
  const run = (from: Int32Array, count: Int32Array, row: number): string =>
    Array.from(trustOrder.subarray(from[row], from[row] + count[row]))
      .map((service) => trustServices.id[service].slice(3))
      .join(' ');
  const rows = servers.id.map((_, row) => row);
  const conf = rows.map((row) => run(servers.confFrom, servers.confCount, row));
  expect(new Set(conf)).toEqual(new Set(['c1 c2 c3', 'c2 c3 c1', 'c3 c1 c2']));
  const tsa = rows.map((row) => run(servers.tsaFrom, servers.tsaCount, row));
  expect(new Set(tsa)).toEqual(new Set(['t2 t1 t3']));
  expect([...servers.ocspCount]).toEqual(rows.map(() => 0));
});

test('certificates: one for each server and each signer, and those that run out', () => {
  const short = {
    kind: 'signing',
    expiresAfterUs: 5 * SECOND,
    share: null,
    servers: ['EE/ss1'],
  } as const;
  const shared = { kind: 'both', expiresAfterUs: 9 * SECOND, share: 0.5, servers: [] } as const;
  const { certificates, servers, signers } = compiled({
    servers: 200,
    certificates: [short, shared],
  });
  for (const [server, row] of servers.authCertificate.entries()) {
    expect(certificates.kind[row]).toBe(CertificateKind.Authentication);
    expect([certificates.server[row], certificates.signer[row]]).toEqual([server, -1]);
  }
  for (const [signer, row] of signers.certificate.entries()) {
    expect(certificates.kind[row]).toBe(CertificateKind.Signing);
    expect(certificates.server[row]).toBe(signers.server[signer]);
    expect(certificates.signer[row]).toBe(signer);
  }
  const of = (row: number): number => certificates.notAfterUs[row];
  expect(of(signers.certificate[signers.server.indexOf(1)])).toBe(5 * SECOND);
  const halves = [...servers.authCertificate].filter((row) => of(row) === 9 * SECOND);
  expect(halves.length).toBeGreaterThan(70);
  expect(halves.length).toBeLessThan(130);
  const others = [...servers.authCertificate].filter((row) => of(row) === Infinity);
  expect(halves.length + others.length).toBe(200);
});

test('trust runs where it is asked for, or is part of the question', () => {
  const named = ringDocument([ringInstance()]);
  const unnamed = {
    ...named,
    instances: { EE: { ...named.instances.EE, namesTrustServices: false } },
  };
  expect(planOf({ ...named, trust: null }).hasTrust).toBe(true);
  expect(planOf({ ...named, trust: false }).hasTrust).toBe(false);
  expect(planOf({ ...unnamed, trust: null }).hasTrust).toBe(false);
  expect(planOf({ ...unnamed, trust: true }).hasTrust).toBe(true);
});

test('a server may differ from its instance', () => {
  const document = ringDocument([ringInstance({ servers: 2 })]);
  const [first, second] = document.instances.EE.servers;
  const own = { ocspFetchInterval: 5 * MINUTE, timestampImmediately: true, tokenAutoLogin: false };
  const { servers } = planOf({
    ...document,
    instances: {
      EE: { ...document.instances.EE, servers: [{ ...first, parameters: own }, second] },
    },
  });
  expect([...servers.ocspFetchIntervalUs]).toEqual([5 * MINUTE, 20 * MINUTE]);
  expect([...servers.timestampImmediately]).toEqual([1, 0]);
  expect([...servers.autoLogin]).toEqual([0, 1]);
  expect(servers.ocspPhaseUs[0]).toBeLessThan(5 * MINUTE);
});

test('strategies have names that the profiles know', () => {
  const rows = PARAMETERS.filter(({ unit }) => unit === 'strategy');
  expect(rows.map(({ name }) => name)).toEqual(['ocspStrategy', 'timeStampingStrategy']);
  for (const { values } of rows) {
    for (const { value } of Object.values(values)) expect(STRATEGIES).toContain(value);
  }
});
