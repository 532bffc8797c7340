/**
 * The exchanges alive in a run: a row (slot) each, reused, all allocated before the first event.
 *
 * Each exchange has two legs; a leg's number is `slot * 2 + side`, side 0 the consumer's, 1 the
 * provider's. A slot is free again when both legs are closed and no information system still works
 * for it (`pins`). `generation` then changes, so that what is still under way to it is recognised.
 */
import { ClientStage, ServerStage } from '../protocol/exchange.ts';

export const CLIENT_STAGES = 11;
export const SERVER_STAGES = 10;

export class ExchangeTable {
  readonly capacity: number;
  usedCount = 0;
  usedCountMax = 0;

  // One row per slot.
  readonly generation: Int32Array;
  readonly isUsed: Uint8Array;
  readonly flow: Int32Array;
  /** Of the flow, copied: a plan has many flows, and few exchanges are alive at once. */
  readonly route: Int32Array;
  readonly service: Int32Array;
  /** Of the route: whose connections it may use. */
  readonly pool: Int32Array;
  readonly source: Int32Array;
  readonly ordinal: Int32Array;
  /** Counts exchanges in order of arrival; breaks ties between simultaneous events. */
  readonly id: Float64Array;
  readonly intendedUs: Float64Array;
  readonly isAttack: Uint8Array;
  readonly clientServer: Int32Array;
  /** Row of `candidates`; -1: none yet. */
  readonly candidate: Int32Array;
  readonly providerServer: Int32Array;
  /** Life of the provider's server when the connection was made. */
  readonly providerEpoch: Int32Array;
  readonly pins: Uint8Array;
  readonly requestBytes: Float64Array;
  readonly responseBytes: Float64Array;
  /** Connecting: the addresses left, the attempt under way, the last failed verification. */
  readonly candidateMask: Int32Array;
  readonly attempt: Uint8Array;
  /** Index of the remembered address, while the attempt is to that one. */
  readonly remembered: Uint8Array;
  readonly tlsCause: Uint8Array;
  readonly brokenCause: Uint8Array;
  /** 1: a connection is counted at the client; 2: at the provider's gate too. */
  readonly connection: Uint8Array;
  readonly deadlineUs: Float64Array;
  /** Nothing overtakes on a connection: latest arrival in each direction. */
  readonly lastOutUs: Float64Array;
  readonly lastBackUs: Float64Array;
  readonly bodyEndUs: Float64Array;
  /** Arrival of the response's head at the consumer; -1: not sent. */
  readonly headUs: Float64Array;
  readonly sentFault: Uint8Array;
  /** Row among the kept exchanges; -1: not kept. */
  readonly kept: Int32Array;
  // X-Road's four instants, on both servers.
  readonly requestInUs: Float64Array;
  readonly requestOutUs: Float64Array;
  readonly responseInUs: Float64Array;
  readonly providerRequestInUs: Float64Array;
  readonly providerRequestOutUs: Float64Array;
  readonly providerResponseInUs: Float64Array;
  readonly providerResponseOutUs: Float64Array;
  /** Time in each stage. A stage is passed once; what was not passed is left from before. */
  readonly clientStageUs: Float64Array;
  readonly serverStageUs: Float64Array;

  // One row per leg.
  readonly stage: Uint8Array;
  readonly effect: Uint8Array;
  /** Changes with every transition: a late completion moves no leg. */
  readonly sequence: Int32Array;
  readonly sinceUs: Float64Array;
  /** A wire input that came while the leg was not reading; 0: none (no wire input is 0). */
  readonly mailbox: Int32Array;
  readonly waitUs: Float64Array;
  readonly serviceUs: Float64Array;
  readonly failCause: Uint8Array;
  /** Facts that hold, until the response and from then on. */
  readonly facts: Int32Array;
  readonly lateFacts: Int32Array;
  /** 1: a condition makes one of its effects fail. */
  readonly mayFail: Uint8Array;
  /** 1: it has one of the connections of the message log. */
  readonly holdsLog: Uint8Array;

  readonly #free: Int32Array;
  #freeCount: number;

  constructor(capacity: number) {
    this.capacity = capacity;
    const legs = 2 * capacity;
    this.generation = new Int32Array(capacity);
    this.isUsed = new Uint8Array(capacity);
    this.flow = new Int32Array(capacity);
    this.route = new Int32Array(capacity);
    this.service = new Int32Array(capacity);
    this.pool = new Int32Array(capacity);
    this.source = new Int32Array(capacity);
    this.ordinal = new Int32Array(capacity);
    this.id = new Float64Array(capacity);
    this.intendedUs = new Float64Array(capacity);
    this.isAttack = new Uint8Array(capacity);
    this.clientServer = new Int32Array(capacity);
    this.candidate = new Int32Array(capacity);
    this.providerServer = new Int32Array(capacity);
    this.providerEpoch = new Int32Array(capacity);
    this.pins = new Uint8Array(capacity);
    this.requestBytes = new Float64Array(capacity);
    this.responseBytes = new Float64Array(capacity);
    this.candidateMask = new Int32Array(capacity);
    this.attempt = new Uint8Array(capacity);
    this.remembered = new Uint8Array(capacity);
    this.tlsCause = new Uint8Array(capacity);
    this.brokenCause = new Uint8Array(capacity);
    this.connection = new Uint8Array(capacity);
    this.deadlineUs = new Float64Array(capacity);
    this.lastOutUs = new Float64Array(capacity);
    this.lastBackUs = new Float64Array(capacity);
    this.bodyEndUs = new Float64Array(capacity);
    this.headUs = new Float64Array(capacity);
    this.sentFault = new Uint8Array(capacity);
    this.kept = new Int32Array(capacity);
    this.requestInUs = new Float64Array(capacity);
    this.requestOutUs = new Float64Array(capacity);
    this.responseInUs = new Float64Array(capacity);
    this.providerRequestInUs = new Float64Array(capacity);
    this.providerRequestOutUs = new Float64Array(capacity);
    this.providerResponseInUs = new Float64Array(capacity);
    this.providerResponseOutUs = new Float64Array(capacity);
    this.clientStageUs = new Float64Array(capacity * CLIENT_STAGES);
    this.serverStageUs = new Float64Array(capacity * SERVER_STAGES);
    this.stage = new Uint8Array(legs);
    this.effect = new Uint8Array(legs);
    this.sequence = new Int32Array(legs);
    this.sinceUs = new Float64Array(legs);
    this.mailbox = new Int32Array(legs);
    this.waitUs = new Float64Array(legs);
    this.serviceUs = new Float64Array(legs);
    this.failCause = new Uint8Array(legs);
    this.holdsLog = new Uint8Array(legs);
    this.facts = new Int32Array(legs);
    this.lateFacts = new Int32Array(legs);
    this.mayFail = new Uint8Array(legs);
    this.#free = new Int32Array(capacity);
    // The lowest slots are taken first, so that a small run stays in the cache.
    for (let slot = 0; slot < capacity; slot++) this.#free[slot] = capacity - 1 - slot;
    this.#freeCount = capacity;
  }

  /** A fresh slot; -1 when the limit of the run is met. */
  take(): number {
    if (this.#freeCount === 0) return -1;
    const slot = this.#free[--this.#freeCount];
    this.usedCount++;
    if (this.usedCount > this.usedCountMax) this.usedCountMax = this.usedCount;
    this.isUsed[slot] = 1;
    this.candidate[slot] = -1;
    this.providerServer[slot] = -1;
    this.tlsCause[slot] = 0;
    this.brokenCause[slot] = 0;
    this.connection[slot] = 0;
    this.lastOutUs[slot] = 0;
    this.lastBackUs[slot] = 0;
    this.bodyEndUs[slot] = 0;
    this.headUs[slot] = -1;
    this.sentFault[slot] = 0;
    this.responseBytes[slot] = 0;
    this.requestOutUs[slot] = 0;
    this.responseInUs[slot] = 0;
    this.providerRequestInUs[slot] = 0;
    this.providerRequestOutUs[slot] = 0;
    this.providerResponseInUs[slot] = 0;
    this.providerResponseOutUs[slot] = 0;
    const leg = slot * 2;
    this.stage[leg] = ClientStage.Waiting;
    // The provider's leg begins when the request part is sent.
    this.stage[leg + 1] = ServerStage.Closed;
    this.mailbox[leg] = 0;
    this.mailbox[leg + 1] = 0;
    this.holdsLog[leg] = 0;
    this.holdsLog[leg + 1] = 0;
    return slot;
  }

  /** Gives the slot back if nothing needs it any more. */
  freeIfDone(slot: number): void {
    const leg = slot * 2;
    if (this.stage[leg] !== ClientStage.Closed) return;
    if (this.stage[leg + 1] !== ServerStage.Closed) return;
    if (this.pins[slot] !== 0 || this.isUsed[slot] === 0) return;
    this.isUsed[slot] = 0;
    this.generation[slot]++;
    this.sequence[leg]++;
    this.sequence[leg + 1]++;
    this.usedCount--;
    this.#free[this.#freeCount++] = slot;
  }
}
