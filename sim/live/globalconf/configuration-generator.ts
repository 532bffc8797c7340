/**
 * From what a central server knows to what it publishes: the parts, and one signed directory for
 * members and one for federated instances, which names the shared parameters alone (facts 6; GEN's
 * GlobalConfGenerationServiceImpl).
 */
import type { CertifiedKey } from '../pki/keys.ts';
import type { ConfigurationAnchor } from './anchor.ts';
import { ContentIdentifier, digestOf, writeSignedDirectory } from './directory.ts';
import type { DirectoryPart } from './directory.ts';
import { OCSP_PARTS, writeFetchInterval, writeNextUpdate } from './ocsp-parameters.ts';
import type { OcspParameters } from './ocsp-parameters.ts';
import { PRIVATE_PARAMETERS_FILE, writePrivateParameters } from './private-parameters.ts';
import type { ManagementService } from './private-parameters.ts';
import { SHARED_PARAMETERS_FILE } from './shared-parameters.ts';
import type { ConfigurationSource, SharedParameters } from './shared-parameters.ts';
import { writeSharedParameters } from './shared-parameters-writer.ts';

/** The source of truth: everything that an administrator of an instance decides. */
export interface CentralState extends Omit<SharedParameters, 'sources'> {
  /** External anchors of the instances that it is federated with. */
  readonly anchors: readonly ConfigurationAnchor[];
  readonly managementService: ManagementService;
  readonly timeStampingIntervalSeconds: number;
  readonly ocsp: OcspParameters;
  /** `confExpireIntervalSeconds`: 600 as shipped, a day in Estonia (facts 5.0). */
  readonly validitySeconds: number;
}

/** Whose configuration it is: that of members, or that of federated instances. */
export type SourceKind = 'internal' | 'external';

export interface Generation {
  readonly atMs: number;
  readonly directories: Readonly<Record<SourceKind, Buffer>>;
  /** By their path, `/V6/20251110170000548026000/shared-params.xml`. */
  readonly files: ReadonlyMap<string, Buffer>;
}

/** Current since 7.8, and the only one that is written here. */
export const CONFIGURATION_VERSION = 6;

export function generateConfiguration(
  state: CentralState,
  sources: readonly ConfigurationSource[],
  keys: Readonly<Record<SourceKind, CertifiedKey>>,
  atMs: number,
  serial: number,
): Generation {
  const { instance } = state;
  const path = `/V${CONFIGURATION_VERSION}/${stampOf(atMs, serial)}`;
  const files = new Map<string, Buffer>();
  const partOf = (identifier: string, file: string, content: Buffer): DirectoryPart => {
    const location = `${path}/${file}`;
    files.set(location, content);
    return { identifier, instance, location, digest: 'sha512', hash: digestOf('sha512', content) };
  };
  const shared = partOf(
    ContentIdentifier.Shared,
    SHARED_PARAMETERS_FILE,
    writeSharedParameters({ ...state, sources }),
  );
  const own = partOf(
    ContentIdentifier.Private,
    PRIVATE_PARAMETERS_FILE,
    writePrivateParameters(state),
  );
  const { fetchIntervalSeconds, verifiesNextUpdate } = state.ocsp;
  const optional: DirectoryPart[] = [];
  if (fetchIntervalSeconds !== null) {
    const { identifier, file } = OCSP_PARTS.fetchInterval;
    optional.push(partOf(identifier, file, writeFetchInterval(fetchIntervalSeconds)));
  }
  if (verifiesNextUpdate !== null) {
    const { identifier, file } = OCSP_PARTS.nextUpdate;
    optional.push(partOf(identifier, file, writeNextUpdate(verifiesNextUpdate)));
  }
  const expiresMs = atMs + state.validitySeconds * 1000;
  const sign = (parts: readonly DirectoryPart[], key: CertifiedKey): Buffer =>
    writeSignedDirectory({ expiresMs, version: CONFIGURATION_VERSION, parts }, key);
  return {
    atMs,
    directories: {
      internal: sign([shared, own, ...optional], keys.internal),
      external: sign([shared], keys.external),
    },
    files,
  };
}

/** To the nanosecond, as X-Road names its folders; the serial stands for what a clock has not. */
function stampOf(atMs: number, serial: number): string {
  const digits = new Date(atMs).toISOString().replace(/\D/g, '');
  return digits + String(serial % 1_000_000).padStart(6, '0');
}
