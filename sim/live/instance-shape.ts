/**
 * What a scenario's instance needs of keys and addresses: of which kind its keys are, how the
 * subjects of its certificates are written, and how many of each there will be.
 */
import type { Document, InstanceDocument } from '../plan/document.ts';
import type { ParameterValues } from '../plan/profile.ts';
import { CENTRAL_KEY, centralKeyNames, parametersOfInstance } from './instance-services.ts';
import type { NetworkClock } from './network-clock.ts';
import type { PkiShape } from './pki/instance-pki.ts';
import type { KeyKind } from './pki/keys.ts';
import { canExpress } from './pki/subject-profile.ts';
import type { SubjectProfile } from './pki/subject-profile.ts';
import type { Trust } from './trust.ts';

/** What X-Road's own authorities and services are made with (facts 11). */
const SERVICE_KEY: KeyKind = 'rsa-2048';
const KINDS: readonly KeyKind[] = ['rsa-2048', 'rsa-3072', 'ec-p256'];

/** Of authentication and signing keys; an unknown type is that of the software. */
export function keyKindOf({ keyType }: ParameterValues): KeyKind {
  return KINDS.find((kind) => kind === keyType) ?? 'rsa-2048';
}

/** `ocspUrl`: written into certificates; null: it is not known before the responder listens. */
export function pkiShapeOf(
  id: string,
  document: InstanceDocument,
  ocspUrl: string | null,
): PkiShape {
  const kind = keyKindOf(parametersOfInstance(document));
  return {
    instance: id,
    profile: subjectProfileOf(document),
    // The software's test authority is one of its own; national ones stand below a root, which is
    // why their responders answer for authorities, too (facts 5.0).
    hasIssuing: document.profile !== 'xroad-default',
    kinds: { authority: SERVICE_KEY, service: SERVICE_KEY, authentication: kind, signing: kind },
    timeStamperCount: document.timeStampingAuthorities.length,
    ocspUrl,
  };
}

/** Estonia's profile has no place for classes of others; then the software's own is taken. */
function subjectProfileOf({ profile, members }: InstanceDocument): SubjectProfile {
  if (profile === 'fi-production') return 'finnish';
  const isEstonian =
    profile === 'ee-production' &&
    members.every(({ id }) => canExpress('estonian', id.split('/')[0]));
  return isEstonian ? 'estonian' : 'basic';
}

/** Keys that a network will ask for and that are not there, so that they can be made together. */
export function keysMissing(
  { instances }: Document,
  shapeOf: (instance: string) => PkiShape,
  trust: Trust,
  clock: NetworkClock,
): ReadonlyMap<KeyKind, number> {
  const counts = new Map<KeyKind, number>();
  const add = (kind: KeyKind, count: number): void => {
    counts.set(kind, (counts.get(kind) ?? 0) + count);
  };
  for (const [id, document] of Object.entries(instances)) {
    const pki = trust.findPki(shapeOf(id), clock);
    // The root, who signs for OCSP, and the two impostors; twice the first two below a root.
    const authorities = shapeOf(id).hasIssuing ? 6 : 4;
    if (pki === null) add(SERVICE_KEY, authorities + document.timeStampingAuthorities.length);
    for (const node of document.centralServers) {
      const names = centralKeyNames(id, node.id);
      add(CENTRAL_KEY, names.filter((name) => !trust.hasKey(name, CENTRAL_KEY)).length);
    }
    const kind = keyKindOf(parametersOfInstance(document));
    for (const server of document.servers) {
      const members = new Set(server.subsystems.map((name) => `${id}/${memberOf(name)}`));
      const names = [
        `authentication ${id}/${server.owner}/${server.id}`,
        ...[...members].map((member) => `signing ${member}/${server.id}`),
      ];
      add(kind, names.filter((name) => pki?.issued.has(name) !== true).length);
    }
  }
  return counts;
}

/** `CLASS/CODE` of `CLASS/CODE/SUBSYSTEM`. */
const memberOf = (subsystem: string): string => subsystem.split('/').slice(0, 2).join('/');
