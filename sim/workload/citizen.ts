/**
 * People who exist in no register, with identification codes that any form would accept.
 *
 * A citizen is drawn by a key and a number, like all chance of a run: the same one has the same
 * code wherever and whenever it is asked for. The rules:
 *
 *    Estonia, isikukood      GYYMMDDSSSC  G sex and century, SSS serial number, C check digit in
 *                                         two stages (regulation on personal identification codes,
 *                                         riigiteataja.ee 13245887; worked example in Wikiversity,
 *                                         "Isikukoodi selgitust")
 *    Finland, henkilötunnus  DDMMYYXNNNC  X sign of the century, NNN individual number, even for
 *                                         women, C one of 31 check characters; several signs a
 *                                         century since 2023 (dvv.fi/hetu-uudistus)
 *
 * Finland gives 900 to 999 to nobody: they are for temporary use and for tests, and drawn here.
 * Estonia has no such range. Serial numbers from 900 on are drawn, which a country of some forty
 * births a day hardly reaches, but a code may still happen to be somebody's. It is the only thing
 * that is made up about a citizen, and each says of itself that it is synthetic.
 */
import { draw } from '../base/random.ts';

export interface Citizen {
  /** No person: drawn by chance. */
  readonly isSynthetic: true;
  readonly country: 'EE' | 'FI';
  readonly code: string;
  readonly sex: 'female' | 'male';
  readonly birth: BirthDate;
}

export interface BirthDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** What is drawn of a citizen; numbers of their own, for a citizen has a key of its own. */
const Draw = { Day: 0, Sex: 1, Serial: 2, Sign: 3 } as const;

/** The youngest and the oldest who act for themselves, by year of birth. */
const FIRST_YEAR = 1930;
const LAST_YEAR = 2007;
/** Numbers that are given to nobody, or to hardly anybody. */
const FREE_FROM = 900;
const FREE_COUNT = 100;

/** The citizen of a number, by the two words of a key. */
export function citizenOf(
  country: Citizen['country'],
  key0: number,
  key1: number,
  number: number,
): Citizen {
  const u = (purpose: number): number => draw(key0, key1, number, 0, purpose);
  const birth = dayBetween(FIRST_YEAR, LAST_YEAR, u(Draw.Day));
  const sex = u(Draw.Sex) < 0.5 ? 'female' : 'male';
  if (country === 'EE') {
    const serial = FREE_FROM + Math.floor(u(Draw.Serial) * FREE_COUNT);
    return { isSynthetic: true, country, sex, birth, code: isikukood(birth, sex, serial) };
  }
  const even = 2 * Math.floor((u(Draw.Serial) * FREE_COUNT) / 2);
  const individual = FREE_FROM + even + (sex === 'male' ? 1 : 0);
  const sign = centurySign(birth.year, u(Draw.Sign));
  return { isSynthetic: true, country, sex, birth, code: henkilotunnus(birth, individual, sign) };
}

export function isikukood(birth: BirthDate, sex: Citizen['sex'], serial: number): string {
  const century = Math.floor(birth.year / 100) - 18;
  const first = 2 * century + (sex === 'male' ? 1 : 2);
  const digits = `${first}${yearMonthDay(birth)}${pad(serial, 3)}`;
  return `${digits}${isikukoodCheckDigit(digits)}`;
}

const FIRST_WEIGHTS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 1];
const SECOND_WEIGHTS = [3, 4, 5, 6, 7, 8, 9, 1, 2, 3];

/** Of ten digits; the second weights count only where the first leave 10, and 10 again is 0. */
export function isikukoodCheckDigit(digits: string): number {
  const first = weightedSum(digits, FIRST_WEIGHTS) % 11;
  if (first < 10) return first;
  const second = weightedSum(digits, SECOND_WEIGHTS) % 11;
  return second < 10 ? second : 0;
}

/** A code with a possible date and the right check digit. */
export function isIsikukood(code: string): boolean {
  if (!/^[1-8]\d{10}$/.test(code)) return false;
  const century = 18 + Math.floor((Number(code[0]) - 1) / 2);
  const [year, month, day] = [code.slice(1, 3), code.slice(3, 5), code.slice(5, 7)].map(Number);
  if (!isDate({ year: century * 100 + year, month, day })) return false;
  return isikukoodCheckDigit(code.slice(0, 10)) === Number(code[10]);
}

export function henkilotunnus(birth: BirthDate, individual: number, sign: string): string {
  const date = `${pad(birth.day, 2)}${pad(birth.month, 2)}${pad(birth.year % 100, 2)}`;
  const number = pad(individual, 3);
  return `${date}${sign}${number}${henkilotunnusCheck(`${date}${number}`)}`;
}

/** By remainder; letters that look like digits are left out. */
const CHECK_CHARACTERS = '0123456789ABCDEFHJKLMNPRSTUVWXY';

/** Of the nine digits of date and individual number, read as one number. */
export function henkilotunnusCheck(digits: string): string {
  return CHECK_CHARACTERS[Number(digits) % 31];
}

/**
 * Signs of a century: since 2023 several of each, so that there are codes enough for people born on
 * one day. The first is the old one.
 */
const CENTURY_SIGNS: Readonly<Record<number, string>> = {
  18: '+',
  19: '-YXWVU',
  20: 'ABCDEF',
};

/** A code with a possible date, a sign that exists, a number in use and the right check. */
export function isHenkilotunnus(code: string): boolean {
  const match = /^(\d{2})(\d{2})(\d{2})([-+A-Y])(\d{3})([0-9A-Y])$/.exec(code);
  if (match === null) return false;
  const [, day, month, year, sign, individual, check] = match;
  const century = Object.keys(CENTURY_SIGNS).find((one) =>
    CENTURY_SIGNS[Number(one)].includes(sign),
  );
  if (century === undefined || Number(individual) < 2) return false;
  const birth = { year: Number(century) * 100 + Number(year), month: Number(month) };
  if (!isDate({ ...birth, day: Number(day) })) return false;
  return henkilotunnusCheck(`${day}${month}${year}${individual}`) === check;
}

function centurySign(year: number, u: number): string {
  const signs = CENTURY_SIGNS[Math.floor(year / 100)];
  return signs[Math.floor(u * signs.length)];
}

function weightedSum(digits: string, weights: readonly number[]): number {
  return weights.reduce((sum, weight, at) => sum + weight * Number(digits[at]), 0);
}

const pad = (value: number, width: number): string => String(value).padStart(width, '0');

const yearMonthDay = ({ year, month, day }: BirthDate): string =>
  `${pad(year % 100, 2)}${pad(month, 2)}${pad(day, 2)}`;

/** Any day of the years alike, but for the one that a leap year has more. */
function dayBetween(firstYear: number, lastYear: number, u: number): BirthDate {
  const years = u * (lastYear - firstYear + 1);
  const year = firstYear + Math.floor(years);
  let day = Math.floor((years % 1) * (isLeap(year) ? 366 : 365)) + 1;
  let month = 1;
  while (day > daysOf(year, month)) day -= daysOf(year, month++);
  return { year, month, day };
}

function isDate({ year, month, day }: BirthDate): boolean {
  return month >= 1 && month <= 12 && day >= 1 && day <= daysOf(year, month);
}

function daysOf(year: number, month: number): number {
  if (month === 2) return isLeap(year) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}
