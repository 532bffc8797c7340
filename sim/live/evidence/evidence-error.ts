/**
 * What is wrong with evidence, in two degrees: it says something that does not hold, or it cannot
 * be read as evidence at all.
 */

/**
 * Evidence does not hold. `code` is how X-Road 7.8 calls it (CO/ErrorCodes); null: X-Road has no
 * name for it.
 */
export class EvidenceError extends Error {
  override name = 'EvidenceError';
  readonly code: string | null;

  constructor(code: string | null, message: string) {
    super(message);
    this.code = code;
  }
}

/** Not a zip, not a container, too large: there is nothing to judge. */
export class UnreadableError extends Error {
  override name = 'UnreadableError';
}
