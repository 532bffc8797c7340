import { PatchColumn } from '../plan/plan.ts';
import { TrustState } from '../protocol/lifecycle.ts';
import { amount, partsOf, patch } from './incident.ts';
import type { IncidentKind } from './incident.ts';

/** A signer gives up after 60 s, a peer at port 5577 after 30 s (facts 2.8). */
export const ocspSlow: IncidentKind = {
  kind: 'ocsp-slow',
  title: 'An OCSP responder is slow',
  prose:
    'Every answer takes `factor` times as long, and queues form where many servers ask at ' +
    'once.',
  isAttack: false,
  needsTrust: true,
  target: 'OCSP responder',
  targetProse: 'OCSP responders, `INSTANCE/NAME`',
  workflow: 'parallel',
  settings: [amount('factor', 'factor', 10, 0.001, 1e6, 'how many times slower it is')],
  compile: ({ target, settings }) => {
    const factor = Number(settings['factor']);
    return partsOf(
      target.rows.flatMap((row) => [
        patch(PatchColumn.TrustServiceState, row, TrustState.Slow),
        patch(PatchColumn.TrustServiceSlowness, row, factor),
      ]),
    );
  },
};
