/**
 * A security server's configuration client (facts 5.1 and 6; CC's ConfigurationClient): the own
 * configuration from the anchor, then those of the federated instances that the own private
 * parameters name and the server's administrator allows.
 *
 *  - It runs at once and then every interval of the network's clock, never twice at a time.
 *  - Where the own download fails, no foreign one is tried; a foreign one that fails is no failure.
 *  - Folders of instances that are no longer federated are deleted, those that failed stay.
 *  - A client that hangs is silent: nothing runs until it is restarted (X-Road's issue 2849).
 */
import { nextRunUs } from '../../protocol/freshness.ts';
import type { NetworkClock } from '../network-clock.ts';
import type { ConfigurationAnchor } from './anchor.ts';
import { ConfigurationError, ConfigurationFault } from './configuration-error.ts';
import type { ConfigurationFolder } from './configuration-folder.ts';
import { ContentIdentifier } from './directory.ts';
import { downloadFrom, locationsOf, versionedLocation } from './download.ts';
import type { Attempt, Fetching, Location } from './download.ts';

/** `configuration-client.allowed-federations`: none as shipped (facts 6). */
export type AllowedFederations = 'none' | 'all' | readonly string[];

export interface ConfigurationClientOptions {
  readonly anchor: ConfigurationAnchor;
  readonly folder: ConfigurationFolder;
  readonly clock: NetworkClock;
  /** Of the network: 60 s as shipped. */
  readonly intervalMs: number;
  /** For one request, in real time. */
  readonly timeoutMs: number;
  readonly allowedFederations: AllowedFederations;
  /** Uniform in [0, 1): shuffles the sources. */
  readonly random: () => number;
  /** Told after each run; null: nobody is. */
  readonly onRun: ((report: DownloadReport) => void) | null;
}

export interface InstanceReport {
  readonly instance: string;
  /** In their order; the last is the success, if there was one. */
  readonly attempts: readonly Attempt[];
  /** Null: it failed, and what was on disk stays. */
  readonly expiresMs: number | null;
  /** Files whose bytes were fetched; the others had not changed. */
  readonly fetched: readonly string[];
}

export interface DownloadReport {
  readonly atMs: number;
  readonly own: InstanceReport;
  readonly foreign: readonly InstanceReport[];
}

export class ConfigurationClient {
  /** An administrator may put another one here. */
  anchor: ConfigurationAnchor;
  readonly folder: ConfigurationFolder;
  readonly #options: ConfigurationClientOptions;
  readonly #givenUp = new AbortController();
  /** By the address without a version: where it last went well, its version included. */
  readonly #remembered = new Map<string, Location>();
  #running: Promise<DownloadReport> | null = null;
  #cancel: (() => void) | null = null;
  #sinceUs = 0;
  #isHung = false;

  constructor(options: ConfigurationClientOptions) {
    this.#options = options;
    this.anchor = options.anchor;
    this.folder = options.folder;
  }

  start(): void {
    this.#sinceUs = this.#nowUs();
    this.#runAndSchedule();
  }

  /** From now on no run begins, and nobody is told. */
  hang(): void {
    this.#isHung = true;
  }

  /** A restart of the process: it forgets what it remembered and runs at once. */
  restart(): void {
    this.#isHung = false;
    this.#remembered.clear();
    this.#cancel?.();
    this.start();
  }

  /** One run outside of the schedule; while one is under way it is that one. */
  run(): Promise<DownloadReport> {
    this.#running ??= this.#download().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  /** Ends the schedule and what is under way. */
  async close(): Promise<void> {
    this.#givenUp.abort();
    this.#cancel?.();
    this.#cancel = null;
    await this.#running?.catch(() => undefined);
  }

  #nowUs(): number {
    return this.#options.clock.nowMs() * 1000;
  }

  #runAndSchedule(): void {
    const { clock, intervalMs, onRun } = this.#options;
    this.#cancel = null;
    const schedule = (): void => {
      if (this.#givenUp.signal.aborted || this.#cancel !== null) return;
      // A fixed rate: a run that took longer than the interval lets its turns pass.
      const nowUs = this.#nowUs();
      const nextUs = nextRunUs(nowUs + 1, this.#sinceUs, intervalMs * 1000);
      this.#cancel = clock.after((nextUs - nowUs) / 1000, () => this.#runAndSchedule());
    };
    if (this.#isHung) {
      schedule();
      return;
    }
    void this.run()
      .then((report) => {
        if (!this.#givenUp.signal.aborted) onRun?.(report);
      })
      .finally(schedule);
  }

  async #download(): Promise<DownloadReport> {
    const { clock, folder } = this.#options;
    const atMs = clock.nowMs();
    const { anchor } = this;
    await folder.storeInstanceName(anchor.instance);
    const own = await this.#downloadInstance(anchor, null);
    if (own.expiresMs === null) return { atMs, own, foreign: [] };
    const anchors = (await this.#federated(anchor.instance)).filter(({ instance }) =>
      this.#isAllowed(instance),
    );
    await folder.keepOnly([anchor.instance, ...anchors.map(({ instance }) => instance)]);
    const foreign: InstanceReport[] = [];
    for (const one of anchors) {
      foreign.push(await this.#downloadInstance(one, [ContentIdentifier.Shared]));
    }
    return { atMs, own, foreign };
  }

  async #federated(own: string): Promise<readonly ConfigurationAnchor[]> {
    const { configurations } = await this.folder.load();
    return configurations.get(own)?.private?.anchors ?? [];
  }

  /** The own instance is no federation, whatever an anchor calls itself. */
  #isAllowed(instance: string): boolean {
    const { allowedFederations } = this.#options;
    if (instance === this.anchor.instance || allowedFederations === 'none') return false;
    // The setting is compared without regard to case (FederationConfigurationSourceFilterImpl).
    const isSame = (one: string): boolean => one.toLowerCase() === instance.toLowerCase();
    return allowedFederations === 'all' || allowedFederations.some(isSame);
  }

  async #downloadInstance(
    anchor: ConfigurationAnchor,
    only: readonly string[] | null,
  ): Promise<InstanceReport> {
    const { folder, clock, timeoutMs, random } = this.#options;
    const { instance } = anchor;
    const signal = this.#givenUp.signal;
    const fetching: Fetching = { folder, nowMs: () => clock.nowMs(), timeoutMs, signal };
    const known = (await folder.load()).configurations.get(instance) ?? null;
    const locations = locationsOf(anchor, known?.shared ?? null, random);
    const remembered = locations.find(({ url }) => this.#remembered.has(url));
    const first = remembered === undefined ? undefined : this.#remembered.get(remembered.url);
    const tries = locations.map((location) => ({ key: location.url, location }));
    if (remembered !== undefined && first !== undefined) {
      tries.unshift({ key: remembered.url, location: first });
    }
    const attempts: Attempt[] = [];
    for (const { key, location } of tries) {
      let { url } = location;
      try {
        signal.throwIfAborted();
        const versioned = await versionedLocation(location, fetching);
        ({ url } = versioned);
        const { directory, parts } = await downloadFrom(versioned, instance, only, fetching);
        await folder.store(instance, parts);
        this.#remembered.set(key, versioned);
        attempts.push({ url, error: null });
        const fetched = parts.filter(({ content }) => content !== null).map(({ file }) => file);
        return { instance, attempts, expiresMs: directory.expiresMs, fetched };
      } catch (error) {
        this.#remembered.delete(key);
        attempts.push({ url, error: told(error) });
      }
    }
    return { instance, attempts, expiresMs: null, fetched: [] };
  }
}

/** A full disk and the like: the run has failed there, and the next one tries again. */
function told(error: unknown): ConfigurationError {
  if (error instanceof ConfigurationError) return error;
  const isOfSystem = error instanceof Error && ('code' in error || error.name === 'AbortError');
  if (!isOfSystem) throw error;
  return new ConfigurationError(ConfigurationFault.Integrity, String(error));
}
