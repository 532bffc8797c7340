import { amount, attacksOf, text } from './incident.ts';
import type { IncidentKind } from './incident.ts';

/** AntiDos serves partners in turn, and all unknown addresses are one partner (facts 12.2). */
export const connectionFlood: IncidentKind = {
  kind: 'connection-flood',
  title: 'A flood of connections on port 5500',
  prose:
    'Connections are opened and nothing is said on them. Each takes one of the connections that ' +
    'AntiDos allows, until its idle time has passed.',
  isAttack: true,
  needsTrust: false,
  target: 'server',
  targetProse: 'security servers, `INSTANCE/SERVER`',
  workflow: 'parallel',
  settings: [
    amount('rate', 'per-second', null, 0, 1e7, 'connections at each target, such as rate: 500/s'),
    text('from', 'unknown', null, '`unknown`, or the security server that they come from'),
  ],
  compile: ({ target, lookup, settings }) => {
    const from = String(settings['from']);
    const partner = from === 'unknown' ? -1 : lookup.server(from, ['settings', 'from']);
    if (partner === null) return attacksOf([]);
    const ratePerSecond = Number(settings['rate']);
    return attacksOf(
      target.rows.map((row) => ({ target: row, ratePerSecond, requests: null, partner })),
    );
  },
};
