import { describe, expect, test } from 'vitest';
import { Cause } from '../protocol/fault.ts';
import { sequence } from './der-writer.ts';
import { digestOf, MessageParts } from './message-parts.ts';
import { writeSoapFault } from './soap/soap-fault.ts';
import { MultipartError, PartType } from './transport.ts';

type Part = readonly [type: string, content: string | Buffer];

const OCSP: Part = [PartType.Ocsp, sequence()];
const REQUEST: Part = [PartType.RestRequest, 'GET\r\n/r1/EE/GOV/1/s/x\r\n'];
const BODY: Part = [PartType.RestBody, '{}'];
const RESULT: Part = [PartType.HashChainResult, '<result/>'];
const CHAIN: Part = [PartType.HashChain, '<chain/>'];
const SIGNATURE: Part = [PartType.Signature, '<signature/>'];
const FAULT: Part = [PartType.Soap, writeSoapFault({ code: 'server.x', text: 't', detail: 'd' })];
const ATTACHMENTS: Part = [
  `${PartType.Attachments}; boundary=xattA`,
  '--xattA\r\ncontent-type: text/plain\r\ncontent-id: <1>\r\n\r\none\r\n' +
    '--xattA\r\ncontent-type: image/png\r\n\r\n\r\n\r\n--xattA--\r\n',
];
const SOAP: Part = [PartType.Soap, '<Envelope/>'];

/** A body may be as long; nothing else that is small by its nature may. */
const LONG = Buffer.alloc((1 << 20) + 1, 'x');

interface Outcome {
  readonly parts: MessageParts;
  readonly events: readonly string[];
  readonly reason: Cause;
}

function read(parts: readonly Part[], cut = 7): Outcome {
  const events: string[] = [];
  const read = new MessageParts('B', {
    headCame: () => events.push('head'),
    messagePartCame: () => events.push('message'),
    ended: () => events.push('end'),
  });
  const pieces = parts.flatMap(([type, content]) => [
    Buffer.from(`--B\r\ncontent-type: ${type}\r\n\r\n`),
    Buffer.from(content),
    Buffer.from('\r\n'),
  ]);
  const message = Buffer.concat([...pieces, Buffer.from('--B--\r\n')]);
  try {
    for (let at = 0; at < message.length; at += cut) read.push(message.subarray(at, at + cut));
  } catch (error) {
    if (!(error instanceof MultipartError)) throw error;
    return { parts: read, events, reason: error.reason };
  }
  return { parts: read, events, reason: Cause.None };
}

test('a whole request', () => {
  const message = [OCSP, OCSP, REQUEST, BODY, RESULT, CHAIN, SIGNATURE];
  const { parts, events, reason } = read(message);
  expect([reason, events]).toEqual([Cause.None, ['head', 'message', 'end']]);
  expect(parts.ocspResponses).toHaveLength(2);
  expect(parts.head?.toString()).toBe(REQUEST[1]);
  expect(parts.body?.toString()).toBe('{}');
  expect(parts.digests).toEqual([
    { name: '/message.xml', digest: digestOf(REQUEST[1]) },
    { name: '/attachment1', digest: digestOf('{}') },
  ]);
  expect(parts.signature).toEqual({
    xml: '<signature/>',
    hashChainResult: '<result/>',
    hashChain: '<chain/>',
  });
});

test('attachments are read inside of their part, however it is cut', () => {
  for (const cut of [1, 3, 50, 1000]) {
    const { parts, reason } = read([SOAP, ATTACHMENTS, SIGNATURE], cut);
    expect(reason).toBe(Cause.None);
    expect(parts.attachments.map(({ content }) => content.toString())).toEqual(['one', '\r\n']);
    expect(parts.attachments[0].headers).toContainEqual({ name: 'content-id', value: '<1>' });
    expect(parts.digests.map(({ name }) => name)).toEqual([
      '/message.xml',
      '/attachment1',
      '/attachment2',
    ]);
  }
});

test('a body may be long', () => {
  const { parts, reason } = read([REQUEST, [PartType.RestBody, LONG], SIGNATURE], 1 << 16);
  expect([reason, parts.body?.length]).toEqual([Cause.None, LONG.length]);
});

test('a fault is no message, and announces none', () => {
  const alone = read([FAULT]);
  expect([alone.events, alone.parts.head]).toEqual([['end'], null]);
  expect(alone.parts.fault).toEqual(FAULT[1]);
  const later = read([REQUEST, BODY, FAULT]);
  expect([later.reason, later.parts.fault]).toEqual([Cause.None, FAULT[1]]);
  expect(later.parts.head).not.toBeNull();
});

test('a message that speaks of faults is none', () => {
  const envelope = 'http://schemas.xmlsoap.org/soap/envelope/';
  const content =
    `<e:Envelope xmlns:e="${envelope}"><e:Body><Fault><faultcode>server.x</faultcode></Fault>` +
    '</e:Body></e:Envelope>';
  const { parts, events } = read([[PartType.Soap, content], SIGNATURE]);
  expect([parts.fault, parts.head?.toString()]).toEqual([null, content]);
  expect(events).toEqual(['head', 'message', 'end']);
});

test('the other headers of a message part are kept', () => {
  const { parts } = read([
    [`${PartType.SoapWithReferences}\r\ncontent-id: <m>`, '<E/>'],
    SIGNATURE,
  ]);
  expect(parts.headers).toEqual([
    { name: 'content-type', value: PartType.SoapWithReferences },
    { name: 'content-id', value: '<m>' },
  ]);
});

test('a message without its part, and one without a signature, end well', () => {
  expect(read([OCSP]).parts.head).toBeNull();
  const { parts, events } = read([REQUEST]);
  expect([parts.signature, events.at(-1)]).toEqual([null, 'end']);
});

describe('what does not belong there', () => {
  test.each<[string, readonly Part[], Cause]>([
    ['an unknown type', [REQUEST, ['text/plain', 'x']], Cause.InvalidContentType],
    ['a second message', [REQUEST, REQUEST], Cause.InvalidContentType],
    ['a body before its message', [BODY, REQUEST], Cause.InvalidContentType],
    ['a signature before all', [SIGNATURE], Cause.InvalidContentType],
    ['a second body', [REQUEST, BODY, BODY], Cause.InvalidContentType],
    ['a late OCSP response', [REQUEST, OCSP], Cause.InvalidContentType],
    ['a body after the chain', [REQUEST, RESULT, CHAIN, BODY], Cause.InvalidContentType],
    ['a second signature', [REQUEST, SIGNATURE, SIGNATURE], Cause.InvalidMessage],
    ['a message where a fault belongs', [SOAP, SOAP], Cause.MimeParsingFailed],
    ['no OCSP response in its part', [[PartType.Ocsp, 'x'], REQUEST], Cause.IoError],
    ['a head without an end', [[PartType.RestRequest, LONG]], Cause.MimeParsingFailed],
    ['a signature without an end', [REQUEST, [PartType.Signature, LONG]], Cause.MimeParsingFailed],
    ['attachments without a boundary', [SOAP, [PartType.Attachments, '']], Cause.MimeParsingFailed],
    [
      'attachments that break off',
      [
        SOAP,
        [`${PartType.Attachments}; boundary=c`, '--c\r\ncontent-type: a/b\r\n\r\nx'],
        SIGNATURE,
      ],
      Cause.MimeParsingFailed,
    ],
  ])('%s', (_name, message, expected) => {
    const cuts = message.some(([, content]) => content === LONG) ? [50_000] : [7, 50_000];
    expect(cuts.map((cut) => read(message, cut).reason)).toEqual(cuts.map(() => expected));
  });
});
