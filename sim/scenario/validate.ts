/**
 * A draft against the schema: the Document, or every mistake with its place. Also the way back,
 * from a path in the Document to the place in the text, for those who find mistakes later.
 */
import type { z } from 'zod';
import { didYouMean } from '../base/nearest.ts';
import type { Document } from '../plan/document.ts';
import type { DocumentPath, PathIssue } from '../plan/path-issue.ts';
import type { LinkIssue } from './compile-issues.ts';
import { toPlain } from './draft.ts';
import type { Draft, DraftList, DraftMap, Place } from './draft.ts';
import { quote } from './issue.ts';
import type { Issue } from './issue.ts';
import { meaningAt } from './schema-at.ts';
import { scenarioSchema } from './schema.ts';

export interface Validated {
  readonly document: Document | null;
  readonly issues: readonly Issue[];
}

export function validateDraft(draft: Draft): Validated {
  const result = scenarioSchema.safeParse(toPlain(draft));
  if (result.success) return { document: result.data, issues: [] };
  const issues = telling(result.error.issues).flatMap((issue) =>
    issuesOf(draft, issue, issue.path),
  );
  return { document: null, issues };
}

/** The issue at its place in the text, or at the nearest enclosing one that was written. */
export function locateIssue(draft: Draft, issue: PathIssue | LinkIssue): Issue {
  const { code, message, isWarning } = issue;
  const place = placeOfDocumentPath(draft, issue.path);
  const first = 'first' in issue ? issue.first : null;
  const hint = first === null ? issue.hint : firstText(placeOfDocumentPath(draft, first), place);
  return { code, message, hint, isWarning, ...place };
}

function firstText(first: Place, second: Place): string {
  const { line } = first.source.locate(first.from);
  const where = first.source === second.source ? 'on' : `in ${first.source.path}, on`;
  return `the first is ${where} line ${line}`;
}

type ZodIssue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** A mistyped key is the whole story: that the right one is then missing need not be said. */
function telling(issues: readonly ZodIssue[]): readonly ZodIssue[] {
  const mistyped = issues
    .filter(({ code }) => code === 'unrecognized_keys')
    .map(({ path }) => path.join('\n'));
  return issues.filter(
    ({ code, path }) => code !== 'custom' || !mistyped.includes(path.join('\n')),
  );
}

function issuesOf(draft: Draft, issue: ZodIssue, path: Path): Issue[] {
  const { place, isMissing } = find(draft, path);
  const note = (code: string, message: string, hint: string | null, at = place): Issue[] => [
    { code, message, hint, ...at, isWarning: false },
  ];
  if (isMissing && issue.code !== 'unrecognized_keys' && issue.code !== 'custom') {
    const key = String(path.at(-1));
    return note('missing-key', `${quote(key)} is missing`, meaningAt(path));
  }
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.flatMap((key) => {
        const hint = commaHint(nodeAt(draft, path), key) ?? keyHint(key, issue.message);
        const at = keyPlace(draft, [...path, key]);
        return note('unknown-key', `there is no key ${quote(key)} here`, hint, at);
      });
    case 'custom':
      return note(paramOf(issue, 'code') ?? 'bad-value', issue.message, paramOf(issue, 'hint'));
    case 'invalid_union':
      return unionIssues(draft, issue, path);
    case 'invalid_key': {
      const [first] = issue.issues;
      const at = keyPlace(draft, path);
      const hint = first === undefined ? null : paramOf(first, 'hint');
      return note('bad-value', first?.message ?? issue.message, hint, at);
    }
    case 'invalid_value': {
      const words = issue.values.map(String);
      const value = scalarText(draft, path);
      const message = value === null ? 'expected a word' : `${quote(value)} is not known here`;
      const near = value === null ? null : didYouMean(value, words);
      return note('bad-value', message, near ?? `write one of ${words.join(', ')}`);
    }
    case 'invalid_type':
      return note('wrong-type', ...typeMessage(draft, path, issue.expected));
    case 'too_small':
      return note('bad-value', 'this is too short', sizeHint('least', Number(issue.minimum)));
    case 'too_big': {
      const hint = sizeHint('most', Number(issue.maximum), issue.origin);
      return note('out-of-range', 'this is too long', hint);
    }
    default:
      return note('bad-value', issue.message, null);
  }
}

/**
 * A value that may be written in several ways fits none: the complaint is that of the way which its
 * author seems to have meant, by whether it is text, a list or a map.
 */
function unionIssues(draft: Draft, issue: ZodIssue, path: Path): Issue[] {
  const branches = issue.code === 'invalid_union' ? issue.errors : [];
  const fitting = branches.filter((errors) => !errors.some(isOtherType));
  const meant = fitting.length > 1 ? ofItsKind(fitting, scalarText(draft, path)) : fitting;
  if (meant.length === 1) {
    return telling(meant[0]).flatMap((inner) => issuesOf(draft, inner, [...path, ...inner.path]));
  }
  const { place } = find(draft, path);
  const found = describe(nodeAt(draft, path));
  const [message, ...rest] = issue.message.split(', or ');
  const meaning = found === 'nothing' ? meaningAt(path) : null;
  const hint = rest.length === 0 ? meaning : `or write ${rest.join(', or ')}`;
  return [
    { code: 'wrong-type', message: `${message}, found ${found}`, hint, ...place, isWarning: false },
  ];
}

/** Of a word or a value with a unit: what begins as a number is no word, but `atuo` is. */
function ofItsKind(branches: readonly ZodIssue[][], text: string | null): readonly ZodIssue[][] {
  const isOfWords = (errors: readonly ZodIssue[]): boolean =>
    errors.every(({ code, path }) => code === 'invalid_value' && path.length === 0);
  if (text === null) return branches;
  if (/^[+-]?\d/.test(text)) return branches.filter((errors) => !isOfWords(errors));
  const isNear = (issue: ZodIssue): boolean =>
    issue.code === 'invalid_value' && didYouMean(text, issue.values.map(String)) !== null;
  const near = branches.filter((errors) => isOfWords(errors) && errors.some(isNear));
  return near.length > 0 ? near : branches;
}

function sizeHint(bound: 'least' | 'most', count: number, origin = 'array'): string {
  const noun = origin === 'string' ? 'character' : 'item';
  return `it has at ${bound} ${count} ${noun}${count === 1 ? '' : 's'}`;
}

function isOtherType(issue: ZodIssue): boolean {
  if (issue.path.length > 0) return false;
  if (issue.code === 'invalid_type') return true;
  return issue.code === 'invalid_union' && issue.errors.every((errors) => errors.some(isOtherType));
}

const TYPE_NOUNS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'a map of keys and values',
  record: 'a map of keys and values',
};

function typeMessage(draft: Draft, path: Path, expected: string): [string, string | null] {
  const node = nodeAt(draft, path);
  const noun = TYPE_NOUNS[expected] ?? 'another value';
  const message = `expected ${noun}, found ${describe(node)}`;
  const isBare = node?.kind === 'scalar' && node.value !== null && typeof node.value !== 'string';
  const isNothing = node?.kind === 'scalar' && node.value === null;
  if (isNothing) return [message, meaningAt(path)];
  if (expected === 'string' && isBare) return [message, `in quotes it is text: "${node.value}"`];
  if (expected === 'boolean') return [message, 'write true or false, without quotes'];
  if (expected === 'array' || expected === 'tuple') return [message, 'write [one, other]'];
  return [message, null];
}

function describe(node: Draft | null): string {
  if (node === null) return 'nothing';
  if (node.kind === 'list') return 'a list';
  if (node.kind === 'map') return 'a map';
  if (node.value === null) return 'nothing';
  return typeof node.value === 'string' ? quote(node.value) : String(node.value);
}

/** `{ jitter: 0,3ms }` is a jitter of 0, and a key `3ms`. */
function commaHint(node: Draft | null, key: string): string | null {
  if (node?.kind !== 'map' || !/^\d+(\s*[a-z%/].*)?$/i.test(key)) return null;
  const keys = [...node.entries.keys()];
  const before = keys[keys.indexOf(key) - 1];
  const value = before === undefined ? undefined : node.entries.get(before)?.value;
  if (value?.kind !== 'scalar' || !/^[+-]?\d+$/.test(String(value.value))) return null;
  return `write the fraction with a point: \`${before}: ${String(value.value)}.${key}\``;
}

function keyHint(key: string, known: string): string {
  const keys = known.split(',');
  if (key === '<<') return 'write `extends` at the top to build on another scenario';
  const near = didYouMean(key, keys) ?? didYouMean(key.replace(/(Us|Ns|Ms)$/, ''), keys);
  const all = keys.length > 16 ? `${keys.slice(0, 16).join(', ')}, ...` : keys.join(', ');
  return near ?? `there are ${all}`;
}

function paramOf(issue: ZodIssue, key: 'code' | 'hint'): string | null {
  const params: unknown = issue.code === 'custom' ? issue.params : null;
  if (typeof params !== 'object' || params === null) return null;
  const value: unknown = Object.entries(params).find(([name]) => name === key)?.[1];
  return typeof value === 'string' ? value : null;
}

interface Found {
  readonly place: Place;
  readonly isMissing: boolean;
}

/** The place of a value; of a missing one, that of what should hold it. */
function find(draft: Draft, path: Path): Found {
  let node = draft;
  let place = draft.place;
  for (const step of path) {
    const next = child(node, step);
    if (next === null) return { place, isMissing: true };
    node = next.node;
    place = next.place;
  }
  return { place, isMissing: false };
}

interface Child {
  readonly node: Draft;
  readonly place: Place;
}

function child(node: Draft, step: PropertyKey): Child | null {
  if (node.kind === 'map') return childOfMap(node, String(step));
  return node.kind === 'list' ? childOfList(node, Number(step)) : null;
}

/** A block has no one place: its key stands for it. */
function childOfMap(node: DraftMap, key: string): Child | null {
  const entry = node.entries.get(key);
  if (entry === undefined) return null;
  const { value } = entry;
  return { node: value, place: value.kind === 'scalar' ? value.place : entry.key };
}

function childOfList(node: DraftList, index: number): Child | null {
  const item = node.items[index];
  return item === undefined ? null : { node: item, place: item.place };
}

function nodeAt(draft: Draft, path: Path): Draft | null {
  let node: Draft | null = draft;
  for (const step of path) node = node === null ? null : (child(node, step)?.node ?? null);
  return node;
}

function keyPlace(draft: Draft, path: Path): Place {
  const parent = nodeAt(draft, path.slice(0, -1));
  const key = String(path.at(-1));
  const entry = parent?.kind === 'map' ? parent.entries.get(key) : undefined;
  return entry?.key ?? find(draft, path).place;
}

function scalarText(draft: Draft, path: Path): string | null {
  const node = nodeAt(draft, path);
  return node?.kind === 'scalar' && node.value !== null ? String(node.value) : null;
}

/**
 * Document keys are source keys with a unit at the end; the settings of an incident stand beside
 * its other keys; one source link may be two in the Document. Short forms end the way early: the
 * place is then that of the short form.
 */
function placeOfDocumentPath(draft: Draft, path: DocumentPath): Place {
  let node = draft;
  let place = draft.place;
  for (const [depth, step] of path.entries()) {
    if (step === 'settings' && path[0] === 'incidents' && depth === 2) continue;
    const isLink = depth === 1 && path[0] === 'links' && typeof step === 'number';
    const steps = isLink ? [sourceLink(node, step)] : sourceKeys(step);
    const next = steps.map((one) => child(node, one)).find((one) => one !== null) ?? null;
    if (next === null) return place;
    node = next.node;
    place = next.place;
  }
  return place;
}

function sourceKeys(step: string | number): (string | number)[] {
  if (typeof step === 'number') return [step];
  if (step === 'targets') return [step, 'target'];
  return [step, step.replace(/Us$/, '')];
}

/** Which link of the text became the given one of the Document: `between` makes two. */
function sourceLink(links: Draft, index: number): number {
  if (links.kind !== 'list') return index;
  let left = index;
  for (const [at, item] of links.items.entries()) {
    const isBoth = item.kind === 'map' && item.entries.has('between');
    left -= isBoth ? 2 : 1;
    if (left < 0) return at;
  }
  return links.items.length;
}
