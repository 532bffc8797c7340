/**
 * Callers over real sockets: each call is driven by the machine of workload/call.ts, as in virtual
 * time, by the same draws. A caller that stops listening does not cut its connection: X-Road holds
 * an exchange until its answer is written whoever has gone (facts 2.1), and so its end is noted.
 */
import { draw, keyOf } from '../../base/random.ts';
import { exchangeName } from '../../metrics/exchange-id.ts';
import { FAULT_KEYS } from '../../metrics/outcome.ts';
import type { Plan } from '../../plan/plan.ts';
import {
  advanceCall,
  AttemptEnd,
  attemptEndOf,
  attemptsOf,
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
} from '../../workload/call.ts';
import type { DueCall, Sources } from '../../workload/sources.ts';
import { NothingLeftError } from './answer.ts';
import type { Answered } from './answer.ts';
import type { CallLog } from './call-log.ts';

export interface CallerPort {
  readonly sources: Sources;
  readonly log: CallLog;
  /** Microseconds of the run. */
  readonly nowUs: () => number;
  /** Sends a request; null: it was cut by the signal. */
  readonly ask: (attempt: Asked, signal: AbortSignal) => Promise<Answered | null>;
  /** A call is over: a user's next one may be due. */
  readonly left: () => void;
}

export interface Asked {
  readonly flow: number;
  readonly requestBytes: number;
  readonly messageId: string;
}

/** A call that is not over. */
interface Open {
  readonly due: DueCall;
  readonly policy: number;
  readonly giveUpUs: number;
  state: number;
  /** Null: none that it listens to. */
  current: Attempt | null;
  timer: NodeJS.Timeout | null;
  lastPauseUs: number;
}

interface Attempt {
  readonly call: Open;
  readonly attempt: number;
  readonly dueUs: number;
  readonly sentUs: number;
  readonly hearUntilUs: number;
  readonly requestBytes: number;
  readonly cut: AbortController;
  abandonedUs: number;
  settledAs: number;
}

const US_PER_MS = 1000;
const TIMER_MS_MAX = 2 ** 31 - 1;
const NOTHING: Answered = { faultKey: 0, responseBytes: 0 };

export class Callers {
  readonly #plan: Plan;
  readonly #replicationIndex: number;
  readonly #port: CallerPort;
  readonly #keys: readonly (readonly [number, number])[];
  /** By source, in thousandths of a retry. */
  readonly #budget: Float64Array;
  /** Exchanges under way, those included that nobody listens to any more. */
  readonly #attempts = new Set<Attempt>();
  readonly #waiting = new Set<Open>();
  #isOver = false;

  constructor(plan: Plan, replicationIndex: number, port: CallerPort) {
    const { sources, policies, seed } = plan;
    this.#plan = plan;
    this.#replicationIndex = replicationIndex;
    this.#port = port;
    this.#keys = sources.id.map((_, source) =>
      keyOf(seed, replicationIndex, sources.key0[source], sources.key1[source]),
    );
    this.#budget = Float64Array.from(sources.policy, (policy) => policies.budgetMax[policy]);
  }

  /** A call is due. */
  begin(due: DueCall): void {
    const { sources, policies } = this.#plan;
    const policy = sources.policy[due.source];
    this.#budget[due.source] = earnBudget(policies, policy, this.#budget[due.source]);
    const call: Open = {
      due,
      policy,
      giveUpUs: due.intendedUs + policies.patienceUs[policy],
      state: NEW_CALL,
      current: null,
      timer: null,
      lastPauseUs: 0,
    };
    this.#waiting.add(call);
    this.#feed(call, CallInput.Due, 0, due.intendedUs, 0);
  }

  /** A call that was due and that nobody sends any more. */
  miss(due: DueCall): void {
    this.#noteUnsent(due, 0, due.intendedUs);
  }

  /** The run is over: what is under way stays open, for good. */
  end(): void {
    this.#isOver = true;
    for (const { timer } of this.#waiting) if (timer !== null) clearTimeout(timer);
    for (const attempt of this.#attempts) {
      this.#noteAttempt(attempt, Infinity, NOTHING);
      attempt.cut.abort();
    }
    this.#attempts.clear();
  }

  #feed(call: Open, input: number, facts: number, timeUs: number, pauseUs: number): void {
    const transition = advanceCall(call.state, input, facts);
    const action = callActionOf(transition);
    const { current } = call;
    call.state = callStateOf(transition);
    if (call.timer !== null) clearTimeout(call.timer);
    call.timer = null;
    call.current = null;
    if ((action & CallAction.Abandon) !== 0 && current !== null) current.abandonedUs = timeUs;
    if ((action & CallAction.Spend) !== 0) {
      const { source } = call.due;
      this.#budget[source] = spendBudget(this.#budget[source]);
    }
    if ((action & CallAction.BackOff) !== 0) {
      call.lastPauseUs = pauseUs;
      const dueUs = timeUs + pauseUs;
      this.#wind(call, dueUs, () => this.#feed(call, CallInput.BackOffOver, 0, dueUs, 0));
    }
    if ((action & CallAction.Attempt) !== 0) void this.#attempt(call, timeUs);
    if ((action & CallAction.Settle) === 0) return;
    if (current !== null) current.settledAs = callStageOf(call.state);
    this.#leave(call, timeUs);
  }

  async #attempt(call: Open, dueUs: number): Promise<void> {
    const { ask, nowUs, sources } = this.#port;
    const { source, ordinal, flow } = call.due;
    const attempt = attemptsOf(call.state) - 1;
    const requestBytes = sources.requestBytes(call.due, attempt);
    const sentUs = nowUs();
    const { policies } = this.#plan;
    const own: Attempt = {
      call,
      attempt,
      dueUs,
      sentUs,
      hearUntilUs: hearUntilUs(policies, call.policy, dueUs, call.giveUpUs),
      requestBytes,
      cut: new AbortController(),
      abandonedUs: Infinity,
      settledAs: 0,
    };
    call.current = own;
    this.#attempts.add(own);
    this.#wind(call, own.hearUntilUs, () => this.#timeOut(own, own.hearUntilUs));
    // As exchanges.csv names it; a header holds no letters beyond ASCII.
    const name = exchangeName(this.#plan, this.#replicationIndex, source, ordinal, attempt);
    try {
      const asked = { flow, requestBytes, messageId: encodeURI(name) };
      const answer = await ask(asked, own.cut.signal);
      if (answer !== null && this.#attempts.delete(own)) this.#answered(own, answer);
    } catch (error) {
      if (!(error instanceof NothingLeftError)) throw error;
      if (this.#attempts.delete(own)) this.#unsent(own);
    }
  }

  #answered(own: Attempt, answer: Answered): void {
    const { call } = own;
    const endUs = Math.round(this.#port.nowUs());
    // Its time was over when the answer came, though the alarm has not rung yet.
    if (call.current === own && endUs > own.hearUntilUs) this.#timeOut(own, own.hearUntilUs);
    if (call.current === own) {
      const fault = answer.faultKey % (FAULT_KEYS / 2);
      const input = fault === 0 ? CallInput.Answer : CallInput.Fault;
      this.#end(call, input, attemptEndOf(fault), endUs);
    }
    this.#noteAttempt(own, endUs, answer);
  }

  #timeOut(own: Attempt, timeUs: number): void {
    this.#end(own.call, CallInput.TimeOut, AttemptEnd.TimedOut, timeUs);
  }

  /** An attempt has ended: whether there will be another is the machine's to say. */
  #end(call: Open, input: number, end: number, timeUs: number): void {
    const { policies } = this.#plan;
    const { policy, state, due, lastPauseUs, giveUpUs } = call;
    if (end === AttemptEnd.Answered || policies.attemptsMax[policy] <= 1) {
      this.#feed(call, input, 0, timeUs, 0);
      return;
    }
    const attempts = attemptsOf(state);
    const [key0, key1] = this.#keys[due.source];
    const u = draw(key0, key1, due.ordinal, attempts, CallerPurpose.BackOff);
    const pauseUs = backOffUs(policies, policy, attempts, lastPauseUs, u);
    const budget = this.#budget[due.source];
    const nextUs = timeUs + pauseUs;
    const facts = callFacts(policies, policy, state, end, budget, nextUs, giveUpUs);
    this.#feed(call, input, facts, timeUs, pauseUs);
  }

  /** This machine could not: nobody else's failure, and the run says that it is not valid. */
  #unsent(own: Attempt): void {
    const { call, attempt, dueUs } = own;
    if (call.timer !== null) clearTimeout(call.timer);
    this.#noteUnsent(call.due, attempt, dueUs);
    this.#leave(call, Math.round(this.#port.nowUs()));
  }

  #leave(call: Open, timeUs: number): void {
    this.#waiting.delete(call);
    if (this.#isOver) return;
    this.#port.sources.answered(call.due.source, Math.round(timeUs));
    this.#port.left();
  }

  /** Timers of Node's may ring some fraction of a millisecond early, and none takes a month. */
  #wind(call: Open, untilUs: number, ring: () => void): void {
    if (untilUs === Infinity) return;
    const ms = Math.ceil((untilUs - this.#port.nowUs()) / US_PER_MS);
    const look = (): void => {
      if (this.#port.nowUs() >= untilUs) ring();
      else this.#wind(call, untilUs, ring);
    };
    call.timer = setTimeout(look, Math.min(TIMER_MS_MAX, Math.max(1, ms)));
  }

  #noteAttempt(own: Attempt, endUs: number, answer: Answered): void {
    const { call, attempt, dueUs, sentUs, requestBytes, abandonedUs, settledAs } = own;
    const times = { dueUs, sentUs, endUs, abandonedUs };
    this.#port.log.add({ ...call.due, ...times, ...answer, attempt, requestBytes, settledAs });
  }

  #noteUnsent(due: DueCall, attempt: number, dueUs: number): void {
    const requestBytes = this.#port.sources.requestBytes(due, attempt);
    const times = { dueUs, sentUs: Infinity, endUs: Infinity, abandonedUs: Infinity };
    // A caller whose further attempt cannot be sent gives up.
    const settledAs = attempt === 0 ? 0 : CallStage.GivenUp;
    this.#port.log.add({ ...due, ...times, ...NOTHING, attempt, requestBytes, settledAs });
  }
}
