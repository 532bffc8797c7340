/** The schema of what stands still: instances and all that is in them, hosts, systems, services. */
import { z } from 'zod';
import type {
  AccessDocument,
  CertificateDocument,
  InstanceDocument,
  LinkDocument,
  MemberDocument,
  PopulationDocument,
  ServiceDocument,
  TrustServiceDocument,
} from '../plan/document.ts';
import { PARAMETERS, STRATEGIES } from '../plan/profile.ts';
import type { ParameterName, ParameterRow } from '../plan/profile.ts';
import { dayShape, durations, METHODS, RESPONSE_SIZE, sizes } from './schema-load.ts';
import {
  bounds,
  choice,
  clientId,
  complain,
  fields,
  flag,
  memberClass,
  memberId,
  name,
  prose,
  serviceId,
  subsystemId,
  unit,
} from './schema-values.ts';
import { CENTRAL_SERVER, OCSP_RESPONDER, TIME_STAMPER } from './trust-standards.ts';
import type { TrustStandard } from './trust-standards.ts';
import type { UnitName } from './units.ts';

const LIST_MAX = 20_000;
const MEMBERS_MAX = 100_000;

const PARAMETER_UNITS: Readonly<Record<string, UnitName>> = {
  us: 'duration',
  bytes: 'size',
  count: 'count',
  version: 'version',
  factor: 'number',
};

const parameterFields = Object.fromEntries(
  PARAMETERS.map((row) => [row.name, parameterOf(row).optional().describe(row.prose)]),
) as Record<ParameterName, z.ZodOptional<z.ZodType<number | boolean | string>>>;

type Parameters = Readonly<Record<string, number | boolean | string>>;

const parameters = fields(parameterFields)
  .transform(
    // Keys that are absent stay absent; zod's type cannot say so.
    (given): Parameters => given as Parameters,
  )
  .meta({
    id: 'Parameters',
    description:
      'Settings of X-Road that differ from the profile, for an instance or for one server.',
  });

function parameterOf(row: ParameterRow): z.ZodType<number | boolean | string> {
  if (row.unit === 'switch') return flag();
  if (row.unit === 'key') return choice(['rsa-2048', 'rsa-3072', 'ec-p256']);
  if (row.unit === 'strategy') return choice(STRATEGIES);
  const limits = `${writeValue(row, row.min)} to ${writeValue(row, row.max)}`;
  return unit(PARAMETER_UNITS[row.unit], bounds(row.min, row.max, limits));
}

/** A value of a parameter as an author would write it. */
export function writeValue(row: ParameterRow, value: number | boolean | string): string {
  if (typeof value !== 'number') return String(value);
  if (row.unit === 'us') return writeDuration(value);
  if (row.unit === 'bytes') return value % 2 ** 20 === 0 ? `${value / 2 ** 20}MiB` : `${value}B`;
  if (row.unit !== 'version') return String(value);
  return [value / 10_000, (value / 100) % 100, value % 100].map(Math.floor).join('.');
}

export function writeDuration(us: number): string {
  const steps = [
    ['d', 86_400e6],
    ['h', 3600e6],
    ['min', 60e6],
    ['s', 1e6],
    ['ms', 1e3],
  ] as const;
  const step = steps.find(([, factor]) => us > 0 && us % factor === 0);
  if (us === 0) return '0s';
  return step === undefined ? `${us}us` : `${us / step[1]}${step[0]}`;
}

const member = fields({
  id: memberId().describe('`CLASS/CODE`'),
  name: prose(500).optional().describe('its name; without it the identifier'),
  subsystems: z.array(name()).max(LIST_MAX).prefault([]).describe('codes of its subsystems'),
})
  .transform((given): MemberDocument => ({ ...given, name: given.name ?? given.id }))
  .meta({ id: 'Member', description: 'An organisation.' });

const server = fields({
  id: name().describe('its server code'),
  owner: memberId().describe('the member that owns it, `CLASS/CODE`'),
  subsystems: z
    .array(clientId())
    .max(LIST_MAX)
    .prefault([])
    .describe('registered clients, `CLASS/CODE/SUBSYSTEM`: those that call and those that answer'),
  host: name()
    .nullable()
    .prefault(null)
    .describe('the host it runs on; without it one of its own, as the profile says'),
  version: unit('version').prefault('7.8.0').describe('version of X-Road, all three parts'),
  maintenance: flag().prefault(false).describe('in maintenance mode: nobody connects to it'),
  conditions: z
    .array(name())
    .max(100)
    .prefault([])
    .describe('what is out of order from the start, by the names that `fedlab list` prints'),
  parameters: parameters.prefault({}).describe('settings of this server alone'),
}).meta({ id: 'Server', description: 'A security server.' });

const trustService = (id: string, meaning: string, standard: TrustStandard) => {
  const whole = fields({
    id: name().describe('its name'),
    capacity: unit('count', bounds(1, 1_000_000))
      .prefault(standard.capacity)
      .describe('requests it works on at once; more wait in line'),
    serviceTime: durations.prefault(standard.serviceTime).describe('time it needs for an answer'),
    cost: choice(['free', 'paid'])
      .prefault('free')
      .describe('what the strategies `ocspStrategy` and `timeStampingStrategy` choose by'),
  }).transform(({ cost, ...rest }): TrustServiceDocument => ({ ...rest, isPaid: cost === 'paid' }));
  return z
    .union([name().transform((given) => whole.parse({ id: given })), whole], {
      error: 'expected a name, or `{ id: ..., capacity: ... }`',
    })
    .meta({ id, description: meaning });
};

const centralServer = trustService(
  'CentralServer',
  'Signs and hands out the configuration of the instance: its name, or a map.',
  CENTRAL_SERVER,
);
const ocspResponder = trustService(
  'OcspResponder',
  'Says if certificates hold: its name, or a map.',
  OCSP_RESPONDER,
);
const timeStampingAuthority = trustService(
  'TimeStampingAuthority',
  'Stamps the message logs: its name, or a map.',
  TIME_STAMPER,
);

const certificationAuthority = fields({
  id: name().describe('its name'),
  ocspResponders: z
    .array(ocspResponder)
    .max(100)
    .prefault(['ocsp1'])
    .describe('its OCSP responders, in the order in which they are listed'),
}).meta({
  id: 'CertificationAuthority',
  description: 'Issues certificates, and says if they hold.',
});

const certificates = fields({
  kind: choice(['both', 'authentication', 'signing'])
    .prefault('both')
    .describe('which certificates of the servers'),
  expiresAfter: unit('duration').describe('how long they hold from the beginning of the run on'),
  share: unit('share').optional().describe('share of the servers, drawn by the seed'),
  servers: z
    .array(prose(600))
    .max(LIST_MAX)
    .optional()
    .describe('or these servers, `INSTANCE/SERVER`; with neither, all of them'),
})
  .transform((given, context): CertificateDocument => {
    const { kind, expiresAfter, share = null, servers = [] } = given;
    if (share !== null && servers.length > 0) {
      const hint = 'leave one of them out';
      complain(context, { code: 'conflict', hint }, 'both share and servers are given');
    }
    return { kind, expiresAfterUs: expiresAfter, share, servers };
  })
  .meta({
    id: 'Certificates',
    description: 'Certificates that run out, and are not renewed in time.',
  });

const countryShares = (description: string) =>
  z.record(memberClass(), unit('share')).describe(description);

const cluster = fields({
  name: name().describe('its name'),
  memberClass: memberClass().describe('class of the member that is made for it'),
  share: unit('share').describe('share of all calls'),
  services: unit('count', bounds(1, MEMBERS_MAX)).describe('number of services'),
  consumers: unit('count', bounds(1, MEMBERS_MAX)).describe('subsystems that call them'),
  serviceTime: durations
    .nullable()
    .prefault(null)
    .describe('time an answer takes; without it as everywhere'),
}).meta({ id: 'Cluster', description: 'A busy group of services with figures of its own.' });

const exponent = bounds(0, 10);

const population = fields({
  scale: unit('scale')
    .prefault(1)
    .describe('shrinks all counts and calls together; 0.1 is a tenth of the country'),
  members: unit('count', bounds(1, MEMBERS_MAX)).describe('organisations'),
  subsystems: unit('count', bounds(1, 200_000)).describe('information systems'),
  services: unit('count', bounds(1, 200_000)).describe('services'),
  servers: unit('count', bounds(1, 20_000)).describe('security servers'),
  memberClasses: countryShares('share of the members by class; they add up to 100 %'),
  callMatrix: z
    .record(memberClass(), z.record(memberClass(), unit('share')))
    .describe('share of the calls by class of the consumer, then by class of the provider'),
  serviceRankExponent: unit('number', exponent)
    .prefault(1)
    .describe('popularity: the service of rank r is called in proportion to r^-exponent'),
  consumerRankExponent: unit('number', exponent)
    .prefault(1)
    .describe('the same for how much a consumer calls'),
  servicesPerConsumer: unit('number', bounds(1, 10_000))
    .prefault(3)
    .describe('services that a consumer uses, mean'),
  clusteredShare: unit('share')
    .prefault(0)
    .describe('share of the providers whose subsystems stand on two servers'),
  soapShare: unit('share').prefault(0).describe('share of the services that are SOAP'),
  requestSize: sizes.prefault('1300B').describe('size of requests'),
  responseSize: sizes.prefault(RESPONSE_SIZE).describe('size of answers'),
  serviceTime: durations
    .prefault({ lognormal: { median: '50ms', sigma: 0.8 } })
    .describe('time an information system needs for an answer'),
  systemCapacity: unit('count', bounds(1, MEMBERS_MAX))
    .prefault(64)
    .describe('requests an information system works on at once'),
  clusters: z.array(cluster).max(1000).prefault([]).describe('busy groups of services'),
  callsPerDay: unit('perDay').describe('calls a day of the whole country, before `scale`'),
  profile: dayShape
    .prefault({ day: [['00:00', 1]] })
    .describe('shape of the day; only proportions count'),
  crossBorder: z
    .record(name(), unit('share'))
    .prefault({})
    .describe('share of the calls that go to another instance, by instance'),
})
  .transform((given): PopulationDocument => given)
  .meta({ id: 'Population', description: 'A country made of figures instead of lists.' });

export const instance = fields({
  profile: choice(['ee-production', 'fi-production', 'xroad-default'])
    .prefault('xroad-default')
    .describe('where the settings of X-Road come from'),
  parameters: parameters.prefault({}).describe('settings that differ from the profile'),
  centralServers: z
    .array(centralServer)
    .min(1)
    .max(20)
    .optional()
    .describe('central servers; without them one, `cs1`'),
  certificationAuthorities: z
    .array(certificationAuthority)
    .min(1)
    .max(20)
    .optional()
    .describe('certification authorities; without them one, `ca1`, with a responder `ocsp1`'),
  timeStampingAuthorities: z
    .array(timeStampingAuthority)
    .min(1)
    .max(20)
    .optional()
    .describe('time-stamping authorities; without them one, `tsa1`'),
  certificates: z
    .array(certificates)
    .max(1000)
    .prefault([])
    .describe('certificates that run out; of all others it is assumed that they are renewed'),
  members: z.array(member).max(LIST_MAX).prefault([]).describe('organisations, one by one'),
  globalGroups: z
    .record(name(), z.array(subsystemId()).max(LIST_MAX))
    .prefault({})
    .describe('groups of subsystems that access rights may name'),
  servers: z.array(server).max(LIST_MAX).prefault([]).describe('security servers, one by one'),
  population: population
    .nullable()
    .prefault(null)
    .describe('members, servers, services and calls made from figures'),
})
  .transform((given): InstanceDocument => {
    const { centralServers, certificationAuthorities, timeStampingAuthorities, ...rest } = given;
    return {
      ...rest,
      centralServers: centralServers ?? [centralServer.parse('cs1')],
      certificationAuthorities: certificationAuthorities ?? [
        certificationAuthority.parse({ id: 'ca1' }),
      ],
      timeStampingAuthorities: timeStampingAuthorities ?? [timeStampingAuthority.parse('tsa1')],
      namesTrustServices:
        (centralServers ?? certificationAuthorities ?? timeStampingAuthorities) !== undefined ||
        rest.certificates.length > 0,
    };
  })
  .meta({ id: 'Instance', description: 'One X-Road instance: a country.' });

export const host = fields({
  id: name().describe('its name'),
  cores: unit('count', bounds(1, 1024)).describe('processor cores'),
  speed: unit('number', bounds(0.01, 1000))
    .prefault(1)
    .describe('speed of a core against the machine of the calibration'),
}).meta({ id: 'Host', description: 'A machine on which one or more security servers run.' });

export const system = fields({
  id: name().describe('its name'),
  capacity: unit('count', bounds(1, 1_000_000))
    .prefault(64)
    .describe('requests it works on at once; more wait in line'),
  serviceTime: durations.prefault('50ms').describe('time it needs for an answer'),
  state: choice(['up', 'hung', 'refusing', 'unknown-host'])
    .prefault('up')
    .describe('`up`, or what is wrong with it from the start'),
}).meta({ id: 'System', description: 'An information system that answers for services.' });

const NO_SUBJECT = { subsystem: null, globalGroup: null, localGroup: null } as const;

const accessFields = fields({
  subsystem: subsystemId().optional().describe('this subsystem'),
  globalGroup: prose(300).optional().describe('or the members of a global group'),
  localGroup: z
    .array(subsystemId())
    .min(1)
    .max(LIST_MAX)
    .optional()
    .describe('or these subsystems'),
  method: choice(['*', ...METHODS])
    .prefault('*')
    .describe('HTTP method that is allowed; `*` is all'),
  path: prose(1000).prefault('**').describe('path; `*` within a segment, `**` any depth'),
});

const access = z
  .union(
    [
      subsystemId().transform((subsystem): AccessDocument => ({
        ...NO_SUBJECT,
        subsystem,
        method: '*',
        path: '**',
      })),
      accessFields.transform((given, context): AccessDocument => {
        const { subsystem = null, globalGroup = null, localGroup = null, method, path } = given;
        const subjects = [subsystem, globalGroup, localGroup].filter((one) => one !== null);
        if (subjects.length !== 1) {
          const hint = 'write exactly one of subsystem, globalGroup, localGroup';
          const message = `this right is given to ${subjects.length === 0 ? 'nobody' : 'several'}`;
          complain(context, { code: 'bad-value', hint }, message);
        }
        return { subsystem, globalGroup, localGroup, method, path };
      }),
    ],
    { error: 'expected a subsystem identifier, or `{ globalGroup: ... }`' },
  )
  .meta({
    id: 'Access',
    description: 'A right to call a service: the identifier of a subsystem, or a map.',
  });

export const service = fields({
  id: serviceId().describe('`INSTANCE/CLASS/CODE/SUBSYSTEM/SERVICE`'),
  type: choice(['rest', 'soap']).prefault('rest').describe('protocol of its messages'),
  system: name().describe('the information system that answers'),
  timeout: unit('duration', bounds(1000, 86_400e6, '1ms to 1d'))
    .prefault('60s')
    .describe('how long its security server waits for the information system'),
  responseSize: sizes.prefault(RESPONSE_SIZE).describe('size of the answer'),
  serviceTime: durations
    .nullable()
    .prefault(null)
    .describe('time an answer takes; without it the one of the system'),
  enabled: flag().prefault(true).describe('`false`: disabled by its owner'),
  status: unit('count', bounds(100, 599)).prefault(200).describe('HTTP status of the answer'),
  url: choice(['good', 'missing', 'malformed'])
    .prefault('good')
    .describe('the address of the information system in the settings of the service'),
  access: z.array(access).max(LIST_MAX).prefault([]).describe('who may call it; empty: nobody'),
})
  .transform(({ timeout, ...rest }): ServiceDocument => ({ ...rest, timeoutUs: timeout }))
  .meta({ id: 'Service', description: 'Something that a subsystem answers.' });

const linkEnd = () =>
  prose(600).meta({ title: 'instance or server', examples: ['EE/ss1', 'EE', '*'] });

const linkFields = fields({
  between: z
    .tuple([linkEnd(), linkEnd()])
    .optional()
    .describe('two ends, `[EE, FI]`: the same in both directions'),
  from: linkEnd()
    .optional()
    .describe('or one direction: from an instance, a server or `*`, which is all'),
  to: linkEnd().optional().describe('to an instance, a server or `*`'),
  rtt: unit('duration', bounds(0, 60e6, '0s to 1min')).describe('round trip time'),
  jitter: unit('duration', bounds(0, 60e6, '0s to 1min'))
    .prefault('0s')
    .describe('random addition to each delay, mean'),
  bandwidth: unit('bandwidth').prefault('unlimited').describe('what it carries'),
  loss: unit('share').prefault(0).describe('share of packets that are lost'),
});

/** One or two links: `between` is both directions. */
export const link = linkFields
  .transform((given, context): LinkDocument[] => {
    const { between, from, to, rtt, jitter, bandwidth, loss } = given;
    const values = { rttUs: rtt, jitterUs: jitter, bandwidth, loss };
    const isOneWay = from !== undefined && to !== undefined;
    const isPartial = from !== undefined || to !== undefined;
    if (isOneWay ? between !== undefined : between === undefined || isPartial) {
      const hint = 'write `between: [EE, FI]`, or `from: EE` and `to: FI`';
      complain(context, { code: 'bad-value', hint }, 'a link has two ends');
      return z.NEVER;
    }
    if (isOneWay) return [{ from, to, ...values }];
    const [one, other] = between ?? ['*', '*'];
    return [
      { from: one, to: other, ...values },
      { from: other, to: one, ...values },
    ];
  })
  .meta({ id: 'Link', description: 'The line between two instances or servers.' });
