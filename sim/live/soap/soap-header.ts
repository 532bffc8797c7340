/**
 * The header of an X-Road SOAP message (facts 3.2): who asks whom for what. Read in the order of
 * the document, as X-Road's parser does, so that of two mistakes the same one is found.
 *
 * Source, read at 7.8: SaxSoapParserImpl (SoapHeaderHandler, XRoadIdentifierHeaderHandler and its
 * kind, SoapEnvelopeHandler.validateHeader), ProtocolVersion, SoapUtils.checkConsistency.
 */
import { Cause } from '../../protocol/fault.ts';
import type { ClientId, ServerId } from '../../protocol/identifier.ts';
import { elementsOf, textOf } from '../evidence/xml.ts';
import type { XmlElement } from '../evidence/xml.ts';
import { plainId } from '../rest-message.ts';
import { SoapError } from './soap-error.ts';

export const XROAD_NAMESPACE = 'http://x-road.eu/xsd/xroad.xsd';
export const IDENTIFIER_NAMESPACE = 'http://x-road.eu/xsd/identifiers';
const REPRESENTATION_NAMESPACE = 'http://x-road.eu/xsd/representation.xsd';
const VERSION_PREFIX = '4.';

/** Unlike a REST service, one of SOAP may belong to a bare member. */
export interface SoapService {
  readonly provider: ClientId;
  readonly serviceCode: string;
  readonly serviceVersion: string | null;
}

export interface RepresentedParty {
  readonly partyClass: string | null;
  readonly partyCode: string | null;
}

export interface RequestHash {
  readonly algorithmId: string | null;
  /** As it was written, in base64. */
  readonly hash: string;
}

export interface SoapHeader {
  readonly client: ClientId;
  readonly service: SoapService;
  readonly securityServer: ServerId | null;
  readonly userId: string | null;
  readonly representedParty: RepresentedParty | null;
  readonly issue: string | null;
  readonly id: string;
  readonly protocolVersion: string;
  /** Of responses. */
  readonly requestHash: RequestHash | null;
}

/** What has been read so far. */
export type HeaderFields = { -readonly [Name in keyof SoapHeader]: SoapHeader[Name] | null };

export const noFields = (): HeaderFields => ({
  client: null,
  service: null,
  securityServer: null,
  userId: null,
  representedParty: null,
  issue: null,
  id: null,
  protocolVersion: null,
  requestHash: null,
});

/** `INSTANCE/CLASS/CODE[/SUBSYSTEM]/SERVICE[/VERSION]`. */
export function plainService({ provider, serviceCode, serviceVersion }: SoapService): string {
  const id = `${plainId(provider)}/${serviceCode}`;
  return serviceVersion === null ? id : `${id}/${serviceVersion}`;
}

/** Adds what a Header element holds; there may be two of them, but no field twice. */
export function readHeaderFields(header: XmlElement, fields: HeaderFields): void {
  for (const element of elementsOf(header)) {
    const name = fieldOf(element);
    if (name === null) continue;
    if (fields[name] !== null) throw duplicate(element);
    readField(element, name, fields);
  }
}

/** Everything that must be there, in the order in which X-Road misses it. */
export function completeHeader(fields: HeaderFields): SoapHeader {
  const { protocolVersion, client, id, service } = fields;
  if (protocolVersion === null) throw missing("Required field 'protocolVersion' is missing");
  if (client === null) throw missing("Required field 'client' is missing");
  if (id === null) throw missing("Required field 'id' is missing");
  if (service === null) throw missing('Message header must contain service id');
  return { ...fields, protocolVersion, client, id, service };
}

const COMPARED = ['client', 'service', 'userId', 'representedParty', 'issue', 'id'] as const;

/** The first field that must be equal in request and response and is not; null: all are. */
export function differingField(request: SoapHeader, response: SoapHeader): string | null {
  const differs = (name: (typeof COMPARED)[number]): boolean =>
    JSON.stringify(request[name]) !== JSON.stringify(response[name]);
  return COMPARED.find(differs) ?? null;
}

const XROAD_FIELDS: ReadonlySet<string> = new Set([
  'client',
  'service',
  'securityServer',
  'userId',
  'issue',
  'id',
  'protocolVersion',
  'requestHash',
]);

function fieldOf({ namespace, local }: XmlElement): keyof SoapHeader | null {
  if (namespace === REPRESENTATION_NAMESPACE && local === 'representedParty') return local;
  const isField = namespace === XROAD_NAMESPACE && XROAD_FIELDS.has(local);
  return isField ? (local as keyof SoapHeader) : null;
}

function readField(element: XmlElement, name: keyof SoapHeader, fields: HeaderFields): void {
  switch (name) {
    case 'client':
      fields.client = clientOf(partsOf(element, ['MEMBER', 'SUBSYSTEM'], MEMBER_PARTS));
      break;
    case 'service':
      fields.service = serviceOf(partsOf(element, ['SERVICE'], SERVICE_PARTS));
      break;
    case 'securityServer':
      fields.securityServer = serverOf(partsOf(element, ['SERVER'], SERVER_PARTS));
      break;
    case 'representedParty':
      fields.representedParty = partyOf(element);
      break;
    case 'requestHash': {
      const algorithm = element.attributes.find(
        ({ namespace, local }) => namespace === '' && local === 'algorithmId',
      );
      fields.requestHash = { algorithmId: algorithm?.value ?? null, hash: textOf(element) };
      break;
    }
    case 'protocolVersion':
      fields.protocolVersion = versionOf(textOf(element));
      break;
    default:
      fields[name] = textOf(element);
  }
}

function versionOf(text: string): string {
  if (text.startsWith(VERSION_PREFIX)) return text;
  throw new SoapError(
    Cause.InvalidProtocolVersion,
    `Invalid protocol version (supported: ${VERSION_PREFIX}x, provided: ${text})`,
  );
}

type Parts = ReadonlyMap<string, string>;

const MEMBER_PARTS = ['xRoadInstance', 'memberClass', 'memberCode', 'subsystemCode'];
const SERVICE_PARTS = [...MEMBER_PARTS, 'serviceCode', 'serviceVersion'];
const SERVER_PARTS = ['xRoadInstance', 'memberClass', 'memberCode', 'serverCode'];

/** An identifier says what it is, and is checked for that before its parts are looked at. */
function partsOf(element: XmlElement, types: readonly string[], names: readonly string[]): Parts {
  const type = element.attributes.find(
    ({ namespace, local }) => namespace === IDENTIFIER_NAMESPACE && local === 'objectType',
  );
  if (type === undefined) throw new SoapError(Cause.InvalidXml, 'Missing objectType attribute');
  if (!types.includes(type.value)) {
    throw new SoapError(Cause.InvalidXml, `Unexpected objectType: ${type.value}`);
  }
  return namedParts(element, IDENTIFIER_NAMESPACE, names);
}

function namedParts(element: XmlElement, namespace: string, names: readonly string[]): Parts {
  const parts = new Map<string, string>();
  for (const child of elementsOf(element)) {
    if (child.namespace !== namespace || !names.includes(child.local)) continue;
    if (parts.has(child.local)) throw duplicate(child);
    parts.set(child.local, textOf(child));
  }
  return parts;
}

function clientOf(parts: Parts): ClientId {
  const subsystemCode = parts.get('subsystemCode') ?? null;
  const member = {
    xRoadInstance: required(parts, 'xRoadInstance'),
    memberClass: required(parts, 'memberClass'),
    memberCode: required(parts, 'memberCode'),
  };
  return subsystemCode === null
    ? { kind: 'member', ...member }
    : { kind: 'subsystem', ...member, subsystemCode: required(parts, 'subsystemCode') };
}

function serviceOf(parts: Parts): SoapService {
  return {
    provider: clientOf(parts),
    serviceCode: required(parts, 'serviceCode'),
    serviceVersion: parts.get('serviceVersion') ?? null,
  };
}

function serverOf(parts: Parts): ServerId {
  return {
    kind: 'server',
    xRoadInstance: required(parts, 'xRoadInstance'),
    memberClass: required(parts, 'memberClass'),
    memberCode: required(parts, 'memberCode'),
    serverCode: required(parts, 'serverCode'),
  };
}

function partyOf(element: XmlElement): RepresentedParty {
  const parts = namedParts(element, REPRESENTATION_NAMESPACE, ['partyClass', 'partyCode']);
  return {
    partyClass: parts.get('partyClass') ?? null,
    partyCode: parts.get('partyCode') ?? null,
  };
}

/** An empty part is an IllegalArgumentException in X-Road, so internal_error (facts 4.1). */
function required(parts: Parts, name: string): string {
  const value = parts.get(name) ?? '';
  if (value.trim() === '') throw new SoapError(Cause.InternalError, `'${name}' must not be blank`);
  return value;
}

function missing(text: string): SoapError {
  return new SoapError(Cause.MissingHeaderField, text);
}

function duplicate({ namespace, local }: XmlElement): SoapError {
  return new SoapError(
    Cause.DuplicateHeaderField,
    `SOAP header contains duplicate field '{${namespace}}${local}'`,
  );
}
