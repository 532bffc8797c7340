// The metadata services, against the forms of PR-META annex C and PR-MREST annex B.
import { expect, test } from 'vitest';
import { Cause } from '../../protocol/fault.ts';
import { childNamed, childrenNamed, elementsOf, parseXml, textOf } from '../evidence/xml.ts';
import type { XmlElement } from '../evidence/xml.ts';
import { Place, SoapError, spellSoapError } from '../soap/soap-error.ts';
import { XROAD_NAMESPACE } from '../soap/soap-header.ts';
import { parseSoap } from '../soap/soap-message.ts';
import type { SoapMessage } from '../soap/soap-message.ts';
import { readSystemAnswer } from '../soap/soap-server-side.ts';
import { writeSoapAnswer, writeSoapRequest } from '../soap/soap-writer.ts';
import type { AskedHeader } from '../soap/soap-writer.ts';
import { describeServices, groupsOf } from './described-service.ts';
import type { DescribedService, MetadataQuestion } from './described-service.ts';
import { listClients, readClientsQuery } from './list-clients.ts';
import { listRestMethods, listSoapMethods } from './method-list.ts';
import { restMetadataService, soapMetadataService } from './metadata-service.ts';
import {
  answerWithOpenApi,
  answerWithWsdl,
  wantedByOpenApiRequest,
  wantedByWsdlRequest,
  WSDL_ADDRESS,
} from './service-description.ts';
import { writeOpenApi, writeWsdl } from './written-description.ts';

const PROVIDER = 'EE/GOV/2/rr';
const CLIENT = 'EE/GOV/1/portal';
const right = (subsystem: string | null, method = '*', path = '**') => ({
  subsystem,
  globalGroup: subsystem === null ? 'EE/all' : null,
  localGroup: null,
  method,
  path,
});

const SERVICES: readonly DescribedService[] = [
  { id: `${PROVIDER}/find`, type: 'soap', rights: [right(CLIENT)], endpoints: [] },
  { id: `${PROVIDER}/erase`, type: 'soap', rights: [right('EE/GOV/9/x')], endpoints: [] },
  { id: `${PROVIDER}/plain`, type: 'rest', rights: [right(null)], endpoints: [] },
  {
    id: `${PROVIDER}/pets`,
    type: 'openapi',
    rights: [right(CLIENT, 'GET', '/pets/*'), right('EE/GOV/9/x', 'POST', '/pets')],
    endpoints: [
      { method: 'GET', path: '/pets/*' },
      { method: 'POST', path: '/pets' },
    ],
  },
  { id: 'EE/GOV/2/other/find', type: 'soap', rights: [right(CLIENT)], endpoints: [] },
];

const QUESTION: MetadataQuestion = {
  services: SERVICES,
  provider: PROVIDER,
  client: CLIENT,
  groups: new Set(['EE/all']),
  version: 70_800,
};

const member = { xRoadInstance: 'EE', memberClass: 'GOV' };
const asked = (serviceCode: string): AskedHeader => ({
  client: { kind: 'subsystem', ...member, memberCode: '1', subsystemCode: 'portal' },
  service: {
    provider: { kind: 'subsystem', ...member, memberCode: '2', subsystemCode: 'rr' },
    serviceCode,
    serviceVersion: null,
  },
  securityServer: { kind: 'server', ...member, memberCode: '3', serverCode: 'ss' },
  id: 'a<b',
  userId: 'EE1',
  issue: null,
});

function soapRequest(serviceCode: string, bytes = writeSoapRequest(asked(serviceCode), 10)) {
  const soap = parseSoap(bytes, 'text/xml');
  if (soap.kind === 'fault') throw new Error('a fault');
  return soap;
}

function wsdlRequest(content: string): SoapMessage {
  const text = writeSoapRequest(asked('getWsdl'), 0)
    .toString()
    .replace(/<lab:getWsdl[^]*<\/lab:getWsdl>/, `<xro:getWsdl>${content}</xro:getWsdl>`);
  return soapRequest('getWsdl', Buffer.from(text));
}

test('what the lab writes is read as what it meant', () => {
  const request = soapRequest('find');
  expect(request.header).toMatchObject({ ...asked('find'), protocolVersion: '4.0' });
  const answer = writeSoapAnswer(request.bytes, 'find', 3);
  const head = { status: 200, contentType: 'text/xml' };
  const read = readSystemAnswer(request, head, answer);
  expect(read.kind === 'response' && read.transfer.soap.serviceName).toBe('findResponse');
});

const MEMBERS = {
  instance: 'AA',
  members: [
    {
      memberClass: { code: 'ENT', description: '' },
      code: 'CLIENT1',
      name: 'Client <One>',
      subsystems: [
        { code: 'sub', name: 'Client One Sub' },
        { code: 'bare', name: null },
      ],
    },
  ],
};

test('listClients as JSON', () => {
  const { contentType, body } = listClients(MEMBERS, true);
  expect(contentType).toBe('application/json; charset=utf-8');
  const id = { member_class: 'ENT', member_code: 'CLIENT1', xroad_instance: 'AA' };
  const name = 'Client <One>';
  expect(JSON.parse(body.toString())).toEqual({
    member: [
      { id: { ...id, object_type: 'MEMBER' }, name },
      {
        id: { ...id, subsystem_code: 'sub', object_type: 'SUBSYSTEM' },
        name,
        subsystem_name: 'Client One Sub',
      },
      { id: { ...id, subsystem_code: 'bare', object_type: 'SUBSYSTEM' }, name },
    ],
  });
});

test('listClients as XML says the same', () => {
  const { body } = listClients(MEMBERS, false);
  const { root } = parseXml(body);
  expect(root).toMatchObject({ local: 'clientList', namespace: XROAD_NAMESPACE });
  const told = childrenNamed(root, XROAD_NAMESPACE, 'member').map((one) =>
    elementsOf(one).map((part) => [
      part.local,
      part.attributes.map(({ value }) => value).join() || textOf(part),
      ...elementsOf(part).map(textOf),
    ]),
  );
  expect(told).toEqual([
    [
      ['id', 'MEMBER', 'AA', 'ENT', 'CLIENT1'],
      ['name', 'Client <One>'],
    ],
    [
      ['id', 'SUBSYSTEM', 'AA', 'ENT', 'CLIENT1', 'sub'],
      ['name', 'Client <One>'],
      ['subsystemName', 'Client One Sub'],
    ],
    [
      ['id', 'SUBSYSTEM', 'AA', 'ENT', 'CLIENT1', 'bare'],
      ['name', 'Client <One>'],
    ],
  ]);
});

test('who asks for clients, and how', () => {
  const query = readClientsQuery;
  expect(query('GET', '/listClients', null)).toEqual({ instance: null, wantsJson: false });
  expect(query('GET', '/listClients?xRoadInstance=FI', 'text/xml;q=1, application/json')).toEqual({
    instance: 'FI',
    wantsJson: true,
  });
  expect(query('GET', '/listClients?xRoadInstance=', '*/*')).toMatchObject({ instance: null });
  expect(query('POST', '/listClients', null)).toBeNull();
  expect(query('GET', '/listClientsX', null)).toBeNull();
});

function listedBySoap(list: 'listMethods' | 'allowedMethods'): string[] {
  const request = soapRequest(list);
  const { contentType, body } = listSoapMethods(request, QUESTION, list);
  const head = { status: 200, contentType };
  const answer = readSystemAnswer(request, head, body);
  if (answer.kind === 'fault') throw new Error('a fault');
  const { soap } = answer.transfer;
  expect(soap.header).toMatchObject({ ...asked(list), requestHash: { hash: expect.any(String) } });
  const content = childNamed(parseXml(soap.bytes).root, null, 'Body') as XmlElement;
  const element = elementsOf(content)[0];
  expect(element).toMatchObject({ local: `${list}Response`, namespace: XROAD_NAMESPACE });
  return elementsOf(element).map((one) => elementsOf(one).map(textOf).join('/'));
}

test('listMethods and allowedMethods by SOAP', () => {
  expect(listedBySoap('listMethods')).toEqual([`${PROVIDER}/find`, `${PROVIDER}/erase`]);
  expect(listedBySoap('allowedMethods')).toEqual([`${PROVIDER}/find`]);
});

test('listMethods and allowedMethods by REST', () => {
  const read = (list: 'listMethods' | 'allowedMethods'): unknown =>
    JSON.parse(listRestMethods(QUESTION, list).body.toString());
  const service = {
    member_class: 'GOV',
    member_code: '2',
    object_type: 'SERVICE',
    subsystem_code: 'rr',
    xroad_instance: 'EE',
  };
  const plain = { ...service, service_code: 'plain', service_type: 'REST', endpoint_list: [] };
  const pets = { ...service, service_code: 'pets', service_type: 'OPENAPI' };
  const get = { method: 'GET', path: '/pets/*' };
  const post = { method: 'POST', path: '/pets' };
  expect(read('listMethods')).toEqual({
    service: [plain, { ...pets, endpoint_list: [get, post] }],
  });
  expect(read('allowedMethods')).toEqual({ service: [plain, { ...pets, endpoint_list: [get] }] });
});

test('getWsdl hides the address and nothing else', () => {
  const request = wsdlRequest('<xro:serviceCode>find</xro:serviceCode>');
  const service = wantedByWsdlRequest(request, QUESTION);
  expect(service.id).toBe(`${PROVIDER}/find`);
  const wsdl = writeWsdl(service, 'http://127.0.0.9:80/a?b&c');
  const { contentType, body } = answerWithWsdl(request, wsdl);
  const answer = readSystemAnswer(request, { status: 200, contentType }, body);
  if (answer.kind === 'fault') throw new Error('a fault');
  expect(answer.transfer.soap.serviceName).toBe('getWsdlResponse');
  const [attachment] = answer.transfer.attachments;
  expect(attachment.content.toString()).toBe(
    wsdl.toString().replace('http://127.0.0.9:80/a?b&amp;c', WSDL_ADDRESS),
  );
  expect(attachment.headers.map(({ name }) => name)).toEqual([
    'Content-Transfer-Encoding',
    'Content-ID',
  ]);
});

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof SoapError) return spellSoapError(error, Place.ServerProxy, 70_800);
    throw error;
  }
  return 'none';
}

test('what getWsdl refuses', () => {
  const code = (content: string): string =>
    codeOf(() => wantedByWsdlRequest(wsdlRequest(content), QUESTION));
  expect(code('')).toBe('server.serverproxy.invalid_request');
  expect(code('<xro:serviceCode>nothing</xro:serviceCode>')).toBe(
    'server.serverproxy.unknown_service',
  );
  expect(code('<xro:serviceCode>pets</xro:serviceCode>')).toBe('server.serverproxy.service_type');
  const request = wsdlRequest('<xro:serviceCode>find</xro:serviceCode>');
  expect(codeOf(() => answerWithWsdl(request, Buffer.from('<!DOCTYPE a><a/>')))).toBe(
    'server.serverproxy.internal_error',
  );
});

test('getOpenAPI keeps of an address its path', () => {
  const service = wantedByOpenApiRequest('serviceCode=pets', QUESTION);
  const written = writeOpenApi(service, 'http://127.0.0.9:81/api');
  const read = (bytes: Buffer, type: string | null): string =>
    answerWithOpenApi(bytes, type).body.toString();
  expect(JSON.parse(read(written, 'application/json'))).toEqual({
    ...(JSON.parse(written.toString()) as object),
    servers: [{ url: '/api' }],
  });
  const yaml = (first: string, second: string): string =>
    `openapi: '3.0.0'\nservers:\n  - description: x\n    url: ${first}\n# y\n` +
    `  - url: ${second}\npaths:\n  /a:\n    url: http://kept\n`;
  const hidden = yaml('https://{host}/v1', '"/x/y"');
  for (const url of ['http://a.b:1/x/y', '"http://a.b/x/y"', "'https://a.b/x/y?q'"]) {
    const bytes = Buffer.from(yaml('https://{host}/v1', url));
    expect(read(bytes, 'application/x-yaml')).toBe(hidden);
  }
});

test('what getOpenAPI refuses', () => {
  const wanted = (query: string | null) => (): unknown => wantedByOpenApiRequest(query, QUESTION);
  expect(codeOf(wanted(null))).toBe('server.serverproxy.invalid_request');
  expect(codeOf(wanted('serviceCode=nothing'))).toBe('server.serverproxy.internal_error');
  expect(codeOf(wanted('serviceCode=plain'))).toBe('server.serverproxy.internal_error');
  const text = (content: string) => (): unknown => answerWithOpenApi(Buffer.from(content), null);
  expect(codeOf(text('openapi: 2.0.0'))).toBe('server.serverproxy.internal_error');
  const json = (): unknown => answerWithOpenApi(Buffer.from('[1]'), 'application/json');
  expect(codeOf(json)).toBe('server.serverproxy.internal_error');
  // In a form that is not taken apart: an address must not get out.
  expect(codeOf(text('openapi: 3.0.0\nservers: [url: http://a.b/c]'))).toBe(
    'server.serverproxy.internal_error',
  );
});

test('a view offers what its services and groups say', () => {
  const service = (id: string, type: 'rest' | 'soap', access: ReturnType<typeof right>[]) => ({
    id,
    type,
    system: 's',
    timeoutUs: 1,
    responseSize: { kind: 'constant' as const, value: 1 },
    serviceTime: null,
    enabled: true,
    status: 200,
    url: 'good' as const,
    access,
  });
  const all = [
    service(`${PROVIDER}/find`, 'soap', [right(CLIENT)]),
    service(`${PROVIDER}/pets`, 'rest', [
      { ...right(null, 'GET', '/pets/*'), globalGroup: 'all' },
      { ...right(null), globalGroup: 'FI/some' },
    ]),
  ];
  const view = {
    services: new Map(all.map((one) => [one.id, one])),
    instances: new Map([
      ['EE', { globalGroups: new Map([['EE/all', new Set([CLIENT])]]) }],
      ['FI', { globalGroups: new Map([['FI/some', new Set<string>()]]) }],
    ]),
  };
  expect([...groupsOf(view, CLIENT)]).toEqual(['EE/all']);
  expect([...groupsOf(view, PROVIDER)]).toEqual([]);
  const [find, pets] = describeServices(view);
  expect(find).toMatchObject({ type: 'soap', endpoints: [] });
  expect(pets).toMatchObject({
    type: 'openapi',
    rights: [{ globalGroup: 'EE/all' }, { globalGroup: 'FI/some' }],
    endpoints: [{ method: 'GET', path: '/pets/*' }],
  });
});

test('which requests are answered by the server itself', () => {
  expect(soapMetadataService('getWsdl')).toBe('getWsdl');
  expect(soapMetadataService('getOpenAPI')).toBeNull();
  expect(restMetadataService('GET', 'getOpenAPI')).toBe('getOpenAPI');
  expect(restMetadataService('POST', 'listMethods')).toBeNull();
  expect(new SoapError(Cause.UnknownService, '').unlisted).toBeNull();
});
