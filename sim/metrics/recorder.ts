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

export type Recorder = ReturnType<typeof createRecorder>;

export function createRecorder(plan: Plan) {
  const stages = { count: 0 };
  const own = {
    bucketRow: 0,
    bucketEndUs: 0,
  };
  const attack = { requests: 0, refused: 0, served: 0 };
  /** bucket, scope, fault key packed -> count. */
  const seriesFaults = new Map<number, number>();
  const instanceCount = plan.instances.length;
  const scopeCount = instanceCount + 2;
  const serverCount = plan.servers.id.length;
  /** Per server: exchanges it took part in, faults it raised, busy core-microseconds. */
  const exchanges = new Float64Array(serverCount);
  const faults = new Float64Array(serverCount);
  const cpuBusyUs = new Float64Array(serverCount);
  const cpuWaitMaxUs = new Float64Array(serverCount);
  const stageClientUs = new Float64Array(16);
  const stageServerUs = new Float64Array(16);
  const bucketUs = plan.seriesBucketUs;
  const bucketCount = Math.max(1, Math.ceil(plan.durationUs / plan.seriesBucketUs));
  const rows = bucketCount * scopeCount;
  const dueCount = new Float64Array(scopeCount);
  const answeredCount = new Float64Array(scopeCount);
  const faultedCount = new Float64Array(scopeCount);
  const notStartedCount = new Float64Array(scopeCount);
  const faultsByScope = new Float64Array(scopeCount * FAULT_KEYS);
  const latencyOfScope: Histogram[] = Array.from(
    { length: scopeCount },
    () => new Histogram(SCOPE_BITS),
  );
  const serviceGroup = new Group(plan.services.id.length);
  const classGroup = new Group(plan.memberClasses.length ** 2);
  const latencyOfServer = smallHistograms(serverCount);
  const offered = new Float64Array(rows);
  const seriesAnswered = new Float64Array(rows);
  const seriesFaulted = new Float64Array(rows);
  const seriesAttack = new Float64Array(rows);
  const seriesLatency = smallHistograms(rows);
  const seriesCpuUs = new Float64Array(rows);
  const queueLength = new Float64Array(rows);
  const refusingServers = new Float64Array(rows);
  const { flows } = plan;
  const flowCount = flows.service.length;
  const flowScope = new Int32Array(flowCount);
  const flowClass = new Int32Array(flowCount);

  /** A call of `flow` was due; `started` is false when the run's limit left no room for it. */
  const due = (flow: number, intendedUs: number, started: boolean): void => {
    const scope = flowScope[flow];
    const row = bucketAt(intendedUs) * scopeCount;
    offered[row]++;
    offered[row + scope]++;
    if (intendedUs < plan.warmUpUs) return;
    dueCount[0]++;
    dueCount[scope]++;
    serviceGroup.due[plan.flows.service[flow]]++;
    classGroup.due[flowClass[flow]]++;
    if (started) return;
    notStartedCount[0]++;
    notStartedCount[scope]++;
    serviceGroup.notStarted[plan.flows.service[flow]]++;
    classGroup.notStarted[flowClass[flow]]++;
  };

  const answered = (flow: number, server: number, intendedUs: number, endUs: number): void => {
    const scope = flowScope[flow];
    const latencyUs = endUs - intendedUs;
    const row = bucketAt(endUs) * scopeCount;
    seriesAnswered[row]++;
    seriesAnswered[row + scope]++;
    recordSmall(seriesLatency, row, latencyUs);
    recordSmall(seriesLatency, row + scope, latencyUs);
    if (intendedUs < plan.warmUpUs) return;
    answeredCount[0]++;
    answeredCount[scope]++;
    latencyOfScope[0].record(latencyUs);
    latencyOfScope[scope].record(latencyUs);
    const service = plan.flows.service[flow];
    serviceGroup.answered[service]++;
    recordSmall(serviceGroup.latency, service, latencyUs);
    const classes = flowClass[flow];
    classGroup.answered[classes]++;
    recordSmall(classGroup.latency, classes, latencyUs);
    recordSmall(latencyOfServer, server, latencyUs);
  };

  const faulted = (flow: number, faultKey: number, intendedUs: number, endUs: number): void => {
    const scope = flowScope[flow];
    const bucket = bucketAt(endUs);
    const row = bucket * scopeCount;
    seriesFaulted[row]++;
    seriesFaulted[row + scope]++;
    for (const at of [row, row + scope]) {
      const key = at * FAULT_KEYS + faultKey;
      seriesFaults.set(key, (seriesFaults.get(key) ?? 0) + 1);
    }
    if (intendedUs < plan.warmUpUs) return;
    faultedCount[0]++;
    faultedCount[scope]++;
    faultsByScope[faultKey]++;
    faultsByScope[scope * FAULT_KEYS + faultKey]++;
    serviceGroup.faulted[plan.flows.service[flow]]++;
    classGroup.faulted[flowClass[flow]]++;
  };

  /** An attack's request or connection has come. */
  const attacked = (nowUs: number, instance: number): void => {
    const row = bucketAt(nowUs) * scopeCount;
    seriesAttack[row]++;
    seriesAttack[row + 1 + instance]++;
    if (nowUs >= plan.warmUpUs) attack.requests++;
  };

  /** Work of a server on its host's cores, from `startUs` on. */
  const worked = (server: number, startUs: number, workUs: number, waitUs: number): void => {
    if (waitUs > cpuWaitMaxUs[server]) cpuWaitMaxUs[server] = waitUs;
    const endUs = startUs + workUs;
    const instance = plan.servers.instance[server];
    if (endUs <= own.bucketEndUs && startUs >= plan.warmUpUs) {
      // Nearly always: all of it in the present bucket.
      cpuBusyUs[server] += workUs;
      seriesCpuUs[own.bucketRow] += workUs;
      seriesCpuUs[own.bucketRow + 1 + instance] += workUs;
      return;
    }
    spread(server, startUs, endUs, 1);
  };

  /** Work that was reported for later will not be done: its server has died. */
  const lost = (server: number, fromUs: number, untilUs: number): void => {
    spread(server, fromUs, untilUs, -1);
  };

  /** The bucket of the series that begins now. */
  const beginBucket = (bucket: number): void => {
    own.bucketRow = bucket * scopeCount;
    own.bucketEndUs = Math.min((bucket + 1) * bucketUs, plan.durationUs);
  };

  const scopes = (): ScopeOutcome[] => {
    return latencyOfScope.map((latency, scope) => {
      const [due, answered] = [dueCount[scope], answeredCount[scope]];
      const [faulted, notStarted] = [faultedCount[scope], notStartedCount[scope]];
      const openAtEnd = due - answered - faulted - notStarted;
      const faults = faultsByScope.slice(scope * FAULT_KEYS, (scope + 1) * FAULT_KEYS);
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
  };

  const services = (): GroupOutcome => {
    return serviceGroup.outcome();
  };

  const memberClasses = (): GroupOutcome => {
    return classGroup.outcome();
  };

  const serverLatency = (): SmallHistograms => {
    return latencyOfServer;
  };

  const series = (): SeriesOutcome => {
    const entries = [...seriesFaults].toSorted((a, b) => a[0] - b[0]);
    const faults = new Float64Array(entries.length * 4);
    entries.forEach(([key, count], index) => {
      const row = Math.floor(key / FAULT_KEYS);
      faults[index * 4] = Math.floor(row / scopeCount);
      faults[index * 4 + 1] = row % scopeCount;
      faults[index * 4 + 2] = key % FAULT_KEYS;
      faults[index * 4 + 3] = count;
    });
    return {
      bucketUs: bucketUs,
      bucketCount: bucketCount,
      scopeCount: scopeCount,
      offered: offered,
      answered: seriesAnswered,
      faulted: seriesFaulted,
      attack: seriesAttack,
      latency: seriesLatency,
      cpuBusyUs: seriesCpuUs,
      queueLength: queueLength,
      refusingServers: refusingServers,
      faults,
    };
  };

  /** Adds busy time (sign 1), or takes it back (-1), in each bucket that it touches. */
  const spread = (server: number, startUs: number, endUs: number, sign: 1 | -1): void => {
    const { warmUpUs, durationUs, servers } = plan;
    const measured = Math.min(endUs, durationUs) - Math.max(startUs, warmUpUs);
    if (measured > 0) cpuBusyUs[server] += sign * measured;
    for (let fromUs = startUs; fromUs < endUs && fromUs < durationUs;) {
      const bucket = Math.floor(fromUs / bucketUs);
      const toUs = Math.min(endUs, (bucket + 1) * bucketUs);
      const row = bucket * scopeCount;
      seriesCpuUs[row] += sign * (toUs - fromUs);
      seriesCpuUs[row + 1 + servers.instance[server]] += sign * (toUs - fromUs);
      fromUs = toUs;
    }
  };

  const bucketAt = (timeUs: number): number => {
    // What is answered a moment after the end, such as the last hop, belongs to the last bucket.
    return Math.min(bucketCount - 1, Math.floor(timeUs / bucketUs));
  };

  beginBucket(0);
  for (let flow = 0; flow < flowCount; flow++) {
    const service = flows.service[flow];
    const isHome = flows.clientInstance[flow] === plan.services.instance[service];
    flowScope[flow] = isHome ? 1 + flows.clientInstance[flow] : instanceCount + 1;
    flowClass[flow] =
      flows.memberClass[flow] * plan.memberClasses.length + plan.services.memberClass[service];
  }
  return {
    stages,
    scopeCount,
    attack,
    exchanges,
    faults,
    cpuBusyUs,
    cpuWaitMaxUs,
    stageClientUs,
    stageServerUs,
    queueLength,
    refusingServers,
    due,
    answered,
    faulted,
    attacked,
    worked,
    lost,
    beginBucket,
    scopes,
    services,
    memberClasses,
    serverLatency,
    series,
  };
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
