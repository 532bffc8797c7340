/**
 * What trust rests on: trust services, certificates, and each server's periodic jobs with phase.
 *
 * Phases are drawn by server and job from the seed alone, so that adding a server moves no other:
 * X-Road builds no jitter in, but processes start independently (facts 13.24). `synchronisedJobs`
 * makes them all equal, as after a power cut of a whole country.
 */
import { draw, hashText, keyOf } from '../base/random.ts';
import type { CertificateDocument, Document, TrustServiceDocument } from '../plan/document.ts';
import { CertificateKind, PatchColumn, TrustKind } from '../plan/plan.ts';
import type {
  CertificateTable,
  InstanceRow,
  PatchTable,
  ServerTable,
  TrustServiceTable,
} from '../plan/plan.ts';
import { strategyOrder } from '../protocol/freshness.ts';
import type { DistributionRows } from './compile-distributions.ts';
import type { Network, ServerEntry } from './compile-network.ts';
import { numberOf } from './compile-parameters.ts';

export interface TrustServiceEntry {
  /** `INSTANCE/NAME`. */
  readonly id: string;
  /** A TrustKind. */
  readonly kind: number;
  readonly instance: number;
  readonly document: TrustServiceDocument;
}

/** The trust services, in the order of their rows: by instance, and there by kind as listed. */
export function trustServicesOf({ instances }: Network): TrustServiceEntry[] {
  return instances.flatMap(({ id, document }, instance) => {
    const { centralServers, certificationAuthorities, timeStampingAuthorities } = document;
    const ofKind = (kind: number, list: readonly TrustServiceDocument[]): TrustServiceEntry[] =>
      list.map((one) => ({ id: `${id}/${one.id}`, kind, instance, document: one }));
    const responders = certificationAuthorities.flatMap(({ ocspResponders }) => ocspResponders);
    return [
      ...ofKind(TrustKind.CentralServer, centralServers),
      ...ofKind(TrustKind.OcspResponder, responders),
      ...ofKind(TrustKind.TimeStampingAuthority, timeStampingAuthorities),
    ];
  });
}

/** The row of the certificate with which a server authenticates itself. */
export const authCertificateRow = (server: number): number => server;

/** The row of the certificate with which a signer signs. */
export const signingCertificateRow = ({ servers }: Network, signer: number): number =>
  servers.length + signer;

type TrustServerColumns = Pick<
  ServerTable,
  | 'confPhaseUs'
  | 'reloadPhaseUs'
  | 'ocspPhaseUs'
  | 'stampPhaseUs'
  | 'ocspFetchIntervalUs'
  | 'stampIntervalUs'
  | 'acceptableTimestampFailureUs'
  | 'timestampImmediately'
  | 'autoLogin'
  | 'authCertificate'
  | 'ocspFrom'
  | 'ocspCount'
  | 'tsaFrom'
  | 'tsaCount'
  | 'confFrom'
  | 'confCount'
>;

export interface CompiledTrust {
  readonly hasTrust: boolean;
  readonly trustServices: TrustServiceTable;
  readonly trustOrder: Int32Array;
  readonly certificates: CertificateTable;
  readonly serverColumns: TrustServerColumns;
  readonly signerCertificate: Int32Array;
  /** By row of instances. */
  readonly instances: readonly Pick<InstanceRow, 'sources' | 'federatedWith'>[];
}

export function compileTrust(
  document: Document,
  network: Network,
  patches: PatchTable,
  distributions: DistributionRows,
): CompiledTrust {
  const services = trustServicesOf(network);
  const orders = new Orders(document.seed, network, services);
  const serverColumns = { ...jobColumns(document.seed, network), ...orders.columns() };
  return {
    hasTrust: runsTrust(document, patches),
    trustServices: serviceTable(document.seed, network, services, distributions),
    trustOrder: Int32Array.from(orders.rows),
    certificates: certificateTable(document, network),
    serverColumns,
    signerCertificate: Int32Array.from(network.signers, (_, row) =>
      signingCertificateRow(network, row),
    ),
    instances: network.instances.map((_, instance) => ({
      sources: rowsOf(services, TrustKind.CentralServer, instance),
      federatedWith: network.instances.flatMap((__, other) =>
        other !== instance && network.areFederated(instance, other) ? [other] : [],
      ),
    })),
  };
}

/** What an incident can only do to servers whose clocks run. */
const TRUST_COLUMNS: readonly number[] = [
  PatchColumn.TrustServiceState,
  PatchColumn.TrustServiceSlowness,
  PatchColumn.CentralKeyLoggedOut,
  PatchColumn.DownloaderHung,
  PatchColumn.OcspPortBlocked,
  PatchColumn.Maintenance,
  PatchColumn.CertificateExpired,
  PatchColumn.CertificateRevoked,
  PatchColumn.CertificateRenewed,
  PatchColumn.ClockSkewUs,
  PatchColumn.OcspAnswersStale,
];

/** As the author says; otherwise where trust is part of the question, or a country is whole. */
function runsTrust(document: Document, { column }: PatchTable): boolean {
  if (document.trust !== null) return document.trust;
  const instances = Object.values(document.instances);
  return (
    instances.some(({ namesTrustServices, population }) => namesTrustServices || population) ||
    column.some((one) => TRUST_COLUMNS.includes(one))
  );
}

function serviceTable(
  seed: number,
  network: Network,
  services: readonly TrustServiceEntry[],
  distributions: DistributionRows,
): TrustServiceTable {
  const generationUs = ({ instance }: TrustServiceEntry): number =>
    numberOf(network.instances[instance].parameters, 'globalConfGenerationInterval');
  const phaseUs = (service: TrustServiceEntry): number => {
    const { parameters } = network.instances[service.instance];
    if (parameters.synchronisedJobs === true || service.kind !== TrustKind.CentralServer) return 0;
    return phaseOf(seed, service.id, Job.Generate, generationUs(service));
  };
  return {
    id: services.map(({ id }) => id),
    kind: Uint8Array.from(services, ({ kind }) => kind),
    instance: Int32Array.from(services, ({ instance }) => instance),
    capacity: Int32Array.from(services, ({ document }) => document.capacity),
    serviceTime: Int32Array.from(services, ({ document }) =>
      distributions.add(document.serviceTime),
    ),
    isPaid: Uint8Array.from(services, ({ document }) => Number(document.isPaid)),
    phaseUs: Float64Array.from(services, phaseUs),
  };
}

const rowsOf = (services: readonly TrustServiceEntry[], kind: number, instance: number): number[] =>
  services.flatMap((service, row) =>
    service.kind === kind && service.instance === instance ? [row] : [],
  );

/** What a draw of a name is for; numbers of their own, never used for two things. */
const Job = {
  Generate: 0,
  Download: 1,
  Reload: 2,
  Ocsp: 3,
  Stamp: 4,
  Source: 5,
  Expires: 6,
} as const;

function chanceOf(seed: number, name: string, job: number): number {
  const [key0, key1] = keyOf(seed, 0, ...hashText(`trust ${name}`));
  return draw(key0, key1, job, 0, 0);
}

const phaseOf = (seed: number, name: string, job: number, intervalUs: number): number =>
  Math.floor(chanceOf(seed, name, job) * intervalUs);

type JobColumns = Omit<
  TrustServerColumns,
  'ocspFrom' | 'ocspCount' | 'tsaFrom' | 'tsaCount' | 'confFrom' | 'confCount'
>;

function jobColumns(seed: number, { servers }: Network): JobColumns {
  const doubles = (pick: (server: ServerEntry) => number): Float64Array =>
    Float64Array.from(servers, pick);
  const phases = (job: number, interval: Parameters<typeof numberOf>[1]): Float64Array =>
    doubles(({ id, parameters }) => {
      if (parameters.synchronisedJobs === true) return 0;
      return phaseOf(seed, id, job, numberOf(parameters, interval));
    });
  return {
    confPhaseUs: phases(Job.Download, 'globalConfDownloadInterval'),
    reloadPhaseUs: phases(Job.Reload, 'globalConfReloadInterval'),
    ocspPhaseUs: phases(Job.Ocsp, 'ocspFetchInterval'),
    stampPhaseUs: phases(Job.Stamp, 'timeStampingInterval'),
    ocspFetchIntervalUs: doubles(({ parameters }) => numberOf(parameters, 'ocspFetchInterval')),
    stampIntervalUs: doubles(({ parameters }) => numberOf(parameters, 'timeStampingInterval')),
    acceptableTimestampFailureUs: doubles(({ parameters }) =>
      numberOf(parameters, 'acceptableTimestampFailure'),
    ),
    timestampImmediately: Uint8Array.from(servers, ({ parameters }) =>
      Number(parameters.timestampImmediately === true),
    ),
    autoLogin: Uint8Array.from(servers, ({ parameters }) =>
      Number(parameters.tokenAutoLogin === true),
    ),
    authCertificate: Int32Array.from(servers, (_, row) => authCertificateRow(row)),
  };
}

/** The orders in which servers try trust services; equal ones are one run of rows. */
class Orders {
  readonly rows: number[] = [];
  readonly #seed: number;
  readonly #network: Network;
  readonly #services: readonly TrustServiceEntry[];
  readonly #fromOf = new Map<string, number>();

  constructor(seed: number, network: Network, services: readonly TrustServiceEntry[]) {
    this.#seed = seed;
    this.#network = network;
    this.#services = services;
  }

  columns(): Pick<
    TrustServerColumns,
    'ocspFrom' | 'ocspCount' | 'tsaFrom' | 'tsaCount' | 'confFrom' | 'confCount'
  > {
    const { servers } = this.#network;
    const ocsp = servers.map((server) =>
      this.#byCost(server, TrustKind.OcspResponder, server.parameters.ocspStrategy),
    );
    const tsa = servers.map((server) =>
      this.#byCost(server, TrustKind.TimeStampingAuthority, server.parameters.timeStampingStrategy),
    );
    const conf = servers.map((server) => this.#rotated(server));
    const counts = (runs: readonly (readonly number[])[]): Int32Array =>
      Int32Array.from(runs, ({ length }) => length);
    const from = (runs: readonly (readonly number[])[]): Int32Array =>
      Int32Array.from(runs, (run) => this.#add(run));
    return {
      ocspFrom: from(ocsp),
      ocspCount: counts(ocsp),
      tsaFrom: from(tsa),
      tsaCount: counts(tsa),
      confFrom: from(conf),
      confCount: counts(conf),
    };
  }

  #byCost({ instance }: ServerEntry, kind: number, strategy: number | boolean | string): number[] {
    const rows = rowsOf(this.#services, kind, instance);
    const isPaid = rows.map((row) => this.#services[row].document.isPaid);
    return strategyOrder(String(strategy), isPaid).map((index) => rows[index]);
  }

  /**
   * Sources of a configuration are shuffled by each client, and the one that worked is kept (facts
   * 6); so clients spread over them, each with a first choice of its own.
   */
  #rotated({ id, instance }: ServerEntry): number[] {
    const rows = rowsOf(this.#services, TrustKind.CentralServer, instance);
    const first = Math.floor(chanceOf(this.#seed, id, Job.Source) * rows.length);
    return [...rows.slice(first), ...rows.slice(0, first)];
  }

  #add(run: readonly number[]): number {
    const key = run.join(' ');
    const known = this.#fromOf.get(key);
    if (known !== undefined) return known;
    const from = this.rows.length;
    this.rows.push(...run);
    this.#fromOf.set(key, from);
    return from;
  }
}

/**
 * Half of the shortest published lifetime before the run: six months for Finnish authentication
 * certificates (facts 5.6). It matters only to a server whose clock is months behind.
 */
const ISSUED_US = -90 * 86_400e6;

function certificateTable(document: Document, network: Network): CertificateTable {
  const { servers, signers } = network;
  const rows = [
    ...servers.map((_, server) => ({ kind: CertificateKind.Authentication, server, signer: -1 })),
    ...signers.map(({ server }, signer) => ({ kind: CertificateKind.Signing, server, signer })),
  ];
  const notAfterUs = rows.map(({ kind, server }) =>
    Math.min(...expiries(document, network, server, kind)),
  );
  return {
    kind: Uint8Array.from(rows, ({ kind }) => kind),
    server: Int32Array.from(rows, ({ server }) => server),
    signer: Int32Array.from(rows, ({ signer }) => signer),
    notBeforeUs: new Float64Array(rows.length).fill(ISSUED_US),
    notAfterUs: Float64Array.from(notAfterUs),
  };
}

/** The earliest of all that the instance says about this certificate counts; often nothing. */
function expiries(document: Document, network: Network, server: number, kind: number): number[] {
  const { id, instance } = network.servers[server];
  const concerns = (entry: CertificateDocument, index: number): boolean => {
    if (kind === CertificateKind.Authentication && entry.kind === 'signing') return false;
    if (kind === CertificateKind.Signing && entry.kind === 'authentication') return false;
    if (entry.servers.length > 0) {
      return entry.servers.some((name) => network.serverRow(name) === server);
    }
    const chance = chanceOf(document.seed, id, Job.Expires + index);
    return entry.share === null || chance < entry.share;
  };
  return network.instances[instance].document.certificates
    .filter(concerns)
    .map(({ expiresAfterUs }) => expiresAfterUs);
}
