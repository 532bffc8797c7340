/**
 * MIME multiparts as configuration directories use them (facts 6). What is signed is the body of a
 * part as it came, byte by byte, so the reader gives slices of its input and joins nothing.
 *
 * The reader forgives what X-Road's own (mime4j) forgives: line ends without a carriage return, a
 * preamble, and a last delimiter that is missing. What it may not forgive is checked by those who
 * know what the parts mean.
 */
import { randomBytes } from 'node:crypto';
import { ConfigurationError, ConfigurationFault } from './configuration-error.ts';

export interface Part {
  /** By lower-case name; of two headers of one name the last counts. */
  readonly headers: ReadonlyMap<string, string>;
  /** From after the empty line to before the line end of the next delimiter. */
  readonly body: Buffer;
}

export interface WrittenPart {
  readonly headers: readonly (readonly [string, string])[];
  readonly content: string | null;
}

const CRLF = '\r\n';
const PARTS_MAX = 100;
const HEADER_BYTES_MAX = 64 * 1024;

/** Letters and digits, as the central server draws them. */
export function drawBoundary(): string {
  return randomBytes(30)
    .toString('base64')
    .replace(/[^A-Za-z0-9]/g, '')
    .padEnd(20, 'x')
    .slice(0, 20);
}

export function contentTypeOf(type: string, boundary: string): string {
  return `${type}; charset=UTF-8; boundary=${boundary}`;
}

/** The body of a multipart, its last delimiter and line end included. */
export function writeMultipart(parts: readonly WrittenPart[], boundary: string): string {
  const written = parts.map(({ headers, content }) => {
    const lines = headers.map(([name, value]) => `${name}: ${value}${CRLF}`).join('');
    return `--${boundary}${CRLF}${lines}${content === null ? '' : CRLF + content}${CRLF}`;
  });
  return `${written.join('')}--${boundary}--${CRLF}`;
}

/** Headers and body of what may be a multipart. */
export function readPart(bytes: Buffer): Part {
  const headers = new Map<string, string>();
  let at = 0;
  let last: string | null = null;
  while (at < bytes.length) {
    const feed = bytes.indexOf(0x0a, at);
    const end = feed === -1 ? bytes.length : feed + 1;
    if (end > HEADER_BYTES_MAX) throw malformed('the headers are too long');
    const line = bytes.toString('utf8', at, end).replace(/\r?\n$/, '');
    at = end;
    if (line === '') break;
    if (/^[ \t]/.test(line) && last !== null) {
      headers.set(last, `${headers.get(last) ?? ''} ${line.trim()}`);
      continue;
    }
    const colon = line.indexOf(':');
    if (colon < 1) throw malformed(`"${line.slice(0, 40)}" is no header`);
    last = line.slice(0, colon).trim().toLowerCase();
    headers.set(last, line.slice(colon + 1).trim());
  }
  return { headers, body: bytes.subarray(at) };
}

/** The parts of a multipart; `contentType` says of which kind it should be, and its boundary. */
export function readMultipart(body: Buffer, contentType: string, kind: string): Part[] {
  const [type, parameters] = parametersOf(contentType);
  if (type.toLowerCase() !== kind) throw malformed(`"${type}" where ${kind} should be`);
  const boundary = parameters.get('boundary') ?? '';
  if (!/^[\x21-\x7e]{1,70}$/.test(boundary)) throw malformed('there is no boundary');
  const delimiters = delimitersOf(body, boundary);
  const parts: Part[] = [];
  for (const [index, { after, isLast }] of delimiters.entries()) {
    if (isLast) break;
    if (parts.length >= PARTS_MAX) throw malformed(`more than ${PARTS_MAX} parts`);
    const end = delimiters[index + 1]?.before ?? body.length;
    parts.push(readPart(body.subarray(after, Math.max(after, end))));
  }
  return parts;
}

interface Delimiter {
  /** Where the line end before it starts. */
  readonly before: number;
  readonly after: number;
  readonly isLast: boolean;
}

function delimitersOf(body: Buffer, boundary: string): Delimiter[] {
  const mark = Buffer.from(`--${boundary}`, 'latin1');
  const found: Delimiter[] = [];
  for (let at = body.indexOf(mark); at !== -1; at = body.indexOf(mark, at + 1)) {
    if (at > 0 && body[at - 1] !== 0x0a) continue;
    const feed = body.indexOf(0x0a, at);
    const lineEnd = feed === -1 ? body.length : feed;
    const rest = body.toString('latin1', at + mark.length, lineEnd).trimEnd();
    if (rest !== '' && rest !== '--') continue;
    const before = at - (body[at - 2] === 0x0d ? 2 : 1);
    const after = Math.min(lineEnd + 1, body.length);
    found.push({ before: Math.max(0, before), after, isLast: rest === '--' });
    if (rest === '--') break;
  }
  return found;
}

/** `value; name=text; name="text"; name='text'`: X-Road writes all three. */
export function parametersOf(header: string): [string, ReadonlyMap<string, string>] {
  const [value, ...rest] = header.split(';');
  const parameters = new Map<string, string>();
  for (const one of rest) {
    const equals = one.indexOf('=');
    if (equals === -1) continue;
    const text = one.slice(equals + 1).trim();
    const unquoted = /^(["'])(.*)\1$/.exec(text)?.[2] ?? text;
    parameters.set(one.slice(0, equals).trim().toLowerCase(), unquoted);
  }
  return [value.trim(), parameters];
}

function malformed(reason: string): ConfigurationError {
  return new ConfigurationError(ConfigurationFault.Malformed, `a broken directory: ${reason}`);
}
