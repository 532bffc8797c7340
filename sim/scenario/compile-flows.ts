/** Kinds of message, and the sources that send them. */
import type { DistributionDocument } from '../plan/document.ts';
import { AttackKind, SourceKind } from '../plan/plan.ts';
import type { FlowTable, SourceTable } from '../plan/plan.ts';
import { hashText } from '../base/random.ts';
import { Fact } from '../protocol/exchange.ts';
import type { AccessRights } from './compile-access.ts';
import type { Defects } from './compile-defects.ts';
import type { DistributionRows } from './compile-distributions.ts';
import type { Network } from './compile-network.ts';
import type { Routes } from './compile-routes.ts';
import type { ServiceEntry, Services } from './compile-services.ts';

/** What a flow is made of, in rows. */
export interface FlowSpec {
  /** A subsystem, or the name of a client that is none. */
  readonly client: string;
  /** Row of the consumer's server. */
  readonly server: number;
  readonly service: number;
  /** Row of the server that the message names; -1: none. */
  readonly target: number;
  readonly method: string;
  readonly path: string;
  readonly requestSize: DistributionDocument;
  /** Bytes per second. */
  readonly uploadBandwidth: number;
  readonly defects: Defects;
}

interface FlowEntry {
  readonly spec: FlowSpec;
  readonly clientInstance: number;
  readonly memberClass: number;
  readonly route: number;
  readonly signer: number;
  readonly requestSize: number;
  readonly clientFactsBroken: number;
  readonly serverFactsBroken: number;
  readonly accessMask: number;
  cumulativeShare: number;
}

export type Refusal = 'not-federated' | 'no-access';

export interface SourceSpec {
  readonly id: string;
  readonly kind: number;
  readonly rate: number;
  readonly rateFactor: number;
  readonly thinkTime: number;
  readonly startUs: number;
  readonly stopUs: number;
  readonly flowFrom: number;
  readonly flowCount: number;
  readonly attack: number;
  readonly target: number;
  readonly partner: number;
  readonly incident: number;
  readonly policy: number;
  readonly journey: number;
}

/** Candidates whose access a flow can tell apart: a sign bit is no good as a flag. */
export const CANDIDATES_MAX = 31;

export class Flows {
  readonly rows: FlowEntry[] = [];
  readonly sources: SourceSpec[] = [];
  readonly #network: Network;
  readonly #services: Services;
  readonly #routes: Routes;
  readonly #access: AccessRights;
  readonly #distributions: DistributionRows;

  constructor(
    network: Network,
    services: Services,
    routes: Routes,
    access: AccessRights,
    distributions: DistributionRows,
  ) {
    this.#network = network;
    this.#services = services;
    this.#routes = routes;
    this.#access = access;
    this.#distributions = distributions;
  }

  /** Appends flows of one source with their weights; gives the first row. */
  add(specs: readonly FlowSpec[], weights: readonly number[]): number {
    const from = this.rows.length;
    const whole = weights.reduce((sum, weight) => sum + weight, 0);
    let sum = 0;
    for (const [index, spec] of specs.entries()) {
      sum += weights[index];
      // The last is 1 exactly: no draw may fall beside all of them.
      const cumulativeShare = index === specs.length - 1 ? 1 : sum / whole;
      this.rows.push(this.#make(spec, cumulativeShare));
    }
    return from;
  }

  #make(spec: FlowSpec, cumulativeShare: number): FlowEntry {
    const { servers, subsystems } = this.#network;
    const service = this.#services.services[spec.service];
    const client = subsystems.get(spec.client);
    const server = servers[spec.server];
    const route = this.#routes.find(spec.server, service.subsystem, spec.target);
    const isForeign = server.instance !== service.subsystem.instance;
    let clientFactsBroken = this.#routes.rows[route].factsBroken;
    if (isForeign && server.defects.isForeignUnknown) clientFactsBroken |= Fact.InstanceKnown;
    // A flow speaks the type of the service it calls.
    const isRest = service.isSoap ? Fact.IsRest : 0;
    return {
      spec,
      clientInstance: client?.instance ?? server.instance,
      // A client that nobody knows has no class; the service's stands in, to have a row.
      memberClass: client?.memberClass ?? service.subsystem.memberClass,
      route,
      signer: client === undefined ? -1 : (server.signers.get(client.member) ?? -1),
      requestSize: this.#distributions.add(spec.requestSize),
      clientFactsBroken: clientFactsBroken | isRest | spec.defects.client.factsBroken,
      serverFactsBroken: isRest | spec.defects.server.factsBroken,
      accessMask: this.#accessMask(spec, service, route),
      cumulativeShare,
    };
  }

  /** Why no call of a flow can ever be answered, as far as the network alone decides it. */
  refusalOf(row: number): Refusal | null {
    const { route, accessMask } = this.rows[row];
    const { factsBroken, candidateCount } = this.#routes.rows[route];
    if ((factsBroken & Fact.InstanceKnown) !== 0) return 'not-federated';
    return candidateCount > 0 && accessMask === 0 ? 'no-access' : null;
  }

  #accessMask(spec: FlowSpec, service: ServiceEntry, route: number): number {
    const { candidateFrom, candidateCount } = this.#routes.rows[route];
    let mask = 0;
    for (let index = 0; index < Math.min(candidateCount, CANDIDATES_MAX); index++) {
      const { version } =
        this.#network.servers[this.#routes.candidates[candidateFrom + index].server];
      const isAllowed =
        service.document === null ||
        this.#access.allows(service.document, spec.client, spec.method, spec.path, version);
      if (isAllowed) mask |= 1 << index;
    }
    return mask;
  }

  flowTable(): FlowTable {
    const { rows } = this;
    const int = (pick: (row: FlowEntry) => number): Int32Array =>
      fill(new Int32Array(rows.length), rows, pick);
    const byte = (pick: (row: FlowEntry) => number): Uint8Array =>
      fill(new Uint8Array(rows.length), rows, pick);
    return {
      client: rows.map(({ spec }) => spec.client),
      clientInstance: int((row) => row.clientInstance),
      memberClass: int((row) => row.memberClass),
      service: int((row) => row.spec.service),
      route: int((row) => row.route),
      signer: int((row) => row.signer),
      requestSize: int((row) => row.requestSize),
      uploadBandwidth: Float64Array.from(rows, ({ spec }) => spec.uploadBandwidth / 1e6),
      clientFactsBroken: int((row) => row.clientFactsBroken),
      serverFactsBroken: int((row) => row.serverFactsBroken),
      clientFailEffect: byte(({ spec }) => spec.defects.client.failEffect),
      clientFailCause: byte(({ spec }) => spec.defects.client.failCause),
      serverFailEffect: byte(({ spec }) => spec.defects.server.failEffect),
      serverFailCause: byte(({ spec }) => spec.defects.server.failCause),
      accessMask: int((row) => row.accessMask),
    };
  }

  sourceTable(): SourceTable {
    const { sources } = this;
    const int = (pick: (row: SourceSpec) => number): Int32Array => Int32Array.from(sources, pick);
    const keys = sources.map(({ id }) => hashText(id));
    return {
      id: sources.map(({ id }) => id),
      key0: Int32Array.from(keys, ([word]) => word),
      key1: Int32Array.from(keys, ([, word]) => word),
      kind: Uint8Array.from(sources, ({ kind }) => kind),
      rate: int((row) => row.rate),
      rateFactor: Float64Array.from(sources, ({ rateFactor }) => rateFactor),
      thinkTime: int((row) => row.thinkTime),
      startUs: Float64Array.from(sources, ({ startUs }) => startUs),
      stopUs: Float64Array.from(sources, ({ stopUs }) => stopUs),
      flowFrom: int((row) => row.flowFrom),
      flowCount: int((row) => row.flowCount),
      // A row for each flow: users of one workload share its flows.
      cumulativeShare: Float64Array.from(this.rows, (row) => row.cumulativeShare),
      attack: Uint8Array.from(sources, ({ attack }) => attack),
      target: int((row) => row.target),
      partner: int((row) => row.partner),
      incident: int((row) => row.incident),
      policy: int((row) => row.policy),
      journey: int((row) => row.journey),
    };
  }
}

/** As `from` would, without its iterator: a country has tens of thousands of flows. */
function fill<Column extends Int32Array | Uint8Array>(
  column: Column,
  rows: readonly FlowEntry[],
  pick: (row: FlowEntry) => number,
): Column {
  for (let row = 0; row < rows.length; row++) column[row] = pick(rows[row]);
  return column;
}

/** A source of ordinary load, but for what is given. */
export function sourceOf(
  given: Pick<SourceSpec, 'id' | 'startUs' | 'stopUs'> & Partial<SourceSpec>,
): SourceSpec {
  return {
    kind: SourceKind.Poisson,
    rate: -1,
    rateFactor: 1,
    thinkTime: -1,
    flowFrom: 0,
    flowCount: 0,
    attack: AttackKind.None,
    target: -1,
    partner: -1,
    incident: -1,
    policy: 0,
    journey: -1,
    ...given,
  };
}
