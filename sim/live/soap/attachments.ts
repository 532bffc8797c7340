/**
 * multipart/related: a SOAP message and its attachments, as information systems send them (facts
 * 3.2), read as it comes. As lenient as X-Road's reader (Apache mime4j, not strict): lines may end
 * in LF, header lines without a colon are passed over, the last boundary may be missing, and
 * multiparts inside of it are taken apart. Contents are left in their transfer encoding.
 *
 * Source, read at 7.8: SoapMessageDecoder, MultipartOutputStream, MultipartSoapMessageEncoder.
 */
import { Cause } from '../../protocol/fault.ts';
import type { Header } from '../../protocol/message.ts';
import { readContentType } from './content-type.ts';
import { SoapError } from './soap-error.ts';

export interface MimePart {
  /** Null: it does not say. */
  readonly contentType: string | null;
  /** All others. */
  readonly headers: readonly Header[];
}

export interface MimeListener {
  partBegins(part: MimePart): void;
  partData(chunk: Buffer): void;
  partEnds(): void;
}

/** mime4j's limit; so is that of the number of attachments between servers, message-parts.ts. */
const HEAD_MAX = 10_000;
const PARTS_MAX = 1000;
const DEPTH_MAX = 5;
const LF = 0x0a;
const CR = 0x0d;
const DASH = 0x2d;
const MARGIN = 4;

type Phase = 'preamble' | 'boundary' | 'head' | 'content' | 'epilogue';

/** Throws SoapError where the message is broken, or too much of one. */
export class MimeReader {
  readonly #listener: MimeListener;
  readonly #delimiter: Buffer;
  readonly #depth: number;
  readonly #count: { parts: number };
  // The first boundary may stand at the very beginning, without a line end before it.
  #rest: Buffer = Buffer.from('\n');
  #phase: Phase = 'preamble';
  /** Of a multipart inside of this one. */
  #inner: MimeReader | null = null;

  constructor(boundary: string, listener: MimeListener, depth = 1, count = { parts: 0 }) {
    this.#delimiter = Buffer.from(`\n--${boundary}`);
    this.#listener = listener;
    this.#depth = depth;
    this.#count = count;
  }

  push(chunk: Buffer): void {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (this.#step(false));
  }

  /** Nothing more comes. */
  finish(): void {
    while (this.#step(true));
    if (this.#phase === 'content') this.#endPart();
    this.#phase = 'epilogue';
  }

  /** One step further; false: more bytes are needed. */
  #step(isLast: boolean): boolean {
    switch (this.#phase) {
      case 'preamble':
      case 'content':
        return this.#seekBoundary(isLast);
      case 'boundary':
        return this.#endBoundary();
      case 'head':
        return this.#readHead(isLast);
      case 'epilogue':
        this.#rest = Buffer.alloc(0);
        return false;
    }
  }

  #seekBoundary(isLast: boolean): boolean {
    const at = this.#findDelimiter(isLast);
    if (at === -1) {
      // All but what may be the beginning of a boundary, with a CR before it, is content.
      const kept = isLast ? 0 : this.#delimiter.length + MARGIN;
      this.#emit(Math.max(0, this.#rest.length - kept));
      return false;
    }
    const isCrLf = this.#rest[at - 1] === CR;
    this.#emit(isCrLf ? at - 1 : at);
    this.#rest = this.#rest.subarray(this.#delimiter.length + (isCrLf ? 1 : 0));
    if (this.#phase === 'content') this.#endPart();
    this.#phase = this.#rest[0] === DASH && this.#rest[1] === DASH ? 'epilogue' : 'boundary';
    return true;
  }

  /** A boundary is one only if white space, two dashes or nothing follows it; -1: there is none. */
  #findDelimiter(isLast: boolean): number {
    const rest = this.#rest;
    let at = rest.indexOf(this.#delimiter);
    while (at !== -1) {
      const next = at + this.#delimiter.length;
      if (!isLast && next + 2 > rest.length) return -1;
      if (next === rest.length || isSpace(rest[next])) return at;
      if (rest[next] === DASH && (next + 1 === rest.length || rest[next + 1] === DASH)) return at;
      at = rest.indexOf(this.#delimiter, next);
    }
    return -1;
  }

  /** What else stands in the line of a boundary says nothing. */
  #endBoundary(): boolean {
    const end = this.#rest.indexOf(LF);
    if (end === -1) {
      this.#checkHead(this.#rest.length);
      return false;
    }
    this.#rest = this.#rest.subarray(end + 1);
    this.#phase = 'head';
    return true;
  }

  #emit(length: number): void {
    if (length === 0) return;
    const content = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    if (this.#phase !== 'content') return;
    if (this.#inner === null) this.#listener.partData(content);
    else this.#inner.push(content);
  }

  #endPart(): void {
    if (this.#inner === null) this.#listener.partEnds();
    else this.#inner.finish();
    this.#inner = null;
  }

  #readHead(isLast: boolean): boolean {
    const end = endOfHead(this.#rest);
    this.#checkHead(end === null ? this.#rest.length : end.at);
    if (end === null && (!isLast || this.#rest.length === 0)) return false;
    const bytes = this.#rest.subarray(0, end?.at ?? this.#rest.length);
    this.#rest = this.#rest.subarray(end?.next ?? this.#rest.length);
    this.#beginPart(headersIn(bytes.toString('utf8')));
    return true;
  }

  #beginPart(all: readonly Header[]): void {
    this.#count.parts++;
    if (this.#count.parts > PARTS_MAX) throw broken(`more than ${PARTS_MAX} parts`);
    this.#phase = 'content';
    // As mime4j's handler in X-Road has it, the last one counts.
    const contentType = all.findLast(isContentType)?.value ?? null;
    const type = contentType === null ? null : readContentType(contentType);
    if (type !== null && type.boundary !== null && type.media.startsWith('multipart/')) {
      if (this.#depth >= DEPTH_MAX) throw broken('multiparts nested too deeply');
      this.#inner = new MimeReader(type.boundary, this.#listener, this.#depth + 1, this.#count);
      return;
    }
    this.#inner = null;
    const headers = all.filter((header) => !isContentType(header));
    this.#listener.partBegins({ contentType, headers });
  }

  #checkHead(length: number): void {
    if (length > HEAD_MAX) throw broken('the head of a part is too long');
  }
}

export interface WrittenPart {
  readonly contentType: string;
  readonly headers: readonly Header[];
  readonly content: Buffer;
}

/** What an information system gets: the parts one after the other. */
export function writeMultipart(boundary: string, parts: readonly WrittenPart[]): Buffer {
  const chunks = parts.flatMap(({ contentType, headers, content }) => {
    const head = [`--${boundary}`, `content-type:${contentType}`, ...headers.map(lineOf), '', ''];
    return [Buffer.from(head.join('\r\n')), content, Buffer.from('\r\n')];
  });
  return Buffer.concat([...chunks, Buffer.from(`--${boundary}--\r\n`)]);
}

export const isContentType = ({ name }: Header): boolean => name.toLowerCase() === 'content-type';

export const lineOf = ({ name, value }: Header): string => `${name}: ${value}`;

const isSpace = (byte: number): boolean => [0x20, 0x09, LF, CR].includes(byte);

const broken = (text: string): SoapError => new SoapError(Cause.MimeParsingFailed, text);

/** Where the empty line begins, and what follows it; null: it has not come. */
function endOfHead(bytes: Buffer): { readonly at: number; readonly next: number } | null {
  let line = 0;
  while (line <= HEAD_MAX) {
    const end = bytes.indexOf(LF, line);
    if (end === -1) return null;
    const isEmpty = end === line || (end === line + 1 && bytes[line] === CR);
    if (isEmpty) return { at: line, next: end + 1 };
    line = end + 1;
  }
  return null;
}

function headersIn(head: string): Header[] {
  // A line that begins with white space continues the one before.
  const lines = head.replace(/\r?\n(?=[ \t])/g, '').split(/\r?\n/);
  return lines.flatMap((line) => {
    const colon = line.indexOf(':');
    if (colon <= 0) return [];
    // A CR alone ends no line here, but it may for whoever reads what is made of this.
    const plain = line.replaceAll('\r', ' ');
    return [{ name: plain.slice(0, colon).trim(), value: plain.slice(colon + 1).trim() }];
  });
}
