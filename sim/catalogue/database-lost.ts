import { PatchColumn } from '../plan/plan.ts';
import { patchesOf } from './incident.ts';
import type { IncidentKind } from './incident.ts';

/** The message log has no cache; the configuration of the server has one of 60 s (facts 5.7). */
export const databaseLost: IncidentKind = {
  kind: 'database-lost',
  title: 'A security server loses its database',
  prose:
    'Its message log and its own configuration are gone. Messages are refused at once, ' +
    'because they cannot be logged.',
  isAttack: false,
  needsTrust: false,
  target: 'server',
  targetProse: 'security servers, `INSTANCE/SERVER`',
  workflow: 'parallel',
  settings: [],
  compile: ({ target }) => patchesOf(target.rows, PatchColumn.DatabaseLost, 1),
};
