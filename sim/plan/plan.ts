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
import type {
  AssumptionDocument,
  CheckDocument,
  PrecisionDocument,
  ThresholdDocument,
} from './document.ts';
import type { ParameterValues } from './profile.ts';

export interface Plan {
  readonly name: string;
  readonly title: string;
  readonly question: string;
  readonly kind: 'steady' | 'terminating';
  readonly seed: number;
  /** The most, where there is a `precision`. */
  readonly replications: number;
  readonly precision: PrecisionDocument | null;
  readonly durationUs: number;
  readonly warmUpUs: number;
  /** A pilot replication has to find the warm-up first (pool/warm-up.ts). */
  readonly findsWarmUp: boolean;
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
  /**
   * False: no trust clock runs, and configurations, OCSP answers and time-stamps stay as they are
   * from the start. True: those run that have a trust service; an instance without one of a kind
   * has no clock of that kind.
   */
  readonly hasTrust: boolean;
  readonly trustServices: TrustServiceTable;
  /** Rows of `trustServices`: runs of it are the orders in which servers try them. */
  readonly trustOrder: Int32Array;
  readonly certificates: CertificateTable;
  readonly links: LinkTable;
  readonly systems: SystemTable;
  readonly services: ServiceTable;
  readonly routes: RouteTable;
  readonly candidates: CandidateTable;
  readonly flows: FlowTable;
  readonly rates: RateTable;
  readonly sources: SourceTable;
  readonly policies: PolicyTable;
  readonly journeys: JourneyTable;
  readonly journeySteps: JourneyStepTable;
  readonly journeyCalls: JourneyCallTable;
  readonly patches: PatchTable;
  readonly incidents: readonly IncidentRow[];
  readonly thresholds: readonly ThresholdDocument[];
  readonly checks: readonly CheckDocument[];
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
  /** Its central servers, rows of `trustServices`, as its anchor lists them. */
  readonly sources: readonly number[];
  /** Rows of the instances whose configuration its servers download too. */
  readonly federatedWith: readonly number[];
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
  /**
   * The periodic jobs: the first run at or after time 0. They have run before, at the same pace:
   * what a server holds at time 0 it got by its last runs (facts 13.2, clocks with phase).
   */
  readonly confPhaseUs: Float64Array;
  readonly reloadPhaseUs: Float64Array;
  readonly ocspPhaseUs: Float64Array;
  readonly stampPhaseUs: Float64Array;
  readonly ocspFetchIntervalUs: Float64Array;
  readonly stampIntervalUs: Float64Array;
  /** 0: time-stamping may fail for ever. */
  readonly acceptableTimestampFailureUs: Float64Array;
  /** 1: each record is time-stamped before its message goes on. */
  readonly timestampImmediately: Uint8Array;
  /** 1: the PIN is given without a person after a restart. */
  readonly autoLogin: Uint8Array;
  /** Row of `certificates`. */
  readonly authCertificate: Int32Array;
  /** Runs of `trustOrder`: the services that this server tries, one after the other. */
  readonly ocspFrom: Int32Array;
  readonly ocspCount: Int32Array;
  readonly tsaFrom: Int32Array;
  readonly tsaCount: Int32Array;
  /** The sources of its own instance; those of a foreign one are in the instance's row. */
  readonly confFrom: Int32Array;
  readonly confCount: Int32Array;
}

export const TrustKind = {
  CentralServer: 0,
  OcspResponder: 1,
  TimeStampingAuthority: 2,
} as const;

/** Servers of their own: places, a queue, first in, first out. */
export interface TrustServiceTable {
  /** `INSTANCE/NAME`, such as `EE/central-1`. */
  readonly id: readonly string[];
  /** A TrustKind. */
  readonly kind: Uint8Array;
  readonly instance: Int32Array;
  /** Requests it works on at once. */
  readonly capacity: Int32Array;
  /** Row of the distribution table. */
  readonly serviceTime: Int32Array;
  /** 1: it costs money; strategies tell paid and free ones apart. */
  readonly isPaid: Uint8Array;
  /** Central servers: their first generation at or after time 0. */
  readonly phaseUs: Float64Array;
}

export const CertificateKind = { Authentication: 0, Signing: 1 } as const;

/** Every server has an authentication certificate in use, every signer a signing certificate. */
export interface CertificateTable {
  /** A CertificateKind. */
  readonly kind: Uint8Array;
  readonly server: Int32Array;
  /** Row of `signers`; -1: an authentication certificate. */
  readonly signer: Int32Array;
  readonly notBeforeUs: Float64Array;
  /** Infinity: beyond every run. */
  readonly notAfterUs: Float64Array;
}

/** A signing certificate: one worker thread of its own at a server, for one member. */
export interface SignerTable {
  readonly server: Int32Array;
  /** `INSTANCE/CLASS/CODE`. */
  readonly member: readonly string[];
  /** Row of `certificates`: the one it signs with. */
  readonly certificate: Int32Array;
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
  /** Row of `policies`; of a journey's calls `journeyCalls` has one each. */
  readonly policy: Int32Array;
  /** Row of `journeys`: what is begun is a journey; -1: a call. */
  readonly journey: Int32Array;
}

/** How the pause before a retry is spread; `backOffUs` of workload/call.ts has the formulas. */
export const Jitter = { None: 0, Full: 1, Equal: 2, Decorrelated: 3 } as const;

/** After which ends of an attempt a caller may try again. */
export const RetryOn = {
  /** Any fault, and a time-out of its own. */
  All: 0,
  /** Faults that say that the request was certainly not executed. */
  NotExecuted: 1,
  /** Of these, the ones of a server that could not be reached or takes nobody. */
  Refused: 2,
} as const;

/**
 * How a caller waits, tries again and gives up; a row for each different policy. Row 0 waits for
 * ever and never tries again: whoever has it is no caller of engine/callers.ts, and costs nothing.
 */
export interface PolicyTable {
  /** Of an attempt; Infinity: it waits for the answer as long as it takes. */
  readonly timeoutUs: Float64Array;
  /** From the intended start until the caller gives up; Infinity: never. */
  readonly patienceUs: Float64Array;
  /** The first one counted. */
  readonly attemptsMax: Int32Array;
  /** Pause before the first retry, factor of each further one (1: fixed), and the longest pause. */
  readonly backOffUs: Float64Array;
  readonly backOffFactor: Float64Array;
  readonly backOffCapUs: Float64Array;
  /** A Jitter. */
  readonly jitter: Uint8Array;
  /** A RetryOn. */
  readonly retryOn: Uint8Array;
  /**
   * The retry budget of a source, in thousandths of a retry: what each call adds, and the most
   * that is kept, which is also what it begins with. Infinity: retries have no budget.
   */
  readonly budgetPerCall: Float64Array;
  readonly budgetMax: Float64Array;
}

/** Calls that belong together: steps one after the other, each a group of calls in parallel. */
export interface JourneyTable {
  readonly id: readonly string[];
  readonly stepFrom: Int32Array;
  readonly stepCount: Int32Array;
  /** Calls of all its steps: the calls of the source's n-th journey are numbered from n x this. */
  readonly callCount: Int32Array;
  /** From its intended start until the person gives up; Infinity: never. */
  readonly patienceUs: Float64Array;
  /** Instance of its client: whose journey it is. */
  readonly instance: Int32Array;
}

export interface JourneyStepTable {
  readonly callFrom: Int32Array;
  readonly callCount: Int32Array;
  /** Answers to required calls that suffice: all of them, 1, or n of them. */
  readonly needed: Int32Array;
  /** 1: the step ends when all its calls have, also those that it can do without. */
  readonly waitsForAll: Uint8Array;
  /** Row of the distribution table: pause before the step; -1: none. */
  readonly thinkTime: Int32Array;
}

export interface JourneyCallTable {
  /** Its flows, one of which is drawn by `sources.cumulativeShare`. */
  readonly flowFrom: Int32Array;
  readonly flowCount: Int32Array;
  /** How probable it is that a journey makes this call at all. */
  readonly share: Float64Array;
  /** 1: the journey is lost without its answer, as far as `needed` says. */
  readonly isRequired: Uint8Array;
  readonly policy: Int32Array;
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
  /**
   * Row of `trustServices`; a TrustState (protocol/lifecycle.ts). Of a central server Wrong means
   * that it publishes, but its signature does not verify.
   */
  TrustServiceState: 8,
  /** Row of `trustServices`; factor on its service time. */
  TrustServiceSlowness: 9,
  /** Row of `trustServices`; 1: generation fails, the files stay until they expire. */
  CentralKeyLoggedOut: 10,
  /** Server; 1: its configuration client does nothing more, until its process is restarted. */
  DownloaderHung: 11,
  /** Server; 1: its port 5577 cannot be reached by peers. */
  OcspPortBlocked: 12,
  /** Server; 1: the message log cannot write. */
  LogDiskFull: 13,
  /** Server; factor on the cost of a commit. */
  LogSlowness: 14,
  /** Server; 1: its database is gone, message log and configuration of the server. */
  DatabaseLost: 15,
  /** Server; 1: the signer process is gone. */
  SignerLost: 16,
  /** Server; 1: one token operation a signature. */
  BatchSigningOff: 17,
  /** Server; 1: its tokens are logged out, 0: the PIN was given. */
  TokenLocked: 18,
  /** Server; 1: in maintenance, as its instance's configuration says: known by propagation. */
  Maintenance: 19,
  /** Row of `certificates`; 1: past its notAfter. */
  CertificateExpired: 20,
  /** Row of `certificates`; 1: the authority says revoked; known as OCSP answers age. */
  CertificateRevoked: 21,
  /** Server; microseconds by which its clock is ahead. */
  ClockSkewUs: 22,
  /** Server; 7.8.0 is 70800. */
  ServerVersion: 23,
  /** Server; the oldest version that may call it. */
  MinClientVersion: 24,
  /**
   * Row of flows; 1: the right is withdrawn at the provider, known when its cache reloads; 2: the
   * client has left the global group that has it, which must come through the configuration first.
   */
  AccessRevoked: 25,
  /** Row of `trustServices`; microseconds by which thisUpdate of its answers lies behind. */
  OcspAnswersStale: 26,
  /** Row of `certificates`; 1: a second one is registered beside it, 0: that one is in use. */
  CertificateRenewed: 27,
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
