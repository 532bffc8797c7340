/** Mistakes found while linking: collected, all at once, with their place in the document. */
import { didYouMean } from '../base/nearest.ts';
import type { DocumentPath, PathIssue } from '../plan/path-issue.ts';

export interface LinkIssue extends PathIssue {
  /** Of a second thing of one name: the path of the first; null: there is none to show. */
  readonly first: DocumentPath | null;
}

/** Names that a hint lists; a country has thousands. */
const KNOWN_MAX = 8;

export class IssueList {
  readonly rows: LinkIssue[] = [];

  error(path: DocumentPath, code: string, message: string, hint: string | null = null): void {
    this.add({ code, message, hint, path, isWarning: false });
  }

  warn(path: DocumentPath, code: string, message: string, hint: string | null = null): void {
    this.add({ code, message, hint, path, isWarning: true });
  }

  add(issue: PathIssue): void {
    this.rows.push({ ...issue, first: null });
  }

  /**
   * `what` is a sentence's subject: "security server", "information system". Where things have
   * several names, `listed` has one of each.
   */
  unknown(
    path: DocumentPath,
    what: string,
    name: string,
    known: Iterable<string>,
    listed: Iterable<string> | null = null,
  ): void {
    const names = [...known];
    const hint = didYouMean(name, names) ?? knownText(listed === null ? names : [...listed]);
    this.error(path, 'unknown-reference', `no ${what} is called "${name}"`, hint);
  }

  duplicate(path: DocumentPath, what: string, name: string, first: DocumentPath): void {
    const message = `a second ${what} is called "${name}"`;
    this.rows.push({ code: 'duplicate-id', message, hint: null, path, isWarning: false, first });
  }

  get hasErrors(): boolean {
    return this.rows.some((issue) => !issue.isWarning);
  }
}

function knownText(names: readonly string[]): string {
  if (names.length === 0) return 'none is known';
  if (names.length === 1) return `only ${names[0]} is known`;
  const shown = names.slice(0, KNOWN_MAX).join(', ');
  const more = names.length - KNOWN_MAX;
  return `known are ${shown}${more > 0 ? ` and ${more} more` : ''}`;
}
