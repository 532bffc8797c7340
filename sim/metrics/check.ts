/**
 * What must hold of every run, whatever the scenario: checks with three answers, passed, failed
 * and unknown. A broken invariant is a bug of ours; a failed check of validity says that the
 * numbers do not mean what they say.
 */
import type { Plan } from '../plan/plan.ts';
import { SourceKind } from '../plan/plan.ts';
import { findFault } from '../protocol/fault.ts';
import { shownOf } from './check-finding.ts';
import { checkHistory } from './check-history.ts';
import { attemptsOf, callerCountsOf, callsOf, exchangesOf, journeysOf } from './counts.ts';
import type { CallerCounts, EndCounts } from './counts.ts';
import { codeOfKey, faultOfKey } from './fault-count.ts';
import type { GroupOutcome } from './outcome.ts';
import type { CheckResult, GeneratorFacts, PrecisionResult, WarmUpResult } from './result.ts';
import { scopeNames } from './scope.ts';
import type { Totals } from './totals.ts';
import {
  hostUtilisation,
  logUtilisation,
  systemUtilisation,
  threadUtilisation,
  tokenUtilisation,
} from './utilisation.ts';

export interface JudgedCheck extends CheckResult {
  /** What a failure is: our mistake, a measurement that means nothing, or the scenario's answer. */
  readonly kind: 'invariant' | 'validity' | 'history';
  /** An answer of unknown leaves the run's verdict alone. */
  readonly allowsUnknown: boolean;
}

/** A replication that could not be finished, and why. */
export interface UnfinishedReplication {
  readonly replicationIndex: number;
  readonly reason: string;
}

export interface CheckInput {
  readonly plan: Plan;
  readonly totals: Totals;
  readonly unfinished: readonly UnfinishedReplication[];
  readonly warmUp: WarmUpResult | null;
  readonly precision: PrecisionResult | null;
  /** How late calls were sent; null: in virtual time none is. */
  readonly generator: GeneratorFacts | null;
}

interface CheckRow {
  readonly name: string;
  readonly kind: JudgedCheck['kind'];
  /** What is wrong, all of it; nothing: the check has passed. */
  readonly findFlaws: (input: CheckInput) => string[];
  readonly passedDetail: string;
}

/** Rounding of sums of doubles. */
const SHARE_TOLERANCE = 1e-9;
/** Of a Poisson count's standard deviation; chance goes beyond it once in 5e8 runs. */
const DEVIATIONS_MAX = 6;
const NS_PER_MS = 1e6;

const CHECKS: readonly CheckRow[] = [
  {
    name: 'calls balance',
    kind: 'invariant',
    findFlaws: (input) => eachBlock(input, callsBalance),
    passedDetail: 'due = answered + faulted + gaveUp + notStarted + openAtEnd, in every block',
  },
  {
    name: 'attempts balance',
    kind: 'invariant',
    findFlaws: (input) => eachBlock(input, attemptsBalance),
    passedDetail: 'started = answered + faulted + abandonedByClient + openAtEnd',
  },
  {
    name: 'exchanges balance',
    kind: 'invariant',
    findFlaws: (input) => eachBlock(input, exchangesBalance),
    passedDetail: 'offered = succeeded + faulted + inFlightAtEnd',
  },
  {
    name: 'attack balance',
    kind: 'invariant',
    findFlaws: ({ totals: { attack } }) =>
      isBalanced(attack.requests, attack.refused, attack.served, attack.openAtEnd)
        ? []
        : ['requests differ from refused + served + openAtEnd'],
    passedDetail: 'requests = refused + served + openAtEnd',
  },
  {
    name: 'parts make the whole',
    kind: 'invariant',
    findFlaws: partsFlaws,
    passedDetail: 'scopes, services and pairs of classes each add up to all calls',
  },
  {
    name: 'latencies are complete',
    kind: 'invariant',
    findFlaws: ({ plan, totals }) =>
      scopeNames(plan).filter(
        (_, scope) => totals.scopes[scope].latency.count !== totals.scopes[scope].answered,
      ),
    passedDetail: 'one latency for each call answered',
  },
  {
    name: 'faults are registered',
    kind: 'invariant',
    findFlaws: faultFlaws,
    passedDetail: 'each faulted call has a code of the registry',
  },
  {
    name: 'series adds up',
    kind: 'invariant',
    findFlaws: seriesFlaws,
    passedDetail: 'the buckets hold every call',
  },
  {
    name: 'nothing is busier than busy',
    kind: 'invariant',
    findFlaws: utilisationFlaws,
    passedDetail: 'no utilisation is above 1',
  },
  {
    name: 'limits',
    kind: 'validity',
    findFlaws: limitFlaws,
    passedDetail: 'the run met none of its own limits',
  },
  {
    name: 'generator',
    kind: 'validity',
    findFlaws: generatorFlaws,
    passedDetail: 'calls came as the workloads ask, each at its intended start',
  },
  {
    name: 'long enough',
    kind: 'validity',
    findFlaws: ({ totals }) =>
      totals.scopes[0].due > 0 ? [] : ['no call was due in the measured part'],
    passedDetail: 'calls were due in the measured part',
  },
  {
    name: 'replications',
    kind: 'validity',
    findFlaws: ({ unfinished }) =>
      unfinished.map(
        ({ replicationIndex, reason }) =>
          `replication ${replicationIndex} could not be finished: ${reason}`,
      ),
    passedDetail: 'every replication that was begun is part of the result',
  },
];

/** Where callers have policies of their own, or there are journeys. */
const CALLER_CHECKS: readonly CheckRow[] = [
  {
    name: 'journeys balance',
    kind: 'invariant',
    findFlaws: ({ plan, totals }) =>
      scopeNames(plan).filter((_, scope) => {
        const { started, completed, failed, openAtEnd } = journeysOf(totals, scope);
        return !isBalanced(started, completed, failed, openAtEnd);
      }),
    passedDetail: 'started = completed + failed + openAtEnd',
  },
  {
    name: 'an attempt is an exchange',
    kind: 'invariant',
    findFlaws: ({ plan, totals }) =>
      scopeNames(plan).filter((_, scope) => {
        const counts = callerCountsOf(totals, scope);
        if (counts === null) return false;
        const { attempts, exchanges } = counts;
        // An abandoned exchange lives on: it may end, and then nobody hears of it.
        return (
          attempts.started !== exchanges.offered ||
          attempts.answered > exchanges.succeeded ||
          attempts.faulted > exchanges.faulted
        );
      }),
    passedDetail: 'as many exchanges as attempts, and no answer without one',
  },
];

export function runChecks(input: CheckInput): JudgedCheck[] {
  const rows = input.totals.callers === null ? CHECKS : [...CHECKS, ...CALLER_CHECKS];
  const found = rows.map(({ name, kind, findFlaws, passedDetail }): JudgedCheck => {
    const flaws = findFlaws(input);
    const verdict = flaws.length === 0 ? 'passed' : 'failed';
    const detail = flaws.length === 0 ? passedDetail : shownOf(flaws);
    return { name, kind, verdict, detail, allowsUnknown: false };
  });
  return [...found, ...statisticsChecks(input), ...checkHistory(input)];
}

/** What is said of warm-up and precision, where the scenario has them. */
function statisticsChecks({ warmUp, precision }: CheckInput): JudgedCheck[] {
  const checks: JudgedCheck[] = [];
  // A warm-up that is a little too short by the rule is told beside its figures: on a steady series
  // the rule errs that far in one run of ten.
  if (warmUp !== null && (warmUp.verdict === 'accepted' || warmUp.verdict === 'rejected')) {
    const { foundSeconds, usedSeconds, verdict } = warmUp;
    const found = `MSER-5 would leave out ${foundSeconds} s`;
    checks.push({
      name: 'warm-up',
      kind: 'validity',
      verdict: verdict === 'accepted' ? 'passed' : 'failed',
      detail:
        verdict === 'accepted'
          ? `${found}, and ${usedSeconds} s are left out`
          : `${found}, more than half: the run shows no steady part, and is too short`,
      allowsUnknown: false,
    });
  }
  if (precision !== null) checks.push(precisionCheck(precision));
  return checks;
}

function precisionCheck(precision: PrecisionResult): JudgedCheck {
  const { asked, reached, replicationsNeeded, replicationsMax, isMet } = precision;
  const percent = (share: number | null): string =>
    share === null ? 'not known' : `${(share * 100).toFixed(2)} %`;
  const found = Object.entries(reached).map(([name, share]) => `${name} ${percent(share)}`);
  const text = `half-widths as shares of the means: ${found.join(', ')}; asked ${percent(asked)}`;
  const end = isMet
    ? `held from replication ${replicationsNeeded} on`
    : replicationsNeeded === null
      ? `not reached with at most ${replicationsMax} replications`
      : `reached at replication ${replicationsNeeded}, too late to show that it holds`;
  return {
    name: 'precision',
    kind: 'validity',
    verdict: isMet ? 'passed' : 'unknown',
    detail: `${text}; ${end}`,
    allowsUnknown: false,
  };
}

type Holds = (ends: EndCounts, callers: CallerCounts | null) => boolean;

/** Names of the blocks that a balance does not hold for. */
function eachBlock({ plan, totals }: CheckInput, holds: Holds): string[] {
  const names = scopeNames(plan);
  const classCount = plan.memberClasses.length;
  const flaws = names.filter(
    (_, scope) => !holds(totals.scopes[scope], callerCountsOf(totals, scope)),
  );
  plan.services.id.forEach((id, row) => {
    if (!holds(endsOf(totals.services, row), null)) flaws.push(id);
  });
  for (let row = 0; row < classCount ** 2; row++) {
    if (holds(endsOf(totals.memberClasses, row), null)) continue;
    const consumer = plan.memberClasses[Math.floor(row / classCount)];
    flaws.push(`${consumer} -> ${plan.memberClasses[row % classCount]}`);
  }
  return flaws;
}

export function endsOf(group: GroupOutcome, row: number): EndCounts {
  return {
    due: group.due[row],
    answered: group.answered[row],
    faulted: group.faulted[row],
    notStarted: group.notStarted[row],
    openAtEnd: group.openAtEnd[row],
  };
}

function callsBalance(ends: EndCounts, callers: CallerCounts | null): boolean {
  const { due, answered, faulted, gaveUp, notStarted, openAtEnd } = callsOf(ends, callers);
  return isBalanced(due, answered, faulted, gaveUp, notStarted, openAtEnd);
}

function attemptsBalance(ends: EndCounts, callers: CallerCounts | null): boolean {
  const { started, answered, faulted, abandonedByClient, openAtEnd } = attemptsOf(ends, callers);
  return isBalanced(started, answered, faulted, abandonedByClient, openAtEnd);
}

function exchangesBalance(ends: EndCounts, callers: CallerCounts | null): boolean {
  const { offered, completed, succeeded, faulted, inFlightAtEnd } = exchangesOf(ends, callers);
  return isBalanced(offered, completed, inFlightAtEnd) && isBalanced(completed, succeeded, faulted);
}

/** Also: nothing is negative, as an open rest would be if something were counted twice. */
function isBalanced(whole: number, ...parts: readonly number[]): boolean {
  const sum = parts.reduce((a, b) => a + b, 0);
  return whole === sum && parts.every((part) => part >= 0);
}

function partsFlaws({ totals }: CheckInput): string[] {
  const [all, ...scopes] = totals.scopes;
  const { services, memberClasses, callers } = totals;
  const keys = ['due', 'answered', 'faulted', 'notStarted', 'openAtEnd'] as const;
  const found = keys.flatMap((key) => {
    const flaws: string[] = [];
    if (sumOf(scopes.map((scope) => scope[key])) !== all[key]) flaws.push(`${key} by scope`);
    if (sumOf(services[key]) !== all[key]) flaws.push(`${key} by service`);
    if (sumOf(memberClasses[key]) !== all[key]) flaws.push(`${key} by class`);
    return flaws;
  });
  return [...found, ...gaveUpFlaws(callers)];
}

function gaveUpFlaws(callers: Totals['callers']): string[] {
  if (callers === null) return [];
  const [all, ...scopes] = callers.calls.gaveUp;
  const flaws: string[] = [];
  if (sumOf(scopes) !== all) flaws.push('gaveUp by scope');
  if (sumOf(callers.gaveUpByService) !== all) flaws.push('gaveUp by service');
  if (sumOf(callers.gaveUpByMemberClass) !== all) flaws.push('gaveUp by class');
  return flaws;
}

function faultFlaws({ plan, totals }: CheckInput): string[] {
  const flaws = scopeNames(plan)
    .filter((_, scope) => sumOf(totals.scopes[scope].faults) !== totals.scopes[scope].faulted)
    .map((name) => `${name}: faults by code do not add up`);
  totals.scopes[0].faults.forEach((count, key) => {
    if (count > 0 && findFault(faultOfKey(key)) === null) flaws.push(codeOfKey(key));
  });
  return flaws;
}

function seriesFlaws({ plan, totals }: CheckInput): string[] {
  const { offered, answered, faulted, scopeCount } = totals.series;
  const columns = { due: offered, answered, faulted };
  return scopeNames(plan).flatMap((name, scope) =>
    (['due', 'answered', 'faulted'] as const)
      .filter((key) => {
        const inSeries = sumOf(columns[key].filter((_, row) => row % scopeCount === scope));
        const measured = totals.scopes[scope][key];
        // The series begins at the start of the run, the counts after the warm-up.
        return plan.warmUpUs === 0 ? inSeries !== measured : inSeries < measured;
      })
      .map((key) => `${name}: ${key}`),
  );
}

function utilisationFlaws({ plan, totals }: CheckInput): string[] {
  const flaws: string[] = [];
  const judge = (name: string, share: number | null): void => {
    if (share !== null && share > 1 + SHARE_TOLERANCE) flaws.push(`${name} ${share.toFixed(6)}`);
  };
  plan.servers.id.forEach((id, server) => {
    judge(`processors of ${id}`, hostUtilisation(plan, totals, server));
    judge(`client threads of ${id}`, threadUtilisation(plan, totals, server, 'client'));
    judge(`server threads of ${id}`, threadUtilisation(plan, totals, server, 'server'));
    judge(`message log of ${id}`, logUtilisation(plan, totals, server));
    judge(`token of ${id}`, tokenUtilisation(totals, server));
  });
  plan.systems.id.forEach((id, system) => {
    judge(`system ${id}`, systemUtilisation(plan, totals, system));
  });
  return flaws;
}

function limitFlaws({ plan, totals }: CheckInput): string[] {
  const flaws: string[] = [];
  if (totals.limitMet !== null) {
    flaws.push(`met ${totals.limitMet}, which is ${plan.limits[totals.limitMet]}`);
  }
  const { notStarted } = totals.scopes[0];
  if (notStarted > 0)
    flaws.push(`${notStarted.toLocaleString('en-US')} calls could not be started`);
  return flaws;
}

function generatorFlaws({ plan, totals, generator }: CheckInput): string[] {
  return [...countFlaws(plan, totals), ...latenessFlaws(generator)];
}

/** Only arrivals that do not wait for an answer can be foretold; a journey's calls do. */
function countFlaws(plan: Plan, totals: Totals): string[] {
  const { kind, journey } = plan.sources;
  if (kind.includes(SourceKind.User) || journey.some((row) => row !== -1)) return [];
  const { offered, scopeCount } = totals.series;
  const found = sumOf(offered.filter((_, row) => row % scopeCount === 0));
  const expected = plan.expected.calls * totals.replications;
  const tolerance = DEVIATIONS_MAX * Math.sqrt(expected) + totals.replications;
  if (Math.abs(found - expected) <= tolerance) return [];
  return [`${found} calls were due, and the workloads ask for ${Math.round(expected)}`];
}

/** A generator that is late makes the servers look slow. */
function latenessFlaws(generator: GeneratorFacts | null): string[] {
  if (generator === null || generator.keptUp) return [];
  const { due, sent, late, lateLimitNs, latenessP99Ns, latenessMaxNs } = generator;
  const ms = (ns: number): string => `${(ns / NS_PER_MS).toFixed(1)} ms`;
  const unsent = due > sent ? [`${due - sent} calls were not sent at all`] : [];
  const lateOnes = `${late} of ${sent} calls were sent more than ${ms(lateLimitNs)} late`;
  const worst = `p99 ${ms(latenessP99Ns)}, at most ${ms(latenessMaxNs)}`;
  return [`the generator could not keep up: ${[...unsent, lateOnes].join(', ')} (${worst})`];
}

function sumOf(values: readonly number[] | Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}
