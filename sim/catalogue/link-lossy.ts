import { PatchColumn } from '../plan/plan.ts';
import { amount, patchesOf, toggle } from './incident.ts';
import type { IncidentKind } from './incident.ts';
import { linkRows } from './link-target.ts';

export const linkLossy: IncidentKind = {
  kind: 'link-lossy',
  title: 'A link loses packets',
  prose: 'A share of the packets is lost and sent again, after waits that grow.',
  isAttack: false,
  target: 'link',
  targetProse: 'links, `EE->FI` or `EE<->FI`, or all links of a server, `EE/ss1`',
  settings: [
    toggle('oneWay', false, 'only the first direction of the target loses'),
    amount('loss', 'share', 0.05, 0, 1, 'share of packets lost, in place of the usual one'),
  ],
  compile: (context) =>
    patchesOf(linkRows(context), PatchColumn.LinkLoss, Number(context.settings['loss'])),
};
