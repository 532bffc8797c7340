import { PatchColumn } from '../plan/plan.ts';
import { patchesOf, text } from './incident.ts';
import type { IncidentKind } from './incident.ts';

/** The values of the column. */
const BY_RIGHT = 1;
const BY_GROUP = 2;

/** Rights are cached for 60 s; a global group comes with the configuration (facts 8 and 13.14). */
export const accessRevoked: IncidentKind = {
  kind: 'access-revoked',
  title: 'The right to call a service is withdrawn',
  prose:
    'Only the provider checks rights, and from a cache: for a while calls still pass. A ' +
    'right through a global group is known later still.',
  isAttack: false,
  needsTrust: false,
  target: 'service',
  targetProse: 'services, `INSTANCE/CLASS/CODE/SUBSYSTEM/SERVICE`',
  workflow: 'parallel',
  settings: [
    text('client', '', null, 'the subsystem that loses the right; empty: all who have it'),
    text('through', 'right', ['right', 'group'], 'what is withdrawn: a right, or membership'),
  ],
  compile: ({ target, settings, lookup }) => {
    const client = String(settings['client']);
    const value = settings['through'] === 'group' ? BY_GROUP : BY_RIGHT;
    const rows = target.rows.flatMap((service) =>
      lookup.flows(service, client, ['settings', 'client']),
    );
    return patchesOf(rows, PatchColumn.AccessRevoked, value);
  },
};
