/**
 * How far the two engines agree on one scenario: two results of the same calls, row by row, each
 * with a tolerance and a verdict. A row agrees when the whole interval of its difference lies
 * within the tolerance, differs when all of it lies outside, and is unknown between. Differences
 * are paired: replication n of both runs has the same arrivals and the same draws, so what chance
 * does to both cancels out.
 */
import { CONFIDENCE_LEVEL, intervalOf, REPLICATIONS_FOR_INTERVAL } from './confidence.ts';
import type { AgreementResult, AgreementRow, FaultCount, RunResult } from './result.ts';

/** Processors of the one machine, in virtual time: below it, queues decide little. */
const LIGHT_UTILISATION_MAX = 0.3;
/** A stage that is less of the latency says more about clocks than about engines. */
const STAGE_SHARE_MIN = 0.05;
/** Rounding of sums of doubles. */
const ROUNDING = 1e-9;

interface Tolerance {
  /** Of the value in virtual time. */
  readonly share: number;
  readonly reason: string;
}

/** What the engines are held to, and what no two runs of one machine can have in common. */
const TOLERANCES = {
  arrivals: { share: 0, reason: 'the same arrivals' },
  openCounts: {
    share: 0.02,
    reason: '2 %, and calls that end beyond the end of one run and not of the other',
  },
  closedCounts: {
    share: 0.1,
    reason: '10 %: in a closed loop the engines decide how many calls there are',
  },
  throughput: { share: 0.1, reason: '10 %, the goal at saturation' },
  latency: { share: 0.15, reason: '15 %, the goal at light load' },
  stage: { share: 0.15, reason: '15 %, the goal at light load' },
} as const satisfies Readonly<Record<string, Tolerance>>;

const NOT_JUDGED =
  'not judged: at heavy load queues multiply small differences, and throughput is what is held';

export interface Compared {
  readonly virtual: RunResult;
  readonly live: RunResult;
  readonly loop: AgreementResult['loop'];
}

type Unjudged = Omit<AgreementRow, 'difference' | 'verdict'>;

export function compareEngines(compared: Compared): AgreementResult {
  const { virtual, live, loop } = compared;
  const { timeCompression } = live;
  const load = loadOf(virtual, timeCompression);
  const rows = [
    ...callRows(compared),
    ...faultRows(compared),
    metricRow(compared, 'throughputAchieved', 'per-second', TOLERANCES.throughput),
    ...latencyRows(compared, load),
    ...stageRows(compared, load),
  ].map(judged);
  const pairs = pairsOf(compared, 'throughputAchieved').length;
  return {
    method: pairs >= REPLICATIONS_FOR_INTERVAL ? 'student-t' : pairs > 1 ? 'range' : 'none',
    level: CONFIDENCE_LEVEL,
    replications: Math.min(virtual.replications, live.replications),
    calibration: virtual.calibration.name,
    load,
    loop,
    rows,
    verdict: verdictOf(live, rows),
  };
}

function verdictOf({ run }: RunResult, rows: readonly AgreementRow[]): AgreementResult['verdict'] {
  if (run.live?.generator.keptUp === false) return 'invalid';
  const has = (verdict: AgreementRow['verdict']): boolean =>
    rows.some((row) => row.verdict === verdict);
  if (has('differs')) return 'differs';
  return has('unknown') ? 'unknown' : 'agrees';
}

/**
 * By the mean of what the replications say; the live engine does not know it. On the clock of a
 * compressed network the same calls are spread over a longer time.
 */
function loadOf({ replicationResults }: RunResult, compression: number): AgreementResult['load'] {
  const busy = intervalOf(replicationResults.map(({ metrics }) => metrics['utilisationMax']));
  return (busy?.mean ?? 0) * compression <= LIGHT_UTILISATION_MAX ? 'light' : 'heavy';
}

function callRows(compared: Compared): Unjudged[] {
  const { virtual, live, loop } = compared;
  const row = (name: 'due' | 'answered' | 'gaveUp' | 'notStarted'): Unjudged => {
    const [a, b] = [virtual.calls[name], live.calls[name]];
    const isDue = name === 'due' && loop === 'open';
    const tolerance = isDue ? TOLERANCES.arrivals : countTolerance(compared);
    return countRow(compared, { kind: 'calls', name, side: null }, [a, b], {
      ...tolerance,
      hasEdge: !isDue,
    });
  };
  const others = (['gaveUp', 'notStarted'] as const).filter(
    (name) => virtual.calls[name] > 0 || live.calls[name] > 0,
  );
  return [row('due'), row('answered'), ...others.map(row)];
}

/** The same faults by code and side; none in both is an answer, too. */
function faultRows(compared: Compared): Unjudged[] {
  const { virtual, live } = compared;
  const keys = new Map<string, Pick<FaultCount, 'code' | 'side'>>();
  for (const { code, side } of [...virtual.faults, ...live.faults]) {
    keys.set(`${side} ${code}`, { code, side });
  }
  const countIn = (faults: readonly FaultCount[], key: string): number =>
    faults
      .filter(({ code, side }) => `${side} ${code}` === key)
      .reduce((sum, { count }) => sum + count, 0);
  return [...keys].map(([key, { code, side }]) => {
    const [a, b] = [countIn(virtual.faults, key), countIn(live.faults, key)];
    // A fault that only one engine knows is no matter of a call more or less.
    const hasEdge = a > 0 && b > 0;
    const tolerance = { ...countTolerance(compared), hasEdge };
    return countRow(compared, { kind: 'fault', name: code, side }, [a, b], tolerance);
  });
}

function countTolerance({ loop }: Compared): Tolerance {
  return loop === 'open' ? TOLERANCES.openCounts : TOLERANCES.closedCounts;
}

/**
 * Counts are known of the run as a whole. At its end a call may be over in one engine and open in
 * the other: the difference of the open ones, and one call a replication that did it by chance. No
 * more than virtual time leaves open: an engine that falls behind has no excuse in its backlog.
 */
function countRow(
  { virtual, live }: Compared,
  name: Pick<AgreementRow, 'kind' | 'name' | 'side'>,
  [a, b]: readonly [number, number],
  { share, reason, hasEdge }: Tolerance & { readonly hasEdge: boolean },
): Unjudged {
  const { openAtEnd } = virtual.calls;
  const moved = Math.min(Math.abs(live.calls.openAtEnd - openAtEnd), openAtEnd);
  const edge = moved + virtual.replications;
  const isWhole = virtual.replications === live.replications;
  return {
    ...name,
    unit: 'count',
    virtual: a,
    live: isWhole ? b : null,
    low: null,
    high: null,
    tolerance: hasEdge ? share * a + edge : 0,
    reason: hasEdge || share === 0 ? reason : 'none: only one engine has this fault',
  };
}

function latencyRows(compared: Compared, load: AgreementResult['load']): Unjudged[] {
  // Where nothing was answered there is no latency to compare, which the row of calls says.
  if (compared.virtual.latencyNs.count + compared.live.latencyNs.count === 0) return [];
  return ['latencyP50', 'latencyP99'].map((name) => {
    const row = metricRow(compared, name, 'ns', TOLERANCES.latency);
    return load === 'light' ? row : { ...row, tolerance: null, reason: NOT_JUDGED };
  });
}

const POOLED: Readonly<Record<string, (result: RunResult) => number | null>> = {
  throughputAchieved: ({ throughputRps }) => throughputRps.achieved,
  latencyP50: ({ latencyNs }) => latencyNs.p50,
  latencyP99: ({ latencyNs }) => latencyNs.p99,
};

/**
 * The mean over the replications; where one of them has too few samples for the metric, what all
 * samples together give, without an interval.
 */
function metricRow(
  compared: Compared,
  name: string,
  unit: AgreementRow['unit'],
  { share, reason }: Tolerance,
): Unjudged {
  const pairs = pairsOf(compared, name);
  const isPaired = pairs.length > 0 && pairs.length === compared.virtual.replications;
  const virtual = isPaired ? meanOf(pairs.map(([a]) => a)) : pooledVirtual(compared, name);
  const live = isPaired ? meanOf(pairs.map(([, b]) => b)) : POOLED[name](compared.live);
  const spread = isPaired ? spreadOf(pairs.map(([a, b]) => b - a)) : { low: null, high: null };
  const tolerance = (virtual ?? 0) * share;
  return { kind: 'metric', name, side: null, unit, virtual, live, ...spread, tolerance, reason };
}

/**
 * Values of both engines in the replications that both have. What comes per second of a compressed
 * network's clock comes so many times as often by the wall.
 */
function pairsOf({ virtual, live }: Compared, name: string): [number, number][] {
  const scale = scaleOf(name, live);
  return virtual.replicationResults.flatMap(({ index, metrics }) => {
    const twin = live.replicationResults.find((one) => one.index === index);
    const [a, b] = [metrics[name] ?? null, twin?.metrics[name] ?? null];
    return a === null || b === null ? [] : [[a * scale, b]];
  });
}

const scaleOf = (name: string, { timeCompression }: RunResult): number =>
  name.startsWith('throughput') ? timeCompression : 1;

function pooledVirtual({ virtual, live }: Compared, name: string): number | null {
  const value = POOLED[name](virtual);
  return value === null ? null : value * scaleOf(name, live);
}

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** An interval from five differences on, their range below, nothing of a single one. */
function spreadOf(differences: readonly number[]): Pick<AgreementRow, 'low' | 'high'> {
  if (differences.length === 1) return { low: null, high: null };
  const interval = intervalOf(differences);
  if (interval === null || interval.halfWidth === null) {
    return { low: Math.min(...differences), high: Math.max(...differences) };
  }
  const { mean, halfWidth } = interval;
  return { low: mean - halfWidth, high: mean + halfWidth };
}

/** Only where the live run has looked into its exchanges. */
function stageRows({ virtual, live }: Compared, load: AgreementResult['load']): Unjudged[] {
  if (live.stages.every(({ meanNs }) => meanNs === 0)) return [];
  return virtual.stages.flatMap(({ side, stage, meanNs, share }, index) => {
    if (share < STAGE_SHARE_MIN) return [];
    const isLight = load === 'light';
    return {
      kind: 'stage' as const,
      name: stage,
      side,
      unit: 'ns' as const,
      virtual: meanNs,
      live: live.stages[index]?.meanNs ?? null,
      low: null,
      high: null,
      tolerance: isLight ? TOLERANCES.stage.share * meanNs : null,
      reason: isLight ? TOLERANCES.stage.reason : NOT_JUDGED,
    };
  });
}

function judged(row: Unjudged): AgreementRow {
  const { virtual, live } = row;
  const difference = virtual === null || live === null ? null : live - virtual;
  return { ...row, difference, verdict: rowVerdict(row, difference) };
}

function rowVerdict(
  { low, high, tolerance }: Unjudged,
  difference: number | null,
): AgreementRow['verdict'] {
  if (tolerance === null) return 'shown';
  if (difference === null) return 'unknown';
  const limit = tolerance * (1 + ROUNDING);
  const [from, to] = [low ?? difference, high ?? difference];
  if (from >= -limit && to <= limit) return 'agrees';
  return from > limit || to < -limit ? 'differs' : 'unknown';
}
