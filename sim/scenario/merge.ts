/**
 * A scenario over the one that it extends: maps are merged key by key, lists are replaced; but
 * lists whose items all have an `id` are merged item by item, so that one workload or incident of
 * a long list can be changed without repeating the others. A distribution or a rate over time is
 * one value, however it is written: merging a ramp into a staircase would make neither.
 */
import { idOf } from './draft.ts';
import type { Draft, DraftEntry, DraftList, DraftMap } from './draft.ts';

/** Keys whose maps name one of several shapes. */
const ONE_VALUE = ['rate', 'profile', 'serviceTime', 'thinkTime', 'requestSize', 'responseSize'];

export function mergeDrafts(base: Draft, over: Draft): Draft {
  if (base.kind === 'map' && over.kind === 'map') return mergeMaps(base, over);
  if (base.kind === 'list' && over.kind === 'list') return mergeLists(base, over);
  return over;
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
    const value = isWhole ? entry.value : mergeDrafts(below.value, entry.value);
    entries.set(key, { key: entry.key, value });
  }
  return { kind: 'map', place: over.place, entries };
}

function mergeLists(base: DraftList, over: DraftList): DraftList {
  const known = idsOf(base);
  const named = idsOf(over);
  // An empty list has no ids: it is how a scenario drops all of them.
  if (known === null || named === null) return over;
  const items = [...base.items];
  over.items.forEach((item, index) => {
    const at = known.indexOf(named[index]);
    if (at === -1) items.push(item);
    else items[at] = mergeDrafts(items[at], item);
  });
  return { kind: 'list', place: over.place, items };
}

/** The ids of all items; null when one has none, or two have the same. */
function idsOf(list: DraftList): string[] | null {
  const ids = list.items.map(idOf);
  const isUsable = ids.length > 0 && !ids.includes(null) && new Set(ids).size === ids.length;
  return isUsable ? ids.map(String) : null;
}
