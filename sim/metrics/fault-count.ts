/** Faults by key, spelled as the server that raised them spells them. */
import { findFault, spellFault } from '../protocol/fault.ts';
import { FAULT_KEYS } from './outcome.ts';
import type { FaultCount } from './result.ts';

const VERSION_77 = 70_700;
const VERSION_78 = 70_800;

/** The number of a key's fault. */
export function faultOfKey(key: number): number {
  return key % (FAULT_KEYS / 2);
}

/** The code of a key, in the spelling that it stands for. */
export function codeOfKey(key: number): string {
  return spellFault(faultOfKey(key), key < FAULT_KEYS / 2 ? VERSION_78 : VERSION_77);
}

/** Counts by key as rows, the most frequent first. */
export function faultCounts(byKey: Float64Array): FaultCount[] {
  const rows: FaultCount[] = [];
  for (let key = 0; key < byKey.length; key++) {
    if (byKey[key] === 0) continue;
    const entry = findFault(faultOfKey(key));
    rows.push({
      code: codeOfKey(key),
      side: entry?.side ?? 'consumer',
      definite: entry?.definite ?? false,
      count: byKey[key],
    });
  }
  return rows.toSorted((a, b) => b.count - a.count || (a.code < b.code ? -1 : 1));
}
