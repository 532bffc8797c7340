import { describe, expect, test } from 'vitest';
import { FORGERIES, MALFORMED } from './forgeries.ts';
import type { Forgery } from './forgeries.ts';
import {
  partsOf,
  readRecorded,
  RecordingError,
  requestBytes,
  typeOfPart,
} from './recorded-message.ts';
import type { RecordedMessage } from './recorded-message.ts';

const PARTS: readonly (readonly [type: string, text: string])[] = [
  ['application/ocsp-response', 'an answer'],
  ['application/x-road-rest-request', 'POST /r1/x HTTP/1.1\r\nx-road-client: LAB/GOV/1/desk\r\n'],
  ['application/x-road-rest-body', '{"a":1}'],
  ['application/hash-chain-result', '<result/>'],
  ['application/hash-chain', '<chain/>'],
  ['signature/bdoc-1.0/ts', '<ds:SignatureValue Id="v">\nQUJD</ds:SignatureValue>'],
];

/** A request as it goes over the wire, its body in chunks of so many bytes. */
function recording(chunkBytes: number, body = PARTS): Buffer {
  const multipart = body
    .map(([type, text]) => `--bound\r\ncontent-type: ${type}\r\n\r\n${text}\r\n`)
    .concat('--bound--\r\n')
    .join('');
  const head =
    'POST / HTTP/1.1\r\nHost: x\r\nx-road-request-id: 1\r\nTransfer-Encoding: chunked\r\n' +
    'Content-Type: multipart/mixed; charset=UTF-8; boundary=bound\r\n\r\n';
  let chunks = '';
  for (let at = 0; at < multipart.length; at += chunkBytes) {
    const chunk = multipart.slice(at, at + chunkBytes);
    chunks += `${chunk.length.toString(16)}\r\n${chunk}\r\n`;
  }
  return Buffer.from(`${head}${chunks}0\r\n\r\n`, 'latin1');
}

const MESSAGE = readRecorded(recording(97));
const OTHER = readRecorded(recording(50, [...PARTS.slice(0, 5), [PARTS[5][0], 'another']]));
const typesOf = (message: RecordedMessage): string[] => partsOf(message).map(typeOfPart);
const differencesOf = (message: RecordedMessage): string[] =>
  partsOf(message).flatMap((part, at) =>
    part.content.equals(partsOf(MESSAGE)[at].content) ? [] : [typeOfPart(part)],
  );

test('a recording in chunks is read whole, and written again with a length', () => {
  expect(partsOf(MESSAGE).map(({ content }) => content.toString())).toEqual(
    PARTS.map(([, text]) => text),
  );
  const again = readRecorded(requestBytes(MESSAGE));
  expect(again.body.equals(MESSAGE.body)).toBe(true);
  expect(again.headers).toEqual(MESSAGE.headers);
  expect(requestBytes(MESSAGE).toString()).toContain(`content-length: ${MESSAGE.body.length}\r\n`);
});

test.each([
  ['nothing', ''],
  ['an answer', 'HTTP/1.1 200 OK\r\n\r\n'],
  ['a broken chunk', 'POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nff\r\nshort'],
])('%s is no recording', (_name, text) => {
  expect(() => readRecorded(Buffer.from(text))).toThrow(RecordingError);
});

describe('forgeries', () => {
  test('replayed is the same, byte for byte', () => {
    expect(FORGERIES.replayed(MESSAGE).body.equals(MESSAGE.body)).toBe(true);
  });

  test.each<[keyof typeof FORGERIES, string]>([
    ['tampered', 'application/x-road-rest-request'],
    ['tampered-body', 'application/x-road-rest-body'],
    ['other-client', 'application/x-road-rest-request'],
    ['forged-value', 'signature/bdoc-1.0/ts'],
    ['foreign-signature', 'signature/bdoc-1.0/ts'],
  ])('%s changes the part %s alone', (name, type) => {
    const forge: Forgery = FORGERIES[name];
    expect(differencesOf(forge(MESSAGE, OTHER))).toEqual([type]);
  });

  test('another client is another member or subsystem, and a well-formed message', () => {
    const text = partsOf(FORGERIES['other-client'](MESSAGE))[1].content.toString();
    expect(text).toBe('POST /r1/x HTTP/1.1\r\nx-road-client: LAB/GOV/1/desA\r\n');
  });

  test.each<[keyof typeof FORGERIES, readonly string[]]>([
    ['unsigned', ['application/hash-chain-result', 'application/hash-chain', 'signature']],
    ['no-hash-chain', ['application/hash-chain-result', 'application/hash-chain']],
    ['no-ocsp-answers', ['application/ocsp-response']],
    ['no-message', ['application/x-road-rest-request']],
  ])('%s leaves out %s', (name, missing) => {
    const forge: Forgery = FORGERIES[name];
    const left = typesOf(MESSAGE).filter((type) => !missing.some((one) => type.startsWith(one)));
    // A part of the hash chain's name begins like that of its result.
    const isChain = name === 'no-hash-chain' || name === 'unsigned';
    expect(left).toHaveLength(isChain ? (name === 'unsigned' ? 3 : 4) : 5);
    expect(typesOf(forge(MESSAGE, OTHER))).toEqual(left);
  });

  test('a message twice', () => {
    const twice = typesOf(FORGERIES['message-twice'](MESSAGE));
    expect(twice.filter((type) => type === 'application/x-road-rest-request')).toHaveLength(2);
  });

  test('what cannot be changed so is said', () => {
    const plain = FORGERIES.unsigned(MESSAGE);
    expect(() => FORGERIES['forged-value'](plain)).toThrow('no part');
  });
});

describe('malformed messages', () => {
  const names = Object.keys(MALFORMED) as (keyof typeof MALFORMED)[];

  test.each(names.filter((name) => name !== 'many-parts'))('%s cannot be read', (name) => {
    const made = MALFORMED[name](MESSAGE);
    expect(() => partsOf(made)).toThrow(Error);
  });

  test('many parts can be read: whoever does must be bounded', () => {
    expect(partsOf(MALFORMED['many-parts'](MESSAGE))).toHaveLength(10_006);
  });
});
