/**
 * Answers that are too old for a foreign verifier: the clock `peer-ocsp`, against instants counted
 * by hand. A fetch of two answers takes 2 ms, and the next begins an interval after it has ended.
 */
import { describe, expect, test } from 'vitest';
import { trustIntervalsOf } from '../metrics/evidence.ts';
import { TrustClock } from '../metrics/trust-outcome.ts';
import { PatchColumn, TrustKind } from '../plan/plan.ts';
import { TrustState } from '../protocol/lifecycle.ts';
import { ringDocument, ringInstance, TrustBench } from '../testing/trust-bench.ts';
import type { RingInstance } from '../testing/trust-bench.ts';
import { TrustClocks } from './trust-clocks.ts';

const MINUTE = 60e6;
const HOUR = 3600e6;
const SERVERS = 3;
const [EE, FI] = [0, 1];
/** EE fetches every 48 minutes and lets answers count for 8 hours. */
const FETCH_US = 48 * MINUTE;
const PASS_US = 2000;

const federation = (
  ofFinland: RingInstance['parameters'],
  ofEstonia: RingInstance['parameters'] = {},
): TrustBench =>
  new TrustBench(
    ringDocument([
      ringInstance({
        id: 'EE',
        profile: 'ee-production',
        servers: SERVERS,
        parameters: ofEstonia,
      }),
      ringInstance({
        id: 'FI',
        profile: 'fi-production',
        servers: SERVERS,
        parameters: ofFinland,
      }),
    ]),
  );

interface Seen {
  readonly server: number;
  readonly foreignInstance: number;
  readonly fromUs: number;
  readonly toUs: number;
  readonly isOpen: number;
}

function seenIn(bench: TrustBench): Seen[] {
  const { intervals } = bench.trust.outcome();
  return [...intervals.clock.keys()]
    .filter((row) => intervals.clock[row] === TrustClock.PeerOcsp)
    .map((row) => ({
      server: intervals.server[row],
      foreignInstance: intervals.foreignInstance[row],
      fromUs: intervals.fromUs[row],
      toUs: intervals.toUs[row],
      isOpen: intervals.isOpen[row],
    }));
}

/** From each fetch on an answer counts for `countsUs`, its last instant included. */
function expected(bench: TrustBench, server: number, countsUs: number, endUs: number): Seen[] {
  const rows: Seen[] = [];
  const phaseUs = bench.plan.servers.ocspPhaseUs[server];
  // What it holds at the start is of an interval before its first run, which takes no time.
  let heldUs = phaseUs - FETCH_US;
  let nextUs = phaseUs + PASS_US;
  while (heldUs < endUs) {
    const fromUs = Math.max(0, heldUs + countsUs + 1);
    const toUs = Math.min(nextUs, endUs);
    const isOpen = Number(nextUs > endUs);
    if (fromUs < toUs) rows.push({ server, foreignInstance: FI, fromUs, toUs, isOpen });
    heldUs = nextUs;
    nextUs += FETCH_US + PASS_US;
  }
  return rows;
}

const ordered = (rows: readonly Seen[]): Seen[] =>
  rows.toSorted((a, b) => a.server - b.server || a.fromUs - b.fromUs);

describe('the trap: one country asks for fresher answers than the other fetches', () => {
  const endUs = 10 * HOUR;
  const bench = federation({ ocspFreshness: 30 * MINUTE, ocspFetchInterval: 10 * MINUTE });
  bench.run(endUs);
  const found = seenIn(bench);

  test('each Estonian server is out for Finland from 30 minutes after a fetch to the next', () => {
    const rows = [0, 1, 2].flatMap((server) => expected(bench, server, 30 * MINUTE, endUs));
    expect(rows.length).toBeGreaterThan(3 * 12);
    expect(ordered(found)).toEqual(ordered(rows));
    const shareOut = found.reduce((sum, { fromUs, toUs }) => sum + toUs - fromUs, 0);
    expect(shareOut / (SERVERS * endUs)).toBeCloseTo(18 / 48, 1);
  });

  test('no Finnish one is: Estonia is not stricter than Finland', () => {
    expect(found.every(({ server }) => bench.plan.servers.instance[server] === EE)).toBe(true);
  });

  test('it is no other clock, and at home nobody notices', () => {
    const { intervals } = bench.trust.outcome();
    expect(new Set(intervals.clock)).toEqual(new Set([TrustClock.PeerOcsp]));
    const again = federation({ ocspFreshness: 30 * MINUTE, ocspFetchInterval: 10 * MINUTE });
    const [first] = found.toSorted((a, b) => b.fromUs - a.fromUs);
    again.run((first.fromUs + first.toUs) / 2);
    expect(again.trust.hasStopped(first.server)).toBe(false);
    // The time series does not count it as a server that refuses.
    expect(bench.trust.outcome().series.refusingServers.some((count) => count > 0)).toBe(false);
  });

  test('the result names the clock and who looks', () => {
    const rows = trustIntervalsOf(bench.plan, bench.trust.outcome());
    const [{ server, fromUs, toUs }] = found;
    expect(rows[0]).toEqual({
      scope: bench.plan.servers.id[server],
      clock: 'peer-ocsp FI',
      fromSeconds: fromUs / 1e6,
      toSeconds: toUs / 1e6,
    });
  });
});

test('a limit of 49 minutes is enough, and no interval is left', () => {
  const bench = federation({ ocspFreshness: 49 * MINUTE });
  bench.run(24 * HOUR);
  expect(seenIn(bench)).toEqual([]);
});

test('nextUpdate counts where the one who looks verifies it', () => {
  const bench = federation(
    { ocspFreshness: 8 * HOUR, verifyNextUpdate: true },
    { ocspNextUpdate: 40 * MINUTE, verifyNextUpdate: false },
  );
  const endUs = 6 * HOUR;
  bench.run(endUs);
  const rows = [0, 1, 2].flatMap((server) => expected(bench, server, 40 * MINUTE, endUs));
  expect(rows.length).toBeGreaterThan(3 * 6);
  expect(ordered(seenIn(bench))).toEqual(ordered(rows));
});

test('when the responder is lost, the border goes first and the country hours later', () => {
  const [lossUs, backUs, endUs] = [3 * HOUR, 13 * HOUR, 14 * HOUR];
  const bench = federation({ ocspFreshness: HOUR });
  const { id, instance, kind } = bench.plan.trustServices;
  const responder = [...id.keys()].findIndex(
    (row) => instance[row] === EE && kind[row] === TrustKind.OcspResponder,
  );
  bench.patch(lossUs, PatchColumn.TrustServiceState, responder, TrustState.Down);
  bench.patch(backUs, PatchColumn.TrustServiceState, responder, TrustState.Up);
  bench.run(endUs);
  const found = seenIn(bench);
  const { intervals } = bench.trust.outcome();
  expect(ordered(found).map(({ server }) => server)).toEqual([0, 1, 2]);
  for (const { server, fromUs, toUs } of found) {
    const own = [...intervals.clock.keys()].find(
      (row) => intervals.clock[row] === TrustClock.SigningOcsp && intervals.server[row] === server,
    );
    if (own === undefined) throw new Error(`server ${server} has not run out at home`);
    // One fetch winds both: an hour and eight hours after it, and both end with the next one.
    expect(intervals.fromUs[own] - fromUs).toBe(7 * HOUR);
    expect(intervals.toUs[own]).toBe(toUs);
    expect(fromUs).toBeGreaterThan(lossUs + HOUR - FETCH_US - PASS_US);
    expect(fromUs).toBeLessThanOrEqual(lossUs + HOUR + 1);
    expect(toUs - backUs).toBeLessThanOrEqual(MINUTE + PASS_US);
  }
});

test('ever so many of them leave room for clocks that stop a server', () => {
  const { plan } = federation({});
  const clocks = new TrustClocks(plan);
  const peers = clocks.peerRowOf(0, FI);
  const own = clocks.rowOf(0, TrustClock.Token);
  for (let round = 0; round < 30_000; round++) {
    clocks.wind(peers, 10 * round, 10 * round);
    clocks.wind(peers, Infinity, 10 * round + 5);
  }
  clocks.wind(own, 400_000, 400_000);
  const { clock, fromUs, toUs, isOpen, missedCount } = clocks.columns(500_000);
  const last = clock.length - 1;
  expect(clock.length + missedCount).toBe(30_001);
  expect(missedCount).toBeGreaterThan(0);
  expect([clock[last], fromUs[last], toUs[last], isOpen[last]]).toEqual([
    TrustClock.Token,
    400_000,
    500_000,
    1,
  ]);
});
