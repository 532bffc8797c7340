/**
 * Checks of what comes after an incident, and of whether anybody saw it.
 *
 * Liveness: a run is finite, so "in the end all is well again" has a bound; a run that ends before
 * the bound knows nothing. Metastability (Bronson and others, "Metastable failures in distributed
 * systems", HotOS 2021): a collapse that its trigger began goes on by itself, such as by retries,
 * when the trigger is gone.
 */
import type { CheckDocument } from '../plan/document.ts';
import type { IncidentRow, Plan } from '../plan/plan.ts';
import { IncidentState } from '../protocol/lifecycle.ts';
import { failed, passed, secondsText, unknown, worstOf } from './check-finding.ts';
import type { Finding, HistoryInput } from './check-finding.ts';
import type { SeriesOutcome } from './outcome.ts';
import { goodShare, HEALTHY_BUCKETS, quietBuckets, recoveryUs } from './recovery.ts';
import { scopeNames } from './scope.ts';

/**
 * How long effects of an incident may honestly last: three minutes until a change has spread, five
 * in the key-configuration cache (facts.md 5.1, 5.2), and two to work off what waited.
 */
const AFTERMATH_US = 600e6;
/** Less than half of what was answered before is no disturbance any more. */
const COLLAPSED_SHARE = 0.5;
/** In the buckets that are judged; of a few calls, half may fail by chance. */
const CALLS_MIN = 20;

export function recovery(input: HistoryInput, asked: CheckDocument | null): Finding {
  const incidents = incidentsOf(input.plan, asked);
  if (incidents.length === 0) return unknown('there is no incident to recover from');
  const withinUs = asked?.withinUs ?? 0;
  const findings = incidents.map((incident) => recoveryOf(input, incident, withinUs));
  return worstOf(findings, recoveredText(findings, input.totals.series.bucketUs));
}

function recoveryOf(
  { plan, totals }: HistoryInput,
  incident: IncidentRow,
  withinUs: number,
): Finding {
  const recoveredUs = recoveryUs(totals, plan.warmUpUs, incident, plan.incidents);
  if (recoveredUs !== null && recoveredUs <= withinUs) {
    return passed(`${incident.id} ${boundText(recoveredUs)}`);
  }
  // To tell that it did not, the bound and the buckets that show health have to be in the run.
  const neededUs = incident.endUs + withinUs + (HEALTHY_BUCKETS + 1) * totals.series.bucketUs;
  if (neededUs > plan.durationUs) return unknown(`the run ends too soon after ${incident.id}`);
  const next = disturbanceOf(plan, incident, incident.endUs + withinUs);
  if (next !== null) return unknown(`${next.id} came before ${incident.id} could be over`);
  const rows = rowsText(totals.series.bucketUs);
  const found = recoveredUs === null ? 'never' : `only ${boundText(recoveredUs)} ${rows}`;
  return failed([`calls recovered from ${incident.id} ${found}`]);
}

/** Somewhere in the row before the first healthy one: a bound, and no instant. */
const boundText = (us: number): string => (us === 0 ? 'at once' : `within ${secondsText(us)}`);

const US_PER_MINUTE = 60e6;

function rowsText(bucketUs: number): string {
  const minutes = bucketUs / US_PER_MINUTE;
  const length = Number.isInteger(minutes) ? `${minutes} min` : secondsText(bucketUs);
  return `(rows of ${length})`;
}

function recoveredText(findings: readonly Finding[], bucketUs: number): string {
  return `recovered: ${findings.map(({ detail }) => detail).join(', ')} ${rowsText(bucketUs)}`;
}

/**
 * A collapse outlives its trigger if, when all its honest effects are over, less than half of what
 * was answered before is answered in every bucket that is looked at.
 */
export function noCollapse(input: HistoryInput, asked: CheckDocument | null): Finding {
  // Unasked, it speaks of those incidents alone that something can be said about.
  const incidents = asked === null ? observedIncidents(input.plan) : incidentsOf(input.plan, asked);
  if (incidents.length === 0) return unknown('there is no incident that could trigger one');
  const withinUs = asked?.withinUs ?? null;
  const findings = incidents.map((incident) => collapseOf(input, incident, withinUs));
  return worstOf(findings, `answered as before after ${incidents.map(({ id }) => id).join(', ')}`);
}

/** Incidents after which the run goes on long enough, and undisturbed, to tell. */
export function observedIncidents(plan: Plan): IncidentRow[] {
  const afterUs = aftermathUs(null, plan);
  return plan.incidents.filter((incident) => isObserved(plan, incident, afterUs));
}

function collapseOf(
  { plan, totals: { series } }: HistoryInput,
  incident: IncidentRow,
  withinUs: number | null,
): Finding {
  const afterUs = aftermathUs(withinUs, plan);
  if (!isObserved(plan, incident, afterUs)) {
    return unknown(`the run ends or is disturbed too soon after ${incident.id}`);
  }
  const isQuiet = quietBuckets(series, plan.warmUpUs, plan.incidents);
  const from = Math.ceil((incident.endUs + afterUs) / series.bucketUs);
  const collapsed = scopeNames(plan).filter((_, scope) =>
    isCollapsed(series, scope, { from, before: incident.startUs, isQuiet }),
  );
  if (collapsed.length === 0) return passed(incident.id);
  const where = collapsed.join(', ');
  return failed([
    `${secondsText(afterUs)} after ${incident.id} less than half is answered: ${where}`,
  ]);
}

interface Judged {
  /** The first bucket that is looked at, and when what came before ends. */
  readonly from: number;
  readonly before: number;
  readonly isQuiet: Uint8Array;
}

function isCollapsed(
  series: SeriesOutcome,
  scope: number,
  { from, before, isQuiet }: Judged,
): boolean {
  const shareBefore = goodShare(series, scope, Math.floor(before / series.bucketUs), isQuiet);
  let offeredInAll = 0;
  for (let bucket = from; bucket < from + HEALTHY_BUCKETS; bucket++) {
    const row = bucket * series.scopeCount + scope;
    const [offered, answered] = [series.offered[row], series.answered[row]];
    offeredInAll += offered;
    if (answered >= COLLAPSED_SHARE * shareBefore * offered) return false;
  }
  return offeredInAll >= CALLS_MIN;
}

/** With long buckets the effects are over only when theirs is. */
function aftermathUs(withinUs: number | null, { seriesBucketUs }: Plan): number {
  return withinUs ?? Math.max(AFTERMATH_US, seriesBucketUs);
}

function isObserved(plan: Plan, incident: IncidentRow, afterUs: number): boolean {
  const bucketUs = plan.seriesBucketUs;
  const untilUs = (Math.ceil((incident.endUs + afterUs) / bucketUs) + HEALTHY_BUCKETS) * bucketUs;
  return untilUs <= plan.durationUs && disturbanceOf(plan, incident, untilUs) === null;
}

export function incidentsSeen({ plan, totals }: HistoryInput): Finding {
  const { series, incidents: phases } = totals;
  if (plan.incidents.length === 0) return unknown('there is no incident');
  const unseen = plan.incidents.filter(({ startUs, endUs }, row) => {
    if (phases[row] === IncidentState.Pending) return true;
    const first = Math.floor(startUs / series.bucketUs);
    const end = Math.min(series.bucketCount, Math.ceil(endUs / series.bucketUs));
    for (let bucket = first; bucket < end; bucket++) {
      if (series.offered[bucket * series.scopeCount] > 0) return false;
    }
    return true;
  });
  if (unseen.length > 0) {
    const names = unseen.map(({ id }) => id).join(', ');
    return unknown(`no call was due while these lasted: ${names}`);
  }
  return passed('each began within the run, and calls were due while it lasted');
}

/** Another incident that is under way between the end of one and an instant; null: none is. */
function disturbanceOf(plan: Plan, incident: IncidentRow, untilUs: number): IncidentRow | null {
  return (
    plan.incidents.find(
      (other) => other !== incident && other.startUs < untilUs && other.endUs > incident.endUs,
    ) ?? null
  );
}

/** All of them, or those that the named one was compiled to: a repeated one is several. */
function incidentsOf({ incidents }: Plan, asked: CheckDocument | null): readonly IncidentRow[] {
  const named = asked?.incident ?? null;
  if (named === null) return incidents;
  return incidents.filter(({ id }) => id === named || id.startsWith(`${named}/`));
}
