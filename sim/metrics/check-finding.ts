/** What a check over the whole history comes to. */
import type { CheckDocument } from '../plan/document.ts';
import type { Plan } from '../plan/plan.ts';
import type { CheckResult } from './result.ts';
import type { Totals } from './totals.ts';

export interface HistoryInput {
  readonly plan: Plan;
  readonly totals: Totals;
}

export interface Finding {
  readonly verdict: CheckResult['verdict'];
  readonly detail: string;
  /** What failed contradicts the rules themselves, and is no finding about the scenario. */
  readonly isContradiction: boolean;
}

/** `asked` is null where the scenario does not name the check, and it is made all the same. */
export type HistoryCheck = (input: HistoryInput, asked: CheckDocument | null) => Finding;

const SHOWN = 3;

export function passed(detail: string): Finding {
  return { verdict: 'passed', detail, isContradiction: false };
}

export function unknown(detail: string): Finding {
  return { verdict: 'unknown', detail, isContradiction: false };
}

export function failed(flaws: readonly string[], isContradiction = false): Finding {
  return { verdict: 'failed', detail: shownOf(flaws), isContradiction };
}

/** The first few, and how many more there are. */
export function shownOf(texts: readonly string[]): string {
  const more = texts.length - SHOWN;
  const shown = texts.slice(0, SHOWN).join('; ');
  return more > 0 ? `${shown}; ${more} more` : shown;
}

/** What failed anywhere, else what is not known anywhere, else that it holds. */
export function worstOf(findings: readonly Finding[], passedDetail: string): Finding {
  for (const verdict of ['failed', 'unknown'] as const) {
    const found = findings.filter((finding) => finding.verdict === verdict);
    if (found.length === 0) continue;
    const isContradiction = found.some((finding) => finding.isContradiction);
    return { verdict, detail: shownOf(found.map(({ detail }) => detail)), isContradiction };
  }
  return passed(passedDetail);
}

export function secondsText(us: number): string {
  return `${Math.round(us / 1e4) / 100} s`;
}
