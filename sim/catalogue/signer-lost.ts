import { PatchColumn } from '../plan/plan.ts';
import { patchesOf } from './incident.ts';
import type { IncidentKind } from './incident.ts';

/** Cached contexts help nobody: each message needs a signature (facts 5.7). */
export const signerLost: IncidentKind = {
  kind: 'signer-lost',
  title: 'The signer of a security server is gone',
  prose:
    'Nothing can be signed, and no OCSP answers are fetched, until the process is back: at the ' +
    'end of the incident, or earlier when the server is started again.',
  isAttack: false,
  needsTrust: false,
  target: 'server',
  targetProse: 'security servers, `INSTANCE/SERVER`',
  workflow: 'parallel',
  settings: [],
  compile: ({ target }) => patchesOf(target.rows, PatchColumn.SignerLost, 1),
};
