// Against node-forge's own writer, which shares nothing with ours.
import fc from 'fast-check';
import forge from 'node-forge';
import { expect, test } from 'vitest';
import {
  boolean,
  certificateTime,
  enumerated,
  explicit,
  generalizedTime,
  implicit,
  integer,
  namedBits,
  oid,
  octets,
  printable,
  sequence,
  setOf,
} from './der-writer.ts';
import { integerOf, oidOf, readDer, timeOf } from './evidence/der.ts';

const { asn1 } = forge;

test('integers', () => {
  const rows = [
    [0, '020100'],
    [127, '02017f'],
    [128, '02020080'],
    [256, '02020100'],
    [2n ** 64n, '0209010000000000000000'],
    [Buffer.from('0000ff', 'hex'), '020200ff'],
    [Buffer.from('00', 'hex'), '020100'],
    [Buffer.alloc(0), '020100'],
  ] as const;
  for (const [value, der] of rows) expect(integer(value).toString('hex')).toBe(der);
  expect(() => integer(-1)).toThrow(/negative/);
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 200n }), (value) => {
      const read = integerOf(readDer(integer(value)));
      expect(BigInt(`0x${read}`)).toBe(value);
    }),
  );
});

test('object identifiers', () => {
  const arc = fc.integer({ min: 0, max: 2 ** 31 - 1 });
  fc.assert(
    fc.property(
      fc.constantFrom('0.9', '1.2', '2.5'),
      fc.array(arc, { maxLength: 6 }),
      (top, arcs) => {
        const text = [top, ...arcs].join('.');
        const der = oid(text);
        expect(oidOf(readDer(der))).toBe(text);
        expect(der.subarray(2).toString('binary')).toBe(asn1.oidToDer(text).getBytes());
      },
    ),
  );
});

test('named bits lose the zeros at their end', () => {
  expect(namedBits().toString('hex')).toBe('030100');
  expect(namedBits(0).toString('hex')).toBe('03020780');
  expect(namedBits(1).toString('hex')).toBe('03020640');
  expect(namedBits(0, 5, 6).toString('hex')).toBe('03020186');
  expect(namedBits(15).toString('hex')).toBe('0303000001');
});

test('times', () => {
  const rows = [
    ['2026-03-02T10:00:00.999Z', '170d3236303330323130303030305a'],
    ['2049-12-31T23:59:59Z', '170d3439313233313233353935395a'],
    ['2050-01-01T00:00:00Z', '180f32303530303130313030303030305a'],
  ] as const;
  for (const [iso, der] of rows) {
    const timeMs = Date.parse(iso);
    expect(certificateTime(timeMs).toString('hex')).toBe(der);
    expect(timeOf(readDer(generalizedTime(timeMs)))).toBe(Math.floor(timeMs / 1000) * 1000);
  }
});

test('a set is in the order of its bytes, a sequence in ours', () => {
  const [one, two] = [integer(1), integer(2)];
  expect(setOf(two, one).toString('hex')).toBe('3106020101020102');
  expect(sequence(two, one).toString('hex')).toBe('3006020102020101');
});

test('wrappings and small values', () => {
  expect(explicit(3, integer(1)).toString('hex')).toBe('a303020101');
  expect(implicit(2, Buffer.from('a')).toString('hex')).toBe('820161');
  expect(boolean(true).toString('hex')).toBe('0101ff');
  expect(enumerated(6).toString('hex')).toBe('0a0106');
  expect(printable('FI').toString('hex')).toBe('13024649');
  expect(() => printable('Õ')).toThrow(/PrintableString/);
});

test('lengths of every size', () => {
  for (const length of [0, 127, 128, 255, 256, 65_535, 65_536]) {
    const bytes = Buffer.alloc(length, 7);
    const theirs = asn1.create(
      asn1.Class.UNIVERSAL,
      asn1.Type.OCTETSTRING,
      false,
      bytes.toString('binary'),
    );
    expect(octets(bytes).toString('binary')).toBe(asn1.toDer(theirs).getBytes());
  }
});
