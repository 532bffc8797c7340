/**
 * A scenario over the one that it extends: maps are merged key by key, lists are replaced; but
 * lists whose items all have an `id` are merged item by item, so that one workload or incident of
 * a long list can be changed without repeating the others. A distribution or a rate over time is
 * one value, however it is written: merging a ramp into a staircase would make neither.
 *
 * Assumptions are known by their `what`, so that a scenario which changes one of them need not
 * repeat the others, nor take over one that it has made false. One without a value drops it.
 */
import { textAt } from './draft.ts';
import type { Draft, DraftEntry, DraftList, DraftMap, Place } from './draft.ts';

/** Keys whose maps name one of several shapes. */
const ONE_VALUE = ['rate', 'profile', 'serviceTime', 'thinkTime', 'requestSize', 'responseSize'];

const ASSUMPTIONS = 'assumptions';

export function mergeDrafts(base: Draft, over: Draft): Draft {
  if (base.kind === 'map' && over.kind === 'map') return mergeMaps(base, over);
  if (base.kind === 'list' && over.kind === 'list') return mergeLists(base, over, 'id');
  return over;
}

/** An item that goes on from one of its base as a thing of another kind. */
export interface ChangedKind {
  readonly id: string;
  readonly base: string;
  readonly over: string;
  /** Of the new kind. */
  readonly place: Place;
}

/** Incidents that keep whatever their base says of another kind, even its title. */
export function changedKinds(base: DraftMap, over: DraftMap): ChangedKind[] {
  const [below, above] = [base, over].map((map) => map.entries.get('incidents')?.value);
  if (below?.kind !== 'list' || above?.kind !== 'list') return [];
  const [known, named] = [namesOf(below, 'id'), namesOf(above, 'id')];
  if (known === null || named === null) return [];
  return above.items.flatMap((item, index) => {
    const at = known.indexOf(named[index]);
    if (at === -1 || item.kind !== 'map' || item.entries.has('title')) return [];
    const [before, after] = [textAt(below.items[at], 'kind'), textAt(item, 'kind')];
    const place = item.entries.get('kind')?.value.place;
    if (before === null || after === null || before === after || place === undefined) return [];
    return [{ id: named[index], base: before, over: after, place }];
  });
}

/** The map without a key. */
export function withoutKey(map: DraftMap, key: string): DraftMap {
  const entries = new Map([...map.entries].filter(([name]) => name !== key));
  return { ...map, entries };
}

function mergeMaps(base: DraftMap, over: DraftMap): DraftMap {
  // The order of the base comes first, so that the result reads like the base with changes.
  const entries = new Map<string, DraftEntry>(base.entries);
  for (const [key, entry] of over.entries) {
    const below = base.entries.get(key);
    const isWhole = below === undefined || ONE_VALUE.includes(key);
    const value = isWhole ? entry.value : mergeUnder(key, below.value, entry.value);
    entries.set(key, { key: entry.key, value });
  }
  return { kind: 'map', place: over.place, entries };
}

function mergeUnder(key: string, base: Draft, over: Draft): Draft {
  const areLists = base.kind === 'list' && over.kind === 'list';
  if (key !== ASSUMPTIONS || !areLists) return mergeDrafts(base, over);
  const dropped = over.items.filter(hasNoValue).map((item) => textAt(item, 'what'));
  const known = namesOf(base, 'what') ?? [];
  const isDropped = (item: Draft): boolean => {
    const what = textAt(item, 'what');
    return what !== null && dropped.includes(what) && known.includes(what);
  };
  const merged = mergeLists(base, over, 'what');
  return { ...merged, items: merged.items.filter((item) => !isDropped(item)) };
}

/** `value: null`; where the value was forgotten there is no such key. */
function hasNoValue(item: Draft): boolean {
  const value = item.kind === 'map' ? item.entries.get('value')?.value : undefined;
  return value?.kind === 'scalar' && value.value === null;
}

function mergeLists(base: DraftList, over: DraftList, key: string): DraftList {
  const known = namesOf(base, key);
  const named = namesOf(over, key);
  // An empty list has no names: it is how a scenario drops all items.
  if (known === null || named === null) return over;
  const items = [...base.items];
  over.items.forEach((item, index) => {
    const at = known.indexOf(named[index]);
    if (at === -1) items.push(item);
    else items[at] = mergeDrafts(items[at], item);
  });
  return { kind: 'list', place: over.place, items };
}

/** What all items are called; null when one has no name, or two have the same. */
function namesOf(list: DraftList, key: string): string[] | null {
  const names = list.items.map((item) => textAt(item, key));
  const isUsable =
    names.length > 0 && !names.includes(null) && new Set(names).size === names.length;
  return isUsable ? names.map(String) : null;
}
