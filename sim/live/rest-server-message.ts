/** A REST message at the provider's server (facts 2.3, 3.1). */
import { assert } from '../base/assert.ts';
import { Input, inputOf } from '../protocol/exchange.ts';
import { Cause, faultOf, Prefix } from '../protocol/fault.ts';
import { parseClientId, subsystemOf } from '../protocol/identifier.ts';
import {
  decodeRequestHead,
  encodeResponseHead,
  findHeader,
  HeaderName,
  parseRequestPath,
  responseHeadFor,
} from '../protocol/message.ts';
import type { RequestHead, ResponseHead, ServicePath } from '../protocol/message.ts';
import type { LoggedContent } from './client-message.ts';
import { parameterOf } from './configuration.ts';
import type { ServerView } from './configuration.ts';
import type { IncomingMessage } from './incoming-message.ts';
import { digestOf } from './message-parts.ts';
import type { MessageParts } from './message-parts.ts';
import { LocalResponse } from './metadata/local-response.ts';
import type { RestSource } from './metadata/local-response.ts';
import { restMetadata } from './metadata/metadata-answer.ts';
import { restMetadataService } from './metadata/metadata-service.ts';
import type { RestMetadataService } from './metadata/metadata-service.ts';
import { contentOf, hashRequest, headersOf, plainId } from './rest-message.ts';
import type { Sabotage } from './sabotage.ts';
import type { AskedSystem, ServerMessage } from './server-message.ts';
import { attachmentName, MESSAGE_NAME } from './signing/message-signature.ts';
import type { PartDigest } from './signing/message-signature.ts';
import { Place } from './soap/soap-error.ts';
import { faultFor } from './soap/soap-wire.ts';
import { SystemCall } from './system-call.ts';

export class RestServerMessage implements ServerMessage {
  readonly isRest = true;
  readonly targetServer = null;
  readonly #view: ServerView;
  readonly #sabotage: Sabotage;
  #head: RequestHead | null = null;
  #target: ServicePath | null = null;
  #source: RestSource | null = null;
  #responseHead: Uint8Array | null = null;
  #requestHash = '';

  constructor(view: ServerView, sabotage: Sabotage) {
    this.#view = view;
    this.#sabotage = sabotage;
  }

  get isRead(): boolean {
    return this.#head !== null;
  }

  get messageId(): string {
    return findHeader(this.#head?.headers ?? [], HeaderName.Id) ?? '';
  }

  get client(): string {
    const text = findHeader(this.#head?.headers ?? [], HeaderName.Client) ?? '';
    const id = parseClientId(text);
    return id === null ? '' : plainId(id);
  }

  get provider(): string {
    return this.#target === null ? '' : plainId(subsystemOf(this.#target.service));
  }

  get service(): string {
    return this.#target === null ? '' : plainId(this.#target.service);
  }

  get isMetadata(): boolean {
    return this.#metadata !== null;
  }

  get method(): string {
    return this.#head?.verb ?? '';
  }

  get path(): string {
    return this.#target?.path ?? '';
  }

  read({ head }: MessageParts): number {
    this.#head = head === null ? null : decodeRequestHead(head);
    this.#target = this.#head === null ? null : parseRequestPath(this.#head.path);
    const isUnreadable = head !== null && this.#target === null;
    return isUnreadable ? inputOf(Input.Failed, Cause.InternalError) : Input.Done;
  }

  contentOf({ head, body }: MessageParts): (name: string) => Buffer | null {
    return contentOf(head, body);
  }

  bytesToLog({ body }: MessageParts): number {
    return body?.length ?? 0;
  }

  logged({ head, body }: MessageParts): LoggedContent {
    return this.#content(head ?? new Uint8Array(0), body);
  }

  /** The call of the information system, up to the head of its answer. */
  forward({ head, digests, body }: MessageParts, system: AskedSystem | null): Promise<number> {
    assert(this.#head !== null, 'only what has come is answered');
    const bodyDigest = digests.find(({ name }) => name === attachmentName(1))?.digest ?? null;
    this.#requestHash = hashRequest(head ?? new Uint8Array(0), bodyDigest);
    this.#source =
      system === null ? this.#localAnswer(this.#head) : this.#callOf(this.#head, body, system);
    return this.#source.answered();
  }

  /** Head and body of the response, while the information system still writes. */
  async send(out: IncomingMessage): Promise<boolean> {
    const source = this.#source;
    assert(source !== null && source.answer !== null && this.#head !== null, 'nothing to send');
    const { status, reason, rawHeaders } = source.answer;
    const plain = { status, reason, headers: headersOf(rawHeaders) };
    const made = responseHeadFor(plain, this.#head, this.#requestHash);
    const isInconsistent = this.#sabotage.has(this.messageId, 'response-inconsistent');
    const sent = isInconsistent ? ofAnotherRequest(made) : made;
    this.#responseHead = encodeResponseHead(sent);
    if (!(await out.sendHead(this.messageId, this.#responseHead))) return false;
    return source.pipe((chunk) => out.sendBody(this.messageId, chunk));
  }

  responseDigests(): PartDigest[] {
    const parts: PartDigest[] = [];
    if (this.#responseHead !== null) {
      parts.push({ name: MESSAGE_NAME, digest: digestOf(this.#responseHead) });
    }
    const bodyDigest = this.#source?.bodyDigest ?? null;
    if (bodyDigest !== null) parts.push({ name: attachmentName(1), digest: bodyDigest });
    return parts;
  }

  responseBytesToLog(): number | null {
    return this.#responseHead === null ? null : (this.#source?.bodyBytes ?? 0);
  }

  loggedResponse(): LoggedContent | null {
    if (this.#responseHead === null) return null;
    return this.#content(this.#responseHead, this.#source?.body ?? null);
  }

  faultOf(fault: number): Buffer {
    const error = this.#source instanceof LocalResponse ? this.#source.error : null;
    if (error === null) return faultFor(fault, null, this.#view.version);
    const exact = faultOf(Prefix.ServerProxy, error.reason);
    return faultFor(exact, { error, place: Place.ServerProxy }, this.#view.version);
  }

  abandon(): void {
    this.#source?.abandon();
  }

  get #metadata(): RestMetadataService | null {
    if (this.#target === null) return null;
    return restMetadataService(this.method, this.#target.service.serviceCode);
  }

  #localAnswer({ query, headers }: RequestHead): LocalResponse {
    const service = this.#metadata;
    assert(service !== null, 'this server answers for metadata alone');
    return new LocalResponse(() => restMetadata(this.#view, this, service, query), headers);
  }

  #callOf(head: RequestHead, body: Buffer | null, { service, url }: AskedSystem): SystemCall {
    return new SystemCall(url, {
      head,
      path: this.path,
      body,
      timeoutMs: service.timeoutUs / 1000,
      keepBytesMax: parameterOf(this.#view, 'loggableBodyMax'),
    });
  }

  #content(head: Uint8Array, body: Buffer | null): LoggedContent {
    return {
      message: Buffer.from(head).toString('utf8'),
      body: this.#view.parameters.bodyLogging === true ? body : null,
      attachments: null,
    };
  }
}

function ofAnotherRequest(head: ResponseHead): ResponseHead {
  const headers = head.headers.map(({ name, value }) =>
    name === HeaderName.Id ? { name, value: `${value}-of-another` } : { name, value },
  );
  return { ...head, headers };
}
