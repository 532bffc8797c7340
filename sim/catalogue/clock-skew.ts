import { PatchColumn } from '../plan/plan.ts';
import { amount, partsOf, span, text } from './incident.ts';
import type { IncidentKind, PatchSpec } from './incident.ts';

/** Small enough that no limit is passed much too early or late, few enough to be read. */
const STEPS = 20;

/** Each step lasts until the next; the last one stays. */
function drift(row: number, offsetUs: number, withinUs: number): PatchSpec[] {
  return Array.from({ length: STEPS }, (_, step) => {
    const afterUs = Math.round((withinUs * step) / STEPS);
    const nextUs = step === STEPS - 1 ? Infinity : Math.round((withinUs * (step + 1)) / STEPS);
    const value = Math.round((offsetUs * (step + 1)) / STEPS);
    return { column: PatchColumn.ClockSkewUs, row, value, afterUs, lastsUs: nextUs - afterUs };
  });
}

/** No server of a network looks at the clock of another (facts 13.21, silent faults). */
export const clockSkew: IncidentKind = {
  kind: 'clock-skew',
  title: 'The clock of a security server drifts away',
  prose:
    'It goes wrong in small steps until it is off by `offset`, after `within`; at the end ' +
    'of the incident it is set right.',
  isAttack: false,
  needsTrust: true,
  target: 'server',
  targetProse: 'security servers, `INSTANCE/SERVER`',
  workflow: 'parallel',
  settings: [
    amount('offset', 'us', 300e6, 0, 400 * 86_400e6, 'by how much the clock is wrong'),
    text('direction', 'ahead', ['ahead', 'behind'], 'which way it is wrong'),
    span('within', 3600e6, 1e6, 400 * 86_400e6, 'how long it takes to drift that far'),
  ],
  compile: ({ target, settings }) => {
    const sign = settings['direction'] === 'ahead' ? 1 : -1;
    const [offset, within] = [Number(settings['offset']), Number(settings['within'])];
    return partsOf(target.rows.flatMap((row) => drift(row, sign * offset, within)));
  },
};
