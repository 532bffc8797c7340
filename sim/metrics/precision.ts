/**
 * How many replications are enough, by the rule of Hoad, Robinson and Davies ("Automated selection
 * of the number of replications for a discrete-event simulation", Journal of the Operational
 * Research Society 61, 2010).
 *
 * After n replications the precision of a metric is d(n): the half-width of the confidence interval
 * of its mean, as a share of the mean. The first n with d(n) at or below what is asked is only a
 * candidate, since few replications may agree by chance: the precision has to hold through the next
 * k replications, too, where k is 5, and n / 20 beyond 100. Then the rule stops; if it is lost on
 * the way, the next n that has it is the new candidate. Of several metrics all have to hold.
 *
 * The rule is asked in replication order, so neither the number of workers nor their speed can
 * change where it stops. All replications up to there count, those of the look-ahead included:
 * they are as good as the rest, and the precision was found to hold with them.
 */
import { assert } from '../base/assert.ts';
import { studentTQuantile } from '../base/student-t.ts';
import type { PrecisionDocument } from '../plan/document.ts';

const LOOK_AHEAD = 5;
/** Beyond it the look-ahead grows with the number of replications. */
const LOOK_AHEAD_GROWS_FROM = 100;
/** The paper begins at three; two values agree too easily. */
export const REPLICATIONS_MIN = 3;

export interface PrecisionState {
  /** Replications that were judged. */
  readonly count: number;
  /** The first n from which on the precision held; null: it does not hold now. */
  readonly needed: number | null;
  /** It held through the look-ahead. */
  readonly isMet: boolean;
  /** By metric: d(count); null: there is no mean to compare the half-width with. */
  readonly reached: Readonly<Record<string, number | null>>;
}

export class PrecisionRule {
  readonly #asked: PrecisionDocument;
  readonly #means: readonly RunningMean[];
  #count = 0;
  #needed: number | null = null;

  constructor(asked: PrecisionDocument) {
    this.#asked = asked;
    this.#means = asked.metrics.map(() => new RunningMean());
  }

  /** The next replication in order, with a value for each metric; null where it has none. */
  add(values: readonly (number | null)[]): void {
    assert(values.length === this.#means.length, 'one value a metric');
    assert(!this.isMet, 'the rule has stopped');
    this.#count++;
    this.#means.forEach((mean, row) => mean.add(values[row]));
    const isPrecise =
      this.#count >= Math.max(REPLICATIONS_MIN, this.#asked.replicationsMin) &&
      this.#means.every((mean) => {
        const reached = mean.precision(this.#asked.confidence);
        return reached !== null && reached <= this.#asked.relativeHalfWidth;
      });
    if (!isPrecise) this.#needed = null;
    else this.#needed ??= this.#count;
  }

  get isMet(): boolean {
    return this.#needed !== null && this.#count - this.#needed >= lookAhead(this.#needed);
  }

  get state(): PrecisionState {
    const reached = this.#asked.metrics.map((name, row) => [
      name,
      this.#means[row].precision(this.#asked.confidence),
    ]);
    return {
      count: this.#count,
      needed: this.#needed,
      isMet: this.isMet,
      reached: Object.fromEntries(reached) as PrecisionState['reached'],
    };
  }
}

/** How many replications after the n-th the precision has to hold. */
export function lookAhead(n: number): number {
  return Math.floor((LOOK_AHEAD * Math.max(n, LOOK_AHEAD_GROWS_FROM)) / LOOK_AHEAD_GROWS_FROM);
}

/** Mean and sum of squares, a value at a time (Welford 1962). */
class RunningMean {
  #count = 0;
  #mean = 0;
  #squares = 0;
  #isMissing = false;

  add(value: number | null): void {
    // A replication without the value leaves out the worst or the best ones, so that the mean of
    // the others would be of something else.
    if (value === null) {
      this.#isMissing = true;
      return;
    }
    this.#count++;
    const change = value - this.#mean;
    this.#mean += change / this.#count;
    this.#squares += change * (value - this.#mean);
  }

  /** Half-width as a share of the mean; 0 where all values are equal, 0 included. */
  precision(level: number): number | null {
    if (this.#isMissing || this.#count < 2) return null;
    if (this.#squares === 0) return 0;
    if (this.#mean === 0) return null;
    const degrees = this.#count - 1;
    const t = studentTQuantile((1 + level) / 2, degrees);
    return (t * Math.sqrt(this.#squares / degrees / this.#count)) / Math.abs(this.#mean);
  }
}
