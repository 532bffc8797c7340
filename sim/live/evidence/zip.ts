/**
 * Zip files, strictly. What two readers could understand differently is refused: evidence must
 * not show one message to its verifier and another to whoever opens it.
 *
 *   local header | name | extra | data | [descriptor]     one entry after the other, no gaps
 *   central directory                                     the same names, sizes and checksums
 *   end of central directory | comment                    ends the file
 *
 * The sizes are limited before anything is unpacked, so a zip bomb costs nothing. No zip64 and no
 * encryption: X-Road rotates its archives at 32 MiB (facts 7) and encrypts them whole, outside.
 */
import { crc32, inflateRawSync } from 'node:zlib';
import { EvidenceError, UnreadableError } from './evidence-error.ts';

export interface ZipEntry {
  readonly name: string;
  readonly size: number;
  /** Unpacks; throws an EvidenceError where the content is damaged. */
  readonly read: () => Buffer;
}

export interface ZipLimits {
  readonly entriesMax: number;
  readonly entryBytesMax: number;
  readonly totalBytesMax: number;
}

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const DESCRIPTOR = 0x08074b50;
const LOCAL_BYTES = 30;
const CENTRAL_BYTES = 46;
const END_BYTES = 22;
const COMMENT_BYTES_MAX = 0xffff;
const IS_ZIP64 = 0xffffffff;
const STORED = 0;
const DEFLATED = 8;

const Flag = { Encrypted: 0x1, Descriptor: 0x8, Utf8: 0x800 } as const;
/** Two bits say how hard the packer tried. */
const FLAGS_KNOWN = Flag.Descriptor | Flag.Utf8 | 0x6;

interface CentralHeader {
  readonly name: string;
  readonly rawName: Buffer;
  readonly versionNeeded: number;
  readonly flags: number;
  readonly method: number;
  readonly time: number;
  readonly crc: number;
  readonly packedSize: number;
  readonly size: number;
  readonly offset: number;
}

/** Throws an UnreadableError where the bytes are no zip that can be trusted to mean one thing. */
export function readZip(bytes: Buffer, limits: ZipLimits): ZipEntry[] {
  const headers = readDirectory(bytes, limits);
  const entries: ZipEntry[] = [];
  let at = 0;
  for (const header of headers) {
    if (header.offset !== at) refuse(`there are bytes that belong to no entry at ${at}`);
    const start = checkLocalHeader(bytes, header);
    const end = start + header.packedSize;
    const packed = bytes.subarray(start, end);
    at = end + checkDescriptor(bytes, end, header);
    entries.push({ name: header.name, size: header.size, read: () => unpack(packed, header) });
  }
  if (at !== directoryOf(bytes).offset) refuse('there are bytes between entries and directory');
  return entries;
}

interface Directory {
  readonly offset: number;
  readonly count: number;
  readonly at: number;
}

function directoryOf(bytes: Buffer): Directory {
  const first = Math.max(0, bytes.length - END_BYTES - COMMENT_BYTES_MAX);
  for (let at = bytes.length - END_BYTES; at >= first; at--) {
    if (bytes.readUInt32LE(at) !== END) continue;
    if (bytes.readUInt16LE(at + 20) !== bytes.length - at - END_BYTES) continue;
    const count = bytes.readUInt16LE(at + 8);
    const size = bytes.readUInt32LE(at + 12);
    const offset = bytes.readUInt32LE(at + 16);
    const isWhole = bytes.readUInt32LE(at + 4) === 0 && bytes.readUInt16LE(at + 10) === count;
    if (!isWhole || offset + size !== at) refuse('its directory is not where its end says');
    return { offset, count, at };
  }
  return refuse('the end of its directory is missing: it is no zip file, or a part of one');
}

/** In the order in which the entries lie in the file. */
function readDirectory(bytes: Buffer, limits: ZipLimits): CentralHeader[] {
  if (bytes.length < END_BYTES) refuse('it is too short for a zip file');
  const { offset, count, at: end } = directoryOf(bytes);
  if (count > limits.entriesMax) refuse(`it has more than ${limits.entriesMax} entries`);
  const headers: CentralHeader[] = [];
  const names = new Set<string>();
  let total = 0;
  let at = offset;
  for (let index = 0; index < count; index++) {
    if (at + CENTRAL_BYTES > end) refuse('its directory ends too early');
    const { header, length } = readCentralHeader(bytes, at, end);
    const { name, size } = header;
    if (names.has(name)) refuse(`it has two entries named ${name}`);
    if (size > limits.entryBytesMax) refuse(`${name} would unpack to ${size} bytes: too many`);
    total += size;
    if (total > limits.totalBytesMax) refuse(`it would unpack to more than ${total} bytes`);
    names.add(name);
    headers.push(header);
    at += length;
  }
  if (at !== end) refuse('its directory has more entries than it says');
  return headers.sort((a, b) => a.offset - b.offset);
}

function readCentralHeader(
  bytes: Buffer,
  at: number,
  end: number,
): { readonly header: CentralHeader; readonly length: number } {
  if (bytes.readUInt32LE(at) !== CENTRAL) refuse('its directory is damaged');
  const nameLength = bytes.readUInt16LE(at + 28);
  const extraLength = bytes.readUInt16LE(at + 30);
  const length = CENTRAL_BYTES + nameLength + extraLength + bytes.readUInt16LE(at + 32);
  if (at + length > end) refuse('its directory ends too early');
  if (bytes.readUInt16LE(at + 34) !== 0) refuse('it is a part of a zip in several files');
  const rawName = bytes.subarray(at + CENTRAL_BYTES, at + CENTRAL_BYTES + nameLength);
  const header: CentralHeader = {
    name: decodeName(rawName),
    rawName,
    versionNeeded: bytes.readUInt16LE(at + 6),
    flags: bytes.readUInt16LE(at + 8),
    method: bytes.readUInt16LE(at + 10),
    time: bytes.readUInt32LE(at + 12),
    crc: bytes.readUInt32LE(at + 16),
    packedSize: bytes.readUInt32LE(at + 20),
    size: bytes.readUInt32LE(at + 24),
    offset: bytes.readUInt32LE(at + 42),
  };
  const { name, flags, method } = header;
  if ((flags & Flag.Encrypted) !== 0) refuse(`${name} is encrypted`);
  if ((flags & ~FLAGS_KNOWN) !== 0) refuse(`${name} uses a feature of zip that X-Road does not`);
  if (method !== STORED && method !== DEFLATED) refuse(`${name} is packed in an unknown way`);
  if ([header.packedSize, header.size, header.offset].includes(IS_ZIP64)) {
    refuse(`${name} needs zip64, which X-Road does not write`);
  }
  return { header, length };
}

function decodeName(raw: Buffer): string {
  try {
    const name = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(raw);
    if (name !== '' && !/\p{Cc}/u.test(name)) return name;
  } catch {
    // Told below.
  }
  return refuse('an entry has a name that is no text');
}

/** Where the data starts. Both headers must say the same, or readers could differ. */
function checkLocalHeader(bytes: Buffer, header: CentralHeader): number {
  const { name, rawName, offset: at } = header;
  if (at + LOCAL_BYTES > bytes.length || bytes.readUInt32LE(at) !== LOCAL) {
    refuse(`${name} is not where the directory says`);
  }
  const nameLength = bytes.readUInt16LE(at + 26);
  const start = at + LOCAL_BYTES + nameLength + bytes.readUInt16LE(at + 28);
  if (start + header.packedSize > bytes.length) refuse(`${name} ends too early`);
  const isSame =
    bytes.subarray(at + LOCAL_BYTES, at + LOCAL_BYTES + nameLength).equals(rawName) &&
    bytes.readUInt16LE(at + 4) === header.versionNeeded &&
    bytes.readUInt16LE(at + 6) === header.flags &&
    bytes.readUInt16LE(at + 8) === header.method &&
    bytes.readUInt32LE(at + 10) === header.time;
  if (!isSame) refuse(`${name} is another entry in the directory than in the file`);
  const sums = [14, 18, 22].map((field) => bytes.readUInt32LE(at + field));
  const expected = [header.crc, header.packedSize, header.size];
  // Java writes zeros, and the values after the data.
  const isLater = (header.flags & Flag.Descriptor) !== 0 && sums.every((sum) => sum === 0);
  if (!isLater && sums.some((sum, index) => sum !== expected[index])) {
    refuse(`${name} has other sizes in the directory than in the file`);
  }
  return start;
}

/** Its length. The mark before it is optional. */
function checkDescriptor(bytes: Buffer, at: number, header: CentralHeader): number {
  if ((header.flags & Flag.Descriptor) === 0) return 0;
  const { name } = header;
  const length = at + 4 <= bytes.length && bytes.readUInt32LE(at) === DESCRIPTOR ? 16 : 12;
  if (at + length > bytes.length) refuse(`${name} ends too early`);
  const values = [12, 8, 4].map((back) => bytes.readUInt32LE(at + length - back));
  const expected = [header.crc, header.packedSize, header.size];
  if (values.some((value, index) => value !== expected[index])) {
    refuse(`${name} has other sizes in the directory than in the file`);
  }
  return length;
}

function unpack(packed: Buffer, { name, method, size, crc }: CentralHeader): Buffer {
  const content = method === STORED ? packed : inflate(packed, name, size);
  if (content.length !== size || crc32(content) !== crc) {
    throw new EvidenceError(null, `${name} is damaged: its checksum does not match`);
  }
  return content;
}

function inflate(packed: Buffer, name: string, size: number): Buffer {
  try {
    const options = { maxOutputLength: Math.max(1, size), info: true };
    // With `info` Node returns the engine, too; the typings do not know.
    const { buffer, engine } = inflateRawSync(packed, options) as unknown as {
      readonly buffer: Buffer;
      readonly engine: { readonly bytesWritten: number };
    };
    if (engine.bytesWritten === packed.length) return buffer;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') {
      refuse(`${name} unpacks to more than it says`);
    }
  }
  throw new EvidenceError(null, `${name} is damaged: it cannot be unpacked`);
}

function refuse(reason: string): never {
  throw new UnreadableError(reason);
}
