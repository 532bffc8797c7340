import { PatchColumn } from '../plan/plan.ts';
import { patchesOf } from './incident.ts';
import type { IncidentKind } from './incident.ts';

/** Each start costs the start-up time, and a valid configuration (facts 9 and 13.20). */
export const rollingRestart: IncidentKind = {
  kind: 'rolling-restart',
  title: 'Security servers are restarted, one after the other',
  prose:
    'Each is off for `dwell`, and needs its start-up time after that. The next follows ' +
    'after `gap`.',
  isAttack: false,
  needsTrust: false,
  target: 'server',
  targetProse: 'security servers, `INSTANCE/SERVER`',
  workflow: 'serial',
  settings: [],
  compile: ({ target }) => patchesOf(target.rows, PatchColumn.ServerPower, 0),
};
