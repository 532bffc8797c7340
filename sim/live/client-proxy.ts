/**
 * The client proxy: where the information systems of consumers call, in plain HTTP. Every request
 * takes a thread and becomes a consumer's leg.
 */
import { ClientLeg } from './client-leg.ts';
import { timeoutOf } from './configuration.ts';
import { CLIENT_RULES, runLeg } from './driver.ts';
import { listenHttp } from './loopback.ts';
import type { Endpoint, HttpRequest, HttpResponse, Listener } from './loopback.ts';
import type { SecurityServer } from './security-server.ts';

export function startClientProxy(server: SecurityServer, at: Endpoint): Promise<Listener> {
  // Facts 2.8: the idle time of a connection is also how long it may be kept.
  const idleMs = timeoutOf(server.view, 'idleTimeout');
  return listenHttp(
    at,
    (request, response) => server.track(serve(server, request, response)),
    idleMs,
  );
}

async function serve(
  server: SecurityServer,
  request: HttpRequest,
  response: HttpResponse,
): Promise<void> {
  // What a broken connection means is seen where it is read or written.
  request.on('error', () => undefined);
  const leg = new ClientLeg(server, request, response);
  server.transcripts.name(leg.messageId, leg.requestId);
  const transcript = server.transcripts.of(leg.requestId);
  // A blocked thread would not notice that its caller has gone: only the idle time ends the wait.
  const first = await server.admit(server.clientThreads, null);
  await runLeg(CLIENT_RULES, leg, leg.mailbox, transcript, first);
}
