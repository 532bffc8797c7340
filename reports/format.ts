/** Numbers for people: three or four digits that matter, thousands apart, and a unit. */

const SPACE = '\u00a0';
export const NO_VALUE = '–';

const GROUPED = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** A whole number, all of it: `10,600,123`. */
export function formatCount(value: number): string {
  return Math.abs(value) < 1e15 ? GROUPED.format(value) : value.toExponential(2);
}

const AMOUNTS: readonly (readonly [number, string])[] = [
  [1e12, 'tn'],
  [1e9, 'bn'],
  [1e6, 'M'],
];

/** About how many: `812`, `48,210`, `10.6 M`, `3.87 bn`. */
export function formatAmount(value: number): string {
  if (Math.abs(value) >= 1e15) return value.toExponential(2);
  for (const [size, word] of AMOUNTS) {
    if (Math.abs(value) >= size * 0.9995) return `${significant(value / size)}${SPACE}${word}`;
  }
  return Math.abs(value) >= 1000 ? GROUPED.format(value) : significant(value);
}

/** Of something a second. */
export function formatRate(perSecond: number | null): string {
  if (perSecond === null) return NO_VALUE;
  // Between a hundred and a thousand a decimal still tells two replications apart.
  const hasDecimal = perSecond >= 99.95 && perSecond < 999.95;
  return `${hasDecimal ? perSecond.toFixed(1) : formatAmount(perSecond)}/s`;
}

const SECOND = 1e9;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** From nanoseconds: `176 ms`, `1.24 s`, `2 min 5 s`, `1 h 12 min`. */
export function formatDuration(ns: number | null): string {
  if (ns === null) return NO_VALUE;
  if (ns === 0) return '0';
  if (ns < 999.5) return `${significant(ns)}${SPACE}ns`;
  if (ns < 999.5e3) return `${significant(ns / 1e3)}${SPACE}µs`;
  if (ns < 999.5e6) return `${significant(ns / 1e6)}${SPACE}ms`;
  if (ns < 119.5 * SECOND) return `${significant(ns / SECOND)}${SPACE}s`;
  if (ns < 2 * HOUR) return twoUnits(ns, MINUTE, 'min', SECOND, 's');
  if (ns < 2 * DAY) return twoUnits(ns, HOUR, 'h', MINUTE, 'min');
  if (ns < 1000 * DAY) return twoUnits(ns, DAY, 'd', HOUR, 'h');
  return `${formatAmount(ns / DAY)}${SPACE}d`;
}

const DURATION_UNITS = [
  { fromNs: 2 * HOUR, ns: HOUR, word: 'h' },
  { fromNs: 119.5 * SECOND, ns: MINUTE, word: 'min' },
  { fromNs: 999.5e6, ns: SECOND, word: 's' },
  { fromNs: 999.5e3, ns: 1e6, word: 'ms' },
  { fromNs: 999.5, ns: 1e3, word: 'µs' },
  { fromNs: 0, ns: 1, word: 'ns' },
] as const;

/** For the ticks of an axis that is not logarithmic: all in the unit of the largest. */
export function durationTicks(largestNs: number): (ns: number) => string {
  const unit = DURATION_UNITS.find(({ fromNs }) => largestNs >= fromNs) ?? DURATION_UNITS[5];
  return (ns) => (ns === 0 ? '0' : `${significant(ns / unit.ns)}${SPACE}${unit.word}`);
}

export function formatSeconds(seconds: number | null): string {
  return formatDuration(seconds === null ? null : seconds * SECOND);
}

/** A share that is not all is never rounded to `100 %`, and one that is something never to `0`. */
export function formatShare(share: number | null): string {
  if (share === null) return NO_VALUE;
  const percent = share * 100;
  if (percent === 0 || percent === 100) return `${percent}${SPACE}%`;
  if (percent > 100) return `${formatAmount(percent)}${SPACE}%`;
  const distance = Math.min(percent, 100 - percent);
  if (distance < 0.001)
    return percent < 50 ? `<${SPACE}0.001${SPACE}%` : `>${SPACE}99.999${SPACE}%`;
  const digits = distance >= 10 ? 1 : distance >= 0.05 ? 2 : distance >= 0.005 ? 3 : 4;
  return `${percent.toFixed(digits)}${SPACE}%`;
}

/** For an axis, whose ticks are round numbers. */
export function formatShareTick(share: number): string {
  return `${Number((share * 100).toPrecision(3))}${SPACE}%`;
}

export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${formatAmount(value)}${SPACE}${units[unit]}`;
}

/** `1 server`, `3 servers`. */
export function formatNumberOf(count: number, singular: string, plural = `${singular}s`): string {
  return `${formatCount(count)}${SPACE}${count === 1 ? singular : plural}`;
}

/** A part of a whole; null when the whole is nothing. */
export function shareOf(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

function significant(value: number): string {
  const size = Math.abs(value);
  if (size >= 999.5) return GROUPED.format(value);
  if (size === 0) return '0';
  if (size < 0.001) return value.toExponential(1);
  const digits = Math.max(0, 2 - Math.floor(Math.log10(size)));
  return String(Number(value.toFixed(Math.min(digits, 5))));
}

function twoUnits(
  ns: number,
  large: number,
  largeWord: string,
  small: number,
  smallWord: string,
): string {
  const smalls = Math.round(ns / small);
  const each = large / small;
  const rest = smalls % each;
  const head = `${GROUPED.format((smalls - rest) / each)}${SPACE}${largeWord}`;
  return rest === 0 ? head : `${head} ${rest}${SPACE}${smallWord}`;
}
