/**
 * The checks over a run's whole history: those that a scenario names, and those that every run with
 * the data for them is held to. Their names are in plan/check-names.ts.
 */
import { CHECK_NAMES, CHECK_ROWS } from '../plan/check-names.ts';
import type { CheckName } from '../plan/check-names.ts';
import type { CheckDocument } from '../plan/document.ts';
import { failed, passed, unknown } from './check-finding.ts';
import type { Finding, HistoryCheck, HistoryInput } from './check-finding.ts';
import { incidentsSeen, noCollapse, observedIncidents, recovery } from './check-incidents.ts';
import { evidenceLogged, evidenceStamped, trustWindow } from './check-trust.ts';
import { isReached } from './coverage.ts';
import type { CheckResult } from './result.ts';

export interface HistoryResult extends CheckResult {
  /** A contradiction is ours to explain; a finding is about the scenario. */
  readonly kind: 'invariant' | 'history';
  readonly allowsUnknown: boolean;
}

const CHECKS: Readonly<Record<CheckName, HistoryCheck>> = {
  'trust-window': trustWindow,
  'evidence-logged': evidenceLogged,
  'evidence-stamped': evidenceStamped,
  recovery,
  'no-collapse': noCollapse,
  'incidents-seen': incidentsSeen,
  sometimes,
};

/** Whether a run has the data for a check that nobody asked for. */
const HAS_DATA: Readonly<Record<CheckName, (input: HistoryInput) => boolean>> = {
  'trust-window': hasTrust,
  'evidence-logged': hasTrust,
  'evidence-stamped': hasTrust,
  recovery: () => false,
  'no-collapse': ({ plan }) => observedIncidents(plan).length > 0,
  'incidents-seen': ({ plan }) => plan.incidents.length > 0,
  sometimes: () => false,
};

/** The unasked ones first, in the order of the registry, then the scenario's own. */
export function checkHistory(input: HistoryInput): HistoryResult[] {
  const { checks } = input.plan;
  const isNamed = (name: CheckName): boolean => checks.some(({ check }) => check === name);
  const unasked = CHECK_NAMES.filter(
    (name) => CHECK_ROWS[name].unaskedOf !== null && !isNamed(name) && HAS_DATA[name](input),
  );
  return [
    ...unasked.map((name) => resultOf(name, CHECKS[name](input, null), null)),
    ...checks.map((asked) => {
      const finding = CHECKS[asked.check](input, asked);
      const judged = asked.expects === 'failed' ? turnedRound(finding) : finding;
      return resultOf(titleOf(asked), judged, asked);
    }),
  ];
}

function resultOf(
  name: string,
  { verdict, detail, isContradiction }: Finding,
  asked: CheckDocument | null,
): HistoryResult {
  const kind = isContradiction ? 'invariant' : 'history';
  return { name, kind, verdict, detail, allowsUnknown: asked?.allowsUnknown ?? false };
}

/** A failure that shows what the scenario is about; one of the rules themselves stays a failure. */
function turnedRound(finding: Finding): Finding {
  const { verdict, detail, isContradiction } = finding;
  if (isContradiction || verdict === 'unknown') return finding;
  return verdict === 'failed'
    ? passed(`failed, as expected: ${detail}`)
    : failed([`expected to fail, and did not: ${detail}`]);
}

/** Several checks of one name differ by what they are about, and by what is expected of them. */
function titleOf({ check, states, incident, expects }: CheckDocument): string {
  const about = [...states, ...(incident === null ? [] : [incident])];
  const name = about.length === 0 ? check : `${check}: ${about.join(', ')}`;
  return expects === 'failed' ? `${name} (expected to fail)` : name;
}

/** Not reached is not failed: the run was about something else, and shows nothing. */
function sometimes({ plan, totals }: HistoryInput, asked: CheckDocument | null): Finding {
  const states = asked?.states ?? [];
  const missed = states.filter((state) => isReached(state, plan, totals) !== true);
  if (missed.length > 0) return unknown(`not reached: ${missed.join(', ')}`);
  return passed(`reached: ${states.join(', ')}`);
}

function hasTrust({ totals }: HistoryInput): boolean {
  return totals.trust !== null;
}
