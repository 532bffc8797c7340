/**
 * A resource of each server with a number of places and a queue: request threads, connections of
 * the message log. A place that is given back goes to the head of the queue at once.
 */
import type { RunState } from './state.ts';

export type Capacity = ReturnType<typeof createCapacity>;

export function createCapacity(state: RunState, capacity: Int32Array, firstQueue: number) {
  const busyCount = new Int32Array(capacity.length);
  /** Place-microseconds in use since the warm-up. */
  const busyUs = new Float64Array(capacity.length);
  const changedUs = new Float64Array(capacity.length);

  /** Takes a place if one is free and nobody waits; else the leg joins the queue. */
  const request = (server: number, leg: number): boolean => {
    if (busyCount[server] < capacity[server]) {
      account(server);
      busyCount[server]++;
      return true;
    }
    state.enqueue(firstQueue + server, leg);
    return false;
  };

  /** Gives a place back; the leg that now has it, or -1. */
  const release = (server: number): number => {
    const next = state.queues.shift(firstQueue + server);
    if (next !== -1) return next;
    account(server);
    busyCount[server]--;
    return -1;
  };

  /** The process has died: nobody holds a place any more. */
  const reset = (server: number): void => {
    account(server);
    busyCount[server] = 0;
  };

  /** Begins the measured part anew. */
  const restart = (): void => {
    for (let server = 0; server < busyUs.length; server++) {
      account(server);
      busyUs[server] = 0;
    }
  };

  /** Brings the sums up to the present. */
  const settle = (): void => {
    for (let server = 0; server < busyUs.length; server++) account(server);
  };

  const account = (server: number): void => {
    const { nowUs } = state;
    busyUs[server] += busyCount[server] * (nowUs - changedUs[server]);
    changedUs[server] = nowUs;
  };

  return { busyCount, busyUs, request, release, reset, restart, settle };
}
