/**
 * Whether a run reached the states that its scenario is about. A scenario of retries in which
 * nobody tried again shows nothing, however well its thresholds hold: then the answer is unknown.
 */
import type { StateName } from '../plan/check-names.ts';
import type { Plan } from '../plan/plan.ts';
import type { CallerOutcome } from './caller-outcome.ts';
import type { Totals } from './totals.ts';
import { TrustClock } from './trust-outcome.ts';
import type { TrustOutcome } from './trust-outcome.ts';

/** Null: the run has no data that could tell. */
type Evidence = (plan: Plan, totals: Totals) => boolean | null;

/** What a verifier's limit makes of a server's answers is no clock of that server. */
const OWN_CLOCKS = Object.values(TrustClock).filter((clock) => clock !== TrustClock.PeerOcsp);

const EVIDENCE: Readonly<Record<StateName, Evidence>> = {
  faults: (_plan, { scopes }) => scopes[0].faulted > 0,
  queueing: (_plan, { servers }) =>
    [
      servers.clientQueueMax,
      servers.serverQueueMax,
      servers.logQueueMax,
      servers.signQueueMax,
      servers.antiDosQueueMax,
    ].some(isAnyAbove(0)),
  'server-down': (_plan, { servers }) => isAnyAbove(0)(servers.downUs),
  'attack-refused': (_plan, { attack }) => attack.refused > 0,
  refusing: (_plan, { series }) => isAnyAbove(0)(series.refusingServers),
  'clock-ran-out': ranOut(...OWN_CLOCKS),
  'configuration-expired': ranOut(TrustClock.OwnConfiguration),
  'foreign-configuration-expired': ranOut(TrustClock.ForeignConfiguration),
  'ocsp-expired': ranOut(TrustClock.AuthenticationOcsp, TrustClock.SigningOcsp),
  'peer-ocsp-ran-out': ranOut(TrustClock.PeerOcsp),
  'time-stamping-overdue': ranOut(TrustClock.TimeStamping),
  'certificate-expired': ranOut(
    TrustClock.AuthenticationCertificate,
    TrustClock.SigningCertificate,
  ),
  'token-locked': ranOut(TrustClock.Token),
  backlog: (plan, { trust }) => trust?.servers.backlogMax.some(isLongAt(plan)) ?? null,
  retries: called(({ series }) => isAnyAbove(0)(series.retries)),
  abandoned: called(({ series }) => isAnyAbove(0)(series.abandoned)),
  'gave-up': called(({ series }) => isAnyAbove(0)(series.gaveUp)),
  'journeys-lost': called(({ series }) => isAnyAbove(0)(series.journeysFailed)),
};

/** Null: the run has no data that could tell. */
export function isReached(state: StateName, plan: Plan, totals: Totals): boolean | null {
  return EVIDENCE[state](plan, totals);
}

function trusted(shows: (trust: TrustOutcome) => boolean): Evidence {
  return (_plan, { trust }) => (trust === null ? null : shows(trust));
}

function ranOut(...clocks: readonly TrustClock[]): Evidence {
  return trusted(({ intervals }) =>
    intervals.clock.some((clock) => clocks.some((wanted) => wanted === clock)),
  );
}

function called(shows: (callers: CallerOutcome) => boolean): Evidence {
  return (_plan, { callers }) => (callers === null ? null : shows(callers));
}

function isAnyAbove(bound: number): (column: Float64Array) => boolean {
  return (column) => column.some((value) => value > bound);
}

/** A batch holds so many records (facts.md 5.3); more have to wait for another one. */
function isLongAt({ instances, servers }: Plan): (backlog: number, server: number) => boolean {
  const limits = instances.map(({ parameters }) => Number(parameters.timeStampRecordsLimit));
  return (backlog, server) => backlog > limits[servers.instance[server]];
}
