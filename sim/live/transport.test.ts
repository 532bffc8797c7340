import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  boundaryOf,
  contentTypeOf,
  makeBoundary,
  MultipartError,
  MultipartReader,
  MultipartWriter,
} from './transport.ts';

interface ReadPart {
  readonly type: string;
  readonly content: Buffer;
}

/** Reads a message cut into pieces of the given sizes, over and over. */
function readIn(message: Buffer, boundary: string, sizes: readonly number[]): ReadPart[] {
  const parts: ReadPart[] = [];
  let chunks: Buffer[] = [];
  let type = '';
  let isEnded = false;
  const reader = new MultipartReader(boundary, {
    partBegins: (begun) => {
      type = begun;
      chunks = [];
    },
    partData: (chunk) => chunks.push(chunk),
    partEnds: () => parts.push({ type, content: Buffer.concat(chunks) }),
    messageEnds: () => {
      isEnded = true;
    },
  });
  for (let at = 0, turn = 0; at < message.length; turn++) {
    const size = sizes[turn % sizes.length];
    reader.push(message.subarray(at, at + size));
    at += size;
  }
  expect(isEnded).toBe(reader.isComplete);
  return parts;
}

async function write(boundary: string, parts: readonly ReadPart[]): Promise<Buffer> {
  const stream = new PassThrough({ highWaterMark: 1 << 20 });
  const writer = new MultipartWriter(stream, boundary);
  for (const { type, content } of parts) await writer.part(type, content);
  await writer.finish();
  stream.end();
  return Buffer.concat(await stream.toArray());
}

test('what is written is read, however it is cut', async () => {
  const part = fc.record({
    type: fc.constantFrom('text/xml', 'application/x-road-rest-body'),
    // Line ends and dashes are what boundaries are made of.
    content: fc
      .array(fc.constantFrom('\r\n', '--', '-', '\r', '\n', 'a', '--B', '\r\n--'), {
        maxLength: 30,
      })
      .map((pieces) => Buffer.from(pieces.join(''))),
  });
  const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 4 }), sizes, async (parts, cut) => {
      const boundary = makeBoundary();
      const message = await write(boundary, parts);
      expect(readIn(message, boundary, cut)).toEqual(parts);
    }),
    { seed: 7, numRuns: 150 },
  );
});

test('lines may end in LF alone', async () => {
  const content = fc
    .array(fc.constantFrom('\n', '--', '-', 'a', '--B', '\n--'), { maxLength: 20 })
    .map((pieces) => Buffer.from(pieces.join('')));
  const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(fc.array(content, { minLength: 1, maxLength: 4 }), sizes, async (all, cut) => {
      const boundary = makeBoundary();
      const parts = all.map((one) => ({ type: 'text/xml', content: one }));
      const message = (await write(boundary, parts)).toString('latin1').replaceAll('\r\n', '\n');
      expect(readIn(Buffer.from(message, 'latin1'), boundary, cut)).toEqual(parts);
    }),
    { seed: 7, numRuns: 100 },
  );
});

describe('broken messages', () => {
  const read = (text: string): ReadPart[] => readIn(Buffer.from(text), 'B', [5]);

  test.each([
    ['no header of a part', '--B\r\nnonsense\r\n\r\nx\r\n--B--'],
    ['no content type', '--B\r\nx-other:1\r\n\r\nx\r\n--B--'],
    ['text behind a boundary', '--Bxyz\r\n'],
    ['a head without an end', `--B\r\nx:${'y'.repeat(9000)}`],
  ])('%s', (_name, text) => {
    expect(() => read(text)).toThrow(MultipartError);
  });

  test('a message that breaks off is not complete', () => {
    expect(read('--B\r\ncontent-type:text/xml\r\n\r\nhalf of')).toEqual([]);
  });
});

test('boundaries look as X-Road makes them, and are found again', () => {
  const boundary = makeBoundary();
  expect(boundary).toMatch(/^xtop[A-Za-z]{30}$/);
  expect(boundaryOf(contentTypeOf(boundary))).toBe(boundary);
  expect(boundaryOf('text/xml')).toBeNull();
});
