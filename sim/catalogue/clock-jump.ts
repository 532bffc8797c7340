import { PatchColumn } from '../plan/plan.ts';
import { amount, patchesOf, text } from './incident.ts';
import type { IncidentKind } from './incident.ts';

/** A wrong clock makes valid certificates and answers invalid (facts 12.5, issues 893 and 197). */
export const clockJump: IncidentKind = {
  kind: 'clock-jump',
  title: 'The clock of a security server jumps',
  prose:
    'At once it is wrong by `offset`; at the end of the incident it is right again. Every ' +
    'age that the server works out is wrong by as much.',
  isAttack: false,
  needsTrust: true,
  target: 'server',
  targetProse: 'security servers, `INSTANCE/SERVER`',
  workflow: 'parallel',
  settings: [
    amount('offset', 'us', 300e6, 0, 400 * 86_400e6, 'by how much the clock is wrong'),
    text('direction', 'ahead', ['ahead', 'behind'], 'which way it is wrong'),
  ],
  compile: ({ target, settings }) => {
    const sign = settings['direction'] === 'ahead' ? 1 : -1;
    return patchesOf(target.rows, PatchColumn.ClockSkewUs, sign * Number(settings['offset']));
  },
};
