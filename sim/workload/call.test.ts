import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { draw } from '../base/random.ts';
import { Jitter, RetryOn } from '../plan/plan.ts';
import type { PolicyTable } from '../plan/plan.ts';
import { Cause, faultOf, FAULTS, Prefix } from '../protocol/fault.ts';
import { matchesGolden } from '../testing/golden.ts';
import {
  advanceCall,
  ALL_CALL_FACTS,
  AttemptEnd,
  attemptEndOf,
  attemptsOf,
  backOffUs,
  CallAction,
  callActionOf,
  CallFact,
  callFacts,
  CallInput,
  CallStage,
  callStageOf,
  callStateOf,
  earnBudget,
  hearUntilUs,
  NEW_CALL,
  RETRY_COST,
  spendBudget,
} from './call.ts';

interface Policy {
  timeoutUs: number;
  patienceUs: number;
  attemptsMax: number;
  backOffUs: number;
  backOffFactor: number;
  backOffCapUs: number;
  jitter: number;
  retryOn: number;
  budgetPerCall: number;
  budgetMax: number;
}

const PATIENT: Policy = {
  timeoutUs: Infinity,
  patienceUs: Infinity,
  attemptsMax: 1,
  backOffUs: 0,
  backOffFactor: 1,
  backOffCapUs: Infinity,
  jitter: Jitter.None,
  retryOn: RetryOn.All,
  budgetPerCall: Infinity,
  budgetMax: Infinity,
};

function tableOf(change: Partial<Policy>): PolicyTable {
  const policy = { ...PATIENT, ...change };
  return {
    timeoutUs: Float64Array.of(policy.timeoutUs),
    patienceUs: Float64Array.of(policy.patienceUs),
    attemptsMax: Int32Array.of(policy.attemptsMax),
    backOffUs: Float64Array.of(policy.backOffUs),
    backOffFactor: Float64Array.of(policy.backOffFactor),
    backOffCapUs: Float64Array.of(policy.backOffCapUs),
    jitter: Uint8Array.of(policy.jitter),
    retryOn: Uint8Array.of(policy.retryOn),
    budgetPerCall: Float64Array.of(policy.budgetPerCall),
    budgetMax: Float64Array.of(policy.budgetMax),
  };
}

const nameOf = (names: Readonly<Record<string, number>>, value: number): string =>
  Object.keys(names).find((name) => names[name] === value) ?? `? ${value}`;

const bitsOf = (names: Readonly<Record<string, number>>, value: number): string =>
  Object.keys(names)
    .filter((name) => (value & names[name]) !== 0)
    .join(' ');

/** The whole machine after one attempt; a stage is left out where no input changes it. */
function machineText(): string {
  const lines: string[] = [];
  for (const [stageName, stage] of Object.entries(CallStage)) {
    for (const [inputName, input] of Object.entries(CallInput)) {
      const rows = new Map<string, string[]>();
      for (let facts = 0; facts <= ALL_CALL_FACTS; facts++) {
        const before = stage | (1 << 4);
        const transition = advanceCall(before, input, facts);
        const after = callStateOf(transition);
        if (after === before && callActionOf(transition) === 0) continue;
        const more = attemptsOf(after) > attemptsOf(before) ? ', one attempt more' : '';
        const actions = bitsOf(CallAction, callActionOf(transition));
        const row = `${nameOf(CallStage, callStageOf(after))}${more}: ${actions}`;
        rows.set(row, [...(rows.get(row) ?? []), `{${bitsOf(CallFact, facts)}}`]);
      }
      for (const [row, facts] of rows) {
        const when = facts.length === ALL_CALL_FACTS + 1 ? 'whatever the facts' : facts.join(' ');
        lines.push(`${stageName} + ${inputName} -> ${row}`, `    ${when}`);
      }
    }
  }
  return `${lines.join('\n')}\n`;
}

test('the machine, whole', () => {
  matchesGolden(new URL('call.golden.txt', import.meta.url), machineText());
});

test('it is total, and what is over stays over', () => {
  const ends: readonly number[] = [CallStage.Answered, CallStage.Faulted, CallStage.GivenUp];
  for (let stage = 0; stage < 16; stage++) {
    for (let input = 0; input < 8; input++) {
      for (let facts = 0; facts <= ALL_CALL_FACTS; facts++) {
        const transition = advanceCall(stage | (3 << 4), input, facts);
        expect(callStageOf(transition)).toBeLessThan(16);
        const isUnchanged = transition === (stage | (3 << 4));
        expect(isUnchanged || !ends.includes(stage)).toBe(true);
      }
    }
  }
});

describe('after which ends a policy tries again', () => {
  const refused = faultOf(Prefix.ClientProxy, Cause.NetworkError);
  const denied = faultOf(Prefix.ServerProxy, Cause.AccessDenied);
  const broken = faultOf(Prefix.ClientProxy, Cause.IoError);
  const retries = (retryOn: number, end: number): boolean => {
    const policies = tableOf({ attemptsMax: 2, retryOn });
    return (callFacts(policies, 0, 1 << 4, end, 1e9, 0, 1) & CallFact.IsRetried) !== 0;
  };

  test.each([
    ['all', RetryOn.All, [true, true, true, true]],
    ['not-executed', RetryOn.NotExecuted, [true, true, false, false]],
    ['refused', RetryOn.Refused, [true, false, false, false]],
  ])('%s: refused, denied, broken, timed out', (_name, retryOn, expected) => {
    const ends = [...[refused, denied, broken].map(attemptEndOf), AttemptEnd.TimedOut];
    expect(ends.map((end) => retries(retryOn, end))).toEqual(expected);
  });

  test('what is not definite is never sure, and what is refused is definite', () => {
    for (const { fault, definite } of FAULTS) {
      expect(attemptEndOf(fault) !== AttemptEnd.Unsure).toBe(definite);
    }
    expect(attemptEndOf(0)).toBe(AttemptEnd.Answered);
    expect(attemptEndOf(255)).toBe(AttemptEnd.Unsure);
  });
});

describe('the pause before a retry', () => {
  const S = 1e6;
  const exponential = { backOffUs: S, backOffFactor: 2, backOffCapUs: 10 * S };

  test.each([
    // 1, 2, 4, 8 s, and then the cap.
    ['none', Jitter.None, 0.5, [1, 2, 4, 8, 10, 10]],
    // Half of each.
    ['full', Jitter.Full, 0.5, [0.5, 1, 2, 4, 5, 5]],
    // Three quarters of each.
    ['equal', Jitter.Equal, 0.5, [0.75, 1.5, 3, 6, 7.5, 7.5]],
    // 1 + (3 - 1) / 2 = 2; 1 + (6 - 1) / 2 = 3.5; 1 + (10.5 - 1) / 2 = 5.75; 9.125; cap.
    ['decorrelated', Jitter.Decorrelated, 0.5, [2, 3.5, 5.75, 9.125, 10, 10]],
  ])('%s, by hand', (_name, jitter, u, seconds) => {
    const policies = tableOf({ ...exponential, jitter });
    let last = 0;
    const pauses = seconds.map((_, index) => (last = backOffUs(policies, 0, index + 1, last, u)));
    expect(pauses).toEqual(seconds.map((second) => second * S));
  });

  test('a fixed pause stays', () => {
    const policies = tableOf({ backOffUs: 3 * S });
    expect([1, 2, 50].map((attempts) => backOffUs(policies, 0, attempts, 0, 0.3))).toEqual([
      3 * S,
      3 * S,
      3 * S,
    ]);
  });

  test('it keeps within its bounds, and is a whole number', () => {
    const policy = fc.record({
      backOffUs: fc.integer({ min: 0, max: 1e9 }),
      backOffFactor: fc.double({ min: 1, max: 10, noNaN: true }),
      cap: fc.integer({ min: 0, max: 1e9 }),
      jitter: fc.constantFrom(...Object.values(Jitter)),
    });
    const u = fc.double({ min: 1e-9, max: 1 - 1e-9, noNaN: true });
    fc.assert(
      fc.property(policy, fc.array(u, { minLength: 1, maxLength: 40 }), (given, us) => {
        const cap = given.backOffUs + given.cap;
        const policies = tableOf({ ...given, backOffCapUs: cap });
        let last = 0;
        for (const [index, one] of us.entries()) {
          const whole = Math.min(cap, given.backOffUs * given.backOffFactor ** index);
          const pause = backOffUs(policies, 0, index + 1, last, one);
          expect(Number.isInteger(pause)).toBe(true);
          const [low, high] = {
            [Jitter.None]: [whole, whole],
            [Jitter.Full]: [0, whole],
            [Jitter.Equal]: [whole / 2, whole],
            [Jitter.Decorrelated]: [
              given.backOffUs,
              Math.min(cap, 3 * Math.max(given.backOffUs, last)),
            ],
          }[given.jitter];
          expect(pause).toBeGreaterThanOrEqual(Math.round(low));
          expect(pause).toBeLessThanOrEqual(Math.round(high));
          last = pause;
        }
      }),
    );
  });
});

interface Told {
  readonly beganUs: readonly number[];
  readonly endUs: number;
  readonly stage: number;
  readonly retries: number;
  readonly budget: number;
}

/** A driver of its own: the world ends attempt n after `lasts[n]`, with `ends[n]`. */
function drive(
  policies: PolicyTable,
  world: readonly { readonly lastsUs: number; readonly fault: number }[],
  seed: number,
  startBudget: number,
): Told {
  const beganUs: number[] = [];
  const giveUpUs = policies.patienceUs[0];
  let budget = earnBudget(policies, 0, startBudget);
  let [nowUs, lastUs, retries] = [0, 0, 0];
  let transition = advanceCall(NEW_CALL, CallInput.Due, 0);
  for (;;) {
    const state = callStateOf(transition);
    const action = callActionOf(transition);
    if ((action & CallAction.Settle) !== 0) {
      return { beganUs, endUs: nowUs, stage: callStageOf(state), retries, budget };
    }
    if ((action & CallAction.Spend) !== 0) {
      budget = spendBudget(budget);
      retries++;
    }
    if ((action & CallAction.BackOff) !== 0) {
      nowUs += lastUs;
      transition = advanceCall(state, CallInput.BackOffOver, 0);
      continue;
    }
    expect(action).toBe(CallAction.Attempt);
    const { lastsUs, fault } = world[beganUs.length % world.length];
    beganUs.push(nowUs);
    const untilUs = hearUntilUs(policies, 0, nowUs, giveUpUs);
    const isHeard = nowUs + lastsUs <= untilUs;
    nowUs = isHeard ? nowUs + lastsUs : untilUs;
    const end = isHeard ? attemptEndOf(fault) : AttemptEnd.TimedOut;
    const attempts = attemptsOf(state);
    const pauseUs = backOffUs(policies, 0, attempts, lastUs, draw(seed, 7, 0, attempts, 1));
    const facts = callFacts(policies, 0, state, end, budget, nowUs + pauseUs, giveUpUs);
    lastUs = pauseUs;
    const heard = fault === 0 ? CallInput.Answer : CallInput.Fault;
    transition = advanceCall(state, isHeard ? heard : CallInput.TimeOut, facts);
  }
}

describe('a caller in any world', () => {
  const policy = fc.record({
    timeoutUs: fc.oneof(fc.integer({ min: 1, max: 1e8 }), fc.constant(Infinity)),
    patienceUs: fc.oneof(fc.integer({ min: 1, max: 1e9 }), fc.constant(Infinity)),
    attemptsMax: fc.integer({ min: 1, max: 30 }),
    backOffUs: fc.integer({ min: 0, max: 1e7 }),
    backOffFactor: fc.constantFrom(1, 1.5, 2),
    backOffCapUs: fc.integer({ min: 1e7, max: 1e8 }),
    jitter: fc.constantFrom(...Object.values(Jitter)),
    retryOn: fc.constantFrom(...Object.values(RetryOn)),
    budgetPerCall: fc.integer({ min: 0, max: 2000 }),
    budgetMax: fc.integer({ min: 0, max: 20_000 }),
  });
  const faults = [0, ...FAULTS.map(({ fault }) => fault)];
  const world = fc.array(
    fc.record({
      lastsUs: fc.integer({ min: 0, max: 2e8 }),
      fault: fc.constantFrom(...faults),
    }),
    { minLength: 1, maxLength: 6 },
  );

  test('attempts, patience and budget keep their bounds; it always ends', () => {
    fc.assert(
      fc.property(policy, world, fc.integer(), (given, attempts, seed) => {
        const policies = tableOf(given);
        const told = drive(policies, attempts, seed, given.budgetMax);
        expect(told.beganUs.length).toBeLessThanOrEqual(given.attemptsMax);
        expect(told.retries).toBe(told.beganUs.length - 1);
        expect(told.endUs).toBeLessThanOrEqual(given.patienceUs);
        for (const beganUs of told.beganUs.slice(1)) {
          expect(beganUs).toBeLessThan(given.patienceUs);
        }
        expect(told.budget).toBeGreaterThanOrEqual(0);
        expect(told.retries * RETRY_COST).toBeLessThanOrEqual(given.budgetMax);
        expect([CallStage.Answered, CallStage.Faulted, CallStage.GivenUp]).toContain(told.stage);
      }),
      { numRuns: 500 },
    );
  });

  test('a budget lets through its share of retries, and no more', () => {
    // Everything fails: of 1000 calls with 10 % and a burst of 10, 10 + 100 may be retried.
    const policies = tableOf({ attemptsMax: 5, budgetPerCall: 100, budgetMax: 10_000 });
    const failing = [{ lastsUs: 1, fault: faultOf(Prefix.ClientProxy, Cause.IoError) }];
    let [budget, retries] = [10_000, 0];
    for (let call = 0; call < 1000; call++) {
      const told = drive(policies, failing, call, budget);
      budget = told.budget;
      retries += told.retries;
    }
    expect(retries).toBeGreaterThanOrEqual(109);
    expect(retries).toBeLessThanOrEqual(110);
  });

  test('who is out of patience has given up; who is out of tries has a fault', () => {
    const broken = [{ lastsUs: 10, fault: faultOf(Prefix.ClientProxy, Cause.IoError) }];
    const out = tableOf({ attemptsMax: 3, backOffUs: 5 });
    expect(drive(out, broken, 1, Infinity)).toMatchObject({
      beganUs: [0, 15, 30],
      endUs: 40,
      stage: CallStage.Faulted,
    });
    const impatient = tableOf({ attemptsMax: 3, backOffUs: 5, patienceUs: 30 });
    expect(drive(impatient, broken, 1, Infinity)).toMatchObject({
      beganUs: [0, 15],
      endUs: 25,
      stage: CallStage.GivenUp,
    });
    const hasty = tableOf({ timeoutUs: 4 });
    expect(drive(hasty, broken, 1, Infinity)).toMatchObject({
      beganUs: [0],
      endUs: 4,
      stage: CallStage.GivenUp,
    });
  });
});
