/**
 * Caches on many servers: what all of them held at time 0 they load again one after the other over
 * the period, and not at the same instant, unless their jobs are synchronised.
 */
import { describe, expect, test } from 'vitest';
import { PatchColumn } from '../plan/plan.ts';
import type { Plan } from '../plan/plan.ts';
import { Fact } from '../protocol/exchange.ts';
import { ringDocument, ringInstance, TrustBench } from '../testing/trust-bench.ts';
import type { RingInstance } from '../testing/trust-bench.ts';
import { cachePhasesUs } from './trust-phases.ts';

const SECOND = 1e6;
const MINUTE = 60e6;
const SERVERS = 300;
/** Software defaults: CachingKeyConfImpl and CachingServerConfImpl (facts 5.2 and 8). */
const KEY_PERIOD_US = 300 * SECOND;
const RIGHTS_PERIOD_US = 60 * SECOND;

function ring(parameters: RingInstance['parameters'] = {}): TrustBench {
  const limits = { exchangesMax: 2 * SERVERS, eventsMax: 1e9, journalRowsMax: 10 };
  return new TrustBench(ringDocument([ringInstance({ servers: SERVERS, parameters })], { limits }));
}

/** By slot: when a question asked each second was first answered with the fact broken. */
function noticedUs(
  bench: TrustBench,
  [fromUs, toUs]: readonly [number, number],
  isBroken: (slot: number) => boolean,
): number[] {
  const found = Array.from({ length: SERVERS }, () => Infinity);
  for (let atUs = fromUs; atUs <= toUs; atUs += SECOND) {
    bench.run(atUs);
    for (const slot of found.keys()) {
      if (isBroken(slot) && found[slot] === Infinity) found[slot] = atUs;
    }
  }
  return found;
}

/** Within a period after `fromUs`, and evenly: the mean, and the share of each fifth. */
function expectSpread(found: readonly number[], fromUs: number, periodUs: number): void {
  const after = found.map((atUs) => atUs - fromUs);
  expect(Math.min(...after)).toBeGreaterThan(0);
  expect(Math.max(...after)).toBeLessThanOrEqual(periodUs + 2 * SECOND);
  const mean = after.reduce((sum, value) => sum + value, 0) / after.length;
  // Of a uniform law: a standard error of period / sqrt(12 n). A question may be a second late.
  const errorUs = periodUs / Math.sqrt(12 * after.length);
  expect(Math.abs(mean - periodUs / 2)).toBeLessThan(4 * errorUs + SECOND);
  const fifths = Map.groupBy(after, (value) => Math.floor((5 * (value - 1)) / periodUs));
  for (let fifth = 0; fifth < 5; fifth++) {
    // 60 are expected, with a standard deviation of 7.
    expect(fifths.get(fifth)?.length, `fifth ${fifth}`).toBeGreaterThan(60 - 28);
  }
}

describe('the signers of all servers are lost at one instant', () => {
  // Between two questions, which fall on whole seconds.
  const lostAtUs = 10 * MINUTE + SECOND / 2;
  const found = (parameters: RingInstance['parameters']): number[] => {
    const bench = ring(parameters);
    for (const server of bench.plan.servers.id.keys()) {
      bench.patch(lostAtUs, PatchColumn.SignerLost, server, 1);
    }
    const { trust } = bench;
    const ask = (slot: number): boolean =>
      (trust.clientFactsBroken(slot) & (Fact.AuthCertUsable | Fact.SigningKeyUsable)) !== 0;
    return noticedUs(bench, [0, lostAtUs + 6 * MINUTE], ask);
  };

  test('their proxies notice it one after the other, over five minutes', () => {
    expectSpread(found({}), lostAtUs, KEY_PERIOD_US);
  });

  test('together, where the jobs are synchronised', () => {
    const atOnce = found({ synchronisedJobs: true });
    expect(new Set(atOnce).size).toBe(1);
    expect(atOnce[0]).toBeLessThanOrEqual(lostAtUs + KEY_PERIOD_US + SECOND);
  });
});

describe('all rights are withdrawn in the first second', () => {
  const withdraw = (parameters: RingInstance['parameters']): TrustBench => {
    const bench = ring(parameters);
    for (let flow = 0; flow < SERVERS; flow++) {
      bench.patch(1000, PatchColumn.AccessRevoked, flow, 1);
    }
    return bench;
  };
  const isDenied =
    ({ trust }: TrustBench) =>
    (slot: number): boolean =>
      (trust.serverFactsBroken(slot) & Fact.AccessAllowed) !== 0;

  test('providers notice it one after the other, over a minute', () => {
    const bench = withdraw({});
    const found = noticedUs(bench, [SECOND, 2 * MINUTE], isDenied(bench));
    expectSpread(found, 0, RIGHTS_PERIOD_US);
  });

  test('together, where the jobs are synchronised', () => {
    const bench = withdraw({ synchronisedJobs: true });
    const found = noticedUs(bench, [SECOND, 2 * MINUTE], isDenied(bench));
    expect(new Set(found)).toEqual(new Set([RIGHTS_PERIOD_US]));
  });

  test('a proxy that was started anew has nothing to go on with', () => {
    const bench = withdraw({ synchronisedJobs: true });
    bench.restart(10 * SECOND, 1, SECOND);
    bench.run(15 * SECOND);
    const denied = [0, 1, 2].filter(isDenied(bench));
    expect(denied.map((slot) => bench.state.table.providerServer[slot])).toEqual([1]);
  });
});

describe('the phases', () => {
  const { plan } = ring();
  const correlation = (a: Float64Array, b: Float64Array): number => {
    const mean = (of: Float64Array): number => of.reduce((sum, one) => sum + one, 0) / of.length;
    const [meanA, meanB] = [mean(a), mean(b)];
    const product = (x: Float64Array, xMean: number, y: Float64Array, yMean: number): number =>
      x.reduce((sum, one, row) => sum + (one - xMean) * (y[row] - yMean), 0);
    const square = product(a, meanA, a, meanA) * product(b, meanB, b, meanB);
    return product(a, meanA, b, meanB) / Math.sqrt(square);
  };

  test('are the same each time, and never 0', () => {
    const periods = [
      ['keyConfCachePeriod', KEY_PERIOD_US],
      ['serverConfCachePeriod', RIGHTS_PERIOD_US],
    ] as const;
    for (const [parameter, periodUs] of periods) {
      const phasesUs = cachePhasesUs(plan, parameter);
      expect(phasesUs).toEqual(cachePhasesUs(plan, parameter));
      expect(phasesUs.every((phase) => phase > 0 && phase <= periodUs)).toBe(true);
      expect(phasesUs.every((phase) => Number.isInteger(phase))).toBe(true);
    }
  });

  test('follow no job, and not each other', () => {
    const keyUs = cachePhasesUs(plan, 'keyConfCachePeriod');
    const rightsUs = cachePhasesUs(plan, 'serverConfCachePeriod');
    const { confPhaseUs, reloadPhaseUs, ocspPhaseUs, stampPhaseUs } = plan.servers;
    const jobs = [confPhaseUs, reloadPhaseUs, ocspPhaseUs, stampPhaseUs];
    const others: [Float64Array, Float64Array][] = [
      ...jobs.map((job): [Float64Array, Float64Array] => [keyUs, job]),
      ...jobs.map((job): [Float64Array, Float64Array] => [rightsUs, job]),
      [keyUs, rightsUs],
    ];
    // Of 300 independent pairs: a standard deviation of 0.058.
    for (const [a, b] of others) expect(Math.abs(correlation(a, b))).toBeLessThan(0.2);
  });

  test('are whole periods where jobs are synchronised', () => {
    const synchronised: Plan = ring({ synchronisedJobs: true }).plan;
    const phasesUs = cachePhasesUs(synchronised, 'keyConfCachePeriod');
    expect(new Set(phasesUs)).toEqual(new Set([KEY_PERIOD_US]));
  });

  test('a key that is not usable at time 0 is in no cache', () => {
    const bench = new TrustBench(ringDocument([ringInstance({ servers: 2 })]), (one) => ({
      ...one,
      certificates: { ...one.certificates, notAfterUs: one.certificates.notAfterUs.map(() => -1) },
    }));
    bench.run(SECOND);
    expect(bench.trust.clientFactsBroken(0) & Fact.AuthCertUsable).not.toBe(0);
  });
});
