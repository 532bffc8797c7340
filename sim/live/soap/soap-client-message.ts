/**
 * A SOAP message at the consumer's server (facts 2.2). Unlike X-Road, which begins to connect when
 * it has the message and still reads its attachments, all of the request is read before.
 */
import { Input, inputOf } from '../../protocol/exchange.ts';
import { Cause, faultOf, Prefix } from '../../protocol/fault.ts';
import { HeaderName } from '../../protocol/message.ts';
import { writeSoapAnswerTo } from '../client-answer.ts';
import type { ClientMessage, ClientOutcome, LoggedContent } from '../client-message.ts';
import type { ServerView } from '../configuration.ts';
import { readFaultCode } from '../fault-code.ts';
import type { HttpRequest, HttpResponse } from '../loopback.ts';
import type { MessageParts } from '../message-parts.ts';
import type { HeardResponse, OutgoingMessage } from '../outgoing-message.ts';
import type { PartDigest } from '../signing/message-signature.ts';
import {
  answerWithResponse,
  beginSoapRequest,
  finishSoapRequest,
  inconsistencyOf,
  messageOf,
  namesOf,
} from './soap-client-side.ts';
import type { SoapNames } from './soap-client-side.ts';
import { Place, SoapError } from './soap-error.ts';
import { answerWithFault } from './soap-fault.ts';
import type { SoapAnswer } from './soap-fault.ts';
import { largestAttachment, loggedSoap } from './soap-log.ts';
import { transferOfParts } from './soap-transfer.ts';
import type { SoapMessageTransfer, SoapReader } from './soap-transfer.ts';
import { digestsOf, faultFor, signedParts, soapRequestHeaders } from './soap-wire.ts';
import type { SoapRefusal } from './soap-wire.ts';

/** ClientMessageProcessor waits so long for the headers of the message, and no longer. */
const HEADERS_MS = 30_000;

export class SoapClientMessage implements ClientMessage {
  readonly isRest = false;
  readonly isAddressed = true;
  readonly #view: ServerView;
  readonly #request: HttpRequest;
  readonly #givenId: string;
  #transfer: SoapMessageTransfer | null = null;
  #names: SoapNames | null = null;
  #responded: SoapMessageTransfer | null = null;
  /** What was found wrong, and makes the fault say how exactly; null: nothing. */
  #refusal: SoapRefusal | null = null;
  /** The fault in place of the one of the rules, which know but one of two; 0: there is none. */
  #exactFault = 0;

  constructor(view: ServerView, request: HttpRequest, requestId: string) {
    this.#view = view;
    this.#request = request;
    // X-Road reads no such header here. The lab's own callers send it, so that what happened to a
    // message that cannot be read can be found by its name.
    const given = request.headers[HeaderName.Id];
    this.#givenId = typeof given === 'string' ? given : requestId;
  }

  get messageId(): string {
    return this.#names?.messageId ?? this.#givenId;
  }

  get client(): string | null {
    return this.#names?.client ?? null;
  }

  get provider(): string {
    return this.#names?.provider ?? '';
  }

  get targetServer(): string | null {
    return this.#names?.securityServer ?? null;
  }

  get headers(): Readonly<Record<string, string>> {
    return soapRequestHeaders(this.#whole(), this.#soapAction);
  }

  get bytesToLog(): number {
    return largestAttachment(this.#whole());
  }

  async parse(): Promise<number> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<number>((resolve) => {
      timer = setTimeout(() => resolve(Input.TimedOut), HEADERS_MS);
    });
    const input = await Promise.race([this.#read(() => clearTimeout(timer)), late]);
    clearTimeout(timer);
    return input;
  }

  send(out: OutgoingMessage): Promise<boolean> {
    return out.sendSoap(this.#whole());
  }

  digests(): PartDigest[] {
    return digestsOf(this.#whole());
  }

  logged(): LoggedContent {
    return loggedSoap(this.#view, this.#whole());
  }

  canRead({ parts, contentType }: HeardResponse): boolean {
    const { head, headers, attachments } = parts;
    if (head === null) return true;
    try {
      const received = { head, contentType: parts.contentType, headers, attachments };
      this.#responded = messageOf(transferOfParts(received, contentType));
      return true;
    } catch (error) {
      if (!(error instanceof SoapError)) throw error;
      this.#refusal = { error, place: Place.PeerResponse };
      return false;
    }
  }

  contentOf(): (name: string) => Buffer | null {
    const parts = this.#responded === null ? [] : signedParts(this.#responded);
    return (name) => parts.find((part) => part.name === name)?.content ?? null;
  }

  /** Facts 2.1 step 19. */
  isConsistent(): boolean {
    if (this.#responded === null) return false;
    const cause = inconsistencyOf(this.#whole().soap, this.#responded.soap);
    // X-Road blames the service for other names, but not for another hash.
    if (cause === Cause.InconsistentResponse) {
      this.#exactFault = faultOf(Prefix.ClientProxy, cause);
    }
    return cause === Cause.None;
  }

  loggedOf({ head }: MessageParts): LoggedContent {
    if (this.#responded !== null) return loggedSoap(this.#view, this.#responded);
    return { message: head?.toString('utf8') ?? '', body: null, attachments: null };
  }

  responseBytesToLog(): number {
    return this.#responded === null ? 0 : largestAttachment(this.#responded);
  }

  answer(response: HttpResponse, outcome: ClientOutcome): void {
    writeSoapAnswerTo(response, this.#answerTo(outcome));
  }

  get #soapAction(): string | null {
    const value = this.#request.headers['soapaction'];
    return typeof value === 'string' ? value : null;
  }

  async #read(headersCame: () => void): Promise<number> {
    try {
      const reader = beginSoapRequest({
        method: this.#request.method ?? '',
        contentType: this.#request.headers['content-type'] ?? null,
        soapAction: this.#soapAction,
      });
      const isWhole = await pour(this.#request, reader, headersCame);
      // The information system has gone; nobody will hear the answer.
      if (!isWhole) return Input.TimedOut;
      this.#transfer = finishSoapRequest(reader);
      this.#names = namesOf(this.#transfer.soap);
      return Input.Done;
    } catch (error) {
      if (!(error instanceof SoapError)) throw error;
      this.#refusal = { error, place: Place.ClientRequest };
      return inputOf(Input.Failed, error.reason);
    }
  }

  #answerTo({ fault, relayed }: ClientOutcome): SoapAnswer {
    if (fault === 0 && this.#responded !== null) return answerWithResponse(this.#responded);
    // What this server found wrong itself, after a fault had come, is its own to say.
    if (relayed !== null && readFaultCode(relayed.code).fault === fault) {
      return answerWithFault(relayed.bytes);
    }
    const exact = this.#exactFault === 0 ? fault : this.#exactFault;
    return answerWithFault(faultFor(exact, this.#refusal, this.#view.version));
  }

  #whole(): SoapMessageTransfer {
    if (this.#transfer === null) throw new Error('the message has not been parsed');
    return this.#transfer;
  }
}

/**
 * Reads a body to its end; false: whoever sends it has gone. Not by iterating: to leave a loop in
 * the middle closes the connection, and the fault could not be sent any more.
 */
function pour(request: HttpRequest, reader: SoapReader, messageCame: () => void): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const take = (chunk: Buffer): void => {
      try {
        reader.push(chunk);
        if (reader.soap !== null) messageCame();
      } catch (error) {
        request.off('data', take);
        reject(error as Error);
      }
    };
    request.on('data', take);
    request.once('end', () => resolve(true));
    request.once('close', () => resolve(false));
  });
}
