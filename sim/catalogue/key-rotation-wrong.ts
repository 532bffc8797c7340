import { PatchColumn } from '../plan/plan.ts';
import { TrustState } from '../protocol/lifecycle.ts';
import { patchesOf } from './incident.ts';
import type { IncidentKind } from './incident.ts';

/** A new key counts only after its certificate was distributed (facts 6, key rotation). */
export const keyRotationWrong: IncidentKind = {
  kind: 'key-rotation-wrong',
  title: 'A central server signs with a key that nobody knows yet',
  prose:
    'The keys were changed in the wrong order: what it publishes is fresh, but no server ' +
    'can verify it, and all keep what they have until it expires.',
  isAttack: false,
  needsTrust: true,
  target: 'central server',
  targetProse: 'central servers, `INSTANCE/NAME`',
  workflow: 'parallel',
  settings: [],
  compile: ({ target }) => patchesOf(target.rows, PatchColumn.TrustServiceState, TrustState.Wrong),
};
