/**
 * Shared parameters: whom an instance trusts and who is in it, for its members and for federated
 * instances alike (facts 6; GC's SharedParametersV6). Plain data; the identifiers are texts, as
 * everywhere in the live engine, and not references inside of a document.
 */

export interface ConfigurationSource {
  /** Host, and port where it is not the usual one, of a node of the central server. */
  readonly address: string;
  /** DER. */
  readonly internalCertificates: readonly Buffer[];
  readonly externalCertificates: readonly Buffer[];
}

export type CostType = 'FREE' | 'PAID' | 'UNDEFINED';

export interface OcspService {
  readonly url: string;
  /** DER; null: the responder shows its certificate in its answers. */
  readonly certificate: Buffer | null;
  readonly costType: CostType;
}

export interface AuthorityInfo {
  /** DER. */
  readonly certificate: Buffer;
  readonly ocsp: readonly OcspService[];
}

export interface ApprovedAuthority {
  readonly name: string;
  /** May vouch for servers only, not for messages. */
  readonly authenticationOnly: boolean;
  readonly top: AuthorityInfo;
  readonly intermediates: readonly AuthorityInfo[];
  /** The name of a Java class that reads members out of subjects. */
  readonly certificateProfile: string;
}

export interface ApprovedTimeStamper {
  readonly name: string;
  readonly url: string;
  /** DER. */
  readonly certificate: Buffer;
  readonly costType: CostType;
}

export interface MemberClass {
  readonly code: string;
  readonly description: string;
}

export interface Subsystem {
  readonly code: string;
  /** Null: it has none; the field came with version 5. */
  readonly name: string | null;
}

export interface Member {
  readonly memberClass: MemberClass;
  readonly code: string;
  readonly name: string;
  readonly subsystems: readonly Subsystem[];
}

export interface SecurityServer {
  /** `INSTANCE/CLASS/CODE`. */
  readonly owner: string;
  readonly code: string;
  /** Null: not registered with one; nobody can reach it. */
  readonly address: string | null;
  /** SHA-256 of its authentication certificates; SHA-1 in version 2 (facts 6). */
  readonly certificateHashes: readonly Buffer[];
  /** Members and subsystems registered there, `INSTANCE/CLASS/CODE[/SUBSYSTEM]`. */
  readonly clients: readonly string[];
  /** Null: in operation (facts 5.5); the text may be empty. */
  readonly maintenance: string | null;
}

export interface GlobalGroup {
  readonly code: string;
  readonly description: string;
  readonly members: readonly string[];
}

export interface SharedParameters {
  readonly instance: string;
  /** Version 2 has none. */
  readonly sources: readonly ConfigurationSource[];
  readonly authorities: readonly ApprovedAuthority[];
  readonly timeStampers: readonly ApprovedTimeStamper[];
  readonly members: readonly Member[];
  readonly servers: readonly SecurityServer[];
  readonly globalGroups: readonly GlobalGroup[];
  readonly memberClasses: readonly MemberClass[];
  readonly ocspFreshnessSeconds: number;
}

export const SHARED_PARAMETERS_FILE = 'shared-params.xml';
