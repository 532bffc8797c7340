/**
 * The configuration client of every server and what its proxy makes of the files: download by a
 * fixed-rate job, reload by another, expiry by the server's own clock.
 *
 * A configuration is known by the instant at which it was signed: that decides when it expires and
 * which changes of the truth it holds. So a change propagates by itself, through generation,
 * download and reload, and no server is told of it (facts 5.1).
 */
import { assert } from '../base/assert.ts';
import { confUntilUs, lastRunUs, nextRunUs } from '../protocol/freshness.ts';
import { History } from '../world/trust-table.ts';
import type { TrustTable } from '../world/trust-table.ts';
import { EventKind } from './event-kind.ts';
import type { TrustClocks } from './trust-clocks.ts';
import type { TrustServices } from './trust-services.ts';
import type { TrustWorld } from './trust-world.ts';

/** Read time-out of a download (facts 2.8; XRDDEV-2933). */
const READ_TIMEOUT_US = 30e6;

export class Configurations {
  readonly #state: TrustWorld;
  readonly #table: TrustTable;
  readonly #services: TrustServices;
  readonly #clocks: TrustClocks;
  readonly #instance: Int32Array;
  /** Of the instance. */
  readonly #validityUs: Float64Array;
  readonly #downloadUs: Float64Array;
  readonly #reloadUs: Float64Array;
  /** By instance: what its servers download, in order. */
  readonly #downloads: readonly (readonly number[])[];
  /** A run under way: which of the downloads, which source of it, and how the last one ended. */
  readonly #step: Int32Array;
  readonly #attempt: Int32Array;
  readonly #isTimedOut: Uint8Array;
  /** The job's events carry its number; those of one that was begun anew are void. */
  readonly #chain: Int32Array;
  /** The first run after a start: the proxy waits for it. */
  readonly #isFirstRun: Uint8Array;
  /** Servers' maintenance, as the central server knows it. */
  readonly #maintenance = new Map<number, History>();

  constructor(state: TrustWorld, table: TrustTable, services: TrustServices, clocks: TrustClocks) {
    const { plan } = state;
    const count = plan.servers.id.length;
    const durations = (
      name: 'globalConfValidity' | 'globalConfDownloadInterval' | 'globalConfReloadInterval',
    ): Float64Array =>
      Float64Array.from(plan.instances, ({ parameters }) => Number(parameters[name]));
    this.#state = state;
    this.#table = table;
    this.#services = services;
    this.#clocks = clocks;
    this.#instance = plan.servers.instance;
    this.#validityUs = durations('globalConfValidity');
    this.#downloadUs = durations('globalConfDownloadInterval');
    this.#reloadUs = durations('globalConfReloadInterval');
    this.#downloads = plan.instances.map(({ federatedWith }, own) =>
      [own, ...federatedWith].filter(
        (instance) => plan.hasTrust && plan.instances[instance].sources.length > 0,
      ),
    );
    this.#step = new Int32Array(count);
    this.#attempt = new Int32Array(count);
    this.#isTimedOut = new Uint8Array(count);
    this.#chain = new Int32Array(count);
    this.#isFirstRun = new Uint8Array(count);
  }

  /** What each server has at time 0 it got by the runs before; from now on the jobs are events. */
  begin(): void {
    const { confBaseUs } = this.#table;
    for (let server = 0; server < this.#instance.length; server++) {
      for (const instance of this.#downloads[this.#instance[server]]) {
        this.#holdFirst(server, instance);
      }
      this.#schedule(server, confBaseUs[server]);
    }
  }

  /** When what this server's proxy knows of an instance was signed; Infinity: it knows all. */
  viewUs(server: number, instance: number): number {
    this.#read(server, instance);
    return this.#table.viewGeneratedUs[server * this.#table.instanceCount + instance];
  }

  /** Whether the proxy's configuration of an instance has not expired, by its own clock. */
  isValid(server: number, instance: number): boolean {
    this.#read(server, instance);
    const row = this.#clocks.confRowOf(server, instance, this.#instance[server]);
    return !this.#clocks.hasRunOut(row, this.#state.nowUs);
  }

  isOwnValid(server: number): boolean {
    return this.isValid(server, this.#instance[server]);
  }

  /** Whether `server` is in maintenance in the eyes of `viewer`. */
  isInMaintenance(viewer: number, server: number): boolean {
    const history = this.#maintenance.get(server);
    if (history === undefined) return this.#state.plan.servers.isInMaintenance[server] === 1;
    return history.valueAt(this.viewUs(viewer, this.#instance[server])) === 1;
  }

  get hasMaintenance(): boolean {
    return this.#maintenance.size > 0;
  }

  maintain(server: number, value: number): void {
    const { plan, nowUs } = this.#state;
    const known = this.#maintenance.get(server);
    const history = known ?? new History();
    if (known === undefined) history.set(-Infinity, plan.servers.isInMaintenance[server]);
    history.set(nowUs, value);
    this.#maintenance.set(server, history);
  }

  /** The configuration client stops doing anything, or is started again. */
  hang(server: number, isHung: boolean): void {
    this.#table.isDownloaderHung[server] = Number(isHung);
    if (isHung) return;
    this.#table.confBaseUs[server] = this.#state.nowUs;
    this.#schedule(server, this.#state.nowUs);
  }

  /**
   * Its processes start: the files on the disk are what there is, the client downloads at once, and
   * the proxy comes after it (facts 9).
   */
  restarted(server: number): void {
    const { nowUs } = this.#state;
    const { pendingFromUs, instanceCount, confBaseUs, reloadBaseUs } = this.#table;
    this.#table.isDownloaderHung[server] = 0;
    for (const instance of this.#downloads[this.#instance[server]]) {
      const row = server * instanceCount + instance;
      pendingFromUs[row] = Math.min(pendingFromUs[row], nowUs);
      if (this.#table.pendingGeneratedUs[row] === Infinity) pendingFromUs[row] = Infinity;
      this.#read(server, instance);
    }
    confBaseUs[server] = nowUs;
    reloadBaseUs[server] = nowUs;
    this.#isFirstRun[server] = 1;
    this.#schedule(server, nowUs);
  }

  /** Reloads that are due have happened, before anything changes that judges them. */
  settle(server: number): void {
    for (const instance of this.#downloads[this.#instance[server]]) this.#read(server, instance);
  }

  /** Its clock was changed: every date is judged anew. */
  skewed(server: number): void {
    const { nowUs } = this.#state;
    for (const instance of this.#downloads[this.#instance[server]]) {
      this.#wind(server, instance, nowUs);
    }
  }

  download(server: number, chain: number): void {
    if (!this.#mayGoOn(server, chain)) return;
    this.#step[server] = 0;
    this.#attempt[server] = 0;
    this.#next(server);
  }

  /** A source has answered, or the client waits no longer. */
  downloaded(server: number, chain: number): void {
    if (!this.#mayGoOn(server, chain)) return;
    const { nowUs } = this.#state;
    const instance = this.#downloads[this.#instance[server]][this.#step[server]];
    const index = this.#indexOf(server, instance);
    const source = this.#sourceOf(server, instance, index);
    const generatedUs = this.#services.generatedUs(source, nowUs);
    const untilUs = confUntilUs(generatedUs, this.#validityUs[instance]);
    const isGood =
      this.#isTimedOut[server] === 0 &&
      this.#services.isRight(source) &&
      untilUs > nowUs + this.#table.skewUs[server];
    if (isGood) {
      this.#table.sourceIndex[server * this.#table.instanceCount + instance] = index;
      this.#hold(server, instance, generatedUs);
      this.#step[server]++;
      this.#attempt[server] = 0;
    } else {
      this.#attempt[server]++;
    }
    this.#next(server);
  }

  /** A hung or dead client goes on with nothing; the run it was in is over. */
  #mayGoOn(server: number, chain: number): boolean {
    if (this.#chain[server] !== chain || this.#state.isUp[server] === 0) return false;
    return this.#table.isDownloaderHung[server] === 0;
  }

  /** Asks the next source that does not refuse the connection; ends the run when all is done. */
  #next(server: number): void {
    const { timers, nowUs } = this.#state;
    const own = this.#instance[server];
    const downloads = this.#downloads[own];
    while (this.#step[server] < downloads.length) {
      const instance = downloads[this.#step[server]];
      if (this.#attempt[server] === this.#sourceCount(server, instance)) {
        // Without the own configuration the run fails, and the foreign ones are not tried
        // (ConfigurationClient.execute); a foreign one that fails stops nothing.
        if (instance === own) break;
        this.#step[server]++;
        this.#attempt[server] = 0;
        continue;
      }
      const source = this.#sourceOf(server, instance, this.#indexOf(server, instance));
      if (this.#services.isDown(source)) {
        this.#attempt[server]++;
        continue;
      }
      const endUs = this.#services.request(source, nowUs, 1, READ_TIMEOUT_US);
      this.#isTimedOut[server] = Number(this.#services.isTimedOut);
      timers.schedule(endUs, EventKind.TrustDownloaded, server, server, this.#chain[server]);
      return;
    }
    this.#isFirstRun[server] = 0;
    const intervalUs = this.#downloadUs[own];
    // Runs do not overlap: one that is late leaves out those that it met.
    this.#schedule(server, nextRunUs(nowUs + 1, this.#table.confBaseUs[server], intervalUs));
  }

  #schedule(server: number, timeUs: number): void {
    if (this.#downloads[this.#instance[server]].length === 0) return;
    const chain = ++this.#chain[server];
    this.#state.timers.schedule(timeUs, EventKind.TrustDownload, server, server, chain);
  }

  /** New files are on the disk; the proxy reads them at its next reload. */
  #hold(server: number, instance: number, generatedUs: number): void {
    const { nowUs } = this.#state;
    const { pendingGeneratedUs, pendingFromUs, reloadBaseUs, instanceCount } = this.#table;
    const row = server * instanceCount + instance;
    this.#read(server, instance);
    pendingGeneratedUs[row] = generatedUs;
    const isFirst = this.#isFirstRun[server] === 1;
    const reloadUs = this.#reloadUs[this.#instance[server]];
    pendingFromUs[row] = isFirst ? nowUs : nextRunUs(nowUs, reloadBaseUs[server], reloadUs);
    if (isFirst) this.#read(server, instance);
  }

  /** A reload that is due has happened; looked up late, because nothing else depends on it. */
  #read(server: number, instance: number): void {
    const { pendingFromUs, pendingGeneratedUs, viewGeneratedUs, instanceCount } = this.#table;
    const row = server * instanceCount + instance;
    const fromUs = pendingFromUs[row];
    if (fromUs > this.#state.nowUs) return;
    viewGeneratedUs[row] = pendingGeneratedUs[row];
    pendingFromUs[row] = Infinity;
    this.#wind(server, instance, fromUs);
  }

  #wind(server: number, instance: number, atUs: number): void {
    const { viewGeneratedUs, skewUs, instanceCount } = this.#table;
    const generatedUs = viewGeneratedUs[server * instanceCount + instance];
    const untilUs = confUntilUs(generatedUs, this.#validityUs[instance]) - skewUs[server];
    const clock = this.#clocks.confRowOf(server, instance, this.#instance[server]);
    this.#clocks.wind(clock, untilUs, atUs);
  }

  #holdFirst(server: number, instance: number): void {
    const { confBaseUs, reloadBaseUs, viewGeneratedUs, instanceCount, sourceIndex } = this.#table;
    const own = this.#instance[server];
    const row = server * instanceCount + instance;
    if (instance !== own) sourceIndex[row] = server % this.#sourceCount(server, instance);
    const source = this.#sourceOf(server, instance, sourceIndex[row]);
    const downloadUs = lastRunUs(-1, confBaseUs[server], this.#downloadUs[own]);
    const readUs = lastRunUs(-1, reloadBaseUs[server], this.#reloadUs[own]);
    const beforeUs = lastRunUs(readUs, confBaseUs[server], this.#downloadUs[own]);
    viewGeneratedUs[row] = this.#services.generatedUs(source, beforeUs);
    this.#wind(server, instance, readUs);
    if (downloadUs <= readUs) return;
    this.#table.pendingGeneratedUs[row] = this.#services.generatedUs(source, downloadUs);
    this.#table.pendingFromUs[row] = nextRunUs(
      downloadUs,
      reloadBaseUs[server],
      this.#reloadUs[own],
    );
  }

  /** The source that worked last comes first, then the others in order. */
  #indexOf(server: number, instance: number): number {
    const first = this.#table.sourceIndex[server * this.#table.instanceCount + instance];
    return (first + this.#attempt[server]) % this.#sourceCount(server, instance);
  }

  #sourceCount(server: number, instance: number): number {
    const { servers, instances } = this.#state.plan;
    if (instance === this.#instance[server]) return servers.confCount[server];
    return instances[instance].sources.length;
  }

  #sourceOf(server: number, instance: number, index: number): number {
    const { servers, instances, trustOrder } = this.#state.plan;
    const source =
      instance === this.#instance[server]
        ? trustOrder[servers.confFrom[server] + index]
        : instances[instance].sources[index];
    assert(source >= 0, 'a server has no source of a configuration');
    return source;
  }
}
