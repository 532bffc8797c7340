/**
 * What a run leaves behind: `result.json`. Reports, comparisons and gates read this and nothing
 * else. Every number's unit is in its name; a quantile of too few samples is null. Everything
 * that may differ between two equal runs sits under `run`; all the rest is equal byte for byte for
 * equal (scenario, seed, version, calibration), whatever the number of workers.
 */

export interface RunResult {
  readonly schemaVersion: 1;
  readonly run: RunFacts;
  readonly tool: { readonly name: string; readonly version: string; readonly commit: string };
  readonly scenario: {
    readonly name: string;
    readonly title: string;
    readonly question: string;
    /** As given on the command line. */
    readonly path: string;
    /** Of the resolved scenario.yaml. */
    readonly sha256: string;
    readonly kind: 'steady' | 'terminating';
    readonly startOfDaySeconds: number;
    readonly warmUpSeconds: number;
  };
  readonly calibration: { readonly name: string; readonly sha256: string };
  readonly engine: 'virtual' | 'live';
  readonly timeCompression: number;
  readonly seed: number;
  readonly replications: number;
  /** Measured part of one replication. */
  readonly simulatedSeconds: number;
  /** Null: the scenario is terminating, and all of it counts. */
  readonly warmUp: WarmUpResult | null;
  readonly fingerprint: Fingerprint;
  /** Counts here are sums over replications; rates are means per replication. */
  readonly journeys: JourneyCounts;
  readonly calls: CallCounts;
  readonly attempts: AttemptCounts;
  readonly exchanges: ExchangeCounts;
  readonly attack: AttackCounts;
  readonly throughputRps: ThroughputRps;
  /** Calls answered without fault, from the intended start. */
  readonly latencyNs: LatencyNs;
  readonly faults: readonly FaultCount[];
  readonly instances: Readonly<Record<string, ScopeResult>>;
  readonly servers: readonly ServerResult[];
  /** The busiest first, by offered calls. */
  readonly services: readonly ServiceResult[];
  readonly memberClasses: readonly MemberClassResult[];
  /** Where the time of an exchange goes: means over exchanges that succeeded. */
  readonly stages: readonly StageResult[];
  readonly systems: readonly SystemResult[];
  readonly incidents: readonly IncidentResult[];
  /** Of the first replication: intervals in which a clock had run out. */
  readonly trust: readonly TrustInterval[];
  /** By instance; null: no trust clock runs. */
  readonly evidence: Readonly<Record<string, EvidenceResult>> | null;
  readonly replicationResults: readonly ReplicationSummary[];
  readonly thresholds: readonly ThresholdResult[];
  readonly checks: readonly CheckResult[];
  readonly confidence: ConfidenceResult;
  /** With the other engine's run of the same scenario; null: nobody compared them. */
  readonly agreement: AgreementResult | null;
  readonly assumptions: readonly AssumptionResult[];
  readonly verdict: Verdict;
}

export type Verdict = 'passed' | 'failed' | 'inconclusive' | 'invalid' | 'violated' | 'regressed';

export interface RunFacts {
  readonly startedAt: string;
  readonly wallSeconds: number;
  /** The exact command that runs it again. */
  readonly command: string;
  readonly workers: number;
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly memoryBytes: number;
    readonly node: string;
    readonly os: string;
  };
  readonly performance: {
    readonly events: number;
    readonly eventsPerSecond: number;
    /** Per core: by the processor time of the replications. */
    readonly exchangesPerSecond: number;
    readonly peakMemoryBytes: number;
  };
  readonly workerFailures: readonly {
    readonly replicationIndex: number;
    readonly reason: string;
  }[];
  /** The run was stopped before all replications were done. */
  readonly isInterrupted: boolean;
  /** How the live engine drove the run; null: the run was in virtual time. */
  readonly live: LiveFacts | null;
}

/** Of the replications together: counts are sums, times the worst of them. */
export interface LiveFacts {
  readonly generator: GeneratorFacts;
  readonly threads: readonly ThreadFacts[];
}

/** Calls are sent when they are due, and the generator is as late as its machine makes it. */
export interface GeneratorFacts {
  /** Attempts, the first one of a call and those after a pause. */
  readonly due: number;
  readonly sent: number;
  /** Sent later after the intended start than `lateLimitNs`. */
  readonly late: number;
  readonly lateLimitNs: number;
  readonly latenessP50Ns: number;
  readonly latenessP99Ns: number;
  readonly latenessMaxNs: number;
  /** By the criterion of live/load/lateness.ts; false: no verdict rests on this run. */
  readonly keptUp: boolean;
}

export interface ThreadFacts {
  /** `servers`, `generator`, or `other`: Node's own threads, of which only the time is known. */
  readonly name: string;
  readonly cpuSeconds: number;
  /** Share of the time in which the event loop did not wait; null, as below: not known. */
  readonly eventLoopUtilisation: number | null;
  /** By how much its timers came too late. */
  readonly eventLoopDelayP50Ns: number | null;
  readonly eventLoopDelayP99Ns: number | null;
  readonly eventLoopDelayMaxNs: number | null;
}

/** Hashes of what happened, 16 hexadecimal digits each. */
export interface Fingerprint {
  /** Times and order of events. */
  readonly order: string;
  readonly kinds: string;
  readonly sizes: string;
  readonly results: string;
}

export interface JourneyCounts {
  readonly started: number;
  readonly completed: number;
  readonly failed: number;
  /** Of the failed: those whose people had waited as long as they would. */
  readonly gaveUp: number;
  readonly openAtEnd: number;
}

/** due = answered + faulted + gaveUp + notStarted + openAtEnd. */
export interface CallCounts {
  readonly due: number;
  readonly answered: number;
  readonly faulted: number;
  readonly gaveUp: number;
  readonly notStarted: number;
  readonly openAtEnd: number;
}

/** started = answered + faulted + abandonedByClient + openAtEnd. */
export interface AttemptCounts {
  readonly started: number;
  readonly answered: number;
  readonly faulted: number;
  readonly abandonedByClient: number;
  readonly openAtEnd: number;
}

/** offered = completed + inFlightAtEnd; completed = succeeded + faulted. */
export interface ExchangeCounts {
  readonly offered: number;
  readonly completed: number;
  readonly succeeded: number;
  readonly faulted: number;
  readonly inFlightAtEnd: number;
}

/** Attack traffic, never counted above. requests = refused + served + openAtEnd. */
export interface AttackCounts {
  readonly requests: number;
  readonly refused: number;
  readonly served: number;
  readonly openAtEnd: number;
}

export interface ThroughputRps {
  readonly offered: number;
  readonly achieved: number;
  readonly good: number;
}

export interface LatencyNs {
  readonly count: number;
  readonly mean: number | null;
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p99: number | null;
  readonly p999: number | null;
  readonly max: number | null;
}

export interface FaultCount {
  /** As the server that raised it spells it; empty for a connection closed without a word. */
  readonly code: string;
  readonly side: 'consumer' | 'provider';
  readonly definite: boolean;
  readonly count: number;
}

/** An instance (calls of its own clients to its own services) or `crossBorder`. */
export interface ScopeResult {
  readonly calls: CallCounts;
  readonly exchanges: ExchangeCounts;
  readonly throughputRps: ThroughputRps;
  readonly latencyNs: LatencyNs;
  readonly faults: readonly FaultCount[];
}

export interface ServerResult {
  readonly id: string;
  readonly instance: string;
  /** Exchanges it took part in, as consumer's or as provider's server. */
  readonly exchanges: number;
  readonly utilisation: {
    /** Of its host's cores; null, here and of its token: the live engine does not see it. */
    readonly cpu: number | null;
    readonly clientThreads: number;
    readonly serverThreads: number;
    readonly messageLog: number;
    readonly token: number | null;
  };
  readonly queueLengthMax: {
    readonly clientThreads: number;
    readonly serverThreads: number;
    readonly messageLog: number;
    readonly signing: number;
    readonly antiDos: number;
  };
  readonly cpuWaitMaxNs: number;
  /** Faults it raised. */
  readonly faults: number;
  readonly downSeconds: number;
  readonly latencyNs: LatencyNs;
}

export interface ServiceResult {
  readonly id: string;
  readonly calls: CallCounts;
  readonly latencyNs: LatencyNs;
}

export interface MemberClassResult {
  /** `EE/GOV -> EE/COM`. */
  readonly consumer: string;
  readonly provider: string;
  readonly calls: CallCounts;
  readonly latencyNs: LatencyNs;
}

export interface StageResult {
  readonly side: 'consumer' | 'provider';
  /** What happens in it: an effect's name, or `Wait for a thread`. */
  readonly stage: string;
  readonly meanNs: number;
  /** Share of the mean latency; the shares of the consumer's stages sum to 1. */
  readonly share: number;
}

export interface SystemResult {
  readonly id: string;
  readonly utilisation: number;
  readonly queueLengthMax: number;
  readonly served: number;
}

export interface IncidentResult {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly isAttack: boolean;
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly targets: readonly string[];
  /** From its end until the thresholds hold again; null: they never did, or there is none. */
  readonly recoverySeconds: number | null;
}

/** Whether the part that was left out is long enough, by MSER-5 (base/mser.ts). */
export interface WarmUpResult {
  readonly method: 'mser-5';
  /** What the scenario asks for; null: `auto`. */
  readonly askedSeconds: number | null;
  /** What was left out of every figure but the series. */
  readonly usedSeconds: number;
  /** Where the rule cuts; null: there were too few values before the first incident. */
  readonly foundSeconds: number | null;
  /** The values are means of this metric over `valueSeconds` each, five of them a batch. */
  readonly metric: string;
  readonly valueSeconds: number;
  readonly values: number;
  /** `pilot`: of one replication before all others; `run`: means over the run's replications. */
  readonly source: 'pilot' | 'run';
  /** Rejected: the cut lies in the second half, so no steady part was seen. */
  readonly verdict: 'accepted' | 'too-short' | 'rejected' | 'unknown';
}

/** What the message logs of an instance's servers hold; counts are sums over replications. */
export interface EvidenceResult {
  /** Exchanges that ended without fault, at the consumers' and at the providers' servers. */
  readonly acceptedAsConsumer: number;
  readonly acceptedAsProvider: number;
  readonly logged: number;
  readonly stamped: number;
  readonly unstampedAtEnd: number;
  readonly lost: number;
  readonly oldestUnstampedSeconds: number;
  /** Largest backlog of one server. */
  readonly backlogMax: number;
  readonly refusedMessages: number;
  /** Exchanges that ended without fault at a server whose log lacks a record of them. */
  readonly acceptedUnlogged: number;
}

export interface TrustInterval {
  /** Id of the security server. */
  readonly scope: string;
  /**
   * One of TRUST_CLOCKS. Behind `foreign-configuration` stands the instance that it is of, behind
   * `peer-ocsp` the one that looks at the server and finds its answers too old.
   */
  readonly clock: string;
  readonly fromSeconds: number;
  readonly toSeconds: number;
}

export interface ReplicationSummary {
  readonly index: number;
  readonly fingerprint: Fingerprint;
  /** By the names of metrics/metric.ts. */
  readonly metrics: Readonly<Record<string, number | null>>;
}

export interface ThresholdResult {
  readonly metric: string;
  readonly scope: string;
  readonly comparison: 'below' | 'above';
  readonly bound: number;
  readonly value: number | null;
  /** Half-width; null below five replications. */
  readonly ci95: number | null;
  readonly verdict: 'passed' | 'failed' | 'inconclusive';
}

export interface CheckResult {
  readonly name: string;
  readonly verdict: 'passed' | 'failed' | 'unknown';
  readonly detail: string;
}

export interface ConfidenceResult {
  /** Student's t from five replications on; the range of the values below. */
  readonly method: 'student-t' | 'range' | 'none';
  readonly level: number;
  /** By metric: mean, and half-width (student-t), or smallest and largest (range). */
  readonly metrics: Readonly<
    Record<
      string,
      {
        readonly mean: number | null;
        readonly halfWidth: number | null;
        readonly min: number | null;
        readonly max: number | null;
      }
    >
  >;
  /** Null: the scenario asks for a number of replications, not for a precision. */
  readonly precision: PrecisionResult | null;
}

export interface PrecisionResult {
  readonly method: 'hoad-robinson-davies';
  /** Half-width as a share of the mean: asked, and reached by each metric in the end. */
  readonly asked: number;
  readonly reached: Readonly<Record<string, number | null>>;
  readonly replicationsMin: number;
  readonly replicationsMax: number;
  /** From which replication on the precision held; null: it does not. */
  readonly replicationsNeeded: number | null;
  /** It held through the look-ahead. */
  readonly isMet: boolean;
}

/** What `fedlab validate` finds between the two engines' runs of one scenario. */
export interface AgreementResult {
  /** Of the differences: Student's t from five replications on, below it their range. */
  readonly method: ConfidenceResult['method'];
  readonly level: number;
  readonly replications: number;
  /** Of the run in virtual time: its name. */
  readonly calibration: string;
  /** Light: the one machine is idle most of the time, so queues decide little. */
  readonly load: 'light' | 'heavy';
  /** Closed: callers wait for answers, so that the engines decide how many calls there are. */
  readonly loop: 'open' | 'closed';
  readonly rows: readonly AgreementRow[];
  /** Invalid: the generator of the live run could not keep up. */
  readonly verdict: 'agrees' | 'differs' | 'unknown' | 'invalid';
}

export interface AgreementRow {
  readonly kind: 'calls' | 'fault' | 'metric' | 'stage';
  /** A field of CallCounts, a fault's code, a name of metrics/metric.ts, or a stage. */
  readonly name: string;
  /** Of a fault and of a stage. */
  readonly side: 'consumer' | 'provider' | null;
  /** Counts are sums over the replications, the rest are means of them. */
  readonly unit: 'count' | 'ns' | 'per-second';
  readonly virtual: number | null;
  readonly live: number | null;
  /** Live less virtual. */
  readonly difference: number | null;
  /** The ends of the difference's interval or range; null: it has none. */
  readonly low: number | null;
  readonly high: number | null;
  /** In the unit of the row; null: the row is shown and not judged. */
  readonly tolerance: number | null;
  /** Why it is as large as it is, or why there is none. */
  readonly reason: string;
  readonly verdict: 'agrees' | 'differs' | 'unknown' | 'shown';
}

export interface AssumptionResult {
  readonly what: string;
  readonly value: string;
  readonly confidence: 'published' | 'derived' | 'estimated';
  readonly source: string;
}

/** One row of series.csv. */
export interface SeriesRow {
  /** Start of the bucket. */
  readonly timeSeconds: number;
  /** `all`, an instance, or `crossBorder`. */
  readonly scope: string;
  /** Per second: intended starts, ends, ends without fault, attack requests, ends with fault. */
  readonly offeredRps: number;
  readonly achievedRps: number;
  readonly goodRps: number;
  readonly attackRps: number;
  readonly faultedRps: number;
  readonly latencyP50Ns: number | null;
  readonly latencyP90Ns: number | null;
  readonly latencyP99Ns: number | null;
  /** Mean over the scope's servers' cores; null for crossBorder. */
  readonly utilisation: number | null;
  /** Longest queue for a thread, a log connection or a signature at the end of the bucket. */
  readonly queueLength: number | null;
  /** Servers that are down or refuse everything, at the end of the bucket. */
  readonly refusingServers: number | null;
  /** Faults by code in the bucket: `code=count` joined by spaces. */
  readonly faults: string;
  /** Per second: attempts after the first, and calls given up; null: no caller does either. */
  readonly retriesRps: number | null;
  readonly gaveUpRps: number | null;
  /** Null, as the next two: no trust clock runs, or the scope has no servers. */
  readonly stampedRps: number | null;
  /** Records that wait for a time-stamp at the end of the bucket, a mean of the replications. */
  readonly backlog: number | null;
  /** Servers at which a trust clock of their own has run out, at the end of the bucket. */
  readonly expiredServers: number | null;
}
