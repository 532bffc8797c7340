import { PatchColumn } from '../plan/plan.ts';
import { amount, patchesOf } from './incident.ts';
import type { IncidentKind } from './incident.ts';

/** Four commits an exchange, through four connections a server (facts 0.8 and 13.6). */
export const logSlow: IncidentKind = {
  kind: 'log-slow',
  title: 'The database of a message log is slow',
  prose:
    'Every commit takes `factor` times as long. All messages of the server wait for the ' +
    'same few connections.',
  isAttack: false,
  needsTrust: false,
  target: 'server',
  targetProse: 'security servers, `INSTANCE/SERVER`',
  workflow: 'parallel',
  settings: [amount('factor', 'factor', 10, 0.001, 1e6, 'how many times slower it is')],
  compile: ({ target, settings }) =>
    patchesOf(target.rows, PatchColumn.LogSlowness, Number(settings['factor'])),
};
