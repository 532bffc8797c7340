/**
 * When each server starts and stops refusing after a trust service is lost, with its phase: the
 * jobs of the engine against lists of instants that are written out here from the parameters alone.
 * Nothing of freshness.ts is used: jobs are repeated addition, a refusal is a gap between what
 * runs out and what comes next.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TrustClock } from '../metrics/trust-outcome.ts';
import { PatchColumn, TrustKind } from '../plan/plan.ts';
import { valuesOf } from '../plan/profile.ts';
import { Fact } from '../protocol/exchange.ts';
import { Cause } from '../protocol/fault.ts';
import { TrustState } from '../protocol/lifecycle.ts';
import { quick, ringDocument, ringInstance, TrustBench } from '../testing/trust-bench.ts';

const SECOND = 1e6;
const MINUTE = 60e6;
const HOUR = 3600e6;
const SERVICE_US = 1000;

interface Outage {
  readonly fromUs: number;
  readonly toUs: number;
  readonly endUs: number;
}

/** Half open: refused at `fromUs`, served again at `toUs`; Infinity: until the end. */
interface Gap {
  readonly fromUs: number;
  readonly toUs: number;
}

/** Something held from an instant on, good until another, both given. */
interface Held {
  readonly atUs: number;
  readonly untilUs: number;
}

/** Where nothing that is held is good; a later thing replaces an earlier one. */
function gapsOf(held: readonly Held[], endUs: number): Gap[] {
  const gaps: Gap[] = [];
  let openUs = -1;
  for (const [row, { atUs, untilUs }] of held.entries()) {
    const nextUs = held[row + 1]?.atUs ?? endUs;
    if (openUs >= 0 && untilUs > atUs) {
      gaps.push({ fromUs: openUs, toUs: atUs });
      openUs = -1;
    }
    if (openUs < 0 && untilUs < nextUs) openUs = untilUs;
  }
  if (openUs >= 0) gaps.push({ fromUs: openUs, toUs: Infinity });
  return gaps;
}

/** Every instant of `first`, `first + step`, ... before `endUs`. */
function* every(firstUs: number, stepUs: number, endUs: number): Generator<number> {
  for (let atUs = firstUs; atUs < endUs; atUs += stepUs) yield atUs;
}

/** The last of those instants that is not after `atUs`. */
function lastOf(firstUs: number, stepUs: number, atUs: number): number {
  let lastUs = firstUs;
  while (lastUs + stepUs <= atUs) lastUs += stepUs;
  return lastUs;
}

/** The first of those instants that is not before `atUs`. */
function firstOf(firstUs: number, stepUs: number, atUs: number): number {
  let foundUs = firstUs;
  while (foundUs < atUs) foundUs += stepUs;
  return foundUs;
}

function configurationGaps(bench: TrustBench, server: number, outage: Outage): Gap[] {
  const { plan } = bench;
  const { parameters } = plan.instances[0];
  const [generationUs, downloadUs, reloadUs, validityUs] = [
    parameters.globalConfGenerationInterval,
    parameters.globalConfDownloadInterval,
    parameters.globalConfReloadInterval,
    parameters.globalConfValidity,
  ].map(Number);
  const [phase] = plan.trustServices.phaseUs;
  const { confPhaseUs, reloadPhaseUs } = plan.servers;
  const held: Held[] = [];
  // From the first generation on; the runs of before the run are not this test's.
  const firstUs = firstOf(confPhaseUs[server], downloadUs, phase);
  for (const startUs of every(firstUs, downloadUs, outage.endUs)) {
    const doneUs = startUs + SERVICE_US;
    if (startUs < outage.toUs && doneUs >= outage.fromUs) continue;
    let signedUs = lastOf(phase, generationUs, doneUs);
    // What was not signed because it was down was signed before it was.
    if (signedUs >= outage.fromUs && signedUs < outage.toUs) {
      signedUs = lastOf(phase, generationUs, outage.fromUs);
    }
    if (signedUs + validityUs <= doneUs) continue;
    const atUs = firstOf(reloadPhaseUs[server], reloadUs, doneUs);
    if (held.at(-1)?.atUs === atUs) held.pop();
    held.push({ atUs, untilUs: signedUs + validityUs });
  }
  return gapsOf(held, outage.endUs);
}

function ocspGaps(bench: TrustBench, server: number, outage: Outage): Gap[] {
  const { plan } = bench;
  const { parameters } = plan.instances[0];
  const [freshUs, nextUpdateUs, intervalUs, retryUs] = [
    parameters.ocspFreshness,
    parameters.ocspNextUpdate,
    parameters.ocspFetchInterval,
    parameters.ocspFetchRetry,
  ].map(Number);
  // One certificate to authenticate with and one to sign with: two questions.
  const passUs = 2 * SERVICE_US;
  const goodUs = nextUpdateUs > 0 ? Math.min(freshUs, nextUpdateUs) : freshUs;
  const held: Held[] = [];
  let startUs = plan.servers.ocspPhaseUs[server];
  while (startUs < outage.endUs) {
    if (startUs >= outage.fromUs && startUs < outage.toUs) {
      startUs += Math.min(retryUs, intervalUs);
      continue;
    }
    const doneUs = startUs + passUs;
    if (startUs < outage.fromUs && doneUs >= outage.fromUs) {
      startUs = doneUs + Math.min(retryUs, intervalUs);
      continue;
    }
    held.push({ atUs: doneUs, untilUs: doneUs + goodUs + 1 });
    startUs = doneUs + intervalUs;
  }
  return gapsOf(held, outage.endUs);
}

function stampGaps(bench: TrustBench, server: number, outage: Outage): Gap[] {
  const { plan } = bench;
  const { parameters } = plan.instances[0];
  const [intervalUs, retryUs, acceptableUs] = [
    parameters.timeStampingInterval,
    parameters.timeStampRetryDelay,
    parameters.acceptableTimestampFailure,
  ].map(Number);
  const pauseUs = Math.max(MINUTE, Math.min(retryUs, intervalUs));
  let startUs = plan.servers.stampPhaseUs[server];
  while (startUs < outage.fromUs && startUs + SERVICE_US < outage.fromUs) {
    startUs += SERVICE_US + intervalUs;
  }
  // A run that was under way when the authority went down fails when its answer does not come.
  const failedUs = startUs < outage.fromUs ? startUs + SERVICE_US : startUs;
  if (failedUs >= outage.toUs) return [];
  let retriedUs = failedUs + pauseUs;
  while (retriedUs < outage.toUs) retriedUs += pauseUs;
  const toUs = retriedUs + SERVICE_US;
  if (acceptableUs === 0 || failedUs + acceptableUs + 1 >= toUs) return [];
  return [{ fromUs: failedUs + acceptableUs + 1, toUs }];
}

/** Asks just before and just after each end of each gap, and in the middle of what is between. */
function expectGaps(
  bench: TrustBench,
  server: number,
  fact: number,
  gaps: readonly Gap[],
  outage: Outage,
): void {
  const ask = (atUs: number, isBroken: boolean): void => {
    if (atUs < outage.fromUs || atUs >= outage.endUs) return;
    bench.at(atUs, () => {
      const { clientServer } = bench.state.table;
      const slot = clientServer.indexOf(server);
      const isOut = (bench.trust.clientFactsBroken(slot) & fact) !== 0;
      expect(isOut, `server ${server} at ${atUs}`).toBe(isBroken);
    });
  };
  let goodFromUs = outage.fromUs;
  for (const { fromUs, toUs } of gaps) {
    ask(Math.floor((goodFromUs + fromUs) / 2), false);
    ask(fromUs - 1, false);
    ask(fromUs, true);
    ask(toUs - 1, true);
    ask(toUs + 1, false);
    goodFromUs = toUs + 1;
  }
  if (goodFromUs < outage.endUs) ask(outage.endUs - 1, false);
}

const KINDS = [
  {
    name: 'central server',
    clock: TrustClock.OwnConfiguration,
    kind: TrustKind.CentralServer,
    fact: Fact.GlobalConfValid,
    gapsOf: configurationGaps,
  },
  {
    name: 'OCSP responder',
    clock: TrustClock.AuthenticationOcsp,
    kind: TrustKind.OcspResponder,
    fact: Fact.AuthCertUsable,
    gapsOf: ocspGaps,
  },
  {
    name: 'OCSP responder, signing',
    clock: TrustClock.SigningOcsp,
    kind: TrustKind.OcspResponder,
    fact: Fact.SigningKeyUsable,
    gapsOf: ocspGaps,
  },
  {
    name: 'time-stamping authority',
    clock: TrustClock.TimeStamping,
    kind: TrustKind.TimeStampingAuthority,
    fact: Fact.TimestampingInTime,
    gapsOf: stampGaps,
  },
];

/** Loses the service and gives it back; returns the gaps of all servers, checked at their ends. */
function lose(bench: TrustBench, one: (typeof KINDS)[number], outage: Outage): Gap[][] {
  const { plan } = bench;
  const row = plan.trustServices.kind.indexOf(one.kind);
  bench.patch(outage.fromUs, PatchColumn.TrustServiceState, row, TrustState.Down);
  if (outage.toUs < outage.endUs) {
    bench.patch(outage.toUs, PatchColumn.TrustServiceState, row, TrustState.Up);
  }
  if (one.kind === TrustKind.TimeStampingAuthority) {
    // Something waits at every run: a server logs more often than it stamps.
    bench.keepBusy(20 * SECOND, outage.endUs);
  }
  const gaps = plan.servers.id.map((_, server) => one.gapsOf(bench, server, outage));
  for (const [server, found] of gaps.entries()) expectGaps(bench, server, one.fact, found, outage);
  bench.run(outage.endUs);
  expectIntervals(bench, one.clock, gaps, outage);
  return gaps;
}

/** What the outcome says of a clock: the same gaps, and nothing else. */
function expectIntervals(
  bench: TrustBench,
  clock: number,
  gaps: readonly (readonly Gap[])[],
  { fromUs, endUs }: Outage,
): void {
  const found = bench.trust.outcome().intervals;
  const rows = [...found.clock.keys()].filter(
    (row) => found.clock[row] === clock && found.toUs[row] > fromUs,
  );
  const told = gaps.map((_, server) =>
    rows
      .filter((row) => found.server[row] === server)
      .map((row) => ({ fromUs: found.fromUs[row], toUs: found.toUs[row] })),
  );
  const expected = gaps.map((list) =>
    list
      .filter((gap) => gap.fromUs < endUs)
      .map((gap) => ({ fromUs: gap.fromUs, toUs: Math.min(gap.toUs, endUs) })),
  );
  expect(told).toEqual(expected);
}

const PROFILES = ['xroad-default', 'ee-production', 'fi-production'] as const;

describe.each(PROFILES)('under %s', (profile) => {
  const values = valuesOf(profile);
  const toleranceUs: Readonly<Record<number, number>> = {
    [TrustKind.CentralServer]: Number(values.globalConfValidity),
    [TrustKind.OcspResponder]: Number(values.ocspFreshness),
    [TrustKind.TimeStampingAuthority]: Number(values.acceptableTimestampFailure),
  };

  test.each(KINDS)('$name: each server stops and recovers on its own', (one) => {
    const fromUs = 3 * HOUR + 17 * SECOND;
    const toUs = fromUs + toleranceUs[one.kind] + 2 * HOUR;
    const outage = { fromUs, toUs, endUs: toUs + 90 * MINUTE };
    const bench = new TrustBench(ringDocument([ringInstance({ profile, servers: 5 })]));
    const gaps = lose(bench, one, outage);
    expect(gaps.map(({ length }) => length)).toEqual([1, 1, 1, 1, 1]);
    const begins = new Set(gaps.map(([gap]) => gap.fromUs));
    // A common generation decides when configurations expire; the other clocks are each server's.
    expect(begins.size).toBeGreaterThanOrEqual(one.kind === TrustKind.CentralServer ? 1 : 5);
  });
});

const duration = (min: number, max: number): fc.Arbitrary<number> =>
  fc.integer({ min: min / 1000, max: max / 1000 }).map((ms) => ms * 1000);

const parameters = fc
  .record({
    globalConfGenerationInterval: duration(10 * SECOND, 5 * MINUTE),
    globalConfDownloadInterval: duration(20 * SECOND, 5 * MINUTE),
    globalConfReloadInterval: duration(10 * SECOND, 5 * MINUTE),
    ocspFetchInterval: duration(2 * MINUTE, HOUR),
    ocspFetchRetry: duration(10 * SECOND, 5 * MINUTE),
    ocspNextUpdate: fc.oneof(fc.constant(0), duration(2 * HOUR, 3 * HOUR)),
    timeStampingInterval: duration(MINUTE, HOUR),
    timeStampRetryDelay: duration(10 * SECOND, 5 * MINUTE),
    acceptableTimestampFailure: fc.oneof(fc.constant(0), duration(10 * MINUTE, 3 * HOUR)),
    ocspFreshness: duration(2 * HOUR, 4 * HOUR),
    globalConfValidity: duration(20 * MINUTE, 3 * HOUR),
  })
  .map((drawn): Record<string, number> => drawn);

test('whatever the parameters, whenever and however long the loss', () => {
  fc.assert(
    fc.property(
      parameters,
      fc.constantFrom(...KINDS),
      duration(70 * MINUTE, 3 * HOUR),
      duration(0, 5 * HOUR),
      fc.integer({ min: 0, max: 1_000_000 }),
      (drawn, one, fromUs, lastsUs, seed) => {
        const ring = ringInstance({ parameters: drawn, servers: 2 });
        const bench = new TrustBench(ringDocument([ring], { seed }));
        const toUs = fromUs + lastsUs;
        lose(bench, one, { fromUs, toUs, endUs: toUs + 75 * MINUTE });
      },
    ),
    { numRuns: 60, seed: 3 },
  );
});

describe('software defaults, two hundred servers: extremes and means', () => {
  const servers = 200;
  const limits = { exchangesMax: 400, eventsMax: 1e9, journalRowsMax: 10 };
  const begins = (one: (typeof KINDS)[number], lossUs: number, lastsUs: number): number[] => {
    const ring = ringInstance({ servers });
    const bench = new TrustBench(ringDocument([ring], { limits }));
    const endUs = lossUs + lastsUs;
    lose(bench, one, { fromUs: lossUs, toUs: endUs, endUs });
    const { server, clock, fromUs } = bench.trust.outcome().intervals;
    const first = new Map<number, number>();
    for (const [row, at] of server.entries()) {
      if (clock[row] === clock[0]) first.set(at, first.get(at) ?? fromUs[row] - lossUs);
    }
    expect(first.size).toBe(servers);
    return [...first.values()];
  };
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;

  // Facts 5.7, 5.1: what a server holds is up to a minute old, and what it downloads up to another.
  test('central server: eight to ten minutes', () => {
    const found = begins(KINDS[0], 30 * MINUTE, 20 * MINUTE);
    expect(Math.min(...found)).toBeGreaterThan(8 * MINUTE - SERVICE_US);
    expect(Math.max(...found)).toBeLessThanOrEqual(10 * MINUTE);
  });

  // Facts 5.7: 40 to 60 minutes, one after the other over a fetch interval of 20 minutes.
  test('OCSP responder: forty to sixty minutes, evenly', () => {
    const found = begins(KINDS[1], HOUR, 70 * MINUTE);
    expect(Math.min(...found)).toBeGreaterThan(40 * MINUTE - SECOND);
    expect(Math.max(...found)).toBeLessThanOrEqual(60 * MINUTE);
    // Of a uniform law of 20 minutes: standard error of the mean is 20 / sqrt(12 * 200) minutes.
    const errorUs = (20 * MINUTE) / Math.sqrt(12 * servers);
    expect(Math.abs(mean(found) - 50 * MINUTE)).toBeLessThan(4 * errorUs);
    expect(new Set(found).size).toBe(servers);
  });

  // Facts 5.7: four hours from the first failed run, which is up to an interval after the loss.
  test('time-stamping authority: four hours, and up to a minute more', () => {
    const found = begins(KINDS[3], HOUR, 4 * HOUR + 2 * MINUTE);
    expect(Math.min(...found)).toBeGreaterThan(4 * HOUR);
    expect(Math.max(...found)).toBeLessThan(4 * HOUR + MINUTE + SECOND);
    const errorUs = MINUTE / Math.sqrt(12 * servers);
    expect(Math.abs(mean(found) - 4 * HOUR - MINUTE / 2)).toBeLessThan(4 * errorUs);
  });
});

test('an idle server never starts the clock of time-stamping', () => {
  const bench = new TrustBench(ringDocument([ringInstance({ servers: 2 })]));
  const row = bench.plan.trustServices.kind.indexOf(TrustKind.TimeStampingAuthority);
  bench.patch(HOUR, PatchColumn.TrustServiceState, row, TrustState.Down);
  bench.run(20 * HOUR);
  expect(bench.trust.clientFactsBroken(0)).toBe(0);
  // The first record starts it, at the next run and not before.
  bench.logAll();
  bench.run(24 * HOUR);
  expect(bench.trust.clientFactsBroken(0)).toBe(0);
  bench.run(24 * HOUR + 2 * MINUTE);
  expect(bench.trust.clientFactsBroken(0)).toBe(Fact.TimestampingInTime);
});

test('a period of 0 is no limit', () => {
  const parameters0 = { acceptableTimestampFailure: 0 };
  const ring = ringInstance({ servers: 2, parameters: parameters0 });
  const bench = new TrustBench(ringDocument([ring]));
  const row = bench.plan.trustServices.kind.indexOf(TrustKind.TimeStampingAuthority);
  bench.patch(0, PatchColumn.TrustServiceState, row, TrustState.Down);
  bench.keepBusy(HOUR, 80 * HOUR);
  bench.run(100 * HOUR);
  expect(bench.trust.clientFactsBroken(0)).toBe(0);
});

test('whoever lacks a clock is not stopped by it', () => {
  const ring = ringInstance({
    servers: 2,
    centralServers: [],
    ocspResponders: [],
    timeStampingAuthorities: [quick('tsa-1')],
  });
  const bench = new TrustBench(ringDocument([ring]));
  bench.run(100 * HOUR);
  expect(bench.trust.clientFactsBroken(0)).toBe(0);
  expect(bench.trust.serverFactsBroken(0)).toBe(0);
  expect(bench.trust.connectCause(0)).toBe(Cause.None);
  expect(bench.trust.verifyCause(0)).toBe(Cause.None);
});
