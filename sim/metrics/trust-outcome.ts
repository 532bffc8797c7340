/**
 * What one replication hands over about trust: when clocks had run out, what the message logs hold,
 * and what an audit of accepted messages found. Plain columns, as in outcome.ts. Counts begin at
 * time 0, the warm-up included: a check speaks of the whole history.
 */

/** What can run out at a server. */
export const TrustClock = {
  OwnConfiguration: 0,
  /** Of one foreign instance; `foreignInstance` of the interval says which, as with PeerOcsp. */
  ForeignConfiguration: 1,
  /** OCSP answer for the authentication certificate: older than this server's own limit. */
  AuthenticationOcsp: 2,
  SigningOcsp: 3,
  /** No time-stamp for longer than the acceptable period. */
  TimeStamping: 4,
  AuthenticationCertificate: 5,
  SigningCertificate: 6,
  /** Waits for its PIN. */
  Token: 7,
  /**
   * OCSP answer that the server shows: older than the limit of a foreign instance that looks at it,
   * where that is stricter than its own. It stops nothing but that border (facts.md 5.2, 13.4).
   */
  PeerOcsp: 8,
} as const;
export type TrustClock = (typeof TrustClock)[keyof typeof TrustClock];

/** As the result names them, by number. */
export const TRUST_CLOCKS: readonly string[] = [
  'configuration',
  'foreign-configuration',
  'authentication-ocsp',
  'signing-ocsp',
  'time-stamping',
  'authentication-certificate',
  'signing-certificate',
  'token',
  'peer-ocsp',
];

export interface TrustOutcome {
  readonly servers: TrustServerOutcome;
  readonly intervals: TrustIntervalColumns;
  readonly series: TrustSeries;
  /** Requests that trust services answered, and the longest queue; a row a trust service. */
  readonly services: { readonly served: Float64Array; readonly queueMax: Float64Array };
}

/** One row a server of the plan. */
export interface TrustServerOutcome {
  /**
   * Exchanges that ended without fault, at their consumer's and at their provider's server. Each of
   * them owes two records to either log.
   */
  readonly acceptedClient: Float64Array;
  readonly acceptedServer: Float64Array;
  /** Records that the two proxies committed, of exchanges that ended in whatever way. */
  readonly loggedClient: Float64Array;
  readonly loggedServer: Float64Array;
  /**
   * Exchanges that ended without fault although this server, as consumer or as provider, had not
   * committed both its records of them: looked at one by one, where sums could make up for it.
   */
  readonly acceptedUnlogged: Float64Array;
  /** logged = stamped + unstampedAtEnd + lost, of both proxies together. */
  readonly stamped: Float64Array;
  readonly unstampedAtEnd: Float64Array;
  /** Records that were lost with their database before they were stamped. */
  readonly lost: Float64Array;
  /** Age of the oldest record at the end that waits for its stamp; 0: there is none. */
  readonly oldestUnstampedUs: Float64Array;
  readonly backlogMax: Float64Array;
  /**
   * Messages whose acceptance was judged again, from dates alone (notAfter, thisUpdate, expiry,
   * first failed batch) and not from what the server kept of them; and those that fell outside.
   */
  readonly audited: Float64Array;
  readonly acceptedOutsideTrust: Float64Array;
  /** Messages refused because something had run out. */
  readonly refused: Float64Array;
}

/** In the order in which they began; a bounded number. */
export interface TrustIntervalColumns {
  readonly server: Int32Array;
  /** A TrustClock. */
  readonly clock: Uint8Array;
  /** Row of instances; -1: no foreign one is meant. */
  readonly foreignInstance: Int32Array;
  readonly fromUs: Float64Array;
  /** The end of the run where it still lasts: `isOpen` says so. */
  readonly toUs: Float64Array;
  readonly isOpen: Uint8Array;
  /** Intervals for which there was no room. */
  readonly missedCount: number;
}

/** Row: bucket * instanceCount + instance, with the buckets of the run's time series. */
export interface TrustSeries {
  readonly instanceCount: number;
  /** At the end of the bucket: records that wait for a time-stamp. */
  readonly backlog: Float64Array;
  /** In the bucket. */
  readonly logged: Float64Array;
  readonly stamped: Float64Array;
  /** At the end of the bucket: servers at which an own clock has run out. */
  readonly refusingServers: Float64Array;
}
