import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  decodeRequestHead,
  decodeResponseHead,
  defaultMessageId,
  encodeRequestHead,
  encodeResponseHead,
  findHeader,
  inconsistencyOf,
  parseRequestPath,
  requestHashOf,
  requestHeadFor,
  responseHeadFor,
  SKIPPED_HEADERS,
} from './message.ts';
import type { Header, RequestHead } from './message.ts';

const sha512 = (bytes: Uint8Array): Uint8Array =>
  Uint8Array.from(createHash('sha512').update(bytes).digest());
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytes = (from: string): Uint8Array => new TextEncoder().encode(from);

const SENT: RequestHead = {
  verb: 'POST',
  path: '/r1/EE/GOV/70008440/rr/persons/7',
  query: 'full=true',
  headers: [
    { name: 'X-Road-Client', value: 'FI/GOV/0123456-7/portal' },
    { name: 'Host', value: 'ss.example' },
    { name: 'Content-Length', value: '12' },
    { name: 'X-Road-Request-Id', value: 'a client may not choose it' },
    { name: 'X-Road-Request-Hash', value: 'nor this' },
    { name: 'X-Own', value: 'kept: with a colon' },
  ],
};
const HEAD = requestHeadFor(SENT, 'pair-1', 'FI-uuid');

describe('the head of a request', () => {
  test('as it goes over the wire', () => {
    expect(text(encodeRequestHead(HEAD))).toBe(
      [
        'POST',
        '/r1/EE/GOV/70008440/rr/persons/7?full=true',
        'X-Road-Client:FI/GOV/0123456-7/portal',
        'X-Own:kept: with a colon',
        'x-road-request-id:pair-1',
        'x-road-id:FI-uuid',
        '',
      ].join('\r\n'),
    );
  });

  test('a message id of the client stays', () => {
    const own = { ...SENT, headers: [...SENT.headers, { name: 'X-Road-Id', value: 'mine' }] };
    const { headers } = requestHeadFor(own, 'pair-1', 'FI-uuid');
    expect(headers.filter(({ name }) => name.toLowerCase() === 'x-road-id')).toEqual([
      { name: 'X-Road-Id', value: 'mine' },
    ]);
    expect(defaultMessageId('FI', '0000-1111')).toBe('FI-0000-1111');
  });

  test('none of the skipped headers passes', () => {
    const headers = [...SKIPPED_HEADERS].map((name) => ({ name: name.toUpperCase(), value: 'x' }));
    const { headers: kept } = requestHeadFor({ ...SENT, headers }, 'pair-1', 'FI-uuid');
    expect(kept.map(({ name }) => name)).toEqual(['x-road-request-id', 'x-road-id']);
  });

  test('decoding gives it back', () => {
    expect(decodeRequestHead(encodeRequestHead(HEAD))).toEqual(HEAD);
    const bare = { ...HEAD, query: null };
    expect(decodeRequestHead(encodeRequestHead(bare))).toEqual(bare);
  });

  test.each([
    '',
    'GET\r\n',
    'FETCH\r\n/r1/a\r\n',
    'GET\r\nhttp://x/\r\n',
    'GET\r\n/a\r\nno colon\r\n',
  ])('%j is none', (head) => {
    expect(decodeRequestHead(bytes(head))).toBeNull();
  });

  test('a header that should have been left out makes it none', () => {
    expect(decodeRequestHead(bytes('GET\r\n/a\r\nHost:x\r\n'))).toBeNull();
  });
});

describe('the head of a response', () => {
  const answered = {
    status: 200,
    reason: 'OK',
    headers: [
      { name: 'Content-Type', value: 'application/json' },
      { name: 'Transfer-Encoding', value: 'chunked' },
      { name: 'X-Road-Id', value: 'forged' },
    ],
  };
  const response = responseHeadFor(answered, HEAD, 'aGFzaA==');

  test('as it goes over the wire', () => {
    expect(text(encodeResponseHead(response))).toBe(
      [
        '200',
        'OK',
        'Content-Type:application/json',
        'x-road-id:FI-uuid',
        'x-road-client:FI/GOV/0123456-7/portal',
        'x-road-service:EE/GOV/70008440/rr/persons',
        'x-road-request-id:pair-1',
        'x-road-request-hash:aGFzaA==',
        '',
      ].join('\r\n'),
    );
    expect(decodeResponseHead(encodeResponseHead(response))).toEqual(response);
  });

  test('without message id or request hash it is none', () => {
    const lacking = (missing: string): Uint8Array =>
      encodeResponseHead({
        ...response,
        headers: response.headers.filter(({ name }) => name !== missing),
      });
    expect(decodeResponseHead(lacking('x-road-id'))).toBeNull();
    expect(decodeResponseHead(lacking('x-road-request-hash'))).toBeNull();
    expect(decodeResponseHead(bytes('20\r\nOK\r\n'))).toBeNull();
  });

  test('it fits its request, and no other', () => {
    expect(inconsistencyOf(HEAD, 'aGFzaA==', response)).toBeNull();
    expect(inconsistencyOf(HEAD, 'b3RoZXI=', response)).toBe('x-road-request-hash');
    const changed = (name: string, value: string): string | null => {
      const swap = (header: Header): Header => (header.name === name ? { name, value } : header);
      const headers = response.headers.map(swap);
      return inconsistencyOf(HEAD, 'aGFzaA==', { ...response, headers });
    };
    expect(changed('x-road-client', 'FI/GOV/0123456-7/other')).toBe('x-road-client');
    expect(changed('x-road-id', 'other')).toBe('x-road-id');
    expect(changed('x-road-service', 'EE/GOV/70008440/rr/others')).toBe('x-road-service');
    expect(changed('x-road-request-id', 'pair-2')).toBe('x-road-request-id');
    // Another spelling of the same identifier is the same identifier.
    expect(changed('x-road-client', 'FI/GOV/0123456%2D7/portal')).toBeNull();
  });
});

describe('the request hash', () => {
  const base64 = (digest: Uint8Array): string => Buffer.from(digest).toString('base64');
  const head = encodeRequestHead(HEAD);

  test('of a request without a body it is the digest of the head', () => {
    expect(requestHashOf(head, null, sha512)).toBe(base64(sha512(head)));
  });

  test('with a body it is the digest of both digests', () => {
    const body = bytes('{"a":1}');
    const both = Buffer.concat([sha512(head), sha512(body)]);
    expect(requestHashOf(head, body, sha512)).toBe(base64(sha512(both)));
    expect(requestHashOf(head, new Uint8Array(), sha512)).not.toBe(
      requestHashOf(head, null, sha512),
    );
  });
});

test('paths of the REST protocol', () => {
  const parsed = parseRequestPath('/r1/EE/GOV/1/s/v/a/b');
  expect(parsed?.path).toBe('/a/b');
  expect(parsed?.service).toMatchObject({ memberCode: '1', subsystemCode: 's', serviceCode: 'v' });
  expect(parseRequestPath('/r1/EE/GOV/1/s/v')?.path).toBe('');
  expect(parseRequestPath('/r1/EE/GOV/1/s/v/')?.path).toBe('/');
  expect(parseRequestPath('/r1/EE/GOV/1/s/v%20w')?.service.serviceCode).toBe('v w');
  for (const path of ['/r2/EE/GOV/1/s/v', '/EE/GOV/1/s/v', '/r1/EE/GOV/1/s', 'r1/EE/GOV/1/s/v/x']) {
    expect(parseRequestPath(path)).toBeNull();
  }
  expect(findHeader(SENT.headers, 'X-ROAD-CLIENT')).toBe('FI/GOV/0123456-7/portal');
  expect(findHeader(SENT.headers, 'X-None')).toBeNull();
});
