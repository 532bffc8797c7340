/** What `warmUp: auto` needs of a scenario: a long enough series before anything disturbs it. */
import { MSER_VALUES_MIN } from '../base/mser.ts';
import type { Document } from '../plan/document.ts';
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

/** Until the first incident begins. */
function steadyUs({ durationUs, incidents }: Document): number {
  return incidents.reduce((us, { atUs }) => Math.min(us, atUs), durationUs);
}
