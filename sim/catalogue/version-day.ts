import { PatchColumn } from '../plan/plan.ts';
import { partsOf, patch, span, version } from './incident.ts';
import type { IncidentKind, PatchSpec } from './incident.ts';

/** A provider refuses consumers older than its minimum (facts 2.3 and 5.0: 7.6.0 in EE and FI). */
export const versionDay: IncidentKind = {
  kind: 'version-day',
  title: 'The day of a new version',
  prose:
    'The targets get `version`, and are off for `downFor` meanwhile; or they begin to ' +
    'refuse peers older than `minVersion`; or both. An end within the run takes it back.',
  isAttack: false,
  needsTrust: false,
  target: 'server',
  targetProse: 'security servers, `INSTANCE/SERVER`',
  workflow: 'parallel',
  settings: [
    version('version', 'what they are upgraded to'),
    version('minVersion', 'the oldest version that they talk to from then on'),
    span('downFor', 0, 0, 86_400e6, 'how long an upgrade keeps each of them off'),
  ],
  compile: ({ target, settings, report }) => {
    const [upgrade, oldest] = [Number(settings['version']), Number(settings['minVersion'])];
    const downUs = Number(settings['downFor']);
    if (upgrade === 0 && oldest === 0) {
      report([], 'missing-value', 'version-day changes nothing', 'give it version or minVersion');
    }
    const patches: PatchSpec[] = [];
    for (const row of target.rows) {
      if (upgrade > 0) patches.push(patch(PatchColumn.ServerVersion, row, upgrade));
      if (oldest > 0) patches.push(patch(PatchColumn.MinClientVersion, row, oldest));
      if (upgrade > 0 && downUs > 0) {
        patches.push({ ...patch(PatchColumn.ServerPower, row, 0), lastsUs: downUs });
      }
    }
    return partsOf(patches);
  },
};
