/**
 * Equal runs are equal to the last bit, and unequal ones are not; and chance belongs to who calls:
 * what is added to a world or taken from it leaves the draws of every other exchange alone.
 */
import { describe, expect, test } from 'vitest';
import type { ReplicationOutcome } from '../metrics/outcome.ts';
import type { Calibration } from '../plan/calibration.ts';
import type { Plan } from '../plan/plan.ts';
import { Effect } from '../protocol/effect.ts';
import { effectOf, Input } from '../protocol/exchange.ts';
import { calibrationOf, constant, planOfText, runPlan } from '../testing/small-run.ts';

const COSTS = {
  parse: { cpu: { kind: 'lognormal', median: 2000, sigma: 0.3 } },
  handshakeClient: { cpu: { kind: 'lognormal', median: 1000, sigma: 0.3 } },
  handshakeServer: { cpu: { kind: 'lognormal', median: 1000, sigma: 0.3 } },
  sign: { cpu: { kind: 'lognormal', median: 3000, sigma: 0.3 } },
  logCommit: { delay: { kind: 'exponential', mean: 3000 } },
  verify: { cpu: { kind: 'exponential', mean: 4000 } },
  admit: { cpu: { kind: 'uniform', from: 500, to: 1500 } },
} as const;
const CALIBRATION = calibrationOf(COSTS);

interface Extras {
  readonly members?: string;
  readonly servers?: string;
  readonly services?: string;
  readonly workloads?: string;
  readonly incidents?: string;
  readonly seed?: number;
}

function textOf(extras: Extras = {}): string {
  return `
duration: 30s
seed: ${extras.seed ?? 3}
calibration: zero
limits: { exchangesMax: 5000 }
instances:
  EE:
    members:
      ${extras.members ?? ''}
      - { id: GOV/1, subsystems: [registry] }
      - { id: GOV/2, subsystems: [office] }
      - { id: GOV/3, subsystems: [desk] }
    servers:
      ${extras.servers ?? ''}
      - { id: provider, owner: GOV/1, subsystems: [GOV/1/registry] }
      - { id: office, owner: GOV/2, subsystems: [GOV/2/office] }
      - { id: desk, owner: GOV/3, subsystems: [GOV/3/desk] }
systems: [{ id: registry, capacity: 4, serviceTime: { exponential: 20ms } }]
services:
  ${extras.services ?? ''}
  - id: EE/GOV/1/registry/person
    system: registry
    responseSize: { lognormal: { median: 2KiB, sigma: 1 } }
    access: [EE/GOV/2/office, EE/GOV/3/desk]
  - id: EE/GOV/1/registry/house
    system: registry
    responseSize: { exponential: 4KiB }
    access: [EE/GOV/2/office, EE/GOV/3/desk]
workloads:
  ${extras.workloads ?? ''}
  - id: office
    client: EE/GOV/2/office
    services: [EE/GOV/1/registry/person, { service: EE/GOV/1/registry/house, weight: 2 }]
    requestSize: { pareto: { minimum: 300B, alpha: 1.5 } }
    rate: 20/s
  - id: desk
    client: EE/GOV/3/desk
    services: [EE/GOV/1/registry/person, EE/GOV/1/registry/house]
    users: 5
    thinkTime: { exponential: 200ms }
incidents: [${extras.incidents ?? ''}]
`;
}

function outcomeOf(
  extras: Extras = {},
  calibration: Calibration = CALIBRATION,
): { readonly plan: Plan; readonly outcome: ReplicationOutcome } {
  const plan = planOfText(textOf(extras), calibration);
  return { plan, outcome: runPlan(plan, 0, 'all') };
}

/** Effects whose service time is a draw of the exchange's own. */
const PRICED: readonly number[] = [
  Effect.Parse,
  Effect.Connect,
  Effect.Log,
  Effect.Verify,
  Effect.Admit,
  Effect.Forward,
];

interface Drawn {
  readonly intendedUs: number;
  /** What the sizes and service times of this exchange came out as, one after the other. */
  readonly draws: readonly (number | string)[];
  readonly endUs: number;
}

/** By source and ordinal: an exchange's name, which no other entity changes. */
function drawsOf({ plan, outcome }: ReturnType<typeof outcomeOf>): Map<string, Drawn> {
  const { kept, ...journal } = outcome.journal;
  const services: number[][] = Array.from(kept.fault, () => []);
  const lastEffect = new Map<number, number>();
  for (let row = 0; row < journal.timeUs.length; row++) {
    const leg = 2 * journal.exchange[row] + journal.leg[row];
    const effect = lastEffect.get(leg) ?? Effect.None;
    lastEffect.set(leg, effectOf(journal.transition[row]));
    if (!PRICED.includes(effect) || journal.input[row] !== Input.Done) continue;
    // The legs run side by side: each draw is named, and their order does not count.
    services[journal.exchange[row]].push((leg & 1) * 1e12 + effect * 1e9 + journal.serviceUs[row]);
  }
  return new Map(
    services.map((drawn, exchange): [string, Drawn] => {
      const flow = kept.flow[exchange];
      const draws = [
        plan.services.id[plan.flows.service[flow]],
        kept.requestBytes[exchange],
        kept.responseBytes[exchange],
        ...(kept.fault[exchange] === 0 ? drawn.toSorted((a, b) => a - b) : []),
      ];
      const name = `${plan.sources.id[kept.source[exchange]]}#${kept.ordinal[exchange]}`;
      const endUs = kept.responseOutUs[exchange];
      return [name, { intendedUs: kept.intendedUs[exchange], draws, endUs }];
    }),
  );
}

/** How many exchanges both have; those must have drawn the same. */
function expectSameDraws(
  one: ReadonlyMap<string, Drawn>,
  other: ReadonlyMap<string, Drawn>,
): number {
  let shared = 0;
  for (const [name, { draws }] of one) {
    const found = other.get(name);
    // What failed in one of the runs has drawn less, but nothing else.
    if (found === undefined) continue;
    const length = Math.min(draws.length, found.draws.length);
    expect(found.draws.slice(0, length), name).toEqual(draws.slice(0, length));
    shared++;
  }
  return shared;
}

describe('the same again', () => {
  test('equal plans give equal outcomes', () => {
    expect(outcomeOf().outcome).toEqual(outcomeOf().outcome);
  });

  test('another seed, and another replication, give another fingerprint', () => {
    const { plan, outcome } = outcomeOf();
    const prints = [
      outcome.fingerprint,
      runPlan(plan, 1).fingerprint,
      outcomeOf({ seed: 4 }).outcome.fingerprint,
    ];
    for (const part of ['order', 'sizes', 'results'] as const) {
      expect(new Set(prints.map((print) => print[part])).size, part).toBe(3);
    }
  });

  // What CI relies on: if the smallest change can hide, equal fingerprints prove nothing.
  test.each(['parse', 'sign', 'admit', 'verify', 'logCommit'] as const)(
    'the canary: one microsecond more of %s changes the fingerprint',
    (cost) => {
      const steady = { ...COSTS, [cost]: { cpu: constant(2000) } };
      const slower = { ...COSTS, [cost]: { cpu: constant(2001) } };
      const one = outcomeOf({}, calibrationOf(steady)).outcome.fingerprint;
      const other = outcomeOf({}, calibrationOf(slower)).outcome.fingerprint;
      expect(other.order).not.toBe(one.order);
      expect(other.results).not.toBe(one.results);
      // Of the open workload nothing else is new, but users who wait longer call later, and less.
      expect(outcomeOf({}, calibrationOf(steady)).outcome.fingerprint).toEqual(one);
    },
  );

  test('the canary: one microsecond more of one answer of one system', () => {
    const text = textOf();
    const plan = (us: number): Plan =>
      planOfText(
        text.replace('{ exponential: 20ms }', `{ empirical: [5ms, ${us}us] }`),
        CALIBRATION,
      );
    const [one, other] = [runPlan(plan(20_000)), runPlan(plan(20_001))];
    expect(other.fingerprint.results).not.toBe(one.fingerprint.results);
  });
});

describe('chance belongs to who calls', () => {
  const base = drawsOf(outcomeOf());

  const changes: [string, Extras][] = [
    [
      'a member and its server',
      {
        members: '- { id: COM/9, subsystems: [shop] }',
        servers: '- { id: shop, owner: COM/9, subsystems: [COM/9/shop] }',
      },
    ],
    [
      'a workload of another member',
      {
        members: '- { id: COM/9, subsystems: [shop] }',
        servers: '- { id: shop, owner: COM/9, subsystems: [COM/9/shop] }',
        services: '- { id: EE/GOV/1/registry/price, system: registry, access: [EE/COM/9/shop] }',
        workloads:
          '- { id: shop, client: EE/COM/9/shop, services: EE/GOV/1/registry/price, rate: 30/s }',
      },
    ],
    [
      'a crash',
      { incidents: '{ id: trouble, kind: server-crash, target: EE/provider, at: 10s, for: 1s }' },
    ],
    [
      'a slow line',
      {
        incidents:
          '{ id: trouble, kind: link-slow, target: EE/office, extraDelay: 40ms, at: 5s, for: 9s }',
      },
    ],
    [
      'a flood',
      {
        incidents:
          '{ id: trouble, kind: request-flood, target: EE/office, rate: 200/s, at: 5s, for: 9s }',
      },
    ],
  ];

  test.each(changes)('%s changes no draw of an exchange that both runs share', (_name, extras) => {
    const changed = drawsOf(outcomeOf(extras));
    const shared = expectSameDraws(base, changed);
    // Of the open workload all; of users as many as they had time for.
    const ofOffice = [...base.keys()].filter((name) => name.startsWith('office'));
    expect(ofOffice.filter((name) => !changed.has(name))).toEqual([]);
    expect(shared).toBeGreaterThan(0.7 * base.size);
    for (const name of ofOffice) {
      expect(changed.get(name)?.intendedUs).toBe(base.get(name)?.intendedUs);
    }
  });

  test('before an incident nothing at all is different', () => {
    const crashUs = 10e6;
    const crash = '{ id: trouble, kind: server-crash, target: EE/provider, at: 10s, for: 1s }';
    const changed = drawsOf(outcomeOf({ incidents: crash }));
    const before = [...base].filter(([, { endUs }]) => endUs > 0 && endUs < crashUs);
    expect(before.length).toBeGreaterThan(200);
    for (const [name, drawn] of before) expect(changed.get(name), name).toEqual(drawn);
    const after = [...base].filter(([name, drawn]) => changed.get(name)?.endUs !== drawn.endUs);
    expect(after.length).toBeGreaterThan(20);
  });
});
