import { PatchColumn } from '../plan/plan.ts';
import { amount, patchesOf } from './incident.ts';
import type { IncidentKind } from './incident.ts';

/** Freshness counts from thisUpdate, not from the time of the answer (facts 5.2). */
export const ocspStale: IncidentKind = {
  kind: 'ocsp-stale',
  title: 'An OCSP responder gives old answers',
  prose:
    'It answers, but from a list that it no longer renews: thisUpdate lies behind by `age`, ' +
    'and the answers are no longer fresh that much earlier, or at once.',
  isAttack: false,
  needsTrust: true,
  target: 'OCSP responder',
  targetProse: 'OCSP responders, `INSTANCE/NAME`',
  workflow: 'parallel',
  settings: [amount('age', 'us', 3600e6, 0, 400 * 86_400e6, 'how far thisUpdate lies behind')],
  compile: ({ target, settings }) =>
    patchesOf(target.rows, PatchColumn.OcspAnswersStale, Number(settings['age'])),
};
