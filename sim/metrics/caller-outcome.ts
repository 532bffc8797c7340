/**
 * What one replication hands over about callers. It tells of calls with a policy only (row 1 and up
 * of the plan's policies): all others are one call, one attempt and one exchange, counted by the
 * recorder alone.
 *
 * The recorder counts calls, whatever their policy: `due` when a call is due, `answered` and
 * `faulted` when the call (not the attempt) ends, from the call's own intended start. It does not
 * hear of calls that were given up: they are open there, and `calls.gaveUp` here says how many.
 *
 * A call, its attempts and their exchanges belong to the measured part if the call was due after
 * the warm-up. A scope is one of outcome.ts; a journey's is the instance of its client.
 */

/** One row a scope: everything, each instance, across the border. */
export interface CallerOutcome {
  readonly journeys: JourneyColumns;
  readonly calls: CallColumns;
  readonly attempts: AttemptColumns;
  readonly exchanges: ExchangeColumns;
  /** Calls given up, by row of services and by pair of classes as in outcome.ts. */
  readonly gaveUpByService: Float64Array;
  readonly gaveUpByMemberClass: Float64Array;
  /** Of journeys that were completed: sum and largest duration, by scope. */
  readonly journeyDuration: { readonly sumUs: Float64Array; readonly maxUs: Float64Array };
  readonly series: CallerSeries;
}

/** started = completed + failed + openAtEnd. */
export interface JourneyColumns {
  readonly started: Float64Array;
  readonly completed: Float64Array;
  readonly failed: Float64Array;
  /** Of the failed: those whose people had waited as long as they would. */
  readonly gaveUp: Float64Array;
  readonly openAtEnd: Float64Array;
}

/** due = answered + faulted + gaveUp + notStarted + openAtEnd. */
export interface CallColumns {
  readonly due: Float64Array;
  readonly answered: Float64Array;
  readonly faulted: Float64Array;
  readonly gaveUp: Float64Array;
  readonly notStarted: Float64Array;
  readonly openAtEnd: Float64Array;
}

/** started = answered + faulted + abandonedByClient + openAtEnd. */
export interface AttemptColumns {
  readonly started: Float64Array;
  readonly answered: Float64Array;
  readonly faulted: Float64Array;
  readonly abandonedByClient: Float64Array;
  readonly openAtEnd: Float64Array;
}

/** offered = succeeded + faulted + inFlightAtEnd; an abandoned exchange lives on and ends here. */
export interface ExchangeColumns {
  readonly offered: Float64Array;
  readonly succeeded: Float64Array;
  readonly faulted: Float64Array;
  readonly inFlightAtEnd: Float64Array;
}

/** Row: bucket * scopeCount + scope, from time 0, as the series of outcome.ts. */
export interface CallerSeries {
  /** Attempts after the first. */
  readonly retries: Float64Array;
  readonly gaveUp: Float64Array;
  readonly abandoned: Float64Array;
  readonly journeysFailed: Float64Array;
}
