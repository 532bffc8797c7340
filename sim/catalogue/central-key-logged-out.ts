import { PatchColumn } from '../plan/plan.ts';
import { patchesOf } from './incident.ts';
import type { IncidentKind } from './incident.ts';

/** After a restart its token needs a PIN, and only its own logs say so (facts 5.1). */
export const centralKeyLoggedOut: IncidentKind = {
  kind: 'central-key-logged-out',
  title: 'The signing key of a central server is logged out',
  prose:
    'It cannot sign, so no new configuration is made. The old files can still be downloaded ' +
    'until they expire.',
  isAttack: false,
  needsTrust: true,
  target: 'central server',
  targetProse: 'central servers, `INSTANCE/NAME`',
  workflow: 'parallel',
  settings: [],
  compile: ({ target }) => patchesOf(target.rows, PatchColumn.CentralKeyLoggedOut, 1),
};
