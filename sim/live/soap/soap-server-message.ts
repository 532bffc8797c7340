/** A SOAP message at the provider's server (facts 2.2, 2.3). */
import { assert } from '../../base/assert.ts';
import { Input, inputOf } from '../../protocol/exchange.ts';
import { Cause, faultOf, Prefix } from '../../protocol/fault.ts';
import { findHeader } from '../../protocol/message.ts';
import type { LoggedContent } from '../client-message.ts';
import type { ServerView } from '../configuration.ts';
import type { IncomingMessage } from '../incoming-message.ts';
import type { MessageParts } from '../message-parts.ts';
import { soapMetadata } from '../metadata/metadata-answer.ts';
import { soapMetadataService } from '../metadata/metadata-service.ts';
import type { SoapMetadataService } from '../metadata/metadata-service.ts';
import { headersOf } from '../rest-message.ts';
import { ofAnotherMessage } from '../sabotage.ts';
import type { Sabotage } from '../sabotage.ts';
import type { AskedSystem, ServerMessage } from '../server-message.ts';
import type { PartDigest } from '../signing/message-signature.ts';
import { SystemCall } from '../system-call.ts';
import { namesOf } from './soap-client-side.ts';
import type { SoapNames } from './soap-client-side.ts';
import { Place, SoapError } from './soap-error.ts';
import { largestAttachment, loggedSoap } from './soap-log.ts';
import {
  checkSystemAnswer,
  readPeerRequest,
  readSystemAnswer,
  systemPostOf,
} from './soap-server-side.ts';
import type { SystemAnswerHead } from './soap-server-side.ts';
import type { SoapMessageTransfer } from './soap-transfer.ts';
import { digestsOf, faultFor, signedParts } from './soap-wire.ts';
import type { SoapRefusal } from './soap-wire.ts';

/** What the sender's server says of the information system's HTTP message. */
export interface OriginalHeaders {
  readonly contentType: string;
  /** Null: there was none. */
  readonly soapAction: string | null;
}

/** Of an information system's answer, with its attachments. */
const ANSWER_BYTES_MAX = 80 * 1024 * 1024;

export class SoapServerMessage implements ServerMessage {
  readonly isRest = false;
  /** SOAP services have no endpoints but the whole. */
  readonly method = '';
  readonly path = '';
  readonly #view: ServerView;
  readonly #sabotage: Sabotage;
  readonly #original: OriginalHeaders;
  #request: SoapMessageTransfer | null = null;
  #names: SoapNames | null = null;
  #call: SystemCall | null = null;
  #response: SoapMessageTransfer | null = null;
  #isSent = false;
  /** The service's own fault, which goes on as it is; null: it has answered. */
  #fault: Buffer | null = null;
  #refusal: SoapRefusal | null = null;

  constructor(view: ServerView, sabotage: Sabotage, original: OriginalHeaders) {
    this.#view = view;
    this.#sabotage = sabotage;
    this.#original = original;
  }

  get isRead(): boolean {
    return this.#request !== null;
  }

  get messageId(): string {
    return this.#names?.messageId ?? '';
  }

  get client(): string {
    return this.#names?.client ?? '';
  }

  get provider(): string {
    return this.#names?.provider ?? '';
  }

  get service(): string {
    return this.#names?.service ?? '';
  }

  get targetServer(): string | null {
    return this.#names?.securityServer ?? null;
  }

  get isMetadata(): boolean {
    return this.#metadata !== null;
  }

  read(parts: MessageParts): number {
    try {
      this.#request = this.#requestIn(parts);
      this.#names = this.#request === null ? null : namesOf(this.#request.soap);
      return Input.Done;
    } catch (error) {
      return this.#refuse(error, Place.Provider);
    }
  }

  contentOf(parts: MessageParts): (name: string) => Buffer | null {
    const signed = signedParts(this.#whole(parts));
    return (name) => signed.find((part) => part.name === name)?.content ?? null;
  }

  bytesToLog(parts: MessageParts): number {
    return largestAttachment(this.#whole(parts));
  }

  logged(parts: MessageParts): LoggedContent {
    return loggedSoap(this.#view, this.#whole(parts));
  }

  /** Up to the end of the answer: before that nobody knows whether it is a fault. */
  async forward(parts: MessageParts, system: AskedSystem | null): Promise<number> {
    const request = this.#whole(parts);
    try {
      const input = await (system === null
        ? this.#answerItself(request)
        : this.#ask(request, system));
      if (input !== Input.Done) return input;
    } catch (error) {
      return this.#refuse(error, system === null ? Place.ServerProxy : Place.Provider);
    }
    // To the rules a service's own fault is one more failure of it.
    return this.#fault === null ? Input.Done : inputOf(Input.Failed, Cause.InternalError);
  }

  async send(out: IncomingMessage): Promise<boolean> {
    assert(this.#response !== null, 'nothing to send');
    this.#isSent = true;
    return out.sendSoap(this.messageId, this.#response);
  }

  responseDigests(): PartDigest[] {
    return this.#response === null ? [] : digestsOf(this.#response);
  }

  responseBytesToLog(): number | null {
    return this.#isSent && this.#response !== null ? largestAttachment(this.#response) : null;
  }

  loggedResponse(): LoggedContent | null {
    return this.#isSent && this.#response !== null ? loggedSoap(this.#view, this.#response) : null;
  }

  faultOf(fault: number): Buffer {
    if (this.#fault !== null) return this.#fault;
    const refusal = this.#refusal;
    // What this server fails to answer itself is not called the service's failure.
    const isOwn = refusal?.place === Place.ServerProxy;
    const exact = isOwn ? faultOf(Prefix.ServerProxy, refusal.error.reason) : fault;
    return faultFor(exact, refusal, this.#view.version);
  }

  abandon(): void {
    this.#call?.abandon();
  }

  get #metadata(): SoapMetadataService | null {
    const code = this.#request?.soap.header.service.serviceCode ?? null;
    return code === null ? null : soapMetadataService(code);
  }

  async #answerItself(request: SoapMessageTransfer): Promise<number> {
    const service = this.#metadata;
    assert(service !== null, 'this server answers for metadata alone');
    const { contentType, body } = await soapMetadata(this.#view, this, service, request.soap);
    this.#take(request, { status: 200, contentType }, body);
    return Input.Done;
  }

  async #ask(request: SoapMessageTransfer, { service, url }: AskedSystem): Promise<number> {
    const { headers, body } = systemPostOf(request, this.#original.soapAction);
    const call = new SystemCall(url, {
      head: { verb: 'POST', path: '', query: null, headers },
      path: '',
      body,
      timeoutMs: service.timeoutUs / 1000,
      keepBytesMax: ANSWER_BYTES_MAX,
    });
    this.#call = call;
    const input = await call.answered();
    if (input !== Input.Done || call.answer === null) return input;
    const { status, rawHeaders } = call.answer;
    const head = { status, contentType: findHeader(headersOf(rawHeaders), 'content-type') };
    const isWhole = await call.pipe(async () => true);
    checkSystemAnswer(head);
    if (!isWhole || call.bodyBytes > ANSWER_BYTES_MAX) return inputOf(Input.Failed, Cause.IoError);
    this.#take(request, head, call.body ?? Buffer.alloc(0));
    return Input.Done;
  }

  #take({ soap }: SoapMessageTransfer, head: SystemAnswerHead, body: Buffer): void {
    const answer = readSystemAnswer(soap, head, body);
    if (answer.kind === 'fault') {
      this.#fault = answer.fault;
      return;
    }
    const isInconsistent = this.#sabotage.has(this.messageId, 'response-inconsistent');
    this.#response = isInconsistent ? ofAnotherMessage(answer.transfer) : answer.transfer;
  }

  #requestIn({
    head,
    contentType,
    headers,
    attachments,
  }: MessageParts): SoapMessageTransfer | null {
    if (head === null) return null;
    const { contentType: original } = this.#original;
    return readPeerRequest({ head, contentType, headers, attachments }, original);
  }

  /** With its attachments, which come behind the message. */
  #whole(parts: MessageParts): SoapMessageTransfer {
    assert(this.#request !== null, 'only what has come is looked at');
    if (this.#request.attachments.length < parts.attachments.length) {
      this.#request = this.#requestIn(parts) ?? this.#request;
    }
    return this.#request;
  }

  #refuse(error: unknown, place: Place): number {
    if (!(error instanceof SoapError)) throw error;
    this.#refusal = { error, place };
    return inputOf(Input.Failed, error.reason);
  }
}
