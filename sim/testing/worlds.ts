/**
 * The worlds: one exchange each, in which at most one thing is wrong, and what the client sees.
 * Every row of facts 2.1 (REST at the consumer's server), 2.2 (SOAP there) and 2.3 (the provider's
 * server) that can fail has at least one. The conformance suite runs each in every engine that can.
 *
 * What a world says about the legs (`breaks`) is the expectation for the scripted exchange; a
 * condition or defect says it itself, in protocol/condition.ts.
 */
import type {
  Document,
  IncidentDocument,
  InstanceDocument,
  ServerDocument,
  ServiceDocument,
  SystemDocument,
  TrustServiceDocument,
  WorkloadDocument,
} from '../plan/document.ts';
import { Effect } from '../protocol/effect.ts';
import { Fact, Input, inputOf } from '../protocol/exchange.ts';
import { Cause } from '../protocol/fault.ts';
import type { FaultSide } from '../protocol/fault.ts';

export type EngineName = 'virtual' | 'live';

/** Something that does not hold, or does not work, on one leg. */
export interface Break {
  readonly leg: 0 | 1;
  /** Facts that do not hold. */
  readonly facts: number;
  /** The effect that does not end in Done, the stage it belongs to (-1: any), and its input. */
  readonly effect: Effect;
  readonly stage: number;
  readonly input: number;
}

export interface Expected {
  /** In 7.8's spelling; null: the answer is the provider's. */
  readonly code: string | null;
  /** As the client reads it, where a server of the old spelling wrote it; else like `code`. */
  readonly seen: string | null;
  readonly status: number;
  readonly side: FaultSide | null;
}

export interface World {
  readonly name: string;
  /** The rows of the fact sheet it stands for. */
  readonly source: string;
  readonly engines: readonly EngineName[];
  readonly expected: Expected;
  readonly breaks: readonly Break[];
  readonly consumer: Partial<ServerDocument>;
  readonly provider: Partial<ServerDocument>;
  readonly service: Partial<ServiceDocument>;
  readonly system: Partial<SystemDocument>;
  readonly workload: Partial<WorkloadDocument>;
  /** The provider is of another instance. */
  readonly isCrossBorder: boolean;
  readonly isFederated: boolean;
  readonly incidents: readonly IncidentDocument[];
  /** The caller gives its message an X-Road-Id. */
  readonly sendsId: boolean;
}

const BOTH: readonly EngineName[] = ['virtual', 'live'];
const VIRTUAL: readonly EngineName[] = ['virtual'];
const LIVE: readonly EngineName[] = ['live'];

type Changes = Partial<Omit<World, 'name' | 'source' | 'expected'>>;

function world(name: string, source: string, expected: Expected, changes: Changes = {}): World {
  return {
    name,
    source,
    expected,
    engines: BOTH,
    breaks: [],
    consumer: {},
    provider: {},
    service: {},
    system: {},
    workload: {},
    isCrossBorder: false,
    isFederated: true,
    incidents: [],
    sendsId: true,
    ...changes,
  };
}

const answered = (status = 200): Expected => ({ code: null, seen: null, status, side: null });

function faulted(side: FaultSide, code: string, status = 500, seen = code): Expected {
  return { code, seen, status, side };
}

const atConsumer = (word: string): Expected => faulted('consumer', `server.clientproxy.${word}`);
const atProvider = (word: string): Expected => faulted('provider', `server.serverproxy.${word}`);

/** The same code for a SOAP client, whose faults come with HTTP 200 (facts 2.2). */
const inSoap = ({ code, seen, side }: Expected): Expected => ({ code, seen, status: 200, side });

const withoutFact = (leg: 0 | 1, facts: number): Break[] => [
  { leg, facts, effect: Effect.None, stage: -1, input: 0 },
];

const failing = (leg: 0 | 1, effect: Effect, input: number): Break[] => [
  { leg, facts: 0, effect, stage: -1, input },
];

const consumerIs = (...conditions: string[]): Changes => ({ consumer: { conditions } });
const providerIs = (...conditions: string[]): Changes => ({ provider: { conditions } });
const messageHas = (...defects: string[]): Changes => ({ workload: { defects } });

const INSTANCE = 'EE';
const FOREIGN = 'FI';
const CONSUMER = 'GOV/70000001';
const PROVIDER = 'GOV/70000002';
const KIB = 1024;
const SECOND = 1e6;
const DURATION_US = 300 * SECOND;

/** Facts 2.1: the consumer's side of a REST exchange. */
const REST_AT_CONSUMER: readonly World[] = [
  world('good', '2.1, 2.3: nothing is wrong', answered()),
  world('conf-expired-at-consumer', '2.1 step 2', atConsumer('global_conf_outdated'), {
    ...consumerIs('conf-expired'),
  }),
  world('no-auth-cert', '2.1 step 3', atConsumer('ssl_authentication_failed'), {
    ...consumerIs('no-auth-cert'),
  }),
  world('unparsable-path', '2.1 step 4', atConsumer('internal_error'), {
    ...messageHas('unparsable-path'),
  }),
  world('odd-identifier', '2.1 step 5: only a warning', answered(), {
    service: { id: `${INSTANCE}/${PROVIDER}/registry/odd;code` },
  }),
  world('no-client', '2.1 step 6', atConsumer('invalid_client_identifier'), {
    ...messageHas('no-client'),
  }),
  world('unregistered-client', '2.1 step 6', atConsumer('unknown_member'), {
    ...messageHas('unregistered-client'),
  }),
  world('client-not-authenticated', '2.1 step 7', atConsumer('ssl_authentication_failed'), {
    ...messageHas('client-not-authenticated'),
  }),
  world('no-message-id', '2.1 step 8: the server gives one', answered(), { sendsId: false }),
  world('unknown-provider', '2.1 step 9', atConsumer('unknown_member'), {
    ...messageHas('unknown-provider'),
  }),
  world('provider-registered-nowhere', '2.1 step 9', atConsumer('unknown_member'), {
    provider: { subsystems: [] },
    breaks: withoutFact(0, Fact.ProviderKnown),
  }),
  world('wrong-target', '2.1 step 9', atConsumer('invalid_security_server'), {
    ...messageHas('wrong-target'),
  }),
  world('target-without-provider', '2.1 step 9', atConsumer('invalid_security_server'), {
    workload: { targetServer: `${INSTANCE}/${CONSUMER}/ss1` },
    breaks: withoutFact(0, Fact.TargetServesProvider),
  }),
  world('right-target', '2.1 step 9', answered(), {
    workload: { targetServer: `${INSTANCE}/${PROVIDER}/ss2` },
  }),
  world('maintenance', '2.1 step 9, 5.5', atConsumer('maintenance_mode'), {
    provider: { maintenance: true },
    breaks: withoutFact(0, Fact.SomeServerInService),
  }),
  world('cross-border', '2.1 step 9, 5.1', answered(), { isCrossBorder: true }),
  world('foreign-conf-missing', '2.1 step 9, 5.1', atConsumer('internal_error'), {
    ...consumerIs('foreign-conf-missing'),
    isCrossBorder: true,
  }),
  world('not-federated', '2.1 step 9, 5.1', atConsumer('internal_error'), {
    isCrossBorder: true,
    isFederated: false,
    breaks: withoutFact(0, Fact.InstanceKnown),
  }),
  world('provider-server-down', '2.1 step 11', atConsumer('network_error'), {
    incidents: [incident('server-crash', ['EE/ss2'])],
    breaks: failing(0, Effect.Connect, inputOf(Input.Failed, Cause.NetworkError)),
  }),
  world('provider-server-silent', '2.1 step 11, 2.8', atConsumer('io_error'), {
    engines: VIRTUAL,
    incidents: [incident('link-cut', ['EE/ss1<->EE/ss2'])],
    breaks: failing(0, Effect.Connect, Input.TimedOut),
  }),
  world('untrusted-tls', '2.1 step 11', atConsumer('ssl_authentication_failed'), {
    ...consumerIs('untrusted-tls'),
  }),
  world('no-signing-key-at-consumer', '2.1 step 13', atConsumer('io_error'), {
    ...consumerIs('no-signing-key'),
  }),
  world('signer-down-at-consumer', '2.1 step 13', atConsumer('io_error'), {
    ...consumerIs('signer-down'),
  }),
  world('cannot-sign-at-consumer', '2.1 step 13', atConsumer('io_error'), {
    ...consumerIs('cannot-sign'),
  }),
  world('no-tsa-at-consumer', '2.1 step 14, 5.3', atConsumer('io_error'), {
    ...consumerIs('no-tsa'),
  }),
  world('tsa-overdue-at-consumer', '2.1 step 14, 5.3', atConsumer('io_error'), {
    ...consumerIs('tsa-overdue'),
  }),
  world('request-too-large-for-consumer', '2.1 step 14, 4.2', atConsumer('io_error'), {
    consumer: { parameters: { loggableBodyMax: KIB } },
    workload: { requestSize: { kind: 'constant', value: 2 * KIB } },
    breaks: withoutFact(0, Fact.BodyLoggable),
  }),
  world('log-down-at-consumer', '2.1 step 14', atConsumer('io_error'), {
    ...consumerIs('log-database-down'),
  }),
  world('slow-answer', '2.1 step 15: no read time-out', answered(), {
    engines: VIRTUAL,
    system: { serviceTime: { kind: 'constant', value: 45 * SECOND } },
  }),
  world('response-without-part', '2.1 step 17', atConsumer('missing_rest'), {
    ...messageHas('response-without-part'),
  }),
  world('response-without-signature', '2.1 step 17', atConsumer('missing_signature'), {
    ...messageHas('response-without-signature'),
  }),
  world('response-tampered', '2.1 step 18', atConsumer('invalid_signature_value'), {
    ...messageHas('response-tampered'),
  }),
  world('response-inconsistent', '2.1 step 19', atConsumer('inconsistent_response'), {
    ...messageHas('response-inconsistent'),
  }),
  world('response-too-large-for-consumer', '2.1 step 20, 4.2', atConsumer('logging_failed'), {
    consumer: { parameters: { loggableBodyMax: KIB } },
    service: { responseSize: { kind: 'constant', value: 4 * KIB } },
    // The request is small enough: the fact fails only once the response has come.
    breaks: [{ ...withoutFact(0, Fact.BodyLoggable)[0], stage: 8 }],
  }),
  world('error-of-the-system', '3.1: a 404 of the provider is no fault', answered(404), {
    service: { status: 404 },
  }),
];

const SOAP: Partial<ServiceDocument> = { type: 'soap' };
const soap = (changes: Changes): Changes => ({
  ...changes,
  service: { ...changes.service, ...SOAP },
  breaks: [
    ...(changes.breaks ?? []),
    ...withoutFact(0, Fact.IsRest),
    ...withoutFact(1, Fact.IsRest),
  ],
});

/** Facts 2.2: what is different where a SOAP client calls. */
const SOAP_AT_CONSUMER: readonly World[] = [
  world('soap-good', '2.2: nothing is wrong', answered(), soap({})),
  world(
    'soap-missing-header-field',
    '2.2: parse errors carry the prefix client',
    faulted('consumer', 'client.missing_header_field', 200),
    soap(messageHas('missing-header-field')),
  ),
  world(
    'soap-invalid-xml',
    '2.2: parse errors carry the prefix client',
    faulted('consumer', 'client.invalid_xml', 200),
    soap(messageHas('invalid-xml')),
  ),
  world(
    'soap-no-signing-key',
    '2.2: not flattened',
    inSoap(atConsumer('cannot_create_signature')),
    soap(consumerIs('no-signing-key')),
  ),
  world(
    'soap-cannot-sign',
    '2.2: not flattened',
    inSoap(atConsumer('cannot_sign')),
    soap(consumerIs('cannot-sign')),
  ),
  world(
    'soap-signer-down',
    '2.2: not flattened',
    inSoap(atConsumer('signer.network_error')),
    soap(consumerIs('signer-down')),
  ),
  world(
    'soap-no-tsa',
    '2.2: not flattened',
    inSoap(atConsumer('logging_failed.mlog.no_timestamping_provider_found')),
    soap(consumerIs('no-tsa')),
  ),
  world(
    'soap-tsa-overdue',
    '2.2: not flattened',
    inSoap(atConsumer('logging_failed.timestamping_failed')),
    soap(consumerIs('tsa-overdue')),
  ),
  world(
    'soap-log-down',
    '2.2: not flattened',
    inSoap(atConsumer('logging_failed.database_error')),
    soap(consumerIs('log-database-down')),
  ),
  world(
    'soap-response-without-part',
    '2.1 step 17 in SOAP',
    inSoap(atConsumer('missing_soap')),
    soap(messageHas('response-without-part')),
  ),
  world(
    'soap-bad-status',
    '2.2: the system must answer 200 or 500',
    inSoap(atProvider('service_failed.http_error')),
    soap({
      service: { status: 404 },
      breaks: failing(1, Effect.Forward, inputOf(Input.Failed, Cause.HttpError)),
    }),
  ),
  world(
    'soap-system-refusing',
    '2.3 step 11: service_failed in SOAP',
    inSoap(atProvider('service_failed.network_error')),
    soap({
      system: { state: 'refusing' },
      breaks: failing(1, Effect.Forward, inputOf(Input.Failed, Cause.NetworkError)),
    }),
  ),
  world(
    'soap-other-server',
    '2.3 step 6: the target is another server',
    inSoap(atProvider('service_failed.invalid_security_server')),
    soap(messageHas('other-server')),
  ),
  world(
    'soap-url-malformed',
    '2.3 step 11',
    inSoap(atProvider('service_malformed_url')),
    soap({
      service: { url: 'malformed' },
      breaks: withoutFact(1, Fact.ServiceUrlWellFormed),
    }),
  ),
  world(
    'soap-response-inconsistent',
    '2.1 step 19 in SOAP: the service is to blame',
    inSoap(atConsumer('service_failed.inconsistent_response')),
    soap(messageHas('response-inconsistent')),
  ),
  world(
    'soap-no-message-part',
    '2.3 step 7',
    inSoap(atProvider('missing_soap')),
    soap(messageHas('no-message-part')),
  ),
];

/** Facts 2.3: the provider's side, up to the call of the information system. */
const ADMISSION_AT_PROVIDER: readonly World[] = [
  world('shed-by-anti-dos', '2.3 step 1, 12.2: closed without a word', atConsumer('io_error'), {
    engines: VIRTUAL,
    provider: { parameters: { fileHandles: 64, fileHandlesFreeMin: 1000 } },
    breaks: failing(0, Effect.Connect, inputOf(Input.Failed, Cause.IoError)),
  }),
  world('not-post', '2.3 step 3', atProvider('invalid_http_method'), messageHas('not-post')),
  world('conf-expired-at-provider', '2.3 step 4', atProvider('global_conf_outdated'), {
    ...providerIs('conf-expired'),
  }),
  world('client-too-old', '2.3 step 5', atProvider('client_proxy_version_not_supported'), {
    provider: { parameters: { minClientVersion: 70_900 } },
    breaks: withoutFact(1, Fact.ClientVersionSupported),
  }),
  world('provider-not-registered', '2.3 step 6', atProvider('service_failed.unknown_member'), {
    ...messageHas('provider-not-registered'),
  }),
  world(
    'no-signing-key-at-provider',
    '2.3 step 6: found before the request is verified',
    atProvider('service_failed.cannot_create_signature'),
    providerIs('no-signing-key'),
  ),
  world(
    'peer-chain-invalid',
    '2.3 step 6',
    atProvider('service_failed.ssl_authentication_failed'),
    providerIs('peer-chain-invalid'),
  ),
  world('broken-multipart', '2.3 step 7', atProvider('service_failed.mime_parsing_failed'), {
    ...messageHas('broken-multipart'),
  }),
  world('no-message-part', '2.3 step 7', atProvider('missing_rest'), {
    ...messageHas('no-message-part'),
  }),
  world('no-signature', '2.3 step 7', atProvider('missing_signature'), {
    ...messageHas('no-signature'),
  }),
  world('unknown-service', '2.3 step 8', atProvider('unknown_service'), {
    ...messageHas('unknown-service'),
  }),
  world('rest-call-to-soap-service', '2.3 step 8', atProvider('service_type'), {
    // In virtual time a flow always speaks the type of the service it calls.
    engines: LIVE,
    service: SOAP,
    breaks: withoutFact(1, Fact.ServiceTypeMatches),
  }),
  world('access-denied', '2.3 step 8', atProvider('access_denied'), {
    service: { access: [] },
    breaks: withoutFact(1, Fact.AccessAllowed),
  }),
  world(
    'method-not-allowed',
    '2.3 step 8: rights are of method and path',
    atProvider('access_denied'),
    {
      service: { access: [right({ method: 'GET' })] },
      breaks: withoutFact(1, Fact.AccessAllowed),
    },
  ),
  world(
    'path-not-allowed',
    '2.3 step 8: rights are of method and path',
    atProvider('access_denied'),
    {
      service: { access: [right({ path: '/others/*' })] },
      breaks: withoutFact(1, Fact.AccessAllowed),
    },
  ),
  world('allowed-by-group', '2.3 step 8: rights of a global group', answered(), {
    service: { access: [right({ subsystem: null, globalGroup: 'callers' })] },
  }),
  world('service-disabled', '2.3 step 8', atProvider('service_disabled'), {
    service: { enabled: false },
    breaks: withoutFact(1, Fact.ServiceEnabled),
  }),
  world('tampered', '2.3 step 9', atProvider('invalid_signature_value'), messageHas('tampered')),
  world('stale-ocsp', '2.3 step 9, 2.6', atProvider('incorrect_validation_info'), {
    ...messageHas('stale-ocsp'),
  }),
  world('wrong-signer', '2.3 step 9, 2.6', atProvider('incorrect_certificate'), {
    ...messageHas('wrong-signer'),
  }),
];

/** Facts 2.3: from the log of the request on. */
const SERVICE_AT_PROVIDER: readonly World[] = [
  world(
    'no-tsa-at-provider',
    '2.3 step 10',
    atProvider('logging_failed.mlog.no_timestamping_provider_found'),
    providerIs('no-tsa'),
  ),
  world(
    'tsa-overdue-at-provider',
    '2.3 step 10',
    atProvider('logging_failed.timestamping_failed'),
    providerIs('tsa-overdue'),
  ),
  world('log-down-at-provider', '2.3 step 10', atProvider('logging_failed.database_error'), {
    ...providerIs('log-database-down'),
  }),
  world('request-too-large-for-provider', '2.3 step 10, 4.2', atProvider('logging_failed'), {
    provider: { parameters: { loggableBodyMax: KIB } },
    workload: { requestSize: { kind: 'constant', value: 2 * KIB } },
    breaks: withoutFact(1, Fact.BodyLoggable),
  }),
  world('url-missing', '2.3 step 11', atProvider('service_missing_url'), {
    service: { url: 'missing' },
    breaks: withoutFact(1, Fact.ServiceUrlPresent),
  }),
  world(
    'url-malformed',
    '2.3 step 11, 4.1: no code of its own in REST',
    atProvider('internal_error'),
    {
      service: { url: 'malformed' },
      breaks: withoutFact(1, Fact.ServiceUrlWellFormed),
    },
  ),
  world('system-refusing', '2.3 step 11', atProvider('network_error'), {
    system: { state: 'refusing' },
    breaks: failing(1, Effect.Forward, inputOf(Input.Failed, Cause.NetworkError)),
  }),
  world('system-hung', '2.3 step 11', atProvider('io_error'), {
    system: { state: 'hung' },
    service: { timeoutUs: 300_000 },
    breaks: failing(1, Effect.Forward, Input.TimedOut),
  }),
  world('system-unknown-host', '2.3 step 11', atProvider('unknown_host'), {
    system: { state: 'unknown-host' },
    breaks: failing(1, Effect.Forward, inputOf(Input.Failed, Cause.UnknownHost)),
  }),
  world('untrusted-system', '2.3 step 11', atProvider('ssl_authentication_failed'), {
    ...messageHas('untrusted-system'),
    engines: VIRTUAL,
  }),
  world('cannot-sign-at-provider', '2.3 step 13', atProvider('cannot_sign'), {
    ...providerIs('cannot-sign'),
  }),
  world('signer-down-at-provider', '2.3 step 13', atProvider('signer.network_error'), {
    ...providerIs('signer-down'),
  }),
  world('response-too-large-for-provider', '2.3 step 14, 4.2', atProvider('logging_failed'), {
    provider: { parameters: { loggableBodyMax: KIB } },
    service: { responseSize: { kind: 'constant', value: 4 * KIB } },
    breaks: [{ ...withoutFact(1, Fact.BodyLoggable)[0], stage: 7 }],
  }),
];

const OLD_DENIED = 'Server.ServerProxy.AccessDenied';
const DENIED = 'server.serverproxy.access_denied';
const denied = { service: { access: [] }, breaks: withoutFact(1, Fact.AccessAllowed) };
const OLD = { version: 70_700 };

/** Facts 0.1 and 0.2: two spellings, and what becomes of the status where they meet. */
const MIXED_VERSIONS: readonly World[] = [
  world('provider-of-7.7', '0.2: reported as 400', faulted('provider', DENIED, 400, OLD_DENIED), {
    ...denied,
    provider: OLD,
  }),
  world('consumer-of-7.7', '0.2: reported as 400', faulted('provider', DENIED, 400), {
    ...denied,
    consumer: OLD,
  }),
  world('both-of-7.7', '0.1', faulted('provider', DENIED, 500, OLD_DENIED), {
    ...denied,
    consumer: OLD,
    provider: OLD,
  }),
  world(
    'own-fault-of-7.7',
    '0.1',
    faulted(
      'consumer',
      'server.clientproxy.unknown_member',
      500,
      'Server.ClientProxy.UnknownMember',
    ),
    { ...messageHas('unknown-provider'), consumer: OLD },
  ),
];

export const WORLDS: readonly World[] = [
  ...REST_AT_CONSUMER,
  ...SOAP_AT_CONSUMER,
  ...ADMISSION_AT_PROVIDER,
  ...SERVICE_AT_PROVIDER,
  ...MIXED_VERSIONS,
];

function incident(kind: string, targets: readonly string[]): IncidentDocument {
  return {
    id: kind,
    title: kind,
    kind,
    targets,
    atUs: 0,
    forUs: DURATION_US,
    dwellUs: null,
    rampUs: 0,
    workflow: null,
    gapUs: 0,
    repeat: null,
    settings: {},
  };
}

function right(
  changes: Partial<ServiceDocument['access'][number]>,
): ServiceDocument['access'][number] {
  return {
    subsystem: `${INSTANCE}/${CONSUMER}/portal`,
    globalGroup: null,
    localGroup: null,
    method: '*',
    path: '/**',
    ...changes,
  };
}

/** The scenario of a world: two servers, one service, one call half a second after the start. */
export function worldDocument(one: World): Document {
  const home = one.isCrossBorder ? FOREIGN : INSTANCE;
  const serviceId = one.service.id ?? `${home}/${PROVIDER}/registry/persons`;
  const consumer = member(CONSUMER, 'portal');
  const provider = member(PROVIDER, 'registry');
  const servers = [
    serverOf('ss1', CONSUMER, 'portal', one.consumer),
    serverOf('ss2', PROVIDER, 'registry', one.provider),
  ];
  const instances: Record<string, InstanceDocument> = one.isCrossBorder
    ? {
        [INSTANCE]: instanceOf([consumer], [servers[0]]),
        [FOREIGN]: instanceOf([provider], [servers[1]]),
      }
    : { [INSTANCE]: instanceOf([consumer, provider], servers) };
  return {
    name: one.name,
    title: `World: ${one.name}`,
    question: `What does the client see (facts ${one.source})?`,
    seed: 1,
    kind: 'terminating',
    durationUs: DURATION_US,
    warmUpUs: 0,
    findsWarmUp: false,
    startOfDayUs: 0,
    replications: 1,
    precision: null,
    calibration: 'zero',
    seriesBucketUs: null,
    instances,
    hosts: [],
    systems: [systemOf(one.system)],
    services: [{ ...serviceOf(serviceId), ...one.service }],
    links: [],
    federation: one.isCrossBorder && one.isFederated ? [[INSTANCE, FOREIGN]] : [],
    trust: null,
    workloads: [{ ...workloadOf(serviceId), ...one.workload }],
    journeys: [],
    incidents: one.incidents,
    thresholds: [],
    checks: [],
    assumptions: [],
    limits: { exchangesMax: 100, eventsMax: 10_000, journalRowsMax: 1000 },
  };
}

function member(id: string, subsystem: string): InstanceDocument['members'][number] {
  return { id, name: `Member ${id}`, subsystems: [subsystem] };
}

function trustService(id: string): TrustServiceDocument {
  return { id, capacity: 1, serviceTime: { kind: 'constant', value: 0 }, isPaid: false };
}

function instanceOf(
  members: InstanceDocument['members'],
  servers: readonly ServerDocument[],
): InstanceDocument {
  const isCallersOwn = members.some(({ id }) => id === CONSUMER);
  return {
    profile: 'xroad-default',
    parameters: {},
    centralServers: [trustService('cs')],
    certificationAuthorities: [{ id: 'ca', ocspResponders: [trustService('ocsp')] }],
    timeStampingAuthorities: [trustService('tsa')],
    namesTrustServices: false,
    certificates: [],
    members,
    globalGroups: isCallersOwn ? { callers: [`${INSTANCE}/${CONSUMER}/portal`] } : {},
    servers,
    population: null,
  };
}

function serverOf(
  id: string,
  owner: string,
  subsystem: string,
  changes: Partial<ServerDocument>,
): ServerDocument {
  return {
    id,
    owner,
    subsystems: [`${owner}/${subsystem}`],
    host: null,
    version: 70_800,
    maintenance: false,
    conditions: [],
    parameters: {},
    ...changes,
  };
}

function systemOf(changes: Partial<SystemDocument>): SystemDocument {
  return {
    id: 'registry-system',
    capacity: 10,
    serviceTime: { kind: 'constant', value: 5000 },
    state: 'up',
    ...changes,
  };
}

function serviceOf(id: string): ServiceDocument {
  return {
    id,
    type: 'rest',
    system: 'registry-system',
    timeoutUs: 60 * SECOND,
    responseSize: { kind: 'constant', value: KIB },
    serviceTime: null,
    enabled: true,
    status: 200,
    url: 'good',
    access: [right({})],
  };
}

function workloadOf(service: string): WorkloadDocument {
  return {
    id: 'call',
    kind: 'open',
    client: `${INSTANCE}/${CONSUMER}/portal`,
    server: null,
    services: [{ service, weight: 1 }],
    targetServer: null,
    method: 'POST',
    path: '/people/search',
    requestSize: { kind: 'constant', value: 500 },
    uploadBandwidth: Infinity,
    arrivals: 'constant',
    rate: { clock: 'run', points: [{ atUs: 0, rate: 1 }] },
    users: 0,
    thinkTime: null,
    startUs: 0,
    // The first arrival of a constant rate is half a step in; there is no second one.
    stopUs: SECOND,
    defects: [],
    callers: null,
  };
}
