/**
 * How many replications a run has, told from those that are done. They end in any order, on any
 * number of workers; the rule is asked in replication order only, so that a run stops at the same
 * one every time, and what was begun beyond it in the meantime is dropped.
 */
import { assert } from '../base/assert.ts';
import { findMetric } from '../metrics/metric.ts';
import type { ReplicationOutcome } from '../metrics/outcome.ts';
import { PrecisionRule } from '../metrics/precision.ts';
import { totalsOf } from '../metrics/totals.ts';
import type { Plan } from '../plan/plan.ts';

export class StoppingPoint {
  readonly #plan: Plan;
  readonly #rule: PrecisionRule | null;
  /** By replication: the values of the metrics; null: it could not be finished. */
  readonly #ended = new Map<number, readonly (number | null)[] | null>();
  #asked = 0;

  constructor(plan: Plan) {
    this.#plan = plan;
    this.#rule = plan.precision === null ? null : new PrecisionRule(plan.precision);
  }

  /** A replication that is done. */
  done(outcome: ReplicationOutcome): void {
    const names = this.#plan.precision?.metrics ?? [];
    const totals = totalsOf(outcome);
    const values = names.map((name) => {
      const metric = findMetric(name);
      assert(metric !== null, `no metric is called ${name}`);
      return metric.measure(this.#plan, totals, 0);
    });
    this.#end(outcome.replicationIndex, values);
  }

  /** A replication that was given up. It is missing, and the rule goes on without it. */
  gaveUp(replicationIndex: number): void {
    this.#end(replicationIndex, null);
  }

  /** Replications that belong to the run: those below this number. */
  get count(): number {
    return this.#rule !== null && this.#rule.isMet ? this.#asked : this.#plan.replications;
  }

  #end(replicationIndex: number, values: readonly (number | null)[] | null): void {
    this.#ended.set(replicationIndex, values);
    if (this.#rule === null) return;
    for (let next = this.#ended.get(this.#asked); next !== undefined && !this.#rule.isMet;) {
      if (next !== null) this.#rule.add(next);
      this.#ended.delete(this.#asked);
      this.#asked++;
      next = this.#ended.get(this.#asked);
    }
  }
}
