/**
 * The whole model on one core: an hour of the national scenario's busy morning, every rule, price
 * and table of the real run, without the command line around it.
 */
import { runReplication } from '../sim/engine/replication.ts';
import { cpuSecondsOf, threeDigits } from './harness.ts';
import type { Bench, Measurement } from './harness.ts';
import { committedCalibration, planOf } from './model.ts';

const SCENARIO = 'scenarios/national/working-day.scenario.yaml';
const SETS = ['duration=1h', 'startOfDay=09:00', 'incidents=[]', 'checks=[]'];

function measure(): Measurement {
  const plan = planOf(SCENARIO, SETS, committedCalibration('xroad-7.8'));
  const options = { keep: 'none', onProgress: () => {}, shouldStop: () => false } as const;
  const { seconds, result } = cpuSecondsOf(() => runReplication(plan, 0, options));
  if (result === null) throw new Error('the run was stopped');
  const exchanges = result.scopes[0].due;
  const peakMebibytes = process.resourceUsage().maxRSS / 1024;
  return {
    value: exchanges / seconds / 1000,
    notes: [
      `${threeDigits(result.events / seconds / 1e6)} M events/s`,
      `${(result.events / exchanges).toFixed(1)} events an exchange`,
      `${threeDigits(exchanges)} exchanges`,
      `peak memory ${Math.round(peakMebibytes)} MiB`,
    ],
  };
}

export const WHOLE_MODEL: Bench = {
  name: 'whole-model',
  title: 'Whole model, an hour of the national morning, one core',
  unit: 'k exchanges/s a core',
  isMoreBetter: true,
  rounds: 3,
  groups: [[{ name: 'national, 09:00 to 10:00', measure }]],
};
