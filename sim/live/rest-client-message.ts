/** A REST message at the consumer's server (facts 2.1, 3.1). */
import { randomUUID } from 'node:crypto';
import { Input } from '../protocol/exchange.ts';
import { parseClientId, parseServerId, subsystemOf } from '../protocol/identifier.ts';
import {
  decodeResponseHead,
  defaultMessageId,
  encodeRequestHead,
  HeaderName,
  inconsistencyOf,
  parseRequestPath,
  requestHeadFor,
} from '../protocol/message.ts';
import type { RequestHead, ServicePath } from '../protocol/message.ts';
import { passOn, refuse } from './client-answer.ts';
import type { ClientMessage, ClientOutcome, LoggedContent } from './client-message.ts';
import { isBodyLoggable } from './configuration.ts';
import type { ServerView } from './configuration.ts';
import type { HttpRequest, HttpResponse } from './loopback.ts';
import { digestOf } from './message-parts.ts';
import type { MessageParts } from './message-parts.ts';
import type { OutgoingMessage } from './outgoing-message.ts';
import { contentOf, hashRequest, headersOf, plainId } from './rest-message.ts';
import { attachmentName, MESSAGE_NAME } from './signing/message-signature.ts';
import type { PartDigest } from './signing/message-signature.ts';

export class RestClientMessage implements ClientMessage {
  readonly isRest = true;
  readonly messageId: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly #view: ServerView;
  readonly #request: HttpRequest;
  readonly #head: RequestHead;
  readonly #headBytes: Uint8Array;
  #target: ServicePath | null = null;
  #client: string | null = null;
  #bodyDigest: Buffer | null = null;
  #body: Buffer[] = [];
  #bodyBytes = 0;

  constructor(view: ServerView, request: HttpRequest, requestId: string) {
    this.#view = view;
    this.#request = request;
    const given = request.headers[HeaderName.Id];
    const byDefault = defaultMessageId(view.instance, randomUUID());
    this.messageId = typeof given === 'string' ? given : byDefault;
    this.#head = requestHeadFor(headOf(request), requestId, this.messageId);
    this.#headBytes = encodeRequestHead(this.#head);
    this.headers = {
      'x-road-message-type': 'REST',
      'x-original-content-type': request.headers['content-type'] ?? '',
    };
  }

  get isAddressed(): boolean {
    return this.#target !== null;
  }

  get client(): string | null {
    return this.#client;
  }

  get provider(): string {
    return this.#target === null ? '' : plainId(subsystemOf(this.#target.service));
  }

  get targetServer(): string | null {
    const named = this.#request.headers[HeaderName.SecurityServer];
    if (named === undefined) return null;
    const id = typeof named === 'string' ? parseServerId(named) : null;
    // A name that cannot be read is the name of no server.
    return id === null ? '' : plainId(id);
  }

  get bytesToLog(): number {
    return this.#bodyBytes;
  }

  /** Facts 2.1 steps 4 and 6. */
  async parse(): Promise<number> {
    const client = this.#request.headers[HeaderName.Client];
    const id = typeof client === 'string' ? parseClientId(client) : null;
    this.#target = parseRequestPath(this.#head.path);
    this.#client = id === null ? null : plainId(id);
    return Input.Done;
  }

  /** Head and body, while the information system is still uploading. */
  async send(out: OutgoingMessage): Promise<boolean> {
    let isWell = await out.sendHead(this.#headBytes);
    const { headers } = this.#request;
    const length = headers['content-length'];
    const hasBody = headers['transfer-encoding'] !== undefined || Number(length ?? 0) > 0;
    if (!hasBody) return isWell;
    try {
      await out.beginBody();
      for await (const chunk of this.#request as AsyncIterable<Buffer>) {
        this.#bodyBytes += chunk.length;
        // What is too large to be logged is refused later, and need not be kept until then.
        if (isBodyLoggable(this.#view, this.#bodyBytes)) this.#body.push(chunk);
        isWell = await out.sendBody(chunk);
        if (!isWell) break;
      }
      this.#bodyDigest = await out.endBody();
    } catch {
      // The information system has gone in the middle of its request.
      isWell = false;
    }
    return isWell;
  }

  digests(): PartDigest[] {
    const parts: PartDigest[] = [{ name: MESSAGE_NAME, digest: digestOf(this.#headBytes) }];
    if (this.#bodyDigest !== null) {
      parts.push({ name: attachmentName(1), digest: this.#bodyDigest });
    }
    return parts;
  }

  logged(): LoggedContent {
    return this.#content(this.#headBytes, Buffer.concat(this.#body));
  }

  canRead(): boolean {
    return true;
  }

  contentOf({ head, body }: MessageParts): (name: string) => Buffer | null {
    return contentOf(head, body);
  }

  /** Facts 2.1 step 19. */
  isConsistent({ head }: MessageParts): boolean {
    const response = decodeResponseHead(head ?? NO_BYTES);
    if (response === null) return false;
    const hash = hashRequest(this.#headBytes, this.#bodyDigest);
    return inconsistencyOf(this.#head, hash, response) === null;
  }

  loggedOf({ head, body }: MessageParts): LoggedContent {
    return this.#content(head ?? NO_BYTES, body);
  }

  responseBytesToLog({ body }: MessageParts): number {
    return body?.length ?? 0;
  }

  answer(response: HttpResponse, outcome: ClientOutcome): void {
    if (outcome.fault === 0) passOn(response, outcome.parts);
    else refuse(this.#view, this.#request, response, outcome);
  }

  #content(head: Uint8Array, body: Buffer | null): LoggedContent {
    return {
      message: Buffer.from(head).toString('utf8'),
      body: this.#view.parameters.bodyLogging === true ? body : null,
      attachments: null,
    };
  }
}

const NO_BYTES = new Uint8Array(0);

function headOf(request: HttpRequest): RequestHead {
  const [path, ...query] = (request.url ?? '').split('?');
  return {
    verb: request.method ?? 'GET',
    path,
    query: query.length === 0 ? null : query.join('?'),
    headers: headersOf(request.rawHeaders),
  };
}
