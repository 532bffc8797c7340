/**
 * The server proxy: where other security servers call, in mutual TLS 1.2. Every request takes a
 * thread and becomes a provider's leg.
 */
import { findServerByHash, timeoutOf } from './configuration.ts';
import { SERVER_RULES } from './driver.ts';
import { IncomingMessage, peerOf } from './incoming-message.ts';
import { listenMutualTls, peerCertificateOf } from './loopback.ts';
import type { AdmissionLimit, Endpoint, HttpRequest, HttpResponse, Listener } from './loopback.ts';
import type { SecurityServer } from './security-server.ts';
import { ServerLeg } from './server-leg.ts';
import { hashOfCertificate } from './trust.ts';

export function startServerProxy(
  server: SecurityServer,
  at: Endpoint,
  limit: AdmissionLimit,
): Promise<Listener> {
  const isKnown = (certificate: Buffer): boolean =>
    findServerByHash(server.view, hashOfCertificate(certificate)) !== null;
  return listenMutualTls(
    at,
    () => server.shownIdentity(),
    isKnown,
    (request, response) => server.track(serve(server, request, response)),
    limit,
  );
}

async function serve(
  server: SecurityServer,
  request: HttpRequest,
  response: HttpResponse,
): Promise<void> {
  const certificate = peerCertificateOf(request.socket);
  // The listener has closed the connection of whoever showed none.
  if (certificate === null) return;
  const idleMs = timeoutOf(server.view, 'idleTimeout');
  const message = new IncomingMessage(request, response, server.sabotage, idleMs);
  const leg = new ServerLeg(server, message, peerOf(certificate));
  const transcript = server.transcripts.of(message.header('x-road-request-id'));
  const admission = { threads: server.serverThreads, gaveUp: message.gaveUp() };
  await server.run(SERVER_RULES, leg, transcript, admission);
}
