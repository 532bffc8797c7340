/**
 * What the engine tells while a replication runs, added up at once into fixed tables. It is told,
 * it does not look. A call counts for the measured part if it was due after the warm-up; the
 * series begins at 0.
 */
import { bucketCount, bucketOf, Histogram } from '../base/histogram.ts';
import type { Plan } from '../plan/plan.ts';
import { FAULT_KEYS, SCOPE_BITS, SMALL_BITS } from './outcome.ts';
import type {
  GroupOutcome,
  HistogramColumns,
  ScopeOutcome,
  SeriesOutcome,
  SmallHistograms,
} from './outcome.ts';

const SMALL_BUCKETS = bucketCount(SMALL_BITS);

export class Recorder {
  readonly scopeCount: number;
  readonly attack = { requests: 0, refused: 0, served: 0 };
  /** Per server: exchanges it took part in, faults it raised, busy core-microseconds. */
  readonly exchanges: Float64Array;
  readonly faults: Float64Array;
  readonly cpuBusyUs: Float64Array;
  readonly cpuWaitMaxUs: Float64Array;
  readonly stageClientUs: Float64Array;
  readonly stageServerUs: Float64Array;
  stageCount = 0;
  readonly queueLength: Float64Array;
  readonly refusingServers: Float64Array;
  readonly #plan: Plan;
  readonly #bucketUs: number;
  readonly #bucketCount: number;
  #bucketRow = 0;
  #bucketEndUs = 0;
  readonly #due: Float64Array;
  readonly #answered: Float64Array;
  readonly #faulted: Float64Array;
  readonly #notStarted: Float64Array;
  readonly #faultsByScope: Float64Array;
  readonly #latency: Histogram[];
  readonly #services: Group;
  readonly #classes: Group;
  readonly #serverLatency: SmallHistograms;
  readonly #flowScope: Int32Array;
  readonly #flowClass: Int32Array;
  readonly #offered: Float64Array;
  readonly #seriesAnswered: Float64Array;
  readonly #seriesFaulted: Float64Array;
  readonly #seriesAttack: Float64Array;
  readonly #seriesLatency: SmallHistograms;
  readonly #seriesCpuUs: Float64Array;
  /** bucket, scope, fault key packed -> count. */
  readonly #seriesFaults = new Map<number, number>();

  constructor(plan: Plan) {
    this.#plan = plan;
    const instanceCount = plan.instances.length;
    this.scopeCount = instanceCount + 2;
    const serverCount = plan.servers.id.length;
    this.exchanges = new Float64Array(serverCount);
    this.faults = new Float64Array(serverCount);
    this.cpuBusyUs = new Float64Array(serverCount);
    this.cpuWaitMaxUs = new Float64Array(serverCount);
    this.stageClientUs = new Float64Array(16);
    this.stageServerUs = new Float64Array(16);
    this.#bucketUs = plan.seriesBucketUs;
    this.#bucketCount = Math.max(1, Math.ceil(plan.durationUs / plan.seriesBucketUs));
    const rows = this.#bucketCount * this.scopeCount;
    this.#due = new Float64Array(this.scopeCount);
    this.#answered = new Float64Array(this.scopeCount);
    this.#faulted = new Float64Array(this.scopeCount);
    this.#notStarted = new Float64Array(this.scopeCount);
    this.#faultsByScope = new Float64Array(this.scopeCount * FAULT_KEYS);
    this.#latency = Array.from({ length: this.scopeCount }, () => new Histogram(SCOPE_BITS));
    this.#services = new Group(plan.services.id.length);
    this.#classes = new Group(plan.memberClasses.length ** 2);
    this.#serverLatency = smallHistograms(serverCount);
    this.#offered = new Float64Array(rows);
    this.#seriesAnswered = new Float64Array(rows);
    this.#seriesFaulted = new Float64Array(rows);
    this.#seriesAttack = new Float64Array(rows);
    this.#seriesLatency = smallHistograms(rows);
    this.#seriesCpuUs = new Float64Array(rows);
    this.queueLength = new Float64Array(rows);
    this.refusingServers = new Float64Array(rows);
    this.beginBucket(0);
    const { flows, services } = plan;
    const flowCount = flows.service.length;
    this.#flowScope = new Int32Array(flowCount);
    this.#flowClass = new Int32Array(flowCount);
    for (let flow = 0; flow < flowCount; flow++) {
      const service = flows.service[flow];
      const own = flows.clientInstance[flow] === services.instance[service];
      this.#flowScope[flow] = own ? 1 + flows.clientInstance[flow] : instanceCount + 1;
      this.#flowClass[flow] =
        flows.memberClass[flow] * plan.memberClasses.length + services.memberClass[service];
    }
  }

  /** A call of `flow` was due; `started` is false when the run's limit left no room for it. */
  due(flow: number, intendedUs: number, started: boolean): void {
    const scope = this.#flowScope[flow];
    const row = this.#bucketOf(intendedUs) * this.scopeCount;
    this.#offered[row]++;
    this.#offered[row + scope]++;
    if (intendedUs < this.#plan.warmUpUs) return;
    this.#due[0]++;
    this.#due[scope]++;
    this.#services.due[this.#plan.flows.service[flow]]++;
    this.#classes.due[this.#flowClass[flow]]++;
    if (started) return;
    this.#notStarted[0]++;
    this.#notStarted[scope]++;
    this.#services.notStarted[this.#plan.flows.service[flow]]++;
    this.#classes.notStarted[this.#flowClass[flow]]++;
  }

  answered(flow: number, server: number, intendedUs: number, endUs: number): void {
    const scope = this.#flowScope[flow];
    const latencyUs = endUs - intendedUs;
    const row = this.#bucketOf(endUs) * this.scopeCount;
    this.#seriesAnswered[row]++;
    this.#seriesAnswered[row + scope]++;
    recordSmall(this.#seriesLatency, row, latencyUs);
    recordSmall(this.#seriesLatency, row + scope, latencyUs);
    if (intendedUs < this.#plan.warmUpUs) return;
    this.#answered[0]++;
    this.#answered[scope]++;
    this.#latency[0].record(latencyUs);
    this.#latency[scope].record(latencyUs);
    const service = this.#plan.flows.service[flow];
    this.#services.answered[service]++;
    recordSmall(this.#services.latency, service, latencyUs);
    const classes = this.#flowClass[flow];
    this.#classes.answered[classes]++;
    recordSmall(this.#classes.latency, classes, latencyUs);
    recordSmall(this.#serverLatency, server, latencyUs);
  }

  faulted(flow: number, faultKey: number, intendedUs: number, endUs: number): void {
    const scope = this.#flowScope[flow];
    const bucket = this.#bucketOf(endUs);
    const row = bucket * this.scopeCount;
    this.#seriesFaulted[row]++;
    this.#seriesFaulted[row + scope]++;
    for (const at of [row, row + scope]) {
      const key = at * FAULT_KEYS + faultKey;
      this.#seriesFaults.set(key, (this.#seriesFaults.get(key) ?? 0) + 1);
    }
    if (intendedUs < this.#plan.warmUpUs) return;
    this.#faulted[0]++;
    this.#faulted[scope]++;
    this.#faultsByScope[faultKey]++;
    this.#faultsByScope[scope * FAULT_KEYS + faultKey]++;
    this.#services.faulted[this.#plan.flows.service[flow]]++;
    this.#classes.faulted[this.#flowClass[flow]]++;
  }

  /** An attack's request or connection has come. */
  attacked(nowUs: number, instance: number): void {
    const row = this.#bucketOf(nowUs) * this.scopeCount;
    this.#seriesAttack[row]++;
    this.#seriesAttack[row + 1 + instance]++;
    if (nowUs >= this.#plan.warmUpUs) this.attack.requests++;
  }

  /** Work of a server on its host's cores, from `startUs` on. */
  worked(server: number, startUs: number, workUs: number, waitUs: number): void {
    if (waitUs > this.cpuWaitMaxUs[server]) this.cpuWaitMaxUs[server] = waitUs;
    const endUs = startUs + workUs;
    const instance = this.#plan.servers.instance[server];
    if (endUs <= this.#bucketEndUs && startUs >= this.#plan.warmUpUs) {
      // Nearly always: all of it in the present bucket.
      this.cpuBusyUs[server] += workUs;
      this.#seriesCpuUs[this.#bucketRow] += workUs;
      this.#seriesCpuUs[this.#bucketRow + 1 + instance] += workUs;
      return;
    }
    this.#spread(server, startUs, endUs, 1);
  }

  /** Work that was reported for later will not be done: its server has died. */
  lost(server: number, fromUs: number, untilUs: number): void {
    this.#spread(server, fromUs, untilUs, -1);
  }

  /** The bucket of the series that begins now. */
  beginBucket(bucket: number): void {
    this.#bucketRow = bucket * this.scopeCount;
    this.#bucketEndUs = Math.min((bucket + 1) * this.#bucketUs, this.#plan.durationUs);
  }

  scopes(): ScopeOutcome[] {
    return this.#latency.map((latency, scope) => {
      const [due, answered] = [this.#due[scope], this.#answered[scope]];
      const [faulted, notStarted] = [this.#faulted[scope], this.#notStarted[scope]];
      const openAtEnd = due - answered - faulted - notStarted;
      const faults = this.#faultsByScope.slice(scope * FAULT_KEYS, (scope + 1) * FAULT_KEYS);
      return {
        due,
        answered,
        faulted,
        notStarted,
        openAtEnd,
        latency: columnsOf(latency),
        faults,
      };
    });
  }

  services(): GroupOutcome {
    return this.#services.outcome();
  }

  memberClasses(): GroupOutcome {
    return this.#classes.outcome();
  }

  serverLatency(): SmallHistograms {
    return this.#serverLatency;
  }

  series(): SeriesOutcome {
    const entries = [...this.#seriesFaults].toSorted((a, b) => a[0] - b[0]);
    const faults = new Float64Array(entries.length * 4);
    entries.forEach(([key, count], index) => {
      const row = Math.floor(key / FAULT_KEYS);
      faults[index * 4] = Math.floor(row / this.scopeCount);
      faults[index * 4 + 1] = row % this.scopeCount;
      faults[index * 4 + 2] = key % FAULT_KEYS;
      faults[index * 4 + 3] = count;
    });
    return {
      bucketUs: this.#bucketUs,
      bucketCount: this.#bucketCount,
      scopeCount: this.scopeCount,
      offered: this.#offered,
      answered: this.#seriesAnswered,
      faulted: this.#seriesFaulted,
      attack: this.#seriesAttack,
      latency: this.#seriesLatency,
      cpuBusyUs: this.#seriesCpuUs,
      queueLength: this.queueLength,
      refusingServers: this.refusingServers,
      faults,
    };
  }

  /** Adds busy time (sign 1), or takes it back (-1), in each bucket that it touches. */
  #spread(server: number, startUs: number, endUs: number, sign: 1 | -1): void {
    const { warmUpUs, durationUs, servers } = this.#plan;
    const measured = Math.min(endUs, durationUs) - Math.max(startUs, warmUpUs);
    if (measured > 0) this.cpuBusyUs[server] += sign * measured;
    for (let fromUs = startUs; fromUs < endUs && fromUs < durationUs;) {
      const bucket = Math.floor(fromUs / this.#bucketUs);
      const toUs = Math.min(endUs, (bucket + 1) * this.#bucketUs);
      const row = bucket * this.scopeCount;
      this.#seriesCpuUs[row] += sign * (toUs - fromUs);
      this.#seriesCpuUs[row + 1 + servers.instance[server]] += sign * (toUs - fromUs);
      fromUs = toUs;
    }
  }

  #bucketOf(timeUs: number): number {
    // What is answered a moment after the end, such as the last hop, belongs to the last bucket.
    return Math.min(this.#bucketCount - 1, Math.floor(timeUs / this.#bucketUs));
  }
}

class Group {
  readonly due: Float64Array;
  readonly answered: Float64Array;
  readonly faulted: Float64Array;
  readonly notStarted: Float64Array;
  readonly latency: SmallHistograms;

  constructor(rows: number) {
    this.due = new Float64Array(rows);
    this.answered = new Float64Array(rows);
    this.faulted = new Float64Array(rows);
    this.notStarted = new Float64Array(rows);
    this.latency = smallHistograms(rows);
  }

  outcome(): GroupOutcome {
    const { due, answered, faulted, notStarted, latency } = this;
    const openAtEnd = due.map(
      (count, row) => count - answered[row] - faulted[row] - notStarted[row],
    );
    return { due, answered, faulted, notStarted, openAtEnd, latency };
  }
}

function smallHistograms(rows: number): SmallHistograms {
  return {
    counts: new Uint32Array(rows * SMALL_BUCKETS),
    count: new Float64Array(rows),
    sum: new Float64Array(rows),
    max: new Float64Array(rows),
  };
}

function recordSmall(table: SmallHistograms, row: number, value: number): void {
  table.counts[row * SMALL_BUCKETS + bucketOf(value, SMALL_BITS)]++;
  table.count[row]++;
  table.sum[row] += value;
  if (value > table.max[row]) table.max[row] = value;
}

function columnsOf({ bits, counts, count, sum, min, max }: Histogram): HistogramColumns {
  return { bits, counts, count, sum, min: count === 0 ? 0 : min, max };
}
