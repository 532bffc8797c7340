/**
 * When an incident hits which of its targets. It happens in rounds, `repeat.times` of them; in a
 * round every target has a window of its own:
 *
 *    parallel   the beginnings are spread evenly over `ramp`, the last at its end; each window ends
 *               after `dwell`, and all of them with `for`
 *    serial     one window after the other with `gap` between them; each is `dwell` long, or an
 *               equal part of `for`
 */
import type { SettingRow } from '../catalogue/incident.ts';
import type { IncidentDocument } from '../plan/document.ts';
import type { DocumentPath } from '../plan/path-issue.ts';
import type { IssueList } from './compile-issues.ts';
import { formatDuration, lengthText } from './compile-parameters.ts';

export interface Window {
  readonly startUs: number;
  /** May lie beyond the run. */
  readonly endUs: number;
}

/** All windows of one round, one for each target. */
export interface Round extends Window {
  readonly windows: readonly Window[];
}

export interface TimingContext {
  readonly workflow: 'parallel' | 'serial';
  readonly targetCount: number;
  readonly durationUs: number;
  /** 0: there is none, or it is found after the run. */
  readonly warmUpUs: number;
  readonly path: DocumentPath;
  readonly issues: IssueList;
}

/** None when the times of the incident make no sense, which has then been reported. */
export function roundsOf(incident: IncidentDocument, context: TimingContext): Round[] {
  const { durationUs, path, issues } = context;
  const { id, atUs, repeat } = incident;
  if (!checkLengths(incident, context)) return [];
  // Nothing begins within a run of no time, about which enough has been said.
  if (durationUs > 0 && atUs >= durationUs) {
    const message = `"${id}" begins when the run is over`;
    issues.error([...path, 'atUs'], 'after-the-end', message, lengthText(durationUs));
    return [];
  }
  const windows = windowsOf(incident, context);
  if (windows.length === 0) return [];
  const lastsUs = Math.max(...windows.map(({ endUs }) => endUs)) - atUs;
  if (repeat !== null && repeat.times > 1 && repeat.everyUs < lastsUs) {
    const message = `"${id}" comes again every ${formatDuration(repeat.everyUs)}`;
    const hint = `it lasts ${formatDuration(lastsUs)}; let one time end before the next`;
    issues.error([...path, 'repeat', 'everyUs'], 'overlapping-incidents', message, hint);
    return [];
  }
  const rounds = Array.from({ length: repeat?.times ?? 1 }, (_, index): Round => {
    const laterUs = index * (repeat?.everyUs ?? 0);
    const moved = windows.map(({ startUs, endUs }) => ({
      startUs: startUs + laterUs,
      endUs: endUs + laterUs,
    }));
    return { startUs: atUs + laterUs, endUs: atUs + laterUs + lastsUs, windows: moved };
  });
  warnOfWhatIsLate(incident, rounds, context);
  warnOfWhatIsEarly(incident, rounds, context);
  return rounds.filter(({ startUs }) => startUs < durationUs || durationUs <= 0);
}

function windowsOf(incident: IncidentDocument, context: TimingContext): Window[] {
  const { targetCount, workflow } = context;
  const { atUs, forUs, dwellUs, rampUs, gapUs } = incident;
  const endUs = atUs + (forUs ?? Infinity);
  if (workflow === 'parallel') {
    const stepUs = targetCount > 1 ? rampUs / (targetCount - 1) : 0;
    return Array.from({ length: targetCount }, (_, index) => {
      const startUs = atUs + Math.round(index * stepUs);
      return { startUs, endUs: Math.min(endUs, startUs + (dwellUs ?? Infinity)) };
    });
  }
  const partUs = ((forUs ?? 0) - gapUs * (targetCount - 1)) / targetCount;
  const eachUs = dwellUs ?? partUs;
  return Array.from({ length: targetCount }, (_, index) => {
    const startUs = atUs + Math.round(index * (eachUs + gapUs));
    return { startUs, endUs: Math.min(endUs, startUs + Math.round(eachUs)) };
  });
}

/** Whether every target is hit for some time. */
function checkLengths(incident: IncidentDocument, context: TimingContext): boolean {
  const { workflow, path, issues } = context;
  const { id, forUs, dwellUs, rampUs, gapUs } = incident;
  const isEmpty = (us: number | null): boolean => us !== null && us <= 0;
  if (isEmpty(forUs) || isEmpty(dwellUs)) {
    const key = isEmpty(forUs) ? 'forUs' : 'dwellUs';
    const hint = 'write how long it lasts, such as 5min';
    issues.error([...path, key], 'out-of-range', `"${id}" lasts no time`, hint);
    return false;
  }
  if (forUs !== null && dwellUs !== null && dwellUs > forUs) {
    const message = `"${id}" dwells at each target for longer than it lasts`;
    const hint = `dwell is ${formatDuration(dwellUs)}, and for is ${formatDuration(forUs)}`;
    issues.error([...path, 'dwellUs'], 'conflict', message, hint);
    return false;
  }
  if (workflow === 'serial' && rampUs > 0) {
    const message = `"${id}" is serial: its targets do not begin by a ramp`;
    issues.error([...path, 'rampUs'], 'conflict', message, 'write a gap, or workflow: parallel');
    return false;
  }
  if (workflow === 'parallel' && gapUs > 0) {
    const message = `"${id}" is parallel: there is no gap between its targets`;
    issues.error([...path, 'gapUs'], 'conflict', message, 'write a ramp, or workflow: serial');
    return false;
  }
  return workflow === 'parallel' ? checkRamp(incident, context) : checkTurns(incident, context);
}

function checkRamp(
  { id, forUs, rampUs }: IncidentDocument,
  { targetCount, path, issues }: TimingContext,
): boolean {
  if (forUs === null || targetCount < 2 || rampUs < forUs) return true;
  const message = `"${id}" ends before its last target begins`;
  const hint = `it lasts ${formatDuration(forUs)}, and its ramp ${formatDuration(rampUs)}`;
  issues.error([...path, 'rampUs'], 'conflict', message, hint);
  return false;
}

function checkTurns(
  { id, forUs, dwellUs, gapUs }: IncidentDocument,
  { targetCount, path, issues }: TimingContext,
): boolean {
  const neededUs = (dwellUs ?? 0) * targetCount + gapUs * (targetCount - 1);
  const isEnough = forUs === null || neededUs < forUs || (dwellUs !== null && neededUs === forUs);
  if (isEnough || targetCount === 0) return true;
  const message = `"${id}" ends before it was the last target's turn`;
  const turns = `${targetCount} turns need ${dwellUs === null ? 'more than ' : ''}`;
  issues.error([...path, 'forUs'], 'conflict', message, turns + formatDuration(neededUs));
  return false;
}

function warnOfWhatIsLate(
  { id, repeat }: IncidentDocument,
  rounds: readonly Round[],
  { durationUs, path, issues }: TimingContext,
): void {
  if (durationUs <= 0) return;
  const late = rounds.filter(({ startUs }) => startUs >= durationUs).length;
  if (late > 0) {
    const message = `"${id}" comes ${rounds.length - late} of ${repeat?.times ?? 1} times`;
    const hint = `${lengthText(durationUs)}, and the others begin after it`;
    issues.warn([...path, 'repeat', 'times'], 'after-the-end', message, hint);
  }
  const within = rounds.filter(({ startUs }) => startUs < durationUs);
  const missed = within.map(
    ({ windows }) => windows.filter(({ startUs }) => startUs >= durationUs).length,
  );
  const worst = Math.max(0, ...missed);
  if (worst > 0) {
    const message = `"${id}" does not come to ${worst} of its ${rounds[0].windows.length} targets`;
    issues.warn(path, 'after-the-end', message, lengthText(durationUs));
  } else if (within.some(({ endUs }) => endUs > durationUs)) {
    const message = `"${id}" lasts longer than the run, and ends with it`;
    issues.warn(path, 'outlasts-the-run', message, lengthText(durationUs));
  }
}

/** What is over before the measurement begins shows only in what it leaves behind. */
function warnOfWhatIsEarly(
  { id }: IncidentDocument,
  rounds: readonly Round[],
  { warmUpUs, path, issues }: TimingContext,
): void {
  if (rounds.some(({ endUs }) => endUs > warmUpUs)) return;
  const message = `"${id}" is over before anything is counted`;
  const hint = `the warm-up lasts ${formatDuration(warmUpUs)}`;
  issues.warn([...path, 'atUs'], 'no-effect', message, hint);
}

/** A clock that would need an hour for its drift is set right after a minute. */
export function warnOfWhatIsShort(
  { id, settings }: IncidentDocument,
  rounds: readonly Round[],
  rows: readonly SettingRow[],
  { path, issues }: Pick<TimingContext, 'path' | 'issues'>,
): void {
  if (rounds.length === 0) return;
  const longestUs = Math.max(...rounds[0].windows.map(({ startUs, endUs }) => endUs - startUs));
  for (const { name, standard, isSpan } of rows) {
    const spanUs = Number(settings[name] ?? standard);
    if (!isSpan || !(spanUs > longestUs)) continue;
    const message = `"${id}" is over before its ${name} has passed`;
    const hint = `${name} is ${formatDuration(spanUs)}, and it lasts ${formatDuration(longestUs)}`;
    issues.warn([...path, 'settings', name], 'conflict', message, hint);
  }
}
