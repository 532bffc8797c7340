/** The comparison against cases worked out by hand. */
import { describe, expect, test } from 'vitest';
import { sampleFolder } from '../testing/sample-result.ts';
import { compareEngines } from './agreement.ts';
import type {
  AgreementResult,
  AgreementRow,
  FaultCount,
  GeneratorFacts,
  ReplicationSummary,
  RunResult,
} from './result.ts';

const MS = 1e6;
const BASE = sampleFolder().result;
const DENIED: FaultCount = {
  code: 'server.serverproxy.access_denied',
  side: 'provider',
  definite: true,
  count: 50,
};
const GENERATOR: GeneratorFacts = {
  due: 1000,
  sent: 1000,
  late: 0,
  lateLimitNs: 20 * MS,
  latenessP50Ns: 0,
  latenessP99Ns: 0,
  latenessMaxNs: 0,
  keptUp: true,
};

interface Case {
  /** Of each replication. */
  readonly p50: readonly (number | null)[];
  readonly p99?: number;
  readonly achieved?: number;
  readonly utilisation?: number;
  readonly faults?: readonly FaultCount[];
  readonly answered?: number;
  readonly openAtEnd?: number;
  readonly due?: number;
  readonly pooledP50?: number | null;
  readonly keptUp?: boolean;
}

function resultOf(engine: RunResult['engine'], given: Case): RunResult {
  const { p50, p99 = 40 * MS, achieved = 50, utilisation = 0.1 } = given;
  const { faults = [], due = 1000, openAtEnd = 0, pooledP50 = null, keptUp = true } = given;
  const faulted = faults.reduce((sum, { count }) => sum + count, 0);
  const answered = given.answered ?? due - openAtEnd - faulted;
  const { fingerprint } = BASE;
  const replicationResults: ReplicationSummary[] = p50.map((latencyP50, index) => ({
    index,
    fingerprint,
    metrics: {
      throughputAchieved: achieved,
      latencyP50,
      latencyP99: p99,
      utilisationMax: engine === 'live' ? null : utilisation,
    },
  }));
  const generator = { ...GENERATOR, keptUp };
  return {
    ...BASE,
    engine,
    replications: p50.length,
    run: { ...BASE.run, live: engine === 'live' ? { generator, threads: [] } : null },
    calls: { due, answered, faulted, gaveUp: 0, notStarted: 0, openAtEnd },
    latencyNs: { ...BASE.latencyNs, count: answered, p50: pooledP50 },
    faults,
    stages: [],
    replicationResults,
  };
}

function compare(
  virtual: Case,
  live: Case,
  loop: AgreementResult['loop'] = 'open',
): AgreementResult {
  return compareEngines({
    virtual: resultOf('virtual', virtual),
    live: resultOf('live', live),
    loop,
  });
}

function rowOf({ rows }: AgreementResult, name: string): AgreementRow {
  const found = rows.filter((row) => row.name === name);
  expect(found).toHaveLength(1);
  return found[0];
}

test('equal results agree in every row', () => {
  const agreement = compare(
    { p50: [10 * MS], faults: [DENIED] },
    { p50: [10 * MS], faults: [DENIED] },
  );
  expect(agreement).toMatchObject({ method: 'none', load: 'light', verdict: 'agrees' });
  expect(
    agreement.rows.map(({ name, difference, verdict }) => [name, difference, verdict]),
  ).toEqual([
    ['due', 0, 'agrees'],
    ['answered', 0, 'agrees'],
    [DENIED.code, 0, 'agrees'],
    ['throughputAchieved', 0, 'agrees'],
    ['latencyP50', 0, 'agrees'],
    ['latencyP99', 0, 'agrees'],
  ]);
});

describe('latency at light load', () => {
  test('15 % are within, more are a difference', () => {
    const [within, beyond] = [11.5, 11.51].map((ms) =>
      compare({ p50: [10 * MS] }, { p50: [ms * MS] }),
    );
    expect(rowOf(within, 'latencyP50')).toMatchObject({ verdict: 'agrees', tolerance: 1.5 * MS });
    expect(rowOf(beyond, 'latencyP50').verdict).toBe('differs');
    expect([within.verdict, beyond.verdict]).toEqual(['agrees', 'differs']);
  });

  // Differences of 0, 1, 2, 3 and 4 ms: mean 2, standard deviation sqrt(2.5), standard error
  // sqrt(0.5) = 0.7071, and t(0.975, 4) = 2.776 of any table: 2 +- 1.963.
  test('five pairs have the interval of Student', () => {
    const agreement = compare(
      { p50: [10, 20, 30, 40, 50].map((ms) => ms * MS) },
      { p50: [10, 21, 32, 43, 54].map((ms) => ms * MS) },
    );
    const row = rowOf(agreement, 'latencyP50');
    expect(agreement).toMatchObject({ method: 'student-t', level: 0.95, replications: 5 });
    expect(row).toMatchObject({ virtual: 30 * MS, live: 32 * MS, difference: 2 * MS });
    expect((row.low ?? 0) / MS).toBeCloseTo(0.037, 3);
    expect((row.high ?? 0) / MS).toBeCloseTo(3.963, 3);
    // 15 % of 30 ms are 4.5 ms.
    expect(row.verdict).toBe('agrees');
  });

  test('an interval across the tolerance is not known', () => {
    const virtual = { p50: [10, 10, 10, 10, 10].map((ms) => ms * MS) };
    const live = { p50: [9, 10, 11, 12, 13].map((ms) => ms * MS) };
    // A mean difference of 1 ms, +- 1.963 as above, against 1.5 ms.
    const agreement = compare(virtual, live);
    expect(rowOf(agreement, 'latencyP50').verdict).toBe('unknown');
    expect(agreement.verdict).toBe('unknown');
  });

  test('an interval wholly beyond the tolerance differs', () => {
    const virtual = { p50: [10, 10, 10, 10, 10].map((ms) => ms * MS) };
    const live = { p50: [19, 20, 21, 22, 23].map((ms) => ms * MS) };
    expect(rowOf(compare(virtual, live), 'latencyP50').verdict).toBe('differs');
  });

  test('fewer than five pairs have a range', () => {
    const agreement = compare({ p50: [10 * MS, 10 * MS] }, { p50: [10 * MS, 12 * MS] });
    const row = rowOf(agreement, 'latencyP50');
    expect(agreement.method).toBe('range');
    expect(row).toMatchObject({ low: 0, high: 2 * MS, verdict: 'unknown' });
  });

  test('where replications have too few samples, all samples together count', () => {
    const agreement = compare(
      { p50: [null, 10 * MS], pooledP50: 10 * MS },
      { p50: [10 * MS, 10 * MS], pooledP50: 13 * MS },
    );
    const row = rowOf(agreement, 'latencyP50');
    expect(row).toMatchObject({ difference: 3 * MS, low: null, high: null, verdict: 'differs' });
  });

  test('too few samples altogether are not known', () => {
    const agreement = compare({ p50: [null] }, { p50: [null] });
    expect(rowOf(agreement, 'latencyP50').verdict).toBe('unknown');
    expect(agreement.verdict).toBe('unknown');
  });
});

describe('faults', () => {
  const p50 = [10 * MS];

  test('a code that only one engine knows is a difference, in either direction', () => {
    const one = { ...DENIED, count: 1 };
    for (const [a, b] of [
      [[], [one]],
      [[one], []],
    ]) {
      const agreement = compare({ p50, faults: a, openAtEnd: 9 }, { p50, faults: b });
      expect(rowOf(agreement, DENIED.code).verdict).toBe('differs');
      expect(agreement.verdict).toBe('differs');
    }
  });

  test('the same code of the other side is another fault', () => {
    const other = { ...DENIED, side: 'consumer' } as const;
    const { rows } = compare({ p50, faults: [DENIED] }, { p50, faults: [other] });
    const faults = rows.filter(({ kind }) => kind === 'fault');
    expect(faults.map(({ side, verdict }) => [side, verdict])).toEqual([
      ['provider', 'differs'],
      ['consumer', 'differs'],
    ]);
  });

  // 2 % of 50, one call of one replication, and three of the four that virtual time leaves open: 5.
  test('calls at the edge of a run are allowed for, and no more', () => {
    const verdictOf = (count: number): string =>
      rowOf(
        compare(
          { p50, faults: [DENIED], openAtEnd: 4 },
          { p50, faults: [{ ...DENIED, count }], openAtEnd: 1 },
        ),
        DENIED.code,
      ).verdict;
    expect([44, 45, 50, 55, 56].map(verdictOf)).toEqual([
      'differs',
      'agrees',
      'agrees',
      'agrees',
      'differs',
    ]);
  });
});

test('a backlog of the live engine alone is a difference', () => {
  const agreement = compare({ p50: [10 * MS], openAtEnd: 1 }, { p50: [10 * MS], openAtEnd: 400 });
  expect(rowOf(agreement, 'answered')).toMatchObject({ difference: -399, verdict: 'differs' });
});

test('in an open loop one more call is a difference, in a closed one 10 % are allowed', () => {
  const [few, many, more] = [1000, 1101, 1102].map((due) => ({ p50: [10 * MS], due }));
  expect(rowOf(compare(few, { ...few, due: 1001 }), 'due').verdict).toBe('differs');
  expect(rowOf(compare(few, many, 'closed'), 'due').verdict).toBe('agrees');
  expect(rowOf(compare(few, more, 'closed'), 'due').verdict).toBe('differs');
});

test('at saturation throughput is judged, and latency is shown', () => {
  const busy = { p50: [10 * MS], utilisation: 0.98 };
  const [slower, slow] = [44.9, 45].map((achieved) =>
    compare(busy, { p50: [20 * MS], achieved }, 'closed'),
  );
  expect(slow.load).toBe('heavy');
  expect(rowOf(slow, 'latencyP50')).toMatchObject({ verdict: 'shown', tolerance: null });
  expect(rowOf(slow, 'throughputAchieved').verdict).toBe('agrees');
  expect(rowOf(slower, 'throughputAchieved').verdict).toBe('differs');
});

test('what is per second is scaled where the clock of the live network is compressed', () => {
  const virtual = resultOf('virtual', { p50: [10 * MS], achieved: 2 });
  const live = resultOf('live', { p50: [10 * MS], achieved: 118 });
  const agreement = compareEngines({
    virtual,
    live: { ...live, timeCompression: 60 },
    loop: 'open',
  });
  const row = rowOf(agreement, 'throughputAchieved');
  expect(row).toMatchObject({ virtual: 120, difference: -2, verdict: 'agrees' });
  // A tenth of the time busy by the network's clock is more than there is by the wall.
  expect(agreement.load).toBe('heavy');
});

test('a generator that could not keep up makes no verdict', () => {
  expect(compare({ p50: [10 * MS] }, { p50: [90 * MS], keptUp: false }).verdict).toBe('invalid');
});

test('a stage is compared where the live run has seen it, and where it counts', () => {
  const stage = (name: string, meanNs: number, share: number) =>
    ({ side: 'consumer', stage: name, meanNs, share }) as const;
  const virtual = resultOf('virtual', { p50: [10 * MS] });
  const live = resultOf('live', { p50: [10 * MS] });
  const stagesOf = (...ns: readonly number[]) => [
    stage('Sign', ns[0], 0.5),
    stage('Log', ns[1], 0.46),
    stage('Parse', ns[2], 0.04),
  ];
  const rowsOf = (...seen: readonly number[]) =>
    compareEngines({
      virtual: { ...virtual, stages: stagesOf(1000, 1000, 1000) },
      live: { ...live, stages: stagesOf(...seen) },
      loop: 'open',
    }).rows.filter(({ kind }) => kind === 'stage');
  expect(rowsOf(0, 0, 0)).toEqual([]);
  expect(rowsOf(1100, 1200, 9000).map(({ name, verdict }) => [name, verdict])).toEqual([
    ['Sign', 'agrees'],
    ['Log', 'differs'],
  ]);
});
