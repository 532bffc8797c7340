/**
 * The public key infrastructure of one instance: a root, the authority that issues (the root
 * itself, or one below it), who signs their OCSP answers, time-stampers, and the certificates of
 * servers and members.
 */
import { assert } from '../../base/assert.ts';
import type { NetworkClock } from '../network-clock.ts';
import { Authority, selfSign } from './authority.ts';
import { isAuthority } from './certificate-extension.ts';
import type { Purpose } from './certificate-extension.ts';
import type { KeyPool } from './key-cache.ts';
import type { CertifiedKey, KeyKind } from './keys.ts';
import type { AnsweredAuthority } from './ocsp-responder.ts';
import { authenticationSubject, dnsNameOf, signingSubject } from './subject-profile.ts';
import type { Holder, NameField, SubjectProfile } from './subject-profile.ts';

/** What there is; the functions of InstancePki issue more. */
export interface PkiMaterial {
  readonly root: Authority;
  /** Issues all certificates of servers and members; it may be the root. */
  readonly issuing: Authority;
  /** Signs what is said about the certificates of `issuing`. */
  readonly ocspSigner: CertifiedKey;
  /** Signs what is said about the certificate of `issuing`; the same one where it is the root. */
  readonly rootOcspSigner: CertifiedKey;
  readonly timeStampers: readonly CertifiedKey[];
  /** Have the right usages and vouch for themselves: what a service with wrong keys signs with. */
  readonly impostors: { readonly ocsp: CertifiedKey; readonly timeStamper: CertifiedKey };
  /** The newest certificate of each server and of each member at a server. */
  readonly issued: Map<string, CertifiedKey>;
}

export interface InstancePki extends PkiMaterial {
  readonly instance: string;
  readonly profile: SubjectProfile;
  /** For TLS; `server` is `INSTANCE/CLASS/CODE/SERVER`. Issued when it is first asked for. */
  authenticationOf(server: string, memberName: string): CertifiedKey;
  /**
   * For messages; `member` is `INSTANCE/CLASS/CODE`, and has one at each of its servers. Issued
   * when it is first asked for.
   */
  signingOf(member: string, serverCode: string, memberName: string): CertifiedKey;
  /** A new one, with a new key, as after a revocation. */
  issueAuthentication(server: string, memberName: string): CertifiedKey;
  issueSigning(member: string, serverCode: string, memberName: string): CertifiedKey;
}

/** What a network decides about an instance; plain data. */
export interface PkiShape {
  readonly instance: string;
  readonly profile: SubjectProfile;
  /** Whether an authority below the root issues; each message then carries two OCSP answers. */
  readonly hasIssuing: boolean;
  readonly kinds: {
    readonly authority: KeyKind;
    /** Of OCSP responders and time-stampers. */
    readonly service: KeyKind;
    readonly authentication: KeyKind;
    readonly signing: KeyKind;
  };
  readonly timeStamperCount: number;
  /** Written into every certificate; null: certificates do not say where to ask. */
  readonly ocspUrl: string | null;
}

export interface PkiSources {
  readonly clock: NetworkClock;
  readonly keys: KeyPool;
}

export function createInstancePki(shape: PkiShape, sources: PkiSources): InstancePki {
  return createPkiOver(makeMaterial(shape, sources), shape, sources);
}

/** An infrastructure over what was there before. */
export function createPkiOver(
  material: PkiMaterial,
  { instance, profile, kinds }: PkiShape,
  { keys }: PkiSources,
): InstancePki {
  const { issuing, issued } = material;

  const holderOf = (server: string, memberName: string): Holder => {
    const parts = server.split('/');
    assert(parts.length === 4 && parts[0] === instance, `${server} is no server of ${instance}`);
    const [, memberClass, memberCode, serverCode] = parts;
    return { instance, memberClass, memberCode, serverCode, memberName };
  };
  const issue = (
    purpose: 'authentication' | 'signing',
    server: string,
    memberName: string,
  ): CertifiedKey => {
    const holder = holderOf(server, memberName);
    const subjectOf = purpose === 'signing' ? signingSubject : authenticationSubject;
    const certified = issuing.issue({
      purpose,
      subject: subjectOf(profile, holder),
      key: keys.next(kinds[purpose]),
      dnsName: dnsNameOf(holder),
      validity: null,
    });
    issued.set(`${purpose} ${server}`, certified);
    return certified;
  };
  const find: typeof issue = (purpose, server, memberName) =>
    issued.get(`${purpose} ${server}`) ?? issue(purpose, server, memberName);

  return {
    ...material,
    instance,
    profile,
    authenticationOf: (server, memberName) => find('authentication', server, memberName),
    signingOf: (member, serverCode, memberName) =>
      find('signing', `${member}/${serverCode}`, memberName),
    issueAuthentication: (server, memberName) => issue('authentication', server, memberName),
    issueSigning: (member, serverCode, memberName) =>
      issue('signing', `${member}/${serverCode}`, memberName),
  };
}

/** For one responder that answers for the whole instance. */
export function answeredAuthoritiesOf(pki: PkiMaterial): AnsweredAuthority[] {
  const issuing = { authority: pki.issuing, signer: pki.ocspSigner };
  if (pki.issuing === pki.root) return [issuing];
  return [issuing, { authority: pki.root, signer: pki.rootOcspSigner }];
}

function makeMaterial(shape: PkiShape, { clock, keys }: PkiSources): PkiMaterial {
  const { instance, kinds, ocspUrl } = shape;
  const orderOf = (purpose: Purpose, name: string) => {
    const subject: readonly NameField[] = [
      ['O', instance],
      ['CN', name],
    ];
    const key = keys.next(isAuthority(purpose) ? kinds.authority : kinds.service);
    return { purpose, subject, key, dnsName: null, validity: null };
  };
  const root = new Authority(
    selfSign(orderOf('authority', `${instance} Root CA`), clock),
    ocspUrl,
    clock,
  );
  const below = (): Authority => {
    const key = root.issue(orderOf('issuing-authority', `${instance} Issuing CA`));
    return new Authority(key, ocspUrl, clock);
  };
  const issuing = shape.hasIssuing ? below() : root;
  const ocspSigner = issuing.issue(orderOf('ocsp', `${instance} OCSP`));
  return {
    root,
    issuing,
    ocspSigner,
    rootOcspSigner:
      issuing === root ? ocspSigner : root.issue(orderOf('ocsp', `${instance} Root OCSP`)),
    timeStampers: Array.from({ length: shape.timeStamperCount }, (_, index) =>
      issuing.issue(orderOf('time-stamping', `${instance} TSA ${index + 1}`)),
    ),
    impostors: {
      ocsp: selfSign(orderOf('ocsp', 'Impostor OCSP'), clock),
      timeStamper: selfSign(orderOf('time-stamping', 'Impostor TSA'), clock),
    },
    issued: new Map(),
  };
}
