import { expect, test } from 'vitest';
import { Effect } from '../protocol/effect.ts';
import { ClientStage, Fact, Hold, Input, inputOf } from '../protocol/exchange.ts';
import { Cause, faultOf, Prefix } from '../protocol/fault.ts';
import { CLIENT_RULES, Mailbox, runLeg } from './driver.ts';
import type { LegHands } from './driver.ts';
import { Transcript } from './transcript.ts';

/** Hands that note what they are asked and do, and can be told what an effect ends in. */
class NotingHands implements LegHands {
  readonly asked: number[] = [];
  readonly effects: number[] = [];
  readonly released: number[] = [];
  readonly results = new Map<number, () => Promise<number | null>>();

  isTrue(fact: Fact): boolean {
    this.asked.push(fact);
    return true;
  }

  perform(effect: Effect): Promise<number | null> {
    this.effects.push(effect);
    const result = this.results.get(effect);
    if (result !== undefined) return result();
    const isSilent = effect === Effect.SendSignature || effect === Effect.None;
    return Promise.resolve(isSilent || effect === Effect.Respond ? null : Input.Done);
  }

  release(holds: number): void {
    if (holds !== 0) this.released.push(holds);
  }
}

async function run(hands: NotingHands, mailbox: Mailbox): Promise<Transcript> {
  const transcript = new Transcript();
  await runLeg(CLIENT_RULES, hands, mailbox, transcript, Input.ThreadGranted);
  return transcript;
}

test('a leg asks for the facts its rules need and for no others', async () => {
  const hands = new NotingHands();
  const mailbox = new Mailbox();
  mailbox.post(Input.ResponseHead);
  mailbox.post(Input.ResponseEnd);
  const { rows } = await run(hands, mailbox);
  const needed = rows.reduce((mask, { needs }) => mask | needs, 0);
  expect(hands.asked.reduce((mask, fact) => mask | fact, 0)).toBe(needed);
  expect(hands.asked.slice(0, 2)).toEqual([Fact.GlobalConfValid, Fact.AuthCertUsable]);
  expect(hands.effects.at(-1)).toBe(Effect.Respond);
  expect(hands.released).toEqual([
    Hold.LogConnection,
    Hold.Connection,
    Hold.Thread | Hold.LogConnection,
  ]);
});

test('what the wire says too early stays in front of what it says later', async () => {
  const hands = new NotingHands();
  const mailbox = new Mailbox();
  const fault = faultOf(Prefix.ServerProxy, Cause.AccessDenied);
  mailbox.post(inputOf(Input.FaultPart, fault));
  mailbox.post(Input.PeerClosed);
  const { rows } = await run(hands, mailbox);
  expect(rows.at(-1)).toMatchObject({
    stage: ClientStage.Sent,
    input: inputOf(Input.FaultPart, fault),
  });
});

test('the wire may come before the end of an effect, which then moves nothing', async () => {
  const hands = new NotingHands();
  const mailbox = new Mailbox();
  let finish: ((input: number) => void) | null = null;
  hands.results.set(Effect.StreamRequest, () => {
    setTimeout(() => mailbox.post(Input.PeerClosed), 5);
    return new Promise((resolve) => (finish = resolve));
  });
  const { rows } = await run(hands, mailbox);
  expect(finish).not.toBeNull();
  expect(rows.at(-1)).toMatchObject({ stage: ClientStage.Connected, input: Input.PeerClosed });
});

test('our own mistake in an effect ends the leg loudly', async () => {
  const hands = new NotingHands();
  hands.results.set(Effect.Parse, () => Promise.reject(new Error('a bug')));
  await expect(run(hands, new Mailbox())).rejects.toThrow('a bug');
});
