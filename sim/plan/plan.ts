/**
 * The compiled scenario: plain data that survives `postMessage`. Names became row numbers,
 * durations whole microseconds, incidents patches sorted by time. No functions, no classes.
 *
 * A table is an object of columns of equal length; row r of every column is one thing. Columns
 * whose name ends in `From` and `Count` point at a run of rows of another table. Row -1: none.
 *
 * Units: `Us` microseconds, sizes bytes, bandwidth bytes per microsecond (Infinity: not limiting),
 * rates per second.
 */
import type { AssumptionDocument, ThresholdDocument } from './document.ts';
import type { ParameterValues } from './profile.ts';

export interface Plan {
  readonly name: string;
  readonly title: string;
  readonly question: string;
  readonly kind: 'steady' | 'terminating';
  readonly seed: number;
  readonly replications: number;
  readonly durationUs: number;
  readonly warmUpUs: number;
  readonly startOfDayUs: number;
  readonly seriesBucketUs: number;
  readonly calibration: { readonly name: string; readonly sha256: string };
  readonly instances: readonly InstanceRow[];
  /** Distinct member classes over all instances, such as `EE/GOV`. */
  readonly memberClasses: readonly string[];
  readonly distributions: DistributionTable;
  readonly costs: CostTable;
  readonly hosts: HostTable;
  readonly servers: ServerTable;
  readonly signers: SignerTable;
  readonly links: LinkTable;
  readonly systems: SystemTable;
  readonly services: ServiceTable;
  readonly routes: RouteTable;
  readonly candidates: CandidateTable;
  readonly flows: FlowTable;
  readonly rates: RateTable;
  readonly sources: SourceTable;
  readonly patches: PatchTable;
  readonly incidents: readonly IncidentRow[];
  readonly thresholds: readonly ThresholdDocument[];
  readonly assumptions: readonly AssumptionDocument[];
  readonly limits: Limits;
  /** What `fedlab check` prints: expected calls over the run, by the rates. */
  readonly expected: { readonly calls: number; readonly attackRequests: number };
}

export interface InstanceRow {
  readonly id: string;
  readonly profile: string;
  /** Everything resolved, by the names of profile.ts. */
  readonly parameters: ParameterValues;
  readonly memberCount: number;
  readonly subsystemCount: number;
  readonly trustServices: {
    readonly centralServers: readonly string[];
    readonly ocspResponders: readonly string[];
    readonly timeStampingAuthorities: readonly string[];
  };
}

export const DistributionKind = {
  Constant: 0,
  Uniform: 1,
  Exponential: 2,
  Lognormal: 3,
  Pareto: 4,
  Empirical: 5,
} as const;

/** Parameters a, b by kind: value; from, to; mean; median, sigma; minimum, alpha; from, count. */
export interface DistributionTable {
  readonly kind: Uint8Array;
  readonly a: Float64Array;
  readonly b: Float64Array;
  /** Sorted values of all empirical rows; a row's are `values[a .. a + b)`. */
  readonly values: Float64Array;
}

/**
 * Prices. Row `profile * COSTS.length + Cost.x` (protocol/effect.ts): processor time on one core
 * of a host of speed 1, delay without a core, processor time per KiB of body.
 */
export interface CostTable {
  /** `calibration/keyType`, such as `xroad-7.8/rsa-3072`; a server points at one. */
  readonly profiles: readonly string[];
  readonly cpu: Int32Array;
  readonly delay: Int32Array;
  readonly cpuUsPerKib: Float64Array;
}

export interface HostTable {
  readonly id: readonly string[];
  readonly cores: Int32Array;
  readonly speed: Float64Array;
}

export interface ServerTable {
  /** `INSTANCE/CLASS/CODE/SERVER`. */
  readonly id: readonly string[];
  readonly instance: Int32Array;
  readonly host: Int32Array;
  /** 7.8.0 is 70800. */
  readonly version: Int32Array;
  readonly minClientVersion: Int32Array;
  /** Profile of the cost table. */
  readonly costProfile: Int32Array;
  /** Facts of `Fact` that do not hold here from the start, by leg. */
  readonly clientFactsBroken: Int32Array;
  readonly serverFactsBroken: Int32Array;
  /** An effect that fails here, and its cause, by leg; Effect.None: none. */
  readonly clientFailEffect: Uint8Array;
  readonly clientFailCause: Uint8Array;
  readonly serverFailEffect: Uint8Array;
  readonly serverFailCause: Uint8Array;
  readonly isInMaintenance: Uint8Array;
  /** Threads of each of the two proxies. */
  readonly clientThreads: Int32Array;
  readonly serverThreads: Int32Array;
  readonly logConnections: Int32Array;
  readonly connectionsMax: Int32Array;
  readonly connectionsPerRouteMax: Int32Array;
  /** AntiDos: connections at once on port 5500, and file handles that must stay free. */
  readonly antiDosConnections: Int32Array;
  readonly fileHandles: Int32Array;
  readonly fileHandlesFreeMin: Int32Array;
  readonly reusesConnections: Uint8Array;
  readonly allowsReuse: Uint8Array;
  readonly batchSigning: Uint8Array;
  readonly loggableBytesMax: Float64Array;
  readonly clientTimeoutUs: Float64Array;
  readonly cachedConnectTimeoutUs: Float64Array;
  readonly stickinessUs: Float64Array;
  readonly idleTimeoutUs: Float64Array;
  readonly poolIdleUs: Float64Array;
  readonly signerTimeoutUs: Float64Array;
  readonly logPoolTimeoutUs: Float64Array;
  /** From start to ready. */
  readonly startUpUs: Float64Array;
  /** One way between the server and its information systems. */
  readonly localDelayUs: Float64Array;
}

/** A signing certificate: one worker thread of its own at a server, for one member. */
export interface SignerTable {
  readonly server: Int32Array;
  /** `INSTANCE/CLASS/CODE`. */
  readonly member: readonly string[];
}

/** One direction between two places. */
export interface LinkTable {
  readonly id: readonly string[];
  readonly delayUs: Float64Array;
  readonly jitterUs: Float64Array;
  readonly bandwidth: Float64Array;
  readonly loss: Float64Array;
}

export const SystemState = { Up: 0, Hung: 1, Refusing: 2, UnknownHost: 3 } as const;

export interface SystemTable {
  readonly id: readonly string[];
  readonly instance: Int32Array;
  readonly capacity: Int32Array;
  /** SystemState at the start. */
  readonly state: Uint8Array;
}

export interface ServiceTable {
  /** `INSTANCE/CLASS/CODE/SUBSYSTEM/SERVICE`. */
  readonly id: readonly string[];
  readonly instance: Int32Array;
  /** Row of `memberClasses` of the provider. */
  readonly memberClass: Int32Array;
  readonly system: Int32Array;
  /** Rows of the distribution table. */
  readonly serviceTime: Int32Array;
  readonly responseSize: Int32Array;
  readonly timeoutUs: Float64Array;
  readonly isSoap: Uint8Array;
  readonly status: Int32Array;
  /** Facts that do not hold for it on the provider's side (disabled, url missing, ...). */
  readonly factsBroken: Int32Array;
}

/** From one consumer's server to all servers of one provider subsystem. */
export interface RouteTable {
  readonly server: Int32Array;
  readonly candidateFrom: Int32Array;
  readonly candidateCount: Int32Array;
}

export interface CandidateTable {
  readonly server: Int32Array;
  /** Row of `signers`: the provider member at that server. */
  readonly signer: Int32Array;
  /** Rows of `links`, there and back. */
  readonly linkOut: Int32Array;
  readonly linkBack: Int32Array;
}

/** A kind of message: who calls what, how. */
export interface FlowTable {
  /** Client and service, for the journal and for `trace`. */
  readonly client: readonly string[];
  readonly clientInstance: Int32Array;
  /** Row of `memberClasses` of the client. */
  readonly memberClass: Int32Array;
  readonly service: Int32Array;
  readonly route: Int32Array;
  /** Row of `signers`: the client member at its server. */
  readonly signer: Int32Array;
  readonly requestSize: Int32Array;
  /** Bytes per microsecond at which the client uploads. */
  readonly uploadBandwidth: Float64Array;
  readonly clientFactsBroken: Int32Array;
  readonly serverFactsBroken: Int32Array;
  readonly clientFailEffect: Uint8Array;
  readonly clientFailCause: Uint8Array;
  readonly serverFailEffect: Uint8Array;
  readonly serverFailCause: Uint8Array;
  /** Bit c: candidate c of the route (c < 31) allows it, by its own version's rule. */
  readonly accessMask: Int32Array;
}

/** Piecewise linear rates; row r has points `[pointFrom, pointFrom + pointCount)`. */
export interface RateTable {
  /** 1: times of day, repeating every 24 h; 0: offsets from the start of the run. */
  readonly isDaily: Uint8Array;
  readonly pointFrom: Int32Array;
  readonly pointCount: Int32Array;
  readonly atUs: Float64Array;
  readonly rate: Float64Array;
}

export const SourceKind = {
  Poisson: 0,
  /** Evenly spaced by the rate. */
  Constant: 1,
  /** One user: calls, waits for the answer, thinks. */
  User: 2,
} as const;

/** What an attack's arrivals are. */
export const AttackKind = {
  None: 0,
  /** Requests on port 8080 of a consumer's server; they follow their flow. */
  Requests: 1,
  /** Connections on port 5500 that send nothing; `target` is the server. */
  Connections: 2,
} as const;

/** Something that begins calls. Chance is keyed by it: adding one leaves all others alone. */
export interface SourceTable {
  readonly id: readonly string[];
  /** The id's hash, two words; the key of all its draws. */
  readonly key0: Int32Array;
  readonly key1: Int32Array;
  readonly kind: Uint8Array;
  readonly rate: Int32Array;
  /** The rate's factor. */
  readonly rateFactor: Float64Array;
  /** Row of the distribution table; users only. */
  readonly thinkTime: Int32Array;
  readonly startUs: Float64Array;
  readonly stopUs: Float64Array;
  /** Its flows, and for each the cumulative share of calls up to and with it (last is 1). */
  readonly flowFrom: Int32Array;
  readonly flowCount: Int32Array;
  readonly cumulativeShare: Float64Array;
  readonly attack: Uint8Array;
  /** Connections: the server under attack. */
  readonly target: Int32Array;
  /** Connections: the server they come from; -1: an address nobody knows. */
  readonly partner: Int32Array;
  /** Row of `incidents`; -1: ordinary load. */
  readonly incident: Int32Array;
}

/** What an incident changes: one cell of the source of truth. */
export const PatchColumn = {
  /** 0: the server's process stops; 1: it is started. */
  ServerPower: 0,
  /** A SystemState. */
  SystemState: 1,
  /** Factor on service times. */
  SystemSlowness: 2,
  /** 1: nothing passes. */
  LinkCut: 3,
  /** Microseconds added to the delay. */
  LinkExtraDelayUs: 4,
  LinkExtraJitterUs: 5,
  LinkLoss: 6,
  LinkBandwidth: 7,
} as const;

export interface PatchTable {
  readonly timeUs: Float64Array;
  readonly column: Uint8Array;
  readonly row: Int32Array;
  readonly value: Float64Array;
  readonly incident: Int32Array;
}

export interface IncidentRow {
  readonly id: string;
  readonly title: string;
  readonly kind: string;
  readonly isAttack: boolean;
  readonly startUs: number;
  readonly endUs: number;
  readonly targets: readonly string[];
}

/** A limit on everything, fixed before the run; the tables of a run are allocated from it. */
export interface Limits {
  readonly exchangesMax: number;
  readonly eventsMax: number;
  readonly journalRowsMax: number;
}
