import { PatchColumn, SystemState } from '../plan/plan.ts';
import { patchesOf } from './incident.ts';
import type { IncidentKind } from './incident.ts';

export const systemHung: IncidentKind = {
  kind: 'system-hung',
  title: 'An information system hangs',
  prose:
    'It accepts every request and answers none, so each holds a thread of both security servers ' +
    "until the service's timeout.",
  isAttack: false,
  needsTrust: false,
  target: 'system',
  targetProse: 'information systems, or services: then the systems that answer for them',
  workflow: 'parallel',
  settings: [],
  compile: ({ target }) => patchesOf(target.rows, PatchColumn.SystemState, SystemState.Hung),
};
