/**
 * From the text of a scenario to numbers that a book knows: with all effects set to zero but one,
 * the engine is M/M/1, M/M/c, M/D/1, M/G/1 or a network of them, and its means must lie inside 99 %
 * confidence intervals over replications (Student's t).
 *
 * Formulas: L. Kleinrock, Queueing Systems, volume 1 (1975): M/M/1 (3.2), M/M/c (3.5), M/G/1 by
 * Pollaczek and Khinchine (5.6); J. R. Jackson, Jobshop-like queueing systems (1963).
 *
 * An interval must also be narrow, or it would prove nothing; each test says how narrow. The runs
 * are fixed by their seeds: they pass or fail for ever.
 */
import { describe, expect, test, vi } from 'vitest';
import type { ReplicationOutcome } from '../metrics/outcome.ts';
import type { Calibration } from '../plan/calibration.ts';
import { calibrationOf, cpu, intervalOf, planOfText, runPlan, ZERO } from '../testing/small-run.ts';

// A machine that is busy with other things may need long.
vi.setConfig({ testTimeout: 180_000 });

const REPLICATIONS = 10;
const LEVEL = 0.99;
const MS = 1000;

interface Load {
  readonly ratePerSecond: number;
  readonly seconds: number;
  readonly serviceTime: string;
  readonly capacity: number;
  readonly cores: number;
  readonly seed: number;
}

/** Two servers, a service, calls by chance; nothing else takes time. */
function oneStation({ ratePerSecond, seconds, serviceTime, capacity, cores, seed }: Load): string {
  return `
kind: steady
seed: ${seed}
duration: ${seconds}s
warmUp: ${seconds / 20}s
seriesBucket: ${seconds}s
calibration: zero
limits: { exchangesMax: 5000 }
instances:
  EE:
    parameters: { localRtt: 0s }
    members:
      - { id: GOV/1, subsystems: [registry] }
      - { id: GOV/2, subsystems: [office] }
    servers:
      - { id: provider, owner: GOV/1, subsystems: [GOV/1/registry] }
      - { id: consumer, owner: GOV/2, subsystems: [GOV/2/office], host: machine }
hosts: [{ id: machine, cores: ${cores} }]
links: [{ between: [EE, EE], rtt: 0s }]
systems: [{ id: registry, capacity: ${capacity}, serviceTime: ${serviceTime} }]
services: [{ id: EE/GOV/1/registry/person, system: registry, access: [EE/GOV/2/office] }]
workloads:
  - id: calls
    client: EE/GOV/2/office
    services: EE/GOV/1/registry/person
    rate: ${ratePerSecond}/s
`;
}

function replicate(text: string, calibration: Calibration): ReplicationOutcome[] {
  const plan = planOfText(text, calibration);
  const outcomes = Array.from({ length: REPLICATIONS }, (_, index) => runPlan(plan, index));
  for (const { scopes, limitMet } of outcomes) {
    expect({ faulted: scopes[0].faulted, limitMet }).toEqual({ faulted: 0, limitMet: null });
  }
  return outcomes;
}

const meanOf = ({ scopes }: ReplicationOutcome): number =>
  scopes[0].latency.sum / scopes[0].latency.count;

/** The value of theory lies in the interval, and that is no wider than `precision` of it. */
function expectMean(sample: readonly number[], theory: number, precision: number): void {
  const { mean, halfWidth } = intervalOf(sample, LEVEL);
  const text = `${mean} ± ${halfWidth} against ${theory}`;
  expect(Math.abs(mean - theory), text).toBeLessThanOrEqual(halfWidth);
  expect(halfWidth / theory, text).toBeLessThan(precision);
}

/** Probability that a call waits, by Erlang's formula C; `load` is the offered load. */
function erlangC(servers: number, load: number): number {
  let term = 1;
  let sum = 0;
  for (let busy = 0; busy < servers; busy++) {
    sum += term;
    term *= load / (busy + 1);
  }
  const waiting = (term * servers) / (servers - load);
  return waiting / (sum + waiting);
}

/** Mean time in an M/M/c station, in the unit of `serviceUs`. */
function timeInStation(perSecond: number, serviceUs: number, servers: number): number {
  const load = (perSecond * serviceUs) / 1e6;
  return serviceUs + (erlangC(servers, load) * serviceUs) / (servers - load);
}

/** Pollaczek and Khinchine, from the mean and the second moment of the service time. */
function timeInGeneral(perSecond: number, serviceUs: number, squareUs: number): number {
  const perUs = perSecond / 1e6;
  return serviceUs + (perUs * squareUs) / (2 * (1 - perUs * serviceUs));
}

/** Of a lognormal distribution. */
const momentsOf = (median: number, sigma: number): { mean: number; square: number } => ({
  mean: median * Math.exp(sigma ** 2 / 2),
  square: median ** 2 * Math.exp(2 * sigma ** 2),
});

const LOGNORMAL = momentsOf(5 * MS, 0.8);

interface Model {
  readonly name: string;
  readonly load: Pick<Load, 'ratePerSecond' | 'seconds'>;
  /** As a scenario writes it, and as a calibration does. */
  readonly serviceTime: string;
  readonly cost: NonNullable<Parameters<typeof calibrationOf>[0]['parse']>;
  readonly servers: number;
  readonly serviceUs: number;
  readonly theoryUs: number;
  readonly precision: number;
}

const MODELS: readonly Model[] = [
  {
    name: 'M/M/1',
    load: { ratePerSecond: 60, seconds: 190 },
    serviceTime: '{ exponential: 10ms }',
    cost: { cpu: { kind: 'exponential', mean: 10 * MS } },
    servers: 1,
    serviceUs: 10 * MS,
    theoryUs: timeInStation(60, 10 * MS, 1),
    precision: 0.05,
  },
  {
    name: 'M/M/3',
    load: { ratePerSecond: 210, seconds: 60 },
    serviceTime: '{ exponential: 10ms }',
    cost: { cpu: { kind: 'exponential', mean: 10 * MS } },
    servers: 3,
    serviceUs: 10 * MS,
    theoryUs: timeInStation(210, 10 * MS, 3),
    precision: 0.05,
  },
  {
    name: 'M/D/1',
    load: { ratePerSecond: 70, seconds: 160 },
    serviceTime: '10ms',
    cost: cpu(10 * MS),
    servers: 1,
    serviceUs: 10 * MS,
    theoryUs: timeInGeneral(70, 10 * MS, (10 * MS) ** 2),
    precision: 0.04,
  },
  {
    name: 'M/G/1, lognormal',
    load: { ratePerSecond: 80, seconds: 150 },
    serviceTime: '{ lognormal: { median: 5ms, sigma: 0.8 } }',
    cost: { cpu: { kind: 'lognormal', median: 5 * MS, sigma: 0.8 } },
    servers: 1,
    serviceUs: LOGNORMAL.mean,
    theoryUs: timeInGeneral(80, LOGNORMAL.mean, LOGNORMAL.square),
    precision: 0.05,
  },
];

describe('at an information system', () => {
  test.each(MODELS)('$name', ({ load, serviceTime, servers, serviceUs, theoryUs, precision }) => {
    const text = oneStation({ ...load, serviceTime, capacity: servers, cores: 1, seed: 11 });
    const outcomes = replicate(text, ZERO);
    expectMean(outcomes.map(meanOf), theoryUs, precision);
    const busy = outcomes.map(({ systems, measuredUs }) => systems.busyUs[0] / measuredUs);
    expectMean(busy, (load.ratePerSecond * serviceUs) / 1e6, 0.03);
    // A thread of the provider's server is held as long as the system answers: Little's law.
    const held = outcomes.map(({ servers: { serverThreadUs }, measuredUs }) => {
      return serverThreadUs[0] / measuredUs;
    });
    expectMean(held, (load.ratePerSecond * theoryUs) / 1e6, 0.08);
    outcomes.forEach((outcome, index) => {
      const throughput = outcome.scopes[0].answered / outcome.measuredUs;
      const inSystem = throughput * meanOf(outcome);
      // Only what is under way at the two ends of the measured part is counted differently.
      expect(Math.abs(held[index] / inSystem - 1)).toBeLessThan(0.01);
    });
  });
});

describe('at the cores of a host', () => {
  test.each(MODELS)('$name', ({ load, cost, servers, serviceUs, theoryUs, precision }) => {
    const text = oneStation({
      ...load,
      serviceTime: '0s',
      capacity: 1_000_000,
      cores: servers,
      seed: 12,
    });
    const outcomes = replicate(text, calibrationOf({ parse: cost }));
    expectMean(outcomes.map(meanOf), theoryUs, precision);
    const busy = outcomes.map(({ servers: { cpuBusyUs }, measuredUs }) => {
      return cpuBusyUs[1] / measuredUs;
    });
    expectMean(busy, (load.ratePerSecond * serviceUs) / 1e6, 0.03);
  });
});

/**
 * A network of Jackson's: three consumers' servers, of which each call visits the cores of its own
 * twice (parse, verify), the two cores of the provider three times (admit, verify, forward) and one
 * of two information systems. The two kinds of keys give the two kinds of servers their own costs.
 */
const NETWORK = `
kind: steady
seed: 5
duration: 54s
warmUp: 4s
seriesBucket: 54s
calibration: zero
limits: { exchangesMax: 5000 }
instances:
  EE:
    parameters: { localRtt: 0s, keyType: rsa-2048 }
    members:
      - { id: GOV/1, subsystems: [registry] }
      - { id: COM/1, subsystems: [office] }
      - { id: COM/2, subsystems: [office] }
      - { id: COM/3, subsystems: [office] }
    servers:
      - id: provider
        owner: GOV/1
        subsystems: [GOV/1/registry]
        host: double
        parameters: { keyType: ec-p256 }
      - { id: one, owner: COM/1, subsystems: [COM/1/office], host: single-1 }
      - { id: two, owner: COM/2, subsystems: [COM/2/office], host: single-2 }
      - { id: three, owner: COM/3, subsystems: [COM/3/office], host: single-3 }
hosts:
  - { id: double, cores: 2 }
  - { id: single-1, cores: 1 }
  - { id: single-2, cores: 1, speed: 2 }
  - { id: single-3, cores: 1 }
links: [{ between: [EE, EE], rtt: 0s }]
systems:
  - { id: narrow, capacity: 1, serviceTime: { exponential: 8ms } }
  - { id: wide, capacity: 4, serviceTime: { exponential: 15ms } }
services:
  - id: EE/GOV/1/registry/narrow
    system: narrow
    access: [EE/COM/1/office, EE/COM/2/office, EE/COM/3/office]
  - id: EE/GOV/1/registry/wide
    system: wide
    access: [EE/COM/1/office, EE/COM/2/office, EE/COM/3/office]
workloads:
  - id: one
    client: EE/COM/1/office
    services:
      - { service: EE/GOV/1/registry/narrow, weight: 1 }
      - { service: EE/GOV/1/registry/wide, weight: 2 }
    rate: 60/s
  - id: two
    client: EE/COM/2/office
    services:
      - { service: EE/GOV/1/registry/narrow, weight: 1 }
      - { service: EE/GOV/1/registry/wide, weight: 2 }
    rate: 120/s
  - id: three
    client: EE/COM/3/office
    services:
      - { service: EE/GOV/1/registry/narrow, weight: 1 }
      - { service: EE/GOV/1/registry/wide, weight: 2 }
    rate: 60/s
`;

describe('a network of Jackson', () => {
  const CLIENT_US = 5 * MS;
  const PROVIDER_US = 2 * MS;
  const exponential = (mean: number) => ({ cpu: { kind: 'exponential', mean } }) as const;
  const calibration = calibrationOf(
    {},
    {
      'rsa-2048': { parse: exponential(CLIENT_US), verify: exponential(CLIENT_US) },
      'ec-p256': {
        admit: exponential(PROVIDER_US),
        verify: exponential(PROVIDER_US),
        forward: exponential(PROVIDER_US),
      },
    },
  );
  const provider = 3 * timeInStation(3 * 240, PROVIDER_US, 2);
  const narrow = timeInStation(80, 8 * MS, 1);
  const wide = timeInStation(160, 15 * MS, 4);
  // Visits to a consumer's cores are twice its calls; the second machine is twice as fast.
  const own = [
    2 * timeInStation(120, CLIENT_US, 1),
    2 * timeInStation(240, CLIENT_US / 2, 1),
    2 * timeInStation(120, CLIENT_US, 1),
  ];
  const atSystems = (80 * narrow + 160 * wide) / 240;

  test('times, utilisations and numbers in it are those of the product form', () => {
    const outcomes = replicate(NETWORK, calibration);
    const weighted = (60 * own[0] + 120 * own[1] + 60 * own[2]) / 240;
    expectMean(outcomes.map(meanOf), weighted + provider + atSystems, 0.03);
    for (const [consumer, ownUs] of own.entries()) {
      const sample = outcomes.map(({ servers: { latency } }) => {
        return latency.sum[1 + consumer] / latency.count[1 + consumer];
      });
      expectMean(sample, ownUs + provider + atSystems, 0.04);
    }
    const serviceUs = [narrow, wide];
    for (const [service, systemUs] of serviceUs.entries()) {
      const sample = outcomes.map(({ services: { latency } }) => {
        return latency.sum[service] / latency.count[service];
      });
      expectMean(sample, weighted + provider + systemUs, 0.04);
    }
    const cores = [720 * PROVIDER_US, 120 * CLIENT_US, 120 * CLIENT_US, 120 * CLIENT_US];
    for (const [server, load] of cores.entries()) {
      const sample = outcomes.map(({ servers, measuredUs }) => {
        return servers.cpuBusyUs[server] / measuredUs;
      });
      expectMean(sample, load / 1e6, 0.03);
    }
    // Little's law at the provider's threads, which are held from admission to the last signature.
    const threads = outcomes.map(({ servers, measuredUs }) => {
      return servers.serverThreadUs[0] / measuredUs;
    });
    expectMean(threads, (240 * (provider + atSystems)) / 1e6, 0.05);
  });
});
