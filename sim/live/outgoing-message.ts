/**
 * The wire of the consumer's leg: the request as it is written, the response as it comes in, and
 * what the leg hears of it. One connection, one message (facts 2.5).
 */
import { createHash } from 'node:crypto';
import { Input, inputOf } from '../protocol/exchange.ts';
import { Cause, faultOf, Prefix } from '../protocol/fault.ts';
import { formatVersion } from './configuration.ts';
import type { Mailbox } from './driver.ts';
import { readFaultCode } from './fault-code.ts';
import { requestOver } from './loopback.ts';
import type { ClientRequest, HttpRequest, SecureSocket } from './loopback.ts';
import { MessageParts } from './message-parts.ts';
import { tamper } from './sabotage.ts';
import type { DefectName, Sabotage } from './sabotage.ts';
import {
  boundaryOf,
  contentTypeOf,
  makeBoundary,
  MultipartWriter,
  PartType,
  readFault,
} from './transport.ts';
import type { FaultMessage } from './transport.ts';

export interface OutgoingOptions {
  readonly messageId: string;
  readonly requestId: string;
  readonly version: number;
  /** Of the information system's request; empty: none. */
  readonly contentType: string;
  readonly sabotage: Sabotage;
}

const HTTP_ERROR = inputOf(Input.FaultPart, faultOf(Prefix.ClientProxy, Cause.HttpError));
const BROKEN = inputOf(Input.FaultPart, faultOf(Prefix.ClientProxy, Cause.MimeParsingFailed));

export class OutgoingMessage {
  /** What has come of the response; null: nothing. */
  incoming: MessageParts | null = null;
  /** The fault that came instead; null: none. */
  peerFault: FaultMessage | null = null;
  readonly #socket: SecureSocket;
  readonly #mailbox: Mailbox;
  readonly #options: OutgoingOptions;
  readonly #boundary = makeBoundary();
  readonly #request: ClientRequest;
  readonly #writer: MultipartWriter;
  readonly #bodyHash = createHash('sha512');
  #hasBody = false;
  #isOver = false;

  constructor(socket: SecureSocket, mailbox: Mailbox, options: OutgoingOptions) {
    this.#socket = socket;
    this.#mailbox = mailbox;
    this.#options = options;
    this.#request = requestOver(socket, {
      method: this.#isBroken('not-post') ? 'PUT' : 'POST',
      path: '/',
      headers: {
        'content-type': contentTypeOf(this.#boundary),
        'x-hash-algorithm': 'SHA-512',
        'x-proxy-version': formatVersion(options.version),
        'x-original-content-type': options.contentType,
        'x-road-message-type': 'REST',
        'x-road-request-id': options.requestId,
      },
    });
    this.#writer = new MultipartWriter(this.#request, this.#boundary);
    this.#request.on('response', (response) => this.#listen(response));
    // The closing that follows an error tells the leg.
    this.#request.on('error', () => undefined);
    this.#request.on('close', () => this.#peerClosed());
  }

  /** False, here and below: the peer has gone. */
  sendHead(head: Uint8Array): Promise<boolean> {
    if (this.#isBroken('no-message-part')) return Promise.resolve(true);
    return this.#writer.part(PartType.RestRequest, head);
  }

  async beginBody(): Promise<void> {
    this.#hasBody = true;
    await this.#writer.begin(PartType.RestBody);
  }

  sendBody(chunk: Buffer): Promise<boolean> {
    this.#bodyHash.update(chunk);
    return this.#writer.write(this.#isBroken('tampered') ? tamper(chunk) : chunk);
  }

  /** The digest of the body as it came from the information system. */
  async endBody(): Promise<Buffer> {
    await this.#writer.end();
    return this.#bodyHash.digest();
  }

  async sendSignature(signature: string): Promise<void> {
    if (this.#isBroken('broken-multipart')) {
      await this.#writer.write(`--${this.#boundary}\r\nno header of a part\r\n\r\n`);
    }
    if (!this.#isBroken('no-signature')) {
      // Without a body there is nothing to tamper with but the signature itself.
      const isChanged = this.#isBroken('tampered') && !this.#hasBody;
      const sent = isChanged ? signature.replace(/"value":"./, '"value":"_') : signature;
      await this.#writer.part(PartType.Signature, sent);
    }
    await this.#writer.finish();
    this.#request.end();
  }

  /** What was written still leaves; what comes is no longer looked at. */
  close(): void {
    this.#isOver = true;
    this.#socket.destroySoon();
  }

  #listen(response: HttpRequest): void {
    const boundary = boundaryOf(response.headers['content-type'] ?? '');
    const isFault = /^text\/xml\b/.test(response.headers['content-type'] ?? '');
    response.on('error', () => this.#peerClosed());
    if (response.statusCode === 200 && boundary !== null) this.#readMessage(response, boundary);
    else if (response.statusCode === 200 && isFault) this.#readPlainFault(response);
    else {
      response.resume();
      this.#hear(HTTP_ERROR);
    }
  }

  #readMessage(response: HttpRequest, boundary: string): void {
    let isHeard = false;
    const hearHead = (): void => {
      if (!isHeard) this.#hear(Input.ResponseHead);
      isHeard = true;
    };
    const parts = new MessageParts(boundary, {
      headCame: hearHead,
      messagePartCame: () => undefined,
      ended: () => {
        if (parts.fault !== null) {
          this.#hearFault(parts.fault);
          return;
        }
        hearHead();
        this.#hear(Input.ResponseEnd);
      },
    });
    this.incoming = parts;
    response.on('data', (chunk: Buffer) => {
      try {
        parts.push(chunk);
      } catch {
        this.#hear(BROKEN);
        response.destroy();
      }
    });
  }

  #readPlainFault(response: HttpRequest): void {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.once('end', () => this.#hearFault(Buffer.concat(chunks).toString('utf8')));
  }

  #hearFault(xml: string): void {
    this.peerFault = readFault(xml);
    if (this.peerFault === null) this.#hear(HTTP_ERROR);
    else this.#hear(inputOf(Input.FaultPart, readFaultCode(this.peerFault.code).fault));
  }

  #hear(input: number): void {
    if (!this.#isOver) this.#mailbox.post(input);
  }

  #peerClosed(): void {
    this.#hear(Input.PeerClosed);
    this.#isOver = true;
  }

  #isBroken(defect: DefectName): boolean {
    return this.#options.sabotage.has(this.#options.messageId, defect);
  }
}
