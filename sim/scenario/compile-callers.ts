/** How callers wait, try again and give up, as rows; equal ones once. */
import type { CallersDocument } from '../plan/document.ts';
import type { DocumentPath } from '../plan/path-issue.ts';
import { Jitter, RetryOn } from '../plan/plan.ts';
import type { PolicyTable } from '../plan/plan.ts';
import type { IssueList } from './compile-issues.ts';
import { formatDuration } from './compile-parameters.ts';

/** Whoever says nothing waits for ever and never tries again: the plan's row 0. */
const PATIENT: CallersDocument = { timeoutUs: null, patienceUs: null, retries: null };

const JITTERS = {
  none: Jitter.None,
  full: Jitter.Full,
  equal: Jitter.Equal,
  decorrelated: Jitter.Decorrelated,
} as const;

const RETRIES_AFTER = {
  all: RetryOn.All,
  'not-executed': RetryOn.NotExecuted,
  refused: RetryOn.Refused,
} as const;

/** A budget is counted in thousandths of a retry. */
const PER_RETRY = 1000;

export class PolicyRows {
  readonly #rowOf = new Map<string, number>();
  readonly #rows: CallersDocument[] = [];

  constructor() {
    this.add(PATIENT);
  }

  add(callers: CallersDocument | null): number {
    const policy = callers ?? PATIENT;
    const key = keyOf(policy);
    const known = this.#rowOf.get(key);
    if (known !== undefined) return known;
    const row = this.#rows.push(policy) - 1;
    this.#rowOf.set(key, row);
    return row;
  }

  table(): PolicyTable {
    const rows = this.#rows;
    const float = (pick: (row: CallersDocument) => number): Float64Array =>
      Float64Array.from(rows, pick);
    return {
      timeoutUs: float(({ timeoutUs }) => timeoutUs ?? Infinity),
      patienceUs: float(({ patienceUs }) => patienceUs ?? Infinity),
      attemptsMax: Int32Array.from(rows, ({ retries }) => 1 + (retries?.max ?? 0)),
      backOffUs: float(({ retries }) => retries?.firstUs ?? 0),
      backOffFactor: float(({ retries }) =>
        retries?.backOff === 'exponential' ? retries.factor : 1,
      ),
      backOffCapUs: float(({ retries }) => retries?.capUs ?? Infinity),
      jitter: Uint8Array.from(rows, ({ retries }) => JITTERS[retries?.jitter ?? 'none']),
      retryOn: Uint8Array.from(rows, ({ retries }) => RETRIES_AFTER[retries?.after ?? 'all']),
      budgetPerCall: float(({ retries }) => inThousandths(retries?.budget?.ratio)),
      budgetMax: float(({ retries }) => inThousandths(retries?.budget?.burst)),
    };
  }
}

/** What the schema cannot see: times that contradict each other. */
export function checkCallers(
  callers: CallersDocument | null,
  path: DocumentPath,
  issues: IssueList,
): void {
  if (callers === null) return;
  const { timeoutUs, patienceUs, retries } = callers;
  if (patienceUs !== null && timeoutUs !== null && timeoutUs > patienceUs) {
    const message = `a time-out of ${formatDuration(timeoutUs)} never comes: the callers give up`;
    const hint = `after ${formatDuration(patienceUs)}, their patience`;
    issues.warn([...path, 'timeoutUs'], 'conflict', message, hint);
  }
  if (retries === null) return;
  if (retries.capUs < retries.firstUs) {
    const message = `the longest pause is shorter than the first`;
    const hint = `write a cap of ${formatDuration(retries.firstUs)} or more`;
    issues.error([...path, 'retries', 'capUs'], 'out-of-range', message, hint);
  }
  if (retries.max > 0 && patienceUs !== null && retries.firstUs >= patienceUs) {
    const message = 'the callers give up before their first retry';
    const hint = `their patience is ${formatDuration(patienceUs)}`;
    issues.warn([...path, 'retries', 'firstUs'], 'conflict', message, hint);
  }
  if (retries.max > 0 && retries.budget !== null && retries.budget.burst < 1) {
    const message = 'the budget never holds a whole retry';
    issues.error([...path, 'retries', 'budget'], 'out-of-range', message, 'write a burst of 1');
  }
}

function inThousandths(share: number | undefined): number {
  return share === undefined ? Infinity : Math.round(share * PER_RETRY);
}

/** Only what decides, in one order; a policy without retries is the same whatever their pauses. */
function keyOf({ timeoutUs, patienceUs, retries }: CallersDocument): string {
  const times = `${timeoutUs} ${patienceUs}`;
  if (retries === null || retries.max === 0) return times;
  const { max, backOff, firstUs, factor, capUs, jitter, after, budget } = retries;
  const pauses = [backOff, firstUs, backOff === 'fixed' ? 1 : factor, capUs, jitter].join(' ');
  return `${times} ${max} ${pauses} ${after} ${budget?.ratio} ${budget?.burst}`;
}
