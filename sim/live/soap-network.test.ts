// SOAP, metadata and downloads over real sockets: what an information system sees, byte by byte
// where it matters, compared with facts 2.2, 3.1, 3.2, 3.5 and 4.2.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Document } from '../plan/document.ts';
import { findHeader } from '../protocol/message.ts';
import { worldDocument, WORLDS } from '../testing/worlds.ts';
import { NO_ANCHORS, readAnchors } from './evidence/anchors.ts';
import { verifyEvidence } from './evidence/verify-evidence.ts';
import { requestHttp } from './loopback.ts';
import { startNetwork } from './network.ts';
import type { LiveNetwork } from './network.ts';
import { headersOf } from './rest-message.ts';
import { soapRequestOf } from './soap-caller.ts';
import { writeSoapFault } from './soap/soap-fault.ts';
import { Trust } from './trust.ts';

const trust = new Trust();
const CONSUMER = 'EE/ss1';
const PROVIDER = 'EE/ss2';
let directory = '';
let network: LiveNetwork | null = null;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'fedlab-soap-'));
});

afterEach(async () => {
  await network?.stop();
  network = null;
  rmSync(directory, { recursive: true, force: true });
});

function documentOf(name: string, changes: Partial<Document> = {}): Document {
  const world = WORLDS.find((one) => one.name === name);
  if (world === undefined) throw new Error(`no world is called ${name}`);
  return { ...worldDocument(world), ...changes };
}

async function start(document: Document): Promise<LiveNetwork> {
  const options = { directory, ports: null, trust, allowsRestToSoap: false };
  network = await startNetwork(document, options);
  return network;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  readonly bytes: Buffer;
  readonly header: (name: string) => string | null;
}

interface Question {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: readonly string[];
  readonly body?: string | Buffer;
}

const XML = ['content-type', 'text/xml; charset=UTF-8'];

/** Of the consumer's server, as its information system asks. */
async function ask(live: LiveNetwork, question: Question): Promise<Answer> {
  const { method = 'POST', path = '/', headers = XML, body = '' } = question;
  const answer = await requestHttp(live.endpointsOf(CONSUMER).client, {
    method,
    path,
    rawHeaders: headers,
    body: method === 'GET' ? null : Buffer.from(body),
    signal: null,
  });
  const bytes = Buffer.concat(await Array.fromAsync(answer.body));
  const got = headersOf(answer.rawHeaders);
  return {
    status: answer.status,
    type: findHeader(got, 'content-type') ?? '',
    text: bytes.toString('utf8'),
    bytes,
    header: (name) => findHeader(got, name),
  };
}

const get = (live: LiveNetwork, path: string, accept = '*/*'): Promise<Answer> =>
  ask(live, { method: 'GET', path, headers: ['accept', accept] });

/** The request of the world's workload, for another service of the same provider. */
function requestFor(document: Document, service: string | null = null, id = 'm-1'): string {
  const text = soapRequestOf(document.workloads[0], 10, id).toString('utf8');
  return service === null ? text : text.replaceAll('persons', service);
}

const faultCodeIn = ({ text }: Answer): string | null =>
  /<faultcode>([^<]*)<\/faultcode>/.exec(text)?.[1] ?? null;

describe('an exchange', () => {
  test('repeats the header and hashes the request', async () => {
    const document = documentOf('soap-good');
    const live = await start(document);
    const request = requestFor(document);
    const answer = await ask(live, { body: request });
    expect([answer.status, answer.type]).toEqual([200, 'text/xml; charset=UTF-8']);
    expect(answer.text).toContain('<xro:id>m-1</xro:id>');
    const hash = createHash('sha512').update(request).digest('base64');
    const algorithm = 'http://www.w3.org/2001/04/xmlenc#sha512';
    expect(answer.text).toMatch(/<xro:requestHash[^>]*algorithmId="[^"]+"/);
    expect(answer.text).toContain(`algorithmId="${algorithm}"`);
    expect(answer.text).toContain(`>${hash}</xro:requestHash>`);
    expect(answer.text).toContain('personsResponse');
    await live.transcriptOf('m-1');
    for (const name of [CONSUMER, PROVIDER]) {
      const rows = live.server(name).messageLog.rows();
      expect(rows.map(({ messageId }) => messageId)).toEqual(['m-1', 'm-1']);
      expect(rows.map(({ isResponse }) => isResponse)).toEqual([false, true]);
    }
  });

  test('crosses the border', async () => {
    const base = documentOf('cross-border');
    const services = base.services.map((one) => ({ ...one, type: 'soap' as const }));
    const document = { ...base, services };
    const live = await start(document);
    const answer = await ask(live, { body: requestFor(document) });
    expect(faultCodeIn(answer)).toBeNull();
    expect(answer.text).toContain('<iden:xRoadInstance>FI</iden:xRoadInstance>');
  });

  test('carries an attachment, which is signed and logged', async () => {
    const document = documentOf('soap-good');
    const live = await start(document);
    const part = (type: string, content: string): string =>
      `--B\r\nContent-Type: ${type}\r\n\r\n${content}\r\n`;
    const picture = 'not really a picture\r\n--\r\n';
    const message = part('text/xml; charset=UTF-8', requestFor(document));
    const body = `${message}${part('image/png', picture)}--B--\r\n`;
    const type = 'multipart/related; type="text/xml"; boundary=B';
    const answer = await ask(live, { headers: ['content-type', type], body });
    expect([faultCodeIn(answer), answer.status]).toEqual([null, 200]);
    await live.transcriptOf('m-1');
    for (const name of [CONSUMER, PROVIDER]) {
      const { store } = live.server(name).messageLog;
      const [id] = store.find({
        messageId: 'm-1',
        memberClass: 'GOV',
        memberCode: name === CONSUMER ? '70000001' : '70000002',
        subsystemCode: name === CONSUMER ? 'portal' : 'registry',
        isResponse: false,
      });
      const stored = store.get(id);
      expect(stored?.attachments.map((one) => one.toString('utf8'))).toEqual([picture]);
      // Message and attachment are two leaves of one chain.
      expect(stored?.hashChain).not.toBeNull();
    }
    expect(live.provider('registry-system').seen[0].bytes).toBeGreaterThan(picture.length + 500);
  });
});

describe('a fault is HTTP 200, text/xml and a number to ask after', () => {
  test.each<[string, (document: Document) => Document, string]>([
    [
      'access denied',
      (document) => ({
        ...document,
        services: document.services.map((one) => ({ ...one, access: [] })),
      }),
      'server.serverproxy.access_denied',
    ],
    [
      'unknown service',
      (document) => ({
        ...document,
        services: [{ ...document.services[0], id: 'EE/GOV/70000002/registry/others' }],
      }),
      'server.serverproxy.unknown_service',
    ],
  ])('%s', async (_name, change, code) => {
    const document = documentOf('soap-good');
    const live = await start(change(document));
    const answer = await ask(live, { body: requestFor(document) });
    expect([answer.status, answer.type]).toEqual([200, 'text/xml;charset=utf-8']);
    expect(faultCodeIn(answer)).toBe(code);
    expect(answer.text).toMatch(/<faultDetail xmlns="">[\da-f-]{36}<\/faultDetail>/);
    expect(answer.header('x-road-error')).toBeNull();
  });

  test("of the service's own it is passed on as it is", async () => {
    const document = documentOf('soap-good', {
      services: documentOf('soap-good').services.map((one) => ({ ...one, status: 500 })),
    });
    const live = await start(document);
    const answer = await ask(live, { body: requestFor(document) });
    expect(answer.status).toBe(200);
    const fault = { code: 'Server.Failed', text: 'The service has failed', detail: '' };
    expect(answer.bytes).toEqual(writeSoapFault(fault));
    // A fault is neither signed nor logged.
    await live.transcriptOf('m-1');
    expect(live.server(CONSUMER).messageLog.rows()).toHaveLength(1);
  });

  test.each([
    ['soap-response-inconsistent', 'server.clientproxy.service_failed.inconsistent_response'],
    ['soap-other-server', 'server.serverproxy.service_failed.invalid_security_server'],
    ['soap-bad-status', 'server.serverproxy.service_failed.http_error'],
  ])('%s', async (world, code) => {
    const live = await start(documentOf(world));
    const { status, faultCode } = await live.call(0, { sendsId: true });
    expect([status, faultCode]).toEqual([200, code]);
  });

  test('what cannot be read is refused as the client’s, and keeps the connection', async () => {
    const document = documentOf('soap-good');
    const live = await start(document);
    const good = requestFor(document);
    const refused = async (question: Question): Promise<string | null> =>
      faultCodeIn(await ask(live, question));
    expect(await refused({ method: 'GET' })).toBe('client.invalid_http_method');
    expect(await refused({ headers: [...XML, 'soapaction', 'bare'], body: good })).toBe(
      'client.invalid_soap_action',
    );
    expect(await refused({ headers: ['content-type', 'text/plain'], body: good })).toBe(
      'client.invalid_content_type',
    );
    const twoBodies = good.replace('<soapenv:Body>', '<soapenv:Body><lab:persons2 xmlns:lab="x"/>');
    // The registry has no row for it; the client hears the exact word all the same.
    expect(await refused({ body: twoBodies })).toBe('client.invalid_body');
    expect(await refused({ body: good.replace('<xro:protocolVersion>4.0', '<xro:x>4.0') })).toMatch(
      /^client\./,
    );
    expect(live.provider('registry-system').seen).toEqual([]);
  });
});

describe('metadata', () => {
  test('listClients says who there is, in JSON and in XML', async () => {
    const live = await start(documentOf('cross-border'));
    const own = await get(live, '/listClients', 'application/json');
    expect([own.status, own.type]).toEqual([200, 'application/json; charset=utf-8']);
    const { member } = JSON.parse(own.text) as { member: { id: Record<string, string> }[] };
    expect(member.map(({ id }) => id.subsystem_code ?? null)).toEqual([null, 'portal']);
    const foreign = await get(live, '/listClients?xRoadInstance=FI', 'text/xml');
    expect(foreign.text).toContain('<ns1:subsystemCode>registry</ns1:subsystemCode>');
    const unknown = await get(live, '/listClients?xRoadInstance=XX');
    expect(faultCodeIn(unknown)).toBe('server.clientproxy.internal_error');
  });

  test('SOAP: methods, and the description without its address', async () => {
    const document = documentOf('soap-good', {
      services: documentOf('soap-good').services.map((one) => ({ ...one, access: [] })),
    });
    const live = await start(document);
    const methods = await ask(live, { body: requestFor(document, 'listMethods', 'm-2') });
    expect(methods.text).toContain('<id:serviceCode>persons</id:serviceCode>');
    expect(methods.text).toContain('requestHash');
    const allowed = await ask(live, { body: requestFor(document, 'allowedMethods') });
    expect(allowed.text).toContain('allowedMethodsResponse');
    expect(allowed.text).not.toContain('persons');
    const wanted = '<xro:serviceCode>persons</xro:serviceCode>';
    const question = (code: string): string =>
      requestFor(document, 'getWsdl').replace(
        /<content>.*<\/content>/,
        wanted.replace('persons', code),
      );
    const wsdl = await ask(live, { body: question('persons') });
    expect(wsdl.type).toMatch(/^multipart\/related/);
    expect(wsdl.text).toContain('http://example.org/xroad-endpoint');
    expect(wsdl.text).not.toContain('127.');
    const missing = await ask(live, { body: question('nothing') });
    expect(faultCodeIn(missing)).toBe('server.serverproxy.unknown_service');
    // They are signed and logged like all others.
    await live.transcriptOf('m-2');
    expect(live.server(PROVIDER).messageLog.rows().length).toBeGreaterThanOrEqual(6);
  });

  test('REST: methods, and the description without its address', async () => {
    const live = await start(documentOf('path-not-allowed'));
    const at = (rest: string, accept = '*/*'): Promise<Answer> =>
      ask(live, {
        method: 'GET',
        path: `/r1/EE/GOV/70000002/registry/${rest}`,
        headers: ['x-road-client', 'EE/GOV/70000001/portal', 'accept', accept],
      });
    const methods = await at('listMethods');
    expect([methods.status, methods.type]).toEqual([200, 'application/json']);
    expect(methods.header('x-road-request-hash')).not.toBeNull();
    const { service } = JSON.parse(methods.text) as { service: Record<string, unknown>[] };
    expect(service).toMatchObject([{ service_code: 'persons', service_type: 'OPENAPI' }]);
    expect((await at('allowedMethods')).text).toContain('"/others/*"');
    const api = await at('getOpenAPI?serviceCode=persons');
    expect(JSON.parse(api.text)).toMatchObject({
      openapi: '3.0.3',
      servers: [{ url: '/persons' }],
    });
    const missing = await at('getOpenAPI?serviceCode=nothing');
    expect([missing.status, missing.header('x-road-error')]).toEqual([
      500,
      'server.serverproxy.internal_error',
    ]);
  });
});

describe('downloads', () => {
  const QUERY = 'xRoadInstance=EE&memberClass=GOV&memberCode=70000001&subsystemCode=portal';

  test.each(['soap-good', 'good'])(
    'the containers of %s stand up to fedlab verify',
    async (world) => {
      const live = await start(documentOf(world));
      const { messageId } = await live.call(0, { sendsId: true });
      const all = await get(live, `/asic?${QUERY}&queryId=${messageId}&force`);
      expect([all.status, all.type]).toEqual([200, 'application/zip']);
      expect(all.header('content-disposition')).toBe(`attachment; filename="${messageId}.zip"`);
      const one = await get(live, `/asic?${QUERY}&queryId=${messageId}&unique&requestOnly`);
      expect(one.type).toBe('application/vnd.etsi.asic-e+zip');
      const configuration = await get(live, '/verificationconf');
      const write = (name: string, { bytes }: Answer): string => {
        writeFileSync(join(directory, name), bytes);
        return join(directory, name);
      };
      const anchors = readAnchors([write('verificationconf.zip', configuration)]);
      const report = verifyEvidence(write(`${messageId}.zip`, all), anchors);
      expect(report.findings.filter(({ verdict }) => verdict !== 'passed')).toEqual([]);
      expect([report.verdict, report.containers]).toEqual(['passed', 2]);
      expect(verifyEvidence(write('one.asice', one), anchors).verdict).toBe('passed');
      // Whom nobody trusts is not trusted here either, and an archive is not a download.
      expect(verifyEvidence(join(directory, 'one.asice'), NO_ANCHORS).verdict).toBe('unknown');
      expect(verifyEvidence(write('mlog-1.zip', all), anchors).verdict).toBe('failed');
    },
  );

  test('who asks wrongly is told so in plain text', async () => {
    const live = await start(documentOf('good'));
    const { messageId } = await live.call(0, { sendsId: true });
    const statusOf = async (query: string): Promise<number> => {
      const { status, type } = await get(live, `/asic?${query}`);
      expect(type).toBe('text/plain;charset=utf-8');
      return status;
    };
    expect(await statusOf(`${QUERY}`)).toBe(400);
    expect(await statusOf(`${QUERY}&queryId=nothing`)).toBe(404);
    expect(await statusOf(`${QUERY.replace('portal', 'other')}&queryId=${messageId}`)).toBe(401);
    expect(await statusOf(`${QUERY}&queryId=${messageId}&requestOnly&responseOnly`)).toBe(400);
  });
});
