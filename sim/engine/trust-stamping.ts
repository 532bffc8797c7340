/**
 * The message log's time-stamper at every server: what waits, the runs that stamp it, and the clock
 * that starts when a run fails.
 *
 * A run is one request to a time-stamping authority, whatever it covers, so the load on an
 * authority goes by servers and intervals and not by messages (facts 5.3).
 */
import { TrustClock } from '../metrics/trust-outcome.ts';
import {
  firstFailureUs,
  isChained,
  NEVER_FAILED,
  stampBatchSize,
  stampPauseUs,
  stampUntilUs,
} from '../protocol/freshness.ts';
import type { TrustTable } from '../world/trust-table.ts';
import { EventKind } from './event-kind.ts';
import type { TrustClocks } from './trust-clocks.ts';
import type { Configurations } from './trust-configuration.ts';
import type { TrustServices } from './trust-services.ts';
import type { TrustWorld } from './trust-world.ts';

/** Read time-out of the client (facts 2.8). */
const READ_TIMEOUT_US = 60e6;
/** After a start (LogManager). */
const INITIAL_PAUSE_US = 1e6;
/** Records that came within a minute are remembered by the first of them. */
const GRAIN_US = 60e6;

/** No authority yet. */
const NOBODY = -1;

/** Records that wait, oldest first. */
interface Waiting {
  readonly sinceUs: number;
  count: number;
}

export type Stamping = ReturnType<typeof createStamping>;

export function createStamping(
  state: TrustWorld,
  table: TrustTable,
  services: TrustServices,
  clocks: TrustClocks,
  configurations: Configurations,
) {
  const { plan } = state;
  const count = plan.servers.id.length;
  const stamped = new Float64Array(count);
  const lost = new Float64Array(count);
  const backlogMax = new Float64Array(count);
  /** Since the last look, by instance: for the time series. */
  const stampedOfInstance = new Float64Array(plan.instances.length);
  const retryAfterUs = Float64Array.from(plan.instances, ({ parameters }) =>
    Number(parameters.timeStampRetryDelay),
  );
  const recordsLimit = Float64Array.from(plan.instances, ({ parameters }) =>
    Number(parameters.timeStampRecordsLimit),
  );
  const has = plan.instances.map(
    ({ trustServices }) => trustServices.timeStampingAuthorities.length > 0,
  );
  const hasAuthority = Uint8Array.from(plan.servers.instance, (instance) =>
    Number(plan.hasTrust && has[instance]),
  );
  const waitingOf: readonly Waiting[][] = plan.servers.id.map(() => []);
  /** The newest grain of each server, in columns: it grows with every record. */
  const grainSinceUs = new Float64Array(count);
  const grainCount = new Float64Array(count);
  /** The run under way: how many records, which authority, and how the last one ended. */
  const batch = new Float64Array(count);
  const attempt = new Int32Array(count);
  const isTimedOut = new Uint8Array(count);
  const chainOf = new Int32Array(count);
  /** With `timestamp-immediately`, by leg: the authority that was asked, and if it was too slow. */
  const asked = new Int32Array(state.table.stage.length);
  const isTooSlow = new Uint8Array(state.table.stage.length);

  const begin = (): void => {
    const { servers } = state.plan;
    for (let server = 0; server < servers.id.length; server++) {
      if (hasAuthority[server] === 1) schedule(server, servers.stampPhaseUs[server]);
    }
  };

  /** Whether any authority is left for it to ask: a strategy may exclude all (facts 5.4). */
  const isConfigured = (server: number): boolean => {
    return hasAuthority[server] === 0 || state.plan.servers.tsaCount[server] > 0;
  };

  /** A record is in the database; it waits, unless its stamp was part of the commit. */
  const logged = (server: number): void => {
    const { plan, nowUs } = state;
    if (hasAuthority[server] === 0 || plan.servers.timestampImmediately[server] === 1) {
      addStamped(server, 1);
      return;
    }
    const { backlog } = table;
    if (nowUs - grainSinceUs[server] >= GRAIN_US) closeGrain(server);
    if (grainCount[server]++ === 0) grainSinceUs[server] = nowUs;
    backlog[server]++;
    if (backlog[server] > backlogMax[server]) backlogMax[server] = backlog[server];
  };

  /** With `timestamp-immediately`: a record is being written, and no authority was asked yet. */
  const writing = (leg: number): void => {
    asked[leg] = NOBODY;
  };

  /**
   * Then it is in the database, and the authorities are asked in order, none of them twice, as by
   * the job (LogManager.log, TimestamperWorker). How long until the next has answered or its client
   * waits no longer; 0: there is a stamp, or nobody is left.
   */
  const stampWaitUs = (leg: number, server: number): number => {
    const { tsaCount } = state.plan.servers;
    if (asked[leg] >= tsaCount[server] || isStamped(leg, server)) return 0;
    return askFrom(leg, server, asked[leg] + 1);
  };

  /** Whether the authority that was asked last has given a stamp that can be used. */
  const isStamped = (leg: number, server: number): boolean => {
    if (hasAuthority[server] === 0) return true;
    const { servers, trustOrder } = state.plan;
    const isAnswered = asked[leg] !== NOBODY && asked[leg] < servers.tsaCount[server];
    if (!isAnswered || isTooSlow[leg] === 1) return false;
    return services.isRight(trustOrder[servers.tsaFrom[server] + asked[leg]]);
  };

  const askFrom = (leg: number, server: number, first: number): number => {
    const { plan, nowUs } = state;
    const { servers, trustOrder } = plan;
    const { tsaFrom, tsaCount } = servers;
    // An answer is verified by the configuration: without one none can be used.
    let at = configurations.isOwnValid(server) ? first : tsaCount[server];
    while (at < tsaCount[server] && services.isDown(trustOrder[tsaFrom[server] + at])) at++;
    asked[leg] = at;
    if (at === tsaCount[server]) return 0;
    const authority = trustOrder[tsaFrom[server] + at];
    const endUs = services.request(authority, nowUs, 1, READ_TIMEOUT_US);
    isTooSlow[leg] = Number(services.isTimedOut);
    return endUs - nowUs;
  };

  const oldestUs = (server: number): number => {
    closeGrain(server);
    const oldest = waitingOf[server].at(0);
    return oldest === undefined ? 0 : state.nowUs - oldest.sinceUs;
  };

  /** What waited is lost with the database; what was stamped is in the archives (facts 7). */
  const databaseLost = (server: number): void => {
    const { backlog } = table;
    lost[server] += backlog[server];
    backlog[server] = 0;
    waitingOf[server].length = 0;
    grainCount[server] = 0;
  };

  /** The clock is in the memory of the proxy: a restart winds it anew (facts 5.3). */
  const restarted = (server: number): void => {
    setFailed(server, NEVER_FAILED);
    if (hasAuthority[server] === 0) return;
    schedule(server, state.nowUs + INITIAL_PAUSE_US);
  };

  const skewed = (server: number): void => {
    setFailed(server, table.firstFailedUs[server]);
  };

  const stamp = (server: number, chain: number): void => {
    if (!mayGoOn(server, chain)) return;
    // Without its database the run does not begin, and is neither a success nor a failure.
    if (table.isDatabaseLost[server] === 1) pause(server);
    else run(server);
  };

  const stampDone = (server: number, chain: number): void => {
    if (!mayGoOn(server, chain)) return;
    const isGood =
      isTimedOut[server] === 0 &&
      services.isRight(authorityOf(server)) &&
      table.isLogDiskFull[server] === 0 &&
      table.isDatabaseLost[server] === 0;
    if (isGood) {
      succeed(server);
    } else {
      attempt[server]++;
      ask(server);
    }
  };

  const mayGoOn = (server: number, chain: number): boolean => {
    return chainOf[server] === chain && state.isUp[server] === 1;
  };

  const isRetrying = (server: number): boolean => {
    return table.firstFailedUs[server] !== NEVER_FAILED;
  };

  const run = (server: number): void => {
    const waitingCount = table.backlog[server];
    if (waitingCount === 0) {
      // Nothing waits: that counts as a success, and no authority is asked.
      setFailed(server, NEVER_FAILED);
      pause(server);
      return;
    }
    const limit = recordsLimit[state.plan.servers.instance[server]];
    batch[server] = stampBatchSize(isRetrying(server), waitingCount, limit);
    attempt[server] = 0;
    if (configurations.isOwnValid(server)) ask(server);
    else fail(server);
  };

  const ask = (server: number): void => {
    const { timers, nowUs, plan } = state;
    const count = plan.servers.tsaCount[server];
    while (attempt[server] < count && services.isDown(authorityOf(server))) {
      attempt[server]++;
    }
    if (attempt[server] === count) {
      fail(server);
      return;
    }
    const endUs = services.request(authorityOf(server), nowUs, 1, READ_TIMEOUT_US);
    isTimedOut[server] = Number(services.isTimedOut);
    timers.schedule(endUs, EventKind.TrustStampDone, server, server, chainOf[server]);
  };

  const succeed = (server: number): void => {
    const limit = recordsLimit[state.plan.servers.instance[server]];
    const wasRetrying = isRetrying(server);
    // A database that was lost meanwhile took the batch with it.
    const size = Math.min(batch[server], table.backlog[server]);
    table.backlog[server] -= size;
    take(server, size);
    addStamped(server, size);
    setFailed(server, NEVER_FAILED);
    // After a failure a full batch follows at once, and after a full batch the next.
    if (wasRetrying || isChained(batch[server], limit)) run(server);
    else pause(server);
  };

  const fail = (server: number): void => {
    const { firstFailedUs, backlog, skewUs } = table;
    const clockUs = state.nowUs + skewUs[server];
    const before = firstFailedUs[server];
    setFailed(server, firstFailureUs(before, false, backlog[server], clockUs));
    pause(server);
  };

  const pause = (server: number): void => {
    const { servers } = state.plan;
    const intervalUs = servers.stampIntervalUs[server];
    const retryUs = retryAfterUs[servers.instance[server]];
    const pauseUs = stampPauseUs(isRetrying(server), intervalUs, retryUs);
    schedule(server, state.nowUs + pauseUs);
  };

  const schedule = (server: number, timeUs: number): void => {
    const chain = ++chainOf[server];
    state.timers.schedule(timeUs, EventKind.TrustStamp, server, server, chain);
  };

  const authorityOf = (server: number): number => {
    const { servers, trustOrder } = state.plan;
    return trustOrder[servers.tsaFrom[server] + attempt[server]];
  };

  const setFailed = (server: number, clockUs: number): void => {
    const { firstFailedUs, skewUs } = table;
    const { servers } = state.plan;
    firstFailedUs[server] = clockUs;
    const untilUs = stampUntilUs(clockUs, servers.acceptableTimestampFailureUs[server]);
    const row = clocks.rowOf(server, TrustClock.TimeStamping);
    clocks.wind(row, untilUs - skewUs[server], state.nowUs);
  };

  /** The newest grain joins the others, and another one begins with the next record. */
  const closeGrain = (server: number): void => {
    const count = grainCount[server];
    if (count === 0) return;
    waitingOf[server].push({ sinceUs: grainSinceUs[server], count });
    grainCount[server] = 0;
  };

  const addStamped = (server: number, records: number): void => {
    stamped[server] += records;
    stampedOfInstance[state.plan.servers.instance[server]] += records;
  };

  /** The oldest are stamped first (TaskQueue orders by the record's number). */
  const take = (server: number, records: number): void => {
    closeGrain(server);
    const waiting = waitingOf[server];
    let left = records;
    let gone = 0;
    while (left > 0 && gone < waiting.length) {
      const taken = Math.min(left, waiting[gone].count);
      waiting[gone].count -= taken;
      left -= taken;
      if (waiting[gone].count === 0) gone++;
    }
    waiting.splice(0, gone);
  };

  return {
    stamped,
    lost,
    backlogMax,
    stampedOfInstance,
    begin,
    isConfigured,
    logged,
    writing,
    stampWaitUs,
    isStamped,
    oldestUs,
    databaseLost,
    restarted,
    skewed,
    stamp,
    stampDone,
  };
}
