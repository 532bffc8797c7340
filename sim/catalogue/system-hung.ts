import { PatchColumn, SystemState } from '../plan/plan.ts';
import { patchesOf, targetRows } from './incident.ts';
import type { IncidentKind } from './incident.ts';

export const systemHung: IncidentKind = {
  kind: 'system-hung',
  title: 'An information system hangs',
  prose:
    'It accepts every request and answers none, so each holds a thread of both security servers ' +
    "until the service's timeout.",
  isAttack: false,
  target: 'system',
  targetProse: 'information systems, or services: then the systems that answer for them',
  settings: [],
  compile: (context) =>
    patchesOf(
      targetRows(context, context.lookup.system),
      PatchColumn.SystemState,
      SystemState.Hung,
    ),
};
