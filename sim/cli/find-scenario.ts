/** Which file a scenario's name means, or what to type instead. */
import { readdirSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { didYouMean, nearest } from '../base/nearest.ts';
import { scenarioNames, SCENARIO_END, SCENARIOS, shortPath } from './repository.ts';
import { UserError } from './user-error.ts';

/** Names that one message lists. */
const SHOWN_MAX = 8;

/**
 * A path, or a name under scenarios/, with or without the end of its file name; the folders in
 * front may be left out where that leaves no doubt.
 */
export function findScenario(name: string): string {
  const beside = [name, `${name}${SCENARIO_END}`].find((path) => statOf(path)?.isFile() === true);
  if (beside !== undefined) return beside;
  const names = scenarioNames();
  const meant = meantBy(name, names);
  if (meant.length === 1) return shortPath(join(SCENARIOS, `${meant[0]}${SCENARIO_END}`));
  throw new UserError(meant.length > 1 ? ambiguousText(name, meant) : missingText(name, names));
}

/** The known names that a name may mean: itself, or else those that only have folders in front. */
export function meantBy(name: string, known: readonly string[]): string[] {
  const short = shortName(name);
  if (known.includes(short)) return [short];
  return known.filter((one) => one.endsWith(`/${short}`));
}

/** As `fedlab list` prints it. */
function shortName(name: string): string {
  return name.replace(/(\.scenario)?\.ya?ml$/, '').replace(/^(\.\/)?scenarios\//, '');
}

function ambiguousText(name: string, meant: readonly string[]): string {
  return `more than one scenario is called ${name}\nthere are ${listed(meant)}`;
}

export function missingText(name: string, names: readonly string[]): string {
  const inside = names.filter((known) => known.startsWith(`${shortName(name)}/`));
  if (statOf(name)?.isDirectory() === true) {
    const files = filesIn(name).map((file) => join(name, file));
    const there = files.length > 0 ? files : inside;
    const hint = there.length > 0 ? `there are ${listed(there)}` : 'there is none in it';
    return `${name} is a folder, and a scenario is a file\n${hint}`;
  }
  if (inside.length > 0) return `${name} is a folder of scenarios\nthere are ${listed(inside)}`;
  const isFileName = /\.ya?ml$/.test(name);
  const message = isFileName
    ? `there is no file ${name}, and no scenario of that name`
    : `there is no scenario ${name.trim() === '' ? '""' : name}`;
  const near = isFileName ? didYouMean(name, filesBeside(name)) : null;
  const other = 'fedlab list scenarios prints those that come with Fedlab';
  return `${message}\n${near ?? nearKnown(shortName(name), names) ?? other}`;
}

/** The whole name, with its folder, also where only the last part is like what was typed. */
function nearKnown(short: string, names: readonly string[]): string | null {
  const whole = didYouMean(short, names);
  if (whole !== null) return whole;
  const last = nearest(short, names.map(lastPart));
  const found = names.find((name) => lastPart(name) === last);
  return found === undefined ? null : `did you mean "${found}"?`;
}

function lastPart(name: string): string {
  return name.split('/').at(-1) ?? name;
}

function listed(names: readonly string[]): string {
  const more = names.length - SHOWN_MAX;
  return names.slice(0, SHOWN_MAX).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** Scenario files in the folder of a file that is not there, as one would type them. */
function filesBeside(name: string): string[] {
  const folder = dirname(name);
  return filesIn(folder).map((file) => (folder === '.' ? file : join(folder, file)));
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((file) => /\.ya?ml$/.test(file));
  } catch {
    return [];
  }
}

/** Null: there is nothing, or nothing that may be looked at. */
function statOf(path: string): Stats | null {
  try {
    return statSync(path, { throwIfNoEntry: false }) ?? null;
  } catch {
    return null;
  }
}
