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
import type { TrustAudit } from './trust-audit.ts';
import { TrustClocks } from './trust-clocks.ts';
import { Configurations } from './trust-configuration.ts';
import { createTrustFacts } from './trust-facts.ts';
import type { TrustFacts } from './trust-facts.ts';
import { Keys } from './trust-keys.ts';
import { TrustServices } from './trust-services.ts';
import { Stamping } from './trust-stamping.ts';
import { createVerdicts } from './trust-verdicts.ts';
import type { Verdicts } from './trust-verdicts.ts';

export class Trust {
  /** What the message path reads itself: slowness of commits, batches, versions. */
  readonly table: TrustTable;
  readonly clocks: TrustClocks;
  /** Facts of the two legs that do not hold now, of those asked for; see trust-facts.ts. */
  readonly clientFactsBroken: TrustFacts['client'];
  readonly serverFactsBroken: TrustFacts['provider'];
  readonly #state: TrustWorld;
  readonly #services: TrustServices;
  readonly #configurations: Configurations;
  readonly #verdicts: Verdicts;
  readonly #keys: Keys;
  readonly #stamping: Stamping;
  readonly #access: TrustAccess;
  readonly #audit: TrustAudit;

  constructor(state: TrustWorld, replicationIndex = 0) {
    const { plan } = state;
    this.#state = state;
    this.table = new TrustTable(plan);
    this.clocks = new TrustClocks(plan);
    this.#services = new TrustServices(plan, replicationIndex);
    const shared = [state, this.table, this.#services, this.clocks] as const;
    this.#configurations = new Configurations(...shared);
    this.#verdicts = createVerdicts(state, this.table, this.clocks, this.#configurations);
    this.#keys = new Keys(...shared, this.#verdicts);
    this.#stamping = new Stamping(...shared, this.#configurations);
    this.#access = new TrustAccess(state, this.#configurations);
    this.#audit = createTrustAudit(state, this.table, this.clocks, this.#stamping);
    const facts = createTrustFacts(state, {
      table: this.table,
      clocks: this.clocks,
      configurations: this.#configurations,
      verdicts: this.#verdicts,
      stamping: this.#stamping,
      access: this.#access,
    });
    this.clientFactsBroken = facts.client;
    this.serverFactsBroken = facts.provider;
  }

  /** Schedules the first jobs; call it once, at time 0. */
  begin(): void {
    this.#configurations.begin();
    this.#keys.begin();
    this.#stamping.begin();
    const { plan, timers } = this.#state;
    if (plan.hasTrust) timers.schedule(plan.seriesBucketUs, EventKind.TrustSample, 0, 0, 0);
  }

  /** An event of a kind from TrustFirst to TrustLast. */
  dispatch(kind: number, a: number, b: number): void {
    switch (kind) {
      case EventKind.TrustDownload:
        this.#configurations.download(a, b);
        return;
      case EventKind.TrustDownloaded:
        this.#configurations.downloaded(a, b);
        return;
      case EventKind.TrustOcsp:
        this.#keys.fetch(a, b);
        return;
      case EventKind.TrustOcspDone:
        this.#keys.fetched(a, b);
        return;
      case EventKind.TrustStamp:
        this.#stamping.stamp(a, b);
        return;
      case EventKind.TrustStampDone:
        this.#stamping.stampDone(a, b);
        return;
      default:
        this.#sample(a);
    }
  }

  /** A patch of a column of trust; false: it is another's. */
  patched(column: number, row: number, value: number): boolean {
    const { nowUs } = this.#state;
    switch (column) {
      case PatchColumn.TrustServiceState:
      case PatchColumn.TrustServiceSlowness:
      case PatchColumn.CentralKeyLoggedOut:
      case PatchColumn.OcspAnswersStale:
        this.#services.patched(column, row, value, nowUs);
        return true;
      case PatchColumn.CertificateExpired:
        this.#keys.expire(row, value);
        return true;
      case PatchColumn.CertificateRevoked:
        this.#verdicts.revoke(row, value);
        return true;
      case PatchColumn.AccessRevoked:
        this.#access.revoke(row, value);
        return true;
      default:
        return this.#patchServer(column, row, value);
    }
  }

  /** Why the TLS handshake of the present candidate fails; Cause.None: it does not. */
  connectCause(slot: number): number {
    const { table } = this.#state;
    return this.#verdicts.connectCause(table.clientServer[slot], table.candidate[slot]);
  }

  /** What a silent port 5577 adds to the handshake that `connectCause` judges; ask it first. */
  connectDelayUs(slot: number): number {
    const { table } = this.#state;
    return this.#verdicts.connectDelayUs(table.clientServer[slot], table.candidate[slot]);
  }

  /** Why the peer's signature is not accepted; Cause.None: it is. */
  verifyCause(leg: number): number {
    const { table, plan } = this.#state;
    const slot = leg >> 1;
    return (leg & 1) === 1
      ? this.#verdicts.verifyCause(table.providerServer[slot], plan.flows.signer[table.flow[slot]])
      : this.#verdicts.verifyCause(
          table.clientServer[slot],
          plan.candidates.signer[table.candidate[slot]],
        );
  }

  /** Why signing or logging fails; Cause.None: it does not. */
  failure(leg: number, effect: number): number {
    const { table } = this.#state;
    const slot = leg >> 1;
    const server = (leg & 1) === 1 ? table.providerServer[slot] : table.clientServer[slot];
    if (effect === Effect.Sign) return this.#verdicts.signingCause(server);
    if (effect === Effect.Log) return this.#loggingCause(server);
    return Cause.None;
  }

  /** What waiting for a time-stamp adds to a commit; 0 unless the server stamps at once. */
  commitDelayUs(server: number): number {
    if (this.#state.plan.servers.timestampImmediately[server] === 0) return 0;
    return this.#stamping.stampDelayUs(server);
  }

  get hasMaintenance(): boolean {
    return this.#configurations.hasMaintenance;
  }

  /** Whether a server must be left out of a consumer's candidates. */
  isInMaintenance(viewer: number, server: number): boolean {
    return this.#configurations.isInMaintenance(viewer, server);
  }

  /** A record of this leg was committed. */
  logged(leg: number): void {
    const { table } = this.#state;
    const slot = leg >> 1;
    const isProvider = (leg & 1) === 1;
    const server = isProvider ? table.providerServer[slot] : table.clientServer[slot];
    this.#audit.logged(slot, isProvider);
    this.#stamping.logged(server);
  }

  /** An exchange has ended for its caller: with a fault, or with 0. */
  ended(slot: number, fault: number): void {
    this.#audit.ended(slot, fault);
  }

  /** The processes of a server are up again. */
  restarted(server: number): void {
    this.#configurations.restarted(server);
    this.#keys.restarted(server);
    this.#stamping.restarted(server);
    this.#access.restarted(server);
  }

  /** Whether a server refuses everybody because a clock of its own has run out. */
  hasStopped(server: number): boolean {
    this.#configurations.isOwnValid(server);
    return this.clocks.hasStopped(server, this.#state.nowUs);
  }

  outcome(): TrustOutcome {
    const { plan, nowUs } = this.#state;
    for (let server = 0; server < plan.servers.id.length; server++) {
      for (let instance = 0; instance < plan.instances.length; instance++) {
        this.#configurations.viewUs(server, instance);
      }
    }
    return {
      servers: this.#audit.servers(),
      intervals: this.clocks.columns(nowUs),
      series: this.#audit.series(),
      services: { served: this.#services.served, queueMax: this.#services.queueMax },
    };
  }

  #patchServer(column: number, server: number, value: number): boolean {
    const { table } = this;
    switch (column) {
      case PatchColumn.DownloaderHung:
        this.#configurations.hang(server, value === 1);
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
        if (value === 1) this.#stamping.databaseLost(server);
        return true;
      case PatchColumn.SignerLost:
        this.#keys.loseSigner(server, value);
        return true;
      case PatchColumn.BatchSigningOff:
        table.isBatchSigningOff[server] = value;
        return true;
      case PatchColumn.TokenLocked:
        this.#keys.lock(server, value);
        return true;
      case PatchColumn.Maintenance:
        this.#configurations.maintain(server, value);
        return true;
      case PatchColumn.ClockSkewUs:
        table.skewUs[server] = value;
        this.#configurations.skewed(server);
        this.#keys.skewed(server);
        this.#stamping.skewed(server);
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
  }

  /** Its commits fail by themselves when there is no stamp (LogManager.verifyCanLogMessage). */
  #stampsAtOnce(server: number): boolean {
    return this.#state.plan.servers.timestampImmediately[server] === 1;
  }

  #loggingCause(server: number): number {
    // PostgreSQL refuses a write to a full disk as it refuses any: with an SQL error.
    if (this.table.isDatabaseLost[server] === 1) return Cause.DatabaseError;
    if (this.table.isLogDiskFull[server] === 1) return Cause.DatabaseError;
    if (this.#stampsAtOnce(server) && !this.#stamping.isStampAvailable(server)) {
      return Cause.TimestampingFailed;
    }
    return Cause.None;
  }

  #sample(bucket: number): void {
    const { timers, nowUs, plan } = this.#state;
    for (let server = 0; server < plan.servers.id.length; server++) this.hasStopped(server);
    this.#audit.sample(bucket);
    const nextUs = nowUs + plan.seriesBucketUs;
    timers.schedule(nextUs, EventKind.TrustSample, bucket + 1, bucket + 1, 0);
  }
}
