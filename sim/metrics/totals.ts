/**
 * What a run adds up to: the outcomes of its replications as one, in the same columns. Sums of
 * doubles depend on the order of addition, so they are made in replication order and never in the
 * order of completion; then equal seeds give equal bytes, whatever the number of workers.
 */
import { assert } from '../base/assert.ts';
import type {
  GroupOutcome,
  HistogramColumns,
  ReplicationOutcome,
  ScopeOutcome,
  SeriesOutcome,
  ServerOutcome,
  SmallHistograms,
} from './outcome.ts';
import { addCallers, addTrust } from './outcome-total.ts';

export interface Totals extends Omit<
  ReplicationOutcome,
  'replicationIndex' | 'fingerprint' | 'journal'
> {
  readonly replications: number;
}

/** One replication, seen as a whole run. */
export function totalsOf(outcome: ReplicationOutcome): Totals {
  return { ...outcome, replications: 1 };
}

/** All replications of a run. They come in any order and are added in theirs. */
export function mergeOutcomes(outcomes: readonly ReplicationOutcome[]): Totals {
  assert(outcomes.length > 0, 'nothing to merge');
  const ordered = outcomes.toSorted((a, b) => a.replicationIndex - b.replicationIndex);
  return ordered.slice(1).reduce(addOutcome, totalsOf(ordered[0]));
}

function addOutcome(sum: Totals, next: ReplicationOutcome): Totals {
  return {
    replications: sum.replications + 1,
    events: sum.events + next.events,
    limitMet: sum.limitMet ?? next.limitMet,
    measuredUs: sum.measuredUs + next.measuredUs,
    scopes: sum.scopes.map((scope, row) => addScope(scope, next.scopes[row])),
    attack: {
      requests: sum.attack.requests + next.attack.requests,
      refused: sum.attack.refused + next.attack.refused,
      served: sum.attack.served + next.attack.served,
      openAtEnd: sum.attack.openAtEnd + next.attack.openAtEnd,
    },
    servers: addServers(sum.servers, next.servers),
    services: addGroup(sum.services, next.services),
    memberClasses: addGroup(sum.memberClasses, next.memberClasses),
    systems: {
      busyUs: addColumn(sum.systems.busyUs, next.systems.busyUs),
      queueMax: maxColumn(sum.systems.queueMax, next.systems.queueMax),
      served: addColumn(sum.systems.served, next.systems.served),
    },
    stages: {
      clientUs: addColumn(sum.stages.clientUs, next.stages.clientUs),
      serverUs: addColumn(sum.stages.serverUs, next.stages.serverUs),
      count: sum.stages.count + next.stages.count,
    },
    series: addSeries(sum.series, next.series),
    incidents: sum.incidents.map((phase, row) => Math.min(phase, next.incidents[row])),
    trust: addBoth(sum.trust, next.trust, addTrust),
    callers: addBoth(sum.callers, next.callers, addCallers),
  };
}

/** All replications of a plan have it, or none. */
function addBoth<T>(a: T | null, b: T | null, add: (a: T, b: T) => T): T | null {
  return a === null || b === null ? null : add(a, b);
}

function addScope(a: ScopeOutcome, b: ScopeOutcome): ScopeOutcome {
  return {
    due: a.due + b.due,
    answered: a.answered + b.answered,
    faulted: a.faulted + b.faulted,
    notStarted: a.notStarted + b.notStarted,
    openAtEnd: a.openAtEnd + b.openAtEnd,
    latency: addHistogram(a.latency, b.latency),
    faults: addColumn(a.faults, b.faults),
  };
}

function addHistogram(a: HistogramColumns, b: HistogramColumns): HistogramColumns {
  assert(a.bits === b.bits, 'histograms of different precision do not merge');
  const isEmpty = [a.count === 0, b.count === 0];
  return {
    bits: a.bits,
    counts: addCounts(a.counts, b.counts),
    count: a.count + b.count,
    sum: a.sum + b.sum,
    // An empty histogram writes 0 for a smallest value that it does not have.
    min: isEmpty[0] ? b.min : isEmpty[1] ? a.min : Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
  };
}

function addServers(a: ServerOutcome, b: ServerOutcome): ServerOutcome {
  return {
    exchanges: addColumn(a.exchanges, b.exchanges),
    faults: addColumn(a.faults, b.faults),
    cpuBusyUs: addColumn(a.cpuBusyUs, b.cpuBusyUs),
    clientThreadUs: addColumn(a.clientThreadUs, b.clientThreadUs),
    serverThreadUs: addColumn(a.serverThreadUs, b.serverThreadUs),
    logBusyUs: addColumn(a.logBusyUs, b.logBusyUs),
    tokenBusyUs: addColumn(a.tokenBusyUs, b.tokenBusyUs),
    clientQueueMax: maxColumn(a.clientQueueMax, b.clientQueueMax),
    serverQueueMax: maxColumn(a.serverQueueMax, b.serverQueueMax),
    logQueueMax: maxColumn(a.logQueueMax, b.logQueueMax),
    signQueueMax: maxColumn(a.signQueueMax, b.signQueueMax),
    antiDosQueueMax: maxColumn(a.antiDosQueueMax, b.antiDosQueueMax),
    cpuWaitMaxUs: maxColumn(a.cpuWaitMaxUs, b.cpuWaitMaxUs),
    downUs: addColumn(a.downUs, b.downUs),
    latency: addSmall(a.latency, b.latency),
  };
}

function addGroup(a: GroupOutcome, b: GroupOutcome): GroupOutcome {
  return {
    due: addColumn(a.due, b.due),
    answered: addColumn(a.answered, b.answered),
    faulted: addColumn(a.faulted, b.faulted),
    notStarted: addColumn(a.notStarted, b.notStarted),
    openAtEnd: addColumn(a.openAtEnd, b.openAtEnd),
    latency: addSmall(a.latency, b.latency),
  };
}

function addSeries(a: SeriesOutcome, b: SeriesOutcome): SeriesOutcome {
  const shape = (series: SeriesOutcome): string =>
    [series.bucketUs, series.bucketCount, series.scopeCount].join();
  assert(shape(a) === shape(b), 'series of different shape do not merge');
  return {
    bucketUs: a.bucketUs,
    bucketCount: a.bucketCount,
    scopeCount: a.scopeCount,
    offered: addColumn(a.offered, b.offered),
    answered: addColumn(a.answered, b.answered),
    faulted: addColumn(a.faulted, b.faulted),
    attack: addColumn(a.attack, b.attack),
    latency: addSmall(a.latency, b.latency),
    cpuBusyUs: addColumn(a.cpuBusyUs, b.cpuBusyUs),
    queueLength: maxColumn(a.queueLength, b.queueLength),
    refusingServers: maxColumn(a.refusingServers, b.refusingServers),
    faults: addSeriesFaults(a.faults, b.faults),
  };
}

/** Rows of bucket, scope, fault key, count: equal ones are added, and the order is kept. */
function addSeriesFaults(a: Float64Array, b: Float64Array): Float64Array {
  const merged: number[] = [];
  let [left, right] = [0, 0];
  while (left < a.length || right < b.length) {
    const order = compareRows(a, left, b, right);
    const [from, at] = order <= 0 ? [a, left] : [b, right];
    const count = from[at + 3] + (order === 0 ? b[right + 3] : 0);
    merged.push(from[at], from[at + 1], from[at + 2], count);
    if (order <= 0) left += 4;
    if (order >= 0) right += 4;
  }
  return Float64Array.from(merged);
}

function compareRows(a: Float64Array, left: number, b: Float64Array, right: number): number {
  if (left >= a.length) return 1;
  if (right >= b.length) return -1;
  for (let field = 0; field < 3; field++) {
    const difference = a[left + field] - b[right + field];
    if (difference !== 0) return difference;
  }
  return 0;
}

function addSmall(a: SmallHistograms, b: SmallHistograms): SmallHistograms {
  return {
    counts: addCounts(a.counts, b.counts),
    count: addColumn(a.count, b.count),
    sum: addColumn(a.sum, b.sum),
    max: maxColumn(a.max, b.max),
  };
}

function addCounts(a: Uint32Array, b: Uint32Array): Uint32Array {
  return a.map((count, row) => count + b[row]);
}

function addColumn(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, row) => value + b[row]);
}

function maxColumn(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, row) => Math.max(value, b[row]));
}
