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

export type ExchangeTable = ReturnType<typeof createExchangeTable>;

export function createExchangeTable(capacity: number) {
  const used = { count: 0, countMax: 0, freeCount: capacity };
  const legs = 2 * capacity;
  // One row per slot.
  const generation = new Int32Array(capacity);
  const isUsed = new Uint8Array(capacity);
  const flow = new Int32Array(capacity);
  /** Of the flow, copied: a plan has many flows, and few exchanges are alive at once. */
  const route = new Int32Array(capacity);
  const service = new Int32Array(capacity);
  /** Of the route: whose connections it may use. */
  const pool = new Int32Array(capacity);
  const source = new Int32Array(capacity);
  const ordinal = new Int32Array(capacity);
  /** Slot of the call that it is an attempt of; -1: of none, -2: its caller no longer listens. */
  const call = new Int32Array(capacity);
  /** Attempts of the call before this one: the fourth argument of `draw`. */
  const retry = new Int32Array(capacity);
  /** Counts exchanges in order of arrival; breaks ties between simultaneous events. */
  const id = new Float64Array(capacity);
  const intendedUs = new Float64Array(capacity);
  const isAttack = new Uint8Array(capacity);
  const clientServer = new Int32Array(capacity);
  /** Row of `candidates`; -1: none yet. */
  const candidate = new Int32Array(capacity);
  const providerServer = new Int32Array(capacity);
  /** Life of the provider's server when the connection was made. */
  const providerEpoch = new Int32Array(capacity);
  const pins = new Uint8Array(capacity);
  const requestBytes = new Float64Array(capacity);
  const responseBytes = new Float64Array(capacity);
  /** Connecting: the addresses left, the attempt under way, the last failed verification. */
  const candidateMask = new Int32Array(capacity);
  const attempt = new Uint8Array(capacity);
  /** Index of the remembered address, while the attempt is to that one. */
  const remembered = new Uint8Array(capacity);
  const tlsCause = new Uint8Array(capacity);
  /** 1: a connection is counted at the client; 2: at the provider's gate too. */
  const connection = new Uint8Array(capacity);
  const deadlineUs = new Float64Array(capacity);
  /** Nothing overtakes on a connection: latest arrival in each direction. */
  const lastOutUs = new Float64Array(capacity);
  const lastBackUs = new Float64Array(capacity);
  const bodyEndUs = new Float64Array(capacity);
  /** Arrival of the response's head at the consumer; -1: not sent. */
  const headUs = new Float64Array(capacity);
  const sentFault = new Uint8Array(capacity);
  /** Row among the kept exchanges; -1: not kept. */
  const kept = new Int32Array(capacity);
  // X-Road's four instants, on both servers.
  const requestInUs = new Float64Array(capacity);
  const requestOutUs = new Float64Array(capacity);
  const responseInUs = new Float64Array(capacity);
  const providerRequestInUs = new Float64Array(capacity);
  const providerRequestOutUs = new Float64Array(capacity);
  const providerResponseInUs = new Float64Array(capacity);
  const providerResponseOutUs = new Float64Array(capacity);
  /** Time in each stage. A stage is passed once; what was not passed is left from before. */
  const clientStageUs = new Float64Array(capacity * CLIENT_STAGES);
  const serverStageUs = new Float64Array(capacity * SERVER_STAGES);
  // One row per leg.
  const stage = new Uint8Array(legs);
  const effect = new Uint8Array(legs);
  /** Changes with every transition: a late completion moves no leg. */
  const sequence = new Int32Array(legs);
  const sinceUs = new Float64Array(legs);
  /** A wire input that came while the leg was not reading; 0: none (no wire input is 0). */
  const mailbox = new Int32Array(legs);
  const waitUs = new Float64Array(legs);
  const serviceUs = new Float64Array(legs);
  const failCause = new Uint8Array(legs);
  /** 1: it has one of the connections of the message log. */
  const holdsLog = new Uint8Array(legs);
  /** Facts that hold, until the response and from then on. */
  const facts = new Int32Array(legs);
  const lateFacts = new Int32Array(legs);
  /** 1: a condition makes one of its effects fail. */
  const mayFail = new Uint8Array(legs);
  const free = new Int32Array(capacity);
  // The lowest slots are taken first, so that a small run stays in the cache.

  /** A fresh slot; -1 when the limit of the run is met. */
  const take = (): number => {
    if (used.freeCount === 0) return -1;
    const slot = free[--used.freeCount];
    used.count++;
    if (used.count > used.countMax) used.countMax = used.count;
    isUsed[slot] = 1;
    candidate[slot] = -1;
    providerServer[slot] = -1;
    tlsCause[slot] = 0;
    requestInUs[slot] = 0;
    connection[slot] = 0;
    lastOutUs[slot] = 0;
    lastBackUs[slot] = 0;
    bodyEndUs[slot] = 0;
    headUs[slot] = -1;
    sentFault[slot] = 0;
    responseBytes[slot] = 0;
    requestOutUs[slot] = 0;
    responseInUs[slot] = 0;
    providerRequestInUs[slot] = 0;
    providerRequestOutUs[slot] = 0;
    providerResponseInUs[slot] = 0;
    providerResponseOutUs[slot] = 0;
    const leg = slot * 2;
    stage[leg] = ClientStage.Waiting;
    // The provider's leg begins when the request part is sent.
    stage[leg + 1] = ServerStage.Closed;
    mailbox[leg] = 0;
    mailbox[leg + 1] = 0;
    holdsLog[leg] = 0;
    holdsLog[leg + 1] = 0;
    return slot;
  };

  /** Gives the slot back if nothing needs it any more. */
  const freeIfDone = (slot: number): void => {
    const leg = slot * 2;
    if (stage[leg] !== ClientStage.Closed) return;
    if (stage[leg + 1] !== ServerStage.Closed) return;
    if (pins[slot] !== 0 || isUsed[slot] === 0) return;
    isUsed[slot] = 0;
    generation[slot]++;
    sequence[leg]++;
    sequence[leg + 1]++;
    used.count--;
    free[used.freeCount++] = slot;
  };

  for (let slot = 0; slot < capacity; slot++) free[slot] = capacity - 1 - slot;
  return {
    used,
    capacity,
    generation,
    isUsed,
    flow,
    route,
    service,
    pool,
    source,
    ordinal,
    call,
    retry,
    id,
    intendedUs,
    isAttack,
    clientServer,
    candidate,
    providerServer,
    providerEpoch,
    pins,
    requestBytes,
    responseBytes,
    candidateMask,
    attempt,
    remembered,
    tlsCause,
    connection,
    deadlineUs,
    lastOutUs,
    lastBackUs,
    bodyEndUs,
    headUs,
    sentFault,
    kept,
    requestInUs,
    requestOutUs,
    responseInUs,
    providerRequestInUs,
    providerRequestOutUs,
    providerResponseInUs,
    providerResponseOutUs,
    clientStageUs,
    serverStageUs,
    stage,
    effect,
    sequence,
    sinceUs,
    mailbox,
    waitUs,
    serviceUs,
    failCause,
    facts,
    lateFacts,
    mayFail,
    holdsLog,
    take,
    freeIfDone,
  };
}
