// SOAP messages read alone: the order of the checks, encodings, and what must not cost more than it
// is worth.
import { expect, test } from 'vitest';
import { Cause } from '../../protocol/fault.ts';
import { readSoapRequest } from './soap-client-side.ts';
import { Place, SoapError, spellSoapError } from './soap-error.ts';
import { parseSoap, SOAP_BYTES_MAX } from './soap-message.ts';
import { SoapReader } from './soap-transfer.ts';

const NAMESPACES =
  'xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:x="http://x-road.eu/xsd/xroad.xsd" ' +
  'xmlns:i="http://x-road.eu/xsd/identifiers"';
const CLIENT =
  '<x:client i:objectType="SUBSYSTEM"><i:xRoadInstance>EE</i:xRoadInstance>' +
  '<i:memberClass>GOV</i:memberClass><i:memberCode>1</i:memberCode>' +
  '<i:subsystemCode>portal</i:subsystemCode></x:client>';
const SERVICE =
  '<x:service i:objectType="SERVICE"><i:xRoadInstance>EE</i:xRoadInstance>' +
  '<i:memberClass>GOV</i:memberClass><i:memberCode>2</i:memberCode>' +
  '<i:serviceCode>find</i:serviceCode></x:service>';
const ID = '<x:id>7</x:id>';
const VERSION = '<x:protocolVersion>4.0</x:protocolVersion>';
const BODY = '<e:Body><find/></e:Body>';

const envelope = (content: string): string => `<e:Envelope ${NAMESPACES}>${content}</e:Envelope>`;
const withHeader = (fields: string, body = BODY): string =>
  envelope(`<e:Header>${fields}</e:Header>${body}`);
const WHOLE = withHeader(CLIENT + SERVICE + ID + VERSION);

function refusal(bytes: string | Buffer, contentType = 'text/xml'): string {
  try {
    return parseSoap(Buffer.from(bytes), contentType).kind;
  } catch (error) {
    if (!(error instanceof SoapError)) throw error;
    return spellSoapError(error, Place.ClientRequest, 70_800);
  }
}

test('a message is read', () => {
  expect(parseSoap(Buffer.from(WHOLE), 'text/xml; charset=utf-8')).toMatchObject({
    kind: 'message',
    serviceName: 'find',
    isRpc: false,
    header: {
      client: { kind: 'subsystem', memberCode: '1', subsystemCode: 'portal' },
      service: { provider: { kind: 'member', memberCode: '2' }, serviceCode: 'find' },
      id: '7',
      userId: null,
      requestHash: null,
    },
  });
});

test.each([
  ['not XML', 'client.invalid_soap', 'hello'],
  ['nothing', 'client.invalid_soap', ''],
  ['another root', 'client.invalid_soap', '<a/>'],
  ['no header', 'client.missing_header', envelope(BODY)],
  ['no field at all', 'client.missing_header_field', withHeader('')],
  ['no service', 'client.missing_header_field', withHeader(CLIENT + ID + VERSION)],
  ['a field twice', 'client.duplicate_header_field', withHeader(CLIENT + ID + ID)],
  ['a part twice', 'client.duplicate_header_field', withHeader(doubled())],
  ['another version', 'client.invalid_protocol_version', withHeader(VERSION.replace('4', '3'))],
  ['a wrong kind of id', 'client.invalid_xml', withHeader(CLIENT.replace('SUBSYSTEM', 'SERVICE'))],
  ['no kind of id', 'client.invalid_xml', withHeader(CLIENT.replace(/ i:[^>]*/, ''))],
  ['an empty code', 'client.internal_error', withHeader(CLIENT.replace('>1<', '><'))],
  ['no body', 'client.missing_body', withHeader(CLIENT + SERVICE + ID + VERSION, '')],
  ['an empty body', 'client.invalid_body', wholeWith('<e:Body> </e:Body>')],
  ['two in the body', 'client.invalid_body', wholeWith('<e:Body><find/><find/></e:Body>')],
  ['another service', 'client.inconsistent_headers', wholeWith('<e:Body><get/></e:Body>')],
  ['a longer name', 'message', wholeWith('<e:Body><findResponse/></e:Body>')],
  ['a fault needs no header', 'fault', envelope('<e:Body><e:Fault/></e:Body>')],
])('%s: %s', (_what, code, text) => {
  expect(refusal(text)).toBe(code);
});

function doubled(): string {
  return CLIENT.replace('</x:client>', '<i:memberCode>2</i:memberCode></x:client>');
}

function wholeWith(body: string): string {
  return withHeader(CLIENT + SERVICE + ID + VERSION, body);
}

test('a wrong version is found before the client that is missing, as it stands', () => {
  expect(refusal(withHeader(`${VERSION.replace('4', '3')}${SERVICE}`))).toBe(
    'client.invalid_protocol_version',
  );
});

test('old servers spell it their way', () => {
  const error = new SoapError(Cause.MissingBody, '');
  expect(spellSoapError(error, Place.Provider, 70_700)).toBe(
    'Server.ServerProxy.ServiceFailed.MissingBody',
  );
  expect(spellSoapError(error, Place.PeerResponse, 70_800)).toBe(
    'server.clientproxy.service_failed.missing_body',
  );
});

test('a text may be in other encodings, and begin with a mark', () => {
  const latin = `<?xml version="1.0" encoding="ISO-8859-1"?>${WHOLE.replace('>7<', '>öö<')}`;
  const read = parseSoap(Buffer.from(latin, 'latin1'), 'text/xml');
  expect(read.kind === 'message' && read.header.id).toBe('öö');
  expect(refusal(Buffer.from(`\ufeff${WHOLE}`, 'utf16le'))).toBe('message');
  expect(refusal(Buffer.from(`\ufeff${WHOLE}`))).toBe('message');
  expect(refusal(Buffer.from(WHOLE.replace('>7<', '>öö<'), 'latin1'))).toBe('client.invalid_soap');
  expect(refusal(WHOLE, 'text/xml; charset=klingon')).toBe('client.io_error');
  expect(refusal(WHOLE, 'application/json')).toBe('client.invalid_content_type');
});

const BOMB = [
  '<!DOCTYPE a [<!ENTITY b "b"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>',
  '<!DOCTYPE a SYSTEM "file:///etc/passwd">',
];

test.each([
  ['an entity bomb', BOMB[0] + WHOLE],
  ['an external file', BOMB[1] + WHOLE],
  ['an entity', WHOLE.replace('>7<', '>&xxe;<')],
  ['depth', wholeWith(`<e:Body><find>${'<a>'.repeat(100_000)}`)],
  ['elements', wholeWith(`<e:Body><find>${'<a/>'.repeat(400_000)}</find></e:Body>`)],
  ['prefixes', wholeWith(`<e:Body><find ${prefixes(20_000)}/></e:Body>`)],
  ['attributes', wholeWith(`<e:Body><find ${'a="" '.repeat(100_000)}/></e:Body>`)],
  ['length', Buffer.alloc(SOAP_BYTES_MAX + 1, 0x20)],
])('refused, long before a test may take too long: %s', (_what, text) => {
  expect(refusal(text)).toBe('client.invalid_soap');
});

function prefixes(count: number): string {
  return Array.from({ length: count }, (_, at) => `xmlns:p${at}="u"`).join(' ');
}

test('100 MB for a message are given up early, and not kept', () => {
  for (const contentType of ['text/xml', 'multipart/related; boundary=b']) {
    const reader = new SoapReader(contentType);
    const chunk = Buffer.alloc(1024 * 1024, 0x61);
    reader.push(Buffer.from('--b\r\ncontent-type: text/xml\r\n\r\n'));
    let taken = 0;
    expect(() => {
      for (; taken < 100; taken++) reader.push(chunk);
    }).toThrow(SoapError);
    expect(taken).toBeLessThan(18);
  }
});

test('a request is refused before its body is looked at', () => {
  const head = { method: 'GET', contentType: 'text/xml', soapAction: null };
  const read = (changes: object): unknown =>
    readSoapRequest({ ...head, method: 'POST', ...changes }, Buffer.from(WHOLE));
  expect(read({})).toMatchObject({ soap: { kind: 'message' } });
  expect(read({ soapAction: '"urn:a"' })).toMatchObject({ attachments: [] });
  const reason = (changes: object): unknown => {
    try {
      return read(changes);
    } catch (error) {
      return error instanceof SoapError ? error.reason : error;
    }
  };
  expect(reason({ method: 'GET' })).toBe(Cause.InvalidHttpMethod);
  expect(reason({ soapAction: 'urn:a' })).toBe(Cause.InvalidSoapAction);
  expect(reason({ soapAction: '"a b"' })).toBe(Cause.InvalidSoapAction);
  expect(reason({ contentType: null })).toBe(Cause.InvalidContentType);
  expect(reason({ contentType: 'multipart/related' })).toBe(Cause.InvalidContentType);
  expect(reason({ contentType: 'multipart/related; boundary=b' })).toBe(Cause.MissingSoap);
});
