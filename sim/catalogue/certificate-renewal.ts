import { PatchColumn } from '../plan/plan.ts';
import { patchesOf, text } from './incident.ts';
import type { CertificateChoice, IncidentKind } from './incident.ts';

/** Old and new may be active together; peers know the new one by the configuration (facts 5.6). */
export const certificateRenewal: IncidentKind = {
  kind: 'certificate-renewal',
  title: 'Certificates are renewed',
  prose:
    'At the start a second certificate is made and, for authentication, registered at the ' +
    'central server; until the end the old one stays in use, and then the new one is. Peers that ' +
    'do not have a new authentication certificate in their configuration by then refuse the ' +
    'server until they do, up to three minutes later.',
  isAttack: false,
  needsTrust: true,
  target: 'server',
  targetProse: 'security servers whose certificates they are, `INSTANCE/SERVER`',
  workflow: 'parallel',
  settings: [
    text(
      'certificate',
      'authentication',
      ['both', 'authentication', 'signing'],
      'which certificates',
    ),
  ],
  compile: ({ target, settings, lookup }) => {
    const choice = settings['certificate'] as CertificateChoice;
    const rows = target.rows.flatMap((server) => lookup.certificates(server, choice));
    return patchesOf(rows, PatchColumn.CertificateRenewed, 1);
  },
};
