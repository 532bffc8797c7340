/** The parameters of an instance or a server: what the profile says, and what overrides it. */
import { KEY_TYPES } from '../plan/calibration.ts';
import type { DocumentPath } from '../plan/path-issue.ts';
import { PARAMETERS, STRATEGIES } from '../plan/profile.ts';
import type { ParameterName, ParameterRow, ParameterValues } from '../plan/profile.ts';
import type { IssueList } from './compile-issues.ts';

type Value = number | boolean | string;
export type Overrides = Readonly<Record<string, Value>>;

const ROWS: ReadonlyMap<string, ParameterRow> = new Map(PARAMETERS.map((row) => [row.name, row]));

export function overrideParameters(
  base: ParameterValues,
  overrides: Overrides,
  path: DocumentPath,
  issues: IssueList,
): ParameterValues {
  const entries = Object.entries(overrides);
  if (entries.length === 0) return base;
  const values: Record<ParameterName, Value> = { ...base };
  for (const [name, value] of entries) {
    const row = ROWS.get(name);
    if (row === undefined) {
      issues.unknown([...path, name], 'parameter', name, ROWS.keys());
      continue;
    }
    const wrong = whatIsWrong(row, value);
    if (wrong === null) values[row.name] = value;
    else issues.error([...path, name], wrong.code, `${name} ${wrong.message}`);
  }
  return values;
}

function whatIsWrong(row: ParameterRow, value: Value): { code: string; message: string } | null {
  if (row.unit === 'switch') {
    if (typeof value === 'boolean') return null;
    return { code: 'wrong-type', message: 'is a switch: write true or false' };
  }
  if (row.unit === 'key') {
    if (KEY_TYPES.some((keyType) => keyType === value)) return null;
    return { code: 'wrong-type', message: `is a type of key: one of ${KEY_TYPES.join(', ')}` };
  }
  if (row.unit === 'strategy') {
    if (STRATEGIES.some((strategy) => strategy === value)) return null;
    return { code: 'wrong-type', message: `is a strategy: one of ${STRATEGIES.join(', ')}` };
  }
  if (typeof value !== 'number' || Number.isNaN(value)) {
    return { code: 'wrong-type', message: `needs ${UNIT_PROSE[row.unit]}` };
  }
  if (value >= row.min && value <= row.max) return null;
  const [min, max] = [row.min, row.max].map((bound) => formatParameter(row, bound));
  const given = formatParameter(row, value);
  return { code: 'out-of-range', message: `is ${given}, and ${min} to ${max} make sense` };
}

const UNIT_PROSE: Readonly<Record<ParameterRow['unit'], string>> = {
  us: 'a duration, such as 30s',
  bytes: 'a size, such as 10MiB',
  count: 'a number',
  switch: 'true or false',
  version: 'a version, such as 7.8.0',
  key: 'a type of key',
  factor: 'a number',
  strategy: 'a strategy',
};

/** As a person writes it: `10 min`, `20 MiB`, `7.6.0`. */
export function formatParameter(row: ParameterRow, value: Value): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (typeof value === 'string') return value;
  if (row.unit === 'us') return formatDuration(value);
  if (row.unit === 'bytes') return inUnits(value, BYTE_UNITS);
  if (row.unit === 'version') {
    return value === 0
      ? 'any'
      : `${Math.floor(value / 10_000)}.${Math.floor(value / 100) % 100}.${value % 100}`;
  }
  return String(value);
}

/** The hint to what comes too late. */
export function lengthText(durationUs: number): string {
  return `the run lasts ${formatDuration(durationUs)}`;
}

export function formatDuration(us: number): string {
  return inUnits(us, DURATION_UNITS);
}

type Unit = readonly [number, string];

const DURATION_UNITS: readonly Unit[] = [
  [86_400e6, 'd'],
  [3600e6, 'h'],
  [60e6, 'min'],
  [1e6, 's'],
  [1e3, 'ms'],
  [1, 'us'],
];
const BYTE_UNITS: readonly Unit[] = [
  [2 ** 20, 'MiB'],
  [2 ** 10, 'KiB'],
  [1, 'B'],
];

/** In the largest unit that leaves a whole number, or else the largest that leaves at least one. */
function inUnits(value: number, units: readonly Unit[]): string {
  if (value === 0) return '0';
  const whole = units.find(([size]) => value >= size && value % size === 0);
  const [size, name] = whole ?? units.find(([one]) => value >= one) ?? units[units.length - 1];
  return `${Number((value / size).toPrecision(4))} ${name}`;
}

export const numberOf = (values: ParameterValues, name: ParameterName): number =>
  Number(values[name]);
