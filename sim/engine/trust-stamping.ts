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

/** Records that wait, oldest first. */
interface Waiting {
  readonly sinceUs: number;
  count: number;
}

export class Stamping {
  readonly stamped: Float64Array;
  readonly lost: Float64Array;
  readonly backlogMax: Float64Array;
  /** Since the last look, by instance: for the time series. */
  readonly stampedOfInstance: Float64Array;
  readonly #state: TrustWorld;
  readonly #table: TrustTable;
  readonly #services: TrustServices;
  readonly #clocks: TrustClocks;
  readonly #configurations: Configurations;
  readonly #retryUs: Float64Array;
  readonly #recordsLimit: Float64Array;
  readonly #hasAuthority: Uint8Array;
  readonly #waiting: readonly Waiting[][];
  /** The newest grain of each server, in columns: it grows with every record. */
  readonly #grainSinceUs: Float64Array;
  readonly #grainCount: Float64Array;
  /** The run under way: how many records, which authority, and how the last one ended. */
  readonly #batch: Float64Array;
  readonly #attempt: Int32Array;
  readonly #isTimedOut: Uint8Array;
  readonly #chain: Int32Array;

  constructor(
    state: TrustWorld,
    table: TrustTable,
    services: TrustServices,
    clocks: TrustClocks,
    configurations: Configurations,
  ) {
    const { plan } = state;
    const count = plan.servers.id.length;
    this.#state = state;
    this.#table = table;
    this.#services = services;
    this.#clocks = clocks;
    this.#configurations = configurations;
    this.stamped = new Float64Array(count);
    this.lost = new Float64Array(count);
    this.backlogMax = new Float64Array(count);
    this.stampedOfInstance = new Float64Array(plan.instances.length);
    this.#retryUs = Float64Array.from(plan.instances, ({ parameters }) =>
      Number(parameters.timeStampRetryDelay),
    );
    this.#recordsLimit = Float64Array.from(plan.instances, ({ parameters }) =>
      Number(parameters.timeStampRecordsLimit),
    );
    const has = plan.instances.map(
      ({ trustServices }) => trustServices.timeStampingAuthorities.length > 0,
    );
    this.#hasAuthority = Uint8Array.from(plan.servers.instance, (instance) =>
      Number(plan.hasTrust && has[instance]),
    );
    this.#waiting = plan.servers.id.map(() => []);
    this.#grainSinceUs = new Float64Array(count);
    this.#grainCount = new Float64Array(count);
    this.#batch = new Float64Array(count);
    this.#attempt = new Int32Array(count);
    this.#isTimedOut = new Uint8Array(count);
    this.#chain = new Int32Array(count);
  }

  begin(): void {
    const { servers } = this.#state.plan;
    for (let server = 0; server < servers.id.length; server++) {
      if (this.#hasAuthority[server] === 1) this.#schedule(server, servers.stampPhaseUs[server]);
    }
  }

  /** Whether any authority is left for it to ask: a strategy may exclude all (facts 5.4). */
  isConfigured(server: number): boolean {
    return this.#hasAuthority[server] === 0 || this.#state.plan.servers.tsaCount[server] > 0;
  }

  /** A record is in the database; it waits, unless its stamp was part of the commit. */
  logged(server: number): void {
    const { plan, nowUs } = this.#state;
    if (this.#hasAuthority[server] === 0 || plan.servers.timestampImmediately[server] === 1) {
      this.#count(server, 1);
      return;
    }
    const { backlog } = this.#table;
    if (nowUs - this.#grainSinceUs[server] >= GRAIN_US) this.#closeGrain(server);
    if (this.#grainCount[server]++ === 0) this.#grainSinceUs[server] = nowUs;
    backlog[server]++;
    if (backlog[server] > this.backlogMax[server]) this.backlogMax[server] = backlog[server];
  }

  /** With `timestamp-immediately`: whether a stamp can be had now. */
  isStampAvailable(server: number): boolean {
    if (this.#hasAuthority[server] === 0) return true;
    const { servers, trustOrder } = this.#state.plan;
    if (!this.#configurations.isOwnValid(server)) return false;
    for (let at = 0; at < servers.tsaCount[server]; at++) {
      if (this.#services.isRight(trustOrder[servers.tsaFrom[server] + at])) return true;
    }
    return false;
  }

  /** With `timestamp-immediately`: what waiting for the stamp adds to a commit. */
  stampDelayUs(server: number): number {
    if (this.#hasAuthority[server] === 0) return 0;
    const { plan, nowUs } = this.#state;
    const { servers, trustOrder } = plan;
    for (let at = 0; at < servers.tsaCount[server]; at++) {
      const authority = trustOrder[servers.tsaFrom[server] + at];
      if (this.#services.isRight(authority)) {
        return this.#services.request(authority, nowUs, 1, READ_TIMEOUT_US) - nowUs;
      }
    }
    return 0;
  }

  oldestUs(server: number): number {
    this.#closeGrain(server);
    const oldest = this.#waiting[server].at(0);
    return oldest === undefined ? 0 : this.#state.nowUs - oldest.sinceUs;
  }

  /** What waited is lost with the database; what was stamped is in the archives (facts 7). */
  databaseLost(server: number): void {
    const { backlog } = this.#table;
    this.lost[server] += backlog[server];
    backlog[server] = 0;
    this.#waiting[server].length = 0;
    this.#grainCount[server] = 0;
  }

  /** The clock is in the memory of the proxy: a restart winds it anew (facts 5.3). */
  restarted(server: number): void {
    this.#setFailed(server, NEVER_FAILED);
    if (this.#hasAuthority[server] === 0) return;
    this.#schedule(server, this.#state.nowUs + INITIAL_PAUSE_US);
  }

  skewed(server: number): void {
    this.#setFailed(server, this.#table.firstFailedUs[server]);
  }

  stamp(server: number, chain: number): void {
    if (!this.#mayGoOn(server, chain)) return;
    // Without its database the run does not begin, and is neither a success nor a failure.
    if (this.#table.isDatabaseLost[server] === 1) this.#pause(server);
    else this.#run(server);
  }

  stampDone(server: number, chain: number): void {
    if (!this.#mayGoOn(server, chain)) return;
    const isGood =
      this.#isTimedOut[server] === 0 &&
      this.#services.isRight(this.#authorityOf(server)) &&
      this.#table.isLogDiskFull[server] === 0 &&
      this.#table.isDatabaseLost[server] === 0;
    if (isGood) {
      this.#succeed(server);
    } else {
      this.#attempt[server]++;
      this.#ask(server);
    }
  }

  #mayGoOn(server: number, chain: number): boolean {
    return this.#chain[server] === chain && this.#state.isUp[server] === 1;
  }

  #isRetrying(server: number): boolean {
    return this.#table.firstFailedUs[server] !== NEVER_FAILED;
  }

  #run(server: number): void {
    const waitingCount = this.#table.backlog[server];
    if (waitingCount === 0) {
      // Nothing waits: that counts as a success, and no authority is asked.
      this.#setFailed(server, NEVER_FAILED);
      this.#pause(server);
      return;
    }
    const limit = this.#recordsLimit[this.#state.plan.servers.instance[server]];
    this.#batch[server] = stampBatchSize(this.#isRetrying(server), waitingCount, limit);
    this.#attempt[server] = 0;
    if (this.#configurations.isOwnValid(server)) this.#ask(server);
    else this.#fail(server);
  }

  #ask(server: number): void {
    const { timers, nowUs, plan } = this.#state;
    const count = plan.servers.tsaCount[server];
    while (this.#attempt[server] < count && this.#services.isDown(this.#authorityOf(server))) {
      this.#attempt[server]++;
    }
    if (this.#attempt[server] === count) {
      this.#fail(server);
      return;
    }
    const endUs = this.#services.request(this.#authorityOf(server), nowUs, 1, READ_TIMEOUT_US);
    this.#isTimedOut[server] = Number(this.#services.isTimedOut);
    timers.schedule(endUs, EventKind.TrustStampDone, server, server, this.#chain[server]);
  }

  #succeed(server: number): void {
    const limit = this.#recordsLimit[this.#state.plan.servers.instance[server]];
    const wasRetrying = this.#isRetrying(server);
    // A database that was lost meanwhile took the batch with it.
    const size = Math.min(this.#batch[server], this.#table.backlog[server]);
    this.#table.backlog[server] -= size;
    this.#take(server, size);
    this.#count(server, size);
    this.#setFailed(server, NEVER_FAILED);
    // After a failure a full batch follows at once, and after a full batch the next.
    if (wasRetrying || isChained(this.#batch[server], limit)) this.#run(server);
    else this.#pause(server);
  }

  #fail(server: number): void {
    const { firstFailedUs, backlog, skewUs } = this.#table;
    const clockUs = this.#state.nowUs + skewUs[server];
    const before = firstFailedUs[server];
    this.#setFailed(server, firstFailureUs(before, false, backlog[server], clockUs));
    this.#pause(server);
  }

  #pause(server: number): void {
    const { servers } = this.#state.plan;
    const intervalUs = servers.stampIntervalUs[server];
    const retryUs = this.#retryUs[servers.instance[server]];
    const pauseUs = stampPauseUs(this.#isRetrying(server), intervalUs, retryUs);
    this.#schedule(server, this.#state.nowUs + pauseUs);
  }

  #schedule(server: number, timeUs: number): void {
    const chain = ++this.#chain[server];
    this.#state.timers.schedule(timeUs, EventKind.TrustStamp, server, server, chain);
  }

  #authorityOf(server: number): number {
    const { servers, trustOrder } = this.#state.plan;
    return trustOrder[servers.tsaFrom[server] + this.#attempt[server]];
  }

  #setFailed(server: number, clockUs: number): void {
    const { firstFailedUs, skewUs } = this.#table;
    const { servers } = this.#state.plan;
    firstFailedUs[server] = clockUs;
    const untilUs = stampUntilUs(clockUs, servers.acceptableTimestampFailureUs[server]);
    const row = this.#clocks.rowOf(server, TrustClock.TimeStamping);
    this.#clocks.wind(row, untilUs - skewUs[server], this.#state.nowUs);
  }

  /** The newest grain joins the others, and another one begins with the next record. */
  #closeGrain(server: number): void {
    const count = this.#grainCount[server];
    if (count === 0) return;
    this.#waiting[server].push({ sinceUs: this.#grainSinceUs[server], count });
    this.#grainCount[server] = 0;
  }

  #count(server: number, records: number): void {
    this.stamped[server] += records;
    this.stampedOfInstance[this.#state.plan.servers.instance[server]] += records;
  }

  /** The oldest are stamped first (TaskQueue orders by the record's number). */
  #take(server: number, records: number): void {
    this.#closeGrain(server);
    const waiting = this.#waiting[server];
    let left = records;
    let gone = 0;
    while (left > 0 && gone < waiting.length) {
      const taken = Math.min(left, waiting[gone].count);
      waiting[gone].count -= taken;
      left -= taken;
      if (waiting[gone].count === 0) gone++;
    }
    waiting.splice(0, gone);
  }
}
