/**
 * The command itself, as a user starts it: two replications of national hours, on one worker and
 * on two. What is measured is what the result says of its own run, so the pool, the merge and the
 * moving of results between threads are in it.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { threeDigits } from './harness.ts';
import type { Bench, Measurement } from './harness.ts';
import { REPOSITORY } from './model.ts';
import type { RunResult } from '../sim/metrics/result.ts';

const SCENARIO = 'scenarios/national/working-day.scenario.yaml';
const SETS = ['duration=1h', 'startOfDay=09:00', 'incidents=[]', 'checks=[]', 'replications=2'];

function measure(workers: number): Measurement {
  const folder = mkdtempSync(join(tmpdir(), 'fedlab-bench-'));
  try {
    const sets = SETS.flatMap((set) => ['--set', set]);
    const own = ['run', SCENARIO, '--workers', String(workers), '--out', folder, ...sets];
    const { status, stderr } = spawnSync(process.execPath, ['sim/main.ts', ...own], {
      cwd: REPOSITORY,
      encoding: 'utf8',
    });
    // 3: a threshold failed, which is no matter here.
    if (status !== 0 && status !== 3) throw new Error(stderr);
    const text = readFileSync(join(folder, 'result.json'), 'utf8');
    return report(JSON.parse(text) as RunResult);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function report({ run, exchanges, fingerprint }: RunResult): Measurement {
  return {
    value: exchanges.completed / run.wallSeconds / 1000,
    notes: [
      `${threeDigits(run.wallSeconds)} s`,
      `peak memory ${Math.round(run.performance.peakMemoryBytes / 2 ** 20)} MiB`,
      `results ${fingerprint.results}`,
    ],
  };
}

export const MAIN_JOB: Bench = {
  name: 'main-job',
  title: 'The command `fedlab run`, two replications of an hour',
  unit: 'k exchanges/s of wall time',
  isMoreBetter: true,
  rounds: 3,
  groups: [
    [
      { name: 'one worker', measure: () => measure(1) },
      { name: 'two workers', measure: () => measure(2) },
    ],
  ],
};
