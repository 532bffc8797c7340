/** The settings of an incident against what its kind declares: checked, and defaults filled in. */
import { didYouMean } from '../base/nearest.ts';
import type { IncidentDocument } from '../plan/document.ts';
import type { IncidentKind, Report, SettingRow } from './incident.ts';

type Value = number | string | boolean;

/** Null: at least one setting is wrong, and reported. */
export function resolveSettings(
  kind: IncidentKind,
  incident: Pick<IncidentDocument, 'settings'>,
  report: Report,
): Record<string, Value> | null {
  let isSound = true;
  const values: Record<string, Value> = {};
  for (const name of Object.keys(incident.settings)) {
    if (kind.settings.some((row) => row.name === name)) continue;
    isSound = false;
    const known = kind.settings.map((row) => row.name);
    const given = known.length === 0 ? `${kind.kind} has no settings` : null;
    const message = `${kind.kind} has no setting "${name}"`;
    const all = known.length === 0 ? null : `it has ${known.join(', ')}`;
    report(['settings', name], 'unknown-key', message, given ?? didYouMean(name, known) ?? all);
  }
  for (const row of kind.settings) {
    const value = incident.settings[row.name] ?? row.standard;
    if (value === null) {
      isSound = false;
      report([], 'missing-value', `${kind.kind} needs ${row.name}`, row.prose);
      continue;
    }
    const wrong = whatIsWrong(row, value);
    if (wrong === null) {
      values[row.name] = row.unit === 'version' ? (versionOf(value) ?? 0) : value;
      continue;
    }
    isSound = false;
    report(['settings', row.name], wrong.code, `${row.name} ${wrong.message}`, row.prose);
  }
  return isSound ? values : null;
}

function whatIsWrong(row: SettingRow, value: Value): { code: string; message: string } | null {
  if (row.unit === 'switch') {
    return typeof value === 'boolean' ? null : { code: 'wrong-type', message: 'is true or false' };
  }
  if (row.unit === 'version') {
    if (versionOf(value) !== null) return null;
    return { code: 'wrong-type', message: 'is a version of three parts, such as 7.8.0' };
  }
  if (row.unit === 'text') {
    const isFine = typeof value === 'string' && (row.choices?.includes(value) ?? true);
    if (isFine) return null;
    const choices = row.choices === null ? 'a name' : `one of ${row.choices.join(', ')}`;
    return { code: 'wrong-type', message: `is ${choices}` };
  }
  if (typeof value !== 'number') return { code: 'wrong-type', message: 'is a number' };
  if (value >= row.min && value <= row.max) return null;
  const message = `is ${value}, and ${row.min} to ${row.max} make sense`;
  return { code: 'out-of-range', message };
}

/** 7.8.0 as 70800, nothing as 0; null: it is none. */
function versionOf(value: Value): number | null {
  if (value === '') return 0;
  const match = /^(\d{1,2})\.(\d{1,2})\.(\d{1,2})$/.exec(String(value));
  if (match === null) return null;
  const [major, minor, fix] = match.slice(1).map(Number);
  return major * 10_000 + minor * 100 + fix;
}
