import { PatchColumn } from '../plan/plan.ts';
import { patchesOf } from './incident.ts';
import type { IncidentKind } from './incident.ts';

/** The process dies with everything in flight; a restarted one is not ready at once (facts 9). */
export const serverCrash: IncidentKind = {
  kind: 'server-crash',
  title: 'A security server crashes and is started again',
  prose:
    'At `at` the power goes: exchanges in flight are lost, connections are refused. After `for` ' +
    'it is switched on; it is ready when its start-up time has passed, too.',
  isAttack: false,
  needsTrust: false,
  target: 'server',
  targetProse: 'security servers, `INSTANCE/SERVER`',
  workflow: 'parallel',
  settings: [],
  compile: ({ target }) => patchesOf(target.rows, PatchColumn.ServerPower, 0),
};
