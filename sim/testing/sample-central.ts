/** A small instance with a central server, for tests of the global configuration. */
import type { CentralState } from '../live/globalconf/configuration-generator.ts';
import { CentralServer } from '../live/globalconf/central-server.ts';
import { certifySigningKey, SigningKeys } from '../live/globalconf/signing-keys.ts';
import type { NetworkClock } from '../live/network-clock.ts';
import { makeKeyPair } from '../live/pki/keys.ts';
import type { CertifiedKey, KeyKind } from '../live/pki/keys.ts';

export function makeSigningKey(kind: KeyKind = 'ec-p256'): CertifiedKey {
  return certifySigningKey('signingKey', makeKeyPair(kind));
}

const CERTIFICATE = makeSigningKey().certificateDer;

const TIME_STAMPER = {
  name: 'Lab TSA',
  url: 'http://127.0.0.1:8899',
  certificate: CERTIFICATE,
  costType: 'PAID',
} as const;

/** Two members, two servers, a group; the names need escaping in XML. */
export function sampleState(instance: string): CentralState {
  const memberClass = { code: 'GOV', description: 'Government' };
  const [first, second] = [`${instance}/GOV/100`, `${instance}/GOV/200`];
  const ocsp = {
    url: 'http://127.0.0.1:8888',
    certificate: CERTIFICATE,
    costType: 'FREE',
  } as const;
  const info = { certificate: CERTIFICATE, ocsp: [ocsp] };
  return {
    instance,
    authorities: [
      {
        name: 'Lab CA',
        authenticationOnly: false,
        top: { certificate: CERTIFICATE, ocsp: [] },
        intermediates: [info],
        certificateProfile: 'ee.example.FiVRKCertificateProfileInfoProvider',
      },
    ],
    timeStampers: [TIME_STAMPER],
    members: [
      {
        memberClass,
        code: '100',
        name: 'Öko & "Söhne" <AG>',
        subsystems: [
          { code: 'rr', name: "The population's register" },
          { code: 'MANAGEMENT', name: null },
        ],
      },
      { memberClass, code: '200', name: 'Tax', subsystems: [{ code: 'client', name: null }] },
    ],
    servers: [
      {
        owner: first,
        code: 'ss1',
        address: '127.0.1.1',
        certificateHashes: [Buffer.alloc(32, 7)],
        clients: [`${first}/rr`, `${first}/MANAGEMENT`],
        maintenance: null,
      },
      {
        owner: second,
        code: 'ss2',
        address: null,
        certificateHashes: [],
        clients: [second, `${second}/client`],
        maintenance: 'back at noon',
      },
    ],
    globalGroups: [{ code: 'everybody', description: 'All', members: [first, `${second}/client`] }],
    memberClasses: [memberClass],
    ocspFreshnessSeconds: 3600,
    anchors: [],
    managementService: {
      registrationAddress: 'https://127.0.0.1:4001/managementservice/',
      registrationCertificate: CERTIFICATE,
      provider: `${first}/MANAGEMENT`,
    },
    timeStampingIntervalSeconds: 60,
    ocsp: { fetchIntervalSeconds: null, verifiesNextUpdate: null },
    validitySeconds: 600,
  };
}

export const GENERATION_MS = 60_000;

/** Not started yet. */
export function makeCentral(
  instance: string,
  clock: NetworkClock,
  change: Partial<CentralState> = {},
): CentralServer {
  return new CentralServer({
    state: { ...sampleState(instance), ...change },
    keys: new SigningKeys(makeSigningKey(), makeSigningKey()),
    at: { address: '127.0.0.1', port: 0 },
    clock,
    generationIntervalMs: GENERATION_MS,
  });
}
