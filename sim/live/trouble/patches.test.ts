import { describe, expect, test } from 'vitest';
import { PatchColumn } from '../../plan/plan.ts';
import { ServerState } from '../../protocol/lifecycle.ts';
import { ManualClock } from '../../testing/manual-clock.ts';
import { pairText } from '../../testing/pair-text.ts';
import { planOfText } from '../../testing/small-run.ts';
import { createNetworkClock } from '../network-clock.ts';
import { LINK_COLUMNS } from '../shaper/link.ts';
import { PatchDriver, undrivenColumns } from './patches.ts';
import type { Change, Troubled } from './patches.ts';

const START_MS = Date.parse('2026-01-01T00:00:00Z');
const TROUBLE = [
  '{ id: slow, kind: link-slow, target: "EE/c0->EE/p0", extraDelay: 30ms, at: 2s, for: 6s }',
  '{ id: dead, kind: server-crash, target: EE/p0, at: 3s, for: 2s }',
  '{ id: full, kind: log-disk-full, target: EE/c0, at: 10s, for: 5s }',
].join(',');

const PLAN = planOfText(
  pairText({
    duration: '1min',
    load: 'rate: 1/s',
    provider: 'startUpTime: 4s',
    // A link that names a server gives that server rows of its own.
    links: '- { between: [EE/c0, EE/p0], rtt: 0s }',
    incidents: TROUBLE,
  }),
);
const P0 = PLAN.servers.id.findIndex((id) => id.endsWith('/p0'));
const C0 = PLAN.servers.id.findIndex((id) => id.endsWith('/c0'));

/** Writes down what happens, and when on the clock. */
function recorder(columns: readonly number[], nowMs: () => number) {
  const lines: string[] = [];
  const troubled: Troubled = new Map(
    columns.map((column) => [
      column,
      (row: number, value: number) => {
        lines.push(`${(nowMs() - START_MS) / 1000} s: ${column}/${row} = ${value}`);
      },
    ]),
  );
  return { lines, troubled };
}

const COLUMNS = [...LINK_COLUMNS, PatchColumn.ServerPower, PatchColumn.LogDiskFull];
const POWER = `${PatchColumn.ServerPower}/${P0}`;
const DISK = `${PatchColumn.LogDiskFull}/${C0}`;

/** Lets what waits for promises happen. */
const settle = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

describe('patches', () => {
  test('come at their instants, once, and a server is ready after its start-up', async () => {
    const clock = new ManualClock(START_MS);
    const { lines, troubled } = recorder(COLUMNS, () => clock.nowMs());
    const driver = new PatchDriver(PLAN, troubled, clock);
    await driver.start();
    for (let second = 0; second < 60; second++) {
      clock.advance(1000);
      await settle();
    }
    const delay = `${PatchColumn.LinkExtraDelayUs}/${PLAN.patches.row[0]}`;
    expect(lines).toEqual([
      `2 s: ${delay} = 30000`,
      `3 s: ${POWER} = ${ServerState.Off}`,
      `5 s: ${POWER} = ${ServerState.Starting}`,
      `8 s: ${delay} = 0`,
      `9 s: ${POWER} = ${ServerState.Ready}`,
      `10 s: ${DISK} = 1`,
      `15 s: ${DISK} = 0`,
    ]);
    expect(driver.applied.map(({ patch }) => patch)).toEqual([...PLAN.patches.timeUs.keys()]);
    await driver.stop();
    expect(lines).toHaveLength(7);
    expect(clock.alarmCount).toBe(0);
  });

  test('are undone at the end, in the reverse order', async () => {
    const clock = new ManualClock(START_MS);
    const { lines, troubled } = recorder(COLUMNS, () => clock.nowMs());
    const driver = new PatchDriver(PLAN, troubled, clock);
    await driver.start();
    clock.advance(4000);
    await settle();
    const before = lines.length;
    await driver.stop();
    await driver.stop();
    expect(lines.slice(before)).toEqual([
      `4 s: ${POWER} = ${ServerState.Starting}`,
      `4 s: ${POWER} = ${ServerState.Ready}`,
      `4 s: ${PatchColumn.LinkExtraDelayUs}/${PLAN.patches.row[0]} = 0`,
    ]);
    expect(clock.alarmCount).toBe(0);
  });

  test('come earlier by the compression', async () => {
    const clock = createNetworkClock(START_MS, 100);
    const { lines, troubled } = recorder(COLUMNS, () => clock.nowMs());
    const driver = new PatchDriver(PLAN, troubled, clock);
    const sinceMs = performance.now();
    await driver.start();
    while (lines.length < 7) {
      await new Promise((resolve) => {
        setTimeout(resolve, 5);
      });
    }
    const tookMs = performance.now() - sinceMs;
    await driver.stop();
    // The last is due after 15 s of the network.
    expect(tookMs).toBeGreaterThanOrEqual(149);
    expect(tookMs).toBeLessThan(2000);
    for (const { lateMs } of driver.applied) expect(lateMs).toBeLessThan(500);
  });

  test('wait for each other, and one that fails stops no other', async () => {
    const clock = new ManualClock(START_MS);
    const seen: string[] = [];
    let letGo = (): void => undefined;
    const troubled: Troubled = new Map<number, Change>([
      [
        PatchColumn.LinkExtraDelayUs,
        () =>
          new Promise<void>((resolve) => {
            letGo = resolve;
          }),
      ],
      [
        PatchColumn.ServerPower,
        () => {
          throw new Error('no such process');
        },
      ],
      [PatchColumn.LogDiskFull, (_row, value) => void seen.push(`disk ${value}`)],
    ]);
    const driver = new PatchDriver(PLAN, troubled, clock);
    await driver.start();
    clock.advance(11_000);
    await settle();
    expect(seen).toEqual([]);
    letGo();
    await settle();
    // The delay's end waits now.
    letGo();
    await settle();
    expect(seen).toEqual(['disk 1']);
    await expect(driver.stop()).rejects.toThrow('no such process');
    expect(seen).toEqual(['disk 1', 'disk 0']);
  });

  test('that nobody can drive are named, and left out', async () => {
    const clock = new ManualClock(START_MS);
    const { lines, troubled } = recorder([PatchColumn.LogDiskFull], () => clock.nowMs());
    expect(undrivenColumns(PLAN, troubled)).toEqual(['LinkExtraDelayUs', 'ServerPower']);
    const driver = new PatchDriver(PLAN, troubled, clock);
    await driver.start();
    clock.advance(60_000);
    await driver.stop();
    expect(lines).toEqual([expect.stringContaining(`${DISK} = 1`), expect.anything()]);
  });
});
