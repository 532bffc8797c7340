/** The vertical axis of a panel: a scale, its ticks, and their labels. */
import { scaleLinear, scaleLog } from 'd3';
import { durationTicks, formatDuration } from './format.ts';

export interface ValueAxis {
  /** 0 at the bottom, 1 at the top; what is outside is drawn at the edge. */
  readonly position: (value: number) => number;
  readonly ticks: readonly { readonly value: number; readonly label: string }[];
  readonly isLogarithmic: boolean;
}

export function linearAxis(
  largest: number,
  label: (value: number) => string,
  tickCount = 4,
): ValueAxis {
  const scale = scaleLinear()
    .domain([0, largest > 0 ? largest : 1])
    .nice(tickCount)
    .clamp(true);
  const ticks = scale.ticks(tickCount).map((value) => ({ value, label: label(value) }));
  return { position: (value) => scale(value), ticks, isLogarithmic: false };
}

/** Of a share: never beyond all of it. */
export function shareAxis(largest: number, label: (value: number) => string): ValueAxis {
  return linearAxis(Math.min(1, Math.max(largest, 1e-6)), label, 2);
}

const TICKS_MAX = 6;

export function logarithmicAxis(
  smallest: number,
  largest: number,
  label: (value: number) => string,
): ValueAxis {
  const low = Math.floor(Math.log10(smallest) + 1e-9);
  const high = Math.max(low + 1, Math.ceil(Math.log10(largest) - 1e-9));
  const scale = scaleLog()
    .domain([10 ** low, 10 ** high])
    .clamp(true);
  const step = Math.ceil((high - low) / TICKS_MAX);
  const ticks = [];
  for (let exponent = low; exponent <= high; exponent += step) {
    const factors = high - low <= 1 ? [1, 2, 5] : high - low <= 3 ? [1, 3] : [1];
    for (const factor of exponent === high ? [1] : factors) {
      const value = factor * 10 ** exponent;
      ticks.push({ value, label: label(value) });
    }
  }
  // A logarithm of nothing is drawn at the bottom.
  const position = (value: number): number => (value > 0 ? scale(value) : 0);
  return { position, ticks, isLogarithmic: true };
}

/**
 * Of durations: logarithmic when they lie so far apart that a straight scale would hide the small
 * ones.
 */
export function durationAxis(values: readonly (number | null)[]): ValueAxis {
  let smallest = Infinity;
  let largest = 0;
  for (const value of values) {
    if (value === null || value <= 0) continue;
    smallest = Math.min(smallest, value);
    largest = Math.max(largest, value);
  }
  if (largest / smallest > 30) return logarithmicAxis(smallest, largest, formatDuration);
  return linearAxis(largest, durationTicks(largest));
}
