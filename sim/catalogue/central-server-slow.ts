import { PatchColumn } from '../plan/plan.ts';
import { TrustState } from '../protocol/lifecycle.ts';
import { amount, partsOf, patch } from './incident.ts';
import type { IncidentKind } from './incident.ts';

/** A download has connect and read time-outs of 10 s and 30 s (facts 0.4). */
export const centralServerSlow: IncidentKind = {
  kind: 'central-server-slow',
  title: 'A central server is slow',
  prose:
    'Every download takes `factor` times as long, and queues form where all servers ask at ' +
    'once.',
  isAttack: false,
  needsTrust: true,
  target: 'central server',
  targetProse: 'central servers, `INSTANCE/NAME`',
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
