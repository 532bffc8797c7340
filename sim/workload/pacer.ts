/**
 * When the next call of a source is due: a pure function of the instant of the last one.
 *
 * A rate is straight lines between points, so what it promises until an instant is a sum of
 * trapezoids, and the instant at which it has promised a given amount is the root of a quadratic.
 * An amount of 1 gives evenly spaced calls; an amount of -log(u) gives a Poisson process, by
 * inversion of its integrated rate.
 *
 *   rate |      /\          before the first point: the first's rate
 *        |_____/  \____     after the last one: the last's rate; of a day until midnight
 *        +--1--2--3-4--->   two points at one time: a step, the second counts from there on
 */
import type { RateTable } from '../plan/plan.ts';

export const DAY_US = 86_400e6;
const US_PER_S = 1e6;

/**
 * The instant at which factor x rate, integrated from `fromUs` on, reaches `amount`; Infinity when
 * it never does. Not rounded: a caller that keeps whole microseconds should go on from the exact
 * instant, or the roundings add up.
 */
export function nextArrivalUs(
  rates: RateTable,
  row: number,
  factor: number,
  startOfDayUs: number,
  fromUs: number,
  amount: number,
): number {
  if (amount <= 0) return fromUs;
  if (factor <= 0) return Infinity;
  const first = rates.pointFrom[row];
  const end = first + rates.pointCount[row];
  const isDaily = rates.isDaily[row] === 1;
  const limit = isDaily ? DAY_US : Infinity;
  // What is still to come is kept in units of rate x microseconds of the unscaled curve.
  let area = (amount / factor) * US_PER_S;
  let at = isDaily ? timeOfDay(startOfDayUs + fromUs) : fromUs;
  let next = pointAfter(rates.atUs, first, end, at);
  let passedUs = 0;
  let daysSkipped = false;
  for (;;) {
    const stop = next < end ? Math.min(rates.atUs[next], limit) : limit;
    const here = rateWithin(rates, first, end, next, at);
    const there = stop === Infinity ? here : rateWithin(rates, first, end, next, stop);
    const widthUs = stop - at;
    const piece = widthUs === Infinity ? promise(here) : ((here + there) / 2) * widthUs;
    if (piece > 0 && area <= piece) {
      return fromUs + passedUs + Math.min(widthUs, timeFor(area, here, (there - here) / widthUs));
    }
    if (stop === Infinity) return Infinity;
    area -= piece;
    passedUs += widthUs;
    at = stop;
    if (at < limit) {
      next++;
      continue;
    }
    at = 0;
    next = pointAfter(rates.atUs, first, end, 0);
    if (daysSkipped) continue;
    // Whole days are skipped at once, all but the last, so that the end is met within a curve.
    const day = areaBetween(rates, first, end, 0, DAY_US);
    if (day <= 0) return Infinity;
    const days = Math.max(0, Math.ceil(area / day) - 1);
    area = Math.max(0, area - days * day);
    passedUs += days * DAY_US;
    daysSkipped = true;
  }
}

/** How many calls factor x rate promises between two instants of the run. */
export function integralOf(
  rates: RateTable,
  row: number,
  factor: number,
  startOfDayUs: number,
  fromUs: number,
  toUs: number,
): number {
  if (toUs <= fromUs || factor <= 0) return 0;
  const first = rates.pointFrom[row];
  const end = first + rates.pointCount[row];
  const perUs = factor / US_PER_S;
  if (rates.isDaily[row] === 0) return perUs * areaBetween(rates, first, end, fromUs, toUs);
  const at = timeOfDay(startOfDayUs + fromUs);
  const untilUs = at + (toUs - fromUs);
  const days = Math.floor(untilUs / DAY_US);
  if (days === 0) return perUs * areaBetween(rates, first, end, at, untilUs);
  const head = areaBetween(rates, first, end, at, DAY_US);
  const whole = days === 1 ? 0 : (days - 1) * areaBetween(rates, first, end, 0, DAY_US);
  const tail = areaBetween(rates, first, end, 0, untilUs - days * DAY_US);
  return perUs * (head + whole + tail);
}

/** The rate a second at an instant of the run; of a step, what holds from there on. */
export function rateAt(
  rates: RateTable,
  row: number,
  factor: number,
  startOfDayUs: number,
  atUs: number,
): number {
  const first = rates.pointFrom[row];
  const end = first + rates.pointCount[row];
  const at = rates.isDaily[row] === 1 ? timeOfDay(startOfDayUs + atUs) : atUs;
  return factor * rateWithin(rates, first, end, pointAfter(rates.atUs, first, end, at), at);
}

/** The remainder of doubles is slow, and most runs are of one day. */
function timeOfDay(us: number): number {
  return us < DAY_US ? us : us % DAY_US;
}

/** Area under the curve between two times of its own clock, within one day of a daily one. */
function areaBetween(
  rates: RateTable,
  first: number,
  end: number,
  from: number,
  to: number,
): number {
  let sum = 0;
  let at = from;
  let next = pointAfter(rates.atUs, first, end, from);
  while (at < to) {
    const stop = next < end ? Math.min(rates.atUs[next], to) : to;
    const here = rateWithin(rates, first, end, next, at);
    const there = rateWithin(rates, first, end, next, stop);
    sum += ((here + there) / 2) * (stop - at);
    at = stop;
    next++;
  }
  return sum;
}

/** The first point later than `at`; `end` when there is none. */
function pointAfter(atUs: Float64Array, first: number, end: number, at: number): number {
  let low = first;
  let high = end;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (atUs[middle] <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The rate at a time of the segment that ends at point `next`. */
function rateWithin(
  rates: RateTable,
  first: number,
  end: number,
  next: number,
  at: number,
): number {
  if (next === first) return rates.rate[first];
  const before = rates.rate[next - 1];
  if (next === end) return before;
  const startUs = rates.atUs[next - 1];
  const widthUs = rates.atUs[next] - startUs;
  // Two points at one time: the segment between them has no width and no area.
  return widthUs === 0 ? before : before + ((rates.rate[next] - before) * (at - startUs)) / widthUs;
}

/** What a rate promises for ever. */
function promise(rate: number): number {
  return rate > 0 ? Infinity : 0;
}

/**
 * The x with rate x + slope x^2 / 2 = area. This form of the root neither divides by a slope that
 * may be 0 nor subtracts two numbers that are nearly equal.
 */
function timeFor(area: number, rate: number, slope: number): number {
  if (area === 0) return 0;
  const root = Math.sqrt(Math.max(0, rate * rate + 2 * slope * area));
  return (2 * area) / (rate + root);
}
