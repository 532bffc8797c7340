/** The blocks of counts of a result, and the rates that follow from them. */
import type { ScopeOutcome } from './outcome.ts';
import type {
  AttemptCounts,
  CallCounts,
  ExchangeCounts,
  JourneyCounts,
  ThroughputRps,
} from './result.ts';

const US_PER_SECOND = 1e6;

/** The five numbers that a scope, a service and a pair of classes have in common. */
export type EndCounts = Pick<
  ScopeOutcome,
  'due' | 'answered' | 'faulted' | 'notStarted' | 'openAtEnd'
>;

export function callsOf(ends: EndCounts): CallCounts {
  return {
    due: ends.due,
    answered: ends.answered,
    faulted: ends.faulted,
    // Callers that give up, retry and belong to journeys are not modelled yet.
    gaveUp: 0,
    notStarted: ends.notStarted,
    openAtEnd: ends.openAtEnd,
  };
}

/** A call is one attempt, and none if it was not started. */
export function attemptsOf(ends: EndCounts): AttemptCounts {
  return {
    started: ends.due - ends.notStarted,
    answered: ends.answered,
    faulted: ends.faulted,
    abandonedByClient: 0,
    openAtEnd: ends.openAtEnd,
  };
}

export function exchangesOf(ends: EndCounts): ExchangeCounts {
  return {
    offered: ends.due - ends.notStarted,
    completed: ends.answered + ends.faulted,
    succeeded: ends.answered,
    faulted: ends.faulted,
    inFlightAtEnd: ends.openAtEnd,
  };
}

export const NO_JOURNEYS: JourneyCounts = { started: 0, completed: 0, failed: 0, openAtEnd: 0 };

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
