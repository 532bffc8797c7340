import { PatchColumn } from '../plan/plan.ts';
import { TrustState } from '../protocol/lifecycle.ts';
import { patchesOf } from './incident.ts';
import type { IncidentKind } from './incident.ts';

/** Servers fall one after the other, over one fetch interval (facts 5.2). */
export const ocspDown: IncidentKind = {
  kind: 'ocsp-down',
  title: 'An OCSP responder is down',
  prose:
    'Security servers get no new answers about their certificates. They go on with those ' +
    'they have until these are no longer fresh; a server with another responder asks that ' +
    'one.',
  isAttack: false,
  needsTrust: true,
  target: 'OCSP responder',
  targetProse: 'OCSP responders, `INSTANCE/NAME`',
  workflow: 'parallel',
  settings: [],
  compile: ({ target }) => patchesOf(target.rows, PatchColumn.TrustServiceState, TrustState.Down),
};
