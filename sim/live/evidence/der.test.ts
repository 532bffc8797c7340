import { execFileSync, spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { der as makeDer, oid as makeOid } from '../../testing/evidence-maker.ts';
import {
  bitsOf,
  childrenOf,
  derOfBer,
  encodeSequence,
  oidOf,
  readDer,
  Tag,
  timeOf,
} from './der.ts';
import { EvidenceError } from './evidence-error.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const time = (tag: number, text: string): number =>
  timeOf(readDer(makeDer(tag, Buffer.from(text))));

test('values in values', () => {
  const [first, second] = childrenOf(readDer(hex('30 06 02 01 05 04 01 ff')));
  expect([first.tag, first.content[0], second.tag]).toEqual([Tag.Integer, 5, Tag.OctetString]);
  expect(encodeSequence([first.raw, second.raw])).toEqual(hex('30 06 02 01 05 04 01 ff'));
  const long = encodeSequence([Buffer.alloc(300)]);
  expect(long.subarray(0, 4)).toEqual(hex('30 82 01 2c'));
  expect(readDer(long).content).toHaveLength(300);
});

test('object identifiers', () => {
  for (const text of [
    '1.2.840.113549.1.7.2',
    '2.5.29.15',
    '2.16.840.1.101.3.4.2.3',
    '1.3.14.3.2.26',
  ]) {
    expect(oidOf(readDer(makeOid(text)))).toBe(text);
  }
  // X.690, 8.19.5: {2 999 3}.
  expect(oidOf(readDer(hex('06 03 88 37 03')))).toBe('2.999.3');
});

test('times', () => {
  expect(time(Tag.UtcTime, '491231235959Z')).toBe(Date.UTC(2049, 11, 31, 23, 59, 59));
  expect(time(Tag.UtcTime, '500101000000Z')).toBe(Date.UTC(1950, 0, 1));
  expect(time(Tag.GeneralizedTime, '20260302100000.25Z')).toBe(Date.UTC(2026, 2, 2, 10, 0, 0, 250));
  for (const text of ['20261302100000Z', '20260302100000', '260302100000Z', 'now']) {
    expect(() => time(Tag.GeneralizedTime, text), text).toThrow(EvidenceError);
  }
});

for (const [what, bytes] of Object.entries({
  nothing: '',
  'a tag alone': '30',
  'more after the end': '05 00 00',
  'an end beyond the end': '04 02 00',
  'an open length': '30 80 00 00',
  'a length too long': '04 81 01 00',
  'a length with a zero before': '04 82 00 80',
  'a length of five bytes': '04 85 00 00 00 00 01 00',
  'a tag of several bytes': '1f 81 00',
})) {
  test(`${what} is refused`, () => {
    expect(() => readDer(hex(bytes))).toThrow(EvidenceError);
  });
}

test('bits that are not bytes are refused', () => {
  expect(bitsOf(readDer(hex('03 02 00 ff')))).toEqual(hex('ff'));
  expect(() => bitsOf(readDer(hex('03 02 01 fe')))).toThrow(EvidenceError);
});

test('open lengths are closed, pieces joined, the rest left alone', () => {
  expect(derOfBer(hex('30 80 02 01 05 30 80 05 00 00 00 00 00'))).toEqual(
    hex('30 07 02 01 05 30 02 05 00'),
  );
  expect(derOfBer(hex('24 80 04 01 61 04 02 62 63 00 00'))).toEqual(hex('04 03 61 62 63'));
  expect(derOfBer(hex('30 03 02 01 05'))).toEqual(hex('30 03 02 01 05'));
  for (const broken of ['30 80 05 00', '30 80 00', '30 05 02 04 00 00 00', '04 80 00 00']) {
    expect(() => derOfBer(hex(broken)), broken).toThrow(EvidenceError);
  }
  expect(() => derOfBer(Buffer.concat(Array.from({ length: 99 }, () => hex('30 80'))))).toThrow(
    /nested too deep/,
  );
});

test('any bytes are read, or refused in the one way', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      for (const read of [readDer, derOfBer]) {
        try {
          read(Buffer.from(bytes));
        } catch (error) {
          if (!(error instanceof EvidenceError)) throw error;
        }
      }
    }),
    { numRuns: 1000, seed: 4 },
  );
});

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

test.skipIf(!hasOpenssl)('openssl reads the same object identifiers', () => {
  const said = execFileSync('openssl', ['asn1parse', '-inform', 'DER'], {
    input: makeOid('1.2.840.113549.1.9.16.1.4'),
    encoding: 'utf8',
  });
  expect(said).toContain('id-smime-ct-TSTInfo');
});
