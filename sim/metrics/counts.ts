/**
 * The blocks of counts of a result, and the rates that follow from them. The recorder counts calls;
 * a call without a policy is one attempt and one exchange, and of the others caller-outcome.ts
 * tells how many there were.
 */
import type { ScopeOutcome } from './outcome.ts';
import type {
  AttemptCounts,
  CallCounts,
  ExchangeCounts,
  JourneyCounts,
  ThroughputRps,
} from './result.ts';
import type { Totals } from './totals.ts';

const US_PER_SECOND = 1e6;

/** The five numbers that a scope, a service and a pair of classes have in common. */
export type EndCounts = Pick<
  ScopeOutcome,
  'due' | 'answered' | 'faulted' | 'notStarted' | 'openAtEnd'
>;

/** Of calls with a policy, in one scope. */
export interface CallerCounts {
  readonly calls: CallCounts;
  readonly attempts: AttemptCounts;
  readonly exchanges: Omit<ExchangeCounts, 'completed'>;
}

/** Null: no call of the plan has a policy. */
export function callerCountsOf(
  { callers }: Pick<Totals, 'callers'>,
  row: number,
): CallerCounts | null {
  if (callers === null) return null;
  return {
    calls: rowOf(callers.calls, row),
    attempts: rowOf(callers.attempts, row),
    exchanges: rowOf(callers.exchanges, row),
  };
}

/** `gaveUp` of those that the recorder takes for open ones. */
export function callsOf(
  ends: EndCounts,
  callers: { readonly calls: Pick<CallCounts, 'gaveUp'> } | null = null,
): CallCounts {
  const gaveUp = callers === null ? 0 : callers.calls.gaveUp;
  return {
    due: ends.due,
    answered: ends.answered,
    faulted: ends.faulted,
    gaveUp,
    notStarted: ends.notStarted,
    openAtEnd: ends.openAtEnd - gaveUp,
  };
}

export function attemptsOf(ends: EndCounts, callers: CallerCounts | null = null): AttemptCounts {
  const plain = plainEnds(ends, callers);
  const more = callers?.attempts ?? NO_ATTEMPTS;
  return {
    started: plain.due - plain.notStarted + more.started,
    answered: plain.answered + more.answered,
    faulted: plain.faulted + more.faulted,
    abandonedByClient: more.abandonedByClient,
    openAtEnd: plain.openAtEnd + more.openAtEnd,
  };
}

export function exchangesOf(ends: EndCounts, callers: CallerCounts | null = null): ExchangeCounts {
  const plain = plainEnds(ends, callers);
  const more = callers?.exchanges ?? NO_EXCHANGES;
  const succeeded = plain.answered + more.succeeded;
  const faulted = plain.faulted + more.faulted;
  return {
    offered: plain.due - plain.notStarted + more.offered,
    completed: succeeded + faulted,
    succeeded,
    faulted,
    inFlightAtEnd: plain.openAtEnd + more.inFlightAtEnd,
  };
}

/** Of the whole run (row 0), or of the clients of an instance. */
export function journeysOf({ callers }: Pick<Totals, 'callers'>, row: number): JourneyCounts {
  if (callers === null) return NO_JOURNEYS;
  const { started, completed, failed, gaveUp, openAtEnd } = callers.journeys;
  return {
    started: started[row],
    completed: completed[row],
    failed: failed[row],
    gaveUp: gaveUp[row],
    openAtEnd: openAtEnd[row],
  };
}

/** Over the measured microseconds of all replications: a mean of the replications. */
export function throughputOf(ends: EndCounts, measuredUs: number): ThroughputRps {
  const perSecond = (count: number): number =>
    measuredUs === 0 ? 0 : (count / measuredUs) * US_PER_SECOND;
  return {
    offered: perSecond(ends.due),
    achieved: perSecond(ends.answered + ends.faulted),
    good: perSecond(ends.answered),
  };
}

const NO_JOURNEYS: JourneyCounts = {
  started: 0,
  completed: 0,
  failed: 0,
  gaveUp: 0,
  openAtEnd: 0,
};
const NO_ATTEMPTS: AttemptCounts = {
  started: 0,
  answered: 0,
  faulted: 0,
  abandonedByClient: 0,
  openAtEnd: 0,
};
const NO_EXCHANGES = { offered: 0, succeeded: 0, faulted: 0, inFlightAtEnd: 0 };

/** The calls that are one attempt and one exchange each. */
function plainEnds(ends: EndCounts, callers: CallerCounts | null): EndCounts {
  if (callers === null) return ends;
  const { calls } = callers;
  return {
    due: ends.due - calls.due,
    answered: ends.answered - calls.answered,
    faulted: ends.faulted - calls.faulted,
    notStarted: ends.notStarted - calls.notStarted,
    openAtEnd: ends.openAtEnd - calls.gaveUp - calls.openAtEnd,
  };
}

/** One row of a table of columns. */
function rowOf<Key extends string>(
  columns: Readonly<Record<Key, Float64Array>>,
  row: number,
): Record<Key, number> {
  const cells = Object.entries<Float64Array>(columns).map(([key, column]) => [key, column[row]]);
  return Object.fromEntries(cells) as Record<Key, number>;
}
