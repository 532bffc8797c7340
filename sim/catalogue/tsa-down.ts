import { PatchColumn } from '../plan/plan.ts';
import { TrustState } from '../protocol/lifecycle.ts';
import { patchesOf } from './incident.ts';
import type { IncidentKind } from './incident.ts';

/** The clock starts at the first batch that fails (facts 5.3): 4 h by default, 48 h in Finland. */
export const tsaDown: IncidentKind = {
  kind: 'tsa-down',
  title: 'A time-stamping authority is down',
  prose:
    'Message logs stay without time-stamps. A server with records to stamp goes on for the ' +
    'acceptable period after its first failure, and then refuses every message.',
  isAttack: false,
  needsTrust: true,
  target: 'time-stamping authority',
  targetProse: 'time-stamping authorities, `INSTANCE/NAME`',
  workflow: 'parallel',
  settings: [],
  compile: ({ target }) => patchesOf(target.rows, PatchColumn.TrustServiceState, TrustState.Down),
};
