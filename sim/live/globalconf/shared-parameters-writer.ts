/** Shared parameters as a document of version 6: the order is that of its schema (GC's XSD). */
import { assert } from '../../base/assert.ts';
import { writtenIdentifier } from './identifier-element.ts';
import type {
  ApprovedAuthority,
  ApprovedTimeStamper,
  AuthorityInfo,
  ConfigurationSource,
  GlobalGroup,
  Member,
  MemberClass,
  SecurityServer,
  SharedParameters,
} from './shared-parameters.ts';
import { branch, bytesLeaf, leaf, optionalLeaf, writeDocument } from './xml-text.ts';
import type { Written } from './xml-text.ts';

export function writeSharedParameters(parameters: SharedParameters): Buffer {
  const { instance, members, ocspFreshnessSeconds } = parameters;
  const ids = new Map<string, string>();
  const writtenMembers = members.map((member) => writtenMember(instance, member, ids));
  return writeDocument('conf', [
    leaf('instanceIdentifier', instance),
    ...parameters.sources.map(writtenSource),
    ...parameters.authorities.map(writtenAuthority),
    ...parameters.timeStampers.map(writtenTimeStamper),
    ...writtenMembers,
    ...parameters.servers.map((server) => writtenServer(server, ids)),
    ...parameters.globalGroups.map(writtenGroup),
    branch('globalSettings', [
      ...parameters.memberClasses.map(writtenClass),
      leaf('ocspFreshnessSeconds', ocspFreshnessSeconds),
    ]),
  ]);
}

function writtenSource(source: ConfigurationSource): Written {
  const { address, internalCertificates, externalCertificates } = source;
  return branch('source', [
    leaf('address', address),
    ...internalCertificates.map((der) => bytesLeaf('internalVerificationCert', der)),
    ...externalCertificates.map((der) => bytesLeaf('externalVerificationCert', der)),
  ]);
}

function writtenAuthority(authority: ApprovedAuthority): Written {
  return branch('approvedCA', [
    leaf('name', authority.name),
    leaf('authenticationOnly', authority.authenticationOnly),
    writtenInfo('topCA', authority.top),
    ...authority.intermediates.map((info) => writtenInfo('intermediateCA', info)),
    leaf('certificateProfileInfo', authority.certificateProfile),
  ]);
}

function writtenInfo(name: string, { certificate, ocsp }: AuthorityInfo): Written {
  return branch(name, [
    bytesLeaf('cert', certificate),
    ...ocsp.map((service) =>
      branch('ocsp', [
        leaf('url', service.url),
        ...(service.certificate === null ? [] : [bytesLeaf('cert', service.certificate)]),
        leaf('costType', service.costType),
      ]),
    ),
  ]);
}

function writtenTimeStamper({ name, url, certificate, costType }: ApprovedTimeStamper): Written {
  return branch('approvedTSA', [
    leaf('name', name),
    leaf('url', url),
    bytesLeaf('cert', certificate),
    leaf('costType', costType),
  ]);
}

/** Members and subsystems get the ids by which servers name them, counted through. */
function writtenMember(instance: string, member: Member, ids: Map<string, string>): Written {
  const { memberClass, code, name, subsystems } = member;
  const identifier = `${instance}/${memberClass.code}/${code}`;
  const register = (key: string): string => {
    assert(!ids.has(key), `${key} is there twice`);
    const id = `id${ids.size}`;
    ids.set(key, id);
    return id;
  };
  const attributes = { id: register(identifier) };
  const written = [
    writtenClass(memberClass),
    leaf('memberCode', code),
    leaf('name', name),
    ...subsystems.map((subsystem) =>
      branch(
        'subsystem',
        [leaf('subsystemCode', subsystem.code), ...optionalLeaf('subsystemName', subsystem.name)],
        { id: register(`${identifier}/${subsystem.code}`) },
      ),
    ),
  ];
  return branch('member', written, attributes);
}

function writtenClass({ code, description }: MemberClass): Written {
  return branch('memberClass', [leaf('code', code), leaf('description', description)]);
}

function writtenServer(server: SecurityServer, ids: ReadonlyMap<string, string>): Written {
  const idOf = (identifier: string): string => {
    const id = ids.get(identifier);
    assert(id !== undefined, `${identifier} of server ${server.code} is not a member`);
    return id;
  };
  const { maintenance } = server;
  return branch('securityServer', [
    leaf('owner', idOf(server.owner)),
    leaf('serverCode', server.code),
    ...optionalLeaf('address', server.address),
    ...server.certificateHashes.map((hash) => bytesLeaf('authCertHash', hash)),
    ...server.clients.map((client) => leaf('client', idOf(client))),
    ...(maintenance === null
      ? []
      : [branch('inMaintenanceMode', optionalLeaf('message', maintenance || null))]),
  ]);
}

function writtenGroup({ code, description, members }: GlobalGroup): Written {
  return branch('globalGroup', [
    leaf('groupCode', code),
    leaf('description', description),
    ...members.map((member) => writtenIdentifier('groupMember', member)),
  ]);
}
