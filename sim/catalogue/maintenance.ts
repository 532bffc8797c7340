import { PatchColumn } from '../plan/plan.ts';
import { patchesOf } from './incident.ts';
import type { IncidentKind } from './incident.ts';

/** A flag in the configuration, since 7.7: known after it was signed and downloaded (facts 5.5). */
export const maintenance: IncidentKind = {
  kind: 'maintenance',
  title: 'A security server is in maintenance',
  prose:
    'The configuration of its instance says so. Consumers that have heard of it choose ' +
    'another server; where there is none, they refuse.',
  isAttack: false,
  needsTrust: true,
  target: 'server',
  targetProse: 'security servers, `INSTANCE/SERVER`',
  workflow: 'parallel',
  settings: [],
  compile: ({ target }) => patchesOf(target.rows, PatchColumn.Maintenance, 1),
};
