/**
 * What incidents do to what stands in the middle of an instance: central servers, OCSP responders,
 * time-stamping authorities, the certification authority. Nobody is told: security servers learn of
 * it by their own jobs, when these come to ask.
 */
import { assert } from '../../base/assert.ts';
import { drawValue } from '../../base/distribution/table.ts';
import { PatchColumn, TrustKind } from '../../plan/plan.ts';
import type { Plan } from '../../plan/plan.ts';
import { TrustState } from '../../protocol/lifecycle.ts';
import type { CentralServer } from '../globalconf/central-server.ts';
import type { LiveNetwork } from '../network.ts';
import type { TrustService } from '../pki/trust-service.ts';
import type { SecurityServer } from '../security-server.ts';
import type { Change } from './patches.ts';
import { TroubledCentral } from './troubled-central.ts';

const US_PER_MS = 1000;

/** By column; `network` is asked for when something happens. */
export function troubledServices(
  plan: Plan,
  network: () => LiveNetwork,
): readonly (readonly [number, Change])[] {
  const { trustServices } = plan;
  const servicesOf = (row: number) => network().services(trustServices.id[row].split('/')[0]);
  const nameOf = (row: number): string => trustServices.id[row].split('/').slice(1).join('/');
  const isCentral = (row: number): boolean => trustServices.kind[row] === TrustKind.CentralServer;
  const centralOf = (row: number): CentralServer => found(servicesOf(row).central, nameOf(row));
  const answererOf = (row: number): TrustService =>
    trustServices.kind[row] === TrustKind.OcspResponder
      ? found(servicesOf(row).responders, nameOf(row)).service
      : found(servicesOf(row).timeStampers, nameOf(row));

  const troubled = new Map<number, TroubledCentral>();
  const setCentral = (row: number, state: number): Promise<void> => {
    const node = troubled.get(row) ?? new TroubledCentral(centralOf(row));
    troubled.set(row, node);
    return node.become(state);
  };

  /** A service that is down refuses the connection: its host is there, its process is not. */
  const setAnswerer = (row: number, state: number): Promise<void> =>
    answererOf(row).set({
      availability: state === TrustState.Down ? 'refusing' : 'up',
      isImpostor: state === TrustState.Wrong,
    });

  /** Trust lives on the network's clock, and so does the time that its services take. */
  const delayMs = (row: number, factor: number): number => {
    if (factor === 1) return 0;
    const { kind, a, b, values } = plan.distributions;
    const distribution = trustServices.serviceTime[row];
    const medianUs = drawValue(kind[distribution], a[distribution], b[distribution], values, 0.5);
    return network().clock.realMs((medianUs * factor) / US_PER_MS);
  };

  return [
    [
      PatchColumn.TrustServiceState,
      (row, state) => (isCentral(row) ? setCentral(row, state) : setAnswerer(row, state)),
    ],
    [
      PatchColumn.TrustServiceSlowness,
      async (row, factor) => {
        if (isCentral(row)) centralOf(row).answerDelayMs = delayMs(row, factor);
        else await answererOf(row).set({ delayMs: delayMs(row, factor) });
      },
    ],
    [
      PatchColumn.CentralKeyLoggedOut,
      (row, value) => {
        centralOf(row).keys.isTokenLoggedIn = value === 0;
      },
    ],
    [
      PatchColumn.OcspAnswersStale,
      (row, us) => {
        const instance = plan.instances[trustServices.instance[row]];
        const nextUpdateUs = Number(instance.parameters.ocspNextUpdate);
        found(servicesOf(row).responders, nameOf(row)).setTimeliness({
          ageMs: us / US_PER_MS,
          nextUpdateMs: nextUpdateUs === 0 ? null : nextUpdateUs / US_PER_MS,
        });
      },
    ],
  ];
}

/** What the certification authority says, in the next OCSP answers about it. */
export function troubledCertificates(
  { certificates, signers, servers }: Plan,
  network: () => LiveNetwork,
): readonly (readonly [number, Change])[] {
  const derOf = (row: number, server: SecurityServer): Buffer => {
    const signer = certificates.signer[row];
    if (signer !== -1) return server.certificateOf(signers.member[signer]);
    const { authentication } = server.view;
    assert(authentication !== null, `${server.view.id} has no certificate to show`);
    return server.trust.token.derOf(authentication.certificatePem);
  };
  const revoke: Change = (row, value) => {
    const server = network().server(servers.id[certificates.server[row]]);
    const { issuing } = network().services(server.view.instance).pki;
    // To OCSP it is revoked; but an incident ends, and only a suspension can be taken back.
    if (value === 1) issuing.suspend(derOf(row, server));
    else issuing.release(derOf(row, server));
  };
  return [[PatchColumn.CertificateRevoked, revoke]];
}

function found<T>(all: ReadonlyMap<string, T>, name: string): T {
  const one = all.get(name);
  assert(one !== undefined, `no trust service is called ${name}`);
  return one;
}
