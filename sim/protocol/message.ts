/**
 * A REST message as X-Road signs it, logs it and sends it from server to server: the head of the
 * HTTP request or response as text, and the body apart. What a signature covers, and so what the
 * request hash covers, is exactly these bytes.
 *
 *    POST                                        200
 *    /r1/EE/GOV/1/rr/persons?id=7                OK
 *    X-Road-Client:EE/GOV/2/portal               content-type:application/json
 *    x-road-request-id:...                       x-road-request-hash:...
 *
 * Every line ends in CR LF, verb and path stand on lines of their own, and no space follows the
 * colon. Source: RestMessage, RestRequest, RestResponse; ClientRestMessageProcessor.
 * checkConsistency (7.8.0), and one recorded exchange, which message.fidelity.test.ts compares.
 */
import { parseClientId, parseServiceId } from './identifier.ts';
import type { ServiceId } from './identifier.ts';

export interface Header {
  readonly name: string;
  readonly value: string;
}

export interface RequestHead {
  readonly verb: string;
  /** Without the query, as it was sent. */
  readonly path: string;
  readonly query: string | null;
  readonly headers: readonly Header[];
}

export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly Header[];
}

/** The digest is an argument: floor 1 has no cryptography. */
export type Digest = (bytes: Uint8Array) => Uint8Array;

export const VERBS = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'TRACE'] as const;

export const HeaderName = {
  Id: 'x-road-id',
  Client: 'x-road-client',
  Service: 'x-road-service',
  RequestId: 'x-road-request-id',
  RequestHash: 'x-road-request-hash',
  SecurityServer: 'x-road-security-server',
} as const;

/** Headers of one connection, or of one hop, that no message carries (RestMessage). */
export const SKIPPED_HEADERS: ReadonlySet<string> = new Set([
  'transfer-encoding',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'upgrade',
  'connection',
  'user-agent',
  'host',
  'content-length',
  'server',
  'expect',
]);

/** What a client may not set itself: the consumer's server adds or removes it. */
const SET_BY_CONSUMER: ReadonlySet<string> = new Set([
  HeaderName.RequestId,
  HeaderName.RequestHash,
]);

/** What an information system may not set: the provider's server does. */
const SET_BY_PROVIDER: ReadonlySet<string> = new Set([
  HeaderName.Id,
  HeaderName.RequestHash,
  HeaderName.Client,
  HeaderName.RequestId,
]);

/** The message id where the client gave none: `EE-52eeab31-...`. */
export function defaultMessageId(xRoadInstance: string, uuid: string): string {
  return `${xRoadInstance}-${uuid}`;
}

/**
 * The head that the consumer's server makes of a client's request. The request id pairs the
 * records of both servers; the message id is the client's, or the default one.
 */
export function requestHeadFor(
  request: RequestHead,
  requestId: string,
  messageIdIfNone: string,
): RequestHead {
  const headers = without(request.headers, SET_BY_CONSUMER);
  headers.push({ name: HeaderName.RequestId, value: requestId });
  if (findHeader(headers, HeaderName.Id) === null) {
    headers.push({ name: HeaderName.Id, value: messageIdIfNone });
  }
  return { ...request, headers };
}

/** The head that the provider's server makes of an information system's response. */
export function responseHeadFor(
  response: ResponseHead,
  request: RequestHead,
  requestHash: string,
): ResponseHead {
  const headers = without(response.headers, SET_BY_PROVIDER);
  const service = serviceOfPath(request.path);
  headers.push({ name: HeaderName.Id, value: findHeader(request.headers, HeaderName.Id) ?? '' });
  headers.push({
    name: HeaderName.Client,
    value: findHeader(request.headers, HeaderName.Client) ?? '',
  });
  headers.push({ name: HeaderName.Service, value: service ?? '' });
  headers.push({
    name: HeaderName.RequestId,
    value: findHeader(request.headers, HeaderName.RequestId) ?? '',
  });
  headers.push({ name: HeaderName.RequestHash, value: requestHash });
  return { ...response, headers };
}

export function encodeRequestHead({ verb, path, query, headers }: RequestHead): Uint8Array {
  return encodeLines([verb, query === null ? path : `${path}?${query}`], headers);
}

export function encodeResponseHead({ status, reason, headers }: ResponseHead): Uint8Array {
  return encodeLines([String(status), reason], headers);
}

/** Null when the bytes are no head of a request. */
export function decodeRequestHead(bytes: Uint8Array): RequestHead | null {
  const decoded = decodeLines(bytes);
  if (decoded === null) return null;
  const [verb, target] = decoded.lines;
  if (!VERBS.some((known) => known === verb)) return null;
  const question = target.indexOf('?');
  const path = question === -1 ? target : target.slice(0, question);
  const query = question === -1 ? null : target.slice(question + 1);
  return path.startsWith('/') ? { verb, path, query, headers: decoded.headers } : null;
}

/** Null when the bytes are no head of a response, or lack its message id or request hash. */
export function decodeResponseHead(bytes: Uint8Array): ResponseHead | null {
  const decoded = decodeLines(bytes);
  if (decoded === null) return null;
  const [code, reason] = decoded.lines;
  if (!/^[1-9]\d{2}$/.test(code)) return null;
  const { headers } = decoded;
  const isComplete = [HeaderName.Id, HeaderName.RequestHash].every(
    (name) => (findHeader(headers, name) ?? '') !== '',
  );
  return isComplete ? { status: Number(code), reason, headers } : null;
}

/**
 * base64(SHA-512(head)) of a request without a body, else
 * base64(SHA-512(SHA-512(head) followed by SHA-512(body))). An empty body is a body only where the
 * message has a part for it; null means that it has none.
 */
export function requestHashOf(head: Uint8Array, body: Uint8Array | null, sha512: Digest): string {
  const headDigest = sha512(head);
  if (body === null) return toBase64(headDigest);
  const bodyDigest = sha512(body);
  const both = new Uint8Array(headDigest.length + bodyDigest.length);
  both.set(headDigest);
  both.set(bodyDigest, headDigest.length);
  return toBase64(sha512(both));
}

/** What does not match, in the order in which X-Road looks; null: the response fits. */
export function inconsistencyOf(
  request: RequestHead,
  requestHash: string,
  response: ResponseHead,
): string | null {
  const same = (name: string): boolean =>
    findHeader(request.headers, name) === findHeader(response.headers, name);
  if (!sameClient(request, response)) return HeaderName.Client;
  if (!same(HeaderName.Id)) return HeaderName.Id;
  if (!sameService(request, response)) return HeaderName.Service;
  if (!same(HeaderName.RequestId)) return HeaderName.RequestId;
  const isHashRight = findHeader(response.headers, HeaderName.RequestHash) === requestHash;
  return isHashRight ? null : HeaderName.RequestHash;
}

export interface ServicePath {
  readonly service: ServiceId;
  /** What stands behind the service code, with its slash; empty where nothing does. */
  readonly path: string;
}

/** `/r1/INSTANCE/CLASS/CODE/SUBSYSTEM/SERVICE[/path]`; null when it cannot be parsed. */
export function parseRequestPath(path: string): ServicePath | null {
  const text = serviceOfPath(path);
  const service = text === null ? null : parseServiceId(text);
  if (text === null || service === null) return null;
  return { service, path: path.slice(`/r1/${text}`.length) };
}

/** The first header of a name, whatever its case; null when there is none. */
export function findHeader(headers: readonly Header[], name: string): string | null {
  const wanted = name.toLowerCase();
  return headers.find((header) => header.name.toLowerCase() === wanted)?.value ?? null;
}

function without(headers: readonly Header[], names: ReadonlySet<string>): Header[] {
  return headers.filter(({ name }) => {
    const lower = name.toLowerCase();
    return !SKIPPED_HEADERS.has(lower) && !names.has(lower);
  });
}

/** The REST form of a path's service, as it was sent. */
function serviceOfPath(path: string): string | null {
  const parts = path.split('/');
  if (parts.length < 7 || parts[0] !== '' || parts[1] !== 'r1') return null;
  return parts.slice(2, 7).join('/');
}

function sameClient(request: RequestHead, response: ResponseHead): boolean {
  const sent = parseClientId(findHeader(request.headers, HeaderName.Client) ?? '');
  const heard = parseClientId(findHeader(response.headers, HeaderName.Client) ?? '');
  return JSON.stringify(sent) === JSON.stringify(heard);
}

/** Compared decoded: two spellings of one identifier are equal. */
function sameService(request: RequestHead, response: ResponseHead): boolean {
  const sent = parseRequestPath(request.path)?.service ?? null;
  const heard = parseServiceId(findHeader(response.headers, HeaderName.Service) ?? '');
  return JSON.stringify(sent) === JSON.stringify(heard);
}

const CRLF = '\r\n';

function encodeLines(lines: readonly string[], headers: readonly Header[]): Uint8Array {
  const all = [...lines, ...headers.map(({ name, value }) => `${name}:${value}`)];
  return new TextEncoder().encode(all.map((line) => line + CRLF).join(''));
}

/** The two first lines, and the headers; null when there are not two, or a header is none. */
function decodeLines(bytes: Uint8Array): { lines: [string, string]; headers: Header[] } | null {
  const lines = new TextDecoder().decode(bytes).split(/\r\n|\r|\n/);
  if (lines.at(-1) === '') lines.pop();
  if (lines.length < 2) return null;
  const headers: Header[] = [];
  for (const line of lines.slice(2)) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon));
    if (colon === -1 || SKIPPED_HEADERS.has(name.toLowerCase())) return null;
    headers.push({ name, value: line.slice(colon + 1) });
  }
  return { lines: [lines[0], lines[1]], headers };
}

function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}
