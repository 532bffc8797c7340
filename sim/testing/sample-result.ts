/**
 * A result folder for tests of reports, made up but of the right size and shape: a working day of
 * two countries with a crash, a flood and a slow link. Numbers come from a fixed sine, so golden
 * pictures stay what they are. Volumes and the class matrix follow what is published of X-tee:
 * 10.6 million exchanges a day, and the shares by member class of 2026.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ResultFolder } from '../../reports/folder.ts';
import type { HistogramFile } from '../../reports/histogram-file.ts';
import { SERIES_COLUMNS } from '../../reports/series-table.ts';
import { Histogram } from '../base/histogram.ts';
import type {
  AssumptionResult,
  CallCounts,
  FaultCount,
  LatencyNs,
  MemberClassResult,
  RunResult,
  ScopeResult,
  SeriesRow,
  ServerResult,
  StageResult,
} from '../metrics/result.ts';

const BUCKET_SECONDS = 300;
const BUCKETS = 288;
const CRASH = { from: 34_200, to: 36_000 };
const FLOOD = { from: 46_800, to: 50_400 };
const SLOW = { from: 61_200, to: 68_400 };

const SCOPES = [
  { name: 'EE', share: 0.779, medianNs: 212e6, tail: 3.1 },
  { name: 'FI', share: 0.21, medianNs: 148e6, tail: 2.7 },
  { name: 'crossBorder', share: 0.011, medianNs: 341e6, tail: 3.9 },
] as const;

const CODES = [
  'server.clientproxy.network_error',
  'server.clientproxy.io_error',
  'server.serverproxy.service_failed.io_error',
  'server.serverproxy.access_denied',
  'Server.ClientProxy.IOError',
  'server.serverproxy.unknown_service',
  'client.invalid_soap',
  'server.serverproxy.logging_failed',
  '',
] as const;

/** Between 0 and 1, the same for the same number. */
function noise(n: number): number {
  const x = Math.sin(n * 12.9898 + 4.1414) * 43_758.5453;
  return x - Math.floor(x);
}

function during(window: { from: number; to: number }, seconds: number): boolean {
  return seconds >= window.from && seconds < window.to;
}

/** A working day: quiet at night, two humps, the mean is 1. */
function shapeOfDay(seconds: number): number {
  const hour = seconds / 3600;
  const hump = (at: number, width: number): number => Math.exp(-(((hour - at) / width) ** 2));
  return 0.24 + 1.75 * hump(10.4, 2.6) + 1.35 * hump(14.8, 2.4) + 0.45 * hump(20, 2);
}

function faultShare(seconds: number): number {
  if (during(CRASH, seconds)) return 0.061;
  if (during(FLOOD, seconds)) return 0.147 + 0.03 * noise(seconds);
  return 0.0011;
}

function slowness(seconds: number): number {
  if (during(FLOOD, seconds)) return 5.2;
  if (during(CRASH, seconds)) return 1.7;
  return during(SLOW, seconds) ? 1.35 : 1;
}

function rowOf(bucket: number, scope: string, share: number, median: number, tail: number) {
  const timeSeconds = bucket * BUCKET_SECONDS;
  const offeredRps = 151.6 * share * shapeOfDay(timeSeconds) * (0.97 + 0.06 * noise(bucket + 7));
  const failing = scope === 'FI' ? 0.0007 : faultShare(timeSeconds);
  const faultedRps = offeredRps * failing;
  const slow = scope === 'FI' ? 1 : slowness(timeSeconds);
  const latency = (factor: number, spread: number): number =>
    Math.round(median * slow * factor * (1 + spread * noise(bucket * 3 + median)));
  const counts = CODES.map((code, index) => {
    const weight = [0.38, 0.24, 0.17, 0.09, 0.05, 0.03, 0.02, 0.015, 0.005][index];
    return [code, Math.round(faultedRps * BUCKET_SECONDS * weight)] as const;
  });
  const row: SeriesRow = {
    timeSeconds,
    scope,
    offeredRps,
    achievedRps: offeredRps * (0.995 + 0.005 * noise(bucket)),
    goodRps: offeredRps * (0.995 + 0.005 * noise(bucket)) - faultedRps,
    attackRps: during(FLOOD, timeSeconds) && scope !== 'FI' ? 3900 + 300 * noise(bucket) : 0,
    faultedRps,
    latencyP50Ns: latency(1, 0.06),
    latencyP90Ns: latency(1.8, 0.09),
    latencyP99Ns: offeredRps < 0.4 ? null : latency(tail, 0.25),
    utilisation:
      scope === 'crossBorder' ? null : Math.min(1, 0.16 * slow * shapeOfDay(timeSeconds)),
    queueLength: during(FLOOD, timeSeconds) && scope !== 'FI' ? 480 : bucket % 4,
    refusingServers: during(CRASH, timeSeconds) && scope !== 'FI' ? 1 : 0,
    faults: counts
      .filter(([, count]) => count > 0)
      .map(([code, count]) => `${code}=${count}`)
      .join(' '),
    retriesRps: null,
    gaveUpRps: null,
    stampedRps: null,
    backlog: null,
    expiredServers: null,
  };
  return row;
}

function seriesOf(): SeriesRow[] {
  return Array.from({ length: BUCKETS }, (_, bucket) => [
    rowOf(bucket, 'all', 1, 201e6, 3.2),
    ...SCOPES.map(({ name, share, medianNs, tail }) => rowOf(bucket, name, share, medianNs, tail)),
  ]).flat();
}

/** A lognormal body with a heavier tail, sampled at fixed quantiles. */
function histogramOf(count: number, medianUs: number, spread: number): Histogram {
  const histogram = new Histogram(7);
  for (let index = 0; index < count; index++) {
    const q = (index + 0.5) / count;
    const normal = 4.91 * (q ** 0.14 - (1 - q) ** 0.14);
    const stretch = 1 + 0.35 * Math.max(0, normal - 1.6);
    histogram.record(Math.round(medianUs * Math.exp(spread * normal * stretch)));
  }
  return histogram;
}

function histogramsOf(): HistogramFile {
  const sparse = (count: number, median: number, spread: number) =>
    histogramOf(count, median, spread).toSparse();
  return {
    unit: 'us',
    scopes: {
      all: sparse(60_000, 201_000, 0.46),
      EE: sparse(46_000, 212_000, 0.45),
      FI: sparse(12_000, 148_000, 0.4),
      crossBorder: sparse(900, 341_000, 0.52),
    },
    services: { 'EE/GOV/70000562/rr/RR456': sparse(4000, 190_000, 0.4) },
  };
}

function callsOf(due: number, share: number): CallCounts {
  const faulted = Math.round(due * share);
  const openAtEnd = Math.round(due * 2e-6);
  return {
    due,
    answered: due - faulted - openAtEnd,
    faulted,
    gaveUp: 0,
    notStarted: 0,
    openAtEnd,
  };
}

function latencyOf(count: number, median: number, tail: number): LatencyNs {
  return {
    count,
    mean: median * 1.16,
    p50: median,
    p90: median * 1.9,
    p99: median * tail,
    p999: count > 10_000 ? median * tail * 2.4 : null,
    max: median * tail * 21,
  };
}

function faultsOf(total: number): FaultCount[] {
  const weights = [0.38, 0.24, 0.17, 0.09, 0.05, 0.03, 0.02, 0.015, 0.005];
  return CODES.map((code, index) => ({
    code,
    side: /serverproxy/i.test(code) ? 'provider' : 'consumer',
    definite: /network|denied|unknown|invalid/.test(code),
    count: Math.round(total * weights[index]),
  }));
}

function scopeOf(due: number, share: number, median: number, tail: number): ScopeResult {
  const calls = callsOf(due, share);
  const offered = due / 2 / 86_400;
  return {
    calls,
    exchanges: {
      offered: due,
      completed: due - calls.openAtEnd,
      succeeded: calls.answered,
      faulted: calls.faulted,
      inFlightAtEnd: calls.openAtEnd,
    },
    throughputRps: { offered, achieved: offered * 0.9999, good: calls.answered / 2 / 86_400 },
    latencyNs: latencyOf(calls.answered, median, tail),
    faults: faultsOf(calls.faulted),
  };
}

function serversOf(): ServerResult[] {
  return Array.from({ length: 40 }, (_, index) => {
    const weight = 0.86 * (index + 1) ** -0.55;
    const instance = index % 5 === 3 ? 'FI' : 'EE';
    return {
      id: `${instance}/GOV/${70_000_310 + index * 17}/ss${(index % 3) + 1}-production`,
      instance,
      exchanges: Math.round(7_900_000 * weight),
      utilisation: {
        cpu: weight * 0.74,
        clientThreads: weight * 0.22,
        serverThreads: weight * (index === 0 ? 1 : 0.31),
        messageLog: weight * 0.52,
        token: weight * 0.67,
      },
      queueLengthMax: {
        clientThreads: index < 2 ? 1480 - index * 900 : 0,
        serverThreads: index === 0 ? 2210 : 0,
        messageLog: Math.round(40 * weight),
        signing: Math.round(120 * weight),
        antiDos: index === 0 ? 311 : 0,
      },
      cpuWaitMaxNs: weight * 2.1e9,
      faults: Math.round(40_000 * weight ** 3),
      downSeconds: index === 4 ? 1800 : 0,
      latencyNs: latencyOf(Math.round(7_900_000 * weight), 201e6, 3.1),
    };
  });
}

/** Shares of calls by class, consumer to provider, of X-tee in 2026, in percent. */
const CLASS_SHARES: readonly (readonly [string, string, number])[] = [
  ['EE/GOV', 'EE/GOV', 67.1],
  ['EE/COM', 'EE/GOV', 12.7],
  ['EE/NGO', 'EE/GOV', 10.3],
  ['EE/GOV', 'EE/COM', 5.4],
  ['EE/GOV', 'EE/NGO', 2.4],
  ['EE/NGO', 'EE/COM', 1],
  ['EE/NGO', 'EE/NGO', 0.7],
  ['EE/COM', 'EE/NGO', 0.2],
  ['FI/GOV', 'FI/GOV', 17.6],
  ['FI/MUN', 'FI/GOV', 7.9],
  ['FI/COM', 'FI/GOV', 2.1],
  ['FI/GOV', 'EE/GOV', 0.7],
  ['EE/GOV', 'FI/GOV', 0.6],
];

function memberClassesOf(): MemberClassResult[] {
  return CLASS_SHARES.map(([consumer, provider, percent], index) => {
    const calls = callsOf(Math.round(percent * 212_000), 0.004 + 0.001 * index);
    return { consumer, provider, calls, latencyNs: latencyOf(calls.answered, 198e6, 3.2) };
  });
}

function stagesOf(): StageResult[] {
  const consumer: readonly (readonly [string, number])[] = [
    ['Wait for a thread', 2.2],
    ['Parse', 1.4],
    ['Connect', 21.3],
    ['StreamRequest', 3.1],
    ['Sign', 14.8],
    ['Log', 6.9],
    ['SendSignature', 152.2],
    ['Receive the response', 6.2],
    ['Verify', 9.6],
    ['Log', 6.4],
    ['Respond', 1.9],
  ];
  const provider: readonly (readonly [string, number])[] = [
    ['Wait for a thread', 3.8],
    ['Admit', 4.4],
    ['Receive', 24.7],
    ['Verify', 9.1],
    ['Log', 6.8],
    ['Forward', 101.5],
    ['StreamResponse', 3],
    ['Sign', 15.1],
    ['Log', 6.6],
    ['SendResponseEnd', 1.2],
  ];
  const total = consumer.reduce((sum, [, ms]) => sum + ms, 0);
  const rowsOf = (side: 'consumer' | 'provider', rows: typeof consumer): StageResult[] =>
    rows.map(([stage, ms]) => ({ side, stage, meanNs: ms * 1e6, share: ms / total }));
  return [...rowsOf('consumer', consumer), ...rowsOf('provider', provider)];
}

const UNPUBLISHED = 'not published by Finland; the software default is assumed';

function assumptionsOf(): AssumptionResult[] {
  const row = (
    what: string,
    value: string,
    confidence: AssumptionResult['confidence'],
    source: string,
  ): AssumptionResult => ({ what, value, confidence, source });
  return [
    row('EE: exchanges a day', '10.6 M', 'derived', 'X-tee open data 2026, two rows an exchange'),
    row('EE: organisations', '1,083', 'published', 'X-tee open data, Dec 2025 to May 2026'),
    row('EE: information systems', '1,887', 'published', 'EUROSAI IT working group, 2024'),
    row('EE: class matrix', 'GOV to GOV 67.1 %', 'published', 'X-tee open data, 2026'),
    row('EE: OCSP answers stay fresh', '8 h', 'published', 'X-tee production parameters'),
    row('FI: exchanges a day', '2.9 M', 'estimated', 'not published; by population'),
    row('FI: security servers', '180', 'estimated', 'not published'),
    row('FI: configuration valid for', '600 s', 'estimated', UNPUBLISHED),
    row('FI: OCSP answers stay fresh', '3600 s', 'estimated', UNPUBLISHED),
    row('FI: OCSP answers fetched every', '1200 s', 'estimated', UNPUBLISHED),
    row('FI: time-stamp every', '60 s', 'estimated', UNPUBLISHED),
    row('Share of calls across the border', '1.1 %', 'estimated', 'not published by either side'),
    row('Share of SOAP services', '70 %', 'estimated', 'not published'),
    row('FI: connections are reused', 'yes', 'published', 'Finnish package of X-Road 7.8'),
  ];
}

function runOf(): RunResult['run'] {
  return {
    startedAt: '2026-11-25T08:00:00Z',
    wallSeconds: 214.7,
    command: 'npx fedlab run scenarios/national/working-day.scenario.yaml --seed 2026',
    workers: 2,
    machine: {
      cpu: 'Intel Xeon Processor, 2.3 GHz',
      cores: 2,
      memoryBytes: 8 * 2 ** 30,
      node: 'v26.10.0',
      os: 'linux x64',
    },
    performance: {
      events: 412_000_000,
      eventsPerSecond: 1_240_000,
      exchangesPerSecond: 64_100,
      peakMemoryBytes: 871_000_000,
    },
    workerFailures: [{ replicationIndex: 1, reason: 'the worker ran out of memory' }],
    isInterrupted: false,
    live: null,
  };
}

type Judgement = 'thresholds' | 'checks' | 'confidence' | 'agreement' | 'verdict';

function judgementOf(): Pick<RunResult, Judgement> {
  const spread = (mean: number, part: number) => ({
    mean,
    halfWidth: null,
    min: mean * (1 - part),
    max: mean * (1 + part),
  });
  const threshold = (
    metric: string,
    comparison: 'below' | 'above',
    bound: number,
    value: number,
    verdict: 'passed' | 'failed' | 'inconclusive',
    scope = 'all',
  ): RunResult['thresholds'][number] => ({
    metric,
    scope,
    comparison,
    bound,
    value,
    ci95: null,
    verdict,
  });
  return {
    agreement: null,
    thresholds: [
      threshold('latencyP99', 'below', 1e9, 643e6, 'passed'),
      threshold('latencyP99', 'below', 1e9, 1.33e9, 'failed', 'cross-border'),
      threshold('goodShare', 'above', 0.995, 0.9893, 'failed'),
      threshold('utilisationMax', 'below', 0.9, 0.86, 'passed'),
      threshold('throughputGood', 'above', 120, 150.1, 'passed', 'EE'),
    ],
    checks: [
      { name: 'every call has an end', verdict: 'passed', detail: '26,197,000 due, all accounted' },
      { name: 'exchanges balance', verdict: 'passed', detail: 'offered = completed + in flight' },
      { name: 'limits', verdict: 'passed', detail: 'no limit of the run was met' },
      {
        name: 'steady before the first incident',
        verdict: 'unknown',
        detail: 'day has no plateau',
      },
    ],
    confidence: {
      method: 'range',
      level: 0.95,
      metrics: {
        throughputGood: spread(150.1, 0.0011),
        latencyP50: spread(201e6, 0.002),
        latencyP99: spread(643e6, 0.021),
        goodShare: spread(0.9893, 0.0003),
      },
      precision: null,
    },
    verdict: 'failed',
  };
}

function servicesOf(): RunResult['services'] {
  return Array.from({ length: 20 }, (_, index) => {
    const calls = callsOf(Math.round(5_900_000 * (index + 1) ** -1.25), 0.002);
    const id = `EE/GOV/${70_000_562 + index * 31}/register${index + 1}/query.v${(index % 3) + 1}`;
    return { id, calls, latencyNs: latencyOf(calls.answered, 170e6 + index * 9e6, 3) };
  });
}

function incidentsOf(): RunResult['incidents'] {
  return [
    {
      id: 'population-register-crash',
      name: 'Server of the population register crashes',
      kind: 'security-server-crash',
      isAttack: false,
      startSeconds: CRASH.from,
      endSeconds: CRASH.to,
      targets: ['EE/GOV/70000562/ss1-production'],
      recoverySeconds: 600,
    },
    {
      id: 'flood',
      name: 'Request flood on port 8080',
      kind: 'request-flood',
      isAttack: true,
      startSeconds: FLOOD.from,
      endSeconds: FLOOD.to,
      targets: ['EE/GOV/70000310/ss1-production', 'EE/GOV/70000327/ss2-production'],
      recoverySeconds: 1500,
    },
    {
      id: 'slow-link',
      name: 'Slow link between Tallinn and Helsinki',
      kind: 'link-slow',
      isAttack: false,
      startSeconds: SLOW.from,
      endSeconds: SLOW.to,
      targets: ['EE', 'FI'],
      recoverySeconds: 0,
    },
  ];
}

const FINGERPRINT = {
  order: '9f3c21d07ab4e815',
  kinds: '04be77a1c9d2f360',
  sizes: 'd81a5500e3c49b7f',
  results: '61f0c8e2974ad3b5',
};

function resultOf(): RunResult {
  const all = scopeOf(26_197_000, 0.0107, 201e6, 3.2);
  const metrics = { throughputGood: 150.1, latencyP99: 643e6, goodShare: 0.9893 };
  return {
    schemaVersion: 1,
    run: runOf(),
    tool: { name: 'fedlab', version: '0.1.0', commit: 'a41c09e' },
    scenario: {
      name: 'working-day',
      title: 'A working day of two countries',
      question:
        'Do Estonia and Finland keep their promises on a working day on which a server of the ' +
        'population register crashes and a flood of requests arrives at noon?',
      path: 'scenarios/national/working-day.scenario.yaml',
      sha256: '3b1f7c0c5a5e2f0f9a7a0d6b1c8e4d2f6b7a8c9d0e1f2a3b4c5d6e7f80912a3b',
      kind: 'terminating',
      startOfDaySeconds: 0,
      warmUpSeconds: 0,
    },
    calibration: {
      name: 'xroad-7.8',
      sha256: '8c2d1e0f9b3a4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5',
    },
    engine: 'virtual',
    timeCompression: 1,
    seed: 2026,
    replications: 2,
    simulatedSeconds: BUCKETS * BUCKET_SECONDS,
    warmUp: null,
    fingerprint: FINGERPRINT,
    journeys: { started: 0, completed: 0, failed: 0, gaveUp: 0, openAtEnd: 0 },
    ...all,
    attempts: {
      started: all.calls.due,
      answered: all.calls.answered,
      faulted: all.calls.faulted,
      abandonedByClient: 0,
      openAtEnd: all.calls.openAtEnd,
    },
    attack: { requests: 29_412_880, refused: 28_113_402, served: 1_299_466, openAtEnd: 12 },
    instances: {
      EE: scopeOf(20_407_000, 0.0131, 212e6, 3.1),
      FI: scopeOf(5_502_000, 0.0007, 148e6, 2.7),
      crossBorder: scopeOf(288_000, 0.0131, 341e6, 3.9),
    },
    servers: serversOf(),
    services: servicesOf(),
    memberClasses: memberClassesOf(),
    stages: stagesOf(),
    systems: Array.from({ length: 30 }, (_, index) => ({
      id: `EE/GOV/${70_000_562 + index * 31}/register${index + 1}`,
      utilisation: 0.91 * (index + 1) ** -0.6,
      queueLengthMax: index < 3 ? 412 - index * 130 : index % 3,
      served: Math.round(5_900_000 * (index + 1) ** -1.25),
    })),
    incidents: incidentsOf(),
    trust: [
      {
        scope: 'EE/GOV/70000562/ss1-production',
        clock: 'OCSP answer',
        fromSeconds: 36_000,
        toSeconds: 36_090,
      },
    ],
    evidence: null,
    replicationResults: [0, 1].map((index) => ({ index, fingerprint: FINGERPRINT, metrics })),
    assumptions: assumptionsOf(),
    ...judgementOf(),
  };
}

export function sampleFolder(): ResultFolder {
  return {
    result: resultOf(),
    series: seriesOf(),
    histograms: histogramsOf(),
    scenarioText: 'name: working-day\ntitle: A working day of two countries\nseed: 2026\n',
  };
}

/** The same as files, as a run leaves them behind. */
export function writeResultFolder(dir: string, folder: ResultFolder): void {
  mkdirSync(dir, { recursive: true });
  const lines = folder.series.map((row) => SERIES_COLUMNS.map((column) => row[column] ?? ''));
  const csv = [SERIES_COLUMNS, ...lines].map((cells) => `${cells.join(',')}\n`).join('');
  writeFileSync(join(dir, 'result.json'), `${JSON.stringify(folder.result, null, 2)}\n`);
  writeFileSync(join(dir, 'series.csv'), csv);
  writeFileSync(join(dir, 'histograms.json'), JSON.stringify(folder.histograms));
  writeFileSync(join(dir, 'scenario.yaml'), folder.scenarioText);
}
