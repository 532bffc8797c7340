/**
 * A SOAP message with its attachments, between an information system and its security server: read
 * from the body of an HTTP message, and written into one (facts 2.2, 3.2).
 *
 * Source, read at 7.8: SoapMessageDecoder, ProxyMessage (getSoapContentType, writeSoapContent).
 */
import { Cause } from '../../protocol/fault.ts';
import type { Header } from '../../protocol/message.ts';
import { isContentType, MimeReader, writeMultipart } from './attachments.ts';
import type { MimePart, WrittenPart } from './attachments.ts';
import { readContentType } from './content-type.ts';
import type { ContentType } from './content-type.ts';
import { SoapError, Unlisted } from './soap-error.ts';
import { parseSoap, SOAP_BYTES_MAX, SOAP_TYPES } from './soap-message.ts';
import type { SoapFault, SoapMessage } from './soap-message.ts';

export interface SoapTransfer {
  /** Of the HTTP message: `x-original-content-type` between the servers. */
  readonly contentType: string;
  /** Null: a multipart without any part. */
  readonly soap: SoapMessage | SoapFault | null;
  /** Of the part with the SOAP message, besides its content type; empty without a multipart. */
  readonly headers: readonly Header[];
  readonly attachments: readonly WrittenPart[];
}

/** One that has a message, so that it can be passed on. */
export type SoapMessageTransfer = SoapTransfer & { readonly soap: SoapMessage };

/** What one server has of another's message, after its parts have been collected. */
export interface SoapParts {
  /** The message part, and its content type. */
  readonly head: Buffer;
  readonly contentType: string;
  /** Headers of the message part; its content type may be among them. */
  readonly headers: readonly Header[];
  /** Their content types are among their headers. */
  readonly attachments: readonly {
    readonly headers: readonly Header[];
    readonly content: Buffer;
  }[];
}

/** Of all attachments of a message. X-Road keeps them in files, without a limit. */
const ATTACHMENT_BYTES_MAX = 64 * 1024 * 1024;

/** Reads the body of an HTTP message in chunks; throws SoapError. */
export class SoapReader {
  /** The SOAP message or fault; null: it has not come to its end yet. */
  soap: SoapMessage | SoapFault | null = null;
  #headers: readonly Header[] = [];
  readonly #attachments: WrittenPart[] = [];
  readonly #contentType: string;
  /** Null: the body is the message. */
  readonly #parts: MimeReader | null;
  #part: MimePart = { contentType: null, headers: [] };
  #chunks: Buffer[] = [];
  #length = 0;
  #attachmentBytes = 0;

  constructor(contentType: string | null) {
    const type = contentType === null ? null : readContentType(contentType);
    if (contentType === null || type === null) {
      const text = 'Could not get content type from request';
      throw new SoapError(Cause.InvalidContentType, text, Unlisted.InvalidRequest);
    }
    this.#contentType = contentType;
    this.#parts = this.#readerOf(type);
  }

  push(chunk: Buffer): void {
    if (this.#parts === null) this.#add(chunk);
    else this.#parts.push(chunk);
  }

  finish(): SoapTransfer {
    if (this.#parts === null) this.soap = parseSoap(this.#whole(), this.#contentType);
    else this.#parts.finish();
    return {
      contentType: this.#contentType,
      soap: this.soap,
      headers: this.#headers,
      attachments: this.#attachments,
    };
  }

  #readerOf({ media, boundary }: ContentType): MimeReader | null {
    if (SOAP_TYPES.includes(media)) return null;
    // A multipart without a boundary is one part of a type that no SOAP message has.
    if (media !== 'multipart/related' || boundary === null) {
      throw new SoapError(Cause.InvalidContentType, `Invalid content type: ${media}`);
    }
    return new MimeReader(boundary, {
      partBegins: (part) => this.#begin(part),
      partData: (chunk) => this.#add(chunk),
      partEnds: () => this.#endPart(),
    });
  }

  #begin(part: MimePart): void {
    if (part.contentType === null) {
      throw new SoapError(Cause.InvalidContentType, 'Could not get content type for part');
    }
    this.#part = part;
  }

  #add(chunk: Buffer): void {
    this.#length += chunk.length;
    if (this.soap === null && this.#length > SOAP_BYTES_MAX) {
      throw new SoapError(Cause.InvalidSoap, `a SOAP message longer than ${SOAP_BYTES_MAX} bytes`);
    }
    if (this.soap !== null) this.#attachmentBytes += chunk.length;
    if (this.#attachmentBytes > ATTACHMENT_BYTES_MAX) {
      const text = `attachments of more than ${ATTACHMENT_BYTES_MAX} bytes`;
      throw new SoapError(Cause.MimeParsingFailed, text);
    }
    this.#chunks.push(chunk);
  }

  #endPart(): void {
    const content = this.#whole();
    const contentType = this.#part.contentType ?? '';
    if (this.soap === null) {
      this.soap = parseSoap(content, contentType);
      this.#headers = this.#part.headers;
    } else this.#attachments.push({ contentType, headers: this.#part.headers, content });
  }

  #whole(): Buffer {
    const whole = Buffer.concat(this.#chunks);
    this.#chunks = [];
    this.#length = 0;
    return whole;
  }
}

/** Reads a whole body; throws SoapError. */
export function readTransfer(contentType: string | null, body: Buffer): SoapTransfer {
  const reader = new SoapReader(contentType);
  reader.push(body);
  return reader.finish();
}

/** What has come from another server; throws SoapError. `contentType` is the original one. */
export function transferOfParts(parts: SoapParts, contentType: string): SoapTransfer {
  return {
    contentType,
    soap: parseSoap(parts.head, parts.contentType),
    headers: parts.headers.filter((header) => !isContentType(header)),
    attachments: parts.attachments.map(({ headers, content }) => ({
      contentType: headers.findLast(isContentType)?.value ?? '',
      headers: headers.filter((header) => !isContentType(header)),
      content,
    })),
  };
}

export interface HttpContent {
  readonly contentType: string;
  readonly body: Buffer;
}

const PLAIN_TYPE = 'text/xml; charset=UTF-8';

/** What an information system gets: the message alone, or all parts in the original's frame. */
export function writeTransfer(transfer: SoapMessageTransfer): HttpContent {
  const { contentType, soap, headers, attachments } = transfer;
  const type = readContentType(contentType);
  const isMultipart = type?.media === 'multipart/related';
  if (!isMultipart && attachments.length === 0) {
    return { contentType: PLAIN_TYPE, body: soap.bytes };
  }
  const message = { contentType: soap.contentType, headers, content: soap.bytes };
  const boundary = type?.boundary ?? '';
  return { contentType, body: writeMultipart(boundary, [message, ...attachments]) };
}
