/** Points of time on the axis of a run: which ones get a tick, and how they are written. */
import { tickStep } from 'd3';
import { formatSeconds } from './format.ts';
import type { Timeline } from './timeline.ts';

const DAY = 86_400;

/** Steps at which people expect a tick, in seconds. */
const STEPS = [
  1,
  2,
  5,
  10,
  15,
  30,
  60,
  120,
  300,
  600,
  900,
  1800,
  3600,
  7200,
  10_800,
  14_400,
  21_600,
  43_200,
  DAY,
  2 * DAY,
  7 * DAY,
  14 * DAY,
  28 * DAY,
];

export interface TimeTick {
  readonly seconds: number;
  readonly label: string;
}

export function timeTicks(timeline: Timeline, countMax: number): TimeTick[] {
  const { fromSeconds, toSeconds } = timeline;
  const span = toSeconds - fromSeconds;
  const step = stepFor(span, countMax);
  const shift = timeline.usesClock ? timeline.startOfDaySeconds % step : 0;
  const first = Math.ceil((fromSeconds + shift) / step - 1e-9) * step - shift;
  const ticks: TimeTick[] = [];
  for (let index = 0; index <= countMax + 1; index++) {
    const seconds = first + index * step;
    if (seconds > toSeconds + span * 1e-9) break;
    ticks.push({ seconds, label: tickLabel(timeline, seconds, step) });
  }
  return ticks;
}

/** For texts and tables: `13:05`, `day 2, 13:05`, or the time since the start. */
export function formatInstant(timeline: Timeline, seconds: number): string {
  if (!timeline.usesClock) return seconds === 0 ? '0 s' : formatSeconds(seconds);
  const total = Math.round(timeline.startOfDaySeconds + seconds);
  const clock = clockOf(total, total % 60 !== 0);
  const lasts = timeline.startOfDaySeconds + timeline.toSeconds > DAY + 1;
  return lasts ? `day ${Math.floor(total / DAY) + 1}, ${clock}` : clock;
}

/** `day 2, 10:05 to 14:00`: the day is said once where it is one. */
export function formatInstants(timeline: Timeline, from: number, to: number): string {
  const [first, last] = [from, to].map((seconds) => formatInstant(timeline, seconds));
  const day = /^day \d+, /.exec(first)?.[0] ?? '';
  return `${first} to ${last.startsWith(day) ? last.slice(day.length) : last}`;
}

function stepFor(span: number, countMax: number): number {
  const wanted = span / countMax;
  if (wanted < 1 || wanted > STEPS[STEPS.length - 1]) {
    const unit = wanted < 1 ? 1 : DAY;
    return tickStep(0, span / unit, Math.max(1, countMax * 0.7)) * unit;
  }
  return STEPS.find((step) => step >= wanted) ?? DAY;
}

function tickLabel(timeline: Timeline, seconds: number, step: number): string {
  if (!timeline.usesClock) return seconds === 0 ? '0' : inUnitOf(step, seconds);
  const total = timeline.startOfDaySeconds + seconds;
  if (step < 1) return formatSeconds(seconds);
  const isMidnight = Math.round(total) % DAY === 0;
  const lasts = timeline.startOfDaySeconds + timeline.toSeconds > DAY + 1;
  if (lasts && (isMidnight || step >= DAY)) return `day ${Math.floor(total / DAY + 1e-6) + 1}`;
  return clockOf(Math.round(total), step < 60);
}

/** The unit from which step on; halves of an hour read better than the minutes of a day. */
const UNITS = [
  { fromStep: DAY, seconds: DAY, word: 'd' },
  { fromStep: 1800, seconds: 3600, word: 'h' },
  { fromStep: 60, seconds: 60, word: 'min' },
  { fromStep: 1, seconds: 1, word: 's' },
] as const;

/** One unit along an axis: `40 min, 60 min, 80 min`, and not `2 h` at their end. */
function inUnitOf(step: number, seconds: number): string {
  const unit = UNITS.find(({ fromStep }) => step >= fromStep);
  if (unit === undefined) return formatSeconds(seconds);
  return `${Number((seconds / unit.seconds).toFixed(2))}\u00a0${unit.word}`;
}

/** A day that ends at midnight ends at 24:00. */
function clockOf(totalSeconds: number, withSeconds: boolean): string {
  const ofDay = totalSeconds === DAY ? DAY : totalSeconds % DAY;
  const parts = [Math.floor(ofDay / 3600), Math.floor(ofDay / 60) % 60];
  if (withSeconds) parts.push(ofDay % 60);
  return parts.map((part) => String(part).padStart(2, '0')).join(':');
}
