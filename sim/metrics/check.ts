/**
 * What must hold of every run, whatever the scenario: checks with three answers, passed, failed
 * and unknown. A broken invariant is a bug of ours; a failed check of validity says that the
 * numbers do not mean what they say.
 */
import type { Plan } from '../plan/plan.ts';
import { SourceKind } from '../plan/plan.ts';
import { findFault } from '../protocol/fault.ts';
import { attemptsOf, callsOf, exchangesOf } from './counts.ts';
import type { EndCounts } from './counts.ts';
import { codeOfKey, faultOfKey } from './fault-count.ts';
import type { GroupOutcome } from './outcome.ts';
import type { CheckResult } from './result.ts';
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
  readonly kind: 'invariant' | 'validity';
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
const FLAWS_SHOWN = 3;

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

export function runChecks(input: CheckInput): JudgedCheck[] {
  return CHECKS.map(({ name, kind, findFlaws, passedDetail }) => {
    const flaws = findFlaws(input);
    if (flaws.length === 0) return { name, kind, verdict: 'passed', detail: passedDetail };
    const more = flaws.length - FLAWS_SHOWN;
    const shown = flaws.slice(0, FLAWS_SHOWN).join('; ');
    return { name, kind, verdict: 'failed', detail: more > 0 ? `${shown}; ${more} more` : shown };
  });
}

/** Names of the blocks that a balance does not hold for. */
function eachBlock({ plan, totals }: CheckInput, holds: (ends: EndCounts) => boolean): string[] {
  const names = scopeNames(plan);
  const classCount = plan.memberClasses.length;
  const flaws = names.filter((_, scope) => !holds(totals.scopes[scope]));
  plan.services.id.forEach((id, row) => {
    if (!holds(endsOf(totals.services, row))) flaws.push(id);
  });
  for (let row = 0; row < classCount ** 2; row++) {
    if (holds(endsOf(totals.memberClasses, row))) continue;
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

function callsBalance(ends: EndCounts): boolean {
  const { due, answered, faulted, gaveUp, notStarted, openAtEnd } = callsOf(ends);
  return isBalanced(due, answered, faulted, gaveUp, notStarted, openAtEnd);
}

function attemptsBalance(ends: EndCounts): boolean {
  const { started, answered, faulted, abandonedByClient, openAtEnd } = attemptsOf(ends);
  return isBalanced(started, answered, faulted, abandonedByClient, openAtEnd);
}

function exchangesBalance(ends: EndCounts): boolean {
  const { offered, completed, succeeded, faulted, inFlightAtEnd } = exchangesOf(ends);
  return isBalanced(offered, completed, inFlightAtEnd) && isBalanced(completed, succeeded, faulted);
}

/** Also: nothing is negative, as an open rest would be if something were counted twice. */
function isBalanced(whole: number, ...parts: readonly number[]): boolean {
  const sum = parts.reduce((a, b) => a + b, 0);
  return whole === sum && parts.every((part) => part >= 0);
}

function partsFlaws({ totals }: CheckInput): string[] {
  const [all, ...scopes] = totals.scopes;
  const { services, memberClasses } = totals;
  const keys = ['due', 'answered', 'faulted', 'notStarted', 'openAtEnd'] as const;
  return keys.flatMap((key) => {
    const flaws: string[] = [];
    if (sumOf(scopes.map((scope) => scope[key])) !== all[key]) flaws.push(`${key} by scope`);
    if (sumOf(services[key]) !== all[key]) flaws.push(`${key} by service`);
    if (sumOf(memberClasses[key]) !== all[key]) flaws.push(`${key} by class`);
    return flaws;
  });
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
  const judge = (name: string, share: number): void => {
    if (share > 1 + SHARE_TOLERANCE) flaws.push(`${name} ${share.toFixed(6)}`);
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

/** Only arrivals that do not wait for an answer can be foretold. */
function generatorFlaws({ plan, totals }: CheckInput): string[] {
  if (plan.sources.kind.includes(SourceKind.User)) return [];
  const { offered, scopeCount } = totals.series;
  const found = sumOf(offered.filter((_, row) => row % scopeCount === 0));
  const expected = plan.expected.calls * totals.replications;
  const tolerance = DEVIATIONS_MAX * Math.sqrt(expected) + totals.replications;
  if (Math.abs(found - expected) <= tolerance) return [];
  return [`${found} calls were due, and the workloads ask for ${Math.round(expected)}`];
}

function sumOf(values: readonly number[] | Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}
