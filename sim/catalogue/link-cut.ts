import { PatchColumn } from '../plan/plan.ts';
import { patchesOf, toggle } from './incident.ts';
import type { IncidentKind } from './incident.ts';

export const linkCut: IncidentKind = {
  kind: 'link-cut',
  title: 'A link is cut',
  prose:
    'Nothing passes, and nobody is told: whoever sends waits for a time-out. One way, requests ' +
    'arrive and are worked on, and the answers are lost.',
  isAttack: false,
  needsTrust: false,
  target: 'link',
  targetProse: 'links, `EE->FI` or `EE<->FI`, or all links of a server, `EE/ss1`',
  workflow: 'parallel',
  settings: [toggle('oneWay', false, 'only the first direction of the target is cut')],
  compile: ({ target }) => patchesOf(target.rows, PatchColumn.LinkCut, 1),
};
