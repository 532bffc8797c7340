import { PatchColumn } from '../plan/plan.ts';
import { patchesOf } from './incident.ts';
import type { IncidentKind } from './incident.ts';

/** Each record is written before the message goes on (facts 7 and 13.6; issue 1766). */
export const logDiskFull: IncidentKind = {
  kind: 'log-disk-full',
  title: 'The disk of a message log is full',
  prose:
    'No record can be written, so every message through the server is refused, while its ' +
    'health check says that all is well.',
  isAttack: false,
  needsTrust: false,
  target: 'server',
  targetProse: 'security servers, `INSTANCE/SERVER`',
  workflow: 'parallel',
  settings: [],
  compile: ({ target }) => patchesOf(target.rows, PatchColumn.LogDiskFull, 1),
};
