import { expect, test } from 'vitest';
import type { PopulationDocument } from '../plan/document.ts';
import { checkFigures } from './check.ts';
import { CALLS_MAX } from './calls.ts';
import { generateCountry } from './country.ts';
import type { Country } from './country.ts';

/** Estonia as in scenarios/national/working-day, whose comments have the sources. */
const ESTONIA: PopulationDocument = {
  scale: 1,
  members: 1083,
  subsystems: 1887,
  services: 3000,
  servers: 300,
  memberClasses: { GOV: 0.215, COM: 0.565, NGO: 0.22 },
  callMatrix: {
    GOV: { GOV: 0.671, COM: 0.054, NGO: 0.024 },
    COM: { GOV: 0.127, COM: 0, NGO: 0.002 },
    NGO: { GOV: 0.103, COM: 0.01, NGO: 0.007 },
  },
  serviceRankExponent: 1.25,
  consumerRankExponent: 0.9,
  servicesPerConsumer: 8,
  clusteredShare: 0.1,
  soapShare: 0.7,
  requestSize: { kind: 'lognormal', median: 1876, sigma: 0.8 },
  responseSize: { kind: 'lognormal', median: 2025, sigma: 1 },
  serviceTime: { kind: 'lognormal', median: 100, sigma: 0.7 },
  systemCapacity: 64,
  clusters: [
    cluster('e-health', 'GOV', 0.254, 100, 100),
    cluster('Medisoft HL7', 'COM', 0.019, 1, 1),
    cluster('PPA border', 'GOV', 0.021, 29, 4),
    cluster('EMTA customs', 'GOV', 0.004, 32, 270),
  ],
  callsPerDay: 10_600_000,
  profile: { clock: 'day', points: [{ atUs: 0, rate: 1 }] },
  crossBorder: {},
};

function cluster(
  name: string,
  memberClass: string,
  share: number,
  services: number,
  consumers: number,
): PopulationDocument['clusters'][number] {
  return { name, memberClass, share, services, consumers, serviceTime: null };
}

const classOf = (country: Country, subsystem: number): string =>
  country.members[country.subsystems[subsystem].member].memberClass;

/** Share of the calls by consumer's and provider's class, `GOV->COM`. */
function matrixOf(country: Country): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { subsystem, calls } of country.consumers) {
    for (const { service, share } of calls) {
      const pair = `${classOf(country, subsystem)}->${country.services[service].memberClass}`;
      sums.set(pair, (sums.get(pair) ?? 0) + share);
    }
  }
  return sums;
}

function clusterShares(country: Country, count: number): number[] {
  const sums = Array.from({ length: count }, () => 0);
  for (const { calls } of country.consumers) {
    for (const { service, share } of calls) {
      const index = country.services[service].cluster;
      if (index !== -1) sums[index] += share;
    }
  }
  return sums;
}

const callCount = (country: Country): number =>
  country.consumers.reduce((sum, { calls }) => sum + calls.length, 0);

const country = generateCountry('EE', ESTONIA);

test('the counts are those of the figures', () => {
  expect(country.members).toHaveLength(1083);
  expect(country.subsystems).toHaveLength(1887);
  expect(country.services).toHaveLength(3000);
  expect(country.servers).toHaveLength(300);
});

test('members stand in their classes by share', () => {
  const count = (name: string): number =>
    country.members.filter(({ memberClass }) => memberClass === name).length;
  expect(count('GOV')).toBe(Math.round(1083 * 0.215));
  expect(count('COM') + count('GOV') + count('NGO')).toBe(1083);
});

// At every scale, because CI runs scaled replicas of the same scenario.
for (const scale of [1, 0.3, 0.05, 0.01]) {
  test(`the call matrix holds within 0.5 points, at scale ${scale}`, () => {
    const small = generateCountry('EE', { ...ESTONIA, scale });
    const matrix = matrixOf(small);
    // The published percentages add up to 99.8.
    const whole = 0.998;
    for (const [from, row] of Object.entries(ESTONIA.callMatrix)) {
      for (const [to, share] of Object.entries(row)) {
        const found = matrix.get(`${from}->${to}`) ?? 0;
        expect(Math.abs(found - share / whole), `${from}->${to}: ${found}`).toBeLessThan(0.005);
      }
    }
  });

  test(`the clusters have their shares, at scale ${scale}`, () => {
    const small = generateCountry('EE', { ...ESTONIA, scale });
    const shares = clusterShares(small, ESTONIA.clusters.length);
    for (const [index, { share, name }] of ESTONIA.clusters.entries()) {
      expect(Math.abs(shares[index] - share), `${name}: ${shares[index]}`).toBeLessThan(0.005);
    }
  });
}

test('all shares add up to one, and none is negative or zero', () => {
  const shares = country.consumers.flatMap(({ calls }) => calls.map(({ share }) => share));
  expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
  expect(Math.min(...shares)).toBeGreaterThan(0);
});

test('clusters have their number of consumers', () => {
  for (const [index, figures] of ESTONIA.clusters.entries()) {
    const callers = country.consumers.filter(({ calls }) =>
      calls.some(({ service }) => country.services[service].cluster === index),
    );
    expect({ name: figures.name, callers: callers.length }).toEqual({
      name: figures.name,
      callers: figures.consumers,
    });
  }
});

test('every service has a consumer, and the calls stay countable', () => {
  const called = new Set(
    country.consumers.flatMap(({ calls }) => calls.map(({ service }) => service)),
  );
  expect(called.size).toBe(country.services.length);
  expect(callCount(country)).toBeGreaterThan(1083 * 4);
  expect(callCount(country)).toBeLessThanOrEqual(CALLS_MAX);
  const greedy = generateCountry('EE', { ...ESTONIA, servicesPerConsumer: 500 });
  expect(callCount(greedy)).toBeLessThanOrEqual(CALLS_MAX * 1.02);
});

test('the popularity of services falls by the rank law', () => {
  const volumes = new Float64Array(country.services.length);
  for (const { calls } of country.consumers) {
    for (const { service, share } of calls) volumes[service] += share;
  }
  const general = country.services
    .map((service, index) => ({ service, volume: volumes[index] }))
    .filter(({ service }) => service.cluster === -1 && service.memberClass === 'GOV');
  const sum = general.reduce((partial, { volume }) => partial + volume, 0);
  // Zeta sums of exponent 1.25 give the first about a quarter of everything, the tenth 1.4 %.
  expect(general[0].volume / sum).toBeCloseTo(general[0].service.popularity, 1);
  expect(general[0].volume).toBeGreaterThan(general[9].volume * 5);
});

test('every member stands on a server, busy providers on two', () => {
  const counts = country.subsystems.map(({ servers }) => servers.length);
  expect(Math.min(...counts)).toBe(1);
  expect(Math.max(...counts)).toBe(2);
  const providers = new Set(
    country.services.map(({ subsystem }) => country.subsystems[subsystem].member),
  );
  const double = new Set(
    country.subsystems.filter(({ servers }) => servers.length === 2).map(({ member }) => member),
  );
  expect(double.size / providers.size).toBeCloseTo(ESTONIA.clusteredShare, 1);
  // The server that an incident names is that of the busiest member, an e-health provider.
  expect(country.servers[0].code).toBe('ss-0001');
  expect(country.members[country.servers[0].owner].name).toBe('e-health (synthetic)');
});

test('the same figures give the same country', () => {
  expect(generateCountry('EE', ESTONIA)).toEqual(country);
});

test('one more member leaves the choices of the others alone', () => {
  const larger = generateCountry('EE', { ...ESTONIA, members: 1084 });
  const before = new Set(country.members.map(({ id }) => id));
  const kept = larger.members.filter(({ id }) => before.has(id));
  expect(kept.length).toBeGreaterThan(1000);
});

test('degenerate figures still make a country', () => {
  const one: PopulationDocument = {
    ...ESTONIA,
    members: 1,
    subsystems: 1,
    services: 1,
    servers: 1,
    memberClasses: { GOV: 1 },
    callMatrix: { GOV: { GOV: 1 } },
    clusters: [],
  };
  expect(checkFigures(one)).toEqual([]);
  const tiny = generateCountry('FI', one);
  expect(tiny.members).toHaveLength(1);
  expect(callCount(tiny)).toBe(1);
  const crowded = generateCountry('FI', { ...one, servers: 50, members: 3 });
  expect(crowded.servers.length).toBeLessThanOrEqual(6);
});

test('figures that contradict each other are issues', () => {
  const cases: [string, Partial<PopulationDocument>, string][] = [
    ['unknown class', { callMatrix: { GVO: { GOV: 1 } } }, 'callMatrix.GVO unknown-reference'],
    ['shares', { memberClasses: { GOV: 0.5 } }, 'memberClasses infeasible-figures'],
    [
      'a cluster larger than its class',
      { clusters: [cluster('one', 'COM', 0.2, 1, 1)] },
      'clusters infeasible-figures',
    ],
    [
      'twice one name',
      { clusters: [cluster('one', 'COM', 0, 1, 1), cluster('one', 'COM', 0, 1, 1)] },
      'clusters.1.name duplicate-id',
    ],
    [
      'nobody all day',
      { profile: { clock: 'day', points: [{ atUs: 0, rate: 0 }] } },
      'profile infeasible-figures',
    ],
  ];
  for (const [name, change, expected] of cases) {
    const figures = { ...ESTONIA, ...change };
    // With one class only the others of the matrix are unknown, too.
    if (name === 'shares')
      Object.assign(figures, { callMatrix: { GOV: { GOV: 1 } }, clusters: [] });
    const found = checkFigures(figures).map(({ path, code }) => `${path.join('.')} ${code}`);
    expect([name, ...found]).toContain(expected);
  }
  expect(checkFigures(ESTONIA)).toEqual([]);
});
