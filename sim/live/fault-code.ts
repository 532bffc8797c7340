/**
 * A fault code as text, read back: a peer's code is relayed unchanged, so a consumer's server must
 * know it in the spelling of either version (facts 0.1).
 */
import { Cause, faultOf, FAULTS, Prefix } from '../protocol/fault.ts';

export interface ReadFault {
  readonly fault: number;
  /** A version that spells so. */
  readonly version: number;
}

const NEW_SPELLING = 70_800;
const OLD_SPELLING = 70_700;

const BY_CODE = new Map<string, ReadFault>();
for (const { fault, code, code77 } of FAULTS) {
  // Two faults of one spelling are the same to whoever reads it: the first stands for both.
  if (!BY_CODE.has(code)) BY_CODE.set(code, { fault, version: NEW_SPELLING });
  if (!BY_CODE.has(code77)) BY_CODE.set(code77, { fault, version: OLD_SPELLING });
}

/** A code that nobody knows is relayed like any other; it counts as the peer's internal error. */
export function readFaultCode(code: string): ReadFault {
  const unknown = {
    fault: faultOf(Prefix.ServerProxy, Cause.InternalError),
    version: code.startsWith('Server.') ? OLD_SPELLING : NEW_SPELLING,
  };
  return BY_CODE.get(code) ?? unknown;
}
