/**
 * SOAP at the provider's server, for its leg: what the peer asks, what the information system is
 * sent, and what is made of its answer (facts 2.3). No sockets; what X-Road refuses is thrown as a
 * SoapError, whose place is Place.Provider.
 *
 * Source, read at 7.8: ServerMessageProcessor, AbstractHttpSender.
 */
import { Cause } from '../../protocol/fault.ts';
import type { Header } from '../../protocol/message.ts';
import { HASH_ALGORITHM, requestHashOf, withRequestHash } from './request-hash.ts';
import { SoapError } from './soap-error.ts';
import type { SoapMessage } from './soap-message.ts';
import { readTransfer, transferOfParts, writeTransfer } from './soap-transfer.ts';
import type { SoapMessageTransfer, SoapParts } from './soap-transfer.ts';

/**
 * The peer's request; null: it has no message, which is found out once it has ended (MissingSoap).
 * The content type is `x-original-content-type`.
 */
export function readPeerRequest(parts: SoapParts, contentType: string): SoapMessageTransfer | null {
  const transfer = transferOfParts(parts, contentType);
  const { soap } = transfer;
  return soap === null || soap.kind === 'fault' ? null : { ...transfer, soap };
}

export interface SystemPost {
  readonly headers: readonly Header[];
  readonly body: Buffer;
}

/** What is posted to the information system: of HTTP, the SOAPAction alone is passed on. */
export function systemPostOf(request: SoapMessageTransfer, soapAction: string | null): SystemPost {
  const { contentType, body } = writeTransfer(request);
  const headers = [
    { name: 'content-type', value: contentType },
    // X-Road wants no compressed answer, and says so with an empty list.
    { name: 'accept-encoding', value: '' },
  ];
  if (soapAction !== null) headers.push({ name: 'SOAPAction', value: soapAction });
  return { headers, body };
}

export interface SystemAnswerHead {
  readonly status: number;
  /** Null: there is no such header. */
  readonly contentType: string | null;
}

export type SystemResponse =
  | {
      readonly kind: 'response';
      /** With the request hash in it; what is signed and sent. */
      readonly transfer: SoapMessageTransfer;
    }
  | {
      readonly kind: 'fault';
      /** Sent as a fault part, unsigned and unchanged. */
      readonly fault: Buffer;
    };

/** Before the body is read. 500 is the status of a fault (WS-I Basic Profile, R1126). */
export function checkSystemAnswer({ status, contentType }: SystemAnswerHead): void {
  if (status !== 200 && status !== 500) {
    throw new SoapError(Cause.HttpError, `Server responded with error ${status}`);
  }
  if (contentType === null) {
    const text = 'Could not get content type from response';
    throw new SoapError(Cause.InvalidContentType, text);
  }
}

export function readSystemAnswer(
  request: SoapMessage,
  head: SystemAnswerHead,
  body: Buffer,
): SystemResponse {
  checkSystemAnswer(head);
  const transfer = readTransfer(head.contentType, body);
  const { soap } = transfer;
  if (soap === null) {
    throw new SoapError(Cause.InvalidMessage, 'No response message received from service');
  }
  if (soap.kind === 'fault') return { kind: 'fault', fault: soap.bytes };
  return { kind: 'response', transfer: { ...transfer, soap: withHash(request, soap) } };
}

/** The response as it goes to the consumer. */
export function withHash(request: SoapMessage, response: SoapMessage): SoapMessage {
  const hash = requestHashOf(request.bytes);
  return {
    ...response,
    bytes: withRequestHash(response.bytes, hash),
    header: { ...response.header, requestHash: { algorithmId: HASH_ALGORITHM, hash } },
  };
}
