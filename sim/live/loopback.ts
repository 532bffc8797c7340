/**
 * The only door to the network: every listener and every connection of the lab is opened here.
 *
 * Rule 1: nothing leaves this machine. An address that is not of 127.0.0.0/8 or ::1 is refused
 *         before a socket exists, whoever asks.
 * Rule 2: no name is ever looked up. `lookup` throws, so a host name that slipped through as far
 *         as Node would end in our own error and not at a name server.
 *
 * sim/testing/tidy-rules.ts sees to it that no other file imports Node's networking.
 */
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import tls from 'node:tls';
import type { AddressInfo, Socket } from 'node:net';
import type {
  IncomingHttpHeaders,
  IncomingMessage,
  RequestListener,
  ServerResponse,
} from 'node:http';
import type { TLSSocket } from 'node:tls';

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
  /** Stops listening and cuts every connection that is still open. */
  close(): Promise<void>;
}

export interface Identity {
  readonly keyPem: string;
  readonly certificatePem: string;
}

/** `port` 0: any free one. */
export async function listenHttp(at: Endpoint, handler: HttpHandler): Promise<Listener> {
  demandLoopback(at.address);
  return listen(http.createServer(handler), at);
}

/**
 * A listener of mutual TLS. The client must show a certificate; whether it is a known one is
 * `isKnown`'s to say, as X-Road's trust manager does: its chain is looked at later, by the rules
 * (facts 2.3 steps 1 and 6).
 */
export async function listenMutualTls(
  at: Endpoint,
  identity: Identity,
  isKnown: (certificate: Buffer) => boolean,
  handler: HttpHandler,
): Promise<Listener> {
  demandLoopback(at.address);
  const server = https.createServer(
    {
      ...XROAD_TLS,
      key: identity.keyPem,
      cert: identity.certificatePem,
      dhparam: 'auto',
      requestCert: true,
      rejectUnauthorized: false,
    },
    handler,
  );
  server.on('secureConnection', (socket: TLSSocket) => {
    const certificate = peerCertificateOf(socket);
    if (certificate === null || !isKnown(certificate)) socket.destroy();
  });
  return listen(server, at);
}

/** The certificate the other side has shown, as DER; null: none. */
export function peerCertificateOf(socket: Socket): Buffer | null {
  if (!(socket instanceof tls.TLSSocket)) return null;
  const { raw } = socket.getPeerCertificate();
  return raw ?? null;
}

export interface Connecting<S> {
  readonly done: Promise<S>;
  /** Gives the attempt up; `done` then never settles. */
  abandon(): void;
}

/** An ordinary TCP connect. The errors are Node's own: `code` says what happened. */
export function connectTcp(to: Endpoint): Connecting<Socket> {
  demandLoopback(to.address);
  const socket = net.connect({ host: to.address, port: to.port, lookup: refuseLookup });
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
  socket: Socket,
  identity: Identity,
  authorities: readonly string[],
): Connecting<TLSSocket> {
  const secured = tls.connect({
    ...XROAD_TLS,
    socket,
    key: identity.keyPem,
    cert: identity.certificatePem,
    ca: [...authorities],
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

export interface HttpCall {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** An HTTP request over a connection that stands; the connection closes with the answer. */
export function requestOver(socket: Socket, call: HttpCall): http.ClientRequest {
  return http.request({
    ...call,
    host: 'localhost',
    createConnection: () => socket,
  });
}

/** An HTTP request on a plain connection of its own. */
export function requestHttp(to: Endpoint, call: HttpCall): http.ClientRequest {
  demandLoopback(to.address);
  return http.request({
    ...call,
    host: to.address,
    port: to.port,
    agent: false,
    lookup: refuseLookup,
  });
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
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
