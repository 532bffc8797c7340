/**
 * How a consumer's server picks a server of the provider and connects: cached winner, race, retry.
 * Source: FastestConnectionSelectingSSLSocketFactory and FastestSocketSelector (facts 2.5).
 *
 *  - One address: an ordinary connect.
 *  - Two or more: the winner of the last race, if it is remembered, gets a connect of its own with
 *    a time-out of 5 s; if that fails it is forgotten and the others are raced.
 *  - A race connects to all and takes the first TCP connect that completes: load does not count.
 *  - A winner that fails TLS or verification is removed and the rest is raced again, with a
 *    time-out of the larger of 5 s and half the client time-out.
 *
 *    31                          8 7        4 3         0
 *   +-----------------------------+----------+-----------+
 *   |              0              |   mode   |  limit    |   an attempt; the mask is apart
 *   +-----------------------------+----------+-----------+
 */
import { Cause } from './fault.ts';

/** Which time-out bounds the TCP connect. */
export const ConnectLimit = { Full: 0, Cached: 1, Again: 2 } as const;

export const ConnectMode = {
  /** Nobody is left: the connection has failed. */
  None: 0,
  /** An ordinary connect to the only address of the mask. */
  Single: 1,
  /** To the remembered winner. */
  Remembered: 2,
  Race: 3,
} as const;

export const modeOf = (attempt: number): number => attempt >> 4;
export const limitOf = (attempt: number): number => attempt & 15;

const attemptOf = (mode: number, limit: number): number => (mode << 4) | limit;

/** The first attempt over `mask`, a bit for each address; `remembered` is an index or -1. */
export function firstAttempt(mask: number, remembered: number): number {
  if (mask === 0) return attemptOf(ConnectMode.None, ConnectLimit.Full);
  if ((mask & (mask - 1)) === 0) return attemptOf(ConnectMode.Single, ConnectLimit.Full);
  if (remembered >= 0 && (mask & (1 << remembered)) !== 0) {
    return attemptOf(ConnectMode.Remembered, ConnectLimit.Cached);
  }
  return attemptOf(ConnectMode.Race, ConnectLimit.Full);
}

/** The addresses that `attempt` connects to. */
export function maskOfAttempt(attempt: number, mask: number, remembered: number): number {
  return modeOf(attempt) === ConnectMode.Remembered ? 1 << remembered : mask;
}

/** After no TCP connect completed: what is left to try. */
export function maskAfterSilence(attempt: number, mask: number, remembered: number): number {
  return modeOf(attempt) === ConnectMode.Remembered ? mask & ~(1 << remembered) : 0;
}

/** The next attempt after a failure left `mask`; a race even for a single address. */
export function nextAttempt(mask: number, wasTls: boolean): number {
  if (mask === 0) return attemptOf(ConnectMode.None, ConnectLimit.Full);
  return attemptOf(ConnectMode.Race, wasTls ? ConnectLimit.Again : ConnectLimit.Full);
}

/** Microseconds that bound the TCP connect of an attempt. */
export function limitUs(limit: number, clientTimeoutUs: number, cachedUs: number): number {
  if (limit === ConnectLimit.Cached) return cachedUs;
  if (limit === ConnectLimit.Again) return Math.max(cachedUs, Math.floor(clientTimeoutUs / 2));
  return clientTimeoutUs;
}

/**
 * Why connecting failed when nobody is left. One address: as Java's exception says, refused is
 * network_error and a time-out io_error. Several: "Could not connect to any target host" is
 * network_error; after a failed verification its cause counts.
 */
export function failureCause(isSingle: boolean, timedOut: boolean, tlsCause: number): number {
  if (tlsCause !== Cause.None) return tlsCause;
  return isSingle && timedOut ? Cause.IoError : Cause.NetworkError;
}
