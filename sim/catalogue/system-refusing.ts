import { PatchColumn, SystemState } from '../plan/plan.ts';
import { patchesOf } from './incident.ts';
import type { IncidentKind } from './incident.ts';

export const systemRefusing: IncidentKind = {
  kind: 'system-refusing',
  title: 'An information system refuses connections',
  prose: 'Its port is closed: every request fails at once, and costs little.',
  isAttack: false,
  needsTrust: false,
  target: 'system',
  targetProse: 'information systems, or services: then the systems that answer for them',
  workflow: 'parallel',
  settings: [],
  compile: ({ target }) => patchesOf(target.rows, PatchColumn.SystemState, SystemState.Refusing),
};
