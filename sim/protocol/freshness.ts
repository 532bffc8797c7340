/**
 * Trust in time: how long what a server holds may be relied on, and when it next tries to renew it.
 *
 * Rule 1: until when something may be relied on is said in this file alone. The engines keep these
 *         dates in columns, correct them by a server's clock, and compare them with the time.
 * Rule 2: a limit is the verifier's own, judged by the verifier's own clock (facts 5.2). So each
 *         function gets `clockUs`, what that server believes the time to be, and never "now".
 * Rule 3: `until` dates are first instants at which something no longer holds: `clockUs < until`.
 *
 * All times are whole microseconds; Infinity is "never".
 */

/** A periodic job: runs at `phase + k * interval`, k whole. The next at or after `atUs`. */
export function nextRunUs(atUs: number, phaseUs: number, intervalUs: number): number {
  return phaseUs + Math.ceil((atUs - phaseUs) / intervalUs) * intervalUs;
}

/** The last run at or before `atUs`; of a job that has always run. */
export function lastRunUs(atUs: number, phaseUs: number, intervalUs: number): number {
  return phaseUs + Math.floor((atUs - phaseUs) / intervalUs) * intervalUs;
}

/**
 * When a configuration signed at `generatedUs` expires. The validity is that of the instance that
 * signed it, also for a foreign one (facts 5.1: expire-date is written by the central server).
 */
export function confUntilUs(generatedUs: number, validityUs: number): number {
  return generatedUs + validityUs;
}

/** What decides whether an OCSP answer is fresh: the verifier's own limits (facts 5.2). */
export interface OcspLimits {
  /** `ocspFreshnessSeconds` of the verifier's instance. */
  readonly freshnessUs: number;
  /** nextUpdate after thisUpdate, as the responder sets it; 0: answers have none. */
  readonly nextUpdateUs: number;
  /** The NEXTUPDATE part of the verifier's configuration. */
  readonly verifiesNextUpdate: boolean;
}

/**
 * Until when an answer counts: thisUpdate and freshness, cut by nextUpdate where that is verified
 * and present. Both dates are inclusive in X-Road (OcspVerifier.isExpired and verifyValidityAt
 * compare with `before`), so the first instant beyond is one unit later.
 */
export function ocspUntilUs(thisUpdateUs: number, limits: OcspLimits): number {
  const { freshnessUs, nextUpdateUs, verifiesNextUpdate } = limits;
  const hasNextUpdate = verifiesNextUpdate && nextUpdateUs > 0;
  const validUs = hasNextUpdate ? Math.min(freshnessUs, nextUpdateUs) : freshnessUs;
  return thisUpdateUs + validUs + 1;
}

/**
 * Until when the proxy's key cache may serve an entry loaded at `loadedUs`: its own period, cut by
 * whatever it holds (facts 5.2; CachingKeyConfImpl and KeyConfImpl.calculateNotAfter).
 */
export function keyCacheUntilUs(
  loadedUs: number,
  periodUs: number,
  notAfterUs: number,
  answerUntilUs: number,
): number {
  return Math.min(loadedUs + periodUs, notAfterUs + 1, answerUntilUs);
}

/** A certificate is valid from notBefore to notAfter, both included (RFC 5280 section 4.1.2.5). */
export function isWithinValidity(
  clockUs: number,
  notBeforeUs: number,
  notAfterUs: number,
): boolean {
  return clockUs >= notBeforeUs && clockUs <= notAfterUs;
}

/** The shortest and the longest pause between runs of the time-stamper (LogManager). */
const STAMP_PAUSE_MIN_US = 60e6;
const STAMP_PAUSE_MAX_US = 86_400e6;

/**
 * The pause between the end of a run of the time-stamper and the next: a fixed delay, not a fixed
 * rate. After a failure it is the retry delay where that is shorter, but never below a minute
 * (LogManager.TimestamperJob.getNextDelay).
 */
export function stampPauseUs(isRetrying: boolean, intervalUs: number, retryUs: number): number {
  const pauseUs = isRetrying && retryUs > 0 ? Math.min(retryUs, intervalUs) : intervalUs;
  return Math.min(Math.max(pauseUs, STAMP_PAUSE_MIN_US), STAMP_PAUSE_MAX_US);
}

/** Records in a run: one while retrying, or as many as allowed (TaskQueue; facts 5.3). */
export function stampBatchSize(
  isRetrying: boolean,
  waitingCount: number,
  recordsLimit: number,
): number {
  return Math.min(waitingCount, isRetrying ? 1 : recordsLimit);
}

/** A full batch has probably left something behind: the next run begins at once. */
export function isChained(batchSize: number, recordsLimit: number): boolean {
  return batchSize === recordsLimit;
}

/** No run has failed since the last success. */
export const NEVER_FAILED = -Infinity;

/**
 * The instant at which time-stamping first failed: it stays until a success, and a failure that
 * leaves nothing waiting is none, so that an idle server never starts the clock
 * (TaskQueue.indicateFailure).
 */
export function firstFailureUs(
  before: number,
  isSuccess: boolean,
  waitingCount: number,
  clockUs: number,
): number {
  if (isSuccess) return NEVER_FAILED;
  if (before !== NEVER_FAILED || waitingCount === 0) return before;
  return clockUs;
}

/** From when on messages are refused; 0 is no limit (LogManager.verifyCanLogMessage). */
export function stampUntilUs(firstFailed: number, acceptableUs: number): number {
  if (firstFailed === NEVER_FAILED || acceptableUs === 0) return Infinity;
  return firstFailed + acceptableUs + 1;
}

/** Shorter fetch intervals are taken as this (OcspFetchInterval). */
const OCSP_INTERVAL_MIN_US = 60e6;

/**
 * The pause between the end of an OCSP fetch and the next: again a fixed delay. A failed fetch is
 * repeated soon, unless the interval is shorter still (OcspClientExecuteScheduler.getNextDelay).
 */
export function ocspPauseUs(isRetrying: boolean, intervalUs: number, retryUs: number): number {
  const pauseUs = Math.max(intervalUs, OCSP_INTERVAL_MIN_US);
  return isRetrying ? Math.min(retryUs, pauseUs) : pauseUs;
}

/**
 * The order in which trust services are tried, as indexes of the given list: by cost where a
 * strategy says so, else as listed (facts 5.4). What a strategy excludes is not tried at all.
 */
export function strategyOrder(strategy: string, isPaid: readonly boolean[]): number[] {
  const all = isPaid.map((_, index) => index);
  const paid = all.filter((index) => isPaid[index]);
  const free = all.filter((index) => !isPaid[index]);
  switch (strategy) {
    case 'only-free':
      return free;
    case 'only-paid':
      return paid;
    case 'free-first':
      return [...free, ...paid];
    case 'paid-first':
      return [...paid, ...free];
    default:
      return all;
  }
}
