/**
 * AntiDos, the only gate of X-Road against floods: port 5500, by connections, not by requests.
 * Source: PX/antidos, CFG/proxy.ini [anti-dos] (facts 12.2).
 *
 *  - At most `max` connections at once; more wait, accepted, in one queue for each partner. All
 *    addresses that no configuration knows are one partner together.
 *  - When one may go on, the partner that has waited longest sends its oldest connection, and goes
 *    to the end: round robin, so a flooding partner cannot starve the others.
 *  - If file handles are short at that moment, the connection is closed without an answer.
 */
export const Gate = { Pass: 0, Wait: 1, Close: 2 } as const;

export function judgeConnection(
  open: number,
  max: number,
  freeHandles: number,
  freeHandlesMin: number,
): number {
  if (open >= max) return Gate.Wait;
  return freeHandles < freeHandlesMin ? Gate.Close : Gate.Pass;
}
