/**
 * Reads shared parameters of versions 2 to 6. The versions only added elements, so one reader does
 * for all, and what it does not know it leaves alone, as a client of X-Road must (facts 6).
 */
import { textOf } from '../evidence/xml.ts';
import type { XmlElement } from '../evidence/xml.ts';
import { identifierOf } from './identifier-element.ts';
import type {
  ApprovedAuthority,
  ApprovedTimeStamper,
  AuthorityInfo,
  ConfigurationSource,
  CostType,
  GlobalGroup,
  Member,
  MemberClass,
  OcspService,
  SecurityServer,
  SharedParameters,
} from './shared-parameters.ts';
import {
  bytesOfAll,
  certificateOf,
  childrenOf,
  demandAttribute,
  demandChild,
  demandText,
  invalid,
  numberOf,
  readDocument,
  textAt,
} from './xml-text.ts';

/** Throws a ConfigurationError where the bytes are no shared parameters. */
export function readSharedParameters(bytes: Uint8Array): SharedParameters {
  const root = readDocument(bytes, 'conf', 'the shared parameters');
  const instance = demandText(root, 'instanceIdentifier');
  const ids = new Map<string, string>();
  const members = childrenOf(root, 'member').map((one) => memberOf(instance, one, ids));
  const settings = demandChild(root, 'globalSettings');
  const freshness = 'ocspFreshnessSeconds';
  return {
    instance,
    sources: childrenOf(root, 'source').map(sourceOf),
    authorities: childrenOf(root, 'approvedCA').map(authorityOf),
    timeStampers: childrenOf(root, 'approvedTSA').map(timeStamperOf),
    members,
    servers: childrenOf(root, 'securityServer').map((one) => serverOf(one, ids)),
    globalGroups: childrenOf(root, 'globalGroup').map(groupOf),
    memberClasses: childrenOf(settings, 'memberClass').map(classOf),
    ocspFreshnessSeconds: numberOf(demandText(settings, freshness), freshness),
  };
}

function sourceOf(element: XmlElement): ConfigurationSource {
  const certificates = (name: string): Buffer[] => childrenOf(element, name).map(certificateOf);
  return {
    address: demandText(element, 'address'),
    internalCertificates: certificates('internalVerificationCert'),
    externalCertificates: certificates('externalVerificationCert'),
  };
}

function authorityOf(element: XmlElement): ApprovedAuthority {
  return {
    name: demandText(element, 'name'),
    authenticationOnly: isTrue(textAt(element, 'authenticationOnly')),
    top: infoOf(demandChild(element, 'topCA')),
    intermediates: childrenOf(element, 'intermediateCA').map(infoOf),
    certificateProfile: demandText(element, 'certificateProfileInfo'),
  };
}

/** As XML Schema writes a boolean. */
const isTrue = (text: string | null): boolean => text === 'true' || text === '1';

function infoOf(element: XmlElement): AuthorityInfo {
  return {
    certificate: certificateOf(demandChild(element, 'cert')),
    ocsp: childrenOf(element, 'ocsp').map(ocspOf),
  };
}

function ocspOf(element: XmlElement): OcspService {
  const certificate = childrenOf(element, 'cert')[0];
  return {
    url: demandText(element, 'url'),
    certificate: certificate === undefined ? null : certificateOf(certificate),
    costType: costOf(element),
  };
}

function timeStamperOf(element: XmlElement): ApprovedTimeStamper {
  return {
    name: demandText(element, 'name'),
    url: demandText(element, 'url'),
    certificate: certificateOf(demandChild(element, 'cert')),
    costType: costOf(element),
  };
}

function costOf(element: XmlElement): CostType {
  const text = textAt(element, 'costType') ?? 'UNDEFINED';
  if (text === 'FREE' || text === 'PAID' || text === 'UNDEFINED') return text;
  throw invalid(`costType is "${text}"`);
}

function memberOf(instance: string, element: XmlElement, ids: Map<string, string>): Member {
  const memberClass = classOf(demandChild(element, 'memberClass'));
  const code = demandText(element, 'memberCode');
  const identifier = `${instance}/${memberClass.code}/${code}`;
  register(element, identifier, ids);
  const subsystems = childrenOf(element, 'subsystem').map((subsystem) => {
    const subsystemCode = demandText(subsystem, 'subsystemCode');
    register(subsystem, `${identifier}/${subsystemCode}`, ids);
    return { code: subsystemCode, name: textAt(subsystem, 'subsystemName') };
  });
  return { memberClass, code, name: demandText(element, 'name'), subsystems };
}

function register(element: XmlElement, identifier: string, ids: Map<string, string>): void {
  const id = demandAttribute(element, 'id');
  if (ids.has(id)) throw invalid(`the id ${id} is there twice`);
  ids.set(id, identifier);
}

function classOf(element: XmlElement): MemberClass {
  return { code: demandText(element, 'code'), description: demandText(element, 'description') };
}

function serverOf(element: XmlElement, ids: ReadonlyMap<string, string>): SecurityServer {
  const identifierAt = (id: string): string => {
    const identifier = ids.get(id);
    if (identifier === undefined) throw invalid(`a server refers to ${id}, which is nobody`);
    return identifier;
  };
  const [maintenance] = childrenOf(element, 'inMaintenanceMode');
  const clients = childrenOf(element, 'client').map((client) => textOf(client).trim());
  return {
    owner: identifierAt(demandText(element, 'owner')),
    code: demandText(element, 'serverCode'),
    address: textAt(element, 'address'),
    certificateHashes: bytesOfAll(element, 'authCertHash'),
    clients: clients.map(identifierAt),
    maintenance: maintenance === undefined ? null : (textAt(maintenance, 'message') ?? ''),
  };
}

function groupOf(element: XmlElement): GlobalGroup {
  return {
    code: demandText(element, 'groupCode'),
    description: demandText(element, 'description'),
    members: childrenOf(element, 'groupMember').map(identifierOf),
  };
}
