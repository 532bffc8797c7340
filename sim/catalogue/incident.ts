/**
 * What an incident is made of. A kind declares its settings and targets as data, from which the
 * manual is printed and scenarios are checked, and compiles to patches of the source of truth, or,
 * for an attack, to arrivals. It knows neither who runs it nor the text it was written in: it asks
 * a `Lookup` for row numbers and reports mistakes by paths.
 */
import type { IncidentDocument } from '../plan/document.ts';
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
  readonly prose: string;
}

export type TargetKind = 'server' | 'system' | 'link';

export interface IncidentKind {
  readonly kind: string;
  readonly title: string;
  readonly prose: string;
  readonly isAttack: boolean;
  readonly target: TargetKind;
  readonly targetProse: string;
  readonly settings: readonly SettingRow[];
  readonly compile: (context: IncidentContext) => IncidentParts;
}

export interface IncidentContext {
  readonly incident: IncidentDocument;
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
  readonly system: (name: string, path: DocumentPath) => number | null;
  readonly service: (name: string, path: DocumentPath) => number | null;
  /** Rows of all links from one end to another; an end is an instance or a server. */
  readonly links: (from: LinkEnd, to: LinkEnd) => readonly number[];
  /** An instance or a server. */
  readonly linkEnd: (name: string, path: DocumentPath) => LinkEnd | null;
  /** A subsystem registered at the server: the named one, or the first. */
  readonly clientAt: (server: number, name: string, path: DocumentPath) => string | null;
}

/** A place of the network; `any` is everywhere else. */
export type LinkEnd =
  | { readonly kind: 'instance'; readonly row: number }
  | { readonly kind: 'server'; readonly row: number }
  | { readonly kind: 'any' };

export interface IncidentParts {
  readonly patches: readonly PatchSpec[];
  readonly attacks: readonly AttackSpec[];
}

/** What a cell becomes while the incident lasts; at its end the value before returns. */
export interface PatchSpec {
  /** PatchColumn. */
  readonly column: number;
  readonly row: number;
  readonly value: number;
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

/** The parts of an incident that touches one column of each of its rows. */
export function patchesOf(rows: readonly number[], column: number, value: number): IncidentParts {
  const distinct = [...new Set(rows)];
  return { patches: distinct.map((row) => ({ column, row, value })), attacks: [] };
}

export const attacksOf = (attacks: readonly AttackSpec[]): IncidentParts => ({
  patches: [],
  attacks,
});

/** Rows of all targets that exist. */
export function targetRows(
  { incident }: IncidentContext,
  find: (name: string, path: DocumentPath) => number | null,
): number[] {
  return incident.targets.flatMap((name, index) => {
    const row = find(name, ['targets', index]);
    return row === null ? [] : [row];
  });
}

export function amount(
  name: string,
  unit: SettingUnit,
  standard: number | null,
  min: number,
  max: number,
  prose: string,
): SettingRow {
  return { name, unit, standard, min, max, choices: null, prose };
}

export function toggle(name: string, standard: boolean, prose: string): SettingRow {
  return { name, unit: 'switch', standard, min: 0, max: 0, choices: null, prose };
}

export function text(
  name: string,
  standard: string | null,
  choices: readonly string[] | null,
  prose: string,
): SettingRow {
  return { name, unit: 'text', standard, min: 0, max: 0, choices, prose };
}
