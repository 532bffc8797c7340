/**
 * The metrics: what a threshold may bound, what confidence is computed for, what `fedlab list`
 * prints. Each is a pure function of what was counted, of one replication or of a whole run.
 */
import type { Plan } from '../plan/plan.ts';
import { callerCountsOf, callsOf, throughputOf } from './counts.ts';
import { latencyOf } from './latency.ts';
import type { ScopeOutcome } from './outcome.ts';
import type { LatencyNs } from './result.ts';
import { serversOf } from './scope.ts';
import type { Totals } from './totals.ts';
import { hostUtilisation, threadUtilisation } from './utilisation.ts';

export type MetricUnit = 'ns' | 'per-second' | 'share' | 'count';

export interface MetricRow {
  readonly name: string;
  readonly unit: MetricUnit;
  readonly better: 'higher' | 'lower';
  readonly prose: string;
  /** Null: there are too few samples, or the scope has no such thing. */
  readonly measure: (plan: Plan, totals: Totals, scope: number) => number | null;
}

export const METRICS: readonly MetricRow[] = [
  {
    name: 'throughputOffered',
    unit: 'per-second',
    better: 'higher',
    prose: 'calls that were due, by their intended start',
    measure: (_plan, totals, scope) => throughput(totals, scope).offered,
  },
  {
    name: 'throughputAchieved',
    unit: 'per-second',
    better: 'higher',
    prose: 'calls that ended, with or without fault',
    measure: (_plan, totals, scope) => throughput(totals, scope).achieved,
  },
  {
    name: 'throughputGood',
    unit: 'per-second',
    better: 'higher',
    prose: 'calls answered without fault',
    measure: (_plan, totals, scope) => throughput(totals, scope).good,
  },
  latencyRow('latencyMean', 'mean', 'mean latency'),
  latencyRow('latencyP50', 'p50', 'half of the calls were at least as fast'),
  latencyRow('latencyP90', 'p90', 'nine of ten calls were at least as fast'),
  latencyRow('latencyP99', 'p99', '99 of 100 calls were at least as fast'),
  latencyRow('latencyP999', 'p999', '999 of 1000 calls were at least as fast'),
  latencyRow('latencyMax', 'max', 'the slowest call'),
  shareRow(
    'faultShare',
    'lower',
    'of the calls that ended, those with a fault',
    ({ faulted }) => faulted,
    ({ answered, faulted }) => answered + faulted,
  ),
  shareRow(
    'goodShare',
    'higher',
    'of the calls that were due, those answered without fault',
    ({ answered }) => answered,
    ({ due }) => due,
  ),
  {
    name: 'openAtEnd',
    unit: 'count',
    better: 'lower',
    prose: 'calls still open at the end of a replication, mean',
    measure: (_plan, totals, scope) => {
      const { openAtEnd } = callsOf(totals.scopes[scope], callerCountsOf(totals, scope));
      return openAtEnd / totals.replications;
    },
  },
  {
    name: 'utilisationMax',
    unit: 'share',
    better: 'lower',
    prose: 'processors of the busiest host of the scope; none across the border',
    measure: (plan, totals, scope) =>
      largest(
        serversOf(plan, scope)
          .map((server) => hostUtilisation(plan, totals, server))
          .filter((busy) => busy !== null),
      ),
  },
  {
    name: 'threadUtilisationMax',
    unit: 'share',
    better: 'lower',
    prose: 'request threads of the busiest proxy of the scope; none across the border',
    measure: (plan, totals, scope) =>
      largest(
        serversOf(plan, scope).flatMap((server) => [
          threadUtilisation(plan, totals, server, 'client'),
          threadUtilisation(plan, totals, server, 'server'),
        ]),
      ),
  },
  {
    name: 'queueLengthMax',
    unit: 'count',
    better: 'lower',
    prose: 'longest queue at any server of the scope, for a thread, the log or a signature',
    measure: (plan, { servers }, scope) =>
      largest(
        serversOf(plan, scope).flatMap((server) => [
          servers.clientQueueMax[server],
          servers.serverQueueMax[server],
          servers.logQueueMax[server],
          servers.signQueueMax[server],
        ]),
      ),
  },
];

/** The row of a name; null when there is none. */
export function findMetric(name: string): MetricRow | null {
  return METRICS.find((row) => row.name === name) ?? null;
}

/** All metrics of a scope, by name. */
export function measureAll(
  plan: Plan,
  totals: Totals,
  scope: number,
): Record<string, number | null> {
  return Object.fromEntries(METRICS.map((row) => [row.name, row.measure(plan, totals, scope)]));
}

function latencyRow(name: string, key: Exclude<keyof LatencyNs, 'count'>, what: string): MetricRow {
  return {
    name,
    unit: 'ns',
    better: 'lower',
    prose: `${what}; of calls answered without fault, from the intended start`,
    measure: (_plan, totals, scope) => latencyOf(totals.scopes[scope].latency)[key],
  };
}

function shareRow(
  name: string,
  better: 'higher' | 'lower',
  prose: string,
  part: (scope: ScopeOutcome) => number,
  whole: (scope: ScopeOutcome) => number,
): MetricRow {
  return {
    name,
    unit: 'share',
    better,
    prose,
    measure: (_plan, totals, scope) => {
      const ends = totals.scopes[scope];
      return whole(ends) === 0 ? null : part(ends) / whole(ends);
    },
  };
}

function throughput(totals: Totals, scope: number): ReturnType<typeof throughputOf> {
  return throughputOf(totals.scopes[scope], totals.measuredUs);
}

function largest(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((a, b) => Math.max(a, b));
}
