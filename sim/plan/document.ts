/**
 * A scenario as its author meant it: every unit read, every default filled in, nothing linked yet.
 *
 * The zod schema in schema.ts produces exactly this; compile.ts turns it into a Plan. Durations
 * are microseconds, sizes bytes, rates per second, bandwidths bytes per second, shares 0 to 1.
 * Identifiers are X-Road's REST form: `EE/GOV/70000001/rr` for a subsystem, with a service code
 * behind it for a service.
 */
import type { CheckName, StateName } from './check-names.ts';

export interface Document {
  readonly name: string;
  readonly title: string;
  /** The question the scenario answers; printed first on the report. */
  readonly question: string;
  readonly seed: number;
  readonly kind: 'steady' | 'terminating';
  readonly durationUs: number;
  /** Left out of every metric; only a steady scenario may have one. */
  readonly warmUpUs: number;
  /** True: the warm-up is found in a pilot replication, and `warmUpUs` is 0 until then. */
  readonly findsWarmUp: boolean;
  /** Local time of day at which the run begins, for diurnal curves. */
  readonly startOfDayUs: number;
  /** As many as are run; with a `precision`, the most that it may take. */
  readonly replications: number;
  /** Null: all replications are run, however precise they are together. */
  readonly precision: PrecisionDocument | null;
  /** Name of a committed calibration, such as `xroad-7.8`. */
  readonly calibration: string;
  /** Length of a row of the time series; null: chosen so that there are 60 to 360 of them. */
  readonly seriesBucketUs: number | null;
  readonly instances: Readonly<Record<string, InstanceDocument>>;
  readonly hosts: readonly HostDocument[];
  readonly systems: readonly SystemDocument[];
  readonly services: readonly ServiceDocument[];
  readonly links: readonly LinkDocument[];
  /**
   * Whether the trust clocks of servers run; null: where an instance names trust services, or an
   * incident is about trust, or a population makes the country.
   */
  readonly trust: boolean | null;
  /** Pairs of instances whose servers know each other's configuration. */
  readonly federation: readonly (readonly [string, string])[];
  readonly workloads: readonly WorkloadDocument[];
  readonly journeys: readonly JourneyDocument[];
  readonly incidents: readonly IncidentDocument[];
  readonly thresholds: readonly ThresholdDocument[];
  /** Beside those that every run with the data for them is held to. */
  readonly checks: readonly CheckDocument[];
  readonly assumptions: readonly AssumptionDocument[];
  readonly limits: LimitsDocument;
}

export type ProfileName = 'ee-production' | 'fi-production' | 'xroad-default';
export type Confidence = 'published' | 'derived' | 'estimated';

export interface InstanceDocument {
  readonly profile: ProfileName;
  /** Overrides of the profile, by the names of plan/profile.ts. */
  readonly parameters: Readonly<Record<string, number | boolean | string>>;
  readonly centralServers: readonly TrustServiceDocument[];
  readonly certificationAuthorities: readonly {
    readonly id: string;
    readonly ocspResponders: readonly TrustServiceDocument[];
  }[];
  readonly timeStampingAuthorities: readonly TrustServiceDocument[];
  /** Whether its author wrote any of the three, or certificates, or left all to the defaults. */
  readonly namesTrustServices: boolean;
  /** Certificates that run out in other ways than those of a CA that renews in time. */
  readonly certificates: readonly CertificateDocument[];
  readonly members: readonly MemberDocument[];
  readonly globalGroups: Readonly<Record<string, readonly string[]>>;
  readonly servers: readonly ServerDocument[];
  readonly population: PopulationDocument | null;
}

/** A central server, an OCSP responder or a time-stamping authority. */
export interface TrustServiceDocument {
  readonly id: string;
  /** Requests it works on at once; more wait first in, first out. */
  readonly capacity: number;
  readonly serviceTime: DistributionDocument;
  /** What the strategies of trust services go by (facts.md 5.4). */
  readonly isPaid: boolean;
}

/** How long certificates have left when the run begins. */
export interface CertificateDocument {
  readonly kind: 'authentication' | 'signing' | 'both';
  readonly expiresAfterUs: number;
  /** Share of the instance's servers, drawn by the seed; null: all of them, or those named. */
  readonly share: number | null;
  /** `INSTANCE/SERVER`; empty: by the share. */
  readonly servers: readonly string[];
}

export interface MemberDocument {
  /** `CLASS/CODE`, such as `GOV/70000001`. */
  readonly id: string;
  readonly name: string;
  /** Subsystem codes. */
  readonly subsystems: readonly string[];
}

export interface ServerDocument {
  readonly id: string;
  /** `CLASS/CODE` of the member that owns it. */
  readonly owner: string;
  /** Registered clients: `CLASS/CODE/SUBSYSTEM`. */
  readonly subsystems: readonly string[];
  /** A host of `hosts`; null: a host of its own with the cores and speed of the profile. */
  readonly host: string | null;
  /** X-Road version, `7.8.0` as 70800. */
  readonly version: number;
  readonly maintenance: boolean;
  /** What is out of order at this server from the start, by the names of protocol/condition.ts. */
  readonly conditions: readonly string[];
  /** Overrides of instance parameters for this server. */
  readonly parameters: Readonly<Record<string, number | boolean | string>>;
}

/** A country from figures. Every count is of the real network; `scale` shrinks all of them. */
export interface PopulationDocument {
  readonly scale: number;
  readonly members: number;
  readonly subsystems: number;
  readonly services: number;
  readonly servers: number;
  /** Share of members by class. */
  readonly memberClasses: Readonly<Record<string, number>>;
  /** Share of calls, consumer class -> provider class -> share; need not sum to 1. */
  readonly callMatrix: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Exponent of the rank law of services' popularity: weight of rank r is r^-exponent. */
  readonly serviceRankExponent: number;
  /** Exponent of the rank law of consumers' activity. */
  readonly consumerRankExponent: number;
  /** Services each consuming subsystem uses, mean. */
  readonly servicesPerConsumer: number;
  /** Share of provider members whose subsystems stand on two servers. */
  readonly clusteredShare: number;
  /** Share of services that are SOAP. */
  readonly soapShare: number;
  readonly requestSize: DistributionDocument;
  readonly responseSize: DistributionDocument;
  readonly serviceTime: DistributionDocument;
  /** Requests an information system works on at once. */
  readonly systemCapacity: number;
  /** Named groups of services with figures of their own, such as a country's e-health stack. */
  readonly clusters: readonly {
    readonly name: string;
    /** `CLASS` of the provider member made for it. */
    readonly memberClass: string;
    /** Share of all calls. */
    readonly share: number;
    readonly services: number;
    readonly consumers: number;
    readonly serviceTime: DistributionDocument | null;
  }[];
  /** Calls a day of the whole population before `scale`. */
  readonly callsPerDay: number;
  readonly profile: RateDocument;
  /** Share of the calls that go to a service of another instance, by instance. */
  readonly crossBorder: Readonly<Record<string, number>>;
}

export interface HostDocument {
  readonly id: string;
  readonly cores: number;
  /** Speed against the machine of the calibration; 1 is equal. */
  readonly speed: number;
}

/** An information system that answers for services. */
export interface SystemDocument {
  readonly id: string;
  /** Requests it works on at once; more wait first in, first out. */
  readonly capacity: number;
  readonly serviceTime: DistributionDocument;
  /** `up`, or what is wrong with it from the start. */
  readonly state: 'up' | 'hung' | 'refusing' | 'unknown-host';
}

export interface ServiceDocument {
  /** `INSTANCE/CLASS/CODE/SUBSYSTEM/SERVICE`. */
  readonly id: string;
  readonly type: 'rest' | 'soap';
  readonly system: string;
  readonly timeoutUs: number;
  readonly responseSize: DistributionDocument;
  /** Overrides the system's service time. */
  readonly serviceTime: DistributionDocument | null;
  readonly enabled: boolean;
  /** HTTP status of the information system's answer. */
  readonly status: number;
  readonly url: 'good' | 'missing' | 'malformed';
  readonly access: readonly AccessDocument[];
}

export interface AccessDocument {
  /** A subsystem, `INSTANCE/CLASS/CODE/SUBSYSTEM`; exactly one of the three subjects is set. */
  readonly subsystem: string | null;
  readonly globalGroup: string | null;
  /** A local group: its members are listed in place. */
  readonly localGroup: readonly string[] | null;
  /** HTTP method or `*`. */
  readonly method: string;
  /** Path pattern: `*` within a segment, `**` any depth. */
  readonly path: string;
}

export interface LinkDocument {
  /** An instance, a server (`INSTANCE/serverId`) or `*`. */
  readonly from: string;
  readonly to: string;
  /** Half of it is the delay of this direction. */
  readonly rttUs: number;
  /** Mean of an exponential addition to the delay. */
  readonly jitterUs: number;
  /** Bytes per second; Infinity: not limiting. */
  readonly bandwidth: number;
  readonly loss: number;
}

export interface WorkloadDocument {
  readonly id: string;
  readonly kind: 'open' | 'closed';
  /** Consuming subsystem, `INSTANCE/CLASS/CODE/SUBSYSTEM`. */
  readonly client: string;
  /** Server of the client; null: the first one where it is registered. */
  readonly server: string | null;
  /** Services called, with weights. */
  readonly services: readonly { readonly service: string; readonly weight: number }[];
  /** X-Road-Security-Server: `INSTANCE/CLASS/CODE/SERVER`; null: not sent. */
  readonly targetServer: string | null;
  readonly method: string;
  /** Path behind the service code, as sent. */
  readonly path: string;
  readonly requestSize: DistributionDocument;
  /** Bytes per second at which the client uploads; Infinity: at once. */
  readonly uploadBandwidth: number;
  /** open: */
  readonly arrivals: 'poisson' | 'constant';
  readonly rate: RateDocument | null;
  /** closed: */
  readonly users: number;
  readonly thinkTime: DistributionDocument | null;
  readonly startUs: number;
  /** Null: until the end of the run. */
  readonly stopUs: number | null;
  /** What is wrong with each message, by the names of protocol/condition.ts. */
  readonly defects: readonly string[];
  /** Null: they wait for ever and never try again. */
  readonly callers: CallersDocument | null;
}

/** How callers wait, try again and give up. */
export interface CallersDocument {
  /** Of one attempt; null: as long as it takes. */
  readonly timeoutUs: number | null;
  /** Of all attempts together, from the intended start; null: for ever. */
  readonly patienceUs: number | null;
  readonly retries: RetriesDocument | null;
}

export interface RetriesDocument {
  /** Beside the first attempt. */
  readonly max: number;
  readonly backOff: 'fixed' | 'exponential';
  /** Pause before the first retry, the factor of each further one, and the longest. */
  readonly firstUs: number;
  readonly factor: number;
  readonly capUs: number;
  readonly jitter: 'none' | 'full' | 'equal' | 'decorrelated';
  /** After which ends: any, only when surely not executed, only when nobody was reached. */
  readonly after: 'all' | 'not-executed' | 'refused';
  /** Retries allowed per call, and how many can be saved up; null: no budget. */
  readonly budget: { readonly ratio: number; readonly burst: number } | null;
}

/** Calls that belong together, such as a tax return: steps in sequence, calls in parallel. */
export interface JourneyDocument {
  readonly id: string;
  /** Consuming subsystem of the calls that name no other. */
  readonly client: string;
  /** Its server; null: the first one where it is registered. */
  readonly server: string | null;
  readonly steps: readonly JourneyStepDocument[];
  readonly arrivals: 'poisson' | 'constant';
  /** Journeys per second; null: there are users. */
  readonly rate: RateDocument | null;
  /** People who begin the next journey when the last one has ended, after a pause. */
  readonly users: number;
  readonly thinkTime: DistributionDocument | null;
  readonly startUs: number;
  /** Null: until the end of the run. */
  readonly stopUs: number | null;
  /** Of the whole journey; null: for ever. */
  readonly patienceUs: number | null;
  /** Of each call. */
  readonly callers: CallersDocument | null;
  /** Figures of the library's journey that it was made of. */
  readonly assumptions: readonly AssumptionDocument[];
}

export interface JourneyStepDocument {
  /** Pause before it; null: none. */
  readonly thinkTime: DistributionDocument | null;
  /** How many answers to required calls suffice. */
  readonly join: 'all' | 'any' | number;
  readonly calls: readonly JourneyCallDocument[];
}

export interface JourneyCallDocument {
  /** One of them is drawn. */
  readonly services: readonly { readonly service: string; readonly weight: number }[];
  /** How many such calls in parallel. */
  readonly times: number;
  /** How probable it is that the journey makes it. */
  readonly share: number;
  /** False: the journey goes on without its answer. */
  readonly isRequired: boolean;
  /** Null: the journey's. */
  readonly client: string | null;
  readonly method: string;
  readonly path: string;
  readonly requestSize: DistributionDocument;
}

/** A rate over time, per second: straight lines between points; after the last one it stays. */
export interface RateDocument {
  /** `run`: offsets from the start of the run; `day`: times of day, repeating every 24 h. */
  readonly clock: 'run' | 'day';
  readonly points: readonly { readonly atUs: number; readonly rate: number }[];
}

export type DistributionDocument =
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'uniform'; readonly from: number; readonly to: number }
  | { readonly kind: 'exponential'; readonly mean: number }
  /** `median` and `sigma` of the logarithm. */
  | { readonly kind: 'lognormal'; readonly median: number; readonly sigma: number }
  | { readonly kind: 'pareto'; readonly minimum: number; readonly alpha: number }
  | { readonly kind: 'empirical'; readonly values: readonly number[] };

export interface IncidentDocument {
  readonly id: string;
  readonly title: string;
  /** One of catalogue/index.ts. */
  readonly kind: string;
  readonly targets: readonly TargetDocument[];
  readonly atUs: number;
  /** How long the whole of it lasts; null: as `dwellUs` makes it. */
  readonly forUs: number | null;
  /** How long each target is hit; null: until all of it ends. */
  readonly dwellUs: number | null;
  /** Parallel: the time over which the beginnings of its targets are spread evenly. */
  readonly rampUs: number;
  /** Serial: one target after the other. Null: as its kind usually is. */
  readonly workflow: 'parallel' | 'serial' | null;
  /** Serial: between the end of one target and the beginning of the next. */
  readonly gapUs: number;
  /** The same again; null: once. */
  readonly repeat: { readonly everyUs: number; readonly times: number } | null;
  /** Settings of the kind: rates per second, factors, extra delays in microseconds, ... */
  readonly settings: Readonly<Record<string, number | string | boolean>>;
}

/** What an incident hits: a name, `all`, or a selection. */
export type TargetDocument = string | TargetSelection;

/** All things of the incident's kind of target that pass each filter given; null: not given. */
export interface TargetSelection {
  readonly instance: string | null;
  /** Of the member that owns a server or provides a service. */
  readonly memberClass: string | null;
  /** Of those that pass, this share, drawn by the seed and the incident's id. */
  readonly share: number | null;
  /** Of those that pass, so many through which most calls are expected. */
  readonly mostCentral: number | null;
}

export interface ThresholdDocument {
  /** A name of metrics/metric.ts, such as `latencyP99`. */
  readonly metric: string;
  /** `all`, an instance, or `cross-border`. */
  readonly scope: string;
  readonly comparison: 'below' | 'above';
  /** In the metric's own unit: latencies nanoseconds, rates per second, shares 0 to 1. */
  readonly bound: number;
}

/** Replications until each metric's confidence interval is narrow enough. */
export interface PrecisionDocument {
  /** The half-width, as a share of the mean. */
  readonly relativeHalfWidth: number;
  readonly confidence: number;
  readonly replicationsMin: number;
  /** Names of metrics/metric.ts, over all scopes; the first is the primary one. */
  readonly metrics: readonly string[];
}

export interface CheckDocument {
  readonly check: CheckName;
  /** Null: the check has no bound, or its own. */
  readonly withinUs: number | null;
  /** `sometimes` only: every one of them has to be reached. */
  readonly states: readonly StateName[];
  /** Id of the incident meant; null: each of them. */
  readonly incident: string | null;
  /** `failed`: the scenario shows a failure, and one that does not come is what is wrong. */
  readonly expects: 'passed' | 'failed';
  /** An answer of unknown does not make the run inconclusive. */
  readonly allowsUnknown: boolean;
}

export interface AssumptionDocument {
  readonly what: string;
  readonly value: string;
  readonly confidence: Confidence;
  readonly source: string;
}

export interface LimitsDocument {
  /** Exchanges alive at once. */
  readonly exchangesMax: number;
  readonly eventsMax: number;
  readonly journalRowsMax: number;
}
