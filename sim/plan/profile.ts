/**
 * The parameters of an X-Road instance, and the three profiles: what the software ships with, and
 * what Estonia and Finland are known, or must be assumed, to run in production. Every value has a
 * source and a confidence; a report prints those that are not published.
 *
 * Sources are the sections of the fact sheet of X-Road 7.8 in brackets where the code or manual
 * was read; `ee`: the training pages and trust-service pages of RIA, about 2018, possibly changed.
 */
import type { Confidence, ProfileName } from './document.ts';

export type ParameterUnit =
  | 'us'
  | 'bytes'
  | 'count'
  | 'switch'
  | 'version'
  | 'key'
  | 'factor'
  | 'strategy';

/**
 * In which order a server tries trust services: as listed, or by what they cost. Source: facts 5.4;
 * X-Road 7.8 `ocsp-prioritization-strategy`, `timestamping-prioritization-strategy`.
 */
export const STRATEGIES = ['none', 'only-free', 'only-paid', 'free-first', 'paid-first'] as const;

export interface ParameterRow {
  readonly name: ParameterName;
  readonly unit: ParameterUnit;
  readonly prose: string;
  /** Smallest and largest value that makes sense; unused for switches and keys. */
  readonly min: number;
  readonly max: number;
  readonly values: Readonly<Record<ProfileName, ParameterValue>>;
}

export interface ParameterValue {
  readonly value: number | boolean | string;
  readonly confidence: Confidence;
  readonly source: string;
}

export const PARAMETER_NAMES = [
  'globalConfValidity',
  'globalConfGenerationInterval',
  'globalConfDownloadInterval',
  'globalConfReloadInterval',
  'ocspFreshness',
  'ocspFetchInterval',
  'ocspFetchRetry',
  'ocspNextUpdate',
  'verifyNextUpdate',
  'ocspStrategy',
  'timeStampingInterval',
  'timeStampRetryDelay',
  'timeStampRecordsLimit',
  'timeStampingStrategy',
  'acceptableTimestampFailure',
  'timestampImmediately',
  'keyConfCachePeriod',
  'serverConfCachePeriod',
  'tokenAutoLogin',
  'synchronisedJobs',
  'keyType',
  'bodyLogging',
  'loggableBodyMax',
  'connectionReuse',
  'minClientVersion',
  'clientTimeout',
  'cachedConnectTimeout',
  'fastestCachePeriod',
  'idleTimeout',
  'poolIdleTimeout',
  'signerTimeout',
  'logPoolTimeout',
  'serviceTimeout',
  'clientThreads',
  'serverThreads',
  'logConnections',
  'connectionsMax',
  'connectionsPerRouteMax',
  'antiDosConnections',
  'fileHandles',
  'fileHandlesFreeMin',
  'batchSigning',
  'hostCores',
  'hostSpeed',
  'startUpTime',
  'localRtt',
] as const;
export type ParameterName = (typeof PARAMETER_NAMES)[number];
/** Units as in ParameterRow: durations microseconds, sizes bytes, versions as 70800. */
export type ParameterValues = Readonly<Record<ParameterName, number | boolean | string>>;

const SECOND = 1e6;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const MIB = 2 ** 20;
const MS = 1e3;

type Cell = readonly [number | boolean | string, Confidence, string];

const shipped = (value: number | boolean | string, source: string): Cell => [
  value,
  'published',
  source,
];
const guess = (value: number | boolean | string, source: string): Cell => [
  value,
  'estimated',
  source,
];

const EE_PAGES = 'RIA training page moodle.ria.ee id=700 (about 2018); abi.ria.ee trust services';
const FI_UNKNOWN = 'not published by Finland; the software default is assumed';

export const PARAMETERS: readonly ParameterRow[] = [
  // Trust clocks.
  row(
    'globalConfValidity',
    'us',
    'how long a signed configuration is valid',
    MINUTE,
    30 * 24 * HOUR,
    shipped(600 * SECOND, 'confExpireIntervalSeconds, X-Road 7.8'),
    shipped(24 * HOUR, EE_PAGES),
    guess(600 * SECOND, FI_UNKNOWN),
  ),
  row(
    'globalConfGenerationInterval',
    'us',
    'how often a central server signs',
    SECOND,
    HOUR,
    shipped(60 * SECOND, 'central server application.yml, X-Road 7.8'),
    null,
    null,
  ),
  row(
    'globalConfDownloadInterval',
    'us',
    'how often a security server downloads',
    SECOND,
    HOUR,
    shipped(60 * SECOND, 'configuration-client.update-interval, X-Road 7.8'),
    null,
    null,
  ),
  row(
    'globalConfReloadInterval',
    'us',
    'how often the proxy reads what was downloaded',
    SECOND,
    HOUR,
    shipped(60 * SECOND, 'reload of the global configuration, X-Road 7.8'),
    null,
    null,
  ),
  row(
    'ocspFreshness',
    'us',
    'how old an OCSP answer may be',
    MINUTE,
    30 * 24 * HOUR,
    shipped(3600 * SECOND, 'ocspFreshnessSeconds, X-Road 7.8'),
    shipped(8 * HOUR, EE_PAGES),
    guess(3600 * SECOND, FI_UNKNOWN),
  ),
  row(
    'ocspFetchInterval',
    'us',
    'how often a signer asks for OCSP answers',
    MINUTE,
    24 * HOUR,
    shipped(1200 * SECOND, 'FETCHINTERVAL default, X-Road 7.8'),
    shipped(48 * MINUTE, EE_PAGES),
    guess(1200 * SECOND, FI_UNKNOWN),
  ),
  row(
    'ocspFetchRetry',
    'us',
    'when a signer asks again after a failed fetch',
    SECOND,
    HOUR,
    shipped(60 * SECOND, 'OcspClientExecuteScheduler, X-Road 7.8'),
    null,
    null,
  ),
  row(
    'ocspNextUpdate',
    'us',
    'nextUpdate of an OCSP answer after its thisUpdate; 0: it has none',
    0,
    30 * 24 * HOUR,
    guess(0, 'a matter of the certification authority; answers without nextUpdate are assumed'),
    shipped(12 * HOUR, 'skidsolutions.eu: organisation certificates, since 4 January 2019'),
    guess(0, 'not published by Finland; answers without nextUpdate are assumed'),
  ),
  row(
    'verifyNextUpdate',
    'switch',
    'an OCSP answer past its nextUpdate is refused',
    0,
    0,
    shipped(true, 'NEXTUPDATE default, X-Road 7.8'),
    null,
    null,
  ),
  row(
    'ocspStrategy',
    'strategy',
    'which OCSP responders are asked, in which order',
    0,
    0,
    shipped('none', 'signer ocsp-prioritization-strategy, X-Road 7.8'),
    null,
    null,
  ),
  row(
    'timeStampingInterval',
    'us',
    'how often the message log is time-stamped',
    MINUTE,
    24 * HOUR,
    shipped(60 * SECOND, 'timeStampingIntervalSeconds, X-Road 7.8'),
    shipped(48 * MINUTE, EE_PAGES),
    guess(60 * SECOND, FI_UNKNOWN),
  ),
  row(
    'timeStampRetryDelay',
    'us',
    'when a failed time-stamp is tried again',
    SECOND,
    24 * HOUR,
    shipped(60 * SECOND, 'message-log timestamp-retry-delay, X-Road 7.8'),
    null,
    null,
  ),
  row(
    'timeStampRecordsLimit',
    'count',
    'records that one time-stamp covers at most',
    1,
    1_000_000,
    shipped(10_000, 'message-log timestamp-records-limit, X-Road 7.8'),
    null,
    null,
  ),
  row(
    'timeStampingStrategy',
    'strategy',
    'which time-stamping authorities are asked, in which order',
    0,
    0,
    shipped('none', 'message-log timestamping-prioritization-strategy, X-Road 7.8'),
    null,
    null,
  ),
  row(
    'acceptableTimestampFailure',
    'us',
    'how long time-stamping may fail',
    0,
    30 * 24 * HOUR,
    shipped(14_400 * SECOND, 'acceptable-timestamp-failure-period, X-Road 7.8'),
    shipped(4 * HOUR, EE_PAGES),
    shipped(172_800 * SECOND, 'Finnish package of X-Road 7.8'),
  ),
  row(
    'timestampImmediately',
    'switch',
    'each record is time-stamped before its message goes on',
    0,
    0,
    shipped(false, 'message-log timestamp-immediately, X-Road 7.8'),
    null,
    null,
  ),
  // Caches, tokens and jobs.
  row(
    'keyConfCachePeriod',
    'us',
    'how long the proxy goes on with keys it has found good',
    SECOND,
    HOUR,
    shipped(300 * SECOND, 'CachingKeyConfImpl, X-Road 7.8'),
    null,
    null,
  ),
  row(
    'serverConfCachePeriod',
    'us',
    'how long the proxy keeps access rights',
    SECOND,
    HOUR,
    shipped(60 * SECOND, 'CachingServerConfImpl, X-Road 7.8'),
    null,
    null,
  ),
  row(
    'tokenAutoLogin',
    'switch',
    'the PIN is given without a person after a restart',
    0,
    0,
    guess(true, 'xroad-autologin is a package of its own; how many servers have it is not known'),
    null,
    null,
  ),
  row(
    'synchronisedJobs',
    'switch',
    'all servers run their periodic jobs at the same moments',
    0,
    0,
    guess(false, 'jobs count from the start of each process, and servers start independently'),
    null,
    null,
  ),
  // Keys and the message log.
  row(
    'keyType',
    'key',
    'type of authentication and signing keys',
    0,
    0,
    shipped('rsa-2048', 'signer key-length, X-Road 7.8'),
    shipped('rsa-3072', 'Estonian package of X-Road 7.8'),
    shipped('rsa-3072', 'Finnish package of X-Road 7.8'),
  ),
  row(
    'bodyLogging',
    'switch',
    'message bodies are logged',
    0,
    0,
    shipped(true, 'message-body-logging, X-Road 7.8'),
    null,
    shipped(false, 'Finnish package of X-Road 7.8'),
  ),
  row(
    'loggableBodyMax',
    'bytes',
    'larger bodies are refused while bodies are logged',
    0,
    1024 * MIB,
    shipped(10 * MIB, 'max-loggable-message-body-size, X-Road 7.8'),
    shipped(20 * MIB, 'Estonian package of X-Road 7.8'),
    null,
  ),
  // Connections and time-outs.
  row(
    'connectionReuse',
    'switch',
    'connections between servers are kept for more messages',
    0,
    0,
    shipped(false, 'pool-enable-connection-reuse, X-Road 7.8'),
    null,
    shipped(true, 'Finnish package of X-Road 7.8'),
  ),
  row(
    'minClientVersion',
    'version',
    'oldest server that may call',
    0,
    990_000,
    shipped(0, 'server-min-supported-client-version, X-Road 7.8'),
    shipped(70_600, 'Estonian package of X-Road 7.8'),
    shipped(70_600, 'Finnish package of X-Road 7.8'),
  ),
  row(
    'clientTimeout',
    'us',
    'lease, TCP connect and TLS handshake',
    MS,
    HOUR,
    shipped(30 * SECOND, 'client-timeout, X-Road 7.8'),
    null,
    null,
  ),
  row(
    'cachedConnectTimeout',
    'us',
    'TCP connect to the cached fastest server',
    MS,
    HOUR,
    shipped(5 * SECOND, 'FastestConnectionSelectingSSLSocketFactory, X-Road 7.8'),
    null,
    null,
  ),
  row(
    'fastestCachePeriod',
    'us',
    'how long the fastest server is remembered',
    0,
    24 * HOUR,
    shipped(3600 * SECOND, 'client-fastest-connecting-ssl-uri-cache-period, X-Road 7.8'),
    null,
    null,
  ),
  row(
    'idleTimeout',
    'us',
    'idle time of a connection to a proxy',
    MS,
    HOUR,
    shipped(30 * SECOND, 'client-/server-connector-initial-idle-time, X-Road 7.8'),
    null,
    null,
  ),
  row(
    'poolIdleTimeout',
    'us',
    'a pooled connection unused for longer is closed',
    MS,
    HOUR,
    shipped(60 * SECOND, 'idle monitor of the connection pool, X-Road 7.8'),
    null,
    null,
  ),
  row(
    'signerTimeout',
    'us',
    'wait in the signing queue',
    MS,
    HOUR,
    shipped(50 * SECOND, 'signer client-timeout, signer.ini, X-Road 7.8'),
    null,
    null,
  ),
  row(
    'logPoolTimeout',
    'us',
    'wait for a database connection of the message log',
    MS,
    HOUR,
    guess(30 * SECOND, 'default of the pool library; X-Road sets none'),
    null,
    null,
  ),
  row(
    'serviceTimeout',
    'us',
    'wait for the information system, where a service names none',
    MS,
    24 * HOUR,
    shipped(60 * SECOND, 'default of the administration UI, X-Road 7.8'),
    null,
    null,
  ),
  // Sizes.
  row(
    'clientThreads',
    'count',
    'request threads of the client proxy',
    1,
    100_000,
    shipped(500, 'jetty/clientproxy.xml, X-Road 7.8'),
    null,
    null,
  ),
  row(
    'serverThreads',
    'count',
    'request threads of the server proxy',
    1,
    100_000,
    shipped(500, 'jetty/serverproxy.xml, X-Road 7.8'),
    null,
    null,
  ),
  row(
    'logConnections',
    'count',
    'database connections of the message log',
    1,
    10_000,
    shipped(4, 'messagelog.hibernate.cfg.xml, X-Road 7.8'),
    null,
    null,
  ),
  row(
    'connectionsMax',
    'count',
    'outgoing connections, all',
    1,
    1_000_000,
    shipped(10_000, 'client-pool-total-max-connections, X-Road 7.8'),
    null,
    null,
  ),
  row(
    'connectionsPerRouteMax',
    'count',
    'outgoing connections to one route',
    1,
    1_000_000,
    shipped(2_500, 'client-pool-default-max-connections-per-route, X-Road 7.8'),
    null,
    null,
  ),
  row(
    'antiDosConnections',
    'count',
    'connections at once on port 5500',
    1,
    1_000_000,
    shipped(5_000, 'anti-dos max-parallel-connections, X-Road 7.8'),
    null,
    null,
  ),
  row(
    'fileHandles',
    'count',
    'file handles of the proxy process',
    64,
    10_000_000,
    guess(65_536, 'not set by X-Road; a common limit of the operating system'),
    null,
    null,
  ),
  row(
    'fileHandlesFreeMin',
    'count',
    'fewer free handles: connections are closed unanswered',
    0,
    1_000_000,
    shipped(100, 'anti-dos min-free-file-handles, X-Road 7.8'),
    null,
    null,
  ),
  row(
    'batchSigning',
    'switch',
    'one signature for all messages that wait together',
    0,
    0,
    shipped(true, 'software tokens always; HSM by devices.ini'),
    null,
    null,
  ),
  // The machine.
  row(
    'hostCores',
    'count',
    'cores of a server of its own',
    1,
    1024,
    guess(4, 'installation guides ask for two to four'),
    null,
    null,
  ),
  row(
    'hostSpeed',
    'factor',
    'speed against the machine of the calibration',
    0.01,
    1000,
    guess(1, 'as the calibrated machine'),
    null,
    null,
  ),
  row(
    'startUpTime',
    'us',
    'from starting a server to ready, PIN given',
    0,
    24 * HOUR,
    guess(30 * SECOND, 'tens of seconds: configuration, PIN and OCSP answers needed'),
    null,
    null,
  ),
  row(
    'localRtt',
    'us',
    'round trip between a server and its information systems',
    0,
    MINUTE,
    guess(500, 'same data centre'),
    null,
    null,
  ),
];

/** The parameters of a profile, all of them. */
export function valuesOf(profile: ProfileName): Record<ParameterName, number | boolean | string> {
  return Object.fromEntries(
    PARAMETERS.map((entry) => [entry.name, entry.values[profile].value]),
  ) as Record<ParameterName, number | boolean | string>;
}

/** `null` for a country: its package and its published rules leave the default. */
function row(
  name: ParameterName,
  unit: ParameterUnit,
  prose: string,
  min: number,
  max: number,
  standard: Cell,
  estonia: Cell | null,
  finland: Cell | null,
): ParameterRow {
  const cell = ([value, confidence, source]: Cell): ParameterValue => ({
    value,
    confidence,
    source,
  });
  return {
    name,
    unit,
    prose,
    min,
    max,
    values: {
      'xroad-default': cell(standard),
      'ee-production': cell(estonia ?? standard),
      'fi-production': cell(finland ?? standard),
    },
  };
}
