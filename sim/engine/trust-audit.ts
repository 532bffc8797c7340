/**
 * What is counted about trust, and a second opinion: each record that a message log takes is judged
 * again from dates and parameters alone, with arithmetic of its own, so that a cache or a clock
 * that let something through outside its time is found.
 *
 * A message is outside only if it was so already when its request reached the server: what runs out
 * while a message is under way does not undo the checks it has passed.
 */
import type { TrustOutcome, TrustSeries } from '../metrics/trust-outcome.ts';
import { Cause, prefixOf, Prefix } from '../protocol/fault.ts';
import type { TrustTable } from '../world/trust-table.ts';
import type { TrustWorld } from './trust-world.ts';
import type { TrustClocks } from './trust-clocks.ts';
import type { Stamping } from './trust-stamping.ts';

/** Causes that come of nothing but trust that has run out. */
const OF_TRUST: readonly number[] = [
  Cause.GlobalConfOutdated,
  Cause.SslAuthenticationFailed,
  Cause.CannotCreateSignature,
  Cause.CannotCreateCertPath,
  Cause.IncorrectValidationInfo,
  Cause.CertValidation,
  Cause.TimestampingFailed,
  Cause.NoTimestampingProvider,
];

export class TrustAudit {
  readonly #state: TrustWorld;
  readonly #table: TrustTable;
  readonly #clocks: TrustClocks;
  readonly #stamping: Stamping;
  readonly #acceptedClient: Float64Array;
  readonly #acceptedServer: Float64Array;
  readonly #loggedClient: Float64Array;
  readonly #loggedServer: Float64Array;
  readonly #audited: Float64Array;
  readonly #outside: Float64Array;
  readonly #refused: Float64Array;
  readonly #loggedOfInstance: Float64Array;
  /** Of each instance, as its parameters say; 0: answers have no nextUpdate that matters. */
  readonly #validityUs: Float64Array;
  readonly #freshnessUs: Float64Array;
  readonly #nextUpdateUs: Float64Array;
  readonly #verifiesNextUpdate: Uint8Array;
  readonly #series: TrustSeries;

  constructor(state: TrustWorld, table: TrustTable, clocks: TrustClocks, stamping: Stamping) {
    const { plan } = state;
    const count = plan.servers.id.length;
    this.#state = state;
    this.#table = table;
    this.#clocks = clocks;
    this.#stamping = stamping;
    this.#acceptedClient = new Float64Array(count);
    this.#acceptedServer = new Float64Array(count);
    this.#loggedClient = new Float64Array(count);
    this.#loggedServer = new Float64Array(count);
    this.#audited = new Float64Array(count);
    this.#outside = new Float64Array(count);
    this.#refused = new Float64Array(count);
    const rules = plan.instances.map(({ parameters }) => parameters);
    this.#validityUs = Float64Array.from(rules, (rule) => Number(rule.globalConfValidity));
    this.#freshnessUs = Float64Array.from(rules, (rule) => Number(rule.ocspFreshness));
    this.#nextUpdateUs = Float64Array.from(rules, (rule) => Number(rule.ocspNextUpdate));
    this.#verifiesNextUpdate = Uint8Array.from(rules, (rule) =>
      Number(rule.verifyNextUpdate === true),
    );
    const instanceCount = plan.instances.length;
    this.#loggedOfInstance = new Float64Array(instanceCount);
    const rows = Math.ceil(plan.durationUs / plan.seriesBucketUs) * instanceCount;
    this.#series = {
      instanceCount,
      backlog: new Float64Array(rows),
      logged: new Float64Array(rows),
      stamped: new Float64Array(rows),
      refusingServers: new Float64Array(rows),
    };
  }

  logged(slot: number, isProvider: boolean): void {
    const { table, plan } = this.#state;
    const server = isProvider ? table.providerServer[slot] : table.clientServer[slot];
    if (isProvider) this.#loggedServer[server]++;
    else this.#loggedClient[server]++;
    this.#loggedOfInstance[plan.servers.instance[server]]++;
    if (!plan.hasTrust) return;
    this.#audited[server]++;
    const sinceUs = isProvider ? table.providerRequestInUs[slot] : table.requestInUs[slot];
    const isOutside =
      this.#isConfigurationOutside(server, sinceUs) ||
      this.#isAnswerOutside(server, server, sinceUs) ||
      (isProvider && this.#isAnswerOutside(server, table.clientServer[slot], sinceUs)) ||
      this.#isStampOutside(server, sinceUs);
    if (isOutside) this.#outside[server]++;
  }

  ended(slot: number, fault: number): void {
    const { table } = this.#state;
    const client = table.clientServer[slot];
    const provider = table.providerServer[slot];
    if (fault === 0) {
      this.#acceptedClient[client]++;
      this.#acceptedServer[provider]++;
      return;
    }
    const prefix = prefixOf(fault);
    const isPeers = prefix === Prefix.ServerProxy || prefix === Prefix.ServerProxyServiceFailed;
    const server = isPeers ? provider : client;
    const cause = fault & 63;
    // A REST caller sees io_error for whatever failed while its request was signed and logged.
    const isHidden = cause === Cause.IoErrorUnsent && this.#clocks.hasStopped(server, this.#now);
    if (server >= 0 && (OF_TRUST.includes(cause) || isHidden)) this.#refused[server]++;
  }

  /** The end of a bucket of the time series. */
  sample(bucket: number): void {
    const { plan } = this.#state;
    const { backlog, logged, stamped, refusingServers, instanceCount } = this.#series;
    const from = bucket * instanceCount;
    if (from + instanceCount > backlog.length) return;
    for (let server = 0; server < plan.servers.id.length; server++) {
      const row = from + plan.servers.instance[server];
      backlog[row] += this.#table.backlog[server];
      if (this.#clocks.hasStopped(server, this.#now)) refusingServers[row]++;
    }
    logged.set(this.#loggedOfInstance, from);
    stamped.set(this.#stamping.stampedOfInstance, from);
    this.#loggedOfInstance.fill(0);
    this.#stamping.stampedOfInstance.fill(0);
  }

  series(): TrustSeries {
    // The run ends before the event at the end of its last bucket.
    const { durationUs, seriesBucketUs, hasTrust } = this.#state.plan;
    if (hasTrust) this.sample(Math.ceil(durationUs / seriesBucketUs) - 1);
    return this.#series;
  }

  servers(): TrustOutcome['servers'] {
    const { backlog } = this.#table;
    return {
      acceptedClient: this.#acceptedClient,
      acceptedServer: this.#acceptedServer,
      loggedClient: this.#loggedClient,
      loggedServer: this.#loggedServer,
      lost: this.#stamping.lost,
      stamped: this.#stamping.stamped,
      unstampedAtEnd: backlog.slice(),
      oldestUnstampedUs: Float64Array.from(backlog, (_, server) => this.#stamping.oldestUs(server)),
      backlogMax: this.#stamping.backlogMax,
      audited: this.#audited,
      acceptedOutsideTrust: this.#outside,
      refused: this.#refused,
    };
  }

  get #now(): number {
    return this.#state.nowUs;
  }

  #isConfigurationOutside(server: number, sinceUs: number): boolean {
    const instance = this.#state.plan.servers.instance[server];
    const { viewGeneratedUs, instanceCount, skewUs } = this.#table;
    const signedUs = viewGeneratedUs[server * instanceCount + instance];
    return sinceUs + skewUs[server] - signedUs >= this.#validityUs[instance];
  }

  #isAnswerOutside(verifier: number, owner: number, sinceUs: number): boolean {
    const { instance } = this.#state.plan.servers;
    const { thisUpdateUs, skewUs } = this.#table;
    const rules = instance[verifier];
    const ageUs = sinceUs + skewUs[verifier] - thisUpdateUs[owner];
    if (ageUs > this.#freshnessUs[rules]) return true;
    const nextUs = this.#nextUpdateUs[instance[owner]];
    return this.#verifiesNextUpdate[rules] === 1 && nextUs > 0 && ageUs > nextUs;
  }

  #isStampOutside(server: number, sinceUs: number): boolean {
    const { acceptableTimestampFailureUs, timestampImmediately } = this.#state.plan.servers;
    const acceptableUs = acceptableTimestampFailureUs[server];
    if (acceptableUs === 0 || timestampImmediately[server] === 1) return false;
    const { firstFailedUs, skewUs } = this.#table;
    return (
      sinceUs + skewUs[server] - firstFailedUs[server] > acceptableUs &&
      firstFailedUs[server] !== -Infinity
    );
  }
}
