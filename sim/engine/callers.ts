/**
 * Callers and journeys in virtual time. It drives workload/call.ts over the call table: it begins
 * attempts, hears their ends, sets the timers of patience and of pauses, and moves journeys on.
 * Every rule about trying again is in workload/call.ts, and about steps in workload/journey.ts.
 *
 * Only sources with a policy of their own, or with journeys, are driven (`drives`); all others are
 * one exchange a call, and nothing here is asked about them.
 *
 * An attempt is an exchange whose column `call` names the call. When its caller stops listening,
 * that becomes ABANDONED: the exchange goes on as before, holds what it holds, and is only counted
 * when it ends.
 */
import { draw, Purpose } from '../base/random.ts';
import { CallerCounts } from '../metrics/caller-counts.ts';
import type { CallerOutcome } from '../metrics/caller-outcome.ts';
import {
  advanceCall,
  attemptEndOf,
  attemptsOf,
  AttemptEnd,
  backOffUs,
  CallAction,
  callActionOf,
  CallerPurpose,
  callFacts,
  CallInput,
  CallStage,
  callStageOf,
  callStateOf,
  earnBudget,
  hearUntilUs,
  NEW_CALL,
  spendBudget,
} from '../workload/call.ts';
import { callOrdinal, rowByShare, StepEnd, stepEndOf } from '../workload/journey.ts';
import { CallTable, JourneySlots } from '../world/call-table.ts';
import { EventKind } from './event-kind.ts';
import type { RunState } from './state.ts';

/** In an exchange's column `call`: it is no attempt of a caller, or no longer one. */
export const NO_CALL = -1;
export const ABANDONED = -2;

/** An exchange that is asked for. */
export interface AttemptSpec {
  source: number;
  ordinal: number;
  /** 0 for the first: the fourth argument of `draw` for all that is drawn for this exchange. */
  attempt: number;
  flow: number;
  /** Of the call, whatever the attempt. */
  intendedUs: number;
  /** Slot of the call, for the exchange's column `call`. */
  call: number;
}

/** What callers ask of the rest of the engine. */
export interface CallerPort {
  /** Fills an exchange in, without counting it as due and without beginning it; -1: no room. */
  create(spec: Readonly<AttemptSpec>): number;
  /** The exchange comes to its consumer's server; it may end before this returns. */
  arrive(slot: number): void;
  /** What a source began has ended: a user thinks, and begins again. */
  ended(source: number, endUs: number): void;
  /** The fault in the spelling of the server that raised it, as the recorder counts it. */
  faultKey(slot: number, fault: number): number;
}

export class Callers {
  /** By source: 1 where `begin` is to be called in place of making an exchange. */
  readonly drives: Uint8Array;
  /** A table was full: the run is not valid. */
  isFull = false;
  readonly #state: RunState;
  readonly #port: CallerPort;
  readonly #calls: CallTable;
  readonly #journeys: JourneySlots;
  readonly #counts: CallerCounts;
  /** By source, in thousandths of a retry. */
  readonly #budget: Float64Array;
  readonly #spec: AttemptSpec = {
    source: 0,
    ordinal: 0,
    attempt: 0,
    flow: 0,
    intendedUs: 0,
    call: NO_CALL,
  };
  /** Before the retry that is being decided: drawn for the facts, used if there is one. */
  #pauseUs = 0;
  #callCount = 0;
  #journeyCount = 0;

  constructor(state: RunState, port: CallerPort) {
    const { sources, policies, journeys, limits } = state.plan;
    this.#state = state;
    this.#port = port;
    this.drives = new Uint8Array(sources.id.length);
    for (let source = 0; source < this.drives.length; source++) {
      const isDriven = sources.policy[source] !== 0 || sources.journey[source] !== -1;
      this.drives[source] = isDriven ? 1 : 0;
    }
    const isUsed = this.drives.includes(1);
    this.#calls = new CallTable(isUsed ? limits.exchangesMax : 0);
    const hasJourneys = journeys.id.length > 0;
    this.#journeys = new JourneySlots(isUsed && hasJourneys ? limits.exchangesMax : 0);
    this.#counts = new CallerCounts(state.plan);
    // A source begins with all that its budget may hold, as a client that has been at it for long.
    this.#budget = Float64Array.from(sources.policy, (policy) => policies.budgetMax[policy]);
  }

  /** A driven source's next call or journey is due now; `ordinal` is its number there. */
  begin(source: number, ordinal: number): void {
    const { plan, nowUs } = this.#state;
    const journey = plan.sources.journey[source];
    if (journey !== -1) {
      this.#beginJourney(journey, source, ordinal);
      return;
    }
    const { sources, policies } = plan;
    const [from, count] = [sources.flowFrom[source], sources.flowCount[source]];
    const flow = this.#pickFlow(from, count, source, ordinal);
    const policy = sources.policy[source];
    const call = this.#create(source, ordinal, flow, policy);
    if (call === -1) return;
    this.#calls.giveUpUs[call] = nowUs + policies.patienceUs[policy];
    this.#feed(call, CallInput.Due, 0, -1, 0, nowUs);
  }

  /**
   * An exchange whose column `call` is not NO_CALL has ended; its answer is with the client at
   * `endUs`, now or a moment later. Its slot must still be readable.
   */
  answered(slot: number, fault: number, endUs: number): void {
    const { table } = this.#state;
    const counts = this.#counts;
    const calls = this.#calls;
    const flow = table.flow[slot];
    const isGood = fault === 0;
    const ends = isGood ? counts.exchangesSucceeded : counts.exchangesFaulted;
    counts.add(ends, flow, table.intendedUs[slot]);
    const call = table.call[slot];
    if (call < 0) return;
    if (endUs > calls.hearUntilUs[call]) {
      // It is on its way when the caller stops listening: the timer ends the attempt.
      calls.exchange[call] = -1;
      return;
    }
    const heard = isGood ? counts.attemptsAnswered : counts.attemptsFaulted;
    counts.add(heard, flow, calls.intendedUs[call]);
    const input = isGood ? CallInput.Answer : CallInput.Fault;
    this.#end(call, input, attemptEndOf(fault), slot, fault, endUs);
  }

  /** An event between CallerFirst and CallerLast is due. */
  dispatch(kind: number, a: number, b: number): void {
    const { nowUs } = this.#state;
    if (kind === EventKind.JourneyStep) {
      this.#beginStep(a);
      return;
    }
    if (this.#calls.sequence[a] !== b) return;
    if (kind === EventKind.CallRetry) this.#feed(a, CallInput.BackOffOver, 0, -1, 0, nowUs);
    else this.#end(a, CallInput.TimeOut, AttemptEnd.TimedOut, -1, 0, nowUs);
  }

  /** What is alive: after a long time without load it must be nothing. */
  inUse(): { readonly calls: number; readonly journeys: number } {
    return { calls: this.#calls.usedCount, journeys: this.#journeys.usedCount };
  }

  /** Null when no source of the plan is driven. */
  outcome(): CallerOutcome | null {
    return this.drives.includes(1) ? this.#counts.outcome() : null;
  }

  /** A call that is due now; -1: no room, and the books say so. */
  #create(source: number, ordinal: number, flow: number, policy: number): number {
    const { nowUs, recorder } = this.#state;
    const calls = this.#calls;
    const call = calls.take();
    this.#counts.add(this.#counts.callsDue, flow, nowUs);
    if (call === -1) {
      this.isFull = true;
      recorder.due(flow, nowUs, false);
      this.#counts.add(this.#counts.callsNotStarted, flow, nowUs);
      return -1;
    }
    calls.state[call] = NEW_CALL;
    calls.id[call] = this.#callCount++;
    calls.source[call] = source;
    calls.ordinal[call] = ordinal;
    calls.flow[call] = flow;
    calls.policy[call] = policy;
    calls.intendedUs[call] = nowUs;
    const { policies } = this.#state.plan;
    this.#budget[source] = earnBudget(policies, policy, this.#budget[source]);
    return call;
  }

  /** The attempt of a call has ended: whether there will be another is the machine's to say. */
  #end(call: number, input: number, end: number, slot: number, fault: number, endUs: number): void {
    const calls = this.#calls;
    const { policies } = this.#state.plan;
    const policy = calls.policy[call];
    const state = calls.state[call];
    let facts = 0;
    if (end !== AttemptEnd.Answered && policies.attemptsMax[policy] > 1) {
      const source = calls.source[call];
      const attempts = attemptsOf(state);
      const u = this.#draw(source, calls.ordinal[call], attempts, CallerPurpose.BackOff);
      const pauseUs = backOffUs(policies, policy, attempts, calls.lastBackOffUs[call], u);
      const nextUs = endUs + pauseUs;
      const giveUpUs = calls.giveUpUs[call];
      facts = callFacts(policies, policy, state, end, this.#budget[source], nextUs, giveUpUs);
      this.#pauseUs = pauseUs;
    }
    this.#feed(call, input, facts, slot, fault, endUs);
  }

  #feed(
    call: number,
    input: number,
    facts: number,
    slot: number,
    fault: number,
    timeUs: number,
  ): void {
    const calls = this.#calls;
    const transition = advanceCall(calls.state[call], input, facts);
    const action = callActionOf(transition);
    calls.state[call] = callStateOf(transition);
    calls.sequence[call]++;
    if ((action & CallAction.Abandon) !== 0) this.#abandon(call, timeUs);
    else if (slot !== -1) calls.exchange[call] = -1;
    if ((action & CallAction.Spend) !== 0) {
      const source = calls.source[call];
      this.#budget[source] = spendBudget(this.#budget[source]);
    }
    if ((action & CallAction.BackOff) !== 0) {
      calls.lastBackOffUs[call] = this.#pauseUs;
      this.#schedule(timeUs + this.#pauseUs, EventKind.CallRetry, call);
    }
    if ((action & CallAction.Attempt) !== 0) this.#attempt(call);
    if ((action & CallAction.Settle) !== 0) this.#settle(call, slot, fault, timeUs);
  }

  /** Nobody listens any more to the exchange under way. */
  #abandon(call: number, timeUs: number): void {
    const calls = this.#calls;
    const flow = calls.flow[call];
    const slot = calls.exchange[call];
    if (slot !== -1) this.#state.table.call[slot] = ABANDONED;
    calls.exchange[call] = -1;
    this.#counts.add(this.#counts.attemptsAbandoned, flow, calls.intendedUs[call]);
    this.#counts.mark(this.#counts.seriesAbandoned, flow, timeUs);
  }

  #attempt(call: number): void {
    const { nowUs, plan, recorder } = this.#state;
    const calls = this.#calls;
    const counts = this.#counts;
    const flow = calls.flow[call];
    const intendedUs = calls.intendedUs[call];
    const attempt = attemptsOf(calls.state[call]) - 1;
    const slot = this.#port.create(this.#specOf(call, attempt));
    if (attempt === 0) recorder.due(flow, intendedUs, slot !== -1);
    if (slot === -1) {
      this.#notStarted(call, attempt === 0);
      return;
    }
    counts.add(counts.attemptsStarted, flow, intendedUs);
    counts.add(counts.exchangesOffered, flow, intendedUs);
    if (attempt > 0) counts.mark(counts.seriesRetries, flow, nowUs);
    calls.exchange[call] = slot;
    const giveUpUs = calls.giveUpUs[call];
    const untilUs = hearUntilUs(plan.policies, calls.policy[call], nowUs, giveUpUs);
    calls.hearUntilUs[call] = untilUs;
    if (untilUs < Infinity) this.#schedule(untilUs, EventKind.CallTimedOut, call);
    this.#port.arrive(slot);
  }

  #specOf(call: number, attempt: number): AttemptSpec {
    const calls = this.#calls;
    const spec = this.#spec;
    spec.source = calls.source[call];
    spec.ordinal = calls.ordinal[call];
    spec.attempt = attempt;
    spec.flow = calls.flow[call];
    spec.intendedUs = calls.intendedUs[call];
    spec.call = call;
    return spec;
  }

  /** No room for the exchange: the run is not valid, but its books balance. */
  #notStarted(call: number, isFirst: boolean): void {
    const { nowUs } = this.#state;
    const calls = this.#calls;
    this.isFull = true;
    const flow = calls.flow[call];
    const intendedUs = calls.intendedUs[call];
    if (isFirst) this.#counts.add(this.#counts.callsNotStarted, flow, intendedUs);
    else this.#counts.gaveUp(flow, intendedUs, nowUs);
    this.#leave(call, false, nowUs);
  }

  #settle(call: number, slot: number, fault: number, endUs: number): void {
    const { recorder, table, hash } = this.#state;
    const calls = this.#calls;
    const counts = this.#counts;
    const flow = calls.flow[call];
    const intendedUs = calls.intendedUs[call];
    const stage = callStageOf(calls.state[call]);
    hash.results.addInt(calls.state[call]);
    hash.results.addWhole(endUs);
    if (stage === CallStage.Answered) {
      recorder.answered(flow, table.clientServer[slot], intendedUs, endUs);
      counts.add(counts.callsAnswered, flow, intendedUs);
    } else if (stage === CallStage.Faulted) {
      recorder.faulted(flow, this.#port.faultKey(slot, fault), intendedUs, endUs);
      counts.add(counts.callsFaulted, flow, intendedUs);
    } else {
      counts.gaveUp(flow, intendedUs, endUs);
    }
    this.#leave(call, stage === CallStage.Answered, endUs);
  }

  /** The call is over and counted: its slot is free, and whoever waited for it goes on. */
  #leave(call: number, isAnswered: boolean, endUs: number): void {
    const calls = this.#calls;
    const journey = calls.journey[call];
    const row = calls.journeyCall[call];
    const source = calls.source[call];
    calls.give(call);
    if (journey === -1) this.#port.ended(source, endUs);
    else this.#callEnded(journey, row, isAnswered, endUs);
  }

  #beginJourney(row: number, source: number, ordinal: number): void {
    const { plan, nowUs } = this.#state;
    const journeys = this.#journeys;
    const journey = journeys.take();
    if (journey === -1) {
      this.isFull = true;
      return;
    }
    journeys.id[journey] = this.#journeyCount++;
    journeys.row[journey] = row;
    journeys.source[journey] = source;
    journeys.ordinal[journey] = ordinal;
    journeys.intendedUs[journey] = nowUs;
    journeys.giveUpUs[journey] = nowUs + plan.journeys.patienceUs[row];
    const scope = 1 + plan.journeys.instance[row];
    this.#counts.addInScope(this.#counts.journeysStarted, scope, nowUs);
    this.#enterStep(journey, plan.journeys.stepFrom[row], nowUs);
  }

  /** The pause before a step begins; by an event of its own, also where there is none. */
  #enterStep(journey: number, step: number, fromUs: number): void {
    const { plan, events } = this.#state;
    const journeys = this.#journeys;
    journeys.enterStep(journey, step);
    const atUs = Math.min(fromUs + this.#thinkUs(journey, step), journeys.giveUpUs[journey]);
    if (atUs >= plan.durationUs) return;
    events.schedule(atUs, EventKind.JourneyStep, journeys.id[journey], journey, 0);
  }

  #thinkUs(journey: number, step: number): number {
    const { plan } = this.#state;
    const row = plan.journeySteps.thinkTime[step];
    if (row === -1) return 0;
    const ordinal = this.#ordinalOf(journey, plan.journeySteps.callFrom[step]);
    const u = this.#draw(this.#journeys.source[journey], ordinal, 0, CallerPurpose.StepThink);
    return Math.round(this.#state.sampleAt(row, u));
  }

  #beginStep(journey: number): void {
    const { plan, nowUs } = this.#state;
    const journeys = this.#journeys;
    if (nowUs >= journeys.giveUpUs[journey]) {
      this.#endJourney(journey, false, nowUs);
      journeys.giveIfDone(journey);
      return;
    }
    const step = journeys.step[journey];
    const { callFrom, callCount } = plan.journeySteps;
    const begun: number[] = [];
    // All of them are counted before the first is sent, for it may end at once.
    for (let row = callFrom[step]; row < callFrom[step] + callCount[step]; row++) {
      const call = this.#createOfJourney(journey, row);
      if (call !== -1) begun.push(call);
    }
    for (const call of begun) this.#feed(call, CallInput.Due, 0, -1, 0, nowUs);
    // A step of which chance made no call is over as it begins.
    if (begun.length > 0) return;
    this.#judgeStep(journey, nowUs);
    journeys.giveIfDone(journey);
  }

  /** The slot of a call of the present step; -1: this journey does not make it, or no room. */
  #createOfJourney(journey: number, row: number): number {
    const { plan, nowUs } = this.#state;
    const { journeyCalls, policies } = plan;
    const journeys = this.#journeys;
    const source = journeys.source[journey];
    const ordinal = this.#ordinalOf(journey, row);
    const share = journeyCalls.share[row];
    const isMade = share >= 1 || this.#draw(source, ordinal, 0, CallerPurpose.JourneyCall) < share;
    if (!isMade) return -1;
    const isRequired = journeyCalls.isRequired[row] === 1;
    if (isRequired) journeys.required[journey]++;
    const [from, count] = [journeyCalls.flowFrom[row], journeyCalls.flowCount[row]];
    const flow = this.#pickFlow(from, count, source, ordinal);
    const policy = journeyCalls.policy[row];
    const call = this.#create(source, ordinal, flow, policy);
    if (call === -1) {
      if (isRequired) journeys.failed[journey]++;
      return -1;
    }
    const calls = this.#calls;
    const patienceEndUs = nowUs + policies.patienceUs[policy];
    calls.giveUpUs[call] = Math.min(patienceEndUs, journeys.giveUpUs[journey]);
    calls.journey[call] = journey;
    calls.journeyCall[call] = row;
    journeys.openInStep[journey]++;
    return call;
  }

  #callEnded(journey: number, row: number, isAnswered: boolean, endUs: number): void {
    const { journeySteps, journeyCalls } = this.#state.plan;
    const journeys = this.#journeys;
    const step = journeys.step[journey];
    const inStep = row - journeySteps.callFrom[step];
    const isPresent = inStep >= 0 && inStep < journeySteps.callCount[step];
    if (!isPresent) {
      // A step that did not wait for it has ended long ago.
      journeys.openBefore[journey]--;
    } else {
      journeys.openInStep[journey]--;
      if (journeyCalls.isRequired[row] === 1) {
        if (isAnswered) journeys.answered[journey]++;
        else journeys.failed[journey]++;
      }
      journeys.stepEndUs[journey] = Math.max(journeys.stepEndUs[journey], endUs);
      if (journeys.isOver[journey] === 0) this.#judgeStep(journey, journeys.stepEndUs[journey]);
    }
    journeys.giveIfDone(journey);
  }

  #judgeStep(journey: number, endUs: number): void {
    const { plan } = this.#state;
    const journeys = this.#journeys;
    const step = journeys.step[journey];
    const end = stepEndOf(
      plan.journeySteps.needed[step],
      plan.journeySteps.waitsForAll[step] === 1,
      journeys.required[journey],
      journeys.answered[journey],
      journeys.failed[journey],
      journeys.openInStep[journey],
    );
    if (end === StepEnd.Open) return;
    const row = journeys.row[journey];
    const isLast = step + 1 === plan.journeys.stepFrom[row] + plan.journeys.stepCount[row];
    if (end === StepEnd.Done && !isLast) this.#enterStep(journey, step + 1, endUs);
    else this.#endJourney(journey, end === StepEnd.Done, endUs);
  }

  /**
   * Calls that are still under way go on, and are counted as calls; nobody needs their answer. The
   * journey keeps its slot for them, and whoever ends it gives the slot back when there are none.
   */
  #endJourney(journey: number, isComplete: boolean, endUs: number): void {
    const { plan, hash } = this.#state;
    const journeys = this.#journeys;
    const instance = plan.journeys.instance[journeys.row[journey]];
    journeys.isOver[journey] = 1;
    hash.results.addInt(isComplete ? 1 : 0);
    const intendedUs = journeys.intendedUs[journey];
    this.#counts.journeyEnded(isComplete, instance, intendedUs, endUs);
    if (!isComplete && endUs >= journeys.giveUpUs[journey]) {
      this.#counts.journeyGivenUp(instance, intendedUs);
    }
    this.#port.ended(journeys.source[journey], endUs);
  }

  /** The number of a call of a journey at its source; it is the key of all its draws. */
  #ordinalOf(journey: number, row: number): number {
    const { plan } = this.#state;
    const journeys = this.#journeys;
    const journeyRow = journeys.row[journey];
    const first = plan.journeySteps.callFrom[plan.journeys.stepFrom[journeyRow]];
    const calls = plan.journeys.callCount[journeyRow];
    return callOrdinal(journeys.ordinal[journey], calls, row - first);
  }

  #pickFlow(from: number, count: number, source: number, ordinal: number): number {
    if (count === 1) return from;
    const u = this.#draw(source, ordinal, 0, Purpose.Flow);
    return rowByShare(this.#state.plan.sources.cumulativeShare, from, count, u);
  }

  #draw(source: number, ordinal: number, attempt: number, purpose: number): number {
    const { sourceKey0, sourceKey1 } = this.#state;
    return draw(sourceKey0[source], sourceKey1[source], ordinal, attempt, purpose);
  }

  #schedule(timeUs: number, kind: number, call: number): void {
    const { timers, plan } = this.#state;
    if (timeUs >= plan.durationUs) return;
    const calls = this.#calls;
    timers.schedule(timeUs, kind, calls.id[call], call, calls.sequence[call]);
  }
}
