/** From the start of the process to the first event of the scenario `small`. */
import { spawnSync } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { runReplication } from '../sim/engine/replication.ts';
import type { Bench, Measurement } from './harness.ts';
import { committedCalibration, planOf, REPOSITORY } from './model.ts';

const SCENARIO = 'scenarios/small.scenario.yaml';

function bareProcess(): Measurement {
  const before = performance.now();
  spawnSync(process.execPath, ['--eval', '']);
  return { value: performance.now() - before, notes: [] };
}

/** This process has done nothing else: its own clock began with it. */
function firstEvent(): Measurement {
  const sets = ['limits.eventsMax=1'];
  const plan = planOf(SCENARIO, sets, committedCalibration('xroad-7.8'));
  const options = { keep: 'none', onProgress: () => {}, shouldStop: () => false } as const;
  const outcome = runReplication(plan, 0, options);
  const value = performance.now();
  return { value, notes: [`${outcome?.events ?? 0} event`] };
}

function wholeCommand(): Measurement {
  const before = performance.now();
  const { stdout } = spawnSync(process.execPath, ['sim/main.ts', 'check', SCENARIO], {
    cwd: REPOSITORY,
    encoding: 'utf8',
  });
  return { value: performance.now() - before, notes: [stdout.split('\n')[0].trim()] };
}

export const START_UP: Bench = {
  name: 'start-up',
  title: 'Start-up',
  unit: 'ms of wall time',
  isMoreBetter: false,
  rounds: 5,
  groups: [
    [
      { name: 'Node alone', measure: bareProcess },
      { name: 'first event of small', measure: firstEvent },
      { name: '`fedlab check small`', measure: wholeCommand },
    ],
  ],
};
