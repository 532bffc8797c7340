import { expect, test } from 'vitest';
import { ClientStage, ServerStage, stageOf } from '../protocol/exchange.ts';
import { calibrationOf, planOf, runPlan } from '../testing/small-run.ts';
import { ringDocument, ringInstance } from '../testing/trust-bench.ts';

// Goal: the two costs of a signature, of the operation and of the item, are drawn apart.
// Method: both are exponential with one mean. The variance of the sum of two independent ones is
// half the square of its mean; of one draw taken twice it is the square itself.
test('what a signature costs and what its item costs have nothing to do with each other', () => {
  const exponential = (mean: number) => ({ cpu: { kind: 'exponential' as const, mean } });
  const document = ringDocument([ringInstance({ servers: 2 })]);
  const [workload] = document.workloads;
  const rate = { clock: 'run' as const, points: [{ atUs: 0, rate: 2 }] };
  const plan = planOf(
    {
      ...document,
      durationUs: 1500e6,
      seriesBucketUs: 60e6,
      workloads: [{ ...workload, rate, stopUs: null }],
      limits: { exchangesMax: 1000, eventsMax: 1e7, journalRowsMax: 1e6 },
    },
    calibrationOf({ sign: exponential(1000), signItem: exponential(1000) }),
  );
  const { journal } = runPlan(plan, 0, 'all');
  const timesUs = [...journal.serviceUs].filter((_, row) => {
    const signed = journal.leg[row] === 0 ? ClientStage.Signed : ServerStage.Signed;
    return stageOf(journal.transition[row]) === signed;
  });
  expect(timesUs.length).toBeGreaterThan(4000);
  const mean = timesUs.reduce((sum, timeUs) => sum + timeUs, 0) / timesUs.length;
  const variance = timesUs.reduce((sum, timeUs) => sum + (timeUs - mean) ** 2, 0) / timesUs.length;
  expect(mean).toBeGreaterThan(1900);
  expect(mean).toBeLessThan(2100);
  expect(variance / mean ** 2).toBeGreaterThan(0.4);
  expect(variance / mean ** 2).toBeLessThan(0.6);
});
