/**
 * Readers of parsed JSON. A reader gives back what it was promised or throws a ReportError that
 * names the place; it keeps the fields it knows and drops the others, so that a later version may
 * add some. (zod belongs to scenario files: here the types exist already, and each reader is held
 * to one of them by the compiler.)
 */
import { ReportError } from './report-error.ts';

export interface Place {
  readonly file: string;
  readonly path: string;
}

export type Reader<T> = (value: unknown, place: Place) => T;

/** Nothing that a run counts or measures comes near: 50 days of nanoseconds are 4.3e15. */
const NUMBER_MAX = 1e18;

/** Zero or more, as all but differences are; JSON cannot say NaN, but `1e999` is Infinity. */
export const readNumber: Reader<number> = (value, place) => {
  if (typeof value !== 'number') return refuse(place, 'a number', value);
  if (value >= 0 && value <= NUMBER_MAX) return value;
  return refuse(place, 'a number between 0 and 1e18', value);
};

/** Of a difference, which may be below zero. */
export const readSigned: Reader<number> = (value, place) => {
  if (typeof value !== 'number') return refuse(place, 'a number', value);
  if (Math.abs(value) <= NUMBER_MAX) return value;
  return refuse(place, 'a number between -1e18 and 1e18', value);
};

export const readText: Reader<string> = (value, place) =>
  typeof value === 'string' ? value : refuse(place, 'a text', value);

export const readBoolean: Reader<boolean> = (value, place) =>
  typeof value === 'boolean' ? value : refuse(place, 'true or false', value);

export function nullOr<T>(read: Reader<T>): Reader<T | null> {
  return (value, place) => (value === null ? null : read(value, place));
}

/** A field that folders of earlier versions lack: what its absence meant then. */
export function since<T>(read: Reader<T>, before: T): Reader<T> {
  return (value, place) => (value === undefined ? before : read(value, place));
}

export function oneOf<const T extends string | number>(...choices: readonly T[]): Reader<T> {
  return (value, place) => {
    const found = choices.find((choice) => choice === value);
    if (found !== undefined) return found;
    return refuse(place, choices.map((choice) => JSON.stringify(choice)).join(' or '), value);
  };
}

export function listOf<T>(read: Reader<T>): Reader<readonly T[]> {
  return (value, place) => {
    if (!Array.isArray(value)) return refuse(place, 'a list', value);
    return value.map((entry: unknown, index) => read(entry, at(place, `[${index}]`)));
  };
}

export function recordOf<T>(read: Reader<T>): Reader<Readonly<Record<string, T>>> {
  return (value, place) =>
    Object.fromEntries(
      Object.entries(objectAt(value, place)).map(([key, entry]) => [
        key,
        read(entry, at(place, place.path === '' ? key : `.${key}`)),
      ]),
    );
}

export function objectOf<T>(readers: { readonly [Key in keyof T]-?: Reader<T[Key]> }): Reader<T> {
  return (value, place) => {
    const object = objectAt(value, place);
    const found: Partial<T> = {};
    for (const key in readers) {
      found[key] = readers[key](object[key], at(place, place.path === '' ? key : `.${key}`));
    }
    return found as T;
  };
}

function objectAt(value: unknown, place: Place): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return refuse(place, 'an object', value);
  }
  return value as Record<string, unknown>;
}

function at(place: Place, step: string): Place {
  return { file: place.file, path: place.path + step };
}

function refuse(place: Place, wanted: string, found: unknown): never {
  const path = place.path === '' ? null : place.path;
  throw new ReportError(place.file, path, `expected ${wanted}, found ${nameOf(found)}`);
}

function nameOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}
