import { expect, test } from 'vitest';
import type { RunResult } from '../metrics/result.ts';
import { runResult } from '../metrics/run-result.ts';
import { seriesRows, seriesText } from '../metrics/series.ts';
import { mergeOutcomes } from '../metrics/totals.ts';
import { planOfText, TWO_COUNTRIES } from '../testing/fake-outcome.ts';
import { defaultWorkers, ReplicationBug, runReplications } from './pool.ts';
import type { PoolOptions, PoolProgress, PoolResult } from './pool.ts';

const plan = planOfText(TWO_COUNTRIES, ['replications=4', 'duration=20s']);

function run(options: Partial<PoolOptions> = {}): Promise<PoolResult> {
  return runReplications(plan, {
    workers: 2,
    keep: 'none',
    onProgress: () => undefined,
    interrupt: new AbortController().signal,
    failure: null,
    ...options,
  });
}

/** Everything of a result that must be equal for equal runs, as the bytes of its files. */
function bytesOf({ outcomes, unfinished }: PoolResult): string {
  const totals = mergeOutcomes(outcomes);
  const facts = { tool: { name: '', version: '', commit: '' }, scenario: { path: '', sha256: '' } };
  const { run: _run, ...same } = runResult(plan, outcomes, totals, {
    run: {} as RunResult['run'],
    ...facts,
    unfinished,
  });
  return JSON.stringify(same) + seriesText(seriesRows(plan, totals));
}

const expected = run({ workers: 1 }).then(bytesOf);

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
  expect(last).toEqual({ simulatedUs: 4 * 20e6, exchanges: due, replicationsDone: 4 });
  const exchanges = seen.map((progress) => progress.exchanges);
  expect(exchanges).toEqual(exchanges.toSorted((a, b) => a - b));
});

test('there are never more workers than replications', () => {
  expect(defaultWorkers(1)).toBe(1);
  expect(defaultWorkers(1000)).toBeGreaterThanOrEqual(1);
});
