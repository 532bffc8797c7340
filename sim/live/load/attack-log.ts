/**
 * What came of attack traffic, beside all that is counted of ordinary calls: one row a connection,
 * by when it was tried.
 */
import type { Recorder } from '../../metrics/recorder.ts';
import { AttackKind } from '../../plan/plan.ts';
import type { Plan } from '../../plan/plan.ts';
import type { AttackEnd } from '../trouble/attacks.ts';

export interface AttackRow {
  readonly source: number;
  /** Microseconds of the run. */
  readonly beganUs: number;
  readonly end: AttackEnd;
}

/** Counts the rows; how many of them were open at the end. */
export function recordAttacks(plan: Plan, recorder: Recorder, rows: readonly AttackRow[]): number {
  const { attack } = recorder;
  let openCount = 0;
  for (const row of rows.toSorted((one, other) => one.beganUs - other.beganUs)) {
    if (row.beganUs > plan.durationUs) continue;
    recorder.attacked(row.beganUs, instanceOf(plan, row.source));
    if (row.beganUs < plan.warmUpUs) continue;
    if (row.end === 'open') openCount++;
    else if (isServed(plan, row)) attack.served++;
    else attack.refused++;
  }
  return openCount;
}

/** A connection that says nothing is served by being held; a request, by a good answer. */
function isServed({ sources }: Plan, { source, end }: AttackRow): boolean {
  if (sources.attack[source] === AttackKind.Connections) return end !== 'refused';
  return typeof end === 'number' && end >= 200 && end < 300;
}

/** Of the server under attack. */
function instanceOf({ sources, flows, routes, servers }: Plan, source: number): number {
  const isOfConnections = sources.attack[source] === AttackKind.Connections;
  const target = isOfConnections
    ? sources.target[source]
    : routes.server[flows.route[sources.flowFrom[source]]];
  return servers.instance[target];
}
