import { amount, attacksOf, text } from './incident.ts';
import type { AttackSpec, IncidentKind } from './incident.ts';

/** Nothing protects port 8080: AntiDos guards port 5500 alone (facts 12.2). */
export const requestFlood: IncidentKind = {
  kind: 'request-flood',
  title: 'A flood of requests on port 8080',
  prose:
    "Somebody who reaches a consumer's server sends it requests. An unknown client is refused " +
    'after a thread and the parsing of its request; one that passes for a registered client ' +
    'costs both servers and the provider a whole exchange.',
  isAttack: true,
  needsTrust: false,
  target: 'server',
  targetProse: "consumers' security servers, `INSTANCE/SERVER`",
  workflow: 'parallel',
  settings: [
    amount('rate', 'per-second', null, 0, 1e7, 'requests at each target, such as rate: 500/s'),
    text('as', 'unknown-client', ['unknown-client', 'registered-client'], 'whom they claim to be'),
    text('client', '', null, 'registered client: its subsystem; empty: the first at the server'),
    text('service', '', null, 'registered client: the service that is called'),
    amount('requestSize', 'bytes', 500, 0, 2 ** 30, 'bytes of each request'),
  ],
  compile: ({ target, lookup, settings, report }) => {
    const isRegistered = settings['as'] === 'registered-client';
    const [client, service] = [String(settings['client']), String(settings['service'])];
    if (isRegistered && service === '') {
      const message = 'a flood as registered client needs the service that it calls';
      report([], 'missing-value', message, 'write service: INSTANCE/CLASS/CODE/SUBSYSTEM/SERVICE');
      return attacksOf([]);
    }
    const serviceRow = service === '' ? null : lookup.service(service, ['settings', 'service']);
    const attacks = target.rows.flatMap((row): AttackSpec[] => {
      const known = isRegistered ? lookup.clientAt(row, client, ['settings', 'client']) : null;
      if (isRegistered && known === null) return [];
      const requests = {
        client: known,
        service: serviceRow,
        bytes: Number(settings['requestSize']),
      };
      return [{ target: row, ratePerSecond: Number(settings['rate']), requests, partner: -1 }];
    });
    return attacksOf(attacks);
  },
};
