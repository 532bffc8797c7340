import { PatchColumn } from '../plan/plan.ts';
import { TrustState } from '../protocol/lifecycle.ts';
import { patchesOf } from './incident.ts';
import type { IncidentKind } from './incident.ts';

/**
 * A token is verified against the certificate in the configuration (facts 5.3; 12.5, joint-dev
 * 229 and 305).
 */
export const tsaWrongCertificate: IncidentKind = {
  kind: 'tsa-wrong-certificate',
  title: 'A time-stamping authority stamps with the wrong certificate',
  prose:
    'Its certificate was changed, and the configuration still names the old one: tokens ' +
    'come, and none is accepted.',
  isAttack: false,
  needsTrust: true,
  target: 'time-stamping authority',
  targetProse: 'time-stamping authorities, `INSTANCE/NAME`',
  workflow: 'parallel',
  settings: [],
  compile: ({ target }) => patchesOf(target.rows, PatchColumn.TrustServiceState, TrustState.Wrong),
};
