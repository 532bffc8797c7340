/**
 * The protocol between two security servers: multipart messages, written and read as streams
 * (facts 3.3).
 *
 *   request    application/x-road-rest-request, application/x-road-rest-body, signature
 *   response   application/x-road-rest-response, application/x-road-rest-body, signature
 *   fault      text/xml, instead of whatever has not been written yet
 *
 * The signature part is this lab's own JSON (signer.ts) and its type says so. OCSP parts, hash
 * chains as XML and XAdES are not made here.
 */
import { randomInt } from 'node:crypto';
import type { Writable } from 'node:stream';

export const PartType = {
  RestRequest: 'application/x-road-rest-request',
  RestResponse: 'application/x-road-rest-response',
  RestBody: 'application/x-road-rest-body',
  Signature: 'application/x-fedlab-signature+json',
  Fault: 'text/xml',
} as const;

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
const BOUNDARY_LETTERS = 30;

export function makeBoundary(): string {
  let letters = '';
  while (letters.length < BOUNDARY_LETTERS) letters += LETTERS[randomInt(LETTERS.length)];
  return `xtop${letters}`;
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

  constructor(stream: Writable, boundary: string) {
    this.#stream = stream;
    this.#boundary = boundary;
  }

  async begin(type: string): Promise<void> {
    await this.write(`--${this.#boundary}\r\ncontent-type:${type}\r\n\r\n`);
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

  /** The last boundary; the stream itself is left open. */
  async finish(): Promise<boolean> {
    return this.write(`--${this.#boundary}--\r\n`);
  }
}

export interface PartListener {
  partBegins(type: string): void;
  partData(chunk: Buffer): void;
  partEnds(): void;
  /** After the last boundary. */
  messageEnds(): void;
}

export class MultipartError extends Error {
  override name = 'MultipartError';
}

const HEAD_MAX = 8192;
const PHASES = { Preamble: 0, Head: 1, Content: 2, Epilogue: 3 } as const;
type Phase = (typeof PHASES)[keyof typeof PHASES];

/** Reads a multipart message as it comes, in chunks of any size. */
export class MultipartReader {
  readonly #listener: PartListener;
  readonly #delimiter: Buffer;
  // The first boundary may stand at the very beginning, without a line end before it.
  #rest: Buffer = Buffer.from('\r\n');
  #phase: Phase = PHASES.Preamble;

  constructor(boundary: string, listener: PartListener) {
    this.#delimiter = Buffer.from(`\r\n--${boundary}`);
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
      // All but what may be the beginning of a boundary is content.
      this.#emit(Math.max(0, this.#rest.length - this.#delimiter.length + 1));
      return false;
    }
    this.#emit(at);
    const end = this.#delimiter.length + 2;
    if (this.#rest.length < end) return false;
    const tail = this.#rest.toString('latin1', this.#delimiter.length, end);
    if (tail !== '\r\n' && tail !== '--') throw new MultipartError('text behind a boundary');
    this.#rest = this.#rest.subarray(end);
    if (this.#phase === PHASES.Content) this.#listener.partEnds();
    if (tail === '\r\n') {
      this.#phase = PHASES.Head;
    } else {
      this.#phase = PHASES.Epilogue;
      this.#listener.messageEnds();
    }
    return true;
  }

  #emit(length: number): void {
    if (length === 0) return;
    if (this.#phase === PHASES.Content) this.#listener.partData(this.#rest.subarray(0, length));
    this.#rest = this.#rest.subarray(length);
  }

  #readHead(): boolean {
    const at = this.#rest.indexOf('\r\n\r\n');
    if (at > HEAD_MAX || (at === -1 && this.#rest.length > HEAD_MAX)) {
      throw new MultipartError('the head of a part is too long');
    }
    if (at === -1) return false;
    const type = contentTypeIn(this.#rest.toString('utf8', 0, at));
    this.#rest = this.#rest.subarray(at + 4);
    this.#phase = PHASES.Content;
    this.#listener.partBegins(type);
    return true;
  }
}

function contentTypeIn(head: string): string {
  for (const line of head.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon <= 0) throw new MultipartError(`"${line.slice(0, 40)}" is no header of a part`);
    if (line.slice(0, colon).trim().toLowerCase() === 'content-type') {
      return line.slice(colon + 1).trim();
    }
  }
  throw new MultipartError('a part without a content type');
}

/** The fault a server sends instead of a message: a SOAP 1.1 Fault (facts 3.5). */
export interface FaultMessage {
  readonly code: string;
  readonly text: string;
  readonly detail: string;
}

export function writeFault({ code, text, detail }: FaultMessage): string {
  return (
    '<?xml version="1.0" encoding="UTF-8"?>' +
    '<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/"' +
    ' xmlns:xroad="http://x-road.eu/xsd/xroad.xsd"><SOAP-ENV:Body><SOAP-ENV:Fault>' +
    `<faultcode>${escapeXml(code)}</faultcode><faultstring>${escapeXml(text)}</faultstring>` +
    `<detail><xroad:faultDetail>${escapeXml(detail)}</xroad:faultDetail></detail>` +
    '</SOAP-ENV:Fault></SOAP-ENV:Body></SOAP-ENV:Envelope>'
  );
}

/** Null: the text holds no fault. */
export function readFault(xml: string): FaultMessage | null {
  const element = (name: string): string | null => {
    const found = new RegExp(`<(?:[\\w-]+:)?${name}>([^<]*)</`).exec(xml);
    return found === null ? null : unescapeXml(found[1]);
  };
  const code = element('faultcode');
  if (code === null) return null;
  return { code, text: element('faultstring') ?? '', detail: element('faultDetail') ?? '' };
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

function unescapeXml(text: string): string {
  return ENTITIES.toReversed().reduce(
    (done, [plain, entity]) => done.replaceAll(entity, plain),
    text,
  );
}
