/**
 * A journey's step: a group of calls at once, and what their ends mean for the whole. Pure; both
 * engines count and ask.
 */

export const StepEnd = {
  /** The step still waits. */
  Open: 0,
  /** The next step may begin. */
  Done: 1,
  /** What is still open cannot make up for what has failed. */
  Lost: 2,
} as const;

/**
 * How a step stands. `required` counts the required calls that this journey makes: a call that is
 * made by chance may be missing, and cannot be waited for. `open` counts all calls that have not
 * ended, with those that the journey can do without.
 */
export function stepEndOf(
  needed: number,
  waitsForAll: boolean,
  required: number,
  answered: number,
  failed: number,
  open: number,
): number {
  const enough = Math.min(needed, required);
  if (failed > required - enough) return StepEnd.Lost;
  if (answered < enough) return StepEnd.Open;
  return waitsForAll && open > 0 ? StepEnd.Open : StepEnd.Done;
}

/** The number, at its source, of a call of the source's n-th journey. */
export function callOrdinal(journeyOrdinal: number, callsOfJourney: number, call: number): number {
  return journeyOrdinal * callsOfJourney + call;
}

/** The inverse: which of its source's journeys a call belongs to. */
export function journeyOrdinal(callOrdinalAtSource: number, callsOfJourney: number): number {
  return Math.floor(callOrdinalAtSource / callsOfJourney);
}

/** Of `count` rows from `from` on, the one that the draw `u` falls on by its cumulative share. */
export function rowByShare(
  cumulativeShare: Float64Array,
  from: number,
  count: number,
  u: number,
): number {
  let low = from;
  let high = from + count - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cumulativeShare[middle] > u) high = middle;
    else low = middle + 1;
  }
  return low;
}
