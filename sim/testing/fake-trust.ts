/** Outcomes of trust and of callers without an engine: consistent, until a test breaks them. */
import type { CallerOutcome } from '../metrics/caller-outcome.ts';
import { TrustClock } from '../metrics/trust-outcome.ts';
import type { TrustOutcome } from '../metrics/trust-outcome.ts';
import type { Plan } from '../plan/plan.ts';

/** Each server accepted ten exchanges on either side, and has stamped all but its last records. */
export function fakeTrust(plan: Plan): TrustOutcome {
  const { length } = plan.servers.id;
  const servers = (value: number): Float64Array => new Float64Array(length).fill(value);
  const rows = Math.ceil(plan.durationUs / plan.seriesBucketUs) * plan.instances.length;
  const services = (): Float64Array => new Float64Array(plan.trustServices.id.length);
  return {
    servers: {
      acceptedClient: servers(10),
      acceptedServer: servers(10),
      loggedClient: servers(21),
      loggedServer: servers(20),
      acceptedUnlogged: servers(0),
      stamped: servers(38),
      unstampedAtEnd: servers(3),
      lost: servers(0),
      oldestUnstampedUs: servers(1e6),
      backlogMax: servers(5),
      audited: servers(20),
      acceptedOutsideTrust: servers(0),
      refused: servers(0),
    },
    intervals: {
      server: Int32Array.of(0, 1),
      clock: Uint8Array.of(TrustClock.TimeStamping, TrustClock.ForeignConfiguration),
      foreignInstance: Int32Array.of(-1, 1),
      fromUs: Float64Array.of(1e6, 2e6),
      toUs: Float64Array.of(3e6, plan.durationUs),
      isOpen: Uint8Array.of(0, 1),
      missedCount: 0,
    },
    series: {
      instanceCount: plan.instances.length,
      // In the first bucket 2 records wait in the first instance, 3 in the second, and so on.
      backlog: new Float64Array(rows).map((_, row) => (row < plan.instances.length ? row + 2 : 0)),
      logged: new Float64Array(rows),
      stamped: new Float64Array(rows),
      refusingServers: new Float64Array(rows),
    },
    services: { served: services(), queueMax: services() },
  };
}

/** A column of servers with another value at one of them. */
export function withServer(
  trust: TrustOutcome,
  column: keyof TrustOutcome['servers'],
  server: number,
  value: number,
): TrustOutcome {
  const changed = trust.servers[column].with(server, value);
  return { ...trust, servers: { ...trust.servers, [column]: changed } };
}

/**
 * Of the calls of flow 0 in one scope (and in all): `gaveUp` were given up after two attempts each,
 * whose exchanges lived on and ended well; the others of `due` were answered at once.
 */
export function fakeCallers(plan: Plan, scope: number, due: number, gaveUp: number): CallerOutcome {
  const scopes = plan.instances.length + 2;
  const column = (value: number): Float64Array =>
    new Float64Array(scopes).map((_, row) => (row === 0 || row === scope ? value : 0));
  const rows = Math.ceil(plan.durationUs / plan.seriesBucketUs) * scopes;
  const series = (value: number): Float64Array => new Float64Array(rows).fill(value, 0, 1);
  const answered = due - gaveUp;
  const { flows, services, memberClasses } = plan;
  const service = flows.service[0];
  const classCount = memberClasses.length;
  const classes = flows.memberClass[0] * classCount + services.memberClass[service];
  return {
    journeys: {
      started: column(due),
      completed: column(answered),
      failed: column(gaveUp),
      gaveUp: column(0),
      openAtEnd: column(0),
    },
    calls: {
      due: column(due),
      answered: column(answered),
      faulted: column(0),
      gaveUp: column(gaveUp),
      notStarted: column(0),
      openAtEnd: column(0),
    },
    attempts: {
      started: column(answered + 2 * gaveUp),
      answered: column(answered),
      faulted: column(0),
      abandonedByClient: column(2 * gaveUp),
      openAtEnd: column(0),
    },
    exchanges: {
      offered: column(answered + 2 * gaveUp),
      succeeded: column(answered + 2 * gaveUp),
      faulted: column(0),
      inFlightAtEnd: column(0),
    },
    gaveUpByService: new Float64Array(plan.services.id.length).with(service, gaveUp),
    gaveUpByMemberClass: new Float64Array(classCount ** 2).with(classes, gaveUp),
    journeyDuration: { sumUs: column(answered * 1e6), maxUs: column(2e6) },
    series: {
      retries: series(gaveUp),
      gaveUp: series(gaveUp),
      abandoned: series(2 * gaveUp),
      journeysFailed: series(gaveUp),
    },
  };
}
