/**
 * Signing: a queue and a worker for each signing certificate, one operation at a time for each
 * token. The rules are protocol/batch.ts. The worker fixes its batch when it takes it up, and then
 * waits for the token if another member's operation has it.
 */
import { Purpose } from '../base/random.ts';
import { batchSize } from '../protocol/batch.ts';
import { Cost } from '../protocol/effect.ts';
import { Input } from '../protocol/exchange.ts';
import { EventKind } from './event-kind.ts';
import type { RunState } from './state.ts';

export class Signing {
  /** Microseconds in which the token of a server worked, since the warm-up. */
  readonly tokenBusyUs: Float64Array;
  readonly #state: RunState;
  readonly #feed: (leg: number, input: number) => void;
  /** Per signer: 0 idle, 1 its batch waits for the token, 2 the token works for it. */
  readonly #phase: Uint8Array;
  readonly #sequence: Int32Array;
  readonly #batchSize: Int32Array;
  /** Per server: signers that wait for its token, in order. */
  readonly #tokenQueue: number[][];
  readonly #tokenBusy: Uint8Array;
  readonly #tokenSinceUs: Float64Array;

  constructor(state: RunState, feed: (leg: number, input: number) => void) {
    this.#state = state;
    this.#feed = feed;
    const serverCount = state.plan.servers.id.length;
    const signerCount = state.plan.signers.server.length;
    this.#phase = new Uint8Array(signerCount);
    this.#sequence = new Int32Array(signerCount);
    this.#batchSize = new Int32Array(signerCount);
    this.#tokenQueue = Array.from({ length: serverCount }, () => []);
    this.#tokenBusy = new Uint8Array(serverCount);
    this.#tokenSinceUs = new Float64Array(serverCount);
    this.tokenBusyUs = new Float64Array(serverCount);
    for (let signer = 0; signer < signerCount; signer++) {
      const patience = state.plan.servers.signerTimeoutUs[state.plan.signers.server[signer]];
      state.queues.patienceUs[state.rows.signing + signer] = patience;
    }
  }

  /** A leg wants a signature of `signer`. */
  request(signer: number, leg: number): void {
    const { queues, rows, plan, nowUs } = this.#state;
    if (this.#phase[signer] === 0 && queues.length[rows.signing + signer] === 0) {
      // Nobody waits: a batch of one.
      queues.push(rows.batch + signer, leg, nowUs);
      this.#batchSize[signer] = 1;
      this.#begin(signer, plan.signers.server[signer]);
      return;
    }
    this.#state.enqueue(rows.signing + signer, leg);
    if (this.#phase[signer] === 0) this.#takeBatch(signer);
  }

  /** The token has finished for `signer`: every leg of the batch has its signature. */
  done(signer: number, sequence: number): void {
    if (this.#sequence[signer] !== sequence) return;
    const { queues, rows, plan } = this.#state;
    const server = plan.signers.server[signer];
    const batch = rows.batch + signer;
    for (let leg = queues.shift(batch); leg !== -1; leg = queues.shift(batch)) {
      this.#feed(leg, Input.Done);
    }
    this.#phase[signer] = 0;
    this.#stopToken(server);
    const queue = this.#tokenQueue[server];
    const next = queue.length === 0 ? undefined : queue.shift();
    // Another member's batch has waited for the token; this one's next queues behind it.
    if (next !== undefined) this.#start(next);
    if (this.#phase[signer] === 0) this.#takeBatch(signer);
  }

  /** The signer's process has died with its server. */
  reset(server: number): void {
    this.#tokenQueue[server] = [];
    this.#stopToken(server);
    for (let signer = 0; signer < this.#phase.length; signer++) {
      if (this.#state.plan.signers.server[signer] !== server) continue;
      this.#phase[signer] = 0;
      this.#sequence[signer]++;
    }
  }

  /** Begins the measured part anew. */
  restart(): void {
    this.settle();
    this.tokenBusyUs.fill(0);
  }

  /** Brings the sums up to the present. */
  settle(): void {
    for (let server = 0; server < this.#tokenBusy.length; server++) this.#account(server);
  }

  #stopToken(server: number): void {
    this.#account(server);
    this.#tokenBusy[server] = 0;
  }

  #account(server: number): void {
    const { nowUs } = this.#state;
    if (this.#tokenBusy[server] === 1) {
      this.tokenBusyUs[server] += nowUs - this.#tokenSinceUs[server];
    }
    this.#tokenSinceUs[server] = nowUs;
  }

  #takeBatch(signer: number): void {
    const { queues, rows, plan, nowUs } = this.#state;
    const server = plan.signers.server[signer];
    const waiting = rows.signing + signer;
    const size = batchSize(queues.length[waiting], plan.servers.batchSigning[server] === 1);
    if (size === 0) return;
    this.#batchSize[signer] = size;
    for (let taken = 0; taken < size; taken++) {
      const leg = queues.shift(waiting);
      const sinceUs = queues.enteredUs[leg];
      queues.push(rows.batch + signer, leg, nowUs);
      queues.enteredUs[leg] = sinceUs;
    }
    this.#begin(signer, server);
  }

  /** The batch is fixed: the token works for it now, or when its turn comes. */
  #begin(signer: number, server: number): void {
    if (this.#tokenBusy[server] === 0) {
      this.#start(signer);
      return;
    }
    this.#phase[signer] = 1;
    this.#tokenQueue[server].push(signer);
    // Who waits for the token in a batch has left the queue and its timer behind.
    this.#bound(signer, Infinity);
  }

  #start(signer: number): void {
    const state = this.#state;
    const { plan, queues, rows, table } = state;
    const server = plan.signers.server[signer];
    const first = queues.head[rows.batch + signer];
    this.#phase[signer] = 2;
    this.#account(server);
    this.#tokenBusy[server] = 1;
    // The whole batch has timed out while it waited: the operation is skipped.
    if (first === -1) {
      state.events.schedule(
        state.nowUs,
        EventKind.SignerDone,
        signer,
        signer,
        ++this.#sequence[signer],
      );
      return;
    }
    const slot = first >> 1;
    const purpose = (first & 1) === 0 ? Purpose.SignRequest : Purpose.SignResponse;
    const size = this.#batchSize[signer];
    state.price(server, Cost.SignItem, slot, purpose, 0);
    const itemsUs = size * state.prices.cpuUs;
    state.price(server, Cost.Sign, slot, purpose, 0);
    const workUs = state.atSpeed(server, state.prices.cpuUs + itemsUs);
    const delayUs = Math.round(state.prices.delayUs);
    const endUs = state.work(server, first, workUs) + delayUs;
    table.serviceUs[first] = endUs - state.nowUs - table.waitUs[first];
    state.events.schedule(endUs, EventKind.SignerDone, signer, signer, ++this.#sequence[signer]);
    this.#bound(signer, endUs);
  }

  /** Gives every leg of the batch that may lose patience before `endUs` an event of its own. */
  #bound(signer: number, endUs: number): void {
    const state = this.#state;
    const { queues, rows, plan } = state;
    const patienceUs = plan.servers.signerTimeoutUs[plan.signers.server[signer]];
    const oldest = queues.head[rows.batch + signer];
    // Patience is equal for all: if the oldest has enough of it, everybody has.
    if (oldest === -1 || queues.enteredUs[oldest] + patienceUs >= endUs) return;
    this.#boundEach(signer, endUs, patienceUs);
  }

  /** Apart from the usual way: a closure is made here. */
  #boundEach(signer: number, endUs: number, patienceUs: number): void {
    const state = this.#state;
    const { queues, rows } = state;
    queues.forEach(rows.batch + signer, (leg) => {
      const deadlineUs = queues.enteredUs[leg] + patienceUs;
      if (deadlineUs < endUs) state.scheduleLeg(deadlineUs, EventKind.LegTimedOut, leg);
    });
  }
}
