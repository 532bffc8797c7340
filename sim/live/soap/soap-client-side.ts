/**
 * SOAP at the consumer's server, for its leg: what has come from the information system, whether
 * the response fits it, and what goes back (facts 2.2). No sockets; what X-Road refuses is thrown
 * as a SoapError, whose place is Place.ClientRequest for a request and Place.PeerResponse for a
 * response.
 *
 * Source, read at 7.8: ClientMessageHandler, ClientMessageProcessor, MessageProcessorBase.
 */
import { Cause } from '../../protocol/fault.ts';
import { plainId } from '../rest-message.ts';
import { SoapError } from './soap-error.ts';
import type { SoapAnswer } from './soap-fault.ts';
import { differingField, plainService } from './soap-header.ts';
import { isHashOf } from './request-hash.ts';
import { parseSoap } from './soap-message.ts';
import type { SoapFault, SoapMessage } from './soap-message.ts';
import { SoapReader, writeTransfer } from './soap-transfer.ts';
import type { SoapMessageTransfer, SoapTransfer } from './soap-transfer.ts';

export interface SoapRequestHead {
  readonly method: string;
  /** Null: there is no such header. */
  readonly contentType: string | null;
  readonly soapAction: string | null;
}

/** Before the body is read. */
export function beginSoapRequest({ method, contentType, soapAction }: SoapRequestHead): SoapReader {
  if (method !== 'POST') {
    const text = `Must use POST request method instead of ${method}`;
    throw new SoapError(Cause.InvalidHttpMethod, text);
  }
  checkSoapAction(soapAction);
  return new SoapReader(contentType);
}

/** After the last chunk of the body. */
export function finishSoapRequest(reader: SoapReader): SoapMessageTransfer {
  const transfer = reader.finish();
  if (transfer.soap === null) {
    throw new SoapError(Cause.MissingSoap, 'Request does not contain SOAP message');
  }
  if (transfer.soap.kind === 'fault') {
    const { code, text } = transfer.soap;
    // Nobody may ask with a fault: the client hears its own code behind `client`.
    throw new SoapError(Cause.InvalidSoap, text, { word: code, word77: code });
  }
  return { ...transfer, soap: transfer.soap };
}

export function readSoapRequest(head: SoapRequestHead, body: Buffer): SoapMessageTransfer {
  const reader = beginSoapRequest(head);
  reader.push(body);
  return finishSoapRequest(reader);
}

/** Allowed are none, an empty one and an address in quotes (SOAP 1.1, 6.1.1). */
export function checkSoapAction(value: string | null): void {
  if (value === null || value === '' || value === '""') return;
  const quoted = /^"(.+)"$/.exec(value)?.[1] ?? null;
  if (quoted !== null && URI_TEXT.test(quoted)) return;
  throw new SoapError(Cause.InvalidSoapAction, 'Malformed SOAPAction header');
}

/** What Java's URI accepts, roughly: RFC 2396 with all that is beyond ASCII. */
const URI_TEXT = /^(?!:)(?:[^\s"<>\\^`{|}%\p{Cc}]|%[\dA-Fa-f]{2})+$/u;

/** Whom a message is from and for, in the plain form of the live engine. */
export interface SoapNames {
  readonly client: string;
  readonly provider: string;
  readonly service: string;
  /** Null: any server of the provider. */
  readonly securityServer: string | null;
  readonly messageId: string;
}

export function namesOf({ header }: SoapMessage): SoapNames {
  return {
    client: plainId(header.client),
    provider: plainId(header.service.provider),
    service: plainService(header.service),
    securityServer: header.securityServer === null ? null : plainId(header.securityServer),
    messageId: header.id,
  };
}

/** Why a response is not one to this request; None: it is. */
export function inconsistencyOf(request: SoapMessage, response: SoapMessage): Cause {
  if (differingField(request.header, response.header) !== null) return Cause.ResponseMismatch;
  const { requestHash } = response.header;
  const isRight = requestHash !== null && isHashOf(requestHash, request.bytes);
  return isRight ? Cause.None : Cause.InconsistentResponse;
}

/** The message of a peer's response; null: it has none, or a fault in its place. */
export function messageOf(response: SoapTransfer): SoapMessageTransfer | null {
  const { soap } = response;
  return soap === null || soap.kind === 'fault' ? null : { ...response, soap };
}

/**
 * A response that is no multipart: the peer's server failed before it could begin one, so that
 * nothing but a fault may be in it. X-Road asks for the media type alone.
 */
export function readPlainFault(body: Buffer): SoapFault {
  const soap = parseSoap(body, 'text/xml; charset=UTF-8');
  if (soap.kind === 'fault') return soap;
  const text = 'Expected fault message, but got regular SOAP message';
  throw new SoapError(Cause.InvalidMessage, text);
}

/** The provider's answer, passed on. */
export function answerWithResponse(response: SoapMessageTransfer): SoapAnswer {
  const { contentType, body } = writeTransfer(response);
  return { status: 200, headers: [{ name: 'Content-Type', value: contentType }], body };
}
