/**
 * Chance for tests of statistics, equal in every run and different for each name. It is not the
 * engine's: a test of coverage should not hang on the generator whose use it judges.
 */

/** Draws in [0, 1) by mulberry32, whose state is one word that grows by a constant. */
export function drawsOf(name: string): () => number {
  let state = 0;
  for (let at = 0; at < name.length; at++) state = Math.imul(state, 31) + name.charCodeAt(at);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
