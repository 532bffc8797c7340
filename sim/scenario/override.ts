/**
 * `--set path.to.key=value`: one value of a scenario, set from the command line. The path names
 * keys, list items by number or by `id`; the number behind the last adds an item; a dot that
 * belongs to a name is written `\.`. The value is YAML. What is wrong has its place in the argument
 * itself.
 */
import { didYouMean } from '../base/nearest.ts';
import { idOf } from './draft.ts';
import type { Draft, DraftEntry, DraftList, Place } from './draft.ts';
import { quote } from './issue.ts';
import type { Issue } from './issue.ts';
import { parseText } from './parse.ts';
import { isListAt } from './schema-at.ts';
import { SourceText } from './source.ts';

export interface Override {
  readonly source: SourceText;
  readonly draft: Draft;
  readonly issues: readonly Issue[];
}

const STEPS_MAX = 20;

interface Step {
  readonly name: string;
  readonly place: Place;
}

type Placed = Draft | Issue;

export function applyOverride(draft: Draft, argument: string): Override {
  const source = new SourceText('--set', argument);
  const whole = { source, from: 0, to: argument.length };
  const { steps, equals } = stepsOf(source);
  if (equals === -1) {
    const hint = 'write path.to.key=value, such as replications=5';
    return refused(draft, issueAt(whole, 'set-value', 'a value is missing', hint));
  }
  const blank = steps.find(({ name }) => name === '' || name === '__proto__');
  if (blank !== undefined || steps.length > STEPS_MAX || steps[0].name === 'extends') {
    const hint = 'write path.to.key=value, such as incidents.link-cut.at=30s';
    const place = { ...whole, to: Math.max(1, equals) };
    return refused(draft, issueAt(place, 'set-path', 'this is not a path that can be set', hint));
  }
  if (argument.slice(equals + 1).trim() === '') {
    const place = { ...whole, from: equals, to: equals + 1 };
    const hint = 'write a value behind the =; for an empty list write []';
    return refused(draft, issueAt(place, 'set-value', 'a value is missing', hint));
  }
  const parsed = parseText(source, equals + 1);
  if (parsed.draft === null) return { source, draft, issues: parsed.issues };
  const placed = put(draft, { steps, depth: 0, value: parsed.draft, above: [] });
  if ('code' in placed) return refused(draft, placed);
  return { source, draft: placed, issues: parsed.issues };
}

interface Setting {
  readonly steps: readonly Step[];
  /** Steps that have been taken. */
  readonly depth: number;
  readonly value: Draft;
  /** The path so far, with the numbers of list items instead of their ids. */
  readonly above: readonly (string | number)[];
}

const deeper = (setting: Setting, key: string | number): Setting => ({
  ...setting,
  depth: setting.depth + 1,
  above: [...setting.above, key],
});

/** The draft with the value in its place, or what is wrong with the path. */
function put(draft: Draft, setting: Setting): Placed {
  const { steps, depth, value, above } = setting;
  if (depth === steps.length) return value;
  const { name, place } = steps[depth];
  const isNothing = draft.kind === 'scalar' && draft.value === null;
  // Also of a list that nobody has written yet, the items are numbered.
  const isList = draft.kind === 'list' || (isNothing && isListAt(above));
  if (isList) return putItem(draft.kind === 'list' ? draft : emptyList(place), setting);
  if (draft.kind === 'scalar' && !isNothing) {
    const holder = nameAbove(setting);
    const hint = `set ${holder} itself; it is ${quote(draft.value)} now`;
    return issueAt(place, 'set-path', `${quote(holder)} is a single value`, hint);
  }
  const entries = new Map<string, DraftEntry>(draft.kind === 'map' ? draft.entries : []);
  const wrong = entries.has(name) ? null : wrongName(setting, [...entries.keys()]);
  if (wrong !== null) return wrong;
  const below: Draft = entries.get(name)?.value ?? { kind: 'scalar', place, value: null };
  const placed = put(below, deeper(setting, name));
  if ('code' in placed) return placed;
  entries.set(name, { key: place, value: placed });
  return { kind: 'map', place: draft.kind === 'map' ? draft.place : place, entries };
}

/** A new key that is hardly meant to be one. */
function wrongName({ steps, depth }: Setting, known: readonly string[]): Issue | null {
  const { name, place } = steps[depth];
  if (/^[^[\]]+(\[[^[\]]+\])+$/.test(name)) {
    const path = place.source.text.slice(0, steps[steps.length - 1].place.to).trim();
    const dotted = path.replaceAll(/\[\s*["']?([^[\]"']*)["']?\s*\]/g, '.$1');
    const message = `${quote(name)} is not a name: items of lists stand behind a point`;
    return issueAt(place, 'set-path', message, `write ${dotted}`);
  }
  // Two countries whose names differ in case alone are one country, mistyped.
  const twin = known.find((key) => key.toLowerCase() === name.toLowerCase());
  if (twin === undefined) return null;
  const message = `${quote(name)} is not there, and ${quote(twin)} is: case counts`;
  return issueAt(place, 'set-path', message, `did you mean ${quote(twin)}?`);
}

function putItem(list: DraftList, setting: Setting): Placed {
  const { steps, depth } = setting;
  const { name, place } = steps[depth];
  const index = indexOf(list, name);
  if (index === -1) {
    const ids = list.items.map(idOf).filter((id) => id !== null);
    const message = `the list ${quote(nameAbove(setting))} has no item ${quote(name)}`;
    return issueAt(
      place,
      'set-path',
      message,
      didYouMean(name, ids) ?? itemHint(list, ids, setting),
    );
  }
  const item: Draft = list.items[index] ?? { kind: 'scalar', place, value: null };
  const placed = put(item, deeper(setting, index));
  if ('code' in placed) return placed;
  const { items } = list;
  return {
    ...list,
    items: index === items.length ? [...items, placed] : items.with(index, placed),
  };
}

function itemHint({ items }: DraftList, ids: readonly string[], setting: Setting): string {
  const { steps, depth } = setting;
  const number = String(items.length);
  const path = steps.map(({ name }, at) => (at === depth ? number : name.replaceAll('.', '\\.')));
  const adding = `${path.join('.')} adds one`;
  if (items.length === 0) return `it is empty; ${adding}`;
  const known = ids.length > 0 ? `its ids: ${ids.slice(0, 8).join(', ')}` : `it has ${number}`;
  return `name an item by its id, or by its number from 0; ${known}; ${adding}`;
}

function nameAbove({ steps, depth }: Setting): string {
  return steps[depth - 1]?.name ?? 'the scenario';
}

function emptyList(place: Place): DraftList {
  return { kind: 'list', place, items: [] };
}

/** The number behind the last is that of an item to be added; -1: there is none of the name. */
function indexOf(list: DraftList, name: string): number {
  const byId = list.items.findIndex((item) => idOf(item) === name);
  if (byId !== -1) return byId;
  const index = /^\d{1,6}$/.test(name) ? Number(name) : -1;
  return index <= list.items.length ? index : -1;
}

/** The names before the `=`, and where it stands; -1: nowhere. */
function stepsOf(source: SourceText): { steps: Step[]; equals: number } {
  const { text } = source;
  const steps: Step[] = [];
  let name = '';
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const sign = text[at];
    if (sign === '\\' && text[at + 1] === '.') {
      name += '.';
      at++;
    } else if (sign === '.' || sign === '=') {
      steps.push({ name: name.trim(), place: { source, from, to: Math.max(at, from + 1) } });
      if (sign === '=') return { steps, equals: at };
      name = '';
      from = at + 1;
    } else {
      name += sign;
    }
  }
  return { steps, equals: -1 };
}

function refused(draft: Draft, issue: Issue): Override {
  return { source: issue.source, draft, issues: [issue] };
}

function issueAt(place: Place, code: string, message: string, hint: string): Issue {
  return { code, message, hint, ...place, isWarning: false };
}
