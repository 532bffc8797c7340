/**
 * A scenario between text and meaning: maps, lists and single values, each of which knows where it
 * was written, even after files were merged and values set from the command line.
 */
import type { SourceText } from './source.ts';

export interface Place {
  readonly source: SourceText;
  /** Half-open range of offsets. */
  readonly from: number;
  readonly to: number;
}

export type Draft = DraftMap | DraftList | DraftScalar;
export type Scalar = string | number | boolean | null;

export interface DraftMap {
  readonly kind: 'map';
  readonly place: Place;
  readonly entries: ReadonlyMap<string, DraftEntry>;
}

export interface DraftEntry {
  readonly key: Place;
  readonly value: Draft;
}

export interface DraftList {
  readonly kind: 'list';
  readonly place: Place;
  readonly items: readonly Draft[];
}

export interface DraftScalar {
  readonly kind: 'scalar';
  readonly place: Place;
  readonly value: Scalar;
}

export type Plain = Scalar | readonly Plain[] | { readonly [key: string]: Plain };

/** The same without places. Keys are unique and never `__proto__`: parse.ts sees to that. */
export function toPlain(draft: Draft): Plain {
  if (draft.kind === 'scalar') return draft.value;
  if (draft.kind === 'list') return draft.items.map(toPlain);
  return Object.fromEntries([...draft.entries].map(([key, { value }]) => [key, toPlain(value)]));
}

/** The text of a value under a key; null where there is none, or something else than text. */
export function textAt(draft: Draft, key: string): string | null {
  const value = draft.kind === 'map' ? draft.entries.get(key)?.value : undefined;
  return value?.kind === 'scalar' && typeof value.value === 'string' ? value.value : null;
}

/** What a list item is called, if it has an `id`. */
export function idOf(draft: Draft): string | null {
  return textAt(draft, 'id');
}
