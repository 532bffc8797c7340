/** What trust and callers add up to over replications, in the columns of one. */
import type { CallerOutcome } from './caller-outcome.ts';
import type { TrustIntervalColumns, TrustOutcome, TrustServerOutcome } from './trust-outcome.ts';

export function addTrust(a: TrustOutcome, b: TrustOutcome): TrustOutcome {
  return {
    servers: addTrustServers(a.servers, b.servers),
    intervals: joinIntervals(a.intervals, b.intervals),
    series: {
      instanceCount: a.series.instanceCount,
      ...addColumns(a.series, b.series, ['backlog', 'logged', 'stamped']),
      refusingServers: maxColumn(a.series.refusingServers, b.series.refusingServers),
    },
    services: {
      served: addColumn(a.services.served, b.services.served),
      queueMax: maxColumn(a.services.queueMax, b.services.queueMax),
    },
  };
}

function addTrustServers(a: TrustServerOutcome, b: TrustServerOutcome): TrustServerOutcome {
  return {
    ...addColumns(a, b, [
      'acceptedClient',
      'acceptedServer',
      'loggedClient',
      'loggedServer',
      'acceptedUnlogged',
      'stamped',
      'unstampedAtEnd',
      'lost',
      'audited',
      'acceptedOutsideTrust',
      'refused',
    ]),
    oldestUnstampedUs: maxColumn(a.oldestUnstampedUs, b.oldestUnstampedUs),
    backlogMax: maxColumn(a.backlogMax, b.backlogMax),
  };
}

/** One replication's behind the other's. */
function joinIntervals(a: TrustIntervalColumns, b: TrustIntervalColumns): TrustIntervalColumns {
  return {
    server: Int32Array.from([a.server, b.server].flatMap(numbersOf)),
    clock: Uint8Array.from([a.clock, b.clock].flatMap(numbersOf)),
    foreignInstance: Int32Array.from([a.foreignInstance, b.foreignInstance].flatMap(numbersOf)),
    fromUs: Float64Array.from([a.fromUs, b.fromUs].flatMap(numbersOf)),
    toUs: Float64Array.from([a.toUs, b.toUs].flatMap(numbersOf)),
    isOpen: Uint8Array.from([a.isOpen, b.isOpen].flatMap(numbersOf)),
    missedCount: a.missedCount + b.missedCount,
  };
}

function numbersOf(column: Int32Array | Uint8Array | Float64Array): number[] {
  return Array.from(column);
}

export function addCallers(a: CallerOutcome, b: CallerOutcome): CallerOutcome {
  const journeys = ['started', 'completed', 'failed', 'gaveUp', 'openAtEnd'] as const;
  const calls = ['due', 'answered', 'faulted', 'gaveUp', 'notStarted', 'openAtEnd'] as const;
  const attempts = ['started', 'answered', 'faulted', 'abandonedByClient', 'openAtEnd'] as const;
  const exchanges = ['offered', 'succeeded', 'faulted', 'inFlightAtEnd'] as const;
  const series = ['retries', 'gaveUp', 'abandoned', 'journeysFailed'] as const;
  return {
    journeys: addColumns(a.journeys, b.journeys, journeys),
    calls: addColumns(a.calls, b.calls, calls),
    attempts: addColumns(a.attempts, b.attempts, attempts),
    exchanges: addColumns(a.exchanges, b.exchanges, exchanges),
    ...addColumns(a, b, ['gaveUpByService', 'gaveUpByMemberClass']),
    journeyDuration: {
      sumUs: addColumn(a.journeyDuration.sumUs, b.journeyDuration.sumUs),
      maxUs: maxColumn(a.journeyDuration.maxUs, b.journeyDuration.maxUs),
    },
    series: addColumns(a.series, b.series, series),
  };
}

function addColumns<Key extends string>(
  a: Readonly<Record<Key, Float64Array>>,
  b: Readonly<Record<Key, Float64Array>>,
  keys: readonly Key[],
): Record<Key, Float64Array> {
  const sums = keys.map((key) => [key, addColumn(a[key], b[key])]);
  return Object.fromEntries(sums) as Record<Key, Float64Array>;
}

function addColumn(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, row) => value + b[row]);
}

function maxColumn(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, row) => Math.max(value, b[row]));
}
