/**
 * The request hash of a SOAP response (facts 3.2): SHA-512 over the bytes of the request's SOAP
 * message, without its attachments, in base64. The provider's server writes it into the header of
 * what the information system answered, behind the message's id, and so writes that answer anew:
 * empty elements get an end tag, attributes double quotes, instructions go, and line ends become
 * LF. What it writes is what is signed.
 *
 * Source, read at 7.8: ServerMessageProcessor.ResponseSoapParserImpl, SaxSoapParserImpl (what is
 * written when isProcessedXmlRequired), ClientMessageProcessor.checkRequestHash; and the recorded
 * exchange wire-7.8/3. Unlike X-Road's, the result is UTF-8 whatever charset the answer came in,
 * because that is what its declaration says.
 */
import { createHash } from 'node:crypto';
import { decodeSoap, ENVELOPE_NAMESPACE } from './soap-message.ts';
import { XROAD_NAMESPACE } from './soap-header.ts';
import type { RequestHash } from './soap-header.ts';
import { localName, tokensOf, writeStartTag } from './xml-tokens.ts';
import type { XmlToken } from './xml-tokens.ts';

export const HASH_ALGORITHM = 'http://www.w3.org/2001/04/xmlenc#sha512';
const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';

export function requestHashOf(request: Uint8Array): string {
  return createHash('sha512').update(request).digest('base64');
}

/** Compared as bytes: a hash may be broken into lines. */
export function isHashOf({ hash }: RequestHash, request: Uint8Array): boolean {
  return Buffer.from(hash, 'base64').toString('base64') === requestHashOf(request);
}

/** The response with the hash in it, and without any that stood there. */
export function withRequestHash(response: Uint8Array, hash: string): Buffer {
  const writer = new HashWriter(hash);
  for (const token of tokensOf(normalised(response))) writer.take(token);
  return Buffer.from(`${DECLARATION}${writer.written}\n`, 'utf8');
}

class HashWriter {
  written = '';
  readonly #hash: string;
  #inHeader = false;
  #inOldHash = false;
  /** What separates the fields of the header: its first white space. */
  #indent: string | null = null;
  /** Attributes of the id, which its end tag does not show any more. */
  #idAttributes: XmlToken['attributes'] = [];

  constructor(hash: string) {
    this.#hash = hash;
  }

  take(token: XmlToken): void {
    if (token.depth === 1 && isSoap(token, 'Header')) this.#inHeader = token.kind === 'start';
    if (this.#inHeader && isField(token, 'requestHash')) {
      this.#inOldHash = token.kind === 'start';
      return;
    }
    if (this.#inOldHash) return;
    switch (token.kind) {
      case 'start':
        if (isField(token, 'id')) this.#idAttributes = token.attributes;
        this.written += writeStartTag(token.name, token.attributes);
        break;
      case 'end':
        this.written += `</${token.name}>`;
        if (this.#inHeader && isField(token, 'id')) this.#writeHash(token.name);
        break;
      case 'other':
        break;
      default:
        this.#writeContent(token);
    }
  }

  #writeContent({ kind, raw, depth }: XmlToken): void {
    // Comments are all that is kept of what stands outside of the root.
    if (depth === 0 && kind !== 'comment') return;
    if (this.#inHeader && kind === 'text' && raw.trim() === '') this.#indent ??= raw;
    this.written += raw;
  }

  /** With the prefix of the id, which is of the same namespace. */
  #writeHash(idName: string): void {
    const name = idName.replace(/[^:]+$/, 'requestHash');
    const algorithm = { name: 'algorithmId', value: HASH_ALGORITHM };
    const tag = writeStartTag(name, [...this.#idAttributes, algorithm]);
    this.written += `${this.#indent ?? ''}${tag}${this.#hash}</${name}>`;
  }
}

const isSoap = (token: XmlToken, local: string): boolean =>
  token.namespace === ENVELOPE_NAMESPACE && localName(token) === local;

const isField = (token: XmlToken, local: string): boolean =>
  token.depth === 2 && token.namespace === XROAD_NAMESPACE && localName(token) === local;

/** XML 1.0, 2.11: line ends are one character. */
const normalised = (bytes: Uint8Array): string =>
  decodeSoap(bytes).replaceAll('\r\n', '\n').replaceAll('\r', '\n');
