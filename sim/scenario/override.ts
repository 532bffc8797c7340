/**
 * `--set path.to.key=value`: one value of a scenario, set from the command line. The path names
 * keys, list items by number or by `id`; a dot that belongs to a name is written `\.`. The value is
 * YAML. What is wrong has its place in the argument itself.
 */
import { didYouMean } from '../base/nearest.ts';
import { idOf } from './draft.ts';
import type { Draft, DraftEntry, DraftList, Place } from './draft.ts';
import { quote } from './issue.ts';
import type { Issue } from './issue.ts';
import { parseText } from './parse.ts';
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
  const placed = put(draft, steps, 0, parsed.draft);
  if ('code' in placed) return refused(draft, placed);
  return { source, draft: placed, issues: parsed.issues };
}

/** The draft with the value in its place, or what is wrong with the path. */
function put(draft: Draft, steps: readonly Step[], depth: number, value: Draft): Placed {
  if (depth === steps.length) return value;
  const { name, place } = steps[depth];
  if (draft.kind === 'list') return putItem(draft, steps, depth, value);
  if (draft.kind === 'scalar' && draft.value !== null) {
    const above = steps[depth - 1]?.name ?? 'the scenario';
    const hint = `set ${above} itself; it is ${quote(draft.value)} now`;
    return issueAt(place, 'set-path', `${quote(above)} is a single value`, hint);
  }
  const entries = new Map<string, DraftEntry>(draft.kind === 'map' ? draft.entries : []);
  const below: Draft = entries.get(name)?.value ?? { kind: 'scalar', place, value: null };
  const placed = put(below, steps, depth + 1, value);
  if ('code' in placed) return placed;
  entries.set(name, { key: place, value: placed });
  return { kind: 'map', place: draft.kind === 'map' ? draft.place : place, entries };
}

function putItem(list: DraftList, steps: readonly Step[], depth: number, value: Draft): Placed {
  const { name, place } = steps[depth];
  const index = indexOf(list, name);
  if (index === -1) {
    const ids = list.items.map(idOf).filter((id) => id !== null);
    const count = list.items.length;
    const known = ids.length > 0 ? `its ids: ${ids.slice(0, 8).join(', ')}` : `it has ${count}`;
    const above = steps[depth - 1]?.name ?? 'the scenario';
    const hint =
      didYouMean(name, ids) ?? `name an item by its id, or by its number from 0; ${known}`;
    return issueAt(place, 'set-path', `the list ${quote(above)} has no item ${quote(name)}`, hint);
  }
  const placed = put(list.items[index], steps, depth + 1, value);
  if ('code' in placed) return placed;
  return { ...list, items: list.items.with(index, placed) };
}

function indexOf(list: DraftList, name: string): number {
  const byId = list.items.findIndex((item) => idOf(item) === name);
  if (byId !== -1) return byId;
  const index = /^\d{1,6}$/.test(name) ? Number(name) : -1;
  return index < list.items.length ? index : -1;
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
