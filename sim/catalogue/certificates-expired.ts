import { PatchColumn } from '../plan/plan.ts';
import { patchesOf, text } from './incident.ts';
import type { CertificateChoice, IncidentKind } from './incident.ts';

/** Checked at every use; an expired one is like none at all (facts 5.6). */
export const certificatesExpired: IncidentKind = {
  kind: 'certificates-expired',
  title: 'Certificates expire',
  prose:
    'The certificates of the targets are past their last day, and were not renewed. The end ' +
    'of the incident is the day on which new ones are in use.',
  isAttack: false,
  needsTrust: true,
  target: 'server',
  targetProse: 'security servers whose certificates they are, `INSTANCE/SERVER`',
  workflow: 'parallel',
  settings: [
    text('certificate', 'both', ['both', 'authentication', 'signing'], 'which certificates'),
  ],
  compile: ({ target, settings, lookup }) => {
    const choice = settings['certificate'] as CertificateChoice;
    const rows = target.rows.flatMap((server) => lookup.certificates(server, choice));
    return patchesOf(rows, PatchColumn.CertificateExpired, 1);
  },
};
