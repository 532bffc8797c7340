import { expect, test } from 'vitest';
import { businessIdCheckDigit, memberCode } from './member-code.ts';

test('check digits of published Finnish ids', () => {
  // Real ones: the population register's and NIIS's, of the published identifiers.
  expect(businessIdCheckDigit('0245437')).toBe(2);
  expect(businessIdCheckDigit('2908758')).toBe(4);
  expect(businessIdCheckDigit('1710128')).toBe(9);
});

test('Finnish codes are valid, and each is given once', () => {
  const codes = Array.from({ length: 5000 }, (_, index) => memberCode('FI', 'GOV', index));
  expect(new Set(codes).size).toBe(codes.length);
  for (const code of codes) {
    expect(code).toMatch(/^9\d{6}-\d$/);
    expect(businessIdCheckDigit(code.slice(0, 7))).toBe(Number(code.at(-1)));
  }
});

test('Estonian codes have eight digits, the first by the kind of body', () => {
  expect(memberCode('EE', 'GOV', 0)).toBe('79000001');
  expect(memberCode('EE', 'NGO', 1)).toBe('89000002');
  expect(memberCode('EE', 'COM', 2)).toBe('19000003');
  expect(memberCode('ee-test', 'COM', 2)).toBe('19000003');
});
