/** What the information system gets: the answer of the provider, or an error (facts 3.1). */
import { randomUUID } from 'node:crypto';
import { Cause, causeOf, findFault, spellFault, statusOfFault } from '../protocol/fault.ts';
import { decodeResponseHead } from '../protocol/message.ts';
import type { ClientMessage, ClientOutcome } from './client-message.ts';
import type { ServerView } from './configuration.ts';
import { readFaultCode } from './fault-code.ts';
import type { HttpRequest, HttpResponse } from './loopback.ts';
import type { MessageParts } from './message-parts.ts';
import type { SoapAnswer } from './soap/soap-fault.ts';
import { escapeXml } from './transport.ts';

export async function respond(
  request: HttpRequest,
  response: HttpResponse,
  message: ClientMessage,
  outcome: ClientOutcome,
): Promise<void> {
  // The information system has gone: nothing will close any more, since all is closed.
  if (response.destroyed) return;
  const finished = new Promise<void>((resolve) => response.once('close', () => resolve()));
  // An information system that is refused early may still be uploading.
  request.resume();
  // Node tells of a request before it has looked at the rest of what came with its head.
  if (!request.complete) await new Promise((resolve) => setImmediate(resolve));
  // What is left of an upload is not the next request. Otherwise the connection is the information
  // system's to keep, as with Jetty in X-Road.
  if (!request.complete) response.setHeader('connection', 'close');
  if (causeOf(outcome.fault) === Cause.NoAnswer) request.socket.destroy();
  else message.answer(response, outcome);
  await finished;
}

/** The provider's REST answer. */
export function passOn(response: HttpResponse, parts: MessageParts | null): void {
  const head = decodeResponseHead(parts?.head ?? new Uint8Array(0));
  const body = parts?.body ?? Buffer.alloc(0);
  response.statusCode = head?.status ?? 500;
  for (const { name, value } of head?.headers ?? []) response.appendHeader(name, value);
  response.setHeader('content-length', body.length);
  response.end(body);
}

/** Facts 3.1. */
export function refuse(
  view: ServerView,
  request: HttpRequest,
  response: HttpResponse,
  { fault, relayed }: ClientOutcome,
): void {
  const read = relayed === null ? null : readFaultCode(relayed.code);
  // What this server found wrong itself, after a fault had come, is its own to say.
  const isRelayed = relayed !== null && read?.fault === fault;
  const code = isRelayed ? relayed.code : spellFault(fault, view.version);
  const message = isRelayed ? relayed.text : (findFault(fault)?.prose ?? code);
  const detail = isRelayed ? (relayed.detail ?? '') : randomUUID();
  response.statusCode = statusOfFault(fault, true, view.version, read?.version ?? view.version);
  response.setHeader('x-road-error', code);
  const wantsXml = /\b(text\/xml|application\/xml|text\/\*)/.test(request.headers.accept ?? '');
  if (wantsXml) {
    response.setHeader('content-type', 'application/xml;charset=utf-8');
    response.end(
      `<error><type>${escapeXml(code)}</type><message>${escapeXml(message)}</message>` +
        `<detail>${escapeXml(detail)}</detail></error>`,
    );
  } else {
    response.setHeader('content-type', 'application/json;charset=utf-8');
    response.end(JSON.stringify({ type: code, message, detail }));
  }
}

export function writeSoapAnswerTo(response: HttpResponse, answer: SoapAnswer): void {
  response.statusCode = answer.status;
  for (const { name, value } of answer.headers) response.setHeader(name, value);
  response.setHeader('content-length', answer.body.length);
  response.end(answer.body);
}
