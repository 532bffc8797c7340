/**
 * The wire of the provider's leg: the request as it comes in, the response as it is written, and
 * what the leg hears of its peer. The HTTP status between servers is always 200; what went wrong
 * is in the body: a plain fault while nothing else was promised, a part of the multipart message
 * from the call of the information system on (facts 2.3).
 */
import { createHash, X509Certificate } from 'node:crypto';
import { assert } from '../base/assert.ts';
import { Input } from '../protocol/exchange.ts';
import { Cause } from '../protocol/fault.ts';
import { Mailbox } from './driver.ts';
import type { HttpRequest, HttpResponse } from './loopback.ts';
import { digestOf, MessageParts } from './message-parts.ts';
import { forge, tamper, tamperSoap } from './sabotage.ts';
import type { Sabotage } from './sabotage.ts';
import { attachmentName, MESSAGE_NAME } from './signing/message-signature.ts';
import type { MessageSignature, PartDigest } from './signing/message-signature.ts';
import type { SoapMessageTransfer } from './soap/soap-transfer.ts';
import { digestsOf, sendSoapParts } from './soap/soap-wire.ts';
import {
  boundaryOf,
  contentTypeOf,
  makeBoundary,
  MultipartError,
  MultipartWriter,
  PartType,
} from './transport.ts';

/** Who is at the other end, by its certificate. */
export interface Peer {
  readonly certificate: Buffer;
  readonly pem: string;
}

export function peerOf(certificate: Buffer): Peer {
  return { certificate, pem: new X509Certificate(certificate).toString() };
}

/** How the wait for the REST part has ended; `came` also where the message ends without one. */
export type PartArrival = 'came' | 'broken' | 'idle' | 'closed';

export class IncomingMessage {
  readonly mailbox = new Mailbox();
  readonly parts: MessageParts;
  /** Why the multipart message cannot be read; Cause.None: so far it can. */
  broken: Cause = Cause.None;
  /** A fault is now a part, no longer an answer of its own. */
  isMultipart = false;
  readonly #request: HttpRequest;
  readonly #response: HttpResponse;
  readonly #sabotage: Sabotage;
  readonly #idleMs: number;
  readonly #isMessage: boolean;
  readonly #writer: MultipartWriter;
  readonly #boundary = makeBoundary();
  readonly #closed: Promise<void>;
  #settlePart: ((arrival: PartArrival) => void) | null = null;
  #settleIdle: (() => void) | null = null;
  #idleTimer: NodeJS.Timeout | null = null;
  #isPartOpen = false;
  /** What leaves, which is not what was given where the message is tampered with. */
  readonly #sentHash = createHash('sha512');
  readonly #sentParts: PartDigest[] = [];

  constructor(request: HttpRequest, response: HttpResponse, sabotage: Sabotage, idleMs: number) {
    this.#request = request;
    this.#response = response;
    this.#sabotage = sabotage;
    this.#idleMs = idleMs;
    const boundary = boundaryOf(request.headers['content-type'] ?? '');
    this.#isMessage = boundary !== null;
    this.#writer = new MultipartWriter(response, this.#boundary);
    this.parts = new MessageParts(boundary ?? this.#boundary, {
      headCame: () => undefined,
      messagePartCame: () => this.#settlePart?.('came'),
      ended: () => this.#ended(),
    });
    this.#closed = new Promise((resolve) => response.once('close', () => resolve()));
    void this.#closed.then(() => this.#peerClosed());
    request.on('error', () => undefined);
  }

  get method(): string {
    return this.#request.method ?? '';
  }

  /** An empty text where there is none. */
  header(name: string): string {
    return String(this.#request.headers[name] ?? '');
  }

  findHeader(name: string): string | null {
    const value = this.#request.headers[name];
    return typeof value === 'string' ? value : null;
  }

  /** The peer has gone before anything was answered. */
  async gaveUp(): Promise<number> {
    await this.#closed;
    return Input.PeerClosed;
  }

  /** Begins to read; settles when the REST part is there, or cannot come any more. */
  messagePart(): Promise<PartArrival> {
    return new Promise((resolve) => {
      this.#settlePart = resolve;
      if (!this.#isMessage) {
        this.#break(Cause.MimeParsingFailed);
        return;
      }
      this.#windTimer();
      this.#request.on('data', (chunk: Buffer) => this.#read(chunk));
      this.#request.once('end', () => {
        if (!this.parts.isComplete) this.#break(Cause.MimeParsingFailed);
      });
    });
  }

  /** Settles when nothing has come for too long; never, when the rest of the message comes. */
  async idleTimeout(): Promise<number> {
    await new Promise<void>((resolve) => (this.#settleIdle = resolve));
    return Input.TimedOut;
  }

  /** False, here and below: the peer has gone. */
  async sendHead(messageId: string, head: Uint8Array): Promise<boolean> {
    this.#beginMultipart(null);
    this.#sentParts.push({ name: MESSAGE_NAME, digest: digestOf(head) });
    if (this.#isEmpty(messageId)) return true;
    return this.#writer.part(PartType.RestResponse, head);
  }

  async sendBody(messageId: string, chunk: Buffer): Promise<boolean> {
    if (this.#isEmpty(messageId)) return true;
    if (!this.#isPartOpen) await this.#writer.begin(PartType.RestBody);
    this.#isPartOpen = true;
    const isTampered = this.#sabotage.has(messageId, 'response-tampered');
    const sent = isTampered ? tamper(chunk) : chunk;
    this.#sentHash.update(sent);
    return this.#writer.write(sent);
  }

  /** A whole SOAP message. */
  async sendSoap(messageId: string, transfer: SoapMessageTransfer): Promise<boolean> {
    this.#beginMultipart(transfer.contentType);
    const isTampered = this.#sabotage.has(messageId, 'response-tampered');
    const sent = isTampered ? tamperSoap(transfer) : transfer;
    this.#sentParts.push(...digestsOf(sent));
    return this.#isEmpty(messageId) || sendSoapParts(this.#writer, sent);
  }

  async sendEnd(messageId: string, signature: MessageSignature): Promise<void> {
    if (this.#isPartOpen) {
      this.#sentParts.push({ name: attachmentName(1), digest: this.#sentHash.digest() });
    }
    await this.#endPart();
    const isUnsigned = this.#sabotage.has(messageId, 'response-without-signature');
    if (!isUnsigned && !this.#isEmpty(messageId)) {
      const isForged = this.#sabotage.has(messageId, 'response-tampered');
      await this.#writer.signature(isForged ? forge(signature, this.#sentParts) : signature);
    }
    await this.#writer.finish();
    await this.#finish();
  }

  /** `xml`: a SOAP fault, as it is to arrive. */
  async sendFault(xml: Buffer): Promise<void> {
    if (this.#response.destroyed) return;
    if (this.isMultipart) {
      this.#beginMultipart(null);
      await this.#endPart();
      await this.#writer.part(PartType.Soap, xml);
      await this.#writer.finish();
    } else {
      this.#response.writeHead(200, { 'content-type': 'text/xml', connection: 'close' });
      await this.#writer.write(xml);
    }
    await this.#finish();
  }

  /** Without a word. */
  close(): void {
    this.#stopTimer();
    this.#request.socket.destroySoon();
  }

  #read(chunk: Buffer): void {
    if (this.broken !== Cause.None) return;
    this.#idleTimer?.refresh();
    try {
      this.parts.push(chunk);
    } catch (error) {
      this.#break(error instanceof MultipartError ? error.reason : Cause.MimeParsingFailed);
    }
  }

  #ended(): void {
    this.#stopTimer();
    this.#settlePart?.('came');
    this.mailbox.post(Input.MessageEnd);
  }

  #break(reason: Cause): void {
    if (this.broken !== Cause.None) return;
    this.broken = reason;
    this.#stopTimer();
    this.#settlePart?.('broken');
    this.mailbox.post(Input.MessageEnd);
  }

  #peerClosed(): void {
    this.#stopTimer();
    this.#settlePart?.('closed');
    if (!this.#response.writableFinished) this.mailbox.post(Input.PeerClosed);
  }

  #windTimer(): void {
    this.#idleTimer = setTimeout(() => {
      this.#settlePart?.('idle');
      this.#settleIdle?.();
    }, this.#idleMs);
  }

  #stopTimer(): void {
    if (this.#idleTimer !== null) clearTimeout(this.#idleTimer);
    this.#idleTimer = null;
  }

  /** Without a message part nothing may follow. */
  #isEmpty(messageId: string): boolean {
    return this.#sabotage.has(messageId, 'response-without-part');
  }

  /** `originalType`: of what the information system answered; null: nobody needs it. */
  #beginMultipart(originalType: string | null): void {
    if (this.#response.headersSent) return;
    assert(this.isMultipart, 'no part before the information system is called');
    const type = contentTypeOf(this.#boundary);
    this.#response.writeHead(200, {
      'content-type': type,
      'x-hash-algorithm': 'SHA-512',
      ...(originalType === null ? {} : { 'x-original-content-type': originalType }),
      connection: 'close',
    });
  }

  async #endPart(): Promise<void> {
    if (this.#isPartOpen) await this.#writer.end();
    this.#isPartOpen = false;
  }

  /**
   * The answer ends only when the request has: a connection that is closed under a peer that still
   * writes is reset, and the fault would be lost with it.
   */
  async #finish(): Promise<void> {
    const ended = this.#request.readableEnded
      ? Promise.resolve()
      : new Promise<void>((resolve) => this.#request.once('end', () => resolve()));
    this.#stopTimer();
    this.#request.resume();
    const timer = setTimeout(() => this.#request.socket.destroy(), this.#idleMs);
    await Promise.race([ended, this.#closed]);
    clearTimeout(timer);
    if (!this.#response.destroyed) this.#response.end();
    await this.#closed;
  }
}
