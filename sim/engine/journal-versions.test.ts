/** Records and journal of a day on which servers get another version: each has that of its time. */
import { expect, test } from 'vitest';
import { exchangeLines } from '../metrics/exchange-log.ts';
import { journalLines } from '../metrics/journal-file.ts';
import type { JournalExchange } from '../metrics/journal-file.ts';
import { PatchColumn } from '../plan/plan.ts';
import type { Plan } from '../plan/plan.ts';
import { planOf, runPlan } from '../testing/small-run.ts';
import { ringDocument, ringInstance } from '../testing/trust-bench.ts';

const MINUTE = 60e6;
const UPGRADE_US = 5 * MINUTE;
const OLD = 70_700;

/** Server 0 calls server 1 every second; at the upgrade both get 7.8, and 1 refuses what is old. */
function upgradePlan(minClientVersion: number): Plan {
  const document = ringDocument([ringInstance({ servers: 2 })]);
  const { EE } = document.instances;
  const [workload] = document.workloads;
  const rate = { clock: 'run' as const, points: [{ atUs: 0, rate: 1 }] };
  const plan = planOf({
    ...document,
    durationUs: 10 * MINUTE,
    seriesBucketUs: MINUTE,
    instances: { EE: { ...EE, servers: EE.servers.map((one) => ({ ...one, version: OLD })) } },
    workloads: [{ ...workload, rate, stopUs: null }],
    limits: { exchangesMax: 1000, eventsMax: 1e7, journalRowsMax: 1e6 },
  });
  return {
    ...plan,
    patches: {
      timeUs: new Float64Array(3).fill(UPGRADE_US),
      column: Uint8Array.of(
        PatchColumn.ServerVersion,
        PatchColumn.ServerVersion,
        PatchColumn.MinClientVersion,
      ),
      row: Int32Array.of(0, 1, 1),
      value: Float64Array.of(70_800, 70_800, minClientVersion),
      incident: new Int32Array(3).fill(-1),
    },
  };
}

test('exchanges.csv and the journal tell the version of the time', () => {
  const plan = upgradePlan(0);
  const outcome = runPlan(plan, 0, 'all');
  const [, ...records] = [...exchangeLines(plan, [outcome], () => null)];
  const versions = records.map((line) => {
    const cells = line.trimEnd().split(',');
    const cameUs = (Number(cells[2]) - Date.UTC(2026, 0, 1)) * 1000 - plan.startOfDayUs;
    const isLater = cameUs >= UPGRADE_US;
    return `${isLater ? 'later' : 'before'} ${cells.at(-1)}`;
  });
  expect(new Set(versions)).toEqual(new Set(['before 7.7.0', 'later 7.8.0']));
  const [, ...lines] = [...journalLines(plan, [outcome], () => null)];
  for (const line of lines) {
    const { intendedUs, clientVersion, providerVersion } = JSON.parse(line) as JournalExchange;
    const version = intendedUs < UPGRADE_US ? OLD : 70_800;
    expect([clientVersion, providerVersion]).toEqual([version, version]);
  }
});

test('a fault is spelt in the version of its time', () => {
  const plan = upgradePlan(99_000);
  const text = [...exchangeLines(plan, [runPlan(plan, 0, 'all')], () => null)].join('');
  expect(text).toContain('server.serverproxy.client_proxy_version_not_supported');
  expect(text).not.toContain('ClientProxyVersionNotSupported');
});
