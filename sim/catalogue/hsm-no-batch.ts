import { PatchColumn } from '../plan/plan.ts';
import { patchesOf } from './incident.ts';
import type { IncidentKind } from './incident.ts';

/** One token operation a signature, with 50 s until it is given up (facts 13.11). */
export const hsmNoBatch: IncidentKind = {
  kind: 'hsm-no-batch',
  title: 'Tokens sign without batches',
  prose:
    'Messages that wait for a signature no longer share one: each takes an operation of its ' +
    'own, and a busy member waits in line.',
  isAttack: false,
  needsTrust: false,
  target: 'server',
  targetProse: 'security servers, `INSTANCE/SERVER`',
  workflow: 'parallel',
  settings: [],
  compile: ({ target }) => patchesOf(target.rows, PatchColumn.BatchSigningOff, 1),
};
