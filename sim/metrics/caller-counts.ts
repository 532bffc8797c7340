/**
 * What callers tell while a replication runs: the columns of caller-outcome.ts, added up at
 * once. A call counts for the measured part if it was due after the warm-up, and with it all of its
 * attempts and their exchanges; the series begins at 0.
 */
import type { Plan } from '../plan/plan.ts';
import type { CallerOutcome } from './caller-outcome.ts';

export class CallerCounts {
  readonly journeysStarted: Float64Array;
  readonly journeysCompleted: Float64Array;
  readonly journeysFailed: Float64Array;
  readonly journeysGaveUp: Float64Array;
  readonly callsDue: Float64Array;
  readonly callsAnswered: Float64Array;
  readonly callsFaulted: Float64Array;
  readonly callsGaveUp: Float64Array;
  readonly callsNotStarted: Float64Array;
  readonly attemptsStarted: Float64Array;
  readonly attemptsAnswered: Float64Array;
  readonly attemptsFaulted: Float64Array;
  readonly attemptsAbandoned: Float64Array;
  readonly exchangesOffered: Float64Array;
  readonly exchangesSucceeded: Float64Array;
  readonly exchangesFaulted: Float64Array;
  readonly seriesRetries: Float64Array;
  readonly seriesGaveUp: Float64Array;
  readonly seriesAbandoned: Float64Array;
  readonly seriesJourneysFailed: Float64Array;
  readonly #plan: Plan;
  readonly #scopeCount: number;
  readonly #bucketCount: number;
  readonly #flowScope: Int32Array;
  readonly #gaveUpByService: Float64Array;
  readonly #gaveUpByMemberClass: Float64Array;
  readonly #durationSumUs: Float64Array;
  readonly #durationMaxUs: Float64Array;

  constructor(plan: Plan) {
    this.#plan = plan;
    this.#scopeCount = plan.instances.length + 2;
    this.#bucketCount = Math.max(1, Math.ceil(plan.durationUs / plan.seriesBucketUs));
    const scopes = (): Float64Array => new Float64Array(this.#scopeCount);
    this.journeysStarted = scopes();
    this.journeysCompleted = scopes();
    this.journeysFailed = scopes();
    this.journeysGaveUp = scopes();
    this.callsDue = scopes();
    this.callsAnswered = scopes();
    this.callsFaulted = scopes();
    this.callsGaveUp = scopes();
    this.callsNotStarted = scopes();
    this.attemptsStarted = scopes();
    this.attemptsAnswered = scopes();
    this.attemptsFaulted = scopes();
    this.attemptsAbandoned = scopes();
    this.exchangesOffered = scopes();
    this.exchangesSucceeded = scopes();
    this.exchangesFaulted = scopes();
    this.#durationSumUs = scopes();
    this.#durationMaxUs = scopes();
    const rows = (): Float64Array => new Float64Array(this.#bucketCount * this.#scopeCount);
    this.seriesRetries = rows();
    this.seriesGaveUp = rows();
    this.seriesAbandoned = rows();
    this.seriesJourneysFailed = rows();
    this.#gaveUpByService = new Float64Array(plan.services.id.length);
    this.#gaveUpByMemberClass = new Float64Array(plan.memberClasses.length ** 2);
    this.#flowScope = scopesOfFlows(plan);
  }

  /** One more in a column of scopes, of a call of `flow` that was due at `intendedUs`. */
  add(column: Float64Array, flow: number, intendedUs: number): void {
    this.addInScope(column, this.#flowScope[flow], intendedUs);
  }

  /** One more in a column of the series, of a call of `flow`, at `timeUs`. */
  mark(column: Float64Array, flow: number, timeUs: number): void {
    this.#markInScope(column, this.#flowScope[flow], timeUs);
  }

  gaveUp(flow: number, intendedUs: number, timeUs: number): void {
    this.mark(this.seriesGaveUp, flow, timeUs);
    if (intendedUs < this.#plan.warmUpUs) return;
    this.add(this.callsGaveUp, flow, intendedUs);
    const { flows, services, memberClasses } = this.#plan;
    const service = flows.service[flow];
    this.#gaveUpByService[service]++;
    const pair = flows.memberClass[flow] * memberClasses.length + services.memberClass[service];
    this.#gaveUpByMemberClass[pair]++;
  }

  /** People had waited as long as they would for a journey that then failed. */
  journeyGivenUp(instance: number, intendedUs: number): void {
    this.addInScope(this.journeysGaveUp, 1 + instance, intendedUs);
  }

  journeyEnded(isComplete: boolean, instance: number, intendedUs: number, endUs: number): void {
    const scope = 1 + instance;
    if (!isComplete) {
      this.addInScope(this.journeysFailed, scope, intendedUs);
      this.#markInScope(this.seriesJourneysFailed, scope, endUs);
      return;
    }
    this.addInScope(this.journeysCompleted, scope, intendedUs);
    if (intendedUs < this.#plan.warmUpUs) return;
    const lastedUs = endUs - intendedUs;
    for (const row of [0, scope]) {
      this.#durationSumUs[row] += lastedUs;
      this.#durationMaxUs[row] = Math.max(this.#durationMaxUs[row], lastedUs);
    }
  }

  addInScope(column: Float64Array, scope: number, intendedUs: number): void {
    if (intendedUs < this.#plan.warmUpUs) return;
    column[0]++;
    column[scope]++;
  }

  #markInScope(column: Float64Array, scope: number, timeUs: number): void {
    // What ends a moment after the run, such as the last hop, belongs to the last bucket.
    const bucket = Math.floor(timeUs / this.#plan.seriesBucketUs);
    const row = Math.min(this.#bucketCount - 1, bucket) * this.#scopeCount;
    column[row]++;
    column[row + scope]++;
  }

  outcome(): CallerOutcome {
    return {
      journeys: {
        started: this.journeysStarted,
        completed: this.journeysCompleted,
        failed: this.journeysFailed,
        gaveUp: this.journeysGaveUp,
        openAtEnd: less(this.journeysStarted, this.journeysCompleted, this.journeysFailed),
      },
      calls: {
        due: this.callsDue,
        answered: this.callsAnswered,
        faulted: this.callsFaulted,
        gaveUp: this.callsGaveUp,
        notStarted: this.callsNotStarted,
        openAtEnd: less(
          this.callsDue,
          this.callsAnswered,
          this.callsFaulted,
          this.callsGaveUp,
          this.callsNotStarted,
        ),
      },
      attempts: {
        started: this.attemptsStarted,
        answered: this.attemptsAnswered,
        faulted: this.attemptsFaulted,
        abandonedByClient: this.attemptsAbandoned,
        openAtEnd: less(
          this.attemptsStarted,
          this.attemptsAnswered,
          this.attemptsFaulted,
          this.attemptsAbandoned,
        ),
      },
      exchanges: {
        offered: this.exchangesOffered,
        succeeded: this.exchangesSucceeded,
        faulted: this.exchangesFaulted,
        inFlightAtEnd: less(this.exchangesOffered, this.exchangesSucceeded, this.exchangesFaulted),
      },
      gaveUpByService: this.#gaveUpByService,
      gaveUpByMemberClass: this.#gaveUpByMemberClass,
      journeyDuration: { sumUs: this.#durationSumUs, maxUs: this.#durationMaxUs },
      series: {
        retries: this.seriesRetries,
        gaveUp: this.seriesGaveUp,
        abandoned: this.seriesAbandoned,
        journeysFailed: this.seriesJourneysFailed,
      },
    };
  }
}

/** What is left of a column when the others are taken away. */
function less(whole: Float64Array, ...parts: readonly Float64Array[]): Float64Array {
  return whole.map((count, row) => parts.reduce((rest, part) => rest - part[row], count));
}

/** As in metrics/outcome.ts: the instance of both, or across the border. */
function scopesOfFlows({ flows, services, instances }: Plan): Int32Array {
  return flows.clientInstance.map((instance, flow) =>
    instance === services.instance[flows.service[flow]] ? 1 + instance : instances.length + 1,
  );
}
