/**
 * What a caller sees when trust has run out: the code, the side that raised it, and its spelling by
 * versions (facts 4.2, 5.7), through the whole engine. Server 0 calls server 1 every ten seconds.
 */
import { describe, expect, test } from 'vitest';
import type { Document } from '../plan/document.ts';
import { PatchColumn, TrustKind } from '../plan/plan.ts';
import type { Plan } from '../plan/plan.ts';
import { FAULTS } from '../protocol/fault.ts';
import { TrustState } from '../protocol/lifecycle.ts';
import { planOf, runPlan } from '../testing/small-run.ts';
import { ringDocument, ringInstance } from '../testing/trust-bench.ts';
import type { RingInstance } from '../testing/trust-bench.ts';

const MINUTE = 60e6;
/** Between two loads of either server's key cache, by their phases; one comes each five minutes. */
const START_US = 31 * MINUTE;

/** A column, a row found in the plan, and a value; at START_US. */
type Change = (plan: Plan) => readonly [column: number, row: number, value: number];

interface Case {
  readonly name: string;
  readonly change: Change;
  readonly type?: 'rest' | 'soap';
  readonly minutes?: number;
  readonly rings?: readonly RingInstance[];
  readonly codes: readonly string[];
}

const service = (kind: number): Change => {
  const find = (plan: Plan): number => plan.trustServices.kind.indexOf(kind);
  return (plan) => [PatchColumn.TrustServiceState, find(plan), TrustState.Down];
};
const at = (column: number, server: number, value = 1): Change => {
  return () => [column, server, value];
};
const [CLIENT, PROVIDER] = [0, 1];
const signing = (column: number, server: number): Change => {
  return ({ signers }) => [column, signers.certificate[signers.server.indexOf(server)], 1];
};

/** Finland's configuration counts for 10 minutes, Estonia's for a day. */
const abroad = (parameters: RingInstance['parameters']): RingInstance[] => [
  ringInstance({ id: 'FI', servers: 1, parameters }),
  ringInstance({
    id: 'EE',
    servers: 1,
    parameters: { ...parameters, globalConfValidity: 24 * 60 * MINUTE },
  }),
];

const C = 'server.clientproxy';
const S = 'server.serverproxy';

const CASES: readonly Case[] = [
  {
    name: 'central server away',
    change: service(TrustKind.CentralServer),
    codes: [`${C}.global_conf_outdated`],
  },
  {
    name: "the provider's downloader hangs",
    change: at(PatchColumn.DownloaderHung, PROVIDER),
    // Later its OCSP answers age, because a signer without a configuration fetches none.
    minutes: 75,
    codes: [`${S}.global_conf_outdated`],
  },
  {
    name: 'OCSP responder away',
    change: service(TrustKind.OcspResponder),
    codes: [`${C}.ssl_authentication_failed`],
  },
  {
    name: 'time-stamping authority away, REST',
    change: service(TrustKind.TimeStampingAuthority),
    minutes: 300,
    codes: [`${C}.io_error`],
  },
  {
    name: 'time-stamping authority away, SOAP',
    change: service(TrustKind.TimeStampingAuthority),
    type: 'soap',
    minutes: 300,
    // The consumer logs first; its clock and its peer's started within the same minute.
    codes: [`${C}.logging_failed.timestamping_failed`],
  },
  {
    name: "the consumer's signing certificate is revoked, SOAP",
    change: signing(PatchColumn.CertificateRevoked, CLIENT),
    type: 'soap',
    codes: [`${C}.cannot_create_signature`, `${S}.cert_validation`],
  },
  {
    name: "the provider's signing certificate is revoked",
    change: signing(PatchColumn.CertificateRevoked, PROVIDER),
    codes: [`${C}.cert_validation`, `${S}.service_failed.cannot_create_signature`],
  },
  {
    name: "the provider's signing certificate expires",
    change: signing(PatchColumn.CertificateExpired, PROVIDER),
    codes: [`${S}.service_failed.cannot_create_signature`],
  },
  {
    name: "the provider's authentication certificate expires",
    change: ({ servers }) => [PatchColumn.CertificateExpired, servers.authCertificate[PROVIDER], 1],
    codes: [`${C}.ssl_authentication_failed`],
  },
  {
    name: "the provider's port 5577 is blocked",
    change: at(PatchColumn.OcspPortBlocked, PROVIDER),
    minutes: 150,
    codes: [`${C}.ssl_authentication_failed`],
  },
  {
    name: "the provider's token is logged out",
    change: at(PatchColumn.TokenLocked, PROVIDER),
    // Contexts of the cache are tried first; when they have aged, its TLS port shows nothing.
    codes: [`${C}.ssl_authentication_failed`, `${S}.cannot_sign`],
  },
  {
    name: "the consumer's signer process is gone",
    change: at(PatchColumn.SignerLost, CLIENT),
    codes: [`${C}.io_error`, `${C}.ssl_authentication_failed`],
  },
  {
    name: "the provider's disk is full",
    change: at(PatchColumn.LogDiskFull, PROVIDER),
    codes: [`${S}.logging_failed.database_error`],
  },
  {
    name: "the consumer's database is lost",
    change: at(PatchColumn.DatabaseLost, CLIENT),
    codes: [`${C}.io_error`],
  },
  {
    name: 'the provider is in maintenance',
    change: at(PatchColumn.Maintenance, PROVIDER),
    codes: [`${C}.maintenance_mode`],
  },
  {
    name: 'the right is withdrawn',
    change: at(PatchColumn.AccessRevoked, 0),
    codes: [`${S}.access_denied`],
  },
  {
    name: 'the provider wants newer servers',
    change: at(PatchColumn.MinClientVersion, PROVIDER, 99_000),
    codes: [`${S}.client_proxy_version_not_supported`],
  },
  {
    name: "the provider's configuration of the consumer's country expires",
    change: at(PatchColumn.DownloaderHung, PROVIDER),
    rings: abroad({}),
    codes: [`${C}.ssl_authentication_failed`],
  },
  {
    name: 'the same, over a connection from before',
    change: at(PatchColumn.DownloaderHung, PROVIDER),
    rings: abroad({ connectionReuse: true }),
    // Now and then a connection has been idle for too long, and no new one is made.
    codes: [`${C}.ssl_authentication_failed`, `${S}.service_failed.internal_error`],
  },
  {
    name: 'an authority that is too slow, stamped at once',
    change: ({ trustServices: { kind } }) => {
      const row = kind.indexOf(TrustKind.TimeStampingAuthority);
      return [PatchColumn.TrustServiceSlowness, row, 1e5];
    },
    type: 'soap',
    rings: [ringInstance({ servers: 2, parameters: { timestampImmediately: true } })],
    codes: [`${C}.logging_failed.timestamping_failed`],
  },
];

const HOME = [ringInstance({ servers: 2 })];

function documentOf(one: Case, version: number): Document {
  const { type = 'rest', minutes = 120, rings = HOME } = one;
  const document = ringDocument(rings);
  const instances = Object.entries(document.instances).map(([id, instance]) => {
    const servers = instance.servers.map((server) => ({ ...server, version }));
    return [id, { ...instance, servers }] as const;
  });
  const [workload] = document.workloads;
  return {
    ...document,
    durationUs: minutes * MINUTE,
    seriesBucketUs: 10 * MINUTE,
    instances: Object.fromEntries(instances),
    services: document.services.map((service) => ({ ...service, type })),
    workloads: [
      {
        ...workload,
        rate: { clock: 'run', points: [{ atUs: 0, rate: 0.1 }] },
        stopUs: null,
        path: '',
      },
    ],
    limits: { exchangesMax: 1000, eventsMax: 1e7, journalRowsMax: 10 },
  };
}

/** The codes of all faults in the spelling of the version, and how many calls had none. */
function seenBy(one: Case, version: number): { codes: string[]; good: number } {
  const plan = planOf(documentOf(one, version));
  const [column, row, value] = one.change(plan);
  const { scopes, trust } = runPlan({
    ...plan,
    patches: {
      timeUs: Float64Array.of(START_US),
      column: Uint8Array.of(column),
      row: Int32Array.of(row),
      value: Float64Array.of(value),
      incident: Int32Array.of(-1),
    },
  });
  // Whatever was refused: what was accepted was inside every window, and is in both logs.
  expect(trust?.servers.acceptedOutsideTrust).toEqual(new Float64Array(2));
  expect(trust?.servers.acceptedClient[CLIENT]).toBe(scopes[0].answered);
  expect(trust?.servers.acceptedUnlogged).toEqual(new Float64Array(2));
  expect(trust?.servers.loggedClient[CLIENT]).toBeGreaterThanOrEqual(2 * scopes[0].answered);
  expect(trust?.servers.loggedServer[PROVIDER]).toBeGreaterThanOrEqual(2 * scopes[0].answered);
  const [{ faults, answered }] = scopes;
  const half = faults.length / 2;
  const isOld = version < 70_800;
  const codes = FAULTS.flatMap(({ fault, code, code77 }) => {
    const count = faults[isOld ? fault + half : fault];
    const other = faults[isOld ? fault : fault + half];
    expect(other, `${code} in the other spelling`).toBe(0);
    return count > 0 ? [isOld ? code77 : code] : [];
  });
  return { codes: [...new Set(codes)].toSorted(), good: answered };
}

describe.each(CASES)('$name', (one) => {
  test('in the spelling of 7.8', () => {
    const { codes, good } = seenBy(one, 70_800);
    expect(codes).toEqual(one.codes.toSorted());
    // Nothing was wrong before: a call every ten seconds.
    expect(good).toBeGreaterThanOrEqual(START_US / 10e6);
  });

  test('in the spelling of 7.7', () => {
    const spelt = FAULTS.flatMap(({ code, code77 }) => (one.codes.includes(code) ? [code77] : []));
    expect(seenBy(one, 70_700).codes).toEqual([...new Set(spelt)].toSorted());
  });
});
