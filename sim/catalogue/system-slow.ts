import { PatchColumn } from '../plan/plan.ts';
import { amount, patchesOf } from './incident.ts';
import type { IncidentKind } from './incident.ts';

export const systemSlow: IncidentKind = {
  kind: 'system-slow',
  title: 'An information system is slow',
  prose: 'Every service time is multiplied by `factor`.',
  isAttack: false,
  needsTrust: false,
  target: 'system',
  targetProse: 'information systems, or services: then the systems that answer for them',
  workflow: 'parallel',
  settings: [amount('factor', 'factor', 10, 0.001, 1e6, 'how many times slower it is')],
  compile: ({ target, settings }) =>
    patchesOf(target.rows, PatchColumn.SystemSlowness, Number(settings['factor'])),
};
