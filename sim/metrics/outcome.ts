/**
 * What one replication hands over: plain columns, all numbers, cheap to move between threads.
 * Added in replication order by totals.ts; run-result.ts makes a result of both.
 *
 * Scopes: 0 is everything, 1 .. n the instances (calls of an instance's clients to services of the
 * same instance), n + 1 the calls across a border.
 */
import type { CallerOutcome } from './caller-outcome.ts';
import type { Fingerprint } from './result.ts';
import type { TrustOutcome } from './trust-outcome.ts';

/** Bits of precision of the histograms: scopes, and the many small ones. */
export const SCOPE_BITS = 7;
export const SMALL_BITS = 5;

export interface ReplicationOutcome {
  readonly replicationIndex: number;
  readonly events: number;
  readonly fingerprint: Fingerprint;
  /** A limit of the run that was met: the run is not valid. */
  readonly limitMet: 'exchangesMax' | 'eventsMax' | null;
  /** Measured part, after the warm-up. */
  readonly measuredUs: number;
  readonly scopes: readonly ScopeOutcome[];
  readonly attack: AttackOutcome;
  readonly servers: ServerOutcome;
  readonly services: GroupOutcome;
  /** Row: consumer's class * classCount + provider's class. */
  readonly memberClasses: GroupOutcome;
  readonly systems: SystemOutcome;
  /** Sum of microseconds by leg and stage, over exchanges that succeeded, and their count. */
  readonly stages: {
    readonly clientUs: Float64Array;
    readonly serverUs: Float64Array;
    readonly count: number;
  };
  readonly series: SeriesOutcome;
  /** Per incident of the plan: its phase at the end, an IncidentState of protocol/lifecycle.ts. */
  readonly incidents: Uint8Array;
  /** Null: no trust clock runs in the plan. */
  readonly trust: TrustOutcome | null;
  /** Null: no caller of the plan has a policy of its own, and there is no journey. */
  readonly callers: CallerOutcome | null;
  readonly journal: JournalOutcome;
}

/** Calls: due = answered + faulted + notStarted + openAtEnd; who gave up is open here. */
export interface ScopeOutcome {
  readonly due: number;
  readonly answered: number;
  readonly faulted: number;
  readonly notStarted: number;
  readonly openAtEnd: number;
  readonly latency: HistogramColumns;
  /** By fault key, see FAULT_KEYS. */
  readonly faults: Float64Array;
}

/**
 * A fault is counted by its number (0..255) and the spelling of the server that raised it: key is
 * `fault` for 7.8's and newer, `fault + 256` for 7.7's and older.
 */
export const FAULT_KEYS = 512;

export interface HistogramColumns {
  readonly bits: number;
  readonly counts: Uint32Array;
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
}

export interface AttackOutcome {
  readonly requests: number;
  readonly refused: number;
  readonly served: number;
  readonly openAtEnd: number;
}

/**
 * One row per server of the plan; microseconds are of use summed over the measured part. NaN, of
 * processors and tokens: nobody saw it, as in the live engine.
 */
export interface ServerOutcome {
  readonly exchanges: Float64Array;
  readonly faults: Float64Array;
  /** Of the server's host: busy core-microseconds. */
  readonly cpuBusyUs: Float64Array;
  readonly clientThreadUs: Float64Array;
  readonly serverThreadUs: Float64Array;
  readonly logBusyUs: Float64Array;
  readonly tokenBusyUs: Float64Array;
  readonly clientQueueMax: Float64Array;
  readonly serverQueueMax: Float64Array;
  readonly logQueueMax: Float64Array;
  readonly signQueueMax: Float64Array;
  readonly antiDosQueueMax: Float64Array;
  readonly cpuWaitMaxUs: Float64Array;
  readonly downUs: Float64Array;
  /** Latency of the calls of its clients. */
  readonly latency: SmallHistograms;
}

/** Many histograms of SMALL_BITS in one table, `bucketCount(SMALL_BITS)` counts a row. */
export interface SmallHistograms {
  readonly counts: Uint32Array;
  readonly count: Float64Array;
  readonly sum: Float64Array;
  readonly max: Float64Array;
}

export interface GroupOutcome {
  readonly due: Float64Array;
  readonly answered: Float64Array;
  readonly faulted: Float64Array;
  readonly notStarted: Float64Array;
  readonly openAtEnd: Float64Array;
  readonly latency: SmallHistograms;
}

export interface SystemOutcome {
  readonly busyUs: Float64Array;
  readonly queueMax: Float64Array;
  readonly served: Float64Array;
}

/** Row: bucket * scopeCount + scope. From the start of the run, warm-up included. */
export interface SeriesOutcome {
  readonly bucketUs: number;
  readonly bucketCount: number;
  readonly scopeCount: number;
  readonly offered: Float64Array;
  readonly answered: Float64Array;
  readonly faulted: Float64Array;
  readonly attack: Float64Array;
  readonly latency: SmallHistograms;
  /** Busy core-microseconds of the scope's hosts; 0 across the border. */
  readonly cpuBusyUs: Float64Array;
  readonly queueLength: Float64Array;
  readonly refusingServers: Float64Array;
  /** bucket, scope, fault key, count; only what occurred, in this order. */
  readonly faults: Float64Array;
}

/**
 * Transitions of the exchanges that were kept, in time order within each leg (the head of a
 * response is noted with its own time when its end comes). `exchange` counts from 0 in the order
 * of kept exchanges; their heads are in the `kept` columns.
 */
export interface JournalOutcome {
  readonly kept: {
    readonly source: Int32Array;
    readonly ordinal: Float64Array;
    /** Attempts of its call before this one. */
    readonly retry: Int32Array;
    readonly flow: Int32Array;
    readonly clientServer: Int32Array;
    /** -1: none was chosen. */
    readonly providerServer: Int32Array;
    /** As they were when it ended; -1: not noted, so that of the plan. */
    readonly clientVersion: Int32Array;
    readonly providerVersion: Int32Array;
    readonly intendedUs: Float64Array;
    readonly requestInUs: Float64Array;
    readonly requestOutUs: Float64Array;
    readonly responseInUs: Float64Array;
    readonly responseOutUs: Float64Array;
    readonly providerRequestInUs: Float64Array;
    readonly providerRequestOutUs: Float64Array;
    readonly providerResponseInUs: Float64Array;
    readonly providerResponseOutUs: Float64Array;
    readonly requestBytes: Float64Array;
    readonly responseBytes: Float64Array;
    readonly fault: Int32Array;
    readonly isAttack: Uint8Array;
  };
  readonly timeUs: Float64Array;
  readonly exchange: Int32Array;
  /** 0: the consumer's leg, 1: the provider's. */
  readonly leg: Uint8Array;
  readonly input: Int32Array;
  readonly facts: Int32Array;
  readonly transition: Int32Array;
  /** Waiting for the effect's resource, then its service; NaN where an effect has neither. */
  readonly waitUs: Float64Array;
  readonly serviceUs: Float64Array;
  readonly missedCount: number;
}
