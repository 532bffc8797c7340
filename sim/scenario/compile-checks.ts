/**
 * Checks that no run of this scenario can decide. Their answer would be "unknown", and the verdict
 * inconclusive, after minutes of work; so it is said beforehand. Who allows the unknown knows it.
 */
import type { StateName } from '../plan/check-names.ts';
import type { CheckDocument } from '../plan/document.ts';
import type { Plan } from '../plan/plan.ts';
import type { IssueList } from './compile-issues.ts';

export function warnOfUndecidable(plan: Plan, issues: IssueList): void {
  for (const [index, check] of plan.checks.entries()) {
    const wants = check.allowsUnknown ? null : missingFor(check, plan);
    if (wants === null) continue;
    const { key, subject, why, hint } = wants;
    const message = `${subject} cannot be decided: ${why}`;
    issues.warn(['checks', index, key], 'undecidable', message, hint);
  }
}

interface Missing {
  readonly key: 'check' | 'state';
  readonly subject: string;
  /** What the scenario has not. */
  readonly why: string;
  readonly hint: string;
}

function missingFor({ check, states }: CheckDocument, plan: Plan): Missing | null {
  const need = CHECK_NEEDS[check];
  if (need !== null && !need.isMet(plan)) {
    return { key: 'check', subject: check, why: need.why, hint: need.hint };
  }
  for (const state of states) {
    const needed = STATE_NEEDS[state];
    if (needed === null || needed.isMet(plan)) continue;
    return { key: 'state', subject: `sometimes: ${state}`, why: needed.why, hint: needed.hint };
  }
  return null;
}

interface Need {
  readonly isMet: (plan: Plan) => boolean;
  readonly why: string;
  readonly hint: string;
}

const INCIDENT: Need = {
  isMet: ({ incidents }) => incidents.length > 0,
  why: 'there is no incident',
  hint: 'leave it out, or add an incident',
};
const ATTACK: Need = {
  isMet: ({ incidents }) => incidents.some(({ isAttack }) => isAttack),
  why: 'there is no attack',
  hint: 'leave it out, or add a flood to the incidents',
};
const TRUST: Need = {
  isMet: ({ hasTrust }) => hasTrust,
  why: 'no trust clock runs',
  hint: 'leave it out, or write trust: on',
};
const RETRIES: Need = {
  isMet: ({ policies }) => policies.attemptsMax.some((attempts) => attempts > 1),
  why: 'nobody tries again',
  hint: 'leave it out, or give callers of a workload retries',
};
const IMPATIENCE: Need = {
  isMet: ({ policies, journeys }) =>
    [policies.timeoutUs, policies.patienceUs, journeys.patienceUs].some((column) =>
      column.some(Number.isFinite),
    ),
  why: 'everybody waits as long as it takes',
  hint: 'leave it out, or give callers of a workload a timeout or patience',
};
const JOURNEYS: Need = {
  isMet: ({ journeys }) => journeys.id.length > 0,
  why: 'there is no journey',
  hint: 'leave it out, or add a journey',
};

/** Null: any run can decide it. */
const CHECK_NEEDS: Readonly<Record<CheckDocument['check'], Need | null>> = {
  'trust-window': TRUST,
  'evidence-logged': TRUST,
  'evidence-stamped': TRUST,
  recovery: INCIDENT,
  'no-collapse': INCIDENT,
  'incidents-seen': INCIDENT,
  sometimes: null,
};

const STATE_NEEDS: Readonly<Record<StateName, Need | null>> = {
  faults: null,
  queueing: null,
  'server-down': null,
  'attack-refused': ATTACK,
  refusing: null,
  'clock-ran-out': TRUST,
  'configuration-expired': TRUST,
  'foreign-configuration-expired': TRUST,
  'ocsp-expired': TRUST,
  'peer-ocsp-ran-out': TRUST,
  'time-stamping-overdue': TRUST,
  'certificate-expired': TRUST,
  'token-locked': TRUST,
  backlog: TRUST,
  retries: RETRIES,
  abandoned: IMPATIENCE,
  'gave-up': IMPATIENCE,
  'journeys-lost': JOURNEYS,
};
