/** The schema of journeys: written step by step, or made from one of the library. */
import { z } from 'zod';
import type { JourneyDocument, JourneyStepDocument } from '../plan/document.ts';
import { didYouMean } from '../base/nearest.ts';
import {
  findJourneyTemplate,
  JOURNEY_LIBRARY,
  requiredRoles,
  stepsOfTemplate,
} from './journey-library.ts';
import type { JourneyTemplate } from './journey-library.ts';
import { callers } from './schema-callers.ts';
import { calledServices, durations, METHODS, rate, REQUEST_SIZE, sizes } from './schema-load.ts';
import {
  bounds,
  choice,
  complain,
  fields,
  flag,
  name,
  prose,
  subsystemId,
  unit,
} from './schema-values.ts';

const LIST_MAX = 1000;
const USERS_MAX = 100_000;
const TIMES_MAX = 1000;

const times = () => unit('count', bounds(1, TIMES_MAX));

const callFields = fields({
  services: calledServices.describe('what it calls: one service, or a list of which one is drawn'),
  times: times().prefault(1).describe('so many such calls at once'),
  share: unit('share').prefault('100%').describe('how probable it is that the call is made'),
  required: flag().prefault(true).describe('false: the journey goes on without its answer'),
  client: subsystemId()
    .nullable()
    .prefault(null)
    .describe('who calls, if it is not the client of the journey'),
  method: choice(METHODS).prefault('GET').describe('HTTP method'),
  path: prose(1000).prefault('').describe('path behind the service code'),
  requestSize: sizes.prefault(REQUEST_SIZE).describe('size of the request body'),
})
  .transform(({ required, ...rest }) => ({ ...rest, isRequired: required }))
  .meta({ id: 'JourneyCall', description: 'One call of a step, or several alike.' });

const step = fields({
  thinkTime: durations.optional().describe('pause before the step'),
  join: z
    .union([choice(['all', 'any']), unit('count', bounds(1, TIMES_MAX))], {
      error: 'expected all, any, or a number of answers',
    })
    .prefault('all')
    .describe('answers that suffice: `all` of the required calls, `any` one of them, or a number'),
  calls: z
    .union([callFields.transform((call) => [call]), z.array(callFields).min(1).max(LIST_MAX)], {
      error: 'expected a call such as `{ services: ... }`, or a list of calls',
    })
    .describe('what is called in this step, all at once'),
})
  .transform(({ thinkTime, ...rest }): JourneyStepDocument => ({
    ...rest,
    thinkTime: thinkTime ?? null,
  }))
  .meta({ id: 'JourneyStep', description: 'Calls at once; the next step waits for them.' });

const libraryNames = JOURNEY_LIBRARY.map((template) => template.name);
const libraryText = JOURNEY_LIBRARY.map(
  (template) => `\`${template.name}\` (${requiredRoles(template).join(', ')})`,
).join('; ');

const journeyFields = fields({
  id: name().describe('what reports call it'),
  client: subsystemId().describe('the subsystem that calls'),
  server: prose(1000)
    .nullable()
    .prefault(null)
    .meta({ title: 'security server' })
    .describe('its security server; without it the first one where the client is registered'),
  steps: z.array(step).min(1).max(LIST_MAX).optional().describe('what is called, step by step'),
  use: choice(libraryNames as [string, ...string[]])
    .optional()
    .describe(
      `in place of \`steps\`: a journey of the library, with the roles it needs: ${libraryText}`,
    ),
  services: z
    .record(name(), calledServices)
    .optional()
    .describe('with `use`: the service of each role'),
  clients: z
    .record(name(), subsystemId())
    .optional()
    .describe('with `use`: other clients, by their role; without them `client` calls everything'),
  times: z
    .record(name(), times())
    .optional()
    .describe('with `use`: calls at once to a role, where they differ from the library'),
  pace: unit('number', bounds(0, 1000))
    .optional()
    .describe('with `use`: factor on its pauses; without it 1'),
  arrivals: choice(['poisson', 'constant'])
    .prefault('poisson')
    .describe('with a rate: `poisson` comes by chance, `constant` at equal distances'),
  rate: rate.optional().describe('journeys that begin per second, also changing with time'),
  users: unit('count', bounds(1, USERS_MAX))
    .optional()
    .describe('in place of a rate: people who begin the next when the last one has ended'),
  thinkTime: durations.optional().describe('with users: pause between two journeys'),
  start: unit('duration').prefault('0s').describe('when it begins'),
  stop: unit('duration').nullable().prefault(null).describe('when it ends; without it never'),
  patience: unit('duration', bounds(1, 365 * 86_400e6, '1us to 1y'))
    .nullable()
    .prefault(null)
    .describe('for the whole journey, from its beginning; without it for ever'),
  callers: callers
    .nullable()
    .prefault(null)
    .describe('of each call; without it they wait and never try again'),
});

type JourneyDraft = z.infer<typeof journeyFields>;

export const journey = journeyFields
  .transform((given, context): JourneyDocument => {
    checkLoad(given, context);
    const { id, client, server, arrivals, users, thinkTime, start, stop, patience } = given;
    const template = given.use === undefined ? null : findJourneyTemplate(given.use);
    return {
      id,
      client,
      server,
      steps: stepsOf(given, template, context),
      arrivals,
      rate: given.rate ?? null,
      users: users ?? 0,
      thinkTime: thinkTime ?? null,
      startUs: start,
      stopUs: stop,
      patienceUs: patience,
      callers: given.callers,
      assumptions: template?.figures ?? [],
    };
  })
  .meta({
    id: 'Journey',
    description:
      'Calls that belong together, as a once-only service makes them: steps one after the other, ' +
      'each some calls at once. It is lost when a required answer does not come.',
  });

function checkLoad(given: JourneyDraft, context: z.RefinementCtx): void {
  const { rate: perSecond, users, thinkTime } = given;
  if (perSecond === undefined && users === undefined) {
    const hint = 'write `rate: 2/s`, or `users: 10` for people who do one after the other';
    complain(context, { code: 'missing-key', hint }, 'nobody begins this journey');
  } else if (perSecond !== undefined && users !== undefined) {
    const hint = 'write one of them, or make it two journeys';
    complain(context, { code: 'conflict', hint }, 'both rate and users are given', ['users']);
  } else if (perSecond !== undefined && thinkTime !== undefined) {
    const hint = 'only journeys of users have it; in a step it is the pause before the step';
    complain(context, { code: 'conflict', hint }, 'journeys at a rate have no thinkTime', [
      'thinkTime',
    ]);
  }
}

const LIBRARY_KEYS = ['services', 'clients', 'times', 'pace'] as const;

function stepsOf(
  given: JourneyDraft,
  template: JourneyTemplate | null,
  context: z.RefinementCtx,
): readonly JourneyStepDocument[] {
  if (template === null) {
    for (const key of LIBRARY_KEYS) {
      if (given[key] === undefined) continue;
      const hint = 'write `use:` and the name of a journey, or the steps without it';
      complain(context, { code: 'conflict', hint }, `${key} goes with use only`, [key]);
    }
    if (given.steps !== undefined) return given.steps;
    const hint = `write steps, or use: with one of ${libraryNames.join(', ')}`;
    complain(context, { code: 'missing-key', hint }, 'this journey has no steps');
    return [];
  }
  if (given.steps !== undefined) {
    const hint = 'write one of them';
    complain(context, { code: 'conflict', hint }, 'both use and steps are given', ['steps']);
    return given.steps;
  }
  checkRoles(given, template, context);
  return stepsOfTemplate(template, {
    services: given.services ?? {},
    clients: given.clients ?? {},
    times: given.times ?? {},
    pace: given.pace ?? 1,
    requestSize: sizes.parse(REQUEST_SIZE),
  });
}

/** Roles that the journey does not know, and roles that it cannot do without. */
function checkRoles(
  given: JourneyDraft,
  template: JourneyTemplate,
  context: z.RefinementCtx,
): void {
  const known = {
    services: template.services.map(({ role }) => role),
    clients: template.clients.map(({ role }) => role),
    times: template.services.map(({ role }) => role),
  };
  for (const key of ['services', 'clients', 'times'] as const) {
    for (const role of Object.keys(given[key] ?? {})) {
      if (known[key].includes(role)) continue;
      const all = known[key].length === 0 ? 'it has none' : `it has ${known[key].join(', ')}`;
      const hint = didYouMean(role, known[key]) ?? all;
      const message = `${template.name} has no role "${role}" among its ${key}`;
      complain(context, { code: 'unknown-reference', hint }, message, [key, role]);
    }
  }
  const missing = requiredRoles(template).filter((role) => given.services?.[role] === undefined);
  if (missing.length === 0) return;
  const rows = template.services.filter(({ role }) => missing.includes(role));
  const hint = rows.map(({ role, prose: meaning }) => `${role} (${meaning})`).join('; ');
  const message = `${template.name} needs a service for ${missing.join(', ')}`;
  const path = given.services === undefined ? [] : ['services'];
  complain(context, { code: 'missing-key', hint: `write under services: ${hint}` }, message, path);
}
