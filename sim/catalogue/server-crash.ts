import { PatchColumn } from '../plan/plan.ts';
import { patchesOf, targetRows } from './incident.ts';
import type { IncidentKind } from './incident.ts';

/** The process dies with everything in flight; a restarted one is not ready at once (facts 9). */
export const serverCrash: IncidentKind = {
  kind: 'server-crash',
  title: 'A security server crashes and is started again',
  prose:
    'At `at` the power goes: exchanges in flight are lost, connections are refused. After `for` ' +
    'it is switched on; it is ready when its start-up time has passed, too.',
  isAttack: false,
  target: 'server',
  targetProse: 'security servers, `INSTANCE/SERVER`',
  settings: [],
  compile: (context) =>
    patchesOf(targetRows(context, context.lookup.server), PatchColumn.ServerPower, 0),
};
