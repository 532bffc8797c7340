import { expect, test } from 'vitest';
import { studentTQuantile } from '../base/student-t.ts';
import type { RunResult } from '../metrics/result.ts';
import { runResult } from '../metrics/run-result.ts';
import { seriesRows, seriesText } from '../metrics/series.ts';
import { mergeOutcomes, totalsOf } from '../metrics/totals.ts';
import type { Plan } from '../plan/plan.ts';
import { planOfText, TWO_COUNTRIES } from '../testing/fake-outcome.ts';
import { defaultWorkers, ReplicationBug, runReplications } from './pool.ts';
import type { PoolOptions, PoolProgress, PoolResult } from './pool.ts';
import { findWarmUp } from './warm-up.ts';

const plan = planOfText(TWO_COUNTRIES, ['replications=4', 'duration=20s']);

const OPTIONS: PoolOptions = {
  workers: 2,
  keep: 'none',
  onProgress: () => undefined,
  interrupt: new AbortController().signal,
  failure: null,
};

function run(options: Partial<PoolOptions> = {}): Promise<PoolResult> {
  return runReplications(plan, { ...OPTIONS, ...options });
}

/** Everything of a result that must be equal for equal runs, as the bytes of its files. */
function bytesOf(result: PoolResult, of = plan): string {
  const { run: _run, ...same } = resultOf(result, of);
  return JSON.stringify(same) + seriesText(seriesRows(of, mergeOutcomes(result.outcomes)));
}

function resultOf({ outcomes, unfinished }: PoolResult, of: Plan): RunResult {
  return runResult(of, outcomes, mergeOutcomes(outcomes), {
    run: {} as RunResult['run'],
    tool: { name: '', version: '', commit: '' },
    engine: 'virtual',
    timeCompression: 1,
    scenario: { path: '', sha256: '' },
    unfinished,
    pilotWarmUp: null,
  });
}

const expected = run({ workers: 1 }).then((result) => bytesOf(result));

test.each([1, 2, 4])('%i workers give the same bytes', async (workers) => {
  const result = await run({ workers });
  expect(result.outcomes.map(({ replicationIndex }) => replicationIndex)).toEqual([0, 1, 2, 3]);
  expect(result).toMatchObject({ workerFailures: [], unfinished: [], isInterrupted: false });
  expect(bytesOf(result)).toBe(await expected);
});

// Each way in which a worker can end: the replication is run again, and nothing else changes.
test.each([
  ['oom:1', 'out of memory'],
  ['throw:1', 'uncaught error: asked for by a test'],
  ['exit:1', 'ended with code 9'],
])('a worker ends by %s', async (failure, reason) => {
  const result = await run({ failure });
  expect(result.workerFailures).toEqual([{ replicationIndex: 1, reason }]);
  expect(result.unfinished).toEqual([]);
  expect(bytesOf(result)).toBe(await expected);
});

test('a replication under which workers end three times is given up', async () => {
  const { outcomes, workerFailures, unfinished } = await run({ failure: 'exit:2:3' });
  expect(outcomes.map(({ replicationIndex }) => replicationIndex)).toEqual([0, 1, 3]);
  expect(workerFailures).toHaveLength(3);
  expect(unfinished).toEqual([{ replicationIndex: 2, reason: 'ended with code 9, 3 times' }]);
});

// Piscina starts no new worker then, and would let the replications wait for ever.
test('workers that cannot be started are an error, not a wait', async () => {
  await expect(run({ failure: 'start' })).rejects.toThrow(
    'do not start: uncaught error: asked for',
  );
});

test('what a replication throws is a bug of ours, and not tried again', async () => {
  await expect(run({ failure: 'bug:1' })).rejects.toThrow(ReplicationBug);
});

const PRECISE = '{ precision: 3%, min: 3, max: 60, metrics: [latencyMean, throughputGood] }';
const precisePlan = planOfText(TWO_COUNTRIES, [`replications=${PRECISE}`, 'duration=20s']);

const preciseRun = (options: Partial<PoolOptions> = {}): Promise<PoolResult> =>
  runReplications(precisePlan, { ...OPTIONS, ...options });

/** The rule by its formula, asked about each number of replications. */
async function expectedCount(): Promise<number> {
  const all = await runReplications({ ...precisePlan, precision: null }, OPTIONS);
  const values = all.outcomes.map((outcome) => {
    const { latency, answered } = totalsOf(outcome).scopes[0];
    return [latency.sum / latency.count, answered];
  });
  const isPrecise = (count: number): boolean =>
    [0, 1].every((column) => {
      const sample = values.slice(0, count).map((row) => row[column]);
      const mean = sample.reduce((sum, value) => sum + value, 0) / count;
      const squares = sample.reduce((sum, value) => sum + (value - mean) ** 2, 0);
      const t = studentTQuantile(0.975, count - 1);
      return (t * Math.sqrt(squares / (count - 1) / count)) / mean <= 0.03;
    });
  const counts = Array.from({ length: 58 }, (_, index) => index + 3);
  const found = counts.find((n) => [0, 1, 2, 3, 4, 5].every((more) => isPrecise(n + more)));
  return (found ?? Infinity) + 5;
}

// Workers begin more than are needed, and what they do beyond the end of the run is dropped.
test('a precision ends the run at the same replication with 1, 2 and 4 workers', async () => {
  const [one, two, four] = [
    await preciseRun({ workers: 1 }),
    await preciseRun({ workers: 2 }),
    await preciseRun({ workers: 4 }),
  ];
  const count = await expectedCount();
  expect(count).toBeGreaterThan(8);
  expect(count).toBeLessThan(60);
  for (const result of [one, two, four]) {
    expect(result.outcomes.map(({ replicationIndex }) => replicationIndex)).toEqual(
      Array.from({ length: count }, (_, index) => index),
    );
    expect(result).toMatchObject({ isInterrupted: false, unfinished: [], workerFailures: [] });
  }
  const bytes = bytesOf(one, precisePlan);
  expect(bytesOf(two, precisePlan)).toBe(bytes);
  expect(bytesOf(four, precisePlan)).toBe(bytes);
});

test('a bug beyond the end of the run is no part of it, one before it is', async () => {
  const { outcomes } = await preciseRun();
  const beyond = await preciseRun({ workers: 4, failure: `bug:${outcomes.length}` });
  expect(bytesOf(beyond, precisePlan)).toBe(bytesOf(await preciseRun(), precisePlan));
  await expect(preciseRun({ workers: 4, failure: 'bug:2' })).rejects.toThrow(ReplicationBug);
});

test('a replication that is given up is missing, and the rule goes on without it', async () => {
  const { outcomes, unfinished } = await preciseRun({ failure: 'exit:1:3' });
  expect(unfinished).toEqual([{ replicationIndex: 1, reason: 'ended with code 9, 3 times' }]);
  const indexes = outcomes.map(({ replicationIndex }) => replicationIndex);
  expect(indexes.slice(0, 3)).toEqual([0, 2, 3]);
  expect(indexes.length).toBeGreaterThan(7);
  expect(indexes.length).toBeLessThan(59);
});

test('a precision that is never reached ends at the most, and is told', async () => {
  const sets = ['replications={ precision: 0.1%, min: 3, max: 6 }', 'duration=20s'];
  const strict = planOfText(TWO_COUNTRIES, sets);
  const result = await runReplications(strict, OPTIONS);
  expect(result.outcomes).toHaveLength(6);
  const { verdict, confidence, checks } = resultOf(result, strict);
  expect(verdict).toBe('inconclusive');
  expect(confidence.precision).toMatchObject({ asked: 0.001, isMet: false });
  expect(confidence.precision?.reached['latencyMean']).toBeGreaterThan(0.001);
  expect(checks.find(({ name }) => name === 'precision')?.verdict).toBe('unknown');
});

test('a warm-up is found by a pilot, and the same one every time', async () => {
  const sets = ['kind=steady', 'warmUp=auto', 'duration=60s', 'seriesBucket=200ms'];
  const auto = planOfText(TWO_COUNTRIES, sets);
  const [first, second] = [await findWarmUp(auto, OPTIONS), await findWarmUp(auto, OPTIONS)];
  expect(first).toEqual(second);
  if (first.plan === null) throw new Error('it was finished');
  expect(first.pilotWarmUp).toMatchObject({ askedSeconds: null, source: 'pilot', values: 300 });
  const { outcomes } = await runReplications(first.plan, OPTIONS);
  expect(outcomes.map(({ measuredUs }) => measuredUs)).toEqual(
    [0, 1].map(() => 60e6 - first.plan.warmUpUs),
  );
  expect(await findWarmUp(plan, OPTIONS)).toEqual({ plan, pilotWarmUp: null });
});

test('an interrupted run hands over what is done', async () => {
  const long = planOfText(TWO_COUNTRIES, ['replications=3', 'duration=40d', 'seriesBucket=1d']);
  const interrupt = new AbortController();
  const started = Promise.withResolvers<void>();
  const running = runReplications(long, {
    workers: 1,
    keep: 'none',
    onProgress: ({ exchanges }) => {
      if (exchanges > 0) started.resolve();
    },
    interrupt: interrupt.signal,
    failure: null,
  });
  await started.promise;
  interrupt.abort();
  expect(await running).toMatchObject({ outcomes: [], isInterrupted: true, unfinished: [] });
});

test('progress grows, and ends with everything done', async () => {
  const seen: PoolProgress[] = [];
  const { outcomes } = await run({ onProgress: (progress) => seen.push(progress) });
  const last = seen[seen.length - 1];
  const due = outcomes.reduce((sum, { scopes }) => sum + scopes[0].due, 0);
  expect(last).toEqual({
    simulatedUs: 4 * 20e6,
    exchanges: due,
    replicationsDone: 4,
    replicationsMax: 4,
  });
  const exchanges = seen.map((progress) => progress.exchanges);
  expect(exchanges).toEqual(exchanges.toSorted((a, b) => a - b));
});

test('there are never more workers than replications', () => {
  expect(defaultWorkers(1)).toBe(1);
  expect(defaultWorkers(1000)).toBeGreaterThanOrEqual(1);
});
