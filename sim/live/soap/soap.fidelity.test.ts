// SOAP messages of X-Road's own tests and of one recorded exchange, without sockets: the named
// message tests of two proxies, the bodies of the protocol between servers, the wire of 7.8.
import { readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { expect } from 'vitest';
import { Effect } from '../../protocol/effect.ts';
import {
  advanceClientLeg,
  advanceServerLeg,
  ALL_FACTS,
  ClientStage,
  effectOf,
  Fact,
  faultOfTransition,
  Input,
  inputOf,
  ServerStage,
} from '../../protocol/exchange.ts';
import { Cause, faultOf, Prefix, spellFault } from '../../protocol/fault.ts';
import { describeFidelity, fidelityTest, readVector, vectorPath } from '../../testing/fidelity.ts';
import { MessageParts } from '../message-parts.ts';
import { boundaryOf, MultipartError, MultipartWriter } from '../transport.ts';
import { requestHashOf, withRequestHash } from './request-hash.ts';
import { checkSystemAnswer, readPeerRequest, readSystemAnswer } from './soap-server-side.ts';
import {
  answerWithResponse,
  inconsistencyOf,
  namesOf,
  readPlainFault,
  readSoapRequest,
} from './soap-client-side.ts';
import { Place, SoapError, spellSoapError } from './soap-error.ts';
import { parseSoap } from './soap-message.ts';
import { digestsOf, sendSoapParts } from './soap-wire.ts';
import type { SoapMessage } from './soap-message.ts';
import type { SoapMessageTransfer } from './soap-transfer.ts';

const VECTORS = 'xroad/vectors';
const VERSION = 70_800;
const vector = (name: string): Buffer => readFileSync(vectorPath(`${VECTORS}/${name}`));

interface TestCase {
  readonly name: string;
  readonly harness: string;
  readonly request: string;
  readonly requestType: string;
  readonly response: string;
  readonly responseType: string;
  readonly target: string;
  readonly expected: string;
}

function testCases(): TestCase[] {
  const rows = readVector(`${VECTORS}/proxy-testcases/testcases.tsv`).trim().split('\n').slice(1);
  return rows.map((row) => {
    const cells = row.split('\t');
    const [name, harness, request, requestType, response, responseType] = cells;
    const [, , , , , , , , target, expected] = cells;
    const types = {
      requestType: requestType || 'text/xml',
      responseType: responseType || 'text/xml',
    };
    return { name, harness, request, response, target, expected, ...types };
  });
}

/** What the rules make of a fact that these files do not hold. */
const client = (stage: number, input: number, without: number): number =>
  faultOfTransition(advanceClientLeg(stage, input, ALL_FACTS & ~without & ~Fact.IsRest));
const server = (stage: number, input: number, without: number): number =>
  faultOfTransition(advanceServerLeg(stage, input, ALL_FACTS & ~without & ~Fact.IsRest));
const unknownHost = inputOf(Input.Failed, Cause.UnknownHost);
const BY_RULES: Readonly<Record<string, () => number>> = {
  InvalidServiceAddress: () => server(ServerStage.Recorded, unknownHost, 0),
  InvalidServiceAddress2: () => server(ServerStage.Recorded, unknownHost, 0),
  MissingOrg: () => client(ClientStage.Accepted, Input.Done, Fact.ClientRegistered),
  NoSignatureToServerProxy: () =>
    server(ServerStage.Admitted, Input.MessageEnd, unsigned('no-signature.query')),
  ServerProxyConnectionAborted2: () => client(ClientStage.Heard, Input.PeerClosed, 0),
  ServerProxyMaintenanceMode: () =>
    client(ClientStage.Accepted, Input.Done, Fact.SomeServerInService),
  ServerProxyProcessingError: () =>
    server(ServerStage.Admitted, Input.MessageEnd, Fact.HasMessagePart),
  ServiceDisabled: () => server(ServerStage.Admitted, Input.MessageEnd, Fact.ServiceEnabled),
  SigningFailsInClientProxy: () => client(ClientStage.Connected, Input.Done, Fact.SigningKeyUsable),
  UnsignedMessageFromServerProxy: () =>
    client(ClientStage.Heard, Input.ResponseEnd, unsigned('no-signature.query')),
  WrongHttpMethodServerProxy: () =>
    server(ServerStage.Waiting, Input.ThreadGranted, Fact.MethodIsPost),
};

/** Why a test says nothing here. */
const NEEDS_PROXIES: Readonly<Record<string, string>> = {
  AttachmentBig: 'its attachment is made while it is sent',
  ServerProxyHttpError: 'the status of a peer is read by the transport',
  SigningFailsInServerProxy: 'X-Road fails in signing here, the rules before it, as service_failed',
  SslAuthCertNotMatchesOrg: 'TLS',
  SslAuthTrustManagerError: 'TLS',
  SslClientAuth: 'TLS',
  SslClientAuthExpiredISCert: 'TLS of the information system',
  SslClientCertVerificationError: 'TLS',
  SslClientCipherSuiteSetupError: 'TLS',
  SslNormalMessage: 'TLS',
  SslSelectFastestProxy: 'connections to several addresses',
  SslToServiceNoISCerts: 'TLS of the information system',
  SslToServiceWrongISCert: 'TLS of the information system',
};

describeFidelity('the named message tests', () => {
  fidelityTest('each of the 62 has the code of 7.8, or says what it needs', () => {
    const cases = testCases();
    expect(cases).toHaveLength(62);
    const judged = cases.filter(({ name }) => NEEDS_PROXIES[name] === undefined);
    expect(judged).toHaveLength(62 - Object.keys(NEEDS_PROXIES).length);
    const wrong = judged.flatMap((one) => {
      const found = judge(one);
      return agrees(found, one.expected) ? [] : [`${one.name}: ${found}, not ${one.expected}`];
    });
    expect(wrong).toEqual([]);
  });

  fidelityTest('a fault in a multipart reaches the client with its own detail', () => {
    const one = testCases().find(({ name }) => name === 'SoapFaultInMultipartResponse');
    expect(one).toBeDefined();
    const head = { status: 200, contentType: one?.responseType ?? null };
    const answer = readSystemAnswer(
      requestOf('soapfault-mtom.query', one?.requestType),
      head,
      file(one?.response),
    );
    expect(answer.kind === 'fault' && answer.fault.toString()).toContain(
      '<error>Unable to create payload, try increasing the size</error>',
    );
  });
});

function agrees(found: string, expected: string): boolean {
  if (expected === 'no fault asserted') return true;
  return expected === (found === 'ok' ? 'ok' : `fault:${found}`);
}

function judge(one: TestCase): string {
  const rule = BY_RULES[one.name];
  if (rule !== undefined) return spellFault(rule(), VERSION);
  let place: Place = Place.ClientRequest;
  try {
    const soapAction = soapActionOf(one.name);
    const head = { method: 'POST', contentType: one.requestType, soapAction };
    const request = readSoapRequest(head, file(one.request));
    if (one.harness === 'dummy-server-proxy') {
      place = Place.PeerResponse;
      return readPlainFault(file(one.response)).code;
    }
    place = Place.Provider;
    return provide(one, request);
  } catch (error) {
    if (!(error instanceof SoapError)) throw error;
    return spellSoapError(error, place, VERSION);
  }
}

function provide(one: TestCase, request: SoapMessageTransfer): string {
  // The service says nothing of what it sends, and then nothing at all.
  if (one.response === '') checkSystemAnswer({ status: 200, contentType: null });
  const parts = {
    head: request.soap.bytes,
    contentType: request.soap.contentType,
    headers: request.headers,
    attachments: request.attachments.map(({ contentType, headers, content }) => ({
      headers: [...headers, { name: 'content-type', value: contentType }],
      content,
    })),
  };
  const asked = readPeerRequest(parts, request.contentType);
  expect(asked).toEqual(request);
  const head = { status: 200, contentType: one.responseType };
  const answer = readSystemAnswer(request.soap, head, file(one.response));
  if (answer.kind === 'fault') {
    const soap = parseSoap(answer.fault, 'text/xml');
    return soap.kind === 'fault' ? soap.code : 'no fault';
  }
  const cause = inconsistencyOf(request.soap, reread(answer.transfer.soap));
  if (cause !== Cause.None) return spellFault(faultOf(Prefix.ClientProxy, cause), VERSION);
  expect(answerWithResponse(answer.transfer).status).toBe(200);
  return 'ok';
}

/** The other server knows only the bytes. */
function reread({ bytes, contentType }: SoapMessage): SoapMessage {
  const soap = parseSoap(bytes, contentType);
  if (soap.kind === 'fault') throw new Error('a fault');
  return soap;
}

/** Their values stand in the tests' source: SoapActionHeader, SoapActionMalformedHeader. */
function soapActionOf(name: string): string | null {
  if (name === 'SoapActionHeader') return '"http://example.org/action"';
  if (name === 'SoapActionMalformedHeader') return 'http://example.org/action';
  return name === 'SoapActionEmptyHeader' ? '' : null;
}

function requestOf(name: string, contentType = 'text/xml'): SoapMessage {
  return readSoapRequest({ method: 'POST', contentType, soapAction: null }, file(name)).soap;
}

/** The tests give each request and its response one id (MessageTestCase.changeQueryId). */
function file(name = ''): Buffer {
  const text = vector(`proxy-testcases/queries/${name}`).toString('utf8');
  return Buffer.from(text.replaceAll(/<xroad:id>.+<\/xroad:id>/g, '<xroad:id>one</xroad:id>'));
}

/** The facts that a multipart of the vectors lacks. */
function unsigned(name: string): number {
  const parts = readParts(file(name), 'multipart/mixed; boundary=jetty42534330h7vzfqv2');
  return parts.head !== null && parts.signature === null ? Fact.HasSignature : 0;
}

function readParts(body: Buffer, contentType: string): MessageParts {
  const parts = new MessageParts(boundaryOf(contentType) ?? '', {
    headCame: () => undefined,
    messagePartCame: () => undefined,
    ended: () => undefined,
  });
  parts.push(body);
  return parts;
}

describeFidelity('bodies of the protocol between servers', () => {
  const bodies: readonly (readonly [string, string])[] = [
    ['normal.request', 'message'],
    // None of X-Road's tests reads it: its parts are right, its header is of a protocol before 4.0.
    ['normal.response', 'invalid_xml'],
    ['attachment.request', 'message'],
    ['ocsp.request', 'message'],
    ['normal-soapfault.request', 'fault'],
    ['fault-signature.request', 'message and fault'],
    ['extracontent.request', 'invalid_message'],
    ['invalid-ocsp.request', 'io_error'],
    ['invalid-soap-contenttype.request', 'invalid_content_type'],
    ['invalid-contenttype-signature.request', 'invalid_content_type'],
  ];
  for (const [name, expected] of bodies) {
    fidelityTest(`${name}: ${expected}`, () => {
      expect(bodyVerdict(name)).toBe(expected);
    });
  }
});

function bodyVerdict(name: string): string {
  const body = vector(`proxymessages/${name}`);
  const boundary = /^--(.+?)\r?$/m.exec(body.toString('latin1'))?.[1] ?? '';
  try {
    const parts = readParts(body, `multipart/mixed; boundary=${boundary}`);
    const found: string[] = [];
    if (parts.head !== null) found.push(parseSoap(parts.head, parts.contentType).kind);
    if (parts.fault !== null) found.push(readPlainFault(Buffer.from(parts.fault)).kind);
    return found.join(' and ');
  } catch (error) {
    if (!(error instanceof MultipartError) && !(error instanceof SoapError)) throw error;
    const code = spellSoapError(new SoapError(error.reason, ''), Place.Provider, VERSION);
    return code.split('.').at(-1) ?? '';
  }
}

describeFidelity('the recorded exchange of 7.8', () => {
  fidelityTest('both messages are read as what they are', () => {
    const request = wireMessage('3.request.http');
    expect(namesOf(request)).toEqual({
      client: 'DEV/COM/1234/TestService',
      provider: 'DEV/COM/1234/TestService',
      service: 'DEV/COM/1234/TestService/getRandom/v1',
      securityServer: null,
      messageId: 'vec-soap-1',
    });
    const response = wireMessage('3.response.http');
    expect(response.header.requestHash?.hash).toBe(requestHashOf(request.bytes));
    expect(inconsistencyOf(request, response)).toBe(Cause.None);
  });

  fidelityTest('a changed request does not fit the response', () => {
    const request = wireMessage('3.request.http');
    const other = Buffer.from(request.bytes.toString().replace('prod:request/', 'prod:request /'));
    const changed = reread({ ...request, bytes: other });
    const response = wireMessage('3.response.http');
    expect(inconsistencyOf(changed, response)).toBe(Cause.InconsistentResponse);
  });

  fidelityTest('the response is written again byte for byte from what the system answered', () => {
    const { bytes, header } = wireMessage('3.response.http');
    // The system's answer: without the hash, as mock systems write it.
    const answer = bytes
      .toString()
      .replace(/\n *<xro:requestHash[^]*?<\/xro:requestHash>/, '')
      .replace('<prod:request></prod:request>', '<prod:request/>')
      .replace('xsd/identifiers">', `xsd/identifiers" >`);
    expect(answer).not.toContain('requestHash');
    const hash = header.requestHash?.hash ?? '';
    expect(withRequestHash(Buffer.from(answer), hash).toString()).toBe(bytes.toString());
  });
});

function wireBody(name: string): { readonly body: Buffer; readonly contentType: string } {
  const http = vector(`wire-7.8/${name}`);
  const end = http.indexOf('\r\n\r\n');
  const head = http.toString('latin1', 0, end);
  const contentType = /^Content-Type: (.+)$/m.exec(head)?.[1].trim() ?? '';
  const raw = http.subarray(end + 4);
  return { body: /chunked/i.test(head) ? dechunk(raw) : raw, contentType };
}

function wireMessage(name: string): SoapMessage {
  const { body, contentType } = wireBody(name);
  const parts = readParts(body, contentType);
  expect(parts.isComplete).toBe(true);
  expect(parts.signature).not.toBeNull();
  const soap = parseSoap(parts.head ?? Buffer.alloc(0), parts.contentType);
  if (soap.kind === 'fault') throw new Error(`${name} is a fault`);
  return soap;
}

function dechunk(raw: Buffer): Buffer {
  const chunks: Buffer[] = [];
  for (let at = 0; ;) {
    const line = raw.indexOf('\r\n', at);
    const length = Number.parseInt(raw.toString('latin1', at, line), 16);
    if (!(length > 0)) return Buffer.concat(chunks);
    chunks.push(raw.subarray(line + 2, line + 2 + length));
    at = line + 2 + length + 2;
  }
}

describeFidelity('the wire', () => {
  for (const name of ['3.request.http', '3.response.http']) {
    fidelityTest(`${name} is written again byte for byte`, async () => {
      const { body, contentType } = wireBody(name);
      const parts = readParts(body, contentType);
      const soap = wireMessage(name);
      const transfer = { contentType: 'text/xml', soap, headers: [], attachments: [] };
      const { signature } = parts;
      if (signature === null) throw new Error('no signature');
      const written = await collect(async (stream) => {
        const writer = new MultipartWriter(stream, boundaryOf(contentType) ?? '');
        await sendSoapParts(writer, transfer);
        await writer.signature(signature);
        await writer.finish();
      });
      // Whether an end of line follows the last boundary says nothing.
      expect(written.toString().trimEnd()).toBe(body.toString().trimEnd());
      expect(digestsOf(transfer)).toEqual(parts.digests);
    });
  }

  fidelityTest('a message with attachments comes out as it went in', async () => {
    const type = 'multipart/related; boundary=jetty771207119h3h10dty';
    const request = readSoapRequest(
      { method: 'POST', contentType: type, soapAction: '' },
      file('attachments.query'),
    );
    expect(request.attachments.length).toBeGreaterThan(1);
    const written = await collect(async (stream) => {
      const writer = new MultipartWriter(stream, 'xtop');
      await sendSoapParts(writer, request);
      await writer.finish();
    });
    const { head, contentType, attachments, digests } = readParts(
      written,
      'multipart/mixed; boundary=xtop',
    );
    const parts = { head: head ?? Buffer.alloc(0), contentType, headers: [], attachments };
    expect(readPeerRequest(parts, type)).toEqual(request);
    expect(digestsOf(request)).toEqual(digests);
  });
});

async function collect(write: (stream: PassThrough) => Promise<void>): Promise<Buffer> {
  const stream = new PassThrough({ highWaterMark: 1 << 20 });
  await write(stream);
  stream.end();
  return Buffer.concat(await stream.toArray());
}

describeFidelity('effects', () => {
  fidelityTest('a refused SOAP request is answered, not dropped', () => {
    const refused = inputOf(Input.Failed, Cause.InvalidSoap);
    const transition = advanceClientLeg(ClientStage.Accepted, refused, ALL_FACTS & ~Fact.IsRest);
    expect(effectOf(transition)).toBe(Effect.Respond);
    expect(spellFault(faultOfTransition(transition), VERSION)).toBe('client.invalid_soap');
  });
});
