/** Mistakes found while linking: collected, all at once, with their place in the document. */
import { didYouMean } from '../base/nearest.ts';
import type { DocumentPath, PathIssue } from '../plan/path-issue.ts';

export class IssueList {
  readonly rows: PathIssue[] = [];

  error(path: DocumentPath, code: string, message: string, hint: string | null = null): void {
    this.rows.push({ code, message, hint, path, isWarning: false });
  }

  warn(path: DocumentPath, code: string, message: string, hint: string | null = null): void {
    this.rows.push({ code, message, hint, path, isWarning: true });
  }

  /** `what` is a sentence's subject: "security server", "information system". */
  unknown(path: DocumentPath, what: string, name: string, known: Iterable<string>): void {
    const message = `no ${what} is called "${name}"`;
    this.error(path, 'unknown-reference', message, didYouMean(name, known));
  }

  duplicate(path: DocumentPath, what: string, name: string): void {
    this.error(path, 'duplicate-id', `a second ${what} is called "${name}"`);
  }

  get hasErrors(): boolean {
    return this.rows.some((issue) => !issue.isWarning);
  }
}
