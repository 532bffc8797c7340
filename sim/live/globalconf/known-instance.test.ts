import { X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { sampleState } from '../../testing/sample-central.ts';
import { knownInstanceOf } from './known-instance.ts';

const STATE = sampleState('LAB');
const [FIRST, SECOND] = STATE.servers;

const known = (servers: typeof STATE.servers) =>
  knownInstanceOf(
    {
      instance: 'LAB',
      isOwn: true,
      version: 6,
      expiresMs: 5,
      shared: { ...STATE, sources: [], servers },
      private: null,
      ocsp: STATE.ocsp,
    },
    5500,
  );

test('servers have their address, and the port of messages unless they say another', () => {
  const { servers } = known([FIRST, { ...SECOND, address: '127.0.2.2:6500' }]);
  expect(servers).toEqual([
    {
      id: 'LAB/GOV/100/ss1',
      clients: new Set(['LAB/GOV/100/rr', 'LAB/GOV/100/MANAGEMENT']),
      inMaintenance: false,
      endpoint: { address: '127.0.1.1', port: 5500 },
      certificateHash: '07'.repeat(32),
    },
    {
      id: 'LAB/GOV/200/ss2',
      clients: new Set(['LAB/GOV/200', 'LAB/GOV/200/client']),
      inMaintenance: true,
      endpoint: { address: '127.0.2.2', port: 6500 },
      certificateHash: '',
    },
  ]);
});

test('a server without an address is unknown to those who call', () => {
  expect(known(STATE.servers).servers.map(({ id }) => id)).toEqual(['LAB/GOV/100/ss1']);
});

test('groups carry their instance, and the authority is readable', () => {
  const { id, expiresMs, globalGroups, authorityPem } = known(STATE.servers);
  expect([id, expiresMs]).toEqual(['LAB', 5]);
  expect([...globalGroups]).toEqual([
    ['LAB/everybody', new Set(['LAB/GOV/100', 'LAB/GOV/200/client'])],
  ]);
  expect(authorityPem.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
  expect(new X509Certificate(authorityPem).raw).toEqual(STATE.authorities[0].top.certificate);
});
