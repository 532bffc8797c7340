import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { draw } from '../base/random.ts';
import { Cause } from './fault.ts';
import { candidatesOf, shuffleOrder } from './routing.ts';
import type { RegisteredServer } from './routing.ts';

const RR = 'EE/GOV/70008440/rr';

const server = (id: string, clients: string[], inMaintenance = false): RegisteredServer => ({
  id,
  clients: new Set(clients),
  inMaintenance,
});

describe('candidates', () => {
  const servers = [
    server('EE/GOV/1/a', [RR, 'EE/GOV/1/other']),
    server('EE/GOV/1/b', ['EE/GOV/1/other']),
    server('EE/GOV/1/c', [RR], true),
    server('EE/GOV/1/d', [RR]),
    server('EE/GOV/1/e', ['EE/GOV/1/resting'], true),
  ];

  test.each([
    // All that serve it, less those in maintenance.
    [RR, null, [0, 3], Cause.None],
    ['EE/GOV/1/other', null, [0, 1], Cause.None],
    // X-Road-Security-Server narrows them to one.
    [RR, 'EE/GOV/1/d', [3], Cause.None],
    ['EE/GOV/1/nobody', null, [], Cause.UnknownMember],
    // Nobody serves it: that comes before the question whom the client wants.
    ['EE/GOV/1/nobody', 'EE/GOV/1/z', [], Cause.UnknownMember],
    [RR, 'EE/GOV/1/b', [], Cause.InvalidSecurityServer],
    [RR, 'EE/GOV/1/z', [], Cause.InvalidSecurityServer],
    [RR, 'EE/GOV/1/c', [], Cause.MaintenanceMode],
    ['EE/GOV/1/resting', null, [], Cause.MaintenanceMode],
  ])('of %s at %s', (provider, target, rows, cause) => {
    expect(candidatesOf(servers, provider, target)).toEqual({ servers: rows, cause });
  });
});

describe('the shuffle', () => {
  test('it is a permutation, and of one or none nothing is drawn', () => {
    const anyDraws = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }));
    fc.assert(
      fc.property(anyDraws, (draws) => {
        const order = shuffleOrder(draws.length + 1, draws);
        expect(order.toSorted((a, b) => a - b)).toEqual(order.map((_, row) => row));
      }),
    );
    expect(shuffleOrder(1, [])).toEqual([0]);
    expect(shuffleOrder(0, [])).toEqual([]);
    expect(() => shuffleOrder(3, [0.5])).toThrow(/2 draws/);
  });

  test('every order of three is as likely as the others', () => {
    const counts = new Map<string, number>();
    const rounds = 60_000;
    for (let at = 0; at < rounds; at++) {
      const order = shuffleOrder(3, [draw(5, 6, at, 0, 0), draw(5, 6, at, 0, 1)]).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    const chiSquare = [...counts.values()].reduce(
      (sum, count) => sum + (count - rounds / 6) ** 2 / (rounds / 6),
      0,
    );
    // 99.9 % of the mass of five degrees of freedom.
    expect(chiSquare).toBeLessThan(20.5);
  });
});
