import { describe, expect, test } from 'vitest';
import { hashText } from '../base/random.ts';
import {
  citizenOf,
  henkilotunnus,
  isHenkilotunnus,
  isIsikukood,
  isikukood,
  isikukoodCheckDigit,
} from './citizen.ts';

const [KEY0, KEY1] = hashText('citizens');
const MANY = Array.from({ length: 3000 }, (_, number) => number);

describe('Estonia', () => {
  test.each([
    // The worked example of Wikiversity and of Estonian schoolbooks: 108 leaves 9.
    '37605030299',
    // Published test persons of the Estonian trust service provider.
    '60001019906',
    '30303039914',
    '40404049996',
    '50001029996',
    '38001085718',
  ])('%s is one', (code) => {
    expect(isIsikukood(code)).toBe(true);
  });

  test('the second stage, by hand', () => {
    // 3, 7, 8 at the places 1, 4, 8: 3 + 28 + 64 = 95 leaves 7, so one stage is enough.
    expect(isikukoodCheckDigit('3007000800')).toBe(7);
    // 3 + 2 x 2 + 3 = 10 leaves 10; the second weights give 3 x 3 + 2 x 4 + 1 x 5 = 22, which
    // leaves 0.
    expect(isikukoodCheckDigit('3210000000')).toBe(0);
    // 6 + 3 x 5 = 21 leaves 10; 3 x 6 + 5 x 5 = 43 leaves 10 again, written as 0.
    expect(isikukoodCheckDigit('6050000000')).toBe(0);
  });

  test.each(['37605030298', '37613030299', '37602300299', '97605030299', '3760503029'])(
    '%s is none',
    (code) => {
      expect(isIsikukood(code)).toBe(false);
    },
  );

  test('the first digit tells century and sex', () => {
    const first = (year: number, sex: 'female' | 'male'): string =>
      isikukood({ year, month: 1, day: 1 }, sex, 900)[0];
    expect([1899, 1999, 2000].map((year) => first(year, 'male') + first(year, 'female'))).toEqual([
      '12',
      '34',
      '56',
    ]);
  });

  test('every citizen drawn has a good code, and most have one of their own', () => {
    const codes = MANY.map((number) => citizenOf('EE', KEY0, KEY1, number).code);
    expect(codes.filter((code) => !isIsikukood(code))).toEqual([]);
    expect(new Set(codes).size).toBeGreaterThan(2990);
    // An independent reading of the rule finds the same check digits.
    expect(codes.map((code) => weighted(code))).toEqual(codes.map((code) => Number(code[10])));
  });
});

/** The rule as prose has it: place numbers as weights, counted 1 to 9 and from 1 again. */
function weighted(code: string): number {
  for (const shift of [0, 2]) {
    let sum = 0;
    for (let place = 0; place < 10; place++)
      sum += Number(code[place]) * (((place + shift) % 9) + 1);
    if (sum % 11 !== 10) return sum % 11;
  }
  return 0;
}

describe('Finland', () => {
  test.each([
    // The example that the population register centre has used for decades.
    '131052-308T',
    // DVV's imaginary persons with the signs of 2023.
    '010594Y9032',
    '020594X903P',
    '030594W903B',
    '030694W9024',
    '040594V9030',
    '050594U903M',
    '010516B903X',
    '020516C903K',
    '030516D9037',
    '010501E9032',
    '020503F9037',
    '020504A902E',
  ])('%s is one', (code) => {
    expect(isHenkilotunnus(code)).toBe(true);
  });

  test.each([
    '131052-308U',
    '311152-308T',
    '131052Z308T',
    // I, O, Q, G and Z are no check characters.
    '131052-308I',
    // 001 is not given.
    henkilotunnus({ year: 1952, month: 10, day: 13 }, 1, '-'),
  ])('%s is none', (code) => {
    expect(isHenkilotunnus(code)).toBe(false);
  });

  test('a leap day exists only in leap years', () => {
    const born = (year: number, sign: string): string =>
      henkilotunnus({ year, month: 2, day: 29 }, 901, sign);
    expect([born(2000, 'A'), born(1996, '-')].map(isHenkilotunnus)).toEqual([true, true]);
    expect([born(1900, '-'), born(2001, 'A')].map(isHenkilotunnus)).toEqual([false, false]);
  });

  test('every citizen drawn is good, in a number that is given to nobody, with every sign', () => {
    const drawn = MANY.map((number) => citizenOf('FI', KEY0, KEY1, number));
    expect(drawn.filter(({ code }) => !isHenkilotunnus(code))).toEqual([]);
    expect(drawn.filter(({ code }) => Number(code.slice(7, 10)) < 900)).toEqual([]);
    expect(
      drawn.filter(({ sex, code }) => (sex === 'male') !== (Number(code[9]) % 2 === 1)),
    ).toEqual([]);
    const signs = new Set(drawn.map(({ code }) => code[6]));
    expect([...signs].toSorted().join('')).toBe('-ABCDEFUVWXY');
  });
});

describe('a citizen', () => {
  test('is the same whenever it is asked for, and another under another key', () => {
    const [other0, other1] = hashText('others');
    for (const country of ['EE', 'FI'] as const) {
      expect(citizenOf(country, KEY0, KEY1, 7)).toEqual(citizenOf(country, KEY0, KEY1, 7));
      expect(citizenOf(country, KEY0, KEY1, 7)).not.toEqual(citizenOf(country, other0, other1, 7));
    }
  });

  test('says that it is synthetic; half are women, born over the years', () => {
    const drawn = MANY.map((number) => citizenOf('EE', KEY0, KEY1, number));
    expect(drawn.every(({ isSynthetic }) => isSynthetic)).toBe(true);
    const women = drawn.filter(({ sex }) => sex === 'female').length / drawn.length;
    expect(women).toBeGreaterThan(0.47);
    expect(women).toBeLessThan(0.53);
    const mean = drawn.reduce((sum, { birth }) => sum + birth.year, 0) / drawn.length;
    // Alike from 1930 to 2007: the mean is 1968.5, with a deviation of 22.5 / sqrt(3000) = 0.41.
    expect(Math.abs(mean - 1968.5)).toBeLessThan(1.7);
  });
});
