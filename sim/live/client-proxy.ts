/**
 * The client proxy: where the information systems of consumers call, in plain HTTP. Every request
 * takes a thread, and becomes a consumer's leg unless this server knows the answer itself.
 */
import { randomUUID } from 'node:crypto';
import { Input } from '../protocol/exchange.ts';
import { writeSoapAnswerTo } from './client-answer.ts';
import { ClientLeg } from './client-leg.ts';
import { timeoutOf } from './configuration.ts';
import { ownAnswerTo } from './downloads.ts';
import { CLIENT_RULES } from './driver.ts';
import { listenHttp } from './loopback.ts';
import type { Endpoint, HttpRequest, HttpResponse, Listener } from './loopback.ts';
import { RestClientMessage } from './rest-client-message.ts';
import type { SecurityServer } from './security-server.ts';
import type { SoapAnswer } from './soap/soap-fault.ts';
import { SoapClientMessage } from './soap/soap-client-message.ts';

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
  const makeOwn = ownAnswerTo(request);
  if (makeOwn !== null) return answerItself(server, request, response, makeOwn);
  const requestId = randomUUID();
  const message = (request.url ?? '').startsWith('/r1/')
    ? new RestClientMessage(server.view, request, requestId)
    : new SoapClientMessage(server.view, request, requestId);
  const leg = new ClientLeg(server, { request, response, requestId, message });
  server.transcripts.name(leg.messageId, leg.requestId);
  const transcript = server.transcripts.of(leg.requestId);
  // A blocked thread would not notice that its caller has gone: only the idle time ends the wait.
  const admission = { threads: server.clientThreads, gaveUp: null };
  await server.run(CLIENT_RULES, leg, transcript, admission);
}

async function answerItself(
  server: SecurityServer,
  request: HttpRequest,
  response: HttpResponse,
  make: (server: SecurityServer) => Promise<SoapAnswer>,
): Promise<void> {
  request.resume();
  const first = await server.admit(server.clientThreads, null);
  if (first !== Input.ThreadGranted) {
    request.socket.destroy();
    return;
  }
  try {
    const answer = await make(server);
    if (!response.destroyed) writeSoapAnswerTo(response, answer);
  } finally {
    server.clientThreads.release();
  }
}
