import { PatchColumn } from '../plan/plan.ts';
import { amount, patchesOf, toggle } from './incident.ts';
import type { IncidentKind } from './incident.ts';

export const linkLossy: IncidentKind = {
  kind: 'link-lossy',
  title: 'A link loses packets',
  prose: 'A share of the packets is lost and sent again, after waits that grow.',
  isAttack: false,
  needsTrust: false,
  target: 'link',
  targetProse: 'links, `EE->FI` or `EE<->FI`, or all links of a server, `EE/ss1`',
  workflow: 'parallel',
  settings: [
    toggle('oneWay', false, 'only the first direction of the target loses'),
    amount('loss', 'share', 0.05, 0, 1, 'share of packets lost, in place of the usual one'),
  ],
  compile: ({ target, settings }) =>
    patchesOf(target.rows, PatchColumn.LinkLoss, Number(settings['loss'])),
};
