/**
 * The live driver of a leg: it measures facts, asks protocol/exchange.ts for the transition,
 * performs its one effect and feeds the result back. It contains no rule; neither do the legs,
 * which only know how to answer questions of fact and how to do what they are told.
 *
 *    input -> needs -> facts -> transition -> holds given back -> effect -> input -> ...
 *
 * An effect ends in an input, or in none: then the leg waits for the wire. What the wire says
 * while the leg is not reading stays in its mailbox, in order, like bytes in a socket's buffer.
 */
import {
  advanceClientLeg,
  advanceServerLeg,
  CLIENT_HOLDS,
  CLIENT_READS,
  clientNeeds,
  ClientStage,
  effectOf,
  faultOfTransition,
  Hold,
  Input,
  SERVER_HOLDS,
  SERVER_READS,
  serverNeeds,
  ServerStage,
  stageOf,
} from '../protocol/exchange.ts';
import type { Effect } from '../protocol/effect.ts';
import type { Fact } from '../protocol/exchange.ts';
import type { LegSide, Transcript } from './transcript.ts';

/** The rules of one side, by the names they share. */
export interface LegRules {
  readonly side: LegSide;
  readonly closed: number;
  readonly holds: readonly number[];
  readonly reads: readonly number[];
  readonly needs: (stage: number, input: number) => number;
  readonly advance: (stage: number, input: number, facts: number) => number;
}

export const CLIENT_RULES: LegRules = {
  side: 0,
  closed: ClientStage.Closed,
  holds: CLIENT_HOLDS,
  reads: CLIENT_READS,
  needs: clientNeeds,
  advance: advanceClientLeg,
};

export const SERVER_RULES: LegRules = {
  side: 1,
  closed: ServerStage.Closed,
  holds: SERVER_HOLDS,
  reads: SERVER_READS,
  needs: serverNeeds,
  advance: advanceServerLeg,
};

/** No input: the leg hears nothing any more. */
const DEAD = -1;

/** What a leg can do in the world; written once for each side. */
export interface LegHands {
  /** Asked of this server's own view, now. */
  isTrue(fact: Fact): boolean;
  /** An input, or null: nothing will come of it but what the wire says. */
  perform(effect: Effect, fault: number): Promise<number | null>;
  /** A mask of Hold: what the new stage no longer has. */
  release(holds: number): void;
}

/** Wire inputs in the order of their arrival. */
export class Mailbox {
  readonly #inputs: number[] = [];
  #reads = 0;
  #deliver: ((input: number) => void) | null = null;
  #isDead = false;
  #died: (() => void) | null = null;

  /** The process of its leg has died: nothing is read any more, whatever comes. */
  get isDead(): boolean {
    return this.#isDead;
  }

  die(): void {
    this.#isDead = true;
    this.#died?.();
  }

  /** Acts when it dies; whoever was to act before is not asked. */
  onDeath(act: () => void): void {
    this.#died = act;
  }

  post(input: number): void {
    this.#inputs.push(input);
    this.#hand();
  }

  /** The next input, when it is one of `reads`; it is taken out only once it is delivered. */
  next(reads: number, deliver: (input: number) => void): void {
    this.#reads = reads;
    this.#deliver = deliver;
    this.#hand();
  }

  /** Reads no more: what comes, stays. */
  stop(): void {
    this.#deliver = null;
  }

  #hand(): void {
    const [first] = this.#inputs;
    if (this.#deliver === null || first === undefined) return;
    if (((this.#reads >> (first & 0xff)) & 1) === 0) return;
    const deliver = this.#deliver;
    this.#deliver = null;
    this.#inputs.shift();
    deliver(first);
  }
}

/**
 * Runs a leg from its first input to its end. Rejects for our own mistakes only. A leg whose server
 * has died lets its connections go and does nothing more: its thread died with it.
 */
export async function runLeg(
  rules: LegRules,
  hands: LegHands,
  mailbox: Mailbox,
  transcript: Transcript,
  first: number,
): Promise<void> {
  let stage = 0;
  for (let input = first; ;) {
    if (mailbox.isDead) {
      hands.release(rules.holds[stage] & Hold.Connection);
      return;
    }
    const needs = rules.needs(stage, input);
    const facts = measure(hands, needs);
    const transition = rules.advance(stage, input, facts);
    transcript.append({ leg: rules.side, stage, input, needs, facts, transition });
    const next = stageOf(transition);
    // Who is refused with the first word has a thread, too, though no stage says so.
    const taken = input === Input.ThreadGranted ? Hold.Thread : 0;
    hands.release((rules.holds[stage] | taken) & ~rules.holds[next]);
    stage = next;
    const effect = hands.perform(effectOf(transition) as Effect, faultOfTransition(transition));
    if (stage === rules.closed) {
      await effect;
      return;
    }
    input = await firstOf(effect, mailbox, rules.reads[stage]);
  }
}

/** Exactly the facts of `needs`; the others are not even looked at. */
function measure(hands: LegHands, needs: number): number {
  let facts = 0;
  for (let rest = needs; rest !== 0; rest &= rest - 1) {
    const fact = (rest & -rest) as Fact;
    if (hands.isTrue(fact)) facts |= fact;
  }
  return facts;
}

/**
 * The effect's input or the wire's, whichever comes first. A completion that comes later moves no
 * leg any more.
 */
function firstOf(effect: Promise<number | null>, mailbox: Mailbox, reads: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    const settle = (input: number): void => {
      isOver = true;
      mailbox.stop();
      resolve(input);
    };
    mailbox.onDeath(() => settle(DEAD));
    effect.then((input) => {
      if (input !== null && !isOver) settle(input);
    }, reject);
    // An effect that is already done comes first: its microtask is older than this one.
    void Promise.resolve().then(() => {
      if (!isOver && reads !== 0) mailbox.next(reads, settle);
    });
  });
}
