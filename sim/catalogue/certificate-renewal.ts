import { PatchColumn } from '../plan/plan.ts';
import { patchesOf } from './incident.ts';
import type { IncidentKind } from './incident.ts';

/** Old and new may be active together; peers know the new one by the configuration (facts 5.6). */
export const certificateRenewal: IncidentKind = {
  kind: 'certificate-renewal',
  title: 'An authentication certificate is renewed',
  prose:
    'At the start a second certificate is registered at the central server; until the end the ' +
    'old one stays in use, and then the new one is. Peers that do not have it in their ' +
    'configuration by then refuse the server until they do, up to three minutes later.',
  isAttack: false,
  needsTrust: true,
  target: 'server',
  targetProse: 'security servers whose certificate it is, `INSTANCE/SERVER`',
  workflow: 'parallel',
  settings: [],
  compile: ({ target, lookup }) =>
    patchesOf(
      target.rows.flatMap((server) => lookup.certificates(server, 'authentication')),
      PatchColumn.CertificateRenewed,
      1,
    ),
};
