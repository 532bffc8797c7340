/** The exact command that runs a scenario again, as it would be typed. */
import { keepText } from './option-values.ts';
import type { RunOptions } from './run-output.ts';

/** The number of workers and what is printed change no result, and are left out. */
export function commandLine(file: string, options: RunOptions): string {
  const words = ['npx', 'fedlab', 'run', file];
  const add = (name: string, value: string | number | undefined): void => {
    if (value !== undefined) words.push(name, String(value));
  };
  if (options.engine !== 'virtual') add('--engine', options.engine);
  add('--seed', options.seed);
  add('--replications', options.replications);
  add('--compress', options.compress);
  add('--calibration', options.calibration);
  if (options.exchanges !== 'none') add('--exchanges', keepText(options.exchanges));
  add('--out', options.out);
  for (const setting of options.set ?? []) add('--set', setting);
  if (options.report === false) words.push('--no-report');
  return words.map(quote).join(' ');
}

/** For a POSIX shell. */
export function quote(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
