// Attachments, the request hash and faults: written and read again, and judged by others.
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Cause, faultOf, Prefix } from '../../protocol/fault.ts';
import { canonicalise, DEFAULT_C14N } from '../evidence/c14n.ts';
import { childNamed, parseXml, textOf } from '../evidence/xml.ts';
import { writeMultipart } from './attachments.ts';
import { requestHashOf, withRequestHash } from './request-hash.ts';
import { answerWithResponse, namesOf, readPlainFault } from './soap-client-side.ts';
import { Place, SoapError, Unlisted } from './soap-error.ts';
import { answerWithFault, writeSoapFault } from './soap-fault.ts';
import { parseSoap } from './soap-message.ts';
import { readSystemAnswer, systemPostOf } from './soap-server-side.ts';
import { faultFor } from './soap-wire.ts';
import { readTransfer, SoapReader } from './soap-transfer.ts';
import type { SoapTransfer } from './soap-transfer.ts';

const MESSAGE = `<?xml version="1.0"?>
<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"
    xmlns:x="http://x-road.eu/xsd/xroad.xsd" xmlns:i="http://x-road.eu/xsd/identifiers">
  <e:Header>
    <x:client i:objectType="MEMBER"><i:xRoadInstance>EE</i:xRoadInstance
      ><i:memberClass>GOV</i:memberClass><i:memberCode>1</i:memberCode></x:client>
    <x:service i:objectType="SERVICE"><i:xRoadInstance>EE</i:xRoadInstance
      ><i:memberClass>GOV</i:memberClass><i:memberCode>2</i:memberCode
      ><i:serviceCode>find</i:serviceCode></x:service>
    <x:id note='say "hi" &amp; go'>7</x:id>
    <x:protocolVersion>4.0</x:protocolVersion>
  </e:Header>
  <e:Body>
    <find><!-- who --><name a='1'>J&#252;ri &lt;b&gt;<![CDATA[<&>]]></name><empty/></find>
  </e:Body>
</e:Envelope>
`;
const TYPE = 'multipart/related; type="text/xml"; boundary="b 1"'.replace(' 1', '1');

function related(contents: readonly Buffer[]): Buffer {
  const parts = contents.map((content, at) => ({
    contentType: 'application/octet-stream',
    headers: [{ name: 'Content-ID', value: `<${at}>` }],
    content,
  }));
  const message = { contentType: 'text/xml', headers: [], content: Buffer.from(MESSAGE) };
  return writeMultipart('b1', [message, ...parts]);
}

function readInChunks(contentType: string, body: Buffer, size: number): SoapTransfer {
  const reader = new SoapReader(contentType);
  for (let at = 0; at < body.length; at += size) reader.push(body.subarray(at, at + size));
  return reader.finish();
}

test('attachments of any bytes come through in chunks of any size', () => {
  // Bytes that look like boundaries are the likeliest to go wrong.
  const piece = fc.constantFrom('--b1', '\r\n--b1', '\n--b1x', '\r', '\n', '-', 'a', '\0');
  const content = fc.array(piece, { maxLength: 12 }).map((pieces) => Buffer.from(pieces.join('')));
  const run = fc.property(
    fc.array(content.filter(isNoBoundary), { maxLength: 4 }),
    fc.integer({ min: 1, max: 40 }),
    (contents, size) => {
      const { attachments, soap } = readInChunks(TYPE, related(contents), size);
      expect(attachments.map((one) => one.content.toString('latin1'))).toEqual(
        contents.map((one) => one.toString('latin1')),
      );
      expect(soap?.bytes.toString()).toBe(MESSAGE);
    },
  );
  fc.assert(run, { numRuns: 300 });
});

/** A content with a line that is the boundary cannot be sent with it. */
function isNoBoundary(content: Buffer): boolean {
  const text = `\n${content.toString('latin1')}\r\n`;
  return !/\n--b1(?:\s|-(?:-|\r\n$))/.test(text);
}

test('whatever comes, a message is read or refused, never anything else', () => {
  const noise = fc.constantFrom('\r\n', '--b1', '--', '<', '>', '&', 'content-type: ', 'text/xml');
  const body = fc.array(fc.oneof(noise, fc.string({ maxLength: 8 })), { maxLength: 30 });
  const run = fc.property(body, fc.nat(MESSAGE.length), fc.boolean(), (pieces, at, isRelated) => {
    const noisy = MESSAGE.slice(0, at) + pieces.join('') + MESSAGE.slice(at + pieces.length);
    const text = isRelated ? `--b1\r\ncontent-type: text/xml\r\n\r\n${noisy}\r\n--b1--` : noisy;
    try {
      readTransfer(isRelated ? TYPE : 'text/xml', Buffer.from(text));
    } catch (error) {
      if (!(error instanceof SoapError)) throw error;
    }
  });
  fc.assert(run, { numRuns: 500 });
});

test('multiparts inside are taken apart, but not without end', () => {
  const inner = writeMultipart('in', [
    { contentType: 'text/plain', headers: [], content: Buffer.from('one') },
    { contentType: 'text/plain', headers: [], content: Buffer.from('two') },
  ]);
  const outer = writeMultipart('b1', [
    { contentType: 'text/xml', headers: [], content: Buffer.from(MESSAGE) },
    { contentType: 'multipart/mixed; boundary=in', headers: [], content: inner },
  ]);
  const { attachments } = readInChunks(TYPE, outer, 7);
  expect(attachments.map(({ content }) => content.toString())).toEqual(['one', 'two']);
  const levels = Array.from({ length: 50 }, (_, at) => {
    return `--b${at + 1}\r\ncontent-type: multipart/mixed; boundary=b${at + 2}\r\n\r\n`;
  });
  const nested = Buffer.from(levels.join(''));
  expect(() => readTransfer(TYPE, nested)).toThrow('nested too deeply');
  const many = '--b1\r\ncontent-type: text/plain\r\n\r\n\r\n'.repeat(2000);
  const bomb = Buffer.concat([related([]).subarray(0, -8), Buffer.from(`\r\n${many}`)]);
  expect(() => readTransfer(TYPE, bomb)).toThrow('more than 1000 parts');
});

test('readers of other kinds of line ends, and of an end that is missing', () => {
  const text = related([Buffer.from('abc')]).toString('latin1');
  const bare = Buffer.from(text.replaceAll('\r\n', '\n'), 'latin1');
  expect(readTransfer(TYPE, bare).attachments[0].content.toString()).toBe('abc');
  const open = Buffer.from(text.slice(0, text.lastIndexOf('\r\n--b1--')), 'latin1');
  expect(readTransfer(TYPE, open).attachments[0].content.toString()).toBe('abc');
  const folded = text.replace('Content-ID: <0>', 'Content-ID:\r\n\t<0>\r\nno colon here');
  expect(readTransfer(TYPE, Buffer.from(folded)).attachments[0].headers).toEqual([
    { name: 'Content-ID', value: '<0>' },
  ]);
});

test('the information system gets what the client sent, in the frame of the client', () => {
  const request = readTransfer(TYPE, related([Buffer.from('abc')]));
  if (request.soap?.kind !== 'message') throw new Error('no message');
  const post = systemPostOf({ ...request, soap: request.soap }, '"urn:a"');
  expect(post.headers).toContainEqual({ name: 'SOAPAction', value: '"urn:a"' });
  expect(post.headers[0].value).toBe(TYPE);
  expect(readTransfer(TYPE, post.body)).toEqual(request);
  const plain = readTransfer('text/xml', Buffer.from(MESSAGE));
  if (plain.soap?.kind !== 'message') throw new Error('no message');
  expect(answerWithResponse({ ...plain, soap: plain.soap }).body.toString()).toBe(MESSAGE);
});

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

test.skipIf(!hasOpenssl)('the request hash is what openssl makes of the bytes (or skipped)', () => {
  const made = spawnSync('openssl', ['dgst', '-sha512', '-binary'], { input: MESSAGE });
  expect(requestHashOf(Buffer.from(MESSAGE))).toBe(made.stdout.toString('base64'));
});

test('the hash comes behind the id, and all else keeps its meaning', () => {
  const written = withRequestHash(Buffer.from(MESSAGE.replaceAll('\n', '\r\n')), 'aGFzaA==');
  const text = written.toString();
  expect(text).toContain(
    '<x:id note="say &quot;hi&quot; &amp; go">7</x:id>\n    ' +
      '<x:requestHash note="say &quot;hi&quot; &amp; go" ' +
      'algorithmId="http://www.w3.org/2001/04/xmlenc#sha512">aGFzaA==</x:requestHash>\n',
  );
  expect(text).toContain('<!-- who --><name a="1">J&#252;ri &lt;b&gt;<![CDATA[<&>]]></name>');
  expect(text).toContain('<empty></empty>');
  const meaning = (bytes: Buffer | string): string => everythingIn(Buffer.from(bytes));
  const without = text.replace(/\n *<x:requestHash[^]*?<\/x:requestHash>/, '');
  expect(meaning(without)).toBe(meaning(MESSAGE));
});

test('whatever the body is, writing the message anew keeps its canonical form', () => {
  const leaf = fc.constantFrom(
    'text',
    '&amp;&#65;&#x41;&gt;',
    ' \n\t',
    '<![CDATA[<a b="&amp;">]]>',
    '<!-- <a> -->',
    '<e b = "1>2" c=\'"x"\'/>',
    // But not a line end in an attribute: X-Road writes it plainly, where it means a space.
    '<p:e xmlns:p="u" p:b="&quot;&#233;\t"></p:e>',
    '<f xmlns="v" />',
  );
  const { content } = fc.letrec<{ content: string }>((tie) => ({
    content: fc.oneof(
      { depthSize: 'small' },
      leaf,
      fc.array(tie('content'), { maxLength: 4 }).map((inner) => `<n>${inner.join('')}</n>`),
    ),
  }));
  const run = fc.property(content, (inner) => {
    const message = MESSAGE.replace(/<find>[^]*<\/find>/, () => `<find>${inner}</find>`);
    const written = withRequestHash(Buffer.from(message), 'aGFzaA==');
    expect(canonicalBody(written)).toBe(canonicalBody(Buffer.from(message)));
  });
  fc.assert(run, { numRuns: 300 });
});

function canonicalBody(bytes: Buffer): string {
  const body = childNamed(parseXml(bytes).root, null, 'Body');
  return body === null ? '' : canonicalise(body, `${DEFAULT_C14N}#WithComments`).toString();
}

test('a hash that the information system wrote itself does not stay', () => {
  const once = withRequestHash(Buffer.from(MESSAGE), 'b25l');
  const twice = parseSoap(withRequestHash(once, 'dHdv'), 'text/xml');
  expect(twice.kind === 'message' && twice.header.requestHash?.hash).toBe('dHdv');
  expect(twice.bytes.toString().match(/requestHash/g)).toHaveLength(2);
});

/** All elements, attributes and texts in order. */
function everythingIn(bytes: Buffer): string {
  const seen: string[] = [];
  const visit = (node: ReturnType<typeof parseXml>['root']): void => {
    const attributes = node.attributes.map(({ local, value }) => `${local}=${value}`);
    seen.push(`${node.namespace} ${node.local} ${attributes.join()} ${textOf(node)}`);
    for (const child of node.children) if (child.kind === 'element') visit(child);
  };
  visit(parseXml(bytes).root);
  return seen.join('\n');
}

test('a fault is text/xml with status 200, and can be read', () => {
  const made = writeSoapFault({ code: 'client.a', text: `<"it's">`, detail: 'b' });
  expect(readPlainFault(made)).toMatchObject({
    code: 'client.a',
    text: `<"it's">`,
    actor: null,
    detail: 'b',
  });
  expect(answerWithFault(made)).toMatchObject({
    status: 200,
    headers: [{ value: 'text/xml;charset=utf-8' }, { name: 'SOAPAction', value: '' }],
  });
  expect(() => readPlainFault(Buffer.from(MESSAGE))).toThrow(SoapError);
});

test('a refusal has its exact code, though the registry may not', () => {
  const codeFor = (fault: number, error: SoapError, place: Place): string =>
    readPlainFault(faultFor(fault, { error, place }, 70_800)).code;
  const listed = faultOf(Prefix.Client, Cause.MissingBody);
  expect(codeFor(listed, new SoapError(Cause.MissingBody, ''), Place.ClientRequest)).toBe(
    'client.missing_body',
  );
  const broken = faultOf(Prefix.ClientProxy, Cause.ResponseBroken);
  expect(codeFor(broken, new SoapError(Cause.InvalidSoap, ''), Place.PeerResponse)).toBe(
    'server.clientproxy.service_failed.invalid_soap',
  );
  const unlisted = new SoapError(Cause.InvalidSoap, '', Unlisted.InvalidBody);
  const invalid = faultOf(Prefix.ServerProxyServiceFailed, Cause.InvalidSoap);
  expect(codeFor(invalid, unlisted, Place.Provider)).toBe(
    'server.serverproxy.service_failed.invalid_body',
  );
  const own = readPlainFault(faultFor(faultOf(Prefix.Client, Cause.InvalidXml), null, 70_700));
  expect(own).toMatchObject({ code: 'Client.InvalidXml', text: 'not well-formed XML' });
});

test('of an information system only 200 and 500 are answers', () => {
  const request = parseSoap(Buffer.from(MESSAGE), 'text/xml');
  if (request.kind === 'fault') throw new Error('a fault');
  const answer = MESSAGE.replaceAll('find>', 'findResponse>');
  const read = (status: number): unknown =>
    readSystemAnswer(request, { status, contentType: 'text/xml' }, Buffer.from(answer));
  expect(read(200)).toMatchObject({ kind: 'response' });
  expect(read(500)).toMatchObject({ kind: 'response' });
  expect(() => read(404)).toThrow('error 404');
  expect(namesOf(request)).toMatchObject({ provider: 'EE/GOV/2', service: 'EE/GOV/2/find' });
});
