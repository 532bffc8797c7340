/**
 * Chance of a generated country: keyed by the names of the things it is about, so that one more
 * member or service leaves every other choice as it was. The seed of the run plays no part: all
 * seeds run through the same country, and two scenarios can be compared on it.
 */
import { draw, hashText } from '../base/random.ts';

/** What a draw is for; the keys are names of this room, so the engines' purposes do not collide. */
export const Choice = {
  CallCount: 0,
  Service: 1,
  Kind: 2,
  Home: 3,
  Consumer: 4,
  Border: 5,
} as const;
export type Choice = (typeof Choice)[keyof typeof Choice];

export type Chance = (choice: Choice, ordinal: number) => number;

/** Draws in (0, 1) for one named thing. */
export function chanceOf(name: string): Chance {
  const [key0, key1] = hashText(`population/${name}`);
  return (choice, ordinal) => draw(key0, key1, ordinal, 0, choice);
}

/** Running sums of weights, to choose by: the last is the sum. */
export function runningSums(weights: readonly number[]): Float64Array {
  const sums = new Float64Array(weights.length);
  let sum = 0;
  for (let index = 0; index < weights.length; index++) {
    sum += weights[index];
    sums[index] = sum;
  }
  return sums;
}

/** The index whose stretch of the running sums holds `u` of the whole. */
export function chooseBy(sums: Float64Array, u: number): number {
  const wanted = u * sums[sums.length - 1];
  let low = 0;
  let high = sums.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sums[middle] > wanted) high = middle;
    else low = middle + 1;
  }
  return low;
}
