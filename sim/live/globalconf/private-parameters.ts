/**
 * Private parameters, which only members of the instance see: the anchors of federated instances,
 * the management service, how often messages are time-stamped (facts 6). Since version 3 they have
 * not changed but for the version in the directory.
 */
import type { ConfigurationAnchor } from './anchor.ts';
import { anchorOf, writtenAnchor } from './anchor.ts';
import { identifierOf, writtenIdentifier } from './identifier-element.ts';
import {
  branch,
  bytesLeaf,
  certificateOf,
  childrenOf,
  demandChild,
  demandText,
  leaf,
  numberOf,
  readDocument,
  writeDocument,
} from './xml-text.ts';

export interface ManagementService {
  readonly registrationAddress: string;
  /** DER; null: not given. */
  readonly registrationCertificate: Buffer | null;
  /** `INSTANCE/CLASS/CODE[/SUBSYSTEM]`. */
  readonly provider: string;
}

export interface PrivateParameters {
  readonly instance: string;
  readonly anchors: readonly ConfigurationAnchor[];
  readonly managementService: ManagementService;
  readonly timeStampingIntervalSeconds: number;
}

export const PRIVATE_PARAMETERS_FILE = 'private-params.xml';

export function writePrivateParameters(parameters: PrivateParameters): Buffer {
  const { instance, anchors, managementService, timeStampingIntervalSeconds } = parameters;
  const { registrationAddress, registrationCertificate, provider } = managementService;
  return writeDocument('conf', [
    leaf('instanceIdentifier', instance),
    ...anchors.map((anchor) => branch('configurationAnchor', writtenAnchor(anchor))),
    branch('managementService', [
      leaf('authCertRegServiceAddress', registrationAddress),
      ...(registrationCertificate === null
        ? []
        : [bytesLeaf('authCertRegServiceCert', registrationCertificate)]),
      writtenIdentifier('managementRequestServiceProviderId', provider),
    ]),
    leaf('timeStampingIntervalSeconds', timeStampingIntervalSeconds),
  ]);
}

/** Throws a ConfigurationError where the bytes are no private parameters. */
export function readPrivateParameters(bytes: Uint8Array): PrivateParameters {
  const root = readDocument(bytes, 'conf', 'the private parameters');
  const service = demandChild(root, 'managementService');
  const certificate = childrenOf(service, 'authCertRegServiceCert')[0];
  const interval = 'timeStampingIntervalSeconds';
  return {
    instance: demandText(root, 'instanceIdentifier'),
    anchors: childrenOf(root, 'configurationAnchor').map(anchorOf),
    managementService: {
      registrationAddress: demandText(service, 'authCertRegServiceAddress'),
      registrationCertificate: certificate === undefined ? null : certificateOf(certificate),
      provider: identifierOf(demandChild(service, 'managementRequestServiceProviderId')),
    },
    timeStampingIntervalSeconds: numberOf(demandText(root, interval), interval),
  };
}
