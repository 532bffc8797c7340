import { PatchColumn } from '../plan/plan.ts';
import { patchesOf } from './incident.ts';
import type { IncidentKind } from './incident.ts';

/** Peers fetch what no message has brought them from port 5577 (facts 5.2; 13.16). */
export const ocspPortBlocked: IncidentKind = {
  kind: 'ocsp-port-blocked',
  title: 'Port 5577 of a security server is blocked',
  prose:
    'Its peers cannot fetch the OCSP answer for its TLS certificate. Those that have none ' +
    'that is fresh refuse to talk to it, though port 5500 is open.',
  isAttack: false,
  needsTrust: true,
  target: 'server',
  targetProse: 'security servers, `INSTANCE/SERVER`',
  workflow: 'parallel',
  settings: [],
  compile: ({ target }) => patchesOf(target.rows, PatchColumn.OcspPortBlocked, 1),
};
