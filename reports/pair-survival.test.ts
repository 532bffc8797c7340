// Goal: the survival curve is what pairs of servers really have left.
// Method: small federations worked out on paper, and any federation against a count of every single
// pair at every instant, which knows nothing of sweeps or sums.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sampleFolder } from '../sim/testing/sample-result.ts';
import { lossesOf, secondsUntilBelow, survivalOf, survivingShare } from './pair-survival.ts';
import type { SurvivalInput } from './pair-survival.ts';
import { stopsOf } from './trust-clocks.ts';
import type { Stop } from './trust-clocks.ts';

function serversOf(counts: Readonly<Record<string, number>>): SurvivalInput['servers'] {
  return Object.entries(counts).flatMap(([instance, count]) =>
    Array.from({ length: count }, (_, index) => ({ id: `${instance}/${index}`, instance })),
  );
}

function own(server: string, fromSeconds: number, toSeconds: number): Stop {
  const [instance] = server.split('/');
  return { server, instance, clock: 'time-stamping', foreign: null, fromSeconds, toSeconds };
}

function foreign(server: string, of: string, fromSeconds: number, toSeconds: number): Stop {
  return { ...own(server, fromSeconds, toSeconds), clock: 'foreign-configuration', foreign: of };
}

/** Its answers are too old for servers of the other instance. */
function tooOld(server: string, forInstance: string, fromSeconds: number, toSeconds: number): Stop {
  return { ...foreign(server, forInstance, fromSeconds, toSeconds), clock: 'peer-ocsp' };
}

const always = (): boolean => true;

describe('worked out on paper', () => {
  test('four servers of one country stop one after the other, and come back at once', () => {
    const stops = [0, 1, 2, 3].map((index) => own(`EE/${index}`, 110 + 10 * index, 200));
    const servers = serversOf({ EE: 4 });
    const window = { fromSeconds: 100, toSeconds: 300 };
    const survival = survivalOf({ servers, stops, isFederated: always, ...window });
    // 4 servers make 6 pairs, 3 make 3, 2 make 1; one alone and none make no pair.
    expect(survival).toEqual({
      homePairs: 6,
      borderPairs: 0,
      steps: [
        { afterSeconds: 0, home: 6, border: 0 },
        { afterSeconds: 10, home: 3, border: 0 },
        { afterSeconds: 20, home: 1, border: 0 },
        { afterSeconds: 30, home: 0, border: 0 },
        { afterSeconds: 100, home: 6, border: 0 },
      ],
      // With the third server the last pair is gone; the fourth has nobody left to lose.
      failures: {
        first: { afterSeconds: 10, stop: stops[0] },
        last: { afterSeconds: 30, stop: stops[2] },
      },
    });
    expect(survivingShare(survival, survival.steps[1])).toBe(0.5);
    expect(secondsUntilBelow(survival, 0.5)).toBe(20);
    expect(secondsUntilBelow(survival, 0.51)).toBe(10);
    expect(secondsUntilBelow(survival, 0)).toBeNull();
  });

  test('a foreign configuration that expires stops that border, and nothing at home', () => {
    const servers = serversOf({ EE: 3, FI: 2, IS: 1 });
    const stops = [foreign('EE/0', 'FI', 5, 20), foreign('EE/0', 'FI', 30, 40)];
    const window = { fromSeconds: 0, toSeconds: 100 };
    const survival = survivalOf({ servers, stops, isFederated: always, ...window });
    // Home: 3 + 1 + 0. Borders: 3 * 2 with Finland, 3 * 1 and 2 * 1 with Iceland.
    expect([survival.homePairs, survival.borderPairs]).toEqual([4, 11]);
    // EE/0 loses its two pairs with Finland and keeps the one with Iceland.
    expect(survival.steps.map(({ afterSeconds, border }) => [afterSeconds, border])).toEqual([
      [0, 11],
      [5, 9],
      [20, 11],
      [30, 9],
      [40, 11],
    ]);
    expect(new Set(survival.steps.map(({ home }) => home))).toEqual(new Set([4]));
  });

  test('answers too old for the other country close the border before servers stop', () => {
    const servers = serversOf({ EE: 3, FI: 2 });
    // Finland takes answers for an hour, Estonia for eight; they come back together at 36,000 s.
    const stops = [0, 1, 2].flatMap((index) => [
      tooOld(`EE/${index}`, 'FI', 3600 + 600 * index, 36_000),
      own(`EE/${index}`, 28_800 + 600 * index, 36_000),
    ]);
    const window = { fromSeconds: 0, toSeconds: 40_000 };
    const survival = survivalOf({ servers, stops, isFederated: always, ...window });
    const steps = survival.steps.map(({ afterSeconds, home, border }) => [
      afterSeconds,
      home,
      border,
    ]);
    // Home: 3 Estonian pairs and a Finnish one. Border: each Estonian server has two peers.
    expect(steps).toEqual([
      [0, 4, 6],
      [3600, 4, 4],
      [4200, 4, 2],
      [4800, 4, 0],
      [28_800, 2, 0],
      [29_400, 1, 0],
      [36_000, 4, 6],
    ]);
    expect(survival.failures?.first).toEqual({ afterSeconds: 3600, stop: stops[0] });
    expect(survival.failures?.last).toEqual({ afterSeconds: 29_400, stop: stops[3] });
  });

  test('a border closed by two clocks, or from both sides, opens with the last of them', () => {
    const servers = serversOf({ EE: 1, FI: 1 });
    const stops = [
      tooOld('EE/0', 'FI', 10, 40),
      foreign('EE/0', 'FI', 20, 50),
      tooOld('FI/0', 'EE', 30, 60),
    ];
    const window = { fromSeconds: 0, toSeconds: 100 };
    const { steps, failures } = survivalOf({ servers, stops, isFederated: always, ...window });
    expect(steps.map(({ afterSeconds, border }) => [afterSeconds, border])).toEqual([
      [0, 1],
      [10, 0],
      [60, 1],
    ]);
    expect(failures?.first).toBe(failures?.last);
  });

  test('instances that are not federated have no pairs', () => {
    const isFederated = (a: string, b: string): boolean => `${a}${b}` === 'FIEE';
    const servers = serversOf({ EE: 2, FI: 3, IS: 4 });
    const window = { fromSeconds: 0, toSeconds: 1 };
    const survival = survivalOf({ servers, stops: [], isFederated, ...window });
    expect([survival.homePairs, survival.borderPairs]).toEqual([1 + 3 + 6, 6]);
  });

  test('what had run out before the window counts from its beginning', () => {
    const servers = serversOf({ EE: 2 });
    const stops = [own('EE/0', 3, 50), own('EE/1', 60, 70), own('nobody', 0, 90)];
    const window = { fromSeconds: 10, toSeconds: 55 };
    const { steps } = survivalOf({ servers, stops, isFederated: always, ...window });
    expect(steps.map(({ afterSeconds, home }) => [afterSeconds, home])).toEqual([
      [0, 0],
      [40, 1],
    ]);
  });
});

test('any federation, against a count of every pair at every second', () => {
  const instances = ['EE', 'FI', 'IS'];
  const stopOf = fc
    .record({
      server: fc.nat(8),
      from: fc.nat(40),
      length: fc.nat(20),
      foreign: fc.constantFrom(null, ...instances),
      isTooOld: fc.boolean(),
    })
    .map(({ server, from, length, foreign: of, isTooOld }): Stop => {
      const instance = instances[server % 3];
      const id = `${instance}/${Math.floor(server / 3)}`;
      // Nobody holds a foreign copy of its own configuration.
      const other = of === instance ? null : of;
      const end = from + length;
      if (other === null) return own(id, from, end);
      return isTooOld ? tooOld(id, other, from, end) : foreign(id, other, from, end);
    });
  const federations = fc.subarray(['EE FI', 'FI IS', 'IS EE']);
  const property = fc.property(fc.array(stopOf, { maxLength: 12 }), federations, (stops, pairs) => {
    const servers = serversOf({ EE: 3, FI: 3, IS: 3 });
    const isFederated = (a: string, b: string): boolean => pairs.includes(`${a} ${b}`);
    const window = { fromSeconds: 5, toSeconds: 50 };
    const { steps, failures } = survivalOf({ servers, stops, isFederated, ...window });
    const worse: number[] = [];
    let fewest = Infinity;
    for (let second = 5; second <= 50; second++) {
      const step = steps.findLast(({ afterSeconds }) => afterSeconds + 5 <= second);
      const counted = countPairs({ servers, isFederated, stops }, second);
      expect({ home: step?.home, border: step?.border }).toEqual(counted);
      if (counted.home + counted.border < fewest && second > 5) worse.push(second);
      fewest = Math.min(fewest, counted.home + counted.border);
    }
    const ends = failures === null ? [] : [failures.first, failures.last];
    const expected = worse.length === 0 ? [] : [worse[0], worse[worse.length - 1]];
    expect(ends.map(({ afterSeconds }) => afterSeconds + 5)).toEqual(expected);
    // What ran out there began at that instant, at the server that is named.
    expect(ends.map(({ stop }) => stop.fromSeconds)).toEqual(expected);
  });
  fc.assert(property, { numRuns: 60, seed: 2026 });
});

/** Intervals hold from their beginning to just before their end. */
function countPairs(
  { servers, isFederated, stops }: Pick<SurvivalInput, 'servers' | 'isFederated' | 'stops'>,
  second: number,
): { home: number; border: number } {
  const isOut = (id: string, of: string | null): boolean =>
    stops.some(
      (stop) =>
        stop.server === id &&
        stop.foreign === of &&
        stop.fromSeconds <= second &&
        second < stop.toSeconds,
    );
  const count = { home: 0, border: 0 };
  for (const [index, a] of servers.entries()) {
    for (const b of servers.slice(index + 1)) {
      if (isOut(a.id, null) || isOut(b.id, null)) continue;
      if (a.instance === b.instance) {
        count.home++;
        continue;
      }
      if (!isFederated(a.instance, b.instance) && !isFederated(b.instance, a.instance)) continue;
      if (!isOut(a.id, b.instance) && !isOut(b.id, a.instance)) count.border++;
    }
  }
  return count;
}

test('only incidents that took a trust service away, and stopped somebody, are losses', () => {
  const { result } = sampleFolder();
  const [crash] = result.incidents;
  const [{ id }] = result.servers;
  const trust = [{ scope: id, clock: 'time-stamping', fromSeconds: 40_000, toSeconds: 50_000 }];
  const incident = { ...crash, id: 'tsa', kind: 'tsa-down', startSeconds: 30_000 };
  const incidents = [
    { ...crash, startSeconds: 30_000, endSeconds: 48_000 },
    { ...incident, endSeconds: 48_000 },
    { ...incident, endSeconds: 39_000 },
    { ...incident, kind: 'ocsp-down', endSeconds: 48_000 },
  ];
  const changed = { ...result, trust, incidents };
  const losses = lossesOf(changed, stopsOf(changed), 86_400);
  expect(losses.map((loss) => [loss.incident.id, loss.incident.endSeconds])).toEqual([
    ['tsa', 48_000],
  ]);
  // From the loss to the last return at 50,000 s, and 6 % of these 20,000 s more.
  expect([losses[0].fromSeconds, losses[0].toSeconds]).toEqual([30_000, 51_200]);
});

test('answers too old for a foreign country are a loss of OCSP, also if nobody stops', () => {
  const { result } = sampleFolder();
  const [crash] = result.incidents;
  const [{ id }] = result.servers;
  const trust = [{ scope: id, clock: 'peer-ocsp FI', fromSeconds: 40_000, toSeconds: 50_000 }];
  const window = { startSeconds: 30_000, endSeconds: 49_000 };
  const incidents = ['ocsp-down', 'tsa-down'].map((kind) => ({ ...crash, ...window, kind }));
  const changed = { ...result, trust, incidents };
  const losses = lossesOf(changed, stopsOf(changed), 86_400);
  expect(losses.map((loss) => loss.incident.kind)).toEqual(['ocsp-down']);
  const [{ survival }] = losses;
  expect(survival.failures?.first.afterSeconds).toBe(10_000);
  expect(survival.failures?.first.stop.foreign).toBe('FI');
  // Of one server the pairs with all of Finland's, and no pair at home.
  const finns = result.servers.filter(({ instance }) => instance === 'FI').length;
  expect(survival.steps.map(({ border }) => survival.borderPairs - border)).toEqual([0, finns, 0]);
  expect(new Set(survival.steps.map(({ home }) => home)).size).toBe(1);
});
