/**
 * What an incident is made of. A kind declares its settings and targets as data, from which the
 * manual is printed and scenarios are checked, and compiles, for each of its targets, to patches of
 * the source of truth, or, for an attack, to arrivals. It knows neither who runs it nor the text it
 * was written in: it asks a `Lookup` for row numbers and reports mistakes by paths.
 */
import type { DocumentPath } from '../plan/path-issue.ts';

export type SettingUnit =
  /** Microseconds. */
  | 'us'
  | 'per-second'
  | 'factor'
  | 'share'
  /** A scenario writes `10Mbit/s`. */
  | 'bytes-per-us'
  | 'bytes'
  | 'switch'
  /** A scenario writes `7.8.0`, a patch says 70800; the empty text stands for none. */
  | 'version'
  | 'text';

export interface SettingRow {
  readonly name: string;
  readonly unit: SettingUnit;
  /** Null: it must be given. */
  readonly standard: number | string | boolean | null;
  /** Numbers only. */
  readonly min: number;
  readonly max: number;
  /** Texts only: the words that are allowed; null: any. */
  readonly choices: readonly string[] | null;
  /** A time that passes within the incident: one that is over before it cannot be meant. */
  readonly isSpan: boolean;
  readonly prose: string;
}

/** What incidents hit. The words are those of the manual and of `fedlab list`. */
export type TargetKind =
  | 'server'
  | 'system'
  | 'service'
  | 'link'
  | 'central server'
  | 'OCSP responder'
  | 'time-stamping authority';

export type Workflow = 'parallel' | 'serial';

export interface IncidentKind {
  readonly kind: string;
  readonly title: string;
  readonly prose: string;
  readonly isAttack: boolean;
  /** It is about trust clocks, and shows nothing where they do not run. */
  readonly needsTrust: boolean;
  readonly target: TargetKind;
  readonly targetProse: string;
  /** Where the scenario does not say. */
  readonly workflow: Workflow;
  readonly settings: readonly SettingRow[];
  /** What happens to one target. */
  readonly compile: (context: IncidentContext) => IncidentParts;
}

/** One of the things that an incident hits. */
export interface Target {
  readonly name: string;
  /** One row of its table; of a link target all rows that it means. */
  readonly rows: readonly number[];
}

export interface IncidentContext {
  readonly target: Target;
  /** All settings of the kind, checked, defaults filled in. */
  readonly settings: Readonly<Record<string, number | string | boolean>>;
  readonly lookup: Lookup;
  readonly report: Report;
}

/** Paths are relative to the incident. */
export type Report = (
  path: DocumentPath,
  code: string,
  message: string,
  hint?: string | null,
) => void;

/** Rows by name; null: there is none, and the issue has been reported at the path. */
export interface Lookup {
  readonly server: (name: string, path: DocumentPath) => number | null;
  readonly service: (name: string, path: DocumentPath) => number | null;
  /** A subsystem registered at the server: the named one, or the first. */
  readonly clientAt: (server: number, name: string, path: DocumentPath) => string | null;
  /** Rows of the certificates of a server: the one of its TLS, those of its signers. */
  readonly certificates: (server: number, of: CertificateChoice) => readonly number[];
  /** Rows of all flows to a service; with a client's name only those of this subsystem. */
  readonly flows: (service: number, client: string, path: DocumentPath) => readonly number[];
}

export type CertificateChoice = 'authentication' | 'signing' | 'both';

export interface IncidentParts {
  readonly patches: readonly PatchSpec[];
  readonly attacks: readonly AttackSpec[];
}

/** What a cell becomes while its target is hit; after that the value before returns. */
export interface PatchSpec {
  /** PatchColumn. */
  readonly column: number;
  readonly row: number;
  readonly value: number;
  /** From the beginning on that target. */
  readonly afterUs: number;
  /** At most, and never longer than the target is hit. */
  readonly lastsUs: number;
}

/** Arrivals from an attacker. */
export interface AttackSpec {
  readonly target: number;
  readonly ratePerSecond: number;
  readonly requests: {
    /** Null: a client that nobody knows. */
    readonly client: string | null;
    /** Row; null: any service will do, the request never gets there. */
    readonly service: number | null;
    readonly bytes: number;
  } | null;
  /** Of connections: the server they come from; -1: an address nobody knows. */
  readonly partner: number;
}

/** A change for as long as the target is hit. */
export const patch = (column: number, row: number, value: number): PatchSpec => ({
  column,
  row,
  value,
  afterUs: 0,
  lastsUs: Infinity,
});

/** The parts of an incident that changes one column of each row of its target. */
export const patchesOf = (
  rows: readonly number[],
  column: number,
  value: number,
): IncidentParts => ({ patches: rows.map((row) => patch(column, row, value)), attacks: [] });

export const partsOf = (patches: readonly PatchSpec[]): IncidentParts => ({ patches, attacks: [] });

export const attacksOf = (attacks: readonly AttackSpec[]): IncidentParts => ({
  patches: [],
  attacks,
});

export function amount(
  name: string,
  unit: SettingUnit,
  standard: number | null,
  min: number,
  max: number,
  prose: string,
): SettingRow {
  return { name, unit, standard, min, max, choices: null, isSpan: false, prose };
}

/** Microseconds that pass within the incident. */
export function span(
  name: string,
  standard: number,
  min: number,
  max: number,
  prose: string,
): SettingRow {
  return { ...amount(name, 'us', standard, min, max, prose), isSpan: true };
}

export function toggle(name: string, standard: boolean, prose: string): SettingRow {
  return { name, unit: 'switch', standard, min: 0, max: 0, choices: null, isSpan: false, prose };
}

export function text(
  name: string,
  standard: string | null,
  choices: readonly string[] | null,
  prose: string,
): SettingRow {
  return { name, unit: 'text', standard, min: 0, max: 0, choices, isSpan: false, prose };
}

/** A version of X-Road; empty: none. */
export function version(name: string, prose: string): SettingRow {
  const unit = 'version';
  return { name, unit, standard: '', min: 0, max: 990_000, choices: null, isSpan: false, prose };
}
