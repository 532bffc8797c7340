import { PatchColumn } from '../plan/plan.ts';
import { patchesOf, text } from './incident.ts';
import type { CertificateChoice, IncidentKind } from './incident.ts';

/** Known when the next OCSP answer is fetched, to peers as late as freshness allows (facts 5.2). */
export const certificatesRevoked: IncidentKind = {
  kind: 'certificates-revoked',
  title: 'Certificates are revoked',
  prose:
    'The authority says that the certificates of the targets hold no more. Each server and ' +
    'each peer finds out only as OCSP answers age. At the end of the incident the authority ' +
    'calls them good again, as after a suspension, and that, too, is known as answers age.',
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
    return patchesOf(rows, PatchColumn.CertificateRevoked, 1);
  },
};
