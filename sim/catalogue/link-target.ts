/**
 * Targets of incidents on links:
 *
 *    EE->FI      what EE sends to FI; with `oneWay` the same
 *    EE<->FI     both directions; with `oneWay` the first
 *    EE/ss1      everything to and from a server, or inside and around an instance; with `oneWay`
 *                what it sends
 */
export interface LinkTarget {
  readonly from: string;
  /** Null: everywhere. */
  readonly to: string | null;
  readonly isBothWays: boolean;
}

/** Null: it is none. */
export function parseLinkTarget(target: string): LinkTarget | null {
  const parts = /^\s*([^<>\s-][^<>\s]*?)\s*(?:(<->|->)\s*([^<>\s]+)\s*)?$/.exec(target);
  if (parts === null) return null;
  const [, from, arrow, to] = parts;
  if (arrow === undefined) return { from, to: null, isBothWays: true };
  return { from, to, isBothWays: arrow === '<->' };
}
