/**
 * What has come of a message between security servers: its parts, collected as they stream in. What
 * may follow what is X-Road's own order (facts 3.3; PX/protocol/ProxyMessageDecoder): a part that
 * may be left out may be left out, but none may come late, and none of an unknown kind may come.
 */
import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { Cause } from '../protocol/fault.ts';
import type { Header } from '../protocol/message.ts';
import { membersOf, readDer, Tag } from './evidence/der.ts';
import { EvidenceError } from './evidence/evidence-error.ts';
import { attachmentName, MESSAGE_NAME } from './signing/message-signature.ts';
import type { MessageSignature, PartDigest } from './signing/message-signature.ts';
import { SoapError } from './soap/soap-error.ts';
import { parseSoap } from './soap/soap-message.ts';
import { boundaryOf, MultipartError, MultipartReader, PartType } from './transport.ts';

export interface PartEvents {
  /** The head of the first part that is no fault has come. */
  headCame: () => void;
  /** The REST or SOAP part has come to its end. */
  messagePartCame: () => void;
  ended: () => void;
}

/** Of a SOAP message. */
export interface Attachment {
  readonly headers: readonly Header[];
  readonly content: Buffer;
  /** SHA-512 of the content. */
  readonly digest: Buffer;
}

/** The order of the parts. Attachments are read by a reader of their own, inside of their part. */
const Place = { Ocsp: 0, Message: 1, Body: 2, ChainResult: 3, Chain: 4, Signature: 5 } as const;

const PLACES: Readonly<Record<string, number>> = {
  [PartType.Ocsp]: Place.Ocsp,
  [PartType.RestRequest]: Place.Message,
  [PartType.RestResponse]: Place.Message,
  [PartType.Soap]: Place.Message,
  [PartType.SoapWithReferences]: Place.Message,
  [PartType.RestBody]: Place.Body,
  [PartType.Attachments]: Place.Body,
  [PartType.HashChainResult]: Place.ChainResult,
  [PartType.HashChain]: Place.Chain,
  [PartType.Signature]: Place.Signature,
};

/** More than any chain of authorities has. */
const OCSP_RESPONSES_MAX = 20;
const ATTACHMENTS_MAX = 1000;
/** Of every part but SOAP messages, bodies and attachments; real ones have some KiB. */
const SMALL_BYTES_MAX = 1 << 20;
const LARGE: readonly string[] = [
  PartType.Soap,
  PartType.SoapWithReferences,
  PartType.RestBody,
  PartType.Attachments,
];

export class MessageParts {
  /** DER, of the certificates with which the sender shows up. */
  readonly ocspResponses: Buffer[] = [];
  /** The head of a REST message, or a SOAP message, as it was signed; null: none has come. */
  head: Buffer | null = null;
  /** What the message part said to be; empty: none has come. */
  contentType = '';
  /** All headers of the message part. */
  headers: readonly Header[] = [];
  /** Of a REST message; null: there is none. */
  body: Buffer | null = null;
  readonly attachments: Attachment[] = [];
  /** As it came, and as it is passed on; null: none. */
  fault: Buffer | null = null;
  readonly #events: PartEvents;
  readonly #reader: MultipartReader;
  readonly #digests: PartDigest[] = [];
  #signature: string | null = null;
  #hashChainResult: string | null = null;
  #hashChain: string | null = null;
  #type = '';
  /** The same with its parameters, such as the charset. */
  #partType = '';
  /** The first place that may still be taken. */
  #nextPlace: number = Place.Ocsp;
  #content = new PartContent();
  #attachmentReader: MultipartReader | null = null;
  #hasHead = false;

  constructor(boundary: string, events: PartEvents) {
    this.#events = events;
    this.#reader = new MultipartReader(boundary, {
      partBegins: (type, headers) => this.#begin(type, headers),
      partData: (chunk) => {
        if (this.#attachmentReader === null) this.#take(chunk);
        else this.#attachmentReader.push(chunk);
      },
      partEnds: () => this.#end(),
      messageEnds: () => events.ended(),
    });
  }

  get isComplete(): boolean {
    return this.#reader.isComplete;
  }

  /** Null: no signature has come. */
  get signature(): MessageSignature | null {
    if (this.#signature === null) return null;
    return {
      xml: this.#signature,
      hashChainResult: this.#hashChainResult,
      hashChain: this.#hashChain,
    };
  }

  /** Of all parts that the signature must cover. */
  get digests(): readonly PartDigest[] {
    return this.#digests;
  }

  /** Throws MultipartError where the message is broken. */
  push(chunk: Buffer): void {
    this.#reader.push(chunk);
  }

  #begin(contentType: string, headers: readonly Header[]): void {
    this.#partType = contentType;
    this.#type = mediaTypeOf(contentType);
    this.#content = new PartContent();
    this.#takePlace();
    if (this.#isMessage()) {
      this.contentType = contentType;
      this.headers = headers;
    }
    if (this.#type === PartType.Attachments) this.#readAttachments(contentType);
    // Only at its end it shows whether a SOAP part is a fault.
    if (this.#type !== PartType.Soap) this.#hearHead();
  }

  #take(chunk: Buffer): void {
    this.#content.add(chunk);
    if (this.#content.byteCount > SMALL_BYTES_MAX && !LARGE.includes(this.#type)) {
      throw new MultipartError(`${this.#type} of more than ${SMALL_BYTES_MAX} bytes`);
    }
  }

  #takePlace(): void {
    if (this.#nextPlace > Place.Signature) {
      throw new MultipartError('a part after the signature', Cause.InvalidMessage);
    }
    const isFault = this.#type === PartType.Soap && this.#nextPlace > Place.Message;
    const place = isFault ? Place.Signature : (PLACES[this.#type] ?? -1);
    const isEarly = this.#nextPlace <= Place.Message && place > Place.Message;
    if (place < this.#nextPlace || isEarly) {
      throw new MultipartError(`${this.#type} does not belong there`, Cause.InvalidContentType);
    }
    this.#nextPlace = place === Place.Ocsp ? Place.Ocsp : place + 1;
  }

  /** The part that is being read is the message, and no fault in its place. */
  #isMessage(): boolean {
    return this.#nextPlace === Place.Message + 1;
  }

  #hearHead(): void {
    if (this.#hasHead || this.#type === PartType.Ocsp) return;
    this.#hasHead = true;
    this.#events.headCame();
  }

  #end(): void {
    if (this.#attachmentReader !== null) {
      const { isComplete } = this.#attachmentReader;
      this.#attachmentReader = null;
      if (!isComplete) throw new MultipartError('the attachments break off');
      return;
    }
    const content = this.#content.whole();
    this.#content = new PartContent();
    switch (this.#type) {
      case PartType.Ocsp:
        this.#takeOcsp(content);
        break;
      case PartType.RestBody:
        this.body = content.bytes;
        this.#digests.push({ name: attachmentName(1), digest: content.digest });
        break;
      case PartType.HashChainResult:
        this.#hashChainResult = content.bytes.toString('utf8');
        break;
      case PartType.HashChain:
        this.#hashChain = content.bytes.toString('utf8');
        break;
      case PartType.Signature:
        this.#signature = content.bytes.toString('utf8');
        break;
      default:
        this.#endMessage(content);
    }
  }

  #endMessage(content: WholePart): void {
    const { bytes, digest } = content;
    if (this.#type === PartType.Soap && isFault(bytes, this.#partType)) {
      this.fault = bytes;
      return;
    }
    if (!this.#isMessage()) throw new MultipartError('no fault where one belongs');
    this.head = bytes;
    this.#digests.push({ name: MESSAGE_NAME, digest });
    this.#hearHead();
    this.#events.messagePartCame();
  }

  /** Of an answer that cannot be read X-Road says that reading failed. */
  #takeOcsp({ bytes }: WholePart): void {
    try {
      membersOf(readDer(bytes), Tag.Sequence);
    } catch (error) {
      if (!(error instanceof EvidenceError)) throw error;
      throw new MultipartError('an OCSP response is none', Cause.IoError);
    }
    if (this.ocspResponses.length >= OCSP_RESPONSES_MAX) {
      throw new MultipartError(`more than ${OCSP_RESPONSES_MAX} OCSP responses`);
    }
    this.ocspResponses.push(bytes);
  }

  #readAttachments(contentType: string): void {
    const boundary = boundaryOf(contentType);
    if (boundary === null) throw new MultipartError('attachments without a boundary');
    let headers: readonly Header[] = [];
    let content = new PartContent();
    this.#attachmentReader = new MultipartReader(boundary, {
      partBegins: (_type, begun) => {
        headers = begun;
        content = new PartContent();
      },
      partData: (chunk) => content.add(chunk),
      partEnds: () => {
        const { bytes, digest } = content.whole();
        if (this.attachments.length >= ATTACHMENTS_MAX) {
          throw new MultipartError(`more than ${ATTACHMENTS_MAX} attachments`);
        }
        this.attachments.push({ headers, content: bytes, digest });
        this.#digests.push({ name: attachmentName(this.attachments.length), digest });
      },
      messageEnds: () => undefined,
    });
  }
}

interface WholePart {
  readonly bytes: Buffer;
  /** SHA-512. */
  readonly digest: Buffer;
}

/** Hashed while it comes, so that nothing is read twice. */
class PartContent {
  byteCount = 0;
  readonly #chunks: Buffer[] = [];
  readonly #hash: Hash = createHash('sha512');

  add(chunk: Buffer): void {
    this.byteCount += chunk.length;
    this.#chunks.push(chunk);
    this.#hash.update(chunk);
  }

  whole(): WholePart {
    return { bytes: Buffer.concat(this.#chunks), digest: this.#hash.digest() };
  }
}

/**
 * By its place in the envelope: a message may well have an element called `faultcode`. What cannot
 * be read is no fault; whoever reads the message says what is wrong with it.
 */
function isFault(bytes: Buffer, contentType: string): boolean {
  // A zero byte: not UTF-8, so that the word is not found as it is written here.
  if (!bytes.includes('Fault') && !bytes.includes(0)) return false;
  try {
    return parseSoap(bytes, contentType).kind === 'fault';
  } catch (error) {
    if (error instanceof SoapError) return false;
    throw error;
  }
}

const mediaTypeOf = (contentType: string): string => contentType.split(';')[0].trim().toLowerCase();

export function digestOf(content: string | Uint8Array): Buffer {
  return createHash('sha512').update(content).digest();
}
