/**
 * The JSON Schema of result.json. Each block is held to its interface of result.ts by the compiler:
 * a field that is missing here, or is not there, does not compile.
 */
import { ALL_SCOPE, BORDER_SCOPE } from './scope.ts';
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
  Verdict,
  WarmUpResult,
} from './result.ts';

export type Schema = Readonly<Record<string, unknown>>;

const number: Schema = { type: 'number', minimum: 0 };
const count: Schema = { type: 'integer', minimum: 0 };
const text: Schema = { type: 'string' };
const flag: Schema = { type: 'boolean' };
const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });
const list = (items: Schema): Schema => ({ type: 'array', items });
const record = (values: Schema): Schema => ({ type: 'object', additionalProperties: values });
const words = (...choices: readonly string[]): Schema => ({ enum: choices });
const described = (schema: Schema, description: string): Schema => ({ ...schema, description });

function object<T>(properties: Readonly<Record<keyof T & string, Schema>>): Schema {
  const required = Object.keys(properties);
  return { type: 'object', properties, required, additionalProperties: false };
}

const fingerprint = object<Fingerprint>({
  order: { type: 'string', pattern: '^[0-9a-f]{16}$' },
  kinds: { type: 'string', pattern: '^[0-9a-f]{16}$' },
  sizes: { type: 'string', pattern: '^[0-9a-f]{16}$' },
  results: { type: 'string', pattern: '^[0-9a-f]{16}$' },
});

const calls = described(
  object<CallCounts>({
    due: count,
    answered: count,
    faulted: count,
    gaveUp: count,
    notStarted: count,
    openAtEnd: count,
  }),
  'due = answered + faulted + gaveUp + notStarted + openAtEnd',
);

const exchanges = described(
  object<ExchangeCounts>({
    offered: count,
    completed: count,
    succeeded: count,
    faulted: count,
    inFlightAtEnd: count,
  }),
  'offered = completed + inFlightAtEnd; completed = succeeded + faulted',
);

const latencyNs = described(
  object<LatencyNs>({
    count,
    mean: orNull(number),
    p50: orNull(number),
    p90: orNull(number),
    p99: orNull(number),
    p999: orNull(number),
    max: orNull(number),
  }),
  'calls answered without fault, from the intended start; null with too few samples',
);

const throughputRps = object<ThroughputRps>({ offered: number, achieved: number, good: number });

const faults = list(
  object<FaultCount>({
    code: text,
    side: words('consumer', 'provider'),
    definite: flag,
    count,
  }),
);

const live = object<LiveFacts>({
  generator: object<GeneratorFacts>({
    due: count,
    sent: count,
    late: count,
    lateLimitNs: number,
    latenessP50Ns: number,
    latenessP99Ns: number,
    latenessMaxNs: number,
    keptUp: flag,
  }),
  threads: list(
    object<ThreadFacts>({
      name: text,
      cpuSeconds: number,
      eventLoopUtilisation: orNull(number),
      eventLoopDelayP50Ns: orNull(number),
      eventLoopDelayP99Ns: orNull(number),
      eventLoopDelayMaxNs: orNull(number),
    }),
  ),
});

const run = described(
  object<RunFacts>({
    startedAt: { type: 'string', format: 'date-time' },
    wallSeconds: number,
    command: text,
    workers: count,
    machine: object<RunFacts['machine']>({
      cpu: text,
      cores: count,
      memoryBytes: count,
      node: text,
      os: text,
    }),
    performance: object<RunFacts['performance']>({
      events: count,
      eventsPerSecond: number,
      exchangesPerSecond: number,
      peakMemoryBytes: count,
    }),
    workerFailures: list(
      object<RunFacts['workerFailures'][number]>({ replicationIndex: count, reason: text }),
    ),
    isInterrupted: flag,
    live: orNull(live),
  }),
  'everything that may differ between two equal runs',
);

const server = object<ServerResult>({
  id: text,
  instance: text,
  exchanges: count,
  utilisation: object<ServerResult['utilisation']>({
    cpu: orNull(number),
    clientThreads: number,
    serverThreads: number,
    messageLog: number,
    token: orNull(number),
  }),
  queueLengthMax: object<ServerResult['queueLengthMax']>({
    clientThreads: count,
    serverThreads: count,
    messageLog: count,
    signing: count,
    antiDos: count,
  }),
  cpuWaitMaxNs: number,
  faults: count,
  downSeconds: number,
  latencyNs,
});

const incident = object<IncidentResult>({
  id: text,
  name: text,
  kind: text,
  isAttack: flag,
  startSeconds: number,
  endSeconds: number,
  targets: list(text),
  recoverySeconds: orNull(number),
});

const threshold = object<ThresholdResult>({
  metric: text,
  scope: text,
  comparison: words('below', 'above'),
  bound: number,
  value: orNull(number),
  ci95: orNull(number),
  verdict: words('passed', 'failed', 'inconclusive'),
});

const confidence = object<ConfidenceResult>({
  method: words('student-t', 'range', 'none'),
  level: number,
  metrics: record(
    object<ConfidenceResult['metrics'][string]>({
      mean: orNull(number),
      halfWidth: orNull(number),
      min: orNull(number),
      max: orNull(number),
    }),
  ),
  precision: orNull(
    described(
      object<PrecisionResult>({
        method: words('hoad-robinson-davies'),
        asked: number,
        reached: record(orNull(number)),
        replicationsMin: count,
        replicationsMax: count,
        replicationsNeeded: orNull(count),
        isMet: flag,
      }),
      'half-widths as shares of the means; null where the scenario asks for no precision',
    ),
  ),
});

const warmUp = described(
  object<WarmUpResult>({
    method: words('mser-5'),
    askedSeconds: orNull(number),
    usedSeconds: number,
    foundSeconds: orNull(number),
    metric: text,
    valueSeconds: number,
    values: count,
    source: words('pilot', 'run'),
    verdict: words('accepted', 'too-short', 'rejected', 'unknown'),
  }),
  'what was left out of every figure but the series, and what MSER-5 would leave out',
);

const evidence = described(
  object<EvidenceResult>({
    acceptedAsConsumer: count,
    acceptedAsProvider: count,
    logged: count,
    stamped: count,
    unstampedAtEnd: count,
    lost: count,
    oldestUnstampedSeconds: number,
    backlogMax: count,
    refusedMessages: count,
    acceptedUnlogged: count,
  }),
  'records in the message logs, from the start of the run: logged = stamped + unstamped + lost',
);

const signed: Schema = { type: 'number' };

const agreement = described(
  object<AgreementResult>({
    method: words('student-t', 'range', 'none'),
    level: number,
    replications: count,
    calibration: text,
    load: words('light', 'heavy'),
    loop: words('open', 'closed'),
    rows: list(
      object<AgreementRow>({
        kind: words('calls', 'fault', 'metric', 'stage'),
        name: text,
        side: orNull(words('consumer', 'provider')),
        unit: words('count', 'ns', 'per-second'),
        virtual: orNull(number),
        live: orNull(number),
        difference: orNull(signed),
        low: orNull(signed),
        high: orNull(signed),
        tolerance: orNull(number),
        reason: text,
        verdict: words('agrees', 'differs', 'unknown', 'shown'),
      }),
    ),
    verdict: words('agrees', 'differs', 'unknown', 'invalid'),
  }),
  'with the run of the other engine; differences are live less virtual',
);

const VERDICTS: Readonly<Record<Verdict, true>> = {
  passed: true,
  failed: true,
  inconclusive: true,
  invalid: true,
  violated: true,
  regressed: true,
};

const result = object<RunResult>({
  schemaVersion: { const: 1 },
  run,
  tool: object<RunResult['tool']>({ name: text, version: text, commit: text }),
  scenario: object<RunResult['scenario']>({
    name: text,
    title: text,
    question: text,
    path: text,
    sha256: text,
    kind: words('steady', 'terminating'),
    startOfDaySeconds: number,
    warmUpSeconds: number,
  }),
  calibration: object<RunResult['calibration']>({ name: text, sha256: text }),
  engine: words('virtual', 'live'),
  timeCompression: number,
  seed: count,
  replications: count,
  simulatedSeconds: number,
  warmUp: orNull(warmUp),
  fingerprint,
  journeys: object<JourneyCounts>({
    started: count,
    completed: count,
    failed: count,
    gaveUp: count,
    openAtEnd: count,
  }),
  calls,
  attempts: described(
    object<AttemptCounts>({
      started: count,
      answered: count,
      faulted: count,
      abandonedByClient: count,
      openAtEnd: count,
    }),
    'started = answered + faulted + abandonedByClient + openAtEnd',
  ),
  exchanges,
  attack: described(
    object<AttackCounts>({ requests: count, refused: count, served: count, openAtEnd: count }),
    'attack traffic, never counted above',
  ),
  throughputRps,
  latencyNs,
  faults,
  instances: described(
    record(object<ScopeResult>({ calls, exchanges, throughputRps, latencyNs, faults })),
    `each instance, and ${BORDER_SCOPE}; everything together (${ALL_SCOPE}) is above`,
  ),
  servers: list(server),
  services: list(object<ServiceResult>({ id: text, calls, latencyNs })),
  memberClasses: list(
    object<MemberClassResult>({ consumer: text, provider: text, calls, latencyNs }),
  ),
  stages: list(
    object<StageResult>({
      side: words('consumer', 'provider'),
      stage: text,
      meanNs: number,
      share: number,
    }),
  ),
  systems: list(
    object<SystemResult>({ id: text, utilisation: number, queueLengthMax: count, served: count }),
  ),
  incidents: list(incident),
  trust: list(
    object<TrustInterval>({ scope: text, clock: text, fromSeconds: number, toSeconds: number }),
  ),
  evidence: orNull(record(evidence)),
  replicationResults: list(
    object<ReplicationSummary>({ index: count, fingerprint, metrics: record(orNull(number)) }),
  ),
  thresholds: list(threshold),
  checks: list(
    object<CheckResult>({
      name: text,
      verdict: words('passed', 'failed', 'unknown'),
      detail: text,
    }),
  ),
  confidence,
  agreement: orNull(agreement),
  assumptions: list(
    object<AssumptionResult>({
      what: text,
      value: text,
      confidence: words('published', 'derived', 'estimated'),
      source: text,
    }),
  ),
  verdict: words(...Object.keys(VERDICTS)),
});

/** JSON Schema 2020-12. */
export const RESULT_SCHEMA: Schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Fedlab run result, version 1',
  ...result,
};
