/**
 * Writes zip files, one entry after the other, so that an archive need not be whole in memory;
 * evidence/zip.ts draws their layout and reads them. Sizes come before the data, names are UTF-8.
 */
import { crc32, deflateRawSync } from 'node:zlib';
import { assert } from '../../base/assert.ts';

export type Packing = 'stored' | 'deflated';

export interface ZipEntryMeta {
  readonly name: string;
  /** When it was last changed; written in UTC, with two seconds as the unit. */
  readonly timeMs: number;
  readonly packing: Packing;
}

/** What zip without its extensions can count (zip64 is not written: facts 7, 32 MiB). */
const ENTRIES_MAX = 0xffff;
const BYTES_MAX = 0xffffffff;
const VERSION = 20;
const UTF8_FLAG = 0x800;
const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;

export class ZipWriter {
  readonly #central: Buffer[] = [];
  #offset = 0;

  /** Bytes written so far, without the directory. */
  get length(): number {
    return this.#offset;
  }

  /** The bytes to append. */
  add({ name, timeMs, packing }: ZipEntryMeta, content: Buffer): Buffer {
    const packed = packing === 'deflated' ? deflateRawSync(content) : content;
    const rawName = Buffer.from(name, 'utf8');
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(VERSION, 0);
    shared.writeUInt16LE(UTF8_FLAG, 2);
    shared.writeUInt16LE(packing === 'deflated' ? 8 : 0, 4);
    shared.writeUInt32LE(dosTimeOf(timeMs), 6);
    shared.writeUInt32LE(crc32(content), 10);
    shared.writeUInt32LE(packed.length, 14);
    shared.writeUInt32LE(content.length, 18);
    shared.writeUInt16LE(rawName.length, 22);
    this.#central.push(centralHeaderOf(shared, rawName, this.#offset));
    const bytes = Buffer.concat([uint32(LOCAL), shared, rawName, packed]);
    this.#offset += bytes.length;
    assert(this.#central.length <= ENTRIES_MAX && this.#offset <= BYTES_MAX, 'a zip too large');
    return bytes;
  }

  /** The directory, with which the file ends. */
  end(comment: string): Buffer {
    const directory = Buffer.concat(this.#central);
    const rawComment = Buffer.from(comment, 'latin1');
    const tail = Buffer.alloc(22);
    tail.writeUInt32LE(END, 0);
    tail.writeUInt16LE(this.#central.length, 8);
    tail.writeUInt16LE(this.#central.length, 10);
    tail.writeUInt32LE(directory.length, 12);
    tail.writeUInt32LE(this.#offset, 16);
    tail.writeUInt16LE(rawComment.length, 20);
    return Buffer.concat([directory, tail, rawComment]);
  }
}

/** A whole zip of files that are all packed alike. */
export function zipOf(
  files: Iterable<readonly [string, Buffer]>,
  { timeMs, packing, comment }: Omit<ZipEntryMeta, 'name'> & { readonly comment: string },
): Buffer {
  const writer = new ZipWriter();
  const parts = [...files].map(([name, content]) => writer.add({ name, timeMs, packing }, content));
  return Buffer.concat([...parts, writer.end(comment)]);
}

function centralHeaderOf(shared: Buffer, rawName: Buffer, offset: number): Buffer {
  const rest = Buffer.alloc(14);
  rest.writeUInt32LE(offset, 10);
  const madeBy = Buffer.from([VERSION, 0]);
  return Buffer.concat([uint32(CENTRAL), madeBy, shared, rest, rawName]);
}

/** Date above time; a zip knows only the years from 1980 to 2107. */
function dosTimeOf(timeMs: number): number {
  const at = new Date(timeMs);
  const year = Math.min(Math.max(at.getUTCFullYear(), 1980), 2107);
  const date = ((year - 1980) << 9) | ((at.getUTCMonth() + 1) << 5) | at.getUTCDate();
  const time = (at.getUTCHours() << 11) | (at.getUTCMinutes() << 5) | (at.getUTCSeconds() >> 1);
  return date * 0x10000 + time;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
