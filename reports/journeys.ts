/** How the journeys of people ended. Counts are sums over the replications. */
import type { JourneyCounts } from '../sim/metrics/result.ts';

export interface JourneyEnds {
  /** Those that were still under way at the end are not among them. */
  readonly ended: number;
  readonly completed: number;
  /** A call of theirs failed for good. */
  readonly failed: number;
  /** Their people ran out of patience; a folder of an earlier version counts these as failed. */
  readonly gaveUp: number;
}

export function journeyEndsOf(journeys: JourneyCounts): JourneyEnds {
  const { completed, failed } = journeys;
  const gaveUp = Math.min(failed, journeys.gaveUp);
  return { ended: completed + failed, completed, failed: failed - gaveUp, gaveUp };
}
