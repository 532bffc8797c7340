/**
 * The expectation of the conformance suite: both legs walked by the rules alone, with a script in
 * place of a driver. The script knows what is wrong in a world and nothing else: no time, no
 * socket, no queue. What an engine does must be the same, transition by transition.
 */
import { assert } from '../base/assert.ts';
import { CLIENT_RULES, SERVER_RULES } from '../live/driver.ts';
import type { LegRules } from '../live/driver.ts';
import type { TranscriptRow } from '../live/transcript.ts';
import { findCondition } from '../protocol/condition.ts';
import { Effect } from '../protocol/effect.ts';
import {
  ALL_FACTS,
  ClientStage,
  effectOf,
  faultOfTransition,
  Input,
  inputOf,
  ServerStage,
  stageOf,
} from '../protocol/exchange.ts';
import type { Break, World } from './worlds.ts';

interface ScriptedLeg {
  readonly rules: LegRules;
  readonly breaks: readonly Break[];
  /** Wire inputs that have come and were not read yet. */
  readonly wire: number[];
  stage: number;
  /** Null: it waits for the wire. */
  next: number | null;
  /** The provider's server knows nothing of an exchange before the request reaches it. */
  hasBegun: boolean;
}

/** Both legs' transitions, in one order that is possible; between the legs there is none. */
export function scriptedExchange(world: World): TranscriptRow[] {
  const breaks = breaksOf(world);
  const client = legOf(CLIENT_RULES, breaks);
  const server = legOf(SERVER_RULES, breaks);
  const rows: TranscriptRow[] = [];
  begin(client);
  while (takeNext(client) || takeNext(server)) {
    const leg = client.next === null ? server : client;
    const effect = step(leg, rows);
    if (leg === client) afterClient(effect, client, server);
    else afterServer(effect, rows, server, client);
  }
  return rows;
}

function legOf(rules: LegRules, breaks: readonly Break[]): ScriptedLeg {
  const own = breaks.filter(({ leg }) => leg === rules.side);
  return { rules, breaks: own, wire: [], stage: 0, next: null, hasBegun: false };
}

function begin(leg: ScriptedLeg): void {
  leg.hasBegun = true;
  leg.next = Input.ThreadGranted;
}

/** A world's own breaks, and those of its conditions and defects. */
function breaksOf({ breaks, consumer, provider, workload }: World): Break[] {
  const named = (names: readonly string[] | undefined, legs: readonly (0 | 1)[]): Break[] =>
    (names ?? []).flatMap((name) => {
      const row = findCondition(name);
      assert(row !== null, `no condition is called ${name}`);
      return legs
        .filter((leg) => row.side === 'both' || row.side === (leg === 0 ? 'client' : 'server'))
        .map((leg): Break => {
          const input = inputOf(Input.Failed, row.cause);
          return { leg, facts: row.fact, effect: row.effect, stage: -1, input };
        });
    });
  return [
    ...breaks,
    ...named(consumer.conditions, [0]),
    ...named(provider.conditions, [1]),
    ...named(workload.defects, [0, 1]),
  ];
}

function takeNext(leg: ScriptedLeg): boolean {
  const [first] = leg.wire;
  const isRead = first !== undefined && ((leg.rules.reads[leg.stage] >> (first & 0xff)) & 1) === 1;
  if (leg.next === null && isRead) leg.next = leg.wire.shift() ?? null;
  return leg.next !== null;
}

function step(leg: ScriptedLeg, rows: TranscriptRow[]): number {
  const { rules, stage } = leg;
  const input = leg.next;
  assert(input !== null, 'a leg without an input stands still');
  const needs = rules.needs(stage, input);
  const facts = needs & ALL_FACTS & ~missingFacts(leg);
  const transition = rules.advance(stage, input, facts);
  rows.push({ leg: rules.side, stage, input, needs, facts, transition });
  leg.stage = stageOf(transition);
  leg.next = null;
  return effectOf(transition);
}

function missingFacts({ breaks, stage }: ScriptedLeg): number {
  return breaks
    .filter((one) => one.stage === -1 || one.stage === stage)
    .reduce((missing, { facts }) => missing | facts, 0);
}

/** How an effect that takes its time ends. */
function resultOf(leg: ScriptedLeg, effect: number): number {
  return leg.breaks.find((one) => one.effect === effect)?.input ?? Input.Done;
}

function afterClient(effect: number, client: ScriptedLeg, server: ScriptedLeg): void {
  if (effect === Effect.StreamRequest) begin(server);
  if (effect === Effect.SendSignature) server.wire.push(Input.MessageEnd);
  const isOver = client.stage === ClientStage.Closed;
  if (isOver && server.hasBegun) server.wire.push(Input.PeerClosed);
  const isSilent = effect === Effect.SendSignature || effect === Effect.None;
  if (!isOver && !isSilent) client.next = resultOf(client, effect);
}

function afterServer(
  effect: number,
  rows: readonly TranscriptRow[],
  server: ScriptedLeg,
  client: ScriptedLeg,
): void {
  const fault = faultOfTransition(rows[rows.length - 1].transition);
  if (effect === Effect.StreamResponse) client.wire.push(Input.ResponseHead);
  if (effect === Effect.SendResponseEnd) client.wire.push(Input.ResponseEnd);
  if (effect === Effect.SendFault) client.wire.push(inputOf(Input.FaultPart, fault));
  if (effect === Effect.Close) client.wire.push(Input.PeerClosed);
  if (server.stage === ServerStage.Closed || effect === Effect.Receive) return;
  server.next = resultOf(server, effect);
}
