import { expect, test } from 'vitest';
import { formatDuration } from '../../reports/format.ts';
import { journalLines } from '../metrics/journal-file.ts';
import type { JournalExchange } from '../metrics/journal-file.ts';
import { PatchColumn } from '../plan/plan.ts';
import { planOf, runPlan } from '../testing/small-run.ts';
import { ringDocument, ringInstance } from '../testing/trust-bench.ts';
import { traceText } from './trace-text.ts';

/** The last exchange of server 0 with server 1, a quarter of an hour after a change of server 1. */
function lastTrace(column: number): string {
  const document = ringDocument([ringInstance({ servers: 2 })]);
  const [workload] = document.workloads;
  const rate = { clock: 'run' as const, points: [{ atUs: 0, rate: 0.1 }] };
  const plan = planOf({
    ...document,
    durationUs: 900e6,
    seriesBucketUs: 60e6,
    workloads: [{ ...workload, rate, stopUs: null }],
    limits: { exchangesMax: 1000, eventsMax: 1e7, journalRowsMax: 1e6 },
  });
  const outcome = runPlan(
    {
      ...plan,
      patches: {
        timeUs: Float64Array.of(1),
        column: Uint8Array.of(column),
        row: Int32Array.of(1),
        value: Float64Array.of(1),
        incident: Int32Array.of(-1),
      },
    },
    0,
    'all',
  );
  const exchanges = [...journalLines(plan, [outcome], () => null)].slice(1);
  return traceText(JSON.parse(exchanges.at(-1) ?? '') as JournalExchange, formatDuration);
}

test('a fault that a fact has decided comes with the fact, and no answer comes with one', () => {
  const lines = lastTrace(PatchColumn.DownloaderHung).split('\n');
  const lacking = lines.filter((line) => line.includes('lacking'));
  expect(lacking).toHaveLength(1);
  expect(lacking[0]).toMatch(/provider .*global_conf_outdated; lacking GlobalConfValid/);
});

test('an effect that failed comes with its cause in words', () => {
  const text = lastTrace(PatchColumn.LogDiskFull);
  expect(text).toMatch(/provider .*Failed \(DatabaseError\)/);
  expect(text).not.toContain('lacking');
});
