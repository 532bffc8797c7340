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
/**
 * Those among them of peers' limits: there may be one a fetch and a server, and they must not take
 * the room of clocks that stop a server.
 */
const PEER_INTERVALS_MAX = 10_000;

interface Interval {
  readonly row: number;
  readonly fromUs: number;
  readonly toUs: number;
  readonly isOpen: boolean;
}

export class TrustClocks {
  /**
   * Row `server * width + TrustClock`; then come foreign configurations, one column an instance,
   * and answers by the limits of foreign instances, again one column each.
   */
  readonly untilUs: Float64Array;
  readonly width: number;
  /** The first column of the peers' limits. */
  readonly #peerFrom: number;
  /** Where a clock was wound to a date that is already past: since when it has run out. */
  readonly #sinceUs: Float64Array;
  readonly #intervals: Interval[] = [];
  #peerCount = 0;
  #missedCount = 0;

  constructor({ servers, instances }: Plan) {
    this.#peerFrom = TRUST_CLOCKS.length + instances.length;
    this.width = this.#peerFrom + instances.length;
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

  /** The clock of a server's OCSP answers by the limit of a foreign instance. */
  peerRowOf(server: number, verifier: number): number {
    return server * this.width + this.#peerFrom + verifier;
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

  /** Any clock of its own: without one of these a server serves nobody, beyond a border or not. */
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
    const columns = rows.map(({ row }) => row % this.width);
    return {
      server: Int32Array.from(rows, ({ row }) => Math.floor(row / this.width)),
      clock: Uint8Array.from(columns, (column) => this.#clockOf(column)),
      foreignInstance: Int32Array.from(columns, (column) => this.#foreignOf(column)),
      fromUs: Float64Array.from(rows, ({ fromUs }) => fromUs),
      toUs: Float64Array.from(rows, ({ toUs }) => toUs),
      isOpen: Uint8Array.from(rows, ({ isOpen }) => Number(isOpen)),
      missedCount: this.#missedCount,
    };
  }

  #clockOf(column: number): number {
    if (column < TRUST_CLOCKS.length) return column;
    return column < this.#peerFrom ? TrustClock.ForeignConfiguration : TrustClock.PeerOcsp;
  }

  /** -1: none, the clock is of the server alone. */
  #foreignOf(column: number): number {
    if (column < TRUST_CLOCKS.length) return -1;
    return column - (column < this.#peerFrom ? TRUST_CLOCKS.length : this.#peerFrom);
  }

  #add(row: number, fromUs: number, toUs: number, isOpen: boolean): void {
    if (toUs <= fromUs) return;
    const isPeers = row % this.width >= this.#peerFrom;
    const hasRoom = !isPeers || this.#peerCount < PEER_INTERVALS_MAX;
    if (this.#intervals.length === INTERVALS_MAX || !hasRoom) {
      this.#missedCount++;
      return;
    }
    if (isPeers) this.#peerCount++;
    this.#intervals.push({ row, fromUs: Math.max(0, fromUs), toUs, isOpen });
  }
}
