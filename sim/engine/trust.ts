/**
 * Trust state in virtual time: the jobs, caches and clocks of every security server, behind the few
 * questions that the message path asks.
 *
 * A patch changes the truth only. What a server believes follows by its own jobs: configurations by
 * generation, download and reload, revocation by the age of OCSP answers, rights by a cache. So
 * servers fail one after the other and recover one after the other (facts 13.2).
 *
 * The questions are asked several times an exchange, so each compares a few numbers of columns; all
 * dates are kept in true time for that. See trust-clocks.ts for how intervals are found.
 */
import { PatchColumn } from '../plan/plan.ts';
import type { TrustOutcome } from '../metrics/trust-outcome.ts';
import { Effect } from '../protocol/effect.ts';
import { Cause } from '../protocol/fault.ts';
import { TrustTable } from '../world/trust-table.ts';
import { EventKind } from './event-kind.ts';
import type { TrustWorld } from './trust-world.ts';
import { TrustAccess } from './trust-access.ts';
import { createTrustAudit } from './trust-audit.ts';
import { TrustClocks } from './trust-clocks.ts';
import { Configurations } from './trust-configuration.ts';
import { createTrustFacts } from './trust-facts.ts';
import { Keys } from './trust-keys.ts';
import { TrustServices } from './trust-services.ts';
import { createStamping } from './trust-stamping.ts';
import { createVerdicts } from './trust-verdicts.ts';

export type Trust = ReturnType<typeof createTrust>;

export function createTrust(state: TrustWorld, replicationIndex = 0) {
  const { plan } = state;
  const { timestampImmediately: stampsAtOnce } = plan.servers;
  const hasStampsAtOnce = stampsAtOnce.includes(1);
  /** What the message path reads itself: slowness of commits, batches, versions. */
  const table = new TrustTable(plan);
  const clocks = new TrustClocks(plan);
  const services = new TrustServices(plan, replicationIndex);
  const shared = [state, table, services, clocks] as const;
  const configurations = new Configurations(...shared);
  const verdicts = createVerdicts(state, table, clocks, configurations);
  const keys = new Keys(...shared, verdicts);
  const stamping = createStamping(...shared, configurations);
  const access = new TrustAccess(state, configurations);
  const audit = createTrustAudit(state, table, clocks, stamping);
  const facts = createTrustFacts(state, {
    table: table,
    clocks: clocks,
    configurations: configurations,
    verdicts: verdicts,
    stamping: stamping,
    access: access,
  });
  /** Facts of the two legs that do not hold now, of those asked for; see trust-facts.ts. */
  const clientFactsBroken = facts.client;
  const serverFactsBroken = facts.provider;

  /** Schedules the first jobs; call it once, at time 0. */
  const begin = (): void => {
    configurations.begin();
    keys.begin();
    stamping.begin();
    const { plan, timers } = state;
    for (let server = 0; server < plan.servers.id.length; server++) audit.answered(server);
    if (plan.hasTrust) timers.schedule(plan.seriesBucketUs, EventKind.TrustSample, 0, 0, 0);
  };

  /** An event of a kind from TrustFirst to TrustLast. */
  const dispatch = (kind: number, a: number, b: number): void => {
    switch (kind) {
      case EventKind.TrustDownload:
        configurations.download(a, b);
        return;
      case EventKind.TrustDownloaded:
        configurations.downloaded(a, b);
        return;
      case EventKind.TrustOcsp:
        keys.fetch(a, b);
        return;
      case EventKind.TrustOcspDone:
        keys.fetched(a, b);
        audit.answered(a);
        return;
      case EventKind.TrustStamp:
        stamping.stamp(a, b);
        return;
      case EventKind.TrustStampDone:
        stamping.stampDone(a, b);
        return;
      default:
        sample(a);
    }
  };

  /** A patch of a column of trust; false: it is another's. */
  const patched = (column: number, row: number, value: number): boolean => {
    const { nowUs } = state;
    switch (column) {
      case PatchColumn.TrustServiceState:
      case PatchColumn.TrustServiceSlowness:
      case PatchColumn.CentralKeyLoggedOut:
      case PatchColumn.OcspAnswersStale:
        services.patched(column, row, value, nowUs);
        return true;
      case PatchColumn.CertificateExpired:
        keys.expire(row, value);
        return true;
      case PatchColumn.CertificateRenewed:
        keys.renew(row, value);
        return true;
      case PatchColumn.CertificateRevoked:
        verdicts.revoke(row, value);
        return true;
      case PatchColumn.AccessRevoked:
        access.revoke(row, value);
        return true;
      default:
        return patchServer(column, row, value);
    }
  };

  /** Why the TLS handshake of the present candidate fails; Cause.None: it does not. */
  const connectCause = (slot: number): number => {
    const { table } = state;
    return verdicts.connectCause(table.clientServer[slot], table.candidate[slot]);
  };

  /** What a silent port 5577 adds to the handshake that `connectCause` judges; ask it first. */
  const connectDelayUs = (slot: number): number => {
    const { table } = state;
    return verdicts.connectDelayUs(table.clientServer[slot], table.candidate[slot]);
  };

  /** Why the provider's server cannot look at its peer at all; Cause.None: it can. */
  const admitCause = (slot: number): number => {
    const { table } = state;
    return verdicts.admitCause(table.providerServer[slot], table.clientServer[slot]);
  };

  /** Why the peer's signature is not accepted; Cause.None: it is. */
  const verifyCause = (leg: number): number => {
    const { table, plan } = state;
    const slot = leg >> 1;
    return (leg & 1) === 1
      ? verdicts.verifyCause(table.providerServer[slot], plan.flows.signer[table.flow[slot]])
      : verdicts.verifyCause(
          table.clientServer[slot],
          plan.candidates.signer[table.candidate[slot]],
        );
  };

  /** Why signing or logging fails; Cause.None: it does not. */
  const failure = (leg: number, effect: number): number => {
    const server = serverOf(leg);
    if (effect === Effect.Sign) return verdicts.signingCause(server);
    if (effect === Effect.Log) return loggingCause(server);
    return Cause.None;
  };

  /** A record of this leg is being written. */
  const writing = (leg: number): void => {
    if (hasStampsAtOnce) stamping.writing(leg);
  };

  /** It is written: how long its stamp, or the next try for one, takes; 0: nothing is to come. */
  const stampWaitUs = (leg: number): number => {
    if (!hasStampsAtOnce) return 0;
    const server = serverOf(leg);
    return stampsAtOnce[server] === 0 ? 0 : stamping.stampWaitUs(leg, server);
  };

  /**
   * Why a record that was committed is not enough: a server that stamps at once refuses the message
   * when there is no stamp (facts 5.3), as it does one whose commit fails.
   */
  const stampCause = (leg: number): number => {
    if (!hasStampsAtOnce) return Cause.None;
    const server = serverOf(leg);
    if (stampsAtOnce[server] === 0 || stamping.isStamped(leg, server)) return Cause.None;
    return Cause.TimestampingFailed;
  };

  /** Whether a server must be left out of a consumer's candidates. */
  const isInMaintenance = (viewer: number, server: number): boolean => {
    return configurations.isInMaintenance(viewer, server);
  };

  /** A record of this leg was committed. */
  const logged = (leg: number): void => {
    audit.logged(leg >> 1, (leg & 1) === 1);
    stamping.logged(serverOf(leg));
  };

  /** An exchange has ended for its caller: with a fault, or with 0. */
  const ended = (slot: number, fault: number): void => {
    audit.ended(slot, fault);
  };

  /** The processes of a server are up again. */
  const restarted = (server: number): void => {
    configurations.restarted(server);
    keys.restarted(server);
    stamping.restarted(server);
    access.restarted(server);
  };

  /** Whether a server refuses everybody because a clock of its own has run out. */
  const hasStopped = (server: number): boolean => {
    configurations.isOwnValid(server);
    return clocks.hasStopped(server, state.nowUs);
  };

  const outcome = (): TrustOutcome => {
    const { plan, nowUs } = state;
    for (let server = 0; server < plan.servers.id.length; server++) {
      for (let instance = 0; instance < plan.instances.length; instance++) {
        configurations.viewUs(server, instance);
      }
    }
    return {
      servers: audit.servers(),
      intervals: clocks.columns(nowUs),
      series: audit.series(),
      services: { served: services.served, queueMax: services.queueMax },
    };
  };

  const patchServer = (column: number, server: number, value: number): boolean => {
    switch (column) {
      case PatchColumn.DownloaderHung:
        configurations.hang(server, value === 1);
        return true;
      case PatchColumn.OcspPortBlocked:
        table.isOcspPortBlocked[server] = value;
        return true;
      case PatchColumn.LogDiskFull:
        table.isLogDiskFull[server] = value;
        return true;
      case PatchColumn.LogSlowness:
        table.logSlowness[server] = value;
        return true;
      case PatchColumn.DatabaseLost:
        table.isDatabaseLost[server] = value;
        if (value === 1) stamping.databaseLost(server);
        return true;
      case PatchColumn.SignerLost:
        keys.loseSigner(server, value);
        return true;
      case PatchColumn.BatchSigningOff:
        table.isBatchSigningOff[server] = value;
        return true;
      case PatchColumn.TokenLocked:
        keys.lock(server, value);
        return true;
      case PatchColumn.Maintenance:
        configurations.maintain(server, value);
        return true;
      case PatchColumn.ClockSkewUs:
        // What is due by now was judged by the clock as it was.
        configurations.settle(server);
        table.skewUs[server] = value;
        configurations.skewed(server);
        keys.skewed(server);
        stamping.skewed(server);
        return true;
      case PatchColumn.ServerVersion:
        table.version[server] = value;
        return true;
      case PatchColumn.MinClientVersion:
        table.minClientVersion[server] = value;
        return true;
      default:
        return false;
    }
  };

  const serverOf = (leg: number): number => {
    const { table } = state;
    const slot = leg >> 1;
    return (leg & 1) === 1 ? table.providerServer[slot] : table.clientServer[slot];
  };

  const loggingCause = (server: number): number => {
    // PostgreSQL refuses a write to a full disk as it refuses any: with an SQL error.
    if (table.isDatabaseLost[server] === 1) return Cause.DatabaseError;
    if (table.isLogDiskFull[server] === 1) return Cause.DatabaseError;
    return Cause.None;
  };

  const sample = (bucket: number): void => {
    const { timers, nowUs, plan } = state;
    for (let server = 0; server < plan.servers.id.length; server++) hasStopped(server);
    audit.sample(bucket);
    const nextUs = nowUs + plan.seriesBucketUs;
    timers.schedule(nextUs, EventKind.TrustSample, bucket + 1, bucket + 1, 0);
  };

  return {
    table,
    clocks,
    clientFactsBroken,
    serverFactsBroken,
    begin,
    dispatch,
    patched,
    connectCause,
    connectDelayUs,
    admitCause,
    verifyCause,
    failure,
    writing,
    stampWaitUs,
    stampCause,
    get hasMaintenance(): boolean {
      return configurations.hasMaintenance;
    },
    isInMaintenance,
    logged,
    ended,
    restarted,
    hasStopped,
    outcome,
  };
}
