import { PatchColumn } from '../plan/plan.ts';
import { TrustState } from '../protocol/lifecycle.ts';
import { patchesOf } from './incident.ts';
import type { IncidentKind } from './incident.ts';

/** Nobody notices before the configurations run out (facts 5.1: 9 to 10 min, X-tee about 24 h). */
export const centralServerDown: IncidentKind = {
  kind: 'central-server-down',
  title: 'A central server is down',
  prose:
    'Nothing new is signed, and nothing can be downloaded from it. Security servers go on ' +
    'with the configuration they have until it expires; then every message of theirs is ' +
    'refused. One that has other central servers to ask goes on.',
  isAttack: false,
  needsTrust: true,
  target: 'central server',
  targetProse: 'central servers, `INSTANCE/NAME`',
  workflow: 'parallel',
  settings: [],
  compile: ({ target }) => patchesOf(target.rows, PatchColumn.TrustServiceState, TrustState.Down),
};
