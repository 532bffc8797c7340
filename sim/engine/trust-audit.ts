/**
 * What is counted about trust, and a second opinion: each record that a message log takes is judged
 * again from dates and parameters alone, with arithmetic of its own, so that a cache or a clock
 * that let something through outside its time is found.
 *
 * Each exchange owes two records to the log of either server. What it has paid is a bit each, so
 * that an exchange that is answered without one of them is found, whatever the sums say.
 *
 *    31                           4    3        2         1        0
 *   +------------------------------+--------+---------+--------+---------+
 *   |     generation of the slot   | provider's records | consumer's ones |
 *   |                              |response| request |response| request |
 *   +------------------------------+--------+---------+--------+---------+
 *
 * A message is outside only if it was so already when its request reached the server: what runs out
 * while a message is under way does not undo the checks it has passed.
 */
import type { TrustOutcome, TrustSeries } from '../metrics/trust-outcome.ts';
import { Cause, prefixOf, Prefix } from '../protocol/fault.ts';
import { ClientStage, ServerStage } from '../protocol/exchange.ts';
import { NEVER_FAILED } from '../protocol/freshness.ts';
import type { TrustTable } from '../world/trust-table.ts';
import type { TrustClocks } from './trust-clocks.ts';
import type { Stamping } from './trust-stamping.ts';
import type { TrustWorld } from './trust-world.ts';

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

/** An OCSP answer, by its thisUpdate, and when the server got an older one in its place. */
interface Replaced {
  readonly heldUs: number;
  readonly goneUs: number;
}

const GENERATION_SHIFT = 4;
const ALL_RECORDS = 15;
const OF_CONSUMER = 3;
const OF_PROVIDER = 12;

export type TrustAudit = ReturnType<typeof createTrustAudit>;

export function createTrustAudit(
  world: TrustWorld,
  trust: TrustTable,
  clocks: TrustClocks,
  stamping: Stamping,
) {
  const { plan, table } = world;
  const { instances } = plan;
  const { instance, acceptableTimestampFailureUs, timestampImmediately } = plan.servers;
  const { clientServer, providerServer, requestInUs, providerRequestInUs } = table;
  const { generation, stage } = table;
  const { viewGeneratedUs, thisUpdateUs, firstFailedUs, skewUs, instanceCount, backlog } = trust;
  const count = plan.servers.id.length;
  const acceptedClient = new Float64Array(count);
  const acceptedServer = new Float64Array(count);
  const loggedClient = new Float64Array(count);
  const loggedServer = new Float64Array(count);
  const acceptedUnlogged = new Float64Array(count);
  /** By slot: which of its records the exchange has. */
  const records = new Int32Array(generation.length);
  const audited = new Float64Array(count);
  const outside = new Float64Array(count);
  const refused = new Float64Array(count);
  const loggedOfInstance = new Float64Array(instanceCount);
  const bucketRows = Math.ceil(plan.durationUs / plan.seriesBucketUs) * instanceCount;
  const seriesColumns: TrustSeries = {
    instanceCount,
    backlog: new Float64Array(bucketRows),
    logged: new Float64Array(bucketRows),
    stamped: new Float64Array(bucketRows),
    refusingServers: new Float64Array(bucketRows),
  };
  // Of each instance, as its parameters say.
  const rules = instances.map(({ parameters }) => parameters);
  const validityUs = Float64Array.from(rules, (rule) => Number(rule.globalConfValidity));
  const freshnessUs = Float64Array.from(rules, (rule) => Number(rule.ocspFreshness));
  const nextUpdateUs = Float64Array.from(rules, (rule) => Number(rule.ocspNextUpdate));
  const keyCacheUs = Float64Array.from(rules, (rule) => Number(rule.keyConfCachePeriod));
  const lastHeldUs = new Float64Array(count).fill(-Infinity);
  /** By server: answers that an older one replaced, in the order in which they went. */
  const replaced = Array.from({ length: count }, (): Replaced[] => []);
  const skewSeenUs = skewUs.slice();
  const skewBeforeUs = skewUs.slice();
  const skewSeenAtUs = new Float64Array(count).fill(-Infinity);
  const asksNextUpdate = Uint8Array.from(rules, (rule) => Number(rule.verifyNextUpdate === true));

  const logged = (slot: number, isProvider: boolean): void => {
    const server = isProvider ? providerServer[slot] : clientServer[slot];
    if (isProvider) loggedServer[server]++;
    else loggedClient[server]++;
    loggedOfInstance[instance[server]]++;
    note(slot, isProvider);
    if (!plan.hasTrust) return;
    audited[server]++;
    const sinceUs = isProvider ? providerRequestInUs[slot] : requestInUs[slot];
    const peer = peerOf(slot, isProvider);
    const isOutside =
      isConfigurationOutside(server, sinceUs) ||
      isAnswerOutside(server, server, sinceUs, keyCacheUs[instance[server]]) ||
      (peer !== -1 && isAnswerOutside(server, peer, sinceUs, 0)) ||
      isStampOutside(server, sinceUs);
    if (isOutside) outside[server]++;
  };

  const ended = (slot: number, fault: number): void => {
    const client = clientServer[slot];
    const provider = providerServer[slot];
    if (fault === 0) {
      acceptedClient[client]++;
      acceptedServer[provider]++;
      const has = recordsOf(slot);
      if ((has & OF_CONSUMER) !== OF_CONSUMER) acceptedUnlogged[client]++;
      if ((has & OF_PROVIDER) !== OF_PROVIDER) acceptedUnlogged[provider]++;
      return;
    }
    const prefix = prefixOf(fault);
    const isPeers = prefix === Prefix.ServerProxy || prefix === Prefix.ServerProxyServiceFailed;
    const server = isPeers ? provider : client;
    const cause = fault & 63;
    // A REST caller sees io_error for whatever failed while its request was signed and logged.
    const isHidden = cause === Cause.IoErrorUnsent && clocks.hasStopped(server, world.nowUs);
    if (server >= 0 && (OF_TRUST.includes(cause) || isHidden)) refused[server]++;
  };

  /** A server's signer has ended a fetch. */
  const answered = (server: number): void => {
    const heldUs = lastHeldUs[server];
    if (thisUpdateUs[server] < heldUs) replaced[server].push({ heldUs, goneUs: world.nowUs });
    lastHeldUs[server] = thisUpdateUs[server];
  };

  /** The end of a bucket of the time series. */
  const sample = (bucket: number): void => {
    const from = bucket * instanceCount;
    if (from + instanceCount > bucketRows) return;
    for (let server = 0; server < count; server++) {
      const row = from + instance[server];
      seriesColumns.backlog[row] += backlog[server];
      if (clocks.hasStopped(server, world.nowUs)) seriesColumns.refusingServers[row]++;
    }
    seriesColumns.logged.set(loggedOfInstance, from);
    seriesColumns.stamped.set(stamping.stampedOfInstance, from);
    loggedOfInstance.fill(0);
    stamping.stampedOfInstance.fill(0);
  };

  const series = (): TrustSeries => {
    // The run ends before the event at the end of its last bucket.
    if (plan.hasTrust) sample(Math.ceil(plan.durationUs / plan.seriesBucketUs) - 1);
    return seriesColumns;
  };

  const servers = (): TrustOutcome['servers'] => ({
    acceptedClient,
    acceptedServer,
    loggedClient,
    loggedServer,
    acceptedUnlogged,
    lost: stamping.lost,
    stamped: stamping.stamped,
    unstampedAtEnd: backlog.slice(),
    oldestUnstampedUs: Float64Array.from(backlog, (_, server) => stamping.oldestUs(server)),
    backlogMax: stamping.backlogMax,
    audited,
    acceptedOutsideTrust: outside,
    refused,
  });

  /** The record of the leg's present stage is committed. */
  const note = (slot: number, isProvider: boolean): void => {
    const now = stage[isProvider ? 2 * slot + 1 : 2 * slot];
    const isRequest = now === (isProvider ? ServerStage.Verified : ClientStage.Signed);
    const bit = (isRequest ? 1 : 2) << (isProvider ? 2 : 0);
    records[slot] = (generation[slot] << GENERATION_SHIFT) | recordsOf(slot) | bit;
  };

  /** What an earlier exchange left in the slot is none of this one's. */
  const recordsOf = (slot: number): number => {
    const own = generation[slot] << GENERATION_SHIFT;
    return (records[slot] & ~ALL_RECORDS) === own ? records[slot] & ALL_RECORDS : 0;
  };

  /** Whose answers the message came with; -1: it is the consumer's own request. */
  const peerOf = (slot: number, isProvider: boolean): number => {
    if (isProvider) return clientServer[slot];
    return stage[2 * slot] === ClientStage.Verified ? providerServer[slot] : -1;
  };

  const isConfigurationOutside = (server: number, sinceUs: number): boolean => {
    const of = instance[server];
    const signedUs = viewGeneratedUs[server * instanceCount + of];
    return clockUs(server, sinceUs) - signedUs >= validityUs[of];
  };

  /**
   * Judged by the freshest answer that the owner has held since `sinceUs`, or up to `goesOnUs`
   * before. A responder that lags makes a later answer an older one, and what was seen or sent
   * before it counts. A proxy goes on with a context of its own key for some minutes, too, as long
   * as the answer that it was made with is fresh (facts 5.2).
   */
  const isAnswerOutside = (
    verifier: number,
    owner: number,
    sinceUs: number,
    goesOnUs: number,
  ): boolean =>
    isTooOld(verifier, owner, sinceUs, thisUpdateUs[owner]) &&
    !replaced[owner].some(
      ({ heldUs, goneUs }) =>
        goneUs >= sinceUs - goesOnUs && !isTooOld(verifier, owner, sinceUs, heldUs),
    );

  const isTooOld = (verifier: number, owner: number, sinceUs: number, heldUs: number): boolean => {
    const of = instance[verifier];
    const ageUs = clockUs(verifier, sinceUs) - heldUs;
    if (ageUs > freshnessUs[of]) return true;
    const nextUs = nextUpdateUs[instance[owner]];
    return asksNextUpdate[of] === 1 && nextUs > 0 && ageUs > nextUs;
  };

  const isStampOutside = (server: number, sinceUs: number): boolean => {
    const acceptableUs = acceptableTimestampFailureUs[server];
    const failedUs = firstFailedUs[server];
    if (failedUs === NEVER_FAILED || acceptableUs === 0 || timestampImmediately[server] === 1) {
      return false;
    }
    return clockUs(server, sinceUs) - failedUs > acceptableUs;
  };

  /**
   * What a server's clock showed at a past instant. A jump is noticed with the first record after
   * it: what came before that is judged by the clock before or after it, whichever is behind.
   */
  const clockUs = (server: number, atUs: number): number => {
    if (skewUs[server] !== skewSeenUs[server]) {
      skewBeforeUs[server] = skewSeenUs[server];
      skewSeenUs[server] = skewUs[server];
      skewSeenAtUs[server] = world.nowUs;
    }
    if (atUs >= skewSeenAtUs[server]) return atUs + skewUs[server];
    return atUs + Math.min(skewBeforeUs[server], skewUs[server]);
  };

  return { logged, ended, answered, sample, series, servers };
}
