/**
 * Bytes to a draft. YAML 1.2 without its surprises: `NO` is text, keys are text and unique, one
 * document a file, no tags. Aliases are allowed, but a file cannot grow by them without bounds.
 */
import { isAlias, isMap, isScalar, isSeq, Lexer, parseDocument } from 'yaml';
import type { Document as YamlDocument, Node, ParsedNode, YAMLError } from 'yaml';
import type { Draft, DraftEntry, Place, Scalar } from './draft.ts';
import { MORE, quote } from './issue.ts';
import type { Issue } from './issue.ts';
import { SourceText } from './source.ts';

export interface Parsed {
  readonly source: SourceText;
  /** Null when there is nothing to go on with. */
  readonly draft: Draft | null;
  readonly issues: readonly Issue[];
}

/** The largest scenario by far has some hundred kilobytes. */
export const BYTES_MAX = 8 * 2 ** 20;
const DEPTH_MAX = 48;
/**
 * Words, signs and line ends of a text. The parser keeps some 500 bytes for each, so that 8 MiB of
 * brackets would need 4 GB; a scenario of 2 MiB has fewer than this.
 */
const TOKENS_MAX = 700_000;
/** Values that may come into being by aliases; a bomb of nine lines makes billions. */
const ALIASED_MAX = 50_000;
const ERRORS_MAX = 50;
/** After the first mistakes of grammar, the parser mostly finds what follows from them. */
const SYNTAX_ERRORS_MAX = 10;

export function parseBytes(path: string, bytes: Uint8Array): Parsed {
  const nowhere = new SourceText(path, '');
  if (bytes.length > BYTES_MAX) {
    const message = `the file has more than ${BYTES_MAX / 2 ** 20} MiB`;
    const hint = 'a scenario is far smaller; generate a population instead of listing it';
    return failed(nowhere, 'too-large', message, hint, 0);
  }
  // Lenient, so that an error can show the line; U+FFFD stands for what cannot be read.
  const source = new SourceText(path, new TextDecoder('utf-8').decode(bytes));
  const isUtf16 =
    (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  if (isUtf16) {
    return failed(nowhere, 'not-utf8', 'the file is UTF-16', 'save it as UTF-8', 0);
  }
  // eslint-disable-next-line no-control-regex -- finding these is the purpose
  const control = source.text.search(/[\u0000-\u0008\u000e-\u001f\u007f]/);
  if (control !== -1) {
    const hint = 'a scenario is a plain text file';
    return failed(source, 'binary', 'the file is not text', hint, control);
  }
  if (!isUtf8(bytes)) {
    const at = Math.max(0, source.text.indexOf('\ufffd'));
    return failed(source, 'not-utf8', 'this is not UTF-8', 'save the file as UTF-8', at);
  }
  return parseText(source, 0);
}

/** Parses a text from an offset on; what stands before it (the name of a `--set`) is not YAML. */
export function parseText(source: SourceText, from: number): Parsed {
  const text = source.text.slice(from);
  if (text.trim() === '') {
    const hint = 'a scenario needs at least `duration` and `instances`';
    return failed(source, 'empty', 'there is nothing here', hint, from);
  }
  const excess = excessOf(text);
  if (excess !== null) {
    const hint = 'a scenario is far smaller; generate a population instead of listing it';
    return failed(source, 'too-large', 'too much is written here', hint, from + excess);
  }
  let document: YamlDocument.Parsed;
  try {
    document = parseDocument(text, {
      prettyErrors: false,
      // Checked below with a place for the first of the two, and in linear time.
      uniqueKeys: false,
      stringKeys: true,
      resolveKnownTags: false,
    });
  } catch (error) {
    // Only the depth of the call stack can end the parser; anything else is our own bug.
    if (!(error instanceof RangeError)) throw error;
    return failed(source, 'too-deep', 'this is nested too deeply', 'nest less', from);
  }
  const all = [...document.errors, ...document.warnings];
  const deep = all.find(({ code }) => code === 'RESOURCE_EXHAUSTION');
  // Beyond its depth the parser takes every sign for a mistake.
  const errors = deep === undefined ? all : [deep];
  const issues = syntaxIssues(errors.map((error) => syntaxIssue(source, from, error)));
  if (issues.length > 0) return { source, draft: null, issues };
  return new Walk(source, from, document).parsed();
}

/** Turns YAML nodes into a draft. */
class Walk {
  readonly #source: SourceText;
  readonly #from: number;
  readonly #document: YamlDocument.Parsed;
  readonly #issues: Issue[] = [];
  readonly #anchors = new Map<string, Node>();
  /** Anchors being expanded now: an alias of one of them never ends. */
  readonly #open: string[] = [];
  #aliased = 0;
  #isStopped = false;

  constructor(source: SourceText, from: number, document: YamlDocument.Parsed) {
    this.#source = source;
    this.#from = from;
    this.#document = document;
  }

  parsed(): Parsed {
    const root = this.#document.contents;
    const empty = { from: this.#from, to: this.#source.text.length, source: this.#source };
    if (root === null || (isScalar(root) && root.value === null && root.source === '')) {
      const hint = 'a scenario needs at least `duration` and `instances`';
      return failed(this.#source, 'empty', 'there is nothing here', hint, this.#from);
    }
    const draft = this.#draft(root, empty, 0);
    return { source: this.#source, draft: this.#isStopped ? null : draft, issues: this.#issues };
  }

  #draft(node: Node | null, outer: Place, depth: number): Draft {
    const place = this.#placeOf(node, outer);
    const nothing: Draft = { kind: 'scalar', place, value: null };
    if (node === null || this.#isStopped) return nothing;
    if (this.#open.length > 0 && ++this.#aliased > ALIASED_MAX) {
      const message = 'the aliases of this file multiply without bounds';
      return this.#stop('alias-bomb', message, 'write the values out, or use `extends`', place);
    }
    if (depth > DEPTH_MAX) {
      const hint = `a scenario is at most ${DEPTH_MAX} levels deep`;
      return this.#stop('too-deep', 'this is nested too deeply', hint, place);
    }
    if (isAlias(node)) return this.#alias(node.source, place, depth);
    if ('anchor' in node && typeof node.anchor === 'string') this.#anchors.set(node.anchor, node);
    if (isScalar(node)) return { kind: 'scalar', place, value: scalarOf(node.value) };
    if (isSeq(node)) {
      const items = node.items.map((item) => this.#draft(item as Node, place, depth + 1));
      return { kind: 'list', place, items };
    }
    if (isMap(node)) return { kind: 'map', place, entries: this.#entries(node, place, depth) };
    return nothing;
  }

  #entries(node: Node, place: Place, depth: number): Map<string, DraftEntry> {
    const entries = new Map<string, DraftEntry>();
    if (!isMap(node)) return entries;
    for (const { key: keyNode, value } of node.items) {
      const key = this.#placeOf(keyNode as Node, place);
      const name = isScalar(keyNode) ? String(scalarOf(keyNode.value) ?? '') : '';
      const first = entries.get(name);
      if (first !== undefined) {
        const { line } = this.#source.locate(first.key.from);
        const hint = `it is on line ${line} already; keep one of the two`;
        this.#note('duplicate-key', `${quote(name)} is given twice`, hint, key);
      } else if (name === '__proto__' || name === '') {
        const hint = 'a name is letters, digits and hyphens';
        this.#note('unknown-key', `${quote(name)} cannot be a name`, hint, key);
      } else {
        entries.set(name, { key, value: this.#draft(value as Node | null, key, depth + 1) });
      }
    }
    return entries;
  }

  #alias(name: string, place: Place, depth: number): Draft {
    const target = this.#anchors.get(name);
    const isEndless = this.#open.includes(name);
    if (target === undefined || isEndless) {
      const message = isEndless ? `*${name} contains itself` : `there is no &${name} above`;
      return this.#stop('alias-bomb', message, 'write the value out instead', place);
    }
    this.#open.push(name);
    const draft = this.#draft(target, place, depth + 1);
    this.#open.pop();
    return draft;
  }

  #placeOf(node: Node | null, outer: Place): Place {
    const range = (node as ParsedNode | null)?.range ?? null;
    if (range === null) return outer;
    const from = this.#from + range[0];
    // An empty value has no extent: what encloses it is the place to look at.
    return range[1] > range[0] ? { source: this.#source, from, to: this.#from + range[1] } : outer;
  }

  #note(code: string, message: string, hint: string, { source, from, to }: Place): void {
    if (this.#issues.length >= ERRORS_MAX) return;
    this.#issues.push({ code, message, hint, source, from, to, isWarning: false });
  }

  #stop(code: string, message: string, hint: string, place: Place): Draft {
    if (!this.#isStopped) this.#note(code, message, hint, place);
    this.#isStopped = true;
    return { kind: 'scalar', place, value: null };
  }
}

/** Where a text exceeds the number of tokens that can be parsed in reasonable memory. */
function excessOf(text: string): number | null {
  if (text.length < TOKENS_MAX) return null;
  let count = 0;
  let at = 0;
  for (const token of new Lexer().lex(text)) {
    if (++count > TOKENS_MAX) return Math.min(at, text.length - 1);
    at += token.length;
  }
  return null;
}

function scalarOf(value: unknown): Scalar {
  const isPlain =
    value === null ||
    typeof value === 'string' ||
    typeof value === 'number' ||
    typeof value === 'boolean';
  // The core schema makes nothing else.
  return isPlain ? value : null;
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

const HINTS: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'indent with spaces, never with tabs',
  BAD_INDENT: 'things of one level begin in the same column, indented by spaces',
  BLOCK_AS_IMPLICIT_KEY: 'one `key: value` a line; text with a colon goes in quotes',
  MISSING_CHAR: 'a bracket, quote, comma or colon is missing here or above',
  MULTIPLE_DOCS: 'remove the line `---` and what follows, or make it a file of its own',
  MULTILINE_IMPLICIT_KEY: 'a key stands on one line, with a colon behind it',
  BAD_ALIAS: 'text that begins with * goes in quotes',
  BAD_SCALAR_START: 'text that begins with a special character goes in quotes',
  TAG_RESOLVE_FAILED: 'text that begins with ! goes in quotes',
};
const CODES: Readonly<Record<string, string>> = {
  MULTIPLE_DOCS: 'many-documents',
  RESOURCE_EXHAUSTION: 'too-deep',
  DUPLICATE_KEY: 'duplicate-key',
};
const MESSAGES: Readonly<Record<string, string>> = {
  MULTIPLE_DOCS: 'a second document begins here',
  RESOURCE_EXHAUSTION: 'this is nested too deeply',
};

/** The first ones in the text, and how many there are beside them. */
function syntaxIssues(all: readonly Issue[]): Issue[] {
  const sorted = all.toSorted((a, b) => a.from - b.from);
  const shown = sorted.slice(0, SYNTAX_ERRORS_MAX);
  if (sorted.length <= SYNTAX_ERRORS_MAX) return shown;
  const next = sorted[SYNTAX_ERRORS_MAX];
  const message = `and ${sorted.length - SYNTAX_ERRORS_MAX} more`;
  const hint = 'mend the first ones; many of the others follow from them';
  return [...shown, { ...next, code: MORE, message, hint }];
}

function syntaxIssue(source: SourceText, from: number, error: YAMLError): Issue {
  const [begin, end] = error.pos;
  const last = source.text.length;
  const at = Math.min(last, from + begin);
  return {
    code: CODES[error.code] ?? 'syntax',
    message: MESSAGES[error.code] ?? lowerFirst(error.message.split('\n')[0]),
    hint: HINTS[error.code] ?? 'see the examples in scenarios/README.md',
    source,
    from: at,
    to: Math.max(at, Math.min(last, from + end)),
    isWarning: false,
  };
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}

function failed(
  source: SourceText,
  code: string,
  message: string,
  hint: string,
  from: number,
): Parsed {
  const to = Math.min(source.text.length, from + 1);
  const issue = { code, message, hint, source, from: Math.min(from, to), to, isWarning: false };
  return { source, draft: null, issues: [issue] };
}
