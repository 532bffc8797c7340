/**
 * The trust clocks of all servers: until when each runs, in true time, and the intervals in which
 * one had run out. Reading one is a comparison; an interval is found when a clock is wound again,
 * so that running out needs no event.
 */
import { TrustClock, TRUST_CLOCKS } from '../metrics/trust-outcome.ts';
import type { TrustIntervalColumns } from '../metrics/trust-outcome.ts';
import type { Plan } from '../plan/plan.ts';

/** Intervals that are kept; beyond that they are only counted. */
const INTERVALS_MAX = 20_000;

interface Interval {
  readonly row: number;
  readonly fromUs: number;
  readonly toUs: number;
  readonly isOpen: boolean;
}

export class TrustClocks {
  /** Row `server * width + TrustClock`; foreign configurations follow, one column an instance. */
  readonly untilUs: Float64Array;
  readonly width: number;
  /** Where a clock was wound to a date that is already past: since when it has run out. */
  readonly #sinceUs: Float64Array;
  readonly #intervals: Interval[] = [];
  #missedCount = 0;

  constructor({ servers, instances }: Plan) {
    this.width = TRUST_CLOCKS.length + instances.length;
    this.untilUs = new Float64Array(servers.id.length * this.width).fill(Infinity);
    this.#sinceUs = new Float64Array(this.untilUs.length).fill(NaN);
  }

  rowOf(server: number, clock: number): number {
    return server * this.width + clock;
  }

  /** The clock of the configuration of an instance, at a server of `own`. */
  confRowOf(server: number, instance: number, own: number): number {
    const clock = instance === own ? TrustClock.OwnConfiguration : TRUST_CLOCKS.length + instance;
    return server * this.width + clock;
  }

  hasRunOut(row: number, nowUs: number): boolean {
    return this.untilUs[row] <= nowUs;
  }

  /** From `nowUs` on it runs until `untilUs`; a date in the past stops it now. */
  wind(row: number, untilUs: number, nowUs: number): void {
    const hadRunOut = this.untilUs[row] <= nowUs;
    const sinceUs = Number.isNaN(this.#sinceUs[row]) ? this.untilUs[row] : this.#sinceUs[row];
    const isOut = untilUs <= nowUs;
    if (hadRunOut && !isOut) this.#add(row, sinceUs, nowUs, false);
    if (!isOut) this.#sinceUs[row] = NaN;
    else this.#sinceUs[row] = hadRunOut ? sinceUs : nowUs;
    this.untilUs[row] = untilUs;
  }

  /** Any clock but those of foreign configurations: without one of these a server serves nobody. */
  hasStopped(server: number, nowUs: number): boolean {
    const from = server * this.width;
    for (let clock = 0; clock < TRUST_CLOCKS.length; clock++) {
      if (this.untilUs[from + clock] <= nowUs) return true;
    }
    return false;
  }

  /** In the order in which they began. */
  columns(endUs: number): TrustIntervalColumns {
    for (let row = 0; row < this.untilUs.length; row++) {
      if (this.untilUs[row] > endUs) continue;
      const sinceUs = Number.isNaN(this.#sinceUs[row]) ? this.untilUs[row] : this.#sinceUs[row];
      this.#add(row, sinceUs, endUs, true);
    }
    const rows = this.#intervals.toSorted((a, b) => a.fromUs - b.fromUs || a.row - b.row);
    const clocks = rows.map(({ row }) => row % this.width);
    const known = TRUST_CLOCKS.length;
    return {
      server: Int32Array.from(rows, ({ row }) => Math.floor(row / this.width)),
      clock: Uint8Array.from(clocks, (clock) =>
        clock < known ? clock : TrustClock.ForeignConfiguration,
      ),
      foreignInstance: Int32Array.from(clocks, (clock) => (clock < known ? -1 : clock - known)),
      fromUs: Float64Array.from(rows, ({ fromUs }) => fromUs),
      toUs: Float64Array.from(rows, ({ toUs }) => toUs),
      isOpen: Uint8Array.from(rows, ({ isOpen }) => Number(isOpen)),
      missedCount: this.#missedCount,
    };
  }

  #add(row: number, fromUs: number, toUs: number, isOpen: boolean): void {
    if (toUs <= fromUs) return;
    if (this.#intervals.length === INTERVALS_MAX) this.#missedCount++;
    else this.#intervals.push({ row, fromUs: Math.max(0, fromUs), toUs, isOpen });
  }
}
