/**
 * SOAP messages that the lab itself makes: what a caller asks, and what an information system
 * answers (facts 3.2). Document/literal, wrapped; as long as a scenario says.
 */
import type { ClientId, ServerId } from '../../protocol/identifier.ts';
import { escapeXml } from '../transport.ts';
import { IDENTIFIER_NAMESPACE, XROAD_NAMESPACE } from './soap-header.ts';
import type { SoapHeader, SoapService } from './soap-header.ts';
import { ENVELOPE_NAMESPACE } from './soap-message.ts';
import { replaceBody } from './soap-reply.ts';

/** What a caller says; the rest of a header is the servers' or is seldom there. */
export type AskedHeader = Pick<
  SoapHeader,
  'client' | 'service' | 'securityServer' | 'id' | 'userId' | 'issue'
>;

/** A request with so many bytes of content in its body. */
export function writeSoapRequest(header: AskedHeader, contentBytes: number): Buffer {
  const { serviceCode } = header.service;
  return Buffer.from(
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
      `<soapenv:Envelope xmlns:soapenv="${ENVELOPE_NAMESPACE}" xmlns:xro="${XROAD_NAMESPACE}" ` +
      `xmlns:iden="${IDENTIFIER_NAMESPACE}">\n  <soapenv:Header>\n` +
      `${headerLines(header).join('\n')}\n  </soapenv:Header>\n  <soapenv:Body>\n` +
      `    ${wrapped(serviceCode, contentBytes)}\n  </soapenv:Body>\n</soapenv:Envelope>\n`,
  );
}

/** The answer of an information system to a request that it was sent. */
export function writeSoapAnswer(
  request: Uint8Array,
  serviceCode: string,
  contentBytes: number,
): Buffer {
  return replaceBody(request, wrapped(`${serviceCode}Response`, contentBytes));
}

/** Names of elements are checked neither here nor there: a service code is a name in a scenario. */
function wrapped(name: string, contentBytes: number): string {
  const content = 'a'.repeat(contentBytes);
  return `<lab:${name} xmlns:lab="${LAB_NAMESPACE}"><content>${content}</content></lab:${name}>`;
}

export const LAB_NAMESPACE = 'urn:fedlab:service';

function headerLines(header: AskedHeader): string[] {
  const { client, service, securityServer, id, userId, issue } = header;
  const kind = client.kind === 'member' ? 'MEMBER' : 'SUBSYSTEM';
  return [
    identifier('client', kind, clientParts(client)),
    identifier('service', 'SERVICE', serviceParts(service)),
    ...(securityServer === null
      ? []
      : [identifier('securityServer', 'SERVER', serverParts(securityServer))]),
    leaf('xro:id', id),
    ...(userId === null ? [] : [leaf('xro:userId', userId)]),
    ...(issue === null ? [] : [leaf('xro:issue', issue)]),
    leaf('xro:protocolVersion', '4.0'),
  ].map((line) => `    ${line}`);
}

type Part = readonly [string, string];

function identifier(name: string, type: string, parts: readonly Part[]): string {
  const inner = parts.map(([part, value]) => leaf(`iden:${part}`, value)).join('');
  return `<xro:${name} iden:objectType="${type}">${inner}</xro:${name}>`;
}

function clientParts(id: ClientId): Part[] {
  const subsystem: Part[] = id.kind === 'member' ? [] : [['subsystemCode', id.subsystemCode]];
  return [...memberParts(id), ...subsystem];
}

function serviceParts({ provider, serviceCode, serviceVersion }: SoapService): Part[] {
  const version: Part[] = serviceVersion === null ? [] : [['serviceVersion', serviceVersion]];
  return [...clientParts(provider), ['serviceCode', serviceCode], ...version];
}

function serverParts(id: ServerId): Part[] {
  return [...memberParts(id), ['serverCode', id.serverCode]];
}

function memberParts({ xRoadInstance, memberClass, memberCode }: ClientId | ServerId): Part[] {
  return [
    ['xRoadInstance', xRoadInstance],
    ['memberClass', memberClass],
    ['memberCode', memberCode],
  ];
}

const leaf = (name: string, text: string): string => `<${name}>${escapeXml(text)}</${name}>`;
