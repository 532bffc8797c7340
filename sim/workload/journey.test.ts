import fc from 'fast-check';
import { expect, test } from 'vitest';
import { callOrdinal, rowByShare, StepEnd, stepEndOf } from './journey.ts';

const { Open, Done, Lost } = StepEnd;

test.each([
  // needed, waits for all, required, answered, failed, open
  ['all: one is missing', 3, true, 3, 2, 0, 1, Open],
  ['all: complete', 3, true, 3, 3, 0, 0, Done],
  ['all: complete but for one that it can do without', 2, true, 2, 2, 0, 1, Open],
  ['all: one has failed', 3, true, 3, 1, 1, 1, Lost],
  ['any: the first answer is enough', 1, false, 3, 1, 0, 2, Done],
  ['any: two have failed, one is open', 1, false, 3, 0, 2, 1, Open],
  ['any: all have failed', 1, false, 3, 0, 3, 0, Lost],
  ['2 of 4: two answers', 2, false, 4, 2, 1, 1, Done],
  ['2 of 4: three have failed', 2, false, 4, 0, 3, 1, Lost],
  ['chance made fewer than are needed', 3, false, 2, 2, 0, 0, Done],
  ['nothing is required, and something is open', 0, true, 0, 0, 0, 1, Open],
  ['nothing was called', 2, true, 0, 0, 0, 0, Done],
])('%s', (_name, needed, waitsForAll, required, answered, failed, open, expected) => {
  expect(stepEndOf(needed, waitsForAll, required, answered, failed, open)).toBe(expected);
});

test('a step ends, whatever the order of the ends, and lost is for good', () => {
  const ends = fc.array(fc.boolean(), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(ends, fc.integer({ min: 0, max: 12 }), fc.boolean(), (calls, needed, waits) => {
      let [answered, failed] = [0, 0];
      const seen: number[] = [];
      for (const [index, isGood] of calls.entries()) {
        if (isGood) answered++;
        else failed++;
        const open = calls.length - index - 1;
        seen.push(stepEndOf(needed, waits, calls.length, answered, failed, open));
      }
      const enough = calls.filter((isGood) => isGood).length >= Math.min(needed, calls.length);
      expect(seen.at(-1)).toBe(enough ? Done : Lost);
      const over = seen.findIndex((end) => end !== Open);
      expect(new Set(seen.slice(over)).size).toBe(1);
    }),
  );
});

test('calls of one source have numbers of their own', () => {
  const numbers = [0, 1, 2, 3].flatMap((journey) =>
    [0, 1, 2, 3, 4].map((call) => callOrdinal(journey, 5, call)),
  );
  expect(new Set(numbers).size).toBe(20);
});

test('a row by its share', () => {
  const cumulative = Float64Array.of(1, 0.2, 0.5, 1, 1);
  const rows = [0.1, 0.19999, 0.2, 0.49, 0.5, 0.99].map((u) => rowByShare(cumulative, 1, 3, u));
  expect(rows).toEqual([1, 1, 2, 2, 3, 3]);
});
