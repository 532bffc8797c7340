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
import { digestOf, MessageParts } from './message-parts.ts';
import { readPlainFault } from './soap/soap-client-side.ts';
import { SoapError } from './soap/soap-error.ts';
import type { SoapFault } from './soap/soap-message.ts';
import type { SoapMessageTransfer } from './soap/soap-transfer.ts';
import { digestsOf, sendSoapParts } from './soap/soap-wire.ts';
import { forge, tamper, tamperSoap } from './sabotage.ts';
import type { DefectName, Sabotage } from './sabotage.ts';
import { attachmentName, MESSAGE_NAME } from './signing/message-signature.ts';
import type { MessageSignature, PartDigest } from './signing/message-signature.ts';
import { boundaryOf, contentTypeOf, makeBoundary, MultipartWriter, PartType } from './transport.ts';

export interface OutgoingOptions {
  readonly messageId: string;
  readonly requestId: string;
  readonly version: number;
  /** Of the HTTP message, besides those that all messages have. */
  readonly headers: Readonly<Record<string, string>>;
  /** About the certificate with which this server shows up, and the authorities above it. */
  readonly ocspResponses: readonly Buffer[];
  readonly sabotage: Sabotage;
  /** Asked when the whole response is there. */
  readonly canRead: (response: HeardResponse) => boolean;
}

/** A response as it came. */
export interface HeardResponse {
  readonly parts: MessageParts;
  /** `x-original-content-type`; empty: there is none. */
  readonly contentType: string;
}

const HTTP_ERROR = inputOf(Input.FaultPart, faultOf(Prefix.ClientProxy, Cause.HttpError));
const BROKEN = inputOf(Input.FaultPart, faultOf(Prefix.ClientProxy, Cause.MimeParsingFailed));

export class OutgoingMessage {
  /** What has come of the response; null: nothing. */
  incoming: MessageParts | null = null;
  /** The fault that came instead; null: none. */
  peerFault: SoapFault | null = null;
  readonly #socket: SecureSocket;
  readonly #mailbox: Mailbox;
  readonly #options: OutgoingOptions;
  readonly #boundary = makeBoundary();
  readonly #request: ClientRequest;
  readonly #writer: MultipartWriter;
  readonly #bodyHash = createHash('sha512');
  /** What leaves, which is not what was given where the message is tampered with. */
  readonly #sentHash = createHash('sha512');
  readonly #sentParts: PartDigest[] = [];
  #isOver = false;

  constructor(socket: SecureSocket, mailbox: Mailbox, options: OutgoingOptions) {
    this.#socket = socket;
    this.#mailbox = mailbox;
    this.#options = options;
    this.#request = requestOver(socket, {
      method: this.#isBroken('not-post') ? 'PUT' : 'POST',
      path: '/',
      headers: {
        ...options.headers,
        'x-hash-algorithm': 'SHA-512',
        'x-road-request-id': options.requestId,
        'x-proxy-version': formatVersion(options.version),
        'content-type': contentTypeOf(this.#boundary),
      },
    });
    this.#writer = new MultipartWriter(this.#request, this.#boundary);
    this.#request.on('response', (response) => this.#listen(response));
    // The closing that follows an error tells the leg.
    this.#request.on('error', () => undefined);
    this.#request.on('close', () => this.#peerClosed());
  }

  /** With the OCSP parts before it. False, here and below: the peer has gone. */
  async sendHead(head: Uint8Array): Promise<boolean> {
    await this.#sendAnswers();
    this.#sentParts.push({ name: MESSAGE_NAME, digest: digestOf(head) });
    if (this.#isEmpty()) return true;
    return this.#writer.part(PartType.RestRequest, head);
  }

  /** A whole SOAP message, with the OCSP parts before it. */
  async sendSoap(transfer: SoapMessageTransfer): Promise<boolean> {
    await this.#sendAnswers();
    const sent = this.#isBroken('tampered') ? tamperSoap(transfer) : transfer;
    this.#sentParts.push(...digestsOf(sent));
    if (this.#isEmpty()) return true;
    const isWell = await sendSoapParts(this.#writer, sent);
    // The peer admits the message while this server signs, as it does where a body follows.
    return isWell && (this.#isBroken('no-signature') || this.#writer.announce());
  }

  async beginBody(): Promise<void> {
    if (!this.#isEmpty()) await this.#writer.begin(PartType.RestBody);
  }

  async sendBody(chunk: Buffer): Promise<boolean> {
    this.#bodyHash.update(chunk);
    const sent = this.#isBroken('tampered') ? tamper(chunk) : chunk;
    this.#sentHash.update(sent);
    return this.#isEmpty() || this.#writer.write(sent);
  }

  /** The digest of the body as it came from the information system. */
  async endBody(): Promise<Buffer> {
    if (!this.#isEmpty()) await this.#writer.end();
    this.#sentParts.push({ name: attachmentName(1), digest: this.#sentHash.digest() });
    return this.#bodyHash.digest();
  }

  async sendSignature(signature: MessageSignature): Promise<void> {
    if (this.#isBroken('broken-multipart')) {
      await this.#writer.write(`--${this.#boundary}\r\nno header of a part\r\n\r\n`);
    }
    if (!this.#isBroken('no-signature') && !this.#isEmpty()) {
      const isForged = this.#isBroken('tampered');
      await this.#writer.signature(isForged ? forge(signature, this.#sentParts) : signature);
    }
    await this.#writer.finish();
    this.#request.end();
  }

  /** What was written still leaves; what comes is no longer looked at. */
  close(): void {
    this.#isOver = true;
    this.#socket.destroySoon();
  }

  async #sendAnswers(): Promise<void> {
    for (const response of this.#options.ocspResponses) {
      await this.#writer.part(PartType.Ocsp, response);
    }
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
        const contentType = String(response.headers['x-original-content-type'] ?? '');
        const isRead = this.#options.canRead({ parts, contentType });
        // To the rules a response that cannot be read is one that breaks off.
        this.#hear(isRead ? Input.ResponseEnd : Input.PeerClosed);
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
    response.once('end', () => this.#hearFault(Buffer.concat(chunks)));
  }

  #hearFault(xml: Buffer): void {
    try {
      this.peerFault = readPlainFault(xml);
    } catch (error) {
      if (!(error instanceof SoapError)) throw error;
      this.#hear(HTTP_ERROR);
      return;
    }
    this.#hear(inputOf(Input.FaultPart, readFaultCode(this.peerFault.code).fault));
  }

  #hear(input: number): void {
    if (!this.#isOver) this.#mailbox.post(input);
  }

  #peerClosed(): void {
    this.#hear(Input.PeerClosed);
    this.#isOver = true;
  }

  /** Without a message part nothing may follow: all that comes are the OCSP parts. */
  #isEmpty(): boolean {
    return this.#isBroken('no-message-part');
  }

  #isBroken(defect: DefectName): boolean {
    return this.#options.sabotage.has(this.#options.messageId, defect);
  }
}
