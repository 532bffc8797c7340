/**
 * Batch signing: which waiting signatures share an operation of the token.
 * Source: PX/signature/BatchSigner, SG/tokenmanager/token/BlockingTokenWorker (facts 2.7).
 *
 *  - One worker for each signing certificate. It takes the first request of its queue and, where
 *    the token allows batches, everything else that waits: there is no upper bound.
 *  - One operation at a time for a token, whatever member it is for.
 *  - A request that has waited longer than the signer's time-out is skipped; its caller has gone.
 */

/** How many of the waiting requests the next operation takes. */
export function batchSize(waitingCount: number, batchesAllowed: boolean): number {
  return batchesAllowed ? waitingCount : Math.min(1, waitingCount);
}

export function isExpired(waitedUs: number, timeoutUs: number): boolean {
  return waitedUs >= timeoutUs;
}
