/**
 * What one security server trusts, and until when: its copy of the global configuration, the OCSP
 * answers about its own certificates and its peers', its token, its time-stamps. All of it ages by
 * the network's clock and is renewed by jobs, as X-Road has them (facts 5, 6, 9):
 *
 *   configuration client    downloads into the folder, every 60 s as shipped
 *   reload                  what is in the folder becomes the view of the proxy, every 60 s
 *   OCSP                    the signer asks about its certificates, every 20 minutes
 *   time-stamping           what was logged meanwhile, every 60 s
 *
 * A server that has just been started runs each of them once, so that it is ready when it listens;
 * from then on they have phases of their own. What follows from the dates are the rules of
 * protocol/freshness.ts; here is only who holds them.
 */
import { join } from 'node:path';
import { ocspPauseUs, strategyOrder } from '../protocol/freshness.ts';
import { anchorsOf, intermediatesOf, memberOf, parameterOf, timeoutOf } from './configuration.ts';
import type { KnownInstance, KnownServer, ServerView } from './configuration.ts';
import { readCertificate } from './evidence/certificate.ts';
import type { ConfigurationAnchor } from './globalconf/anchor.ts';
import { ConfigurationClient } from './globalconf/configuration-client.ts';
import type { AllowedFederations } from './globalconf/configuration-client.ts';
import { ConfigurationFolder } from './globalconf/configuration-folder.ts';
import type { GlobalConfiguration } from './globalconf/configuration-folder.ts';
import { knownInstanceOf } from './globalconf/known-instance.ts';
import { TimeStamper } from './log/time-stamper.ts';
import type { StampingView } from './log/time-stamper.ts';
import type { Endpoint, Listener } from './loopback.ts';
import type { MessageLog } from './message-log.ts';
import type { OcspSource } from './signing/ocsp-source.ts';
import { startHealthPort } from './trust-jobs/health-port.ts';
import { KeyContexts } from './trust-jobs/key-contexts.ts';
import { startOcspPort } from './trust-jobs/ocsp-port.ts';
import type { OcspPort } from './trust-jobs/ocsp-port.ts';
import { answerLimitsOf, OwnAnswers } from './trust-jobs/own-answers.ts';
import { PeerAnswers } from './trust-jobs/peer-answers.ts';
import { RepeatedJob } from './trust-jobs/repeated-job.ts';
import type { ServerClock } from './trust-jobs/server-clock.ts';
import type { SoftToken } from './trust-jobs/soft-token.ts';

/** When each job is due for the first time after the start, on the network's clock. */
export interface JobPhases {
  readonly configurationMs: number;
  readonly reloadMs: number;
  readonly ocspMs: number;
  readonly stampingMs: number;
}

export interface ServerTrustSetUp {
  readonly view: ServerView;
  readonly clock: ServerClock;
  readonly messageLog: MessageLog;
  readonly token: SoftToken;
  /** Folders for the configuration and for OCSP answers are made in it. */
  readonly folder: string;
  /** Of servers whose address names no port. */
  readonly messagePort: number;
  readonly phases: JobPhases;
  readonly allowedFederations: AllowedFederations;
  /** Port 5577 of another server. */
  readonly ocspEndpointOf: (server: KnownServer) => Endpoint;
}

const US_PER_MS = 1000;
const US_PER_SECOND = 1e6;
/** Of a download (facts 2.8): a connection in 10 s, an answer in 30 s. */
const DOWNLOAD_MS = 30_000;
/** On a compressed clock an honest answer still takes its time on the wall. */
const DOWNLOAD_REAL_MS_MIN = 2000;
/** OcspClientExecuteScheduler: after a start, and after a pass without a valid configuration. */
const OCSP_START_MS = 5000;
const OCSP_WITHOUT_CONFIGURATION_MS = 60_000;

/** Spread evenly over the intervals: `share` of each, more than 0 and at most 1. */
export function spreadPhases(view: ServerView, share: number): JobPhases {
  const { synchronisedJobs } = view.parameters;
  const part = synchronisedJobs === true ? 1 : share;
  return {
    configurationMs: part * timeoutOf(view, 'globalConfDownloadInterval'),
    reloadMs: part * timeoutOf(view, 'globalConfReloadInterval'),
    ocspMs: part * timeoutOf(view, 'ocspFetchInterval'),
    stampingMs: 0,
  };
}

export class ServerTrust implements OcspSource {
  readonly token: SoftToken;
  readonly #setUp: ServerTrustSetUp;
  readonly #folder: ConfigurationFolder;
  readonly #answers: OwnAnswers;
  readonly #contexts: KeyContexts;
  readonly #peers: PeerAnswers;
  readonly #reload: RepeatedJob;
  readonly #ocsp: RepeatedJob;
  /** What is out of order at this server from outside; it is put over whatever was loaded. */
  readonly #distortions: ((view: ServerView) => void)[] = [];
  #loaded: ReadonlyMap<string, GlobalConfiguration> = new Map();
  #client: ConfigurationClient | null = null;
  #stamper: TimeStamper;
  readonly #pending = new Set<() => void>();
  #ocspPort: OcspPort | null = null;
  #healthPort: Listener | null = null;
  #isHalted = false;
  #isClosed = false;
  isInMaintenance = false;

  constructor(setUp: ServerTrustSetUp) {
    const { view, clock, token, folder } = setUp;
    this.#setUp = setUp;
    this.token = token;
    this.#folder = new ConfigurationFolder(join(folder, 'configuration'));
    this.#answers = new OwnAnswers({
      folder: join(folder, 'ocsp'),
      clock,
      configuration: () => this.#validOwn(),
      certificates: () => token.certificates(),
      strategy: String(view.parameters.ocspStrategy),
    });
    this.#contexts = new KeyContexts({
      clock,
      answers: this.#answers,
      isTokenUsable: () => token.isUsable,
      limits: () => (this.#own === null ? null : answerLimitsOf(this.#own)),
      intermediatesOf: (certificate) => token.chainOf(certificate),
      periodUs: parameterOf(view, 'keyConfCachePeriod'),
    });
    this.#peers = new PeerAnswers(() => clock.nowMs());
    this.#reload = new RepeatedJob(clock, async () => {
      await this.reload();
      return timeoutOf(view, 'globalConfReloadInterval');
    });
    this.#ocsp = new RepeatedJob(clock, () => this.#fetchAnswers());
    this.#stamper = this.#newStamper();
  }

  /** Downloads, loads and asks once, and begins with its jobs. */
  async start(anchor: ConfigurationAnchor): Promise<void> {
    const { view, clock, phases, allowedFederations } = this.#setUp;
    const client = new ConfigurationClient({
      anchor,
      folder: this.#folder,
      clock,
      intervalMs: timeoutOf(view, 'globalConfDownloadInterval'),
      timeoutMs: Math.max(Math.ceil(clock.realMs(DOWNLOAD_MS)), DOWNLOAD_REAL_MS_MIN),
      allowedFederations,
      random: Math.random,
      onRun: null,
    });
    this.#client = client;
    await tryHard(async () => (await client.run()).own.expiresMs !== null);
    await this.reload();
    await tryHard(async () => (await this.#answers.fetch()) === 'done');
    if (this.#isClosed) return;
    // What a proxy has it loaded when it came up.
    for (const certificate of this.token.certificates()) this.isUsable(certificate);
    this.#later(phases.configurationMs, () => client.start());
    this.#later(phases.stampingMs, () => this.#stamper.start());
    this.#reload.start(phases.reloadMs);
    this.#ocsp.start(phases.ocspMs);
  }

  /** Ports 5577 and of the health check. */
  async listen(ocspAt: Endpoint, healthAt: Endpoint): Promise<void> {
    this.#ocspPort = await startOcspPort(ocspAt, (hash) => this.#answers.ofHash(hash));
    this.#healthPort = await startHealthPort(healthAt, () => ({
      isInMaintenance: this.isInMaintenance,
      isConfigurationValid: this.#isOwnInView(),
      isAuthenticationUsable: this.isAuthenticationUsable(),
    }));
  }

  get ocspPort(): OcspPort | null {
    return this.#ocspPort;
  }

  get healthEndpoint(): Endpoint | null {
    return this.#healthPort;
  }

  /** Null: it has not been started. */
  get configurationClient(): ConfigurationClient | null {
    return this.#client;
  }

  /** As it was loaded last, valid or not; null: nothing is known of the instance. */
  configurationOf(instance: string): GlobalConfiguration | null {
    return this.#loaded.get(instance) ?? null;
  }

  get configurationFolder(): ConfigurationFolder {
    return this.#folder;
  }

  get timeStamper(): TimeStamper {
    return this.#stamper;
  }

  /** Whether the server has a key to show up with. */
  isAuthenticationUsable(): boolean {
    const { authentication } = this.#setUp.view;
    if (authentication === null) return false;
    return this.isUsable(this.token.derOf(authentication.certificatePem));
  }

  /** Whether the proxy may use the key of this certificate now. */
  isUsable(certificateDer: Buffer): boolean {
    return this.#contexts.isUsable(certificateDer);
  }

  of(certificateDer: Buffer): Buffer | null {
    return this.#answers.of(certificateDer);
  }

  /** Whether a provider's server is trusted by its certificate; `provider` is a subsystem. */
  isPeerTrusted(
    certificateDer: Buffer,
    server: KnownServer,
    provider: string,
    instance: KnownInstance,
  ): Promise<boolean> {
    const { view, ocspEndpointOf } = this.#setUp;
    return this.#peers.isTrusted({
      certificates: [certificateDer, ...intermediatesOf(instance, certificateDer)],
      member: memberOf(provider),
      anchors: anchorsOf(view, instance),
      endpoint: ocspEndpointOf(server),
    });
  }

  /** From now on, after every reload. */
  distort(change: (view: ServerView) => void): void {
    this.#distortions.push(change);
    change(this.#setUp.view);
  }

  /** The proxy reads what the configuration client has left. */
  async reload(): Promise<void> {
    const { view, messagePort } = this.#setUp;
    const { configurations, problems } = await this.#folder.load();
    if (this.#isClosed) return;
    const next = new Map(configurations);
    // Where the files cannot be used what was loaded before stays.
    for (const [id, old] of this.#loaded) {
      if (!next.has(id) && problems.has(id)) next.set(id, old);
    }
    this.#loaded = next;
    view.instances.clear();
    for (const [id, one] of next) view.instances.set(id, knownInstanceOf(one, messagePort));
    view.ocspFreshnessSeconds = this.#own?.shared.ocspFreshnessSeconds ?? null;
    for (const change of this.#distortions) change(view);
  }

  /** A token that is logged out signs nothing; key contexts live on until they run out. */
  lock(): void {
    this.token.logOut();
  }

  /** False: the PIN is wrong. */
  logIn(pin: string): boolean {
    return this.token.logIn(pin);
  }

  /** Its clock is ahead by so much; what the proxy holds of keys it judges again. */
  skew(skewMs: number): void {
    this.#setUp.clock.skewMs = skewMs;
    this.#contexts.forget();
  }

  /** All its processes are gone, with their ports; `restart` brings them back. */
  async halt(): Promise<void> {
    this.#isHalted = true;
    for (const cancel of this.#pending) cancel();
    this.#pending.clear();
    this.#reload.pause();
    this.#ocsp.pause();
    this.#client?.hang();
    const ports = [this.#ocspPort?.close(), this.#healthPort?.close()];
    await Promise.all([this.#stamper.close(), ...ports]);
  }

  /**
   * A restart of all its processes: what was in memory is gone, the clock of a failing time-stamper
   * too; what is on disk stays (facts 5.2, 5.3, 9). `pin` null: nobody gives it.
   */
  async restart(pin: string | null): Promise<void> {
    for (const cancel of this.#pending) cancel();
    this.#pending.clear();
    await this.#stamper.close();
    this.#stamper = this.#newStamper();
    this.#stamper.start();
    this.#contexts.forget();
    this.#peers.forget();
    this.#answers.readFolder();
    this.token.logOut();
    if (pin !== null) this.token.logIn(pin);
    this.#client?.restart();
    await this.reload();
    this.#ocsp.start(OCSP_START_MS);
    if (!this.#isHalted) return;
    this.#isHalted = false;
    this.#reload.start(timeoutOf(this.#setUp.view, 'globalConfReloadInterval'));
    const [ocsp, health] = [this.#ocspPort, this.#healthPort];
    if (ocsp === null || health === null) return;
    await this.listen(ocsp, health);
    if (this.ocspPort !== null) this.ocspPort.isBlocked = ocsp.isBlocked;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const cancel of this.#pending) cancel();
    this.#answers.close();
    this.#peers.close();
    await Promise.all([
      this.#reload.close(),
      this.#ocsp.close(),
      this.#client?.close(),
      this.#stamper.close(),
      this.#ocspPort?.close(),
      this.#healthPort?.close(),
    ]);
  }

  get #own(): GlobalConfiguration | null {
    return this.#loaded.get(this.#setUp.view.instance) ?? null;
  }

  #validOwn(): GlobalConfiguration | null {
    const own = this.#own;
    return own !== null && own.expiresMs > this.#setUp.clock.nowMs() ? own : null;
  }

  #isOwnInView(): boolean {
    const { view, clock } = this.#setUp;
    return (view.instances.get(view.instance)?.expiresMs ?? 0) > clock.nowMs();
  }

  async #fetchAnswers(): Promise<number> {
    const { view } = this.#setUp;
    const outcome = await this.#answers.fetch();
    if (outcome === 'no-configuration') return OCSP_WITHOUT_CONFIGURATION_MS;
    const seconds = this.#own?.ocsp.fetchIntervalSeconds ?? null;
    const intervalUs =
      seconds === null ? parameterOf(view, 'ocspFetchInterval') : seconds * US_PER_SECOND;
    const retryUs = parameterOf(view, 'ocspFetchRetry');
    return ocspPauseUs(outcome === 'failed', intervalUs, retryUs) / US_PER_MS;
  }

  #newStamper(): TimeStamper {
    const { messageLog, clock } = this.#setUp;
    return new TimeStamper({ log: messageLog, clock, view: () => this.#stampingView() });
  }

  #stampingView(): StampingView {
    const { view } = this.#setUp;
    const own = this.#validOwn();
    const approved = this.#own?.shared.timeStampers ?? [];
    const { authorities } = view.timeStamping;
    const isPaid = authorities.map((url) =>
      approved.some((one) => one.url === url && one.costType === 'PAID'),
    );
    const order = strategyOrder(String(view.parameters.timeStampingStrategy), isPaid);
    const seconds = this.#own?.private?.timeStampingIntervalSeconds ?? null;
    return {
      urls: order.map((index) => authorities[index]),
      known: own === null ? null : approved.map(({ certificate }) => readCertificate(certificate)),
      intervalUs:
        seconds === null ? parameterOf(view, 'timeStampingInterval') : seconds * US_PER_SECOND,
      retryDelayUs: parameterOf(view, 'timeStampRetryDelay'),
      recordsLimit: parameterOf(view, 'timeStampRecordsLimit'),
      acceptableFailureUs: parameterOf(view, 'acceptableTimestampFailure'),
      isImmediate: view.parameters.timestampImmediately === true,
    };
  }

  #later(networkMs: number, act: () => void): void {
    const cancel = this.#setUp.clock.after(networkMs, () => {
      this.#pending.delete(cancel);
      act();
    });
    this.#pending.add(cancel);
  }
}

const TRIES_MAX = 3;

/** At a start all servers of a network ask at once, and a busy machine may answer some too late. */
async function tryHard(act: () => Promise<boolean>): Promise<void> {
  for (let tried = 0; tried < TRIES_MAX; tried++) if (await act()) return;
}
