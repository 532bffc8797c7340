/** What would run, in words: incidents, trust, callers, journeys and checks of a plan. */
import { formatNumberOf, formatSeconds } from '../../reports/format.ts';
import { observedIncidents } from '../metrics/check-incidents.ts';
import { CHECK_NAMES, CHECK_ROWS } from '../plan/check-names.ts';
import type { CheckName } from '../plan/check-names.ts';
import type { CheckDocument } from '../plan/document.ts';
import { AttackKind, Jitter, PatchColumn, RetryOn, TrustKind } from '../plan/plan.ts';
import type { IncidentRow, Plan } from '../plan/plan.ts';

const US_PER_SECOND = 1e6;
const TARGETS_SHOWN = 3;
/** Ways to call that are told one by one; a scenario with more has them for a reason of its own. */
const POLICIES_SHOWN = 6;

const seconds = (us: number): string => formatSeconds(us / US_PER_SECOND);

/** One line an incident, however often it comes. */
export function incidentLines({ incidents }: Plan): string[] {
  if (incidents.length === 0) return ['none'];
  const rounds: IncidentRow[][] = [];
  for (const incident of incidents) {
    const last = rounds.at(-1);
    // The plan calls repetitions `id/2`, `id/3`: an id of a scenario has no slash.
    if (last?.[0].id === incident.id.split('/')[0]) last.push(incident);
    else rounds.push([incident]);
  }
  return rounds.map((round) => {
    const [{ id, kind, startUs, endUs, targets }] = round;
    const last = round[round.length - 1];
    const often =
      round.length === 1 ? '' : `, ${round.length} times, the last at ${seconds(last.startUs)}`;
    const when = `at ${seconds(startUs)} for ${seconds(endUs - startUs)}${often}`;
    return `${id}: ${kind} of ${shortList(targets)} ${when}`;
  });
}

function shortList(names: readonly string[]): string {
  // One more name is no longer than its number.
  if (names.length <= TARGETS_SHOWN + 1) return names.join(', ');
  const shown = names.slice(0, TARGETS_SHOWN).join(', ');
  return `${shown} and ${names.length - TARGETS_SHOWN} more`;
}

/** The services that the scenario names or a country has, and whether anything rests on them. */
export function trustText({ trustServices, hasTrust }: Plan): string {
  const count = (kind: number): number => trustServices.kind.filter((one) => one === kind).length;
  if (!hasTrust) return 'taken for granted: no clock runs';
  return [
    formatNumberOf(count(TrustKind.CentralServer), 'central server'),
    formatNumberOf(count(TrustKind.OcspResponder), 'OCSP responder'),
    formatNumberOf(
      count(TrustKind.TimeStampingAuthority),
      'time-stamping authority',
      'time-stamping authorities',
    ),
    'and the clocks of every server',
  ].join(', ');
}

/** How callers wait and try again: one line for each way of doing so. */
export function callerLines(plan: Plan): string[] {
  const { sources, journeyCalls } = plan;
  const callers = new Map<number, { sources: number; journeyCalls: number }>();
  const of = (policy: number): { sources: number; journeyCalls: number } => {
    const known = callers.get(policy) ?? { sources: 0, journeyCalls: 0 };
    callers.set(policy, known);
    return known;
  };
  for (const [source, policy] of sources.policy.entries()) {
    const isOrdinary = sources.attack[source] === AttackKind.None;
    if (isOrdinary && sources.journey[source] === -1) of(policy).sources++;
  }
  for (const policy of journeyCalls.policy) of(policy).journeyCalls++;
  const patient = callers.get(0);
  callers.delete(0);
  if (callers.size === 0) return ['all wait for their answer, and none tries again'];
  const ways = [...callers].map(([policy, users]) => {
    return `${usersText(users)}: ${policyText(plan, policy)}`;
  });
  const more = ways.length - POLICIES_SHOWN;
  return [
    ...ways.slice(0, POLICIES_SHOWN),
    ...(more > 0 ? [`and ${more} more ways to wait and to try again`] : []),
    ...(patient === undefined ? [] : [`${usersText(patient)}: wait, and do not try again`]),
  ];
}

function usersText(users: { sources: number; journeyCalls: number }): string {
  const parts: string[] = [];
  if (users.sources > 0) parts.push(formatNumberOf(users.sources, 'source'));
  if (users.journeyCalls > 0)
    parts.push(formatNumberOf(users.journeyCalls, 'call of journeys', 'calls of journeys'));
  return parts.join(' and ');
}

function policyText({ policies }: Plan, policy: number): string {
  const [timeoutUs, patienceUs] = [policies.timeoutUs[policy], policies.patienceUs[policy]];
  const retries = policies.attemptsMax[policy] - 1;
  const parts = [timeoutUs === Infinity ? 'no time-out' : `time-out ${seconds(timeoutUs)}`];
  if (patienceUs < Infinity) parts.push(`patience ${seconds(patienceUs)}`);
  if (retries === 0) return [...parts, 'no retry'].join(', ');
  const retryOn = policies.retryOn[policy];
  const when =
    retryOn === RetryOn.All
      ? ''
      : retryOn === RetryOn.NotExecuted
        ? ' of what was not executed'
        : ' of what was refused';
  const factor = policies.backOffFactor[policy];
  const growth = factor === 1 ? '' : `, each ${factor} times as long`;
  const jitter = policies.jitter[policy];
  const jitterName = Object.entries(Jitter).find(([, number]) => number === jitter)?.[0];
  parts.push(`${formatNumberOf(retries, 'retry', 'retries')}${when}`);
  parts.push(`after ${seconds(policies.backOffUs[policy])}${growth}`);
  if (jitter !== Jitter.None) parts.push(`${jitterName?.toLowerCase()} jitter`);
  // Each call adds thousandths of a retry.
  const perCall = policies.budgetPerCall[policy];
  if (perCall < Infinity) parts.push(`a budget of ${perCall / 10} % of the calls`);
  return parts.join(', ');
}

export function journeyLines({ journeys }: Plan): string[] {
  if (journeys.id.length === 0) return ['none'];
  return journeys.id.map((id, row) => {
    const calls = formatNumberOf(journeys.callCount[row], 'call');
    const steps = formatNumberOf(journeys.stepCount[row], 'step');
    const patienceUs = journeys.patienceUs[row];
    const patience = patienceUs === Infinity ? '' : `, given up after ${seconds(patienceUs)}`;
    return `${id}: up to ${calls} in ${steps}${patience}`;
  });
}

/** Those that are made unasked, then those that the scenario names with what it says of them. */
export function checkLines(plan: Plan): string[] {
  const { checks, incidents, hasTrust, patches } = plan;
  // As the engine has it: an incident of a log or a token sets the books of trust up, too.
  const usesTrust = hasTrust || patches.column.some((column) => column > PatchColumn.LinkBandwidth);
  const ofTrust: readonly CheckName[] = ['trust-window', 'evidence-logged', 'evidence-stamped'];
  const isMade = (name: CheckName): boolean => {
    if (CHECK_ROWS[name].unaskedOf === null) return false;
    if (checks.some(({ check }) => check === name)) return false;
    if (name === 'no-collapse') return observedIncidents(plan).length > 0;
    return ofTrust.includes(name) ? usesTrust : incidents.length > 0;
  };
  const unasked = CHECK_NAMES.filter(isMade);
  const balance = 'that the books balance';
  const usual = unasked.length === 0 ? balance : `${balance}, ${unasked.join(', ')}`;
  return [usual, ...checks.map(checkText)];
}

function checkText(asked: CheckDocument): string {
  const { check, withinUs, states, incident, expects, allowsUnknown } = asked;
  return [
    check,
    ...(states.length === 0 ? [] : [`of ${states.join(', ')}`]),
    ...(incident === null ? [] : [`from ${incident}`]),
    ...(withinUs === null ? [] : [`within ${seconds(withinUs)}`]),
    ...(expects === 'failed' ? ['(expected to fail)'] : []),
    ...(allowsUnknown ? ['(may stay unknown)'] : []),
  ].join(' ');
}
