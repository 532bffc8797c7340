import { PatchColumn } from '../plan/plan.ts';
import { partsOf, patch, span } from './incident.ts';
import type { IncidentKind } from './incident.ts';

/** Tokens are logged out after every start of the signer (facts 5.6 and 9). */
export const restartWithoutPin: IncidentKind = {
  kind: 'restart-without-pin',
  title: 'A security server is restarted, and nobody gives the PIN',
  prose:
    'It is down for `downFor` and its start-up time. Then it runs, and can sign nothing ' +
    'until the incident ends: then somebody gives the PIN.',
  isAttack: false,
  needsTrust: false,
  target: 'server',
  targetProse: 'security servers, `INSTANCE/SERVER`',
  workflow: 'parallel',
  settings: [
    span('downFor', 30e6, 1000, 86_400e6, 'how long it is off before it is started again'),
  ],
  compile: ({ target, settings }) => {
    const lastsUs = Number(settings['downFor']);
    return partsOf(
      target.rows.flatMap((row) => [
        { ...patch(PatchColumn.ServerPower, row, 0), lastsUs },
        patch(PatchColumn.TokenLocked, row, 1),
      ]),
    );
  },
};
