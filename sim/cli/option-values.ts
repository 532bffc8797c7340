/** Reads values of command-line options; commander says what is wrong, and the exit code is 2. */
import { InvalidArgumentError } from 'commander';
import type { KeepPolicy } from '../metrics/journal.ts';

/** A whole number from `min` to `max`. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It is a whole number from ${min} to ${max}.`);
  };
}

export function repeated(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

export function keepPolicy(text: string): KeepPolicy {
  if (text === 'none' || text === 'all') return text;
  const sample = /^sample:(\d{1,9})$/.exec(text);
  if (sample !== null && Number(sample[1]) > 0) return { sample: Number(sample[1]) };
  throw new InvalidArgumentError('It is none, all or sample:N, such as sample:1000.');
}

/** The option's text again. */
export function keepText(keep: KeepPolicy): string {
  return typeof keep === 'string' ? keep : `sample:${keep.sample}`;
}
