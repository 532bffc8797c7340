/**
 * A function for each thing that an incident can change and that the live network can really do.
 * Nothing here reaches into what a server believes: keys are taken away, processes end, links are
 * cut, authorities say something else, and each server learns of it as X-Road's would.
 *
 * What is missing, and refused: certificates that run out or are renewed in the middle of a run.
 */
import { assert } from '../base/assert.ts';
import { PatchColumn, SystemState } from '../plan/plan.ts';
import type { Plan } from '../plan/plan.ts';
import type { LiveNetwork } from './network.ts';
import { LINK_COLUMNS } from './shaper/link.ts';
import type { Shaper } from './shaper/shaper.ts';
import { undrivenColumns } from './trouble/patches.ts';
import type { Change, Troubled } from './trouble/patches.ts';
import { troubledRights } from './trouble/troubled-rights.ts';
import { troubledServers } from './trouble/troubled-servers.ts';
import { troubledCertificates, troubledServices } from './trouble/troubled-services.ts';

export interface TroubledThings {
  readonly network: LiveNetwork;
  readonly shaper: Shaper;
}

export function troubledOf(plan: Plan, things: TroubledThings): Troubled {
  return changesOf(plan, () => things);
}

/** Of a plan's incidents those that cannot be done live, as sentences; none: all can. */
export function whatCannotBeDone(plan: Plan): string[] {
  const troubled = changesOf(plan, () => {
    throw new Error('nothing runs that could be changed');
  });
  const names = undrivenColumns(plan, troubled);
  if (names.length === 0) return [];
  const { column, incident } = plan.patches;
  const rows = new Set(incident.filter((_, patch) => !troubled.has(column[patch])));
  return [...rows].map((row) => {
    const { id, kind } = plan.incidents[row];
    return `${id}: ${kind} is for virtual time (${names.join(', ')})`;
  });
}

function changesOf(plan: Plan, things: () => TroubledThings): Troubled {
  const network = (): LiveNetwork => things().network;
  const links = LINK_COLUMNS.map((column): [number, Change] => [
    column,
    (row, value) => things().shaper.change(row, column, value),
  ]);
  return new Map([
    ...links,
    ...troubledSystems(plan, network),
    ...troubledServers(plan, network),
    ...troubledServices(plan, network),
    ...troubledCertificates(plan, network),
    ...troubledRights(plan, network),
  ]);
}

const SYSTEM_STATES = new Map<number, 'up' | 'hung' | 'refusing'>([
  [SystemState.Up, 'up'],
  [SystemState.Hung, 'hung'],
  [SystemState.Refusing, 'refusing'],
]);

function troubledSystems(
  { systems }: Plan,
  network: () => LiveNetwork,
): readonly (readonly [number, Change])[] {
  return [
    [
      PatchColumn.SystemState,
      (row, value) => {
        const state = SYSTEM_STATES.get(value);
        assert(state !== undefined, 'no incident takes the address of a system away');
        return network().provider(systems.id[row]).become(state);
      },
    ],
    [
      PatchColumn.SystemSlowness,
      (row, factor) => {
        network().provider(systems.id[row]).slowness = factor;
      },
    ],
  ];
}
