/**
 * The protocol between two security servers: multipart messages, written and read as streams
 * (facts 3.3). What may follow what is in message-parts.ts.
 *
 *   request    application/ocsp-response *      of the certificates with which the sender shows up
 *              application/x-road-rest-request | text/xml | application/xop+xml
 *              application/x-road-rest-body | multipart/mixed    the body, or SOAP's attachments
 *              application/hash-chain-result, application/hash-chain    unless it is signed alone
 *              signature/bdoc-1.0/ts
 *   response   the same without OCSP, and application/x-road-rest-response
 *   fault      text/xml, instead of whatever has not been written yet
 */
import { randomInt } from 'node:crypto';
import type { Writable } from 'node:stream';
import { Cause } from '../protocol/fault.ts';
import type { Header } from '../protocol/message.ts';
import type { MessageSignature } from './signing/message-signature.ts';

export const PartType = {
  Ocsp: 'application/ocsp-response',
  RestRequest: 'application/x-road-rest-request',
  RestResponse: 'application/x-road-rest-response',
  RestBody: 'application/x-road-rest-body',
  /** A SOAP message, or the fault that comes instead. */
  Soap: 'text/xml',
  SoapWithReferences: 'application/xop+xml',
  Attachments: 'multipart/mixed',
  HashChainResult: 'application/hash-chain-result',
  HashChain: 'application/hash-chain',
  Signature: 'signature/bdoc-1.0/ts',
} as const;

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
const BOUNDARY_LETTERS = 30;

/** `xtop` begins the boundary of a message, `xatt` that of the attachments inside of it. */
export function makeBoundary(start: 'xtop' | 'xatt' = 'xtop'): string {
  let letters = '';
  while (letters.length < BOUNDARY_LETTERS) letters += LETTERS[randomInt(LETTERS.length)];
  return `${start}${letters}`;
}

export const contentTypeOf = (boundary: string): string =>
  `multipart/mixed; charset=UTF-8; boundary=${boundary}`;

/** The boundary that a content type names; null: it is no multipart. */
export function boundaryOf(contentType: string): string | null {
  if (!/^multipart\/mixed\s*;/i.test(contentType)) return null;
  return /;\s*boundary="?([^\s;"]+)"?/i.exec(contentType)?.[1] ?? null;
}

/** Writes the parts of one message; waits where the peer reads slowly. */
export class MultipartWriter {
  readonly #stream: Writable;
  readonly #boundary: string;
  #isAnnounced = false;

  constructor(stream: Writable, boundary: string) {
    this.#stream = stream;
    this.#boundary = boundary;
  }

  async begin(type: string): Promise<void> {
    const boundary = this.#isAnnounced ? '' : `--${this.#boundary}\r\n`;
    this.#isAnnounced = false;
    await this.write(`${boundary}content-type: ${type}\r\n\r\n`);
  }

  /**
   * The boundary of a part that will certainly come: only by that the peer knows that the part
   * before it has ended. What is written is the same.
   */
  async announce(): Promise<boolean> {
    this.#isAnnounced = true;
    return this.write(`--${this.#boundary}\r\n`);
  }

  /** Part of a part's content; false: the peer has gone. */
  write(chunk: string | Uint8Array): Promise<boolean> {
    return new Promise((resolve) => {
      if (this.#stream.destroyed || this.#stream.writableEnded) resolve(false);
      else this.#stream.write(chunk, (error) => resolve(error === null || error === undefined));
    });
  }

  async end(): Promise<boolean> {
    return this.write('\r\n');
  }

  async part(type: string, content: string | Uint8Array): Promise<boolean> {
    await this.begin(type);
    await this.write(content);
    return this.end();
  }

  /** The signature with its hash chain, where there is one. */
  async signature({ xml, hashChainResult, hashChain }: MessageSignature): Promise<boolean> {
    if (hashChainResult !== null) await this.part(PartType.HashChainResult, hashChainResult);
    if (hashChain !== null) await this.part(PartType.HashChain, hashChain);
    return this.part(PartType.Signature, xml);
  }

  /** The last boundary; the stream itself is left open. */
  async finish(): Promise<boolean> {
    return this.write(`--${this.#boundary}--\r\n`);
  }
}

export interface PartListener {
  /** The value of its content type, and all its headers. */
  partBegins(type: string, headers: readonly Header[]): void;
  partData(chunk: Buffer): void;
  partEnds(): void;
  /** After the last boundary. */
  messageEnds(): void;
}

/** A message that cannot be read; the reason is X-Road's. */
export class MultipartError extends Error {
  override name = 'MultipartError';
  readonly reason: Cause;

  constructor(message: string, reason: Cause = Cause.MimeParsingFailed) {
    super(message);
    this.reason = reason;
  }
}

const HEAD_MAX = 8192;
const LF = 0x0a;
const CR = 0x0d;
const PHASES = { Preamble: 0, Head: 1, Content: 2, Epilogue: 3 } as const;
type Phase = (typeof PHASES)[keyof typeof PHASES];

/**
 * Reads a multipart message as it comes, in chunks of any size. Lines may end in LF alone, as
 * X-Road's own reader has it (vectors proxymessages).
 */
export class MultipartReader {
  readonly #listener: PartListener;
  readonly #delimiter: Buffer;
  // The first boundary may stand at the very beginning, without a line end before it.
  #rest: Buffer = Buffer.from('\n');
  #phase: Phase = PHASES.Preamble;

  constructor(boundary: string, listener: PartListener) {
    this.#delimiter = Buffer.from(`\n--${boundary}`);
    this.#listener = listener;
  }

  get isComplete(): boolean {
    return this.#phase === PHASES.Epilogue;
  }

  /** Throws MultipartError where the message is broken. */
  push(chunk: Buffer): void {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (this.#step());
  }

  /** One step further; false: more bytes are needed. */
  #step(): boolean {
    switch (this.#phase) {
      case PHASES.Preamble:
      case PHASES.Content:
        return this.#seekBoundary();
      case PHASES.Head:
        return this.#readHead();
      case PHASES.Epilogue:
        // What stands behind the last boundary says nothing.
        this.#rest = Buffer.alloc(0);
        return false;
    }
  }

  #seekBoundary(): boolean {
    const at = this.#rest.indexOf(this.#delimiter);
    if (at === -1) {
      // All but what may be the beginning of a boundary, with a CR before it, is content.
      this.#emit(Math.max(0, this.#rest.length - this.#delimiter.length));
      return false;
    }
    this.#emit(this.#rest[at - 1] === CR ? at - 1 : at);
    // The line end before the boundary is the boundary's.
    const start = this.#rest.indexOf(LF) + this.#delimiter.length;
    const tail = this.#tailAt(start);
    if (tail === null) return false;
    this.#rest = this.#rest.subarray(tail.end);
    if (this.#phase === PHASES.Content) this.#listener.partEnds();
    this.#phase = tail.isLast ? PHASES.Epilogue : PHASES.Head;
    if (tail.isLast) this.#listener.messageEnds();
    return true;
  }

  /** What follows the boundary, a line end or two dashes; null: it has not come yet. */
  #tailAt(start: number): { readonly end: number; readonly isLast: boolean } | null {
    if (this.#rest[start] === LF) return { end: start + 1, isLast: false };
    if (this.#rest.length < start + 2) return null;
    const tail = this.#rest.toString('latin1', start, start + 2);
    if (tail !== '\r\n' && tail !== '--') throw new MultipartError('text behind a boundary');
    return { end: start + 2, isLast: tail === '--' };
  }

  #emit(length: number): void {
    if (length === 0) return;
    if (this.#phase === PHASES.Content) this.#listener.partData(this.#rest.subarray(0, length));
    this.#rest = this.#rest.subarray(length);
  }

  #readHead(): boolean {
    const end = endOfHead(this.#rest);
    if (this.#rest.length > HEAD_MAX && (end === null || end.at > HEAD_MAX)) {
      throw new MultipartError('the head of a part is too long');
    }
    if (end === null) return false;
    const headers = headersIn(this.#rest.toString('utf8', 0, end.at));
    const type = headers.find(({ name }) => name.toLowerCase() === 'content-type');
    if (type === undefined) throw new MultipartError('a part without a content type');
    this.#rest = this.#rest.subarray(end.next);
    this.#phase = PHASES.Content;
    this.#listener.partBegins(type.value, headers);
    return true;
  }
}

/** Where the empty line stands, and what follows it; null: it has not come. */
function endOfHead(bytes: Buffer): { readonly at: number; readonly next: number } | null {
  for (let at = bytes.indexOf(LF); at !== -1; at = bytes.indexOf(LF, at + 1)) {
    const next = bytes[at + 1] === CR ? at + 2 : at + 1;
    if (bytes[next] === LF) return { at, next: next + 1 };
    // No head is longer, so nothing further on can end it.
    if (at > HEAD_MAX) return null;
  }
  return null;
}

function headersIn(head: string): Header[] {
  return head.split(/\r?\n/).map((line) => {
    const colon = line.indexOf(':');
    if (colon <= 0) throw new MultipartError(`"${line.slice(0, 40)}" is no header of a part`);
    return { name: line.slice(0, colon).trim(), value: line.slice(colon + 1).trim() };
  });
}

const ENTITIES: readonly (readonly [string, string])[] = [
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
];

export function escapeXml(text: string): string {
  return ENTITIES.reduce((done, [plain, entity]) => done.replaceAll(plain, entity), text);
}
