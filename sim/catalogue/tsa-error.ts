import { PatchColumn } from '../plan/plan.ts';
import { TrustState } from '../protocol/lifecycle.ts';
import { patchesOf } from './incident.ts';
import type { IncidentKind } from './incident.ts';

/** As reported with status 502 (facts 12.5, ria-ee 6). */
export const tsaError: IncidentKind = {
  kind: 'tsa-error',
  title: 'A time-stamping authority answers with errors',
  prose:
    'It answers at once, with status 502. To a security server that is as good as no ' + 'answer.',
  isAttack: false,
  needsTrust: true,
  target: 'time-stamping authority',
  targetProse: 'time-stamping authorities, `INSTANCE/NAME`',
  workflow: 'parallel',
  settings: [],
  compile: ({ target }) => patchesOf(target.rows, PatchColumn.TrustServiceState, TrustState.Wrong),
};
