/**
 * A mistake of the author's, with its place. Issues are collected and printed all at once; nothing
 * in this room throws for a wrong text.
 */
import type { SourceText } from './source.ts';

export interface Issue {
  /** Kebab-case, stable. */
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
  readonly source: SourceText;
  /** Half-open range of offsets in the source. */
  readonly from: number;
  readonly to: number;
  /** Warnings do not stop a run. */
  readonly isWarning: boolean;
}

/** The code of the one that counts those which are not shown. */
export const MORE = 'more';

/** Columns of the author's line that are shown; a generated line may be megabytes long. */
const SHOWN_MAX = 96;
/** Of these, so many stand before the mistake when the line has to be cut. */
const BEFORE_MAX = 40;
const MESSAGE_MAX = 400;

/** `file:line:col: error[code]: message`, the line, a caret, and what would be right. */
export function formatIssue(issue: Issue): string {
  if (issue.source.text === '') return formatWithoutLine(issue);
  const { line, column, lineText } = issue.source.locate(issue.from);
  const margin = ' '.repeat(String(line).length);
  const shown = cut(lineText, column - 1, Math.max(1, issue.to - issue.from));
  const lines = [
    `${plain(issue.source.path)}:${line}:${column}: ${claimOf(issue)}`,
    `${margin} |`,
    `${line} | ${shown.text}`.trimEnd(),
    `${margin} | ${' '.repeat(shown.before)}${'^'.repeat(shown.width)}`,
  ];
  if (issue.hint !== null) lines.push(`${margin} = ${shorten(plain(issue.hint))}`);
  return lines.join('\n');
}

/** Of a file without a text, or with one that is not shown. */
function formatWithoutLine(issue: Issue): string {
  const claim = `${plain(issue.source.path)}: ${claimOf(issue)}`;
  return issue.hint === null ? claim : `${claim}\n  = ${shorten(plain(issue.hint))}`;
}

function claimOf({ code, message, isWarning }: Issue): string {
  return `${isWarning ? 'warning' : 'error'}[${code}]: ${shorten(plain(message))}`;
}

/** Errors and warnings in the order of the files, and in a file from top to bottom. */
export function sortIssues(issues: readonly Issue[], sources: readonly SourceText[]): Issue[] {
  return issues.toSorted(
    (a, b) =>
      sources.indexOf(a.source) - sources.indexOf(b.source) ||
      a.from - b.from ||
      Number(a.code === MORE) - Number(b.code === MORE) ||
      a.to - b.to ||
      (a.code < b.code ? -1 : a.code > b.code ? 1 : 0),
  );
}

/** What the author wrote, short enough for the middle of a sentence. */
export function quote(value: unknown): string {
  const text = typeof value === 'string' ? value : String(JSON.stringify(value));
  return `"${plain(text.length > 60 ? `${text.slice(0, 57)}...` : text)}"`;
}

interface Cut {
  readonly text: string;
  /** Columns before the caret, and carets. */
  readonly before: number;
  readonly width: number;
}

/** The part of a line around the mistake. Characters are counted as people see them. */
function cut(lineText: string, at: number, length: number): Cut {
  const start = lineText.length > SHOWN_MAX && at > BEFORE_MAX ? at - BEFORE_MAX : 0;
  const end = Math.min(lineText.length, start + SHOWN_MAX);
  const head = start > 0 ? '...' : '';
  const tail = end < lineText.length ? '...' : '';
  const prefix = widthOf(plain(lineText.slice(start, at)));
  const marked = widthOf(plain(lineText.slice(at, Math.min(end, at + length))));
  return {
    text: `${head}${plain(lineText.slice(start, end))}${tail}`,
    before: head.length + prefix,
    width: Math.max(1, marked),
  };
}

function widthOf(text: string): number {
  return Array.from(text).length;
}

/** A file may hold terminal commands or text that runs backwards; an error must show neither. */
function plain(text: string): string {
  return text
    .replaceAll('\t', ' ')
    .replaceAll(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u2028\u2029]/gu, '\u00b7');
}

function shorten(text: string): string {
  return text.length > MESSAGE_MAX ? `${text.slice(0, MESSAGE_MAX - 3)}...` : text;
}
