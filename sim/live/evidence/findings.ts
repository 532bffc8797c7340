/** What a verification says: one finding a check, and from all of them one verdict. */
import { EvidenceError } from './evidence-error.ts';

export type Verdict = 'passed' | 'failed' | 'unknown';

export interface Finding {
  /** The check, such as `hash chain`. */
  readonly what: string;
  readonly verdict: Verdict;
  /** The container or archive. */
  readonly where: string;
  /** X-Road's own code of the failure; null: none, or X-Road does not check this. */
  readonly code: string | null;
  /** What was found, or what is wrong with it. */
  readonly detail: string;
}

/** The findings about one file, in the order in which X-Road checks. */
export class Findings {
  readonly list: Finding[] = [];
  readonly where: string;

  constructor(where: string) {
    this.where = where;
  }

  passed(what: string, detail: string): void {
    this.#add(what, 'passed', null, detail);
  }

  failed(what: string, code: string | null, detail: string): void {
    this.#add(what, 'failed', code, detail);
  }

  unknown(what: string, detail: string): void {
    this.#add(what, 'unknown', null, detail);
  }

  /**
   * Runs a check that returns its detail and throws what is wrong. `prefix` goes before X-Road's
   * code, as X-Road itself wraps some checks. Says whether the check passed.
   */
  check(what: string, prefix: string, body: () => string): boolean {
    return this.attempt(
      what,
      prefix,
      () => {
        this.passed(what, body());
        return true;
      },
      false,
    );
  }

  /** As `check`, for a body that makes its own findings and returns something. */
  attempt<T>(what: string, prefix: string, body: () => T, otherwise: T): T {
    try {
      return body();
    } catch (error) {
      if (!(error instanceof EvidenceError)) throw error;
      this.failed(what, joinCodes(prefix, error.code), error.message);
      return otherwise;
    }
  }

  #add(what: string, verdict: Verdict, code: string | null, detail: string): void {
    this.list.push({ what, verdict, where: this.where, code, detail: oneLine(detail) });
  }
}

/** A failure weighs more than what is not known, and that more than what passed. */
export function verdictOf(findings: readonly Finding[]): Verdict {
  if (findings.some(({ verdict }) => verdict === 'failed')) return 'failed';
  return findings.some(({ verdict }) => verdict === 'unknown') ? 'unknown' : 'passed';
}

const DETAIL_CHARACTERS_MAX = 400;

/** Names and texts come from the evidence: they may not break a line, nor steer a terminal. */
function oneLine(text: string): string {
  const clean = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  return clean.length <= DETAIL_CHARACTERS_MAX
    ? clean
    : `${clean.slice(0, DETAIL_CHARACTERS_MAX - 1)}…`;
}

/** As `withPrefix` of X-Road: a prefix that is there already is not repeated (facts 4). */
function joinCodes(prefix: string, code: string | null): string | null {
  if (prefix === '') return code;
  if (code === null || code === prefix || code.startsWith(`${prefix}.`)) return code ?? prefix;
  return `${prefix}.${code}`;
}
