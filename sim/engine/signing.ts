/**
 * Signing: a queue and a worker for each signing certificate, one operation at a time for each
 * token. The rules are protocol/batch.ts. The worker fixes its batch when it takes it up, and then
 * waits for the token if another member's operation has it.
 */
import { Purpose } from '../base/random.ts';
import { batchSize } from '../protocol/batch.ts';
import { Cost } from '../protocol/effect.ts';
import { Input, inputOf } from '../protocol/exchange.ts';
import { Cause } from '../protocol/fault.ts';
import { EventKind } from './event-kind.ts';
import type { RunState } from './state.ts';
import type { Trust } from './trust.ts';

export type Signing = ReturnType<typeof createSigning>;

export function createSigning(
  state: RunState,
  trust: Trust | null,
  feed: (leg: number, input: number) => void,
) {
  const serverCount = state.plan.servers.id.length;
  const signerCount = state.plan.signers.server.length;
  /** Per signer: 0 idle, 1 its batch waits for the token, 2 the token works for it. */
  const phase = new Uint8Array(signerCount);
  const sequence = new Int32Array(signerCount);
  const sizeOfBatch = new Int32Array(signerCount);
  /** Per server: signers that wait for its token, in order. */
  const tokenQueue: number[][] = Array.from({ length: serverCount }, () => []);
  const tokenBusy = new Uint8Array(serverCount);
  const tokenSinceUs = new Float64Array(serverCount);
  /** Microseconds in which the token of a server worked, since the warm-up. */
  const tokenBusyUs = new Float64Array(serverCount);

  /** A leg wants a signature of `signer`. */
  const request = (signer: number, leg: number): void => {
    const { queues, rows, plan, nowUs } = state;
    if (phase[signer] === 0 && queues.length[rows.signing + signer] === 0) {
      // Nobody waits: a batch of one.
      queues.push(rows.batch + signer, leg, nowUs);
      sizeOfBatch[signer] = 1;
      begin(signer, plan.signers.server[signer]);
      return;
    }
    state.enqueue(rows.signing + signer, leg);
    if (phase[signer] === 0) takeBatch(signer);
  };

  /** The token has finished for `signer`: every leg of the batch has its signature. */
  const done = (signer: number, expected: number): void => {
    if (sequence[signer] !== expected) return;
    const { queues, rows, plan } = state;
    const server = plan.signers.server[signer];
    const batch = rows.batch + signer;
    for (let leg = queues.shift(batch); leg !== -1; leg = queues.shift(batch)) {
      feed(leg, Input.Done);
    }
    phase[signer] = 0;
    stopToken(server);
    const queue = tokenQueue[server];
    const next = queue.length === 0 ? undefined : queue.shift();
    // Another member's batch has waited for the token; this one's next queues behind it.
    if (next !== undefined) start(next);
    if (phase[signer] === 0) takeBatch(signer);
  };

  /** The signer's process has died alone: whoever waits for it hears of it at once. */
  const lost = (server: number): void => {
    const { queues, rows, plan } = state;
    const waiting: number[] = [];
    for (let signer = 0; signer < phase.length; signer++) {
      if (plan.signers.server[signer] !== server) continue;
      for (const queue of [rows.batch + signer, rows.signing + signer]) {
        for (let leg = queues.shift(queue); leg !== -1; leg = queues.shift(queue)) {
          waiting.push(leg);
        }
      }
    }
    reset(server);
    for (const leg of waiting) feed(leg, inputOf(Input.Failed, Cause.SignerNetworkError));
  };

  /** The signer's process has died with its server. */
  const reset = (server: number): void => {
    tokenQueue[server] = [];
    stopToken(server);
    for (let signer = 0; signer < phase.length; signer++) {
      if (state.plan.signers.server[signer] !== server) continue;
      phase[signer] = 0;
      sequence[signer]++;
    }
  };

  /** Begins the measured part anew. */
  const restart = (): void => {
    settle();
    tokenBusyUs.fill(0);
  };

  /** Brings the sums up to the present. */
  const settle = (): void => {
    for (let server = 0; server < tokenBusy.length; server++) account(server);
  };

  const stopToken = (server: number): void => {
    account(server);
    tokenBusy[server] = 0;
  };

  const account = (server: number): void => {
    const { nowUs } = state;
    if (tokenBusy[server] === 1) {
      tokenBusyUs[server] += nowUs - tokenSinceUs[server];
    }
    tokenSinceUs[server] = nowUs;
  };

  const takeBatch = (signer: number): void => {
    const { queues, rows, plan, nowUs } = state;
    const server = plan.signers.server[signer];
    const waiting = rows.signing + signer;
    const isOff = trust !== null && trust.table.isBatchSigningOff[server] === 1;
    const signsBatches = plan.servers.batchSigning[server] === 1 && !isOff;
    const size = batchSize(queues.length[waiting], signsBatches);
    if (size === 0) return;
    sizeOfBatch[signer] = size;
    for (let taken = 0; taken < size; taken++) {
      const leg = queues.shift(waiting);
      const sinceUs = queues.enteredUs[leg];
      queues.push(rows.batch + signer, leg, nowUs);
      queues.enteredUs[leg] = sinceUs;
    }
    begin(signer, server);
  };

  /** The batch is fixed: the token works for it now, or when its turn comes. */
  const begin = (signer: number, server: number): void => {
    if (tokenBusy[server] === 0) {
      start(signer);
      return;
    }
    phase[signer] = 1;
    tokenQueue[server].push(signer);
    // Who waits for the token in a batch has left the queue and its timer behind.
    bound(signer, Infinity);
  };

  const start = (signer: number): void => {
    const { plan, queues, rows, table } = state;
    const server = plan.signers.server[signer];
    const first = queues.head[rows.batch + signer];
    phase[signer] = 2;
    account(server);
    tokenBusy[server] = 1;
    // The whole batch has timed out while it waited: the operation is skipped.
    if (first === -1) {
      state.events.schedule(state.nowUs, EventKind.SignerDone, signer, signer, ++sequence[signer]);
      return;
    }
    const slot = first >> 1;
    const isRequest = (first & 1) === 0;
    const size = sizeOfBatch[signer];
    const itemPurpose = isRequest ? Purpose.SignRequestItem : Purpose.SignResponseItem;
    state.price(server, Cost.SignItem, slot, itemPurpose, 0);
    const itemsUs = size * state.prices.drawn.cpuUs;
    const purpose = isRequest ? Purpose.SignRequest : Purpose.SignResponse;
    state.price(server, Cost.Sign, slot, purpose, 0);
    const workUs = state.atSpeed(server, state.prices.drawn.cpuUs + itemsUs);
    const delayUs = Math.round(state.prices.drawn.delayUs);
    const endUs = state.work(server, first, workUs) + delayUs;
    table.serviceUs[first] = endUs - state.nowUs - table.waitUs[first];
    state.events.schedule(endUs, EventKind.SignerDone, signer, signer, ++sequence[signer]);
    bound(signer, endUs);
  };

  /** Gives every leg of the batch that may lose patience before `endUs` an event of its own. */
  const bound = (signer: number, endUs: number): void => {
    const { queues, rows, plan } = state;
    const patienceUs = plan.servers.signerTimeoutUs[plan.signers.server[signer]];
    const oldest = queues.head[rows.batch + signer];
    // Patience is equal for all: if the oldest has enough of it, everybody has.
    if (oldest === -1 || queues.enteredUs[oldest] + patienceUs >= endUs) return;
    boundEach(signer, endUs, patienceUs);
  };

  /** Apart from the usual way: a closure is made here. */
  const boundEach = (signer: number, endUs: number, patienceUs: number): void => {
    const { queues, rows } = state;
    queues.forEach(rows.batch + signer, (leg) => {
      const deadlineUs = queues.enteredUs[leg] + patienceUs;
      if (deadlineUs < endUs) state.scheduleLeg(deadlineUs, EventKind.LegTimedOut, leg);
    });
  };

  for (let signer = 0; signer < signerCount; signer++) {
    const patience = state.plan.servers.signerTimeoutUs[state.plan.signers.server[signer]];
    state.queues.patienceUs[state.rows.signing + signer] = patience;
  }
  return { tokenBusyUs, request, done, lost, reset, restart, settle };
}
