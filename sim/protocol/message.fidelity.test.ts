// What X-Road 7.8's own proxies sent each other (wire-7.8, one REST exchange): the heads as this
// file writes them, and the request hash in the response, derived from the request's bytes.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { describeFidelity, fidelityTest, vectorPath } from '../testing/fidelity.ts';
import {
  decodeRequestHead,
  decodeResponseHead,
  encodeRequestHead,
  encodeResponseHead,
  findHeader,
  inconsistencyOf,
  parseRequestPath,
  requestHashOf,
  SKIPPED_HEADERS,
} from './message.ts';

const sha512 = (bytes: Uint8Array): Uint8Array =>
  Uint8Array.from(createHash('sha512').update(bytes).digest());

/** The parts of a recorded multipart HTTP message, by content type. Latin-1 keeps every byte. */
function partsOf(file: string): Map<string, Uint8Array> {
  const recorded = readFileSync(vectorPath(`xroad/vectors/wire-7.8/${file}`)).toString('latin1');
  const headEnd = recorded.indexOf('\r\n\r\n');
  const head = recorded.slice(0, headEnd);
  const body = recorded.slice(headEnd + 4);
  const isChunked = /^transfer-encoding: *chunked/im.test(head);
  const boundary = /boundary=(\w+)/.exec(head)?.[1] ?? '';
  const sections = (isChunked ? joinChunks(body) : body).split(`--${boundary}`).slice(1, -1);
  return new Map(
    sections.map((section) => {
      const end = section.indexOf('\r\n\r\n');
      const type = /content-type: *([^\r;]+)/i.exec(section.slice(0, end))?.[1] ?? '';
      return [type, Uint8Array.from(Buffer.from(section.slice(end + 4, -2), 'latin1'))];
    }),
  );
}

function joinChunks(body: string): string {
  let joined = '';
  let at = 0;
  for (;;) {
    const lineEnd = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.slice(at, lineEnd), 16);
    if (!(size > 0)) return joined;
    joined += body.slice(lineEnd + 2, lineEnd + 2 + size);
    at = lineEnd + 2 + size + 2;
  }
}

function partOf(parts: Map<string, Uint8Array>, type: string): Uint8Array {
  const part = parts.get(type);
  if (part === undefined) throw new Error(`no part of type ${type}: ${[...parts.keys()].join()}`);
  return part;
}

describeFidelity('a recorded REST exchange of X-Road 7.8', () => {
  fidelityTest('the heads are written as X-Road writes them', () => {
    const request = partOf(partsOf('1.request.http'), 'application/x-road-rest-request');
    const response = partOf(partsOf('1.response.http'), 'application/x-road-rest-response');
    const requestHead = decodeRequestHead(request);
    const responseHead = decodeResponseHead(response);
    if (requestHead === null || responseHead === null) throw new Error('a head was not decoded');
    expect(encodeRequestHead(requestHead)).toEqual(request);
    expect(encodeResponseHead(responseHead)).toEqual(response);
    expect(parseRequestPath(requestHead.path)?.service.serviceCode).toBe('mock1');
    for (const { name } of [...requestHead.headers, ...responseHead.headers]) {
      expect(SKIPPED_HEADERS.has(name.toLowerCase()), `${name} is sent`).toBe(false);
    }
  });

  fidelityTest('the request hash in the response follows from the request', () => {
    const sent = partsOf('1.request.http');
    const head = partOf(sent, 'application/x-road-rest-request');
    const hash = requestHashOf(head, partOf(sent, 'application/x-road-rest-body'), sha512);
    const answer = partOf(partsOf('1.response.http'), 'application/x-road-rest-response');
    const request = decodeRequestHead(head);
    const response = decodeResponseHead(answer);
    if (request === null || response === null) throw new Error('a head was not decoded');
    expect(findHeader(response.headers, 'x-road-request-hash')).toBe(hash);
    expect(inconsistencyOf(request, hash, response)).toBeNull();
  });
});
