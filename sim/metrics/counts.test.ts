import { expect, test } from 'vitest';
import { fakeCallers } from '../testing/fake-trust.ts';
import { evenCalls, fakeOutcome, planOfText, TWO_COUNTRIES } from '../testing/fake-outcome.ts';
import { attemptsOf, callerCountsOf, callsOf, exchangesOf, journeysOf } from './counts.ts';
import { totalsOf } from './totals.ts';

const plan = planOfText(TWO_COUNTRIES);

// A hundred calls of Estonians: 80 without a policy, of which 10 stay open; 20 with one, of which
// 13 are answered at once and 7 are given up after two attempts, whose exchanges end well, unheard.
const calls = evenCalls(plan, 0, { kind: 'answered', latencyUs: 10 }).slice(0, 83);
const open = evenCalls(plan, 0, { kind: 'open' }).slice(0, 17);
const totals = {
  ...totalsOf(fakeOutcome(plan, 0, [...calls, ...open])),
  callers: fakeCallers(plan, 1, 20, 7),
};
const [all, estonia, finland] = totals.scopes;

test('calls, attempts and exchanges of both kinds of callers add up', () => {
  for (const [scope, ends] of [all, estonia].entries()) {
    const callers = callerCountsOf(totals, scope);
    expect(callsOf(ends, callers)).toEqual({
      due: 100,
      answered: 83,
      faulted: 0,
      gaveUp: 7,
      notStarted: 0,
      openAtEnd: 10,
    });
    expect(attemptsOf(ends, callers)).toEqual({
      started: 80 + 13 + 14,
      answered: 83,
      faulted: 0,
      abandonedByClient: 14,
      openAtEnd: 10,
    });
    expect(exchangesOf(ends, callers)).toEqual({
      offered: 80 + 13 + 14,
      completed: 70 + 13 + 14,
      succeeded: 70 + 13 + 14,
      faulted: 0,
      inFlightAtEnd: 10,
    });
  }
  const nobody = callerCountsOf(totals, 2);
  expect(attemptsOf(finland, nobody)).toEqual(attemptsOf(finland));
});

const NONE = { started: 0, completed: 0, failed: 0, gaveUp: 0, openAtEnd: 0 };

test('journeys are counted as they are', () => {
  const counts = { started: 20, completed: 13, failed: 7, gaveUp: 0, openAtEnd: 0 };
  expect(journeysOf(totals, 0)).toEqual(counts);
  expect(journeysOf(totals, 2)).toEqual(NONE);
  expect(journeysOf({ callers: null }, 0)).toEqual(journeysOf(totals, 2));
});

test('without callers a call is an attempt and an exchange', () => {
  const started = 100;
  expect(callerCountsOf({ callers: null }, 0)).toBeNull();
  expect(attemptsOf(all)).toMatchObject({ started, answered: 83, openAtEnd: 17 });
  expect(exchangesOf(all)).toMatchObject({ offered: started, completed: 83, inFlightAtEnd: 17 });
});
