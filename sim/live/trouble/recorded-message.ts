/**
 * A genuine message between two security servers as an eavesdropper with the key has it, and what
 * can be made of its bytes without the keys of its signer. X-Road has to refuse each of these but
 * the first, which it lets through: there is no memory of messages (facts 13.22).
 */
import { boundaryOf, contentTypeOf, MultipartReader, PartType } from '../transport.ts';
import type { Header } from '../../protocol/message.ts';

export interface RecordedMessage {
  /** Of the HTTP request, without those that say how long it is. */
  readonly headers: readonly Header[];
  /** The multipart, without chunks. */
  readonly body: Buffer;
}

export interface RecordedPart {
  readonly headers: readonly Header[];
  readonly content: Buffer;
}

export class RecordingError extends Error {
  override name = 'RecordingError';
}

/** Of these the writer of a request makes its own. */
const OF_LENGTH = ['content-length', 'transfer-encoding', 'connection', 'host'];

/** An HTTP request as it went over the wire, with a length or in chunks. */
export function readRecorded(raw: Buffer): RecordedMessage {
  const end = raw.indexOf('\r\n\r\n');
  if (end === -1) throw new RecordingError('the recording has no whole head');
  const [requestLine, ...lines] = raw.toString('latin1', 0, end).split('\r\n');
  if (!requestLine.startsWith('POST ')) throw new RecordingError(`"${requestLine}" is no message`);
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return { name: line.slice(0, colon).trim(), value: line.slice(colon + 1).trim() };
  });
  const isChunked = /chunked/i.test(valueOf(headers, 'transfer-encoding'));
  const rest = raw.subarray(end + 4);
  return {
    headers: headers.filter(({ name }) => !OF_LENGTH.includes(name.toLowerCase())),
    body: isChunked ? withoutChunks(rest) : rest,
  };
}

/** The bytes of an HTTP request that carries a message, on a connection of its own. */
export function requestBytes({ headers, body }: RecordedMessage): Buffer {
  const lines = headers.map(({ name, value }) => `${name}: ${value}`);
  const own = ['host: localhost', 'connection: close', `content-length: ${body.length}`];
  const head = ['POST / HTTP/1.1', ...lines, ...own, '', ''].join('\r\n');
  return Buffer.concat([Buffer.from(head, 'latin1'), body]);
}

/** The parts of a message, in order. */
export function partsOf({ headers, body }: RecordedMessage): RecordedPart[] {
  const boundary = boundaryOf(valueOf(headers, 'content-type'));
  if (boundary === null) throw new RecordingError('the message is no multipart');
  const parts: { headers: readonly Header[]; chunks: Buffer[] }[] = [];
  const reader = new MultipartReader(boundary, {
    partBegins: (_type, headers) => void parts.push({ headers, chunks: [] }),
    partData: (chunk) => void parts.at(-1)?.chunks.push(chunk),
    partEnds: () => undefined,
    messageEnds: () => undefined,
  });
  reader.push(body);
  if (!reader.isComplete) throw new RecordingError('the message has no end');
  return parts.map(({ headers, chunks }) => ({ headers, content: Buffer.concat(chunks) }));
}

/** The same message with other parts. */
export function withParts(
  message: RecordedMessage,
  parts: readonly RecordedPart[],
): RecordedMessage {
  const boundary = boundaryOf(valueOf(message.headers, 'content-type')) ?? '';
  const pieces = parts.flatMap(({ headers, content }) => {
    const lines = headers.map(({ name, value }) => `${name}: ${value}\r\n`).join('');
    return [Buffer.from(`--${boundary}\r\n${lines}\r\n`), content, Buffer.from('\r\n')];
  });
  return { ...message, body: Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)]) };
}

export function typeOfPart({ headers }: RecordedPart): string {
  return valueOf(headers, 'content-type');
}

/** Names of the first part that is signed: the message itself. */
const MESSAGE_TYPES: readonly string[] = [
  PartType.RestRequest,
  PartType.RestResponse,
  PartType.Soap,
  PartType.SoapWithReferences,
];

export function isMessagePart(part: RecordedPart): boolean {
  const type = typeOfPart(part).toLowerCase();
  return MESSAGE_TYPES.some((known) => type.startsWith(known));
}

/** The same message with another boundary in its head than in its body. */
export function withWrongBoundary(message: RecordedMessage): RecordedMessage {
  return withType(message, contentTypeOf('xtopSomebodyElse'));
}

export function withType({ headers, body }: RecordedMessage, type: string): RecordedMessage {
  const changed = headers.map(({ name, value }) => {
    return { name, value: name.toLowerCase() === 'content-type' ? type : value };
  });
  return { headers: changed, body };
}

function valueOf(headers: readonly Header[], name: string): string {
  return headers.find((header) => header.name.toLowerCase() === name)?.value ?? '';
}

function withoutChunks(bytes: Buffer): Buffer {
  const chunks: Buffer[] = [];
  for (let at = 0; ;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    const size = lineEnd === -1 ? NaN : parseInt(bytes.toString('latin1', at, lineEnd), 16);
    if (Number.isNaN(size) || lineEnd + 2 + size > bytes.length) {
      throw new RecordingError('a chunk of the recording is broken');
    }
    if (size === 0) return Buffer.concat(chunks);
    chunks.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}
