/**
 * What the statistics of a steady run need of its scenario: for `warmUp: auto` a long enough series
 * before anything disturbs it, and a load that does not change while it is measured.
 */
import { MSER_VALUES_MIN } from '../base/mser.ts';
import type { Document, RateDocument } from '../plan/document.ts';
import type { DocumentPath } from '../plan/path-issue.ts';
import { DAY_US } from '../population/rate-integral.ts';
import type { IssueList } from './compile-issues.ts';

const MS_IN_US = 1000;

/** Rows of the series, and so many more than the rule needs, in case some of them are empty. */
const VALUES = Math.ceil(MSER_VALUES_MIN * 1.2);

/** The bucket of a series from which a warm-up is to be found: whole milliseconds. */
export function warmUpBucketUs(document: Document): number {
  return Math.max(MS_IN_US, Math.floor(steadyUs(document) / VALUES / MS_IN_US) * MS_IN_US);
}

export function checkWarmUp(document: Document, issues: IssueList): void {
  const { findsWarmUp, warmUpUs, kind, durationUs, seriesBucketUs } = document;
  if ((warmUpUs > 0 || findsWarmUp) && kind === 'terminating') {
    const message = 'a terminating scenario has no warm-up: all of it counts';
    issues.error(['warmUpUs'], 'conflict', message, 'leave it out, or write kind: steady');
    return;
  }
  if (warmUpUs >= durationUs && durationUs > 0) {
    issues.error(['warmUpUs'], 'out-of-range', 'the warm-up is as long as the run');
  }
  if (!findsWarmUp || durationUs <= 0) return;
  const bucketUs = seriesBucketUs ?? warmUpBucketUs(document);
  const values = Math.floor(steadyUs(document) / bucketUs);
  if (values >= MSER_VALUES_MIN) return;
  const message =
    `to find a warm-up takes ${MSER_VALUES_MIN} rows of the series before the first incident, ` +
    `and there are ${values}`;
  const hint = 'write a shorter seriesBucket or a longer duration, or the warm-up itself';
  issues.error(['warmUpUs'], 'out-of-range', message, hint);
}

/**
 * A mean over a load that rises and falls is of no moment in particular, and confidence intervals
 * around it say nothing.
 */
export function checkSteadyLoad(document: Document, issues: IssueList): void {
  if (document.kind !== 'steady') return;
  for (const [path, rate, from, to] of ratesOf(document)) {
    if (rate === null || !changes(rate, document.startOfDayUs, from, to)) continue;
    const message = 'a steady run of a load that changes while it is measured';
    const hint = 'write kind: terminating, or a rate that stays the same after the warm-up';
    issues.warn(path, 'unsteady-load', message, hint);
  }
}

type TimedRate = readonly [
  path: DocumentPath,
  rate: RateDocument | null,
  fromUs: number,
  toUs: number,
];

/** Every rate of the document, and when it is measured. */
function ratesOf(document: Document): TimedRate[] {
  const { durationUs, warmUpUs, findsWarmUp } = document;
  // A warm-up that is found ends before the half, or the run is rejected.
  const measuredUs = findsWarmUp ? durationUs / 2 : warmUpUs;
  const timed = (key: 'workloads' | 'journeys'): TimedRate[] =>
    document[key].map(({ rate, startUs, stopUs }, index) => [
      [key, index, 'rate'],
      rate,
      Math.max(measuredUs, startUs),
      Math.min(durationUs, stopUs ?? durationUs),
    ]);
  const populations = Object.entries(document.instances).map(([id, { population }]): TimedRate => [
    ['instances', id, 'population', 'profile'],
    population?.profile ?? null,
    measuredUs,
    durationUs,
  ]);
  return [...timed('workloads'), ...timed('journeys'), ...populations];
}

/** Whether a line between two points that differ, or a step, lies within a part of the run. */
function changes(
  { clock, points }: RateDocument,
  startOfDayUs: number,
  fromUs: number,
  toUs: number,
): boolean {
  if (fromUs >= toUs || points.length === 0) return false;
  const lines = points.slice(1).map((point, index) => [points[index], point] as const);
  const isWithin = (originUs: number): boolean =>
    lines.some(([{ atUs, rate }, next]) => {
      return rate !== next.rate && originUs + atUs < toUs && originUs + next.atUs > fromUs;
    });
  if (clock === 'run') return isWithin(0);
  // At midnight a rate by the day steps from its last point's to its first point's.
  lines.push([
    { atUs: DAY_US, rate: points[points.length - 1].rate },
    { atUs: DAY_US, rate: points[0].rate },
  ]);
  const firstDay = Math.floor((startOfDayUs + fromUs) / DAY_US);
  const days = Math.ceil((startOfDayUs + toUs) / DAY_US) - firstDay;
  return Array.from({ length: days }, (_, day) => (firstDay + day) * DAY_US - startOfDayUs).some(
    isWithin,
  );
}

/** Until the first incident begins. */
function steadyUs({ durationUs, incidents }: Document): number {
  return incidents.reduce((us, { atUs }) => Math.min(us, atUs), durationUs);
}
