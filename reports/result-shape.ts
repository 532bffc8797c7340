/** The shape of result.json, field by field, as sim/metrics/result.ts describes it. */
import type {
  AgreementResult,
  AgreementRow,
  AssumptionResult,
  AttackCounts,
  AttemptCounts,
  CallCounts,
  CheckResult,
  ConfidenceResult,
  EvidenceResult,
  ExchangeCounts,
  FaultCount,
  Fingerprint,
  GeneratorFacts,
  IncidentResult,
  JourneyCounts,
  LatencyNs,
  LiveFacts,
  MemberClassResult,
  PrecisionResult,
  ReplicationSummary,
  RunFacts,
  RunResult,
  ScopeResult,
  ServerResult,
  ServiceResult,
  StageResult,
  SystemResult,
  ThreadFacts,
  ThresholdResult,
  ThroughputRps,
  TrustInterval,
  WarmUpResult,
} from '../sim/metrics/result.ts';
import {
  listOf,
  nullOr,
  objectOf,
  oneOf,
  readBoolean,
  readNumber,
  readSigned,
  readText,
  recordOf,
  since,
} from './shape.ts';
import type { Reader } from './shape.ts';

const live = objectOf<LiveFacts>({
  generator: objectOf<GeneratorFacts>({
    due: readNumber,
    sent: readNumber,
    late: readNumber,
    lateLimitNs: readNumber,
    latenessP50Ns: readNumber,
    latenessP99Ns: readNumber,
    latenessMaxNs: readNumber,
    keptUp: readBoolean,
  }),
  threads: listOf(
    objectOf<ThreadFacts>({
      name: readText,
      cpuSeconds: readNumber,
      eventLoopUtilisation: nullOr(readNumber),
      eventLoopDelayP50Ns: nullOr(readNumber),
      eventLoopDelayP99Ns: nullOr(readNumber),
      eventLoopDelayMaxNs: nullOr(readNumber),
    }),
  ),
});

const run = objectOf<RunFacts>({
  startedAt: readText,
  wallSeconds: readNumber,
  command: readText,
  workers: readNumber,
  machine: objectOf<RunFacts['machine']>({
    cpu: readText,
    cores: readNumber,
    memoryBytes: readNumber,
    node: readText,
    os: readText,
  }),
  performance: objectOf<RunFacts['performance']>({
    events: readNumber,
    eventsPerSecond: readNumber,
    exchangesPerSecond: readNumber,
    peakMemoryBytes: readNumber,
  }),
  workerFailures: listOf(
    objectOf<RunFacts['workerFailures'][number]>({
      replicationIndex: readNumber,
      reason: readText,
    }),
  ),
  isInterrupted: readBoolean,
  live: since(nullOr(live), null),
});

const fingerprint = objectOf<Fingerprint>({
  order: readText,
  kinds: readText,
  sizes: readText,
  results: readText,
});

const journeys = objectOf<JourneyCounts>({
  started: readNumber,
  completed: readNumber,
  failed: readNumber,
  gaveUp: since(readNumber, 0),
  openAtEnd: readNumber,
});

const calls = objectOf<CallCounts>({
  due: readNumber,
  answered: readNumber,
  faulted: readNumber,
  gaveUp: readNumber,
  notStarted: readNumber,
  openAtEnd: readNumber,
});

const attempts = objectOf<AttemptCounts>({
  started: readNumber,
  answered: readNumber,
  faulted: readNumber,
  abandonedByClient: readNumber,
  openAtEnd: readNumber,
});

const exchanges = objectOf<ExchangeCounts>({
  offered: readNumber,
  completed: readNumber,
  succeeded: readNumber,
  faulted: readNumber,
  inFlightAtEnd: readNumber,
});

const attack = objectOf<AttackCounts>({
  requests: readNumber,
  refused: readNumber,
  served: readNumber,
  openAtEnd: readNumber,
});

const throughputRps = objectOf<ThroughputRps>({
  offered: readNumber,
  achieved: readNumber,
  good: readNumber,
});

const latencyNs = objectOf<LatencyNs>({
  count: readNumber,
  mean: nullOr(readNumber),
  p50: nullOr(readNumber),
  p90: nullOr(readNumber),
  p99: nullOr(readNumber),
  p999: nullOr(readNumber),
  max: nullOr(readNumber),
});

const faults = listOf(
  objectOf<FaultCount>({
    code: readText,
    side: oneOf('consumer', 'provider'),
    definite: readBoolean,
    count: readNumber,
  }),
);

const scope = objectOf<ScopeResult>({ calls, exchanges, throughputRps, latencyNs, faults });

const server = objectOf<ServerResult>({
  id: readText,
  instance: readText,
  exchanges: readNumber,
  utilisation: objectOf<ServerResult['utilisation']>({
    cpu: nullOr(readNumber),
    clientThreads: readNumber,
    serverThreads: readNumber,
    messageLog: readNumber,
    token: nullOr(readNumber),
  }),
  queueLengthMax: objectOf<ServerResult['queueLengthMax']>({
    clientThreads: readNumber,
    serverThreads: readNumber,
    messageLog: readNumber,
    signing: readNumber,
    antiDos: readNumber,
  }),
  cpuWaitMaxNs: readNumber,
  faults: readNumber,
  downSeconds: readNumber,
  latencyNs,
});

const incident = objectOf<IncidentResult>({
  id: readText,
  name: readText,
  kind: readText,
  isAttack: readBoolean,
  startSeconds: readNumber,
  endSeconds: readNumber,
  targets: listOf(readText),
  recoverySeconds: nullOr(readNumber),
});

const threshold = objectOf<ThresholdResult>({
  metric: readText,
  scope: readText,
  comparison: oneOf('below', 'above'),
  bound: readNumber,
  value: nullOr(readNumber),
  ci95: nullOr(readNumber),
  verdict: oneOf('passed', 'failed', 'inconclusive'),
});

const confidence = objectOf<ConfidenceResult>({
  method: oneOf('student-t', 'range', 'none'),
  level: readNumber,
  metrics: recordOf(
    objectOf<ConfidenceResult['metrics'][string]>({
      mean: nullOr(readNumber),
      halfWidth: nullOr(readNumber),
      min: nullOr(readNumber),
      max: nullOr(readNumber),
    }),
  ),
  precision: since(
    nullOr(
      objectOf<PrecisionResult>({
        method: oneOf('hoad-robinson-davies'),
        asked: readNumber,
        reached: recordOf(nullOr(readNumber)),
        replicationsMin: readNumber,
        replicationsMax: readNumber,
        replicationsNeeded: nullOr(readNumber),
        isMet: readBoolean,
      }),
    ),
    null,
  ),
});

const warmUp = objectOf<WarmUpResult>({
  method: oneOf('mser-5'),
  askedSeconds: nullOr(readNumber),
  usedSeconds: readNumber,
  foundSeconds: nullOr(readNumber),
  metric: readText,
  valueSeconds: readNumber,
  values: readNumber,
  source: oneOf('pilot', 'run'),
  verdict: oneOf('accepted', 'too-short', 'rejected', 'unknown'),
});

const agreement = objectOf<AgreementResult>({
  method: oneOf('student-t', 'range', 'none'),
  level: readNumber,
  replications: readNumber,
  calibration: readText,
  load: oneOf('light', 'heavy'),
  loop: oneOf('open', 'closed'),
  rows: listOf(
    objectOf<AgreementRow>({
      kind: oneOf('calls', 'fault', 'metric', 'stage'),
      name: readText,
      side: nullOr(oneOf('consumer', 'provider')),
      unit: oneOf('count', 'ns', 'per-second'),
      virtual: nullOr(readNumber),
      live: nullOr(readNumber),
      difference: nullOr(readSigned),
      low: nullOr(readSigned),
      high: nullOr(readSigned),
      tolerance: nullOr(readNumber),
      reason: readText,
      verdict: oneOf('agrees', 'differs', 'unknown', 'shown'),
    }),
  ),
  verdict: oneOf('agrees', 'differs', 'unknown', 'invalid'),
});

const evidence = objectOf<EvidenceResult>({
  acceptedAsConsumer: readNumber,
  acceptedAsProvider: readNumber,
  logged: readNumber,
  stamped: readNumber,
  unstampedAtEnd: readNumber,
  lost: readNumber,
  oldestUnstampedSeconds: readNumber,
  backlogMax: readNumber,
  refusedMessages: readNumber,
  acceptedUnlogged: readNumber,
});

/** Of the whole file. The version comes first: of a file from elsewhere it is what is missing. */
export const readRunResult: Reader<RunResult> = objectOf<RunResult>({
  schemaVersion: oneOf(1),
  run,
  tool: objectOf<RunResult['tool']>({ name: readText, version: readText, commit: readText }),
  scenario: objectOf<RunResult['scenario']>({
    name: readText,
    title: readText,
    question: readText,
    path: readText,
    sha256: readText,
    kind: oneOf('steady', 'terminating'),
    startOfDaySeconds: readNumber,
    warmUpSeconds: readNumber,
  }),
  calibration: objectOf<RunResult['calibration']>({ name: readText, sha256: readText }),
  engine: oneOf('virtual', 'live'),
  timeCompression: readNumber,
  seed: readNumber,
  replications: readNumber,
  simulatedSeconds: readNumber,
  warmUp: since(nullOr(warmUp), null),
  fingerprint,
  journeys,
  calls,
  attempts,
  exchanges,
  attack,
  throughputRps,
  latencyNs,
  faults,
  instances: recordOf(scope),
  servers: listOf(server),
  services: listOf(objectOf<ServiceResult>({ id: readText, calls, latencyNs })),
  memberClasses: listOf(
    objectOf<MemberClassResult>({ consumer: readText, provider: readText, calls, latencyNs }),
  ),
  stages: listOf(
    objectOf<StageResult>({
      side: oneOf('consumer', 'provider'),
      stage: readText,
      meanNs: readNumber,
      share: readNumber,
    }),
  ),
  systems: listOf(
    objectOf<SystemResult>({
      id: readText,
      utilisation: readNumber,
      queueLengthMax: readNumber,
      served: readNumber,
    }),
  ),
  incidents: listOf(incident),
  trust: listOf(
    objectOf<TrustInterval>({
      scope: readText,
      clock: readText,
      fromSeconds: readNumber,
      toSeconds: readNumber,
    }),
  ),
  evidence: since(nullOr(recordOf(evidence)), null),
  replicationResults: listOf(
    objectOf<ReplicationSummary>({
      index: readNumber,
      fingerprint,
      metrics: recordOf(nullOr(readNumber)),
    }),
  ),
  thresholds: listOf(threshold),
  checks: listOf(
    objectOf<CheckResult>({
      name: readText,
      verdict: oneOf('passed', 'failed', 'unknown'),
      detail: readText,
    }),
  ),
  confidence,
  agreement: since(nullOr(agreement), null),
  assumptions: listOf(
    objectOf<AssumptionResult>({
      what: readText,
      value: readText,
      confidence: oneOf('published', 'derived', 'estimated'),
      source: readText,
    }),
  ),
  verdict: oneOf('passed', 'failed', 'inconclusive', 'invalid', 'violated', 'regressed'),
});
