/**
 * A scenario from its files: parsed, merged with what it extends, changed by `--set`, validated.
 * Files are read by the caller, since this room knows none. Every mistake that can be found is
 * found at once, and each has its place, also when its value came from another file.
 */
import { stringify } from 'yaml';
import type { Document } from '../plan/document.ts';
import type { PathIssue } from '../plan/path-issue.ts';
import type { LinkIssue } from './compile-issues.ts';
import { toPlain } from './draft.ts';
import type { Draft, DraftMap, Place } from './draft.ts';
import { nameOf, resolveExtends, rootOf } from './extends-path.ts';
import { MORE, quote, sortIssues } from './issue.ts';
import type { Issue } from './issue.ts';
import { changedKinds, mergeDrafts, withoutKey } from './merge.ts';
import { applyOverride } from './override.ts';
import { parseBytes } from './parse.ts';
import { SourceText } from './source.ts';
import { locateIssue, validateDraft } from './validate.ts';

/** Gives the bytes of a file, or says in a few words why it cannot. */
export type ReadFile = (path: string) => Uint8Array | { readonly error: string };

export interface LoadedScenario {
  /** Null when there is an error among the issues. */
  readonly document: Document | null;
  /** Everything merged, as YAML that loads again to the same document. */
  readonly resolvedText: string;
  readonly issues: readonly Issue[];
  /** Finds the place of a mistake that was noticed later, in the document. */
  readonly locate: (issue: PathIssue | LinkIssue) => Issue;
}

/** Files that extend each other in a row; more is a tangle. */
const CHAIN_MAX = 10;
/** Nobody reads more, and a broken file of megabytes can have very many. */
const ISSUES_MAX = 100;

export function loadScenario(
  entryPath: string,
  read: ReadFile,
  sets: readonly string[],
): LoadedScenario {
  const loader = new Loader(entryPath, read);
  let draft: Draft | null = loader.file(entryPath, []);
  for (const argument of sets) {
    if (draft === null) break;
    const override = applyOverride(draft, argument);
    loader.sources.push(override.source);
    loader.issues.push(...override.issues);
    draft = override.draft;
  }
  const root = draft ?? emptyMap(loader.sources[0]);
  const named = root.kind === 'map' ? withName(root, entryPath) : root;
  const validated = draft === null ? { document: null, issues: [] } : validateDraft(named);
  const issues = limited(sortIssues([...loader.issues, ...validated.issues], loader.sources));
  const isWrong = issues.some(({ isWarning }) => !isWarning);
  return {
    document: isWrong ? null : validated.document,
    resolvedText: stringify(toPlain(named), { lineWidth: 0, aliasDuplicateObjects: false }),
    issues,
    locate: (issue) => locateIssue(named, issue),
  };
}

class Loader {
  readonly sources: SourceText[] = [];
  readonly issues: Issue[] = [];
  readonly #read: ReadFile;
  readonly #root: readonly string[];

  constructor(entryPath: string, read: ReadFile) {
    this.#read = read;
    this.#root = rootOf(entryPath);
  }

  /** The draft of a file over all that it extends; null when one of them cannot be read. */
  file(path: string, chain: readonly ExtendsStep[]): Draft | null {
    const bytes = this.#read(path);
    const whence = chain.at(-1)?.place ?? null;
    if (!(bytes instanceof Uint8Array)) {
      const place = whence ?? wholeOf(this.#open(new SourceText(path, '')));
      this.#note('unreadable', `cannot read ${quote(path)}: ${bytes.error}`, null, place);
      return null;
    }
    const { source, draft, issues } = parseBytes(path, bytes);
    this.#open(source);
    this.issues.push(...issues);
    if (draft === null) return null;
    if (draft.kind !== 'map') {
      const hint = 'begin with lines such as `duration: 2min`';
      this.#note('wrong-type', 'a scenario is a map of keys and values', hint, draft.place);
      return null;
    }
    return this.#extended(draft, path, chain);
  }

  #extended(draft: DraftMap, path: string, chain: readonly ExtendsStep[]): Draft | null {
    const entry = draft.entries.get('extends');
    const own = withoutKey(draft, 'extends');
    if (entry === undefined) return own;
    const { value } = entry;
    if (value.kind !== 'scalar' || typeof value.value !== 'string') {
      const hint = 'write one file name, such as base.scenario.yaml';
      this.#note('wrong-type', 'extends names one file', hint, entry.key);
      return null;
    }
    const target = resolveExtends(path, value.value, this.#root);
    if (!target.isOk) {
      this.#note('extends-outside', target.message, target.hint, value.place);
      return null;
    }
    const steps = [...chain, { path, place: value.place }];
    if (steps.some((step) => samePath(step.path, target.path))) {
      const round = [...steps.map((step) => step.path), target.path].join(' -> ');
      this.#note('extends-circle', 'this file extends itself', round, value.place);
      return null;
    }
    if (steps.length > CHAIN_MAX) {
      const hint = `at most ${CHAIN_MAX} files extend each other in a row`;
      this.#note('extends-depth', 'too many files extend each other', hint, value.place);
      return null;
    }
    const base = this.file(target.path, steps);
    if (base === null) return null;
    if (base.kind === 'map') this.#warnOfChangedKinds(base, own);
    // A name is of one file: two scenarios of one name would write into one result folder.
    return mergeDrafts(base.kind === 'map' ? withoutKey(base, 'name') : base, own);
  }

  /** It may be meant; or two incidents have one id by accident, and half of each happens. */
  #warnOfChangedKinds(base: DraftMap, own: DraftMap): void {
    for (const { id, base: before, over, place } of changedKinds(base, own)) {
      const kinds = `${quote(before)} in the extended file, and here ${quote(over)}`;
      const message = `${quote(id)} is ${kinds}`;
      const hint = 'it keeps all other keys and the title; write another id, or a title of its own';
      this.issues.push({ code: 'changed-kind', message, hint, ...place, isWarning: true });
    }
  }

  #open(source: SourceText): SourceText {
    this.sources.push(source);
    return source;
  }

  #note(code: string, message: string, hint: string | null, place: Place): void {
    this.issues.push({ code, message, hint, ...place, isWarning: false });
  }
}

interface ExtendsStep {
  readonly path: string;
  readonly place: Place;
}

function samePath(one: string, other: string): boolean {
  const clean = (path: string): string =>
    path
      .replaceAll('\\', '/')
      .split('/')
      .filter((part) => part !== '.')
      .join('/');
  return clean(one) === clean(other);
}

function withName(draft: DraftMap, entryPath: string): DraftMap {
  if (draft.entries.has('name')) return draft;
  const place = { ...draft.place, to: draft.place.from };
  const value: Draft = { kind: 'scalar', place, value: nameOf(entryPath) };
  return { ...draft, entries: new Map([['name', { key: place, value }], ...draft.entries]) };
}

function emptyMap(source: SourceText): Draft {
  return { kind: 'map', place: wholeOf(source), entries: new Map() };
}

function wholeOf(source: SourceText): Place {
  return { source, from: 0, to: source.text.length };
}

function limited(issues: Issue[]): Issue[] {
  if (issues.length <= ISSUES_MAX) return issues;
  const last = issues[ISSUES_MAX];
  const message = `${issues.length - ISSUES_MAX} more mistakes are not shown`;
  return [...issues.slice(0, ISSUES_MAX), { ...last, code: MORE, message, hint: null }];
}
