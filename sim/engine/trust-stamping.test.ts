/** Time-stamping and the services that do it: batches, retries, herds; counted by hand. */
import { describe, expect, test } from 'vitest';
import { PatchColumn, TrustKind } from '../plan/plan.ts';
import { Effect } from '../protocol/effect.ts';
import { Fact } from '../protocol/exchange.ts';
import { Cause, faultOf, Prefix } from '../protocol/fault.ts';
import { TrustState } from '../protocol/lifecycle.ts';
import type { Document } from '../plan/document.ts';
import { quick, ringDocument, ringInstance, TrustBench } from '../testing/trust-bench.ts';
import type { RingInstance } from '../testing/trust-bench.ts';

const SECOND = 1e6;
const MINUTE = 60e6;
const HOUR = 3600e6;

const ring = (changes: Partial<RingInstance> = {}, document: Partial<Document> = {}): TrustBench =>
  new TrustBench(ringDocument([ringInstance({ servers: 2, ...changes })], document));

const authority = (bench: TrustBench): number =>
  bench.plan.trustServices.kind.indexOf(TrustKind.TimeStampingAuthority);

const stop = (bench: TrustBench, atUs: number, state: number = TrustState.Down): void =>
  bench.patch(atUs, PatchColumn.TrustServiceState, authority(bench), state);

/** Server 0 logs so many records at once. */
const log = (bench: TrustBench, atUs: number, records: number): void =>
  bench.at(atUs, () => {
    for (let record = 0; record < records; record++) bench.trust.logged(0);
  });

/** The first run of server 0's stamper at or after an instant, while none fails. */
function runAfter(bench: TrustBench, atUs: number): number {
  let runUs = bench.plan.servers.stampPhaseUs[0];
  while (runUs < atUs) runUs += MINUTE;
  return runUs;
}

describe('batches', () => {
  test('a full batch is followed by the next at once', () => {
    const bench = ring();
    const runUs = runAfter(bench, MINUTE + 1);
    log(bench, runUs - 1, 25_000);
    const backlogAt = (atUs: number): number => {
      bench.run(atUs);
      return bench.trust.table.backlog[0];
    };
    expect(backlogAt(runUs)).toBe(25_000);
    expect(backlogAt(runUs + 1000)).toBe(15_000);
    expect(backlogAt(runUs + 2000)).toBe(5000);
    expect(backlogAt(runUs + 3000)).toBe(0);
    expect(bench.trust.outcome().services.served[authority(bench)]).toBe(3);
  });

  test('exactly one batch asks once more and finds nothing', () => {
    const bench = ring();
    const runUs = runAfter(bench, MINUTE + 1);
    log(bench, runUs - 1, 10_000);
    bench.run(runUs + 10 * SECOND);
    expect(bench.trust.table.backlog[0]).toBe(0);
    expect(bench.trust.outcome().services.served[authority(bench)]).toBe(1);
  });

  test('after a failure one record, then all the rest at once', () => {
    const bench = ring();
    stop(bench, HOUR);
    log(bench, HOUR, 5000);
    const failedUs = runAfter(bench, HOUR);
    // Half way between the second retry and the third.
    const backUs = failedUs + 2.5 * MINUTE;
    stop(bench, backUs, TrustState.Up);
    const retriedUs = failedUs + 3 * MINUTE;
    bench.run(retriedUs);
    expect(bench.trust.table.backlog[0]).toBe(5000);
    bench.run(retriedUs + 1000);
    expect(bench.trust.table.backlog[0]).toBe(4999);
    bench.run(retriedUs + 2000);
    expect(bench.trust.table.backlog[0]).toBe(0);
    const { servers } = bench.trust.outcome();
    expect(servers.stamped[0]).toBe(5000);
    expect(servers.backlogMax[0]).toBe(5000);
  });

  test('what waits, and since when', () => {
    const bench = ring();
    stop(bench, HOUR);
    log(bench, HOUR + MINUTE, 3);
    log(bench, 2 * HOUR, 4);
    bench.run(3 * HOUR);
    const { servers } = bench.trust.outcome();
    expect(servers.unstampedAtEnd[0]).toBe(7);
    expect(servers.oldestUnstampedUs[0]).toBe(2 * HOUR - MINUTE);
    expect(servers.loggedClient[0]).toBe(7);
  });
});

describe('several authorities', () => {
  const two = [quick('tsa-1', 1000, true), quick('tsa-2', 1000, false)];

  test('one of two is enough', () => {
    const bench = ring({ timeStampingAuthorities: two });
    stop(bench, HOUR);
    bench.keepBusy(30 * SECOND, 8 * HOUR);
    bench.run(8 * HOUR);
    expect(bench.trust.clientFactsBroken(0)).toBe(0);
    const { served } = bench.trust.outcome().services;
    expect(served[authority(bench)]).toBeGreaterThan(0);
    expect(served[authority(bench) + 1]).toBeGreaterThan(2 * 400);
  });

  test('a wrong answer of the first is as good as none', () => {
    const bench = ring({ timeStampingAuthorities: two });
    stop(bench, HOUR, TrustState.Wrong);
    bench.keepBusy(30 * SECOND, 8 * HOUR);
    bench.run(8 * HOUR);
    expect(bench.trust.clientFactsBroken(0)).toBe(0);
  });

  test('free first', () => {
    const parameters = { timeStampingStrategy: 'free-first' };
    const bench = ring({ timeStampingAuthorities: two, parameters });
    bench.keepBusy(30 * SECOND, HOUR);
    bench.run(HOUR);
    const { served } = bench.trust.outcome().services;
    expect(served[authority(bench)]).toBe(0);
    expect(served[authority(bench) + 1]).toBeGreaterThan(100);
  });

  // Facts 5.4: a strategy without a match leaves no service at all.
  test('only paid ones where all are free', () => {
    const parameters = { timeStampingStrategy: 'only-paid' };
    const bench = ring({ timeStampingAuthorities: [quick('tsa-1')], parameters });
    bench.run(HOUR);
    expect(bench.trust.clientFactsBroken(0)).toBe(Fact.TimestampingConfigured);
  });
});

test('a restart winds the clock anew', () => {
  const bench = ring();
  stop(bench, HOUR);
  bench.keepBusy(30 * SECOND, 12 * HOUR);
  bench.restart(4 * HOUR, 0);
  bench.run(5.1 * HOUR);
  const slot = bench.state.table.clientServer.indexOf(0);
  const other = bench.state.table.clientServer.indexOf(1);
  expect(bench.trust.clientFactsBroken(slot)).toBe(0);
  expect(bench.trust.clientFactsBroken(other)).toBe(Fact.TimestampingInTime);
  bench.run(8.1 * HOUR);
  expect(bench.trust.clientFactsBroken(slot)).toBe(Fact.TimestampingInTime);
});

describe('stamped at once', () => {
  const parameters = { timestampImmediately: true };
  const two = [quick('tsa-1'), quick('tsa-2')];
  /** A stamp takes 100 s, and the client of the authority waits for 60 s (facts 2.8). */
  const slow = (bench: TrustBench): void =>
    bench.patch(1, PatchColumn.TrustServiceSlowness, authority(bench), 1e5);
  /** What asking for a stamp of leg 0 adds, one authority after the other, and how it ends. */
  const stampAt = (bench: TrustBench, atUs: number): [number[], number] => {
    bench.run(atUs);
    const delaysUs: number[] = [];
    bench.trust.writing(0);
    for (let nowUs = atUs; ;) {
      const delayUs = bench.trust.stampWaitUs(0);
      if (delayUs === 0) break;
      delaysUs.push(delayUs);
      nowUs += delayUs;
      bench.run(nowUs);
    }
    return [delaysUs, bench.trust.stampCause(0)];
  };

  test('the authority is part of the commit', () => {
    const bench = ring({ parameters });
    expect(stampAt(bench, MINUTE)).toEqual([[1000], Cause.None]);
    bench.trust.logged(0);
    expect(bench.trust.table.backlog[0]).toBe(0);
    expect(bench.trust.outcome().servers.stamped[0]).toBe(1);
    stop(bench, HOUR);
    expect(stampAt(bench, HOUR)).toEqual([[], Cause.TimestampingFailed]);
    // There is no period of grace, and no clock that could run out.
    expect(bench.trust.clientFactsBroken(0)).toBe(0);
  });

  test('an authority that is too slow has not stamped', () => {
    const bench = ring({ parameters });
    slow(bench);
    expect(stampAt(bench, HOUR)).toEqual([[60 * SECOND], Cause.TimestampingFailed]);
  });

  test('the next one is asked when the first is too slow, and at once when it is away', () => {
    const bench = ring({ parameters, timeStampingAuthorities: two });
    slow(bench);
    expect(stampAt(bench, HOUR)).toEqual([[60 * SECOND, 1000], Cause.None]);
    stop(bench, 2 * HOUR);
    expect(stampAt(bench, 2 * HOUR)).toEqual([[1000], Cause.None]);
  });

  test('a wrong answer is none', () => {
    const bench = ring({ parameters, timeStampingAuthorities: two });
    stop(bench, HOUR, TrustState.Wrong);
    expect(stampAt(bench, HOUR)).toEqual([[1000, 1000], Cause.None]);
  });
});

test('a log that cannot write, and one that is lost', () => {
  const bench = ring();
  log(bench, MINUTE, 10);
  stop(bench, 1);
  bench.patch(HOUR, PatchColumn.LogDiskFull, 0, 1);
  bench.patch(2 * HOUR, PatchColumn.LogDiskFull, 0, 0);
  bench.patch(3 * HOUR, PatchColumn.DatabaseLost, 0, 1);
  bench.run(HOUR);
  expect(bench.trust.failure(0, Effect.Log)).toBe(Cause.DatabaseError);
  bench.run(2 * HOUR);
  expect(bench.trust.failure(0, Effect.Log)).toBe(Cause.None);
  bench.run(3 * HOUR);
  expect(bench.trust.failure(0, Effect.Log)).toBe(Cause.DatabaseError);
  const { servers } = bench.trust.outcome();
  expect([servers.lost[0], servers.unstampedAtEnd[0]]).toEqual([10, 0]);
});

describe('herds', () => {
  const slow = { ...quick('ocsp-1', 10_000), capacity: 1 };
  const limits = { exchangesMax: 200, eventsMax: 1e9, journalRowsMax: 10 };
  const queueOf = (parameters: RingInstance['parameters']): number => {
    const bench = ring({ servers: 100, ocspResponders: [slow], parameters }, { limits });
    bench.run(HOUR);
    const row = bench.plan.trustServices.kind.indexOf(TrustKind.OcspResponder);
    return bench.trust.outcome().services.queueMax[row];
  };

  test('jobs of one moment queue up, spread ones hardly', () => {
    // All ask at once; the first is served without waiting.
    expect(queueOf({ synchronisedJobs: true })).toBe(99);
    expect(queueOf({})).toBeLessThan(5);
  });

  test('a client that waits too long has no answer', () => {
    // Two questions each take 2 s: the 40th server would wait for 78 s, and waits for 60 only.
    const lazy = { ...quick('ocsp-1', SECOND), capacity: 1 };
    const parameters = { synchronisedJobs: true, ocspFreshness: 12 * MINUTE };
    const bench = ring(
      {
        servers: 40,
        ocspResponders: [lazy],
        parameters: { ...parameters, ocspFetchInterval: 10 * MINUTE },
      },
      { limits },
    );
    bench.run(61 * SECOND);
    const served =
      bench.trust.outcome().services.served[
        bench.plan.trustServices.kind.indexOf(TrustKind.OcspResponder)
      ];
    expect(served).toBe(60);
  });
});

test('who waits no longer is not served', () => {
  // Each answer takes 25 s, and all 40 servers ask once a minute and wait for 30 s.
  const slow = { ...quick('central-1', 25 * SECOND), capacity: 1 };
  const parameters = { synchronisedJobs: true };
  const limits = { exchangesMax: 200, eventsMax: 1e9, journalRowsMax: 10 };
  const bench = ring({ servers: 40, centralServers: [slow], parameters }, { limits });
  bench.run(HOUR);
  const row = bench.plan.trustServices.kind.indexOf(TrustKind.CentralServer);
  const { queueMax, served } = bench.trust.outcome().services;
  expect(queueMax[row]).toBeLessThanOrEqual(40);
  // One of each herd is served in time. The second begins 25 s late and ends for nobody; by the
  // next minute it is done.
  expect(served[row]).toBeGreaterThanOrEqual(58);
  expect(served[row]).toBeLessThanOrEqual(61);
});

describe('the second opinion', () => {
  test('a record inside the windows is sound, one outside is found', () => {
    const bench = ring();
    bench.run(HOUR);
    bench.logAll();
    stop(bench, HOUR);
    expect(bench.trust.outcome().servers.acceptedOutsideTrust[0]).toBe(0);
    bench.patch(HOUR, PatchColumn.DownloaderHung, 0, 1);
    bench.run(2 * HOUR);
    bench.logAll();
    const { servers } = bench.trust.outcome();
    expect(servers.audited.slice(0, 2)).toEqual(Float64Array.of(2, 2));
    expect(servers.acceptedOutsideTrust.slice(0, 2)).toEqual(Float64Array.of(1, 0));
  });

  test('what was refused is told by its cause', () => {
    const bench = ring();
    bench.trust.ended(0, 0);
    bench.trust.ended(0, faultOf(Prefix.ClientProxy, Cause.GlobalConfOutdated));
    bench.trust.ended(0, faultOf(Prefix.ServerProxy, Cause.TimestampingFailed));
    bench.trust.ended(0, faultOf(Prefix.ServerProxy, Cause.AccessDenied));
    const { servers } = bench.trust.outcome();
    expect(servers.acceptedClient.slice(0, 2)).toEqual(Float64Array.of(1, 0));
    expect(servers.acceptedServer.slice(0, 2)).toEqual(Float64Array.of(0, 1));
    expect(servers.refused.slice(0, 2)).toEqual(Float64Array.of(1, 1));
  });
});

test('the series balances with the totals', () => {
  const bench = ring({}, { durationUs: 6 * HOUR, seriesBucketUs: 1800e6 });
  stop(bench, 2 * HOUR);
  bench.keepBusy(10 * SECOND, 6 * HOUR);
  bench.run(6 * HOUR - 1);
  const { series, servers } = bench.trust.outcome();
  const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
  expect(series.backlog).toHaveLength(12);
  expect(sum(series.logged)).toBe(sum(servers.loggedClient));
  expect(sum(series.stamped)).toBe(sum(servers.stamped));
  expect(series.backlog[11]).toBe(sum(servers.unstampedAtEnd));
  expect(series.backlog[3]).toBeLessThan(20);
  // Refusing begins four hours after the first failed run, a little after the sixth hour began.
  expect(sum(series.refusingServers.slice(0, 11))).toBe(0);
});

test('equal runs are equal', () => {
  const run = (): unknown => {
    const bench = ring({ servers: 5 });
    stop(bench, HOUR);
    bench.keepBusy(30 * SECOND, 6 * HOUR);
    bench.run(6 * HOUR);
    return bench.trust.outcome();
  };
  expect(run()).toEqual(run());
});
