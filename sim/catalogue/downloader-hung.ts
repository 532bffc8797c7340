import { PatchColumn } from '../plan/plan.ts';
import { patchesOf } from './incident.ts';
import type { IncidentKind } from './incident.ts';

/**
 * As in June 2025: after three hours without network the job never came back (facts 5.1, issue
 * 2849).
 */
export const downloaderHung: IncidentKind = {
  kind: 'downloader-hung',
  title: 'The configuration client of a security server hangs',
  prose:
    'It downloads nothing more, and nobody is told before the configuration has expired. At ' +
    'the end of the incident, or when the server is started again, it works as before.',
  isAttack: false,
  needsTrust: true,
  target: 'server',
  targetProse: 'security servers, `INSTANCE/SERVER`',
  workflow: 'parallel',
  settings: [],
  compile: ({ target }) => patchesOf(target.rows, PatchColumn.DownloaderHung, 1),
};
