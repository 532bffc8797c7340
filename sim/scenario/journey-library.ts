/**
 * Once-only services that a scenario can name: what one life event makes the registers ask each
 * other, so that nobody fills in what the state knows. A scenario says `use: tax-return`, gives
 * each role a service of its own network, and may change the counts and the pauses.
 *
 * The steps are ours, after what each service is known to need; no country publishes its fan-out
 * per case. So each figure stands here with its confidence, and all of them reach the report.
 */
import type {
  AssumptionDocument,
  DistributionDocument,
  JourneyStepDocument,
} from '../plan/document.ts';

export interface JourneyTemplate {
  readonly name: string;
  readonly title: string;
  readonly prose: string;
  /** Roles that a scenario fills with services of its network. */
  readonly services: readonly RoleRow[];
  /** Roles of clients other than the journey's own; without a subsystem, it calls itself. */
  readonly clients: readonly RoleRow[];
  readonly steps: readonly TemplateStep[];
  readonly figures: readonly AssumptionDocument[];
}

export interface RoleRow {
  readonly role: string;
  readonly prose: string;
}

interface TemplateStep {
  readonly thinkTime: DistributionDocument | null;
  readonly join: JourneyStepDocument['join'];
  readonly calls: readonly TemplateCall[];
}

interface TemplateCall {
  readonly role: string;
  /** Null: the journey's own client. */
  readonly client: string | null;
  readonly times: number;
  readonly share: number;
  readonly isRequired: boolean;
  readonly method: string;
}

const SECOND_US = 1e6;
const MINUTE_US = 60e6;

/** Pauses of people: half below the median, and a few that take much longer. */
const pause = (medianUs: number, sigma = 0.6): DistributionDocument => ({
  kind: 'lognormal',
  median: medianUs,
  sigma,
});

const ask = (role: string, change: Partial<TemplateCall> = {}): TemplateCall => ({
  role,
  client: null,
  times: 1,
  share: 1,
  isRequired: true,
  method: 'GET',
  ...change,
});

const tell = (role: string, change: Partial<TemplateCall> = {}): TemplateCall =>
  ask(role, { method: 'POST', ...change });

/** The journey goes on without it. */
const hope = (role: string, change: Partial<TemplateCall> = {}): TemplateCall =>
  ask(role, { isRequired: false, ...change });

const step = (
  calls: readonly TemplateCall[],
  thinkTime: DistributionDocument | null = null,
  join: JourneyStepDocument['join'] = 'all',
): TemplateStep => ({ thinkTime, join, calls });

const estimated = (what: string, value: string): AssumptionDocument => ({
  what,
  value,
  confidence: 'estimated',
  source: 'no figure is published; chosen by what the service needs',
});

const published = (what: string, value: string, source: string): AssumptionDocument => ({
  what,
  value,
  confidence: 'published',
  source,
});

const INSIGHTS = 'xroad25.nortal.com, X-Road Insights, December 2025 to May 2026';

const TAX_RETURN: JourneyTemplate = {
  name: 'tax-return',
  title: 'Tax return',
  prose: 'A citizen opens the pre-filled return, reads it, and confirms it',
  services: [
    { role: 'person', prose: 'population register: who this is' },
    { role: 'family', prose: 'population register: children, spouse' },
    { role: 'prefilled', prose: 'tax board: the pre-filled return' },
    { role: 'property', prose: 'land register: what was bought and sold' },
    { role: 'pension', prose: 'pension register: contributions' },
    { role: 'holdings', prose: 'business register: holdings and dividends' },
    { role: 'submit', prose: 'tax board: takes the return' },
  ],
  clients: [{ role: 'tax-board', prose: 'the tax board, which asks the other registers' }],
  steps: [
    step([ask('person'), ask('prefilled')]),
    step([
      ask('family', { client: 'tax-board' }),
      hope('property', { client: 'tax-board' }),
      hope('pension', { client: 'tax-board' }),
      hope('holdings', { client: 'tax-board', share: 0.2 }),
    ]),
    step([ask('prefilled')], pause(3 * MINUTE_US)),
    step([tell('submit')], pause(MINUTE_US)),
  ],
  figures: [
    published(
      'tax return: returns in the first 24 hours, and by noon',
      '226,000; 134,000 (15 February 2019)',
      'news.err.ee/910979',
    ),
    published('tax board: calls a day of its workflow services', '603,000', INSIGHTS),
    estimated('tax return: calls of one return', '7 to 8 (between 5 and 20 are thought possible)'),
    estimated('tax return: share of returns with holdings', '20 %'),
    estimated('tax return: pauses for reading and confirming', '3 min, then 1 min, medians'),
  ],
};

const E_PRESCRIPTION: JourneyTemplate = {
  name: 'e-prescription',
  title: 'E-prescription',
  prose: 'A doctor prescribes, a pharmacy dispenses',
  services: [
    { role: 'person', prose: 'population register: who this is' },
    { role: 'insurance', prose: 'health insurance fund: is this person insured' },
    { role: 'consent', prose: 'consent service: may the doctor see the data' },
    { role: 'medication', prose: 'prescription centre: what the patient takes' },
    { role: 'prescribe', prose: 'prescription centre: takes a prescription' },
    { role: 'prescriptions', prose: 'prescription centre: what may be dispensed' },
    { role: 'dispense', prose: 'prescription centre: notes what was dispensed' },
  ],
  clients: [{ role: 'pharmacy', prose: 'the system of the pharmacy' }],
  steps: [
    step([ask('person'), ask('insurance'), ask('consent'), ask('medication')]),
    step([tell('prescribe')], pause(90 * SECOND_US)),
    step(
      [ask('prescriptions', { client: 'pharmacy' }), ask('insurance', { client: 'pharmacy' })],
      pause(30 * MINUTE_US, 1),
    ),
    step([tell('dispense', { client: 'pharmacy' })], pause(MINUTE_US)),
  ],
  figures: [
    published('e-prescription: prescriptions a month', '800,000 (2018)', 'reprint of 2018'),
    published('e-prescription: prescriptions a day', '24,000 (2010 to 2011)', 'ekspress.delfi.ee'),
    published('consent service: calls a day, mean time', '102,563; 255 ms', INSIGHTS),
    estimated('e-prescription: calls of one prescription', '8'),
    estimated(
      'e-prescription: pauses of doctor, patient and pharmacist',
      '90 s, 30 min, 1 min, medians',
    ),
  ],
};

const ROADSIDE_CHECK: JourneyTemplate = {
  name: 'roadside-check',
  title: 'Police roadside check',
  prose: 'A patrol asks several registers at once, while the driver waits',
  services: [
    { role: 'vehicle', prose: 'traffic register: the vehicle and its inspection' },
    { role: 'licence', prose: 'traffic register: the right to drive' },
    { role: 'insurance', prose: 'motor insurance register' },
    { role: 'person', prose: 'population register: who this is' },
    { role: 'wanted', prose: 'police: wanted persons and vehicles' },
    { role: 'record', prose: 'criminal records' },
    { role: 'report', prose: 'police: takes the report' },
  ],
  clients: [],
  steps: [
    step([
      ask('vehicle'),
      hope('insurance'),
      ask('licence'),
      ask('person'),
      ask('wanted', { times: 2 }),
    ]),
    step([hope('record', { share: 0.1 })]),
    step([tell('report')], pause(4 * MINUTE_US)),
  ],
  figures: [
    published(
      'police: queries a day, mean time to an answer',
      '17,000; 2 s (an older figure)',
      'community.eresnetwork.eu',
    ),
    published('police: calls a day of all its services', '1.83 million rows', INSIGHTS),
    published('criminal records: calls a day', '218,000', INSIGHTS),
    estimated('roadside check: calls of one check', '7 to 8, of which 6 at once'),
    estimated('roadside check: share with a look into criminal records', '10 %'),
    estimated('roadside check: time until the report', '4 min, median'),
  ],
};

const BUSINESS_REGISTRATION: JourneyTemplate = {
  name: 'business-registration',
  title: 'Business registration',
  prose: 'Founders set up a company; who has to know is told by the register',
  services: [
    { role: 'person', prose: 'population register: a founder' },
    { role: 'prohibition', prose: 'prohibitions on business' },
    { role: 'name', prose: 'business register: is the name free' },
    { role: 'address', prose: 'address register' },
    { role: 'payment', prose: 'payment of the state fee' },
    { role: 'submit', prose: 'business register: takes the application' },
    { role: 'tax', prose: 'tax board: is told of the company' },
    { role: 'statistics', prose: 'statistics office: is told of the company' },
  ],
  clients: [{ role: 'register', prose: 'the business register, which tells the others' }],
  steps: [
    step([
      ask('person', { times: 2 }),
      ask('prohibition', { times: 2 }),
      ask('name', { times: 2 }),
      ask('address'),
    ]),
    step([ask('payment')], pause(8 * MINUTE_US)),
    step([tell('submit')], pause(MINUTE_US)),
    step([
      tell('tax', { client: 'register' }),
      tell('statistics', { client: 'register', isRequired: false }),
    ]),
  ],
  figures: [
    estimated('business registration: calls of one company', '11'),
    estimated('business registration: founders, and names that are tried', '2; 2'),
    estimated('business registration: pauses for filling in and signing', '8 min, 1 min, medians'),
  ],
};

const MOVING_HOUSE: JourneyTemplate = {
  name: 'moving-house',
  title: 'Moving house',
  prose: 'A family tells its new address once; everybody who needs it asks the register',
  services: [
    { role: 'person', prose: 'population register: who this is, who lives there' },
    { role: 'address', prose: 'address register' },
    { role: 'property', prose: 'land register: whose dwelling it is' },
    { role: 'submit', prose: 'population register: takes the new address' },
    { role: 'change', prose: 'population register: what has changed' },
  ],
  clients: [{ role: 'informed', prose: 'whoever asks for changes: town, school, health' }],
  steps: [
    step([ask('person', { times: 3 }), ask('address')]),
    step([ask('property')], pause(2 * MINUTE_US)),
    step([tell('submit')], pause(2 * MINUTE_US)),
    step([hope('change', { client: 'informed', times: 5 })]),
  ],
  figures: [
    published(
      'population register: calls a day for changes, mean time, who asks',
      '45,000; 880 ms; 37 organisations',
      INSIGHTS,
    ),
    estimated('moving house: people who move, organisations that ask for it', '3; 5 of the 37'),
    estimated('moving house: pauses', '2 min each, medians'),
  ],
};

export const JOURNEY_LIBRARY: readonly JourneyTemplate[] = [
  TAX_RETURN,
  E_PRESCRIPTION,
  ROADSIDE_CHECK,
  BUSINESS_REGISTRATION,
  MOVING_HOUSE,
];

export function findJourneyTemplate(name: string): JourneyTemplate | null {
  return JOURNEY_LIBRARY.find((template) => template.name === name) ?? null;
}

/** Roles without which the journey cannot be made: some required call plays them. */
export function requiredRoles({ services, steps }: JourneyTemplate): string[] {
  const needed = new Set(
    steps.flatMap(({ calls }) => calls.filter((call) => call.isRequired).map(({ role }) => role)),
  );
  return services.map(({ role }) => role).filter((role) => needed.has(role));
}

export type WeightedServices = readonly { readonly service: string; readonly weight: number }[];

export interface TemplateSettings {
  readonly services: Readonly<Record<string, WeightedServices>>;
  readonly clients: Readonly<Record<string, string>>;
  /** Calls at once by role, in place of the template's. */
  readonly times: Readonly<Record<string, number>>;
  /** Factor on all pauses. */
  readonly pace: number;
  readonly requestSize: DistributionDocument;
}

/** The steps of a template in a scenario's own network; roles that nobody plays are left out. */
export function stepsOfTemplate(
  template: JourneyTemplate,
  settings: TemplateSettings,
): JourneyStepDocument[] {
  const { services, clients, times, pace, requestSize } = settings;
  return template.steps
    .map(({ thinkTime, join, calls }): JourneyStepDocument => ({
      thinkTime: thinkTime === null ? null : atPace(thinkTime, pace),
      join,
      calls: calls
        .filter(({ role }) => services[role] !== undefined)
        .map((call) => ({
          services: services[call.role],
          times: times[call.role] ?? call.times,
          share: call.share,
          isRequired: call.isRequired,
          client: call.client === null ? null : (clients[call.client] ?? null),
          method: call.method,
          path: '',
          requestSize,
        })),
    }))
    .filter(({ calls }) => calls.length > 0);
}

/** The library's pauses are all lognormal: a factor on the median is one on every pause. */
function atPace(thinkTime: DistributionDocument, pace: number): DistributionDocument {
  if (thinkTime.kind !== 'lognormal') return thinkTime;
  return { ...thinkTime, median: thinkTime.median * pace };
}
