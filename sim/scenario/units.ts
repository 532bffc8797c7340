/**
 * Values with units, as people write them: `30s`, `3.5ms`, `10MiB`, `120/s`, `100Mbit/s`, `2%`,
 * `08:30`, `7.8.0`. A value that cannot be read says what would be right. Nothing is guessed: `5m`
 * may be minutes or milliseconds, so it is a mistake.
 */
import { quote } from './issue.ts';

export type Reading =
  | { readonly isOk: true; readonly value: number }
  | {
      readonly isOk: false;
      readonly code: string;
      readonly message: string;
      readonly hint: string;
    };

/** What one kind of value is, for reading it, for its error messages and for the reference. */
export interface Unit {
  readonly name: UnitName;
  /** In a sentence: `a duration`. */
  readonly noun: string;
  readonly examples: readonly string[];
  readonly min: number;
  readonly max: number;
  /** The limits as the author would write them. */
  readonly limits: string;
  readonly read: (text: string) => Reading;
}

export type UnitName =
  | 'duration'
  | 'size'
  | 'rate'
  | 'bandwidth'
  | 'share'
  | 'timeOfDay'
  | 'version'
  | 'count'
  | 'number'
  | 'scale'
  | 'perDay';

const SECOND_US = 1e6;
const DAY_US = 86_400 * SECOND_US;
const DAY_SECONDS = 86_400;
const TEXT_MAX = 200;

type Factors = ReadonlyMap<string, number>;

const DURATION_FACTORS: Factors = new Map([
  ['us', 1],
  ['\u00b5s', 1],
  ['\u03bcs', 1],
  ['ms', 1e3],
  ['s', SECOND_US],
  ['min', 60 * SECOND_US],
  ['h', 3600 * SECOND_US],
  ['d', DAY_US],
]);

const SIZE_FACTORS: Factors = new Map([
  ['B', 1],
  ['kB', 1e3],
  ['MB', 1e6],
  ['GB', 1e9],
  ['KiB', 2 ** 10],
  ['MiB', 2 ** 20],
  ['GiB', 2 ** 30],
]);

/** Per second. */
const RATE_FACTORS: Factors = new Map([
  ['s', 1],
  ['min', 1 / 60],
  ['h', 1 / 3600],
  ['day', 1 / DAY_SECONDS],
  ['d', 1 / DAY_SECONDS],
]);

/** Bytes per second. */
const BANDWIDTH_FACTORS: Factors = new Map([
  ['bit/s', 1 / 8],
  ['kbit/s', 1e3 / 8],
  ['Mbit/s', 1e6 / 8],
  ['Gbit/s', 1e9 / 8],
  ...[...SIZE_FACTORS].map(([name, factor]) => [`${name}/s`, factor] as const),
]);

const NUMBER_FACTORS: Factors = new Map([
  ['', 1],
  ['k', 1e3],
  ['M', 1e6],
  ['G', 1e9],
]);

/** What people write instead, in lower case, and what to tell them. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ...['sec', 'secs', 'second', 'seconds'].map((alias) => [alias, 's'] as const),
  ...['mins', 'minute', 'minutes'].map((alias) => [alias, 'min'] as const),
  ...['hr', 'hrs', 'hour', 'hours'].map((alias) => [alias, 'h'] as const),
  ...['day', 'days'].map((alias) => [alias, 'd'] as const),
  ...['msec', 'msecs', 'millis', 'milliseconds'].map((alias) => [alias, 'ms'] as const),
  ...['usec', 'micros', 'microseconds'].map((alias) => [alias, 'us'] as const),
  ...['b', 'byte', 'bytes'].map((alias) => [alias, 'B'] as const),
  ...['bps', 'bits/s'].map((alias) => [alias, 'bit/s'] as const),
  ['kb', 'kB` (1000 bytes) or `KiB'],
  ['kib', 'KiB'],
  ['mb', 'MB'],
  ['mib', 'MiB'],
  ['gb', 'GB'],
  ['gib', 'GiB'],
  ['kbps', 'kbit/s'],
  ['mbps', 'Mbit/s'],
  ['gbps', 'Gbit/s'],
  ['kbit', 'kbit/s'],
  ['mbit', 'Mbit/s'],
  ['gbit', 'Gbit/s'],
  ['mbit/s', 'Mbit/s'],
  ['gbit/s', 'Gbit/s'],
  ['rps', '/s'],
  ['tps', '/s'],
  ['qps', '/s'],
  ['m', 'min` or `ms'],
  ['ns', 'us` (the smallest unit) or `ms'],
]);

const VERSION_MAX = 990_000;

export const UNITS: Readonly<Record<UnitName, Unit>> = {
  duration: {
    name: 'duration',
    noun: 'a duration',
    examples: ['30s', '3.5ms', '48min', '8h', '1h30min', '2d', '250us'],
    min: 0,
    max: 400 * DAY_US,
    limits: '0s to 400d',
    read: readDuration,
  },
  size: {
    name: 'size',
    noun: 'a size',
    examples: ['2KiB', '500B', '10MiB', '1kB'],
    min: 0,
    max: 2 ** 40,
    limits: '0B to 1024GiB',
    read: (text) => readScaled(text, SIZE_FACTORS, 'size'),
  },
  rate: {
    name: 'rate',
    noun: 'a rate',
    examples: ['120/s', '600/min', '10/h', '10.6M/day'],
    min: 0,
    max: 1e7,
    limits: '0/s to 10M/s',
    read: (text) => readRate(text, 'rate'),
  },
  bandwidth: {
    name: 'bandwidth',
    noun: 'a bandwidth',
    examples: ['100Mbit/s', '1Gbit/s', '10MB/s', 'unlimited'],
    min: 1,
    max: Infinity,
    limits: '8bit/s to unlimited',
    read: readBandwidth,
  },
  share: {
    name: 'share',
    noun: 'a share',
    examples: ['2%', '0.02'],
    min: 0,
    max: 1,
    limits: '0% to 100%',
    read: readShare,
  },
  timeOfDay: {
    name: 'timeOfDay',
    noun: 'a time of day',
    examples: ['08:30', '00:00', '23:59:59'],
    min: 0,
    max: DAY_US,
    limits: '00:00 to 24:00',
    read: readTimeOfDay,
  },
  version: {
    name: 'version',
    noun: 'a version',
    examples: ['7.8.0', '7.7.0'],
    min: 0,
    max: VERSION_MAX,
    limits: '0.0.0 to 99.0.0',
    read: readVersion,
  },
  count: {
    name: 'count',
    noun: 'a whole number',
    examples: ['12', '3k', '10.6M'],
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    limits: '0 to 2^53',
    read: readCount,
  },
  number: {
    name: 'number',
    noun: 'a number',
    examples: ['0.5', '12', '3k'],
    min: 0,
    max: 1e15,
    limits: '0 to 10^15',
    read: (text) => readScaled(text, NUMBER_FACTORS, 'number'),
  },
  scale: {
    name: 'scale',
    noun: 'a number or a share',
    examples: ['0.5', '1%', '2'],
    min: 1e-6,
    max: 10,
    limits: '0.000001 to 10',
    read: readScale,
  },
  perDay: {
    name: 'perDay',
    noun: 'a number per day',
    examples: ['10.6M', '10.6M/day', '120/s', '250000'],
    min: 0,
    max: 1e7 * DAY_SECONDS,
    limits: '0 to 10M/s',
    read: readPerDay,
  },
};

/** Reads a value of a known unit and holds it to the unit's own limits. */
export function readUnit(name: UnitName, value: string | number): Reading {
  const unit = UNITS[name];
  const text = String(value).trim();
  const reading = text.length > TEXT_MAX ? unreadable(text, name, null) : unit.read(text);
  if (!reading.isOk) return reading;
  if (reading.value >= unit.min && reading.value <= unit.max) return reading;
  return bad('out-of-range', `${quote(value)} makes no sense`, `it may be ${unit.limits}`);
}

/**
 * Reads a setting whose unit only its look tells: durations in microseconds, rates per second,
 * sizes in bytes, bandwidths in bytes per microsecond, shares as numbers; null: plain text.
 */
export function readByLook(text: string): Reading | null {
  const trimmed = text.trim();
  if (trimmed === 'unlimited') return good(Infinity);
  if (!/^[+-]?[\d.]/.test(trimmed) || trimmed.length > TEXT_MAX) return null;
  for (const name of ['share', 'duration', 'rate', 'size', 'number'] as const) {
    if (UNITS[name].read(trimmed).isOk) return readUnit(name, trimmed);
  }
  const bandwidth = readUnit('bandwidth', trimmed);
  if (bandwidth.isOk) return good(bandwidth.value / SECOND_US);
  const alias = ALIASES.get(split(trimmed)?.unit.toLowerCase() ?? '');
  return alias === undefined
    ? null
    : bad('bad-unit', `${quote(text)} has no known unit`, `write \`${alias}\``);
}

function readDuration(text: string): Reading {
  if (/^[+-]?0(\.0*)?$/.test(text)) return good(0);
  let sum = 0;
  let rest = text;
  do {
    const found = split(rest, /[a-z\u00b5\u03bc]*/iy);
    const factor = DURATION_FACTORS.get(found?.unit ?? '');
    if (found === null || factor === undefined) return unreadable(text, 'duration', found);
    if (found.number < 0) return negative(text, 'duration');
    sum += found.number * factor;
    rest = found.rest.trimStart();
  } while (rest !== '');
  return good(tidy(sum));
}

function readScaled(text: string, factors: Factors, name: UnitName): Reading {
  const found = split(text);
  // Nothing is nothing in every unit.
  if (found !== null && found.number === 0 && found.unit === '') return good(0);
  const factor = factors.get(found?.unit ?? '-');
  if (found === null || factor === undefined) return unreadable(text, name, found);
  if (found.number < 0) return negative(text, name);
  return good(tidy(found.number * factor));
}

function readRate(text: string, name: UnitName): Reading {
  const found = split(text);
  const [, suffix, per] = /^([kM]?)\s*\/\s*(\w+)$/.exec(found?.unit ?? '') ?? ['', '', ''];
  const factor = RATE_FACTORS.get(per);
  if (found !== null && found.number === 0 && found.unit === '') return good(0);
  if (found === null || factor === undefined) return unreadable(text, name, found);
  if (found.number < 0) return negative(text, name);
  // 600/min is 10 a second exactly: divide by the whole number.
  return good((found.number * (NUMBER_FACTORS.get(suffix) ?? 1)) / tidy(1 / factor));
}

function readBandwidth(text: string): Reading {
  if (text === 'unlimited' || text === 'Infinity') return good(Infinity);
  return readScaled(text, BANDWIDTH_FACTORS, 'bandwidth');
}

function readShare(text: string): Reading {
  const found = split(text);
  if (found === null) return unreadable(text, 'share', found);
  if (found.unit === '%') return good(found.number / 100);
  if (found.unit !== '') return unreadable(text, 'share', found);
  if (found.number <= 1) return good(found.number);
  return bad(
    'out-of-range',
    `${quote(text)} makes no sense`,
    `a share is at most 1; for ${found.number} percent write \`${found.number}%\``,
  );
}

function readTimeOfDay(text: string): Reading {
  const match = /^(\d{1,2}):(\d\d)(?::(\d\d))?$/.exec(text);
  if (match === null) return unreadable(text, 'timeOfDay', null);
  const [hours, minutes, seconds] = [match[1], match[2], match[3] ?? '0'].map(Number);
  const isOutside = minutes > 59 || seconds > 59;
  if (isOutside) return unreadable(text, 'timeOfDay', null);
  return good((hours * 3600 + minutes * 60 + seconds) * SECOND_US);
}

function readVersion(text: string): Reading {
  const match = /^(\d{1,3})\.(\d{1,2})\.(\d{1,2})$/.exec(text);
  if (match === null) {
    // `7.10` without quotes is the number 7.1: two parts cannot be told apart, so they are refused.
    return bad(
      'bad-value',
      `${quote(text)} is not a version`,
      'write all three parts, such as `7.8.0`',
    );
  }
  const [major, minor, patch] = match.slice(1).map(Number);
  return good(major * 10_000 + minor * 100 + patch);
}

function readCount(text: string): Reading {
  const reading = readScaled(text, NUMBER_FACTORS, 'count');
  if (!reading.isOk || Number.isInteger(reading.value)) return reading;
  return bad('bad-value', `${quote(text)} is not a whole number`, 'write one such as `12` or `3k`');
}

function readScale(text: string): Reading {
  const isShare = text.endsWith('%');
  const reading = readScaled(isShare ? text.slice(0, -1).trimEnd() : text, NUMBER_FACTORS, 'scale');
  return isShare && reading.isOk ? good(reading.value / 100) : reading;
}

function readPerDay(text: string): Reading {
  const number = readScaled(text, NUMBER_FACTORS, 'perDay');
  if (number.isOk) return number;
  const rate = readRate(text, 'perDay');
  return rate.isOk ? good(tidy(rate.value * DAY_SECONDS)) : rate;
}

interface Split {
  readonly number: number;
  readonly unit: string;
  readonly rest: string;
}

const NUMBER = /[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;

/** A number and what follows it; with a pattern for the unit, what follows that is the rest. */
function split(text: string, unitPattern: RegExp | null = null): Split | null {
  NUMBER.lastIndex = 0;
  const match = NUMBER.exec(text);
  if (match === null) return null;
  const behind = text.slice(match[0].length).trimStart();
  if (unitPattern === null) return { number: Number(match[0]), unit: behind, rest: '' };
  unitPattern.lastIndex = 0;
  const unit = unitPattern.exec(behind)?.[0] ?? '';
  return { number: Number(match[0]), unit, rest: behind.slice(unit.length) };
}

/** Takes away what binary fractions add: 1.1 s is 1100000 us and not a hair more. */
function tidy(value: number): number {
  const whole = Math.round(value);
  return Math.abs(value - whole) < Math.max(1e-6, Math.abs(value) * 1e-14) ? whole : value;
}

function good(value: number): Reading {
  return Number.isNaN(value)
    ? bad('bad-value', 'not a number', 'write digits')
    : { isOk: true, value };
}

function bad(code: string, message: string, hint: string): Reading {
  return { isOk: false, code, message, hint };
}

function negative(text: string, name: UnitName): Reading {
  return bad('out-of-range', `${quote(text)} is negative`, `${UNITS[name].noun} is never below 0`);
}

function unreadable(text: string, name: UnitName, found: Split | null): Reading {
  const unit = UNITS[name];
  const examples = unit.examples.map((example) => `\`${example}\``).join(', ');
  const like = `write ${unit.noun} such as ${examples}`;
  if (/^[+-]?\d+,\d/.test(text)) {
    const hint = 'write the fraction with a point, as in `3.5ms`';
    return bad('bad-value', `${quote(text)} is not ${unit.noun}`, hint);
  }
  if (found === null) return bad('bad-value', `${quote(text)} is not ${unit.noun}`, like);
  if (/^[+-]?\d*\.\d*\./.test(text)) {
    return bad('bad-value', `${quote(text)} is not ${unit.noun}`, 'a number has one point at most');
  }
  if (found.unit === '') return bad('bad-unit', `${quote(text)} has no unit`, like);
  const alias = ALIASES.get(found.unit.toLowerCase());
  const hint = alias === undefined ? like : `write \`${alias}\` instead of \`${found.unit}\``;
  return bad('bad-unit', `${quote(text)} is not ${unit.noun}`, hint);
}
