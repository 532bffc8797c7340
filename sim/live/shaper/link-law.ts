/**
 * What a link does to a message, in microseconds: the law of the virtual engine (engine/state.ts),
 * which link-law.test.ts holds this file to. The live engine may not import the other, and a link
 * must mean the same to both.
 *
 * Chance comes in as `u`, a draw in (0, 1), so that nothing here has a state.
 */

/** First retransmission of a lost SYN, doubling: RFC 6298 section 2. */
const SYN_RETRANSMIT_US = 1e6;
/** First retransmission of data and the largest step (Linux TCP_RTO_MIN, TCP_RTO_MAX). */
const RTO_US = 200_000;
const RTO_MAX_US = 120e6;
/** Linux gives up after 15 retransmissions: 924.6 s (tcp_retries2). */
export const GIVE_UP_US = 924_600_000;
const SEGMENT_BYTES = 1460;
/** Linux sends a SYN again six times (tcp_syn_retries), and waits once more after the last. */
export const SYN_TRIES_MAX = 7;
const RETRANSMISSIONS_MAX = 12;

/** What exponential jitter of this mean adds to the delay of a packet. */
export function jitterOf(jitterUs: number, u: number): number {
  return jitterUs === 0 ? 0 : Math.round(-jitterUs * Math.log(u));
}

/** How many SYN packets are lost before one comes through, answer included. */
export function synLossCount(lossOut: number, lossBack: number, u: number): number {
  const loss = 1 - (1 - lossOut) * (1 - lossBack);
  if (loss === 0) return 0;
  let chance = loss;
  let lostCount = 0;
  for (; u < chance && lostCount < SYN_TRIES_MAX; chance *= loss) lostCount++;
  return lostCount;
}

/** When the SYN after `lostCount` lost ones is sent, counted from the first. */
export function synTryUs(lostCount: number): number {
  return (2 ** lostCount - 1) * SYN_RETRANSMIT_US;
}

/**
 * How often a message of so many bytes waits for a retransmission. It only grows with the bytes,
 * so a message may be handed over in pieces and asked about after each, with the same `u`.
 */
export function retransmissionsOf(loss: number, bytes: number, u: number): number {
  if (loss === 0) return 0;
  const segments = Math.max(1, Math.ceil(bytes / SEGMENT_BYTES));
  let chance = 1 - (1 - loss) ** segments;
  let count = 0;
  for (; u < chance && count < RETRANSMISSIONS_MAX; chance *= loss) count++;
  return count;
}

/** What one retransmission costs on a link with this delay. */
export function retransmissionUs(delayUs: number): number {
  return Math.max(2 * delayUs, RTO_US);
}

/** TCP's first try at or after `healedUs` of a segment sent at `sentUs`, doubling steps. */
export function nextTryUs(sentUs: number, healedUs: number): number {
  let tryUs = sentUs;
  let stepUs = RTO_US;
  while (tryUs < healedUs) {
    tryUs += stepUs;
    stepUs = Math.min(2 * stepUs, RTO_MAX_US);
  }
  return tryUs;
}
