/**
 * The only door to the network: every listener and every connection of the lab is opened here.
 *
 * Rule 1: nothing leaves this machine. An address that is not of 127.0.0.0/8 or ::1 is refused
 *         before a socket exists, whoever asks.
 * Rule 2: no name is ever looked up. `lookup` throws, so a host name that slipped through as far
 *         as Node would end in our own error and not at a name server.
 *
 * sim/testing/tidy-rules.ts sees to it that no other file imports Node's networking, undici or
 * autocannon. The last two open sockets of their own: undici is handed a connector that lives by
 * the rules, and autocannon a target that was checked.
 */
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import tls from 'node:tls';
import { Agent, errors } from 'undici';
import type { buildConnector, Dispatcher } from 'undici';
import type { Result as AutocannonResult } from 'autocannon';
import type { AddressInfo, Socket } from 'node:net';
import type {
  IncomingHttpHeaders,
  IncomingMessage,
  RequestListener,
  ServerResponse,
} from 'node:http';
import type { Duplex } from 'node:stream';
import type { SecureContext, TLSSocket } from 'node:tls';

export type ClientRequest = http.ClientRequest;
export type PlainSocket = Socket;
export type SecureSocket = TLSSocket;
export type HttpHeaders = IncomingHttpHeaders;
export type HttpRequest = IncomingMessage;
export type HttpResponse = ServerResponse;
export type HttpHandler = RequestListener;

/**
 * X-Road's suites between security servers, by OpenSSL's names, and its only version of TLS
 * (facts 2.5: `xroad-tls-ciphers`).
 */
export const XROAD_TLS = {
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.2',
  ciphers: 'ECDHE-RSA-AES256-SHA384:DHE-RSA-AES256-SHA256:ECDHE-ECDSA-AES256-SHA384',
} as const;

export class NotLoopbackError extends Error {
  override name = 'NotLoopbackError';

  constructor(address: string) {
    super(`"${address}" is not an address of this machine's loopback`);
  }
}

/** Whether an address is of 127.0.0.0/8 or ::1, in the plain spellings only. */
export function isLoopback(address: string): boolean {
  if (net.isIPv4(address)) return address.startsWith('127.');
  return address === '::1';
}

function demandLoopback(address: string): void {
  if (!isLoopback(address)) throw new NotLoopbackError(address);
}

/** Given to every connect: an address needs no lookup, and a name must not get one. */
export function refuseLookup(name: string): never {
  throw new NotLoopbackError(name);
}

/** Where something listens. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export interface Listener extends Endpoint {
  /** Stops listening; connections that are open go on. */
  refuse(): void;
  /** Stops listening and cuts every connection that is still open. */
  close(): Promise<void>;
}

export interface Identity {
  readonly keyPem: string;
  readonly certificatePem: string;
}

/** `port` 0: any free one. `idleMs`: how long a connection may be kept between two requests. */
export async function listenHttp(
  at: Endpoint,
  handler: HttpHandler,
  idleMs = KEEP_ALIVE_MS,
): Promise<Listener> {
  demandLoopback(at.address);
  return listen(http.createServer({ keepAliveTimeout: idleMs }, handler), at);
}

const KEEP_ALIVE_MS = 5000;

/**
 * A listener of mutual TLS. The client must show a certificate; whether it is a known one is
 * `isKnown`'s to say, as X-Road's trust manager does: its chain is looked at later, by the rules
 * (facts 2.3 steps 1 and 6). An identity that may change is asked for at every connection; without
 * one the handshake fails (facts 5.2).
 */
export async function listenMutualTls(
  at: Endpoint,
  identity: Identity | (() => Identity | null),
  isKnown: (certificate: Buffer) => boolean,
  handler: HttpHandler,
  limit: AdmissionLimit | null = null,
): Promise<Listener> {
  demandLoopback(at.address);
  const server = https.createServer(
    {
      ...credentialsOf(typeof identity === 'function' ? identity() : identity),
      requestCert: true,
      rejectUnauthorized: false,
      ...(limit === null ? {} : { handshakeTimeout: limit.idleMs }),
    },
    handler,
  );
  server.on('secureConnection', (socket: TLSSocket) => {
    const certificate = peerCertificateOf(socket);
    if (certificate === null || !isKnown(certificate)) socket.destroy();
  });
  if (typeof identity === 'function') followIdentity(server, identity);
  if (limit !== null) holdConnections(server, limit);
  return listen(server, at);
}

/** Of a server; without an identity it shares no cipher with anybody. */
function credentialsOf(identity: Identity | null) {
  const shown = identity === null ? {} : { key: identity.keyPem, cert: identity.certificatePem };
  return { ...XROAD_TLS, ...shown, dhparam: 'auto' } as const;
}

function followIdentity(server: https.Server, identityOf: () => Identity | null): void {
  let shown = identityOf();
  // Before the handshake of the same connection begins.
  server.prependListener('connection', () => {
    const next = identityOf();
    if (next?.certificatePem === shown?.certificatePem) return;
    shown = next;
    server.setSecureContext(credentialsOf(next));
  });
}

/** A connection that was accepted and is not served yet. */
export interface Arrival {
  /** Where it comes from. */
  readonly address: string;
  readonly isOpen: boolean;
  /** Acts when it has closed, served or not. */
  onClosed(act: () => void): void;
  admit(): void;
  /** Closes it without an answer. */
  refuse(): void;
}

/** Whoever says when the connections of a listener are served. */
export interface AdmissionLimit {
  /** How long a connection may be silent before it is secured. */
  readonly idleMs: number;
  arrived(connection: Arrival): void;
}

/** What serves a server's connections is asked later, when the limit lets them in. */
function holdConnections(server: https.Server, limit: AdmissionLimit): void {
  const serving = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    // Nobody else listens while it waits.
    const ignore = (): void => undefined;
    socket.on('error', ignore);
    limit.arrived({
      address: socket.remoteAddress ?? '',
      get isOpen() {
        return !socket.destroyed;
      },
      onClosed: (act) => void socket.once('close', act),
      admit: () => {
        socket.off('error', ignore);
        for (const serve of serving) serve.call(server, socket);
      },
      refuse: () => void socket.destroy(),
    });
  });
}

/** The certificate the other side has shown, as DER; null: none. */
export function peerCertificateOf(socket: Socket): Buffer | null {
  if (!(socket instanceof tls.TLSSocket)) return null;
  // The other way to ask, getPeerCertificate, takes the certificate apart first.
  return socket.getPeerX509Certificate()?.raw ?? null;
}

export interface Connecting<S> {
  readonly done: Promise<S>;
  /** Gives the attempt up; `done` then never settles. */
  abandon(): void;
}

export interface ConnectOptions {
  /** The address it comes from; null: the system's choice. */
  readonly from: string | null;
  /** True: what is written still goes out when the peer has ended its half. */
  readonly isHalfOpen: boolean;
}

const ORDINARY: ConnectOptions = { from: null, isHalfOpen: false };

/** An ordinary TCP connect. The errors are Node's own: `code` says what happened. */
export function connectTcp(to: Endpoint, { from, isHalfOpen } = ORDINARY): Connecting<Socket> {
  demandLoopback(to.address);
  if (from !== null) demandLoopback(from);
  const socket = net.connect({
    host: to.address,
    port: to.port,
    lookup: refuseLookup,
    allowHalfOpen: isHalfOpen,
    ...(from === null ? {} : { localAddress: from }),
  });
  socket.setNoDelay(true);
  const done = new Promise<Socket>((resolve, reject) => {
    socket.once('connect', () => resolve(socket));
    // An error after the connect is the business of whoever has the socket by then.
    socket.on('error', reject);
  });
  return { done, abandon: () => socket.destroy() };
}

/**
 * The TLS handshake over a connected socket. `authorities` are the certificates (PEM) to which
 * the peer's chain must lead; names are not compared: X-Road identifies servers by certificate.
 */
export function secure(
  socket: Duplex,
  identity: Identity,
  authorities: readonly string[],
): Connecting<TLSSocket> {
  const secured = tls.connect({
    socket,
    secureContext: contextOf(identity, authorities),
    checkServerIdentity: () => undefined,
    lookup: refuseLookup,
  });
  const done = new Promise<TLSSocket>((resolve, reject) => {
    secured.once('secureConnect', () => resolve(secured));
    secured.on('error', reject);
    secured.once('close', () => reject(new Error('closed during the handshake')));
  });
  return { done, abandon: () => secured.destroy() };
}

const CONTEXTS_MAX = 10_000;
const contexts = new Map<string, SecureContext>();

/** Made once for an identity and those it trusts: to read a key costs as much as to use it. */
function contextOf(identity: Identity, authorities: readonly string[]): SecureContext {
  const name = [identity.certificatePem, ...authorities].join('');
  const known = contexts.get(name);
  if (known !== undefined) return known;
  const made = tls.createSecureContext({
    ...XROAD_TLS,
    key: identity.keyPem,
    cert: identity.certificatePem,
    ca: [...authorities],
  });
  if (contexts.size >= CONTEXTS_MAX) contexts.clear();
  contexts.set(name, made);
  return made;
}

export interface HttpCall {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** An HTTP request over a connection that stands; the connection closes with the answer. */
export function requestOver(socket: Duplex, call: HttpCall): http.ClientRequest {
  return http.request({
    ...call,
    host: 'localhost',
    createConnection: () => socket,
  });
}

/** A request that is whole before it is sent, as an information system's is. */
export interface WholeCall {
  readonly method: string;
  readonly path: string;
  /** Name, value, name, value, ...; the length of the body is added. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer | null;
  /** Null: it is never given up. */
  readonly signal: AbortSignal | null;
}

export interface HttpAnswer {
  readonly status: number;
  readonly reason: string;
  /** Name, value, name, value, ... as they came. */
  readonly rawHeaders: readonly string[];
  /** It must be read to its end, or the call given up. */
  readonly body: AsyncIterable<Buffer>;
}

/**
 * An HTTP request on a plain connection of its own, up to the head of the answer. There are no
 * deadlines here: undici's timers are half a second coarse, so who has one gives a `signal`.
 *
 * A connection is not kept: X-Road's server keeps none to an information system (facts 2.8), and
 * the price of a call, in the calibrations, is that of a connection of its own.
 */
export async function requestHttp(to: Endpoint, call: WholeCall): Promise<HttpAnswer> {
  demandLoopback(to.address);
  const answer = await PLAIN_HTTP.request({
    origin: originOf(to),
    method: call.method,
    path: call.path,
    headers: [...call.rawHeaders],
    body: call.body,
    signal: call.signal,
    reset: true,
    responseHeaders: 'raw',
  });
  return {
    status: answer.statusCode,
    reason: answer.statusText,
    // The typings do not know what `raw` changes.
    rawHeaders: answer.headers as unknown as string[],
    body: answer.body as AsyncIterable<Buffer>,
  };
}

/**
 * Undici, able to reach this machine alone. Whatever sends it somewhere, an origin, a redirect or
 * a resolver that was put before it, ends at `connectHttp`, since there is no other way to a
 * socket; a Host header changes only what the server reads.
 */
export function openHttpClient(): Dispatcher {
  return new Agent({ connect: connectHttp, headersTimeout: 0, bodyTimeout: 0 });
}

const PLAIN_HTTP = openHttpClient();

/** Undici asks here for every connection that it wants. */
function connectHttp(
  { protocol, hostname, port }: buildConnector.Options,
  callback: buildConnector.Callback,
): void {
  try {
    if (protocol !== 'http:') throw new Error(`${protocol} is not spoken here, only http:`);
    const to = { address: hostname, port: port === '' ? 80 : Number(port) };
    connectTcp(to).done.then(
      (socket) => callback(null, socket),
      (error: Error) => callback(error, null),
    );
  } catch (error) {
    callback(error as Error, null);
  }
}

/** Whether an error is the other side's doing, and no mistake of ours. */
export function isOfPeer(error: unknown): boolean {
  // undici gives the error of its parser no code, though it means to.
  if (error instanceof errors.HTTPParserError) return true;
  return /^(E(?!RR_)|UND_ERR_(SOCKET|RES_|HEADERS_OVER))/.test(codeOfError(error));
}

/** Node's or undici's own word; empty: it has none. */
export function codeOfError(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function originOf({ address, port }: Endpoint): string {
  return net.isIPv6(address) ? `http://[${address}]:${port}` : `http://${address}:${port}`;
}

/** How hard to press: so many callers, each of whom calls again as soon as it is answered. */
export interface Pressure {
  readonly connections: number;
  /** Whichever of the two is not null ends it; calls that are open when time is up are cut. */
  readonly seconds: number | null;
  readonly calls: number | null;
}

export interface Saturation {
  readonly answered: number;
  /** Answers with another status than 2xx; they are among the answered. */
  readonly refused: number;
  /** Connections that broke, and answers that did not come in time. */
  readonly errors: number;
  /** From the first request to the last answer. */
  readonly seconds: number;
  /** From the sending of each request that was answered: see bench/README.md for what they miss. */
  readonly latenciesMs: readonly number[];
}

/**
 * Presses a listener with autocannon, in a closed loop. It connects by itself, but to what it is
 * told and nothing else: it follows no redirect, and an address needs no lookup. Its histogram is
 * in whole milliseconds, so the times are taken from its events.
 */
export async function saturate(
  to: Endpoint,
  call: Omit<WholeCall, 'signal'>,
  { connections, seconds, calls }: Pressure,
): Promise<Saturation> {
  demandLoopback(to.address);
  const url = `${originOf(to)}${call.path}`;
  // As autocannon will read it: a path that begins with @ would make a name of the address.
  demandLoopback(new URL(url).hostname.replace(/^\[|\]$/g, ''));
  // Loaded when it is needed: it takes longer than all the rest of the lab.
  const { default: autocannon } = await import('autocannon');
  const latenciesMs: number[] = [];
  const sinceMs = performance.now();
  let lastMs = sinceMs;
  const result = await new Promise<AutocannonResult>((resolve, reject) => {
    const options = {
      url,
      method: call.method as 'POST',
      headers: headersOfCall(call),
      ...(call.body === null ? {} : { body: call.body }),
      connections,
      ...(seconds === null ? {} : { duration: seconds }),
      ...(calls === null ? {} : { amount: calls }),
      // It looks only so often whether it is to end.
      sampleInt: 50,
    };
    const running = autocannon(options, (error: unknown, done) => {
      if (error === null) resolve(done);
      else reject(error as Error);
    });
    running.on('response', (_client, _status, _bytes, tookMs) => {
      latenciesMs.push(tookMs);
      lastMs = performance.now();
    });
  });
  return {
    answered: latenciesMs.length,
    refused: result.non2xx,
    errors: result.errors,
    seconds: (lastMs - sinceMs) / 1000,
    latenciesMs,
  };
}

function headersOfCall({ rawHeaders }: Pick<WholeCall, 'rawHeaders'>): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let at = 0; at < rawHeaders.length; at += 2) headers[rawHeaders[at]] = rawHeaders[at + 1];
  return headers;
}

async function listen(server: http.Server | https.Server, at: Endpoint): Promise<Listener> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    socket.setNoDelay(true);
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  // A peer that gives up in the middle of a handshake is an ordinary event, not an error of ours.
  server.on('tlsClientError', (_error: Error, socket: Socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: at.address, port: at.port }, () => resolve());
  });
  const { port } = server.address() as AddressInfo;
  return {
    address: at.address,
    port,
    refuse: () => void server.close(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
