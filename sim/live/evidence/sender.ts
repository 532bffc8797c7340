/** Who says to have sent a message: the consumer of a request, the provider of a response. */
import { memberOf, parseClientId, parseServiceId } from '../../protocol/identifier.ts';
import type { MemberId } from '../../protocol/identifier.ts';
import {
  decodeRequestHead,
  decodeResponseHead,
  findHeader,
  HeaderName,
} from '../../protocol/message.ts';
import { EvidenceError } from './evidence-error.ts';
import { childNamed, elementsOf, parseXml, textOf } from './xml.ts';
import type { XmlElement } from './xml.ts';

export interface Sender {
  readonly member: MemberId;
  /** The message's own identifier; null: it has none. */
  readonly id: string | null;
  readonly kind: 'request' | 'response';
  readonly protocol: 'REST' | 'SOAP';
}

const SOAP = 'http://schemas.xmlsoap.org/soap/envelope/';
const IDENTIFIERS = 'http://x-road.eu/xsd/identifiers';
const HEADERS = 'http://x-road.eu/xsd/xroad.xsd';

/** Throws an EvidenceError where the bytes are no message of X-Road. */
export function senderOf(message: Buffer): Sender {
  return senderOfRest(message) ?? senderOfSoap(message);
}

function senderOfRest(message: Buffer): Sender | null {
  const head = decodeResponseHead(message) ?? decodeRequestHead(message);
  if (head === null) return null;
  const isResponse = 'status' in head;
  const name = isResponse ? HeaderName.Service : HeaderName.Client;
  const value = findHeader(head.headers, name) ?? '';
  const id = isResponse ? parseServiceId(value) : parseClientId(value);
  if (id === null) throw new EvidenceError(null, `${name} names nobody`);
  return {
    member: memberOf(id),
    id: findHeader(head.headers, HeaderName.Id),
    kind: isResponse ? 'response' : 'request',
    protocol: 'REST',
  };
}

/** The name of the element in a response's body ends with `Response` (facts 3.2). */
function senderOfSoap(message: Buffer): Sender {
  const { root } = parseXml(message);
  if (root.local !== 'Envelope' || root.namespace !== SOAP) {
    throw new EvidenceError(null, 'the message is neither SOAP nor the head of a REST message');
  }
  const header = childNamed(root, SOAP, 'Header');
  const body = childNamed(root, SOAP, 'Body');
  const content = body === null ? undefined : elementsOf(body)[0];
  if (header === null || content === undefined) {
    throw new EvidenceError(null, 'the SOAP message lacks its header or its body');
  }
  const isResponse = content.local.endsWith('Response');
  const name = isResponse ? 'service' : 'client';
  const id = childNamed(header, HEADERS, name);
  if (id === null) throw new EvidenceError(null, `the SOAP header has no ${name}`);
  const messageId = childNamed(header, HEADERS, 'id');
  return {
    member: readMember(id, name),
    id: messageId === null ? null : textOf(messageId).trim(),
    kind: isResponse ? 'response' : 'request',
    protocol: 'SOAP',
  };
}

function readMember(element: XmlElement, name: string): MemberId {
  const [xRoadInstance, memberClass, memberCode] = [
    'xRoadInstance',
    'memberClass',
    'memberCode',
  ].map((part) => {
    const found = childNamed(element, IDENTIFIERS, part);
    const text = found === null ? '' : textOf(found).trim();
    if (text === '') throw new EvidenceError(null, `${name} of the SOAP header has no ${part}`);
    return text;
  });
  return { kind: 'member', xRoadInstance, memberClass, memberCode };
}
