/**
 * The name that somebody probably meant: the known one with the smallest edit distance, where a
 * swap of neighbours counts as one edit (optimal string alignment) and case counts for nothing.
 */

/** The closest of the known names, the first of equals; null when none is close enough to be it. */
export function nearest(name: string, known: Iterable<string>): string | null {
  const word = name.toLowerCase();
  let found: string | null = null;
  // A third of the letters may be wrong, but two always: short names are easily mistyped, too.
  let best = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(word, candidate.toLowerCase(), best);
    if (distance >= best || distance >= word.length) continue;
    best = distance;
    found = candidate;
  }
  return found;
}

/** `did you mean "..."?`, or null when nothing known is close. */
export function didYouMean(name: string, known: Iterable<string>): string | null {
  const found = nearest(name, known);
  return found === null ? null : `did you mean "${found}"?`;
}

/** Edits from one word to the other; `limit` or more is answered as `limit`. */
export function editDistance(from: string, to: string, limit = Infinity): number {
  if (Math.abs(from.length - to.length) >= limit) return limit;
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    let least = row;
    for (let column = 1; column <= to.length; column++) {
      const isSame = from[row - 1] === to[column - 1];
      let distance = Math.min(
        last[column] + 1,
        current[column - 1] + 1,
        last[column - 1] + (isSame ? 0 : 1),
      );
      const isSwap =
        row > 1 &&
        column > 1 &&
        from[row - 1] === to[column - 2] &&
        from[row - 2] === to[column - 1];
      if (isSwap) distance = Math.min(distance, beforeLast[column - 2] + 1);
      current.push(distance);
      least = Math.min(least, distance);
    }
    // No later row can be smaller than the smallest of this one by more than a swap's worth.
    if (least > limit) return limit;
    beforeLast = last;
    last = current;
  }
  return Math.min(limit, last[to.length]);
}
