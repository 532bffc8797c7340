/**
 * The caller: what somebody who wants an answer does when none comes, or a fault.
 *
 * Rule 1: every rule about waiting, trying again and giving up is in this file.
 * Rule 2: it knows no clock, no chance and no exchange. A driver measures the facts, asks
 *         `advanceCall`, performs the actions, and feeds back what came of them. Times, delays and
 *         draws are arguments, so that both engines call alike.
 *
 * X-Road itself never tries again on the message path (facts 2.8, 13 line 12): every retry in a
 * federation is a caller's, so retry storms are made here.
 *
 *    31        24 23        16 15                 4 3        0
 *   +------------+------------+--------------------+----------+
 *   |      0     |   action   |  attempts begun    |  stage   |   a transition
 *   +------------+------------+--------------------+----------+
 *                              \________ the state of a call _/
 *
 * An attempt that its caller no longer waits for is abandoned, not undone: X-Road holds it until
 * its response has been written (facts 2.1), and so does whoever drives this machine.
 */
import { Cause, causeOf, FAULTS, Prefix, prefixOf } from '../protocol/fault.ts';
import { Jitter, RetryOn } from '../plan/plan.ts';
import type { PolicyTable } from '../plan/plan.ts';

export const CallStage = {
  /** Nothing has been sent. */
  Due: 0,
  /** An attempt is under way, and its answer is waited for. */
  Waiting: 1,
  /** The last attempt failed; the pause before the next one runs. */
  BackingOff: 2,
  /** The end, with an answer. */
  Answered: 3,
  /** The end, with a fault after which this caller does not try again. */
  Faulted: 4,
  /** The end, without having heard: it waited long enough. */
  GivenUp: 5,
} as const;
export type CallStage = (typeof CallStage)[keyof typeof CallStage];

export const CallInput = {
  /** The call is due. */
  Due: 0,
  Answer: 1,
  Fault: 2,
  /** The attempt's time is over, or the caller's patience, whichever came first. */
  TimeOut: 3,
  /** The pause before a retry is over. */
  BackOffOver: 4,
} as const;
export type CallInput = (typeof CallInput)[keyof typeof CallInput];

/** What must hold for another attempt; measured by `callFacts`. */
export const CallFact = {
  AttemptsLeft: 1,
  /** The policy tries again after an end like this one. */
  IsRetried: 2,
  /** The source's budget allows one more retry. */
  BudgetLeft: 4,
  /** The next attempt would begin before the caller gives up. */
  TimeLeft: 8,
} as const;
export const ALL_CALL_FACTS = 15;

/** What the driver does, in this order. */
export const CallAction = {
  None: 0,
  /** It no longer listens to the attempt under way. */
  Abandon: 1,
  /** It takes one retry from the source's budget. */
  Spend: 2,
  /** It feeds BackOffOver when the pause is over. */
  BackOff: 4,
  /** It begins an attempt, and feeds what comes of it. */
  Attempt: 8,
  /** The call is over: the stage says how. */
  Settle: 16,
} as const;

export const NEW_CALL = CallStage.Due;
const STAGE_BITS = 4;
const ATTEMPT_BITS = 12;
const ACTION_SHIFT = STAGE_BITS + ATTEMPT_BITS;
/** More attempts than this of one call are a mistake of the scenario. */
export const ATTEMPTS_LIMIT = 1000;

export const callStageOf = (state: number): number => state & 15;
export const attemptsOf = (state: number): number => (state >> STAGE_BITS) & 4095;
export const callStateOf = (transition: number): number => transition & 0xffff;
export const callActionOf = (transition: number): number => transition >> ACTION_SHIFT;

/** The next transition. Total: an input that a stage does not know changes nothing. */
export function advanceCall(state: number, input: number, facts: number): number {
  const stage = callStageOf(state);
  switch (input) {
    case CallInput.Due:
      return stage === CallStage.Due ? beginAttempt(state) : state;
    case CallInput.BackOffOver:
      return stage === CallStage.BackingOff ? beginAttempt(state) : state;
    case CallInput.Answer:
      return stage === CallStage.Waiting ? settle(state, CallStage.Answered, 0) : state;
    case CallInput.Fault:
      return stage === CallStage.Waiting ? afterFault(state, facts) : state;
    case CallInput.TimeOut:
      return stage === CallStage.Waiting ? afterTimeOut(state, facts) : state;
    default:
      return state;
  }
}

function beginAttempt(state: number): number {
  const attempts = attemptsOf(state) + 1;
  return to(CallStage.Waiting, attempts, CallAction.Attempt);
}

function afterFault(state: number, facts: number): number {
  if (facts === ALL_CALL_FACTS) return backOff(state, 0);
  // Only time is short: this caller would try again, but not for that long.
  const isImpatient = facts === ALL_CALL_FACTS - CallFact.TimeLeft;
  return settle(state, isImpatient ? CallStage.GivenUp : CallStage.Faulted, 0);
}

function afterTimeOut(state: number, facts: number): number {
  if (facts === ALL_CALL_FACTS) return backOff(state, CallAction.Abandon);
  return settle(state, CallStage.GivenUp, CallAction.Abandon);
}

function backOff(state: number, action: number): number {
  const actions = action | CallAction.Spend | CallAction.BackOff;
  return to(CallStage.BackingOff, attemptsOf(state), actions);
}

function settle(state: number, stage: number, action: number): number {
  return to(stage, attemptsOf(state), action | CallAction.Settle);
}

function to(stage: number, attempts: number, action: number): number {
  return stage | (attempts << STAGE_BITS) | (action << ACTION_SHIFT);
}

/** What callers draw for; the numbers go on where `Purpose` of base/random.ts leaves room. */
export const CallerPurpose = {
  /** By the attempt that failed. */
  BackOff: 320,
  /** Whether a journey makes a call. */
  JourneyCall: 321,
  /** The pause before a step, by its first call. */
  StepThink: 322,
} as const;

/** What an end of an attempt says about the request; TimedOut is the caller's own. */
export const AttemptEnd = {
  Answered: 0,
  Unsure: 1,
  NotExecuted: 2,
  Refused: 3,
  TimedOut: 4,
} as const;

/** Faults that say that nobody was reached, or that a server takes nobody for the time being. */
const REFUSING_CAUSES: readonly number[] = [
  Cause.NetworkError,
  Cause.IoErrorUnsent,
  Cause.MaintenanceMode,
  Cause.GlobalConfOutdated,
];

/** By fault number, an AttemptEnd. A fault that the registry does not know is never sure. */
const END_OF_FAULT = endsOfFaults();

export function attemptEndOf(fault: number): number {
  return END_OF_FAULT[fault];
}

/** Bit e: a policy of this kind tries again after the end e. */
const RETRIED_ENDS: Readonly<Record<number, number>> = {
  [RetryOn.All]:
    (1 << AttemptEnd.Unsure) |
    (1 << AttemptEnd.NotExecuted) |
    (1 << AttemptEnd.Refused) |
    (1 << AttemptEnd.TimedOut),
  [RetryOn.NotExecuted]: (1 << AttemptEnd.NotExecuted) | (1 << AttemptEnd.Refused),
  [RetryOn.Refused]: 1 << AttemptEnd.Refused,
};

/** The facts of a call whose attempt ended; `nextUs` is when a retry would begin. */
export function callFacts(
  policies: PolicyTable,
  policy: number,
  state: number,
  end: number,
  budget: number,
  nextUs: number,
  giveUpUs: number,
): number {
  let facts = 0;
  if (attemptsOf(state) < policies.attemptsMax[policy]) facts |= CallFact.AttemptsLeft;
  if ((RETRIED_ENDS[policies.retryOn[policy]] >> end) & 1) facts |= CallFact.IsRetried;
  if (budget >= RETRY_COST) facts |= CallFact.BudgetLeft;
  if (nextUs < giveUpUs) facts |= CallFact.TimeLeft;
  return facts;
}

/** When an attempt that begins now is no longer listened to; Infinity: never. */
export function hearUntilUs(
  policies: PolicyTable,
  policy: number,
  startUs: number,
  giveUpUs: number,
): number {
  return Math.min(startUs + policies.timeoutUs[policy], giveUpUs);
}

/**
 * The pause before the next attempt, whole microseconds, by the draw `u` in (0, 1). `attempts` have
 * been begun, so the first retry asks with 1. The jitters are those of Brooker, "Exponential
 * backoff and jitter" (AWS architecture blog, 2015): with b = min(cap, first x factor^(n - 1))
 *
 *    none           b
 *    full           between 0 and b
 *    equal          between b / 2 and b
 *    decorrelated   min(cap, between the first pause and 3 x the last pause)
 */
export function backOffUs(
  policies: PolicyTable,
  policy: number,
  attempts: number,
  lastUs: number,
  u: number,
): number {
  const first = policies.backOffUs[policy];
  const cap = policies.backOffCapUs[policy];
  const whole = Math.min(cap, first * policies.backOffFactor[policy] ** (attempts - 1));
  switch (policies.jitter[policy]) {
    case Jitter.Full:
      return Math.round(u * whole);
    case Jitter.Equal:
      return Math.round((whole * (1 + u)) / 2);
    case Jitter.Decorrelated: {
      const longest = 3 * Math.max(first, lastUs);
      return Math.round(Math.min(cap, first + u * (longest - first)));
    }
    default:
      return Math.round(whole);
  }
}

/** A budget counts in thousandths of a retry, in whole numbers: no call's share is rounded away. */
export const RETRY_COST = 1000;

/** A source's budget after one more of its calls has begun. */
export function earnBudget(policies: PolicyTable, policy: number, budget: number): number {
  return Math.min(policies.budgetMax[policy], budget + policies.budgetPerCall[policy]);
}

/** A source's budget after a retry; it is asked only when there is one left. */
export function spendBudget(budget: number): number {
  return budget - RETRY_COST;
}

function endsOfFaults(): Uint8Array {
  const ends = new Uint8Array(256).fill(AttemptEnd.Unsure);
  ends[0] = AttemptEnd.Answered;
  for (const { fault, definite } of FAULTS) {
    if (!definite) continue;
    const isOwn = prefixOf(fault) === Prefix.ClientProxy;
    const refuses = isOwn && REFUSING_CAUSES.includes(causeOf(fault));
    ends[fault] = refuses ? AttemptEnd.Refused : AttemptEnd.NotExecuted;
  }
  return ends;
}
