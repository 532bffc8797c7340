/**
 * A mistake of the author's: found by reading, collected, never thrown. compile.ts and the
 * catalogue name the place by its path in the document; validate.ts turns that into offsets.
 */

/** Keys and indexes from the root of the document: `['services', 0, 'system']`. */
export type DocumentPath = readonly (string | number)[];

export interface PathIssue {
  /** Kebab-case, stable: `unknown-reference`, `duplicate-id`, `out-of-range`, ... */
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
  readonly path: DocumentPath;
  /** Warnings do not stop a run. */
  readonly isWarning: boolean;
}
