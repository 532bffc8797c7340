/**
 * How many arrivals a rate promises: the exact integral of straight lines. The pacer of
 * sim/workload asks the opposite question, when the next arrival is due; a test holds them equal.
 */
import type { RateDocument } from '../plan/document.ts';

export const DAY_US = 86_400 * 1e6;

/**
 * Arrivals between two instants of the run. A rate by the day repeats every 24 hours from
 * `startOfDayUs` on; before its first point a rate is the first's, after its last the last's.
 */
export function expectedArrivals(
  rate: RateDocument,
  startOfDayUs: number,
  fromUs: number,
  toUs: number,
): number {
  if (toUs <= fromUs || rate.points.length === 0) return 0;
  if (rate.clock === 'run') return integralTo(rate, toUs) - integralTo(rate, fromUs);
  const dailyTo = (atUs: number): number => {
    const days = Math.floor(atUs / DAY_US);
    return days * integralTo(rate, DAY_US) + integralTo(rate, atUs - days * DAY_US);
  };
  return dailyTo(startOfDayUs + toUs) - dailyTo(startOfDayUs + fromUs);
}

/** Arrivals of one whole day of a rate by the day. */
export function arrivalsPerDay(rate: RateDocument): number {
  return integralTo(rate, DAY_US);
}

/** From clock 0 to a clock time. */
function integralTo(rate: RateDocument, atUs: number): number {
  const { points } = rate;
  let previous = points[0];
  let sum = Math.min(atUs, previous.atUs) * previous.rate;
  for (const point of points.slice(1)) {
    if (atUs <= previous.atUs) break;
    const widthUs = point.atUs - previous.atUs;
    const partUs = Math.min(atUs, point.atUs) - previous.atUs;
    if (partUs > 0) {
      const rateThere = previous.rate + ((point.rate - previous.rate) * partUs) / widthUs;
      sum += ((previous.rate + rateThere) / 2) * partUs;
    }
    previous = point;
  }
  if (atUs > previous.atUs) sum += (atUs - previous.atUs) * previous.rate;
  return sum / 1e6;
}
