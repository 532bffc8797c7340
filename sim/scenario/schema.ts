/**
 * The one description of a scenario file. It validates and fills in defaults, it gives the Document
 * of plan/document.ts, it exports the JSON Schema from which editors complete, and the reference in
 * scenarios/README.md is printed from it.
 *
 * Keys are those of the Document without the unit at their end: `timeout` is `timeoutUs` there.
 * Defaults are written as an author would write them (`prefault`), so that they can be shown.
 */
import { z } from 'zod';
import type {
  Document,
  IncidentDocument,
  TargetDocument,
  ThresholdDocument,
} from '../plan/document.ts';
import { journey } from './schema-journeys.ts';
import { workload } from './schema-load.ts';
import { check, replications, warmUp } from './schema-judgement.ts';
import { host, instance, link, service, system } from './schema-network.ts';
import {
  bounds,
  choice,
  complain,
  fields,
  instanceName,
  memberClass,
  name,
  prose,
  unit,
} from './schema-values.ts';
import { THRESHOLD_METRICS } from './threshold-metrics.ts';
import { readByLook, readUnit } from './units.ts';

const LIST_MAX = 10_000;

const settingValue = z
  .union([z.string().max(1000), z.number(), z.boolean()], {
    error: 'expected text, a number with or without a unit, or true or false',
  })
  .transform((value, context) => {
    if (typeof value !== 'string') return value;
    const reading = readByLook(value);
    if (reading === null) return value;
    if (reading.isOk) return reading.value;
    complain(context, reading, reading.message);
    return z.NEVER;
  });

const targetSelection = fields({
  instance: instanceName().optional().describe('only those of this instance'),
  class: memberClass().optional().describe('only those of members of this class'),
  share: unit('share', bounds(0, 1, '0% to 100%'))
    .optional()
    .describe('of these a share, drawn by the seed and the id of the incident; one at least'),
  mostCentral: unit('count', bounds(1, LIST_MAX))
    .optional()
    .describe('of these so many, through which most calls are expected'),
})
  .transform((given, context): TargetDocument => {
    const { instance: country = null, class: memberClassName = null } = given;
    const { share = null, mostCentral = null } = given;
    if (share !== null && mostCentral !== null) {
      const hint = 'write share or mostCentral';
      complain(context, { code: 'conflict', hint }, 'a selection is drawn or ranked, not both');
    }
    if (Object.keys(given).length === 0) {
      const hint = 'write one of instance, class, share, mostCentral; or `all`';
      complain(context, { code: 'bad-value', hint }, 'this selects nothing');
    }
    return { instance: country, memberClass: memberClassName, share, mostCentral };
  })
  .meta({
    id: 'Target',
    description:
      'What an incident hits: all that pass every key. Instead of a map, the name of one thing, ' +
      'or `all`.',
  });

const targetName = () => prose(1000).meta({ title: 'name, or all', examples: ['EE/ss1', 'all'] });

const target = z.union([targetName(), targetSelection], {
  error: 'expected the name of what is hit, `all`, or a map such as `{ share: 10% }`',
});

const oneName = targetName().transform((one): TargetDocument[] => [one]);
const oneSelection = targetSelection.transform((one): TargetDocument[] => [one]);
const targetList = z.array(target).max(LIST_MAX);

const repetition = fields({
  every: unit('duration', bounds(1000, 400 * 86_400e6, '1ms to 400d')).describe(
    'from one beginning to the next',
  ),
  times: unit('count', bounds(1, 10_000)).describe('how often in all'),
})
  .transform(({ every, times }) => ({ everyUs: every, times }))
  .meta({ id: 'Repetition', description: 'The same again and again, with the same targets.' });

const incident = z
  .object({
    id: name().describe('what reports call it'),
    title: prose(500).optional().describe('one line for people; without it the id'),
    kind: name().describe('one of the kinds that `fedlab list` prints, such as `server-crash`'),
    target: z
      .union([oneName, oneSelection, targetList], {
        error: 'expected the name of what is hit, `all`, or a map such as `{ share: 10% }`',
      })
      .optional()
      .describe('what is hit'),
    targets: z
      .union([oneName, targetList], {
        error: 'expected a list of names and selections, or `target` for one',
      })
      .optional()
      .describe('the same, for several'),
    at: unit('duration').describe('when it begins'),
    for: unit('duration')
      .optional()
      .describe('how long it lasts until all that it hit is free again'),
    dwell: unit('duration')
      .optional()
      .describe('how long each target is hit; without it until `for` is over'),
    ramp: unit('duration')
      .prefault('0s')
      .describe('time over which the beginnings are spread evenly over the targets'),
    workflow: choice(['parallel', 'serial'])
      .optional()
      .describe('`serial`: one target after the other; without it as usual for its kind'),
    gap: unit('duration')
      .prefault('0s')
      .describe('serial: time between the end of one target and the beginning of the next'),
    repeat: repetition.optional().describe('how often and when it comes again'),
  })
  .catchall(settingValue)
  .transform((given, context): IncidentDocument => {
    const { id, title, kind, target, targets, at, for: lasts, ...others } = given;
    const { dwell, ramp, workflow, gap, repeat, ...settings } = others;
    if (target !== undefined && targets !== undefined) {
      const hint = 'write all of them in the list `targets`';
      complain(context, { code: 'conflict', hint }, 'both target and targets are given', [
        'targets',
      ]);
    }
    if (lasts === undefined && dwell === undefined) {
      const hint = 'write how long it lasts, such as for: 5min';
      complain(context, { code: 'missing-key', hint }, 'neither for nor dwell is given');
    }
    return {
      id,
      title: title ?? id,
      kind,
      targets: targets ?? target ?? [],
      atUs: at,
      forUs: lasts ?? null,
      dwellUs: dwell ?? null,
      rampUs: ramp,
      workflow: workflow ?? null,
      gapUs: gap,
      repeat: repeat ?? null,
      settings,
    };
  })
  .meta({
    id: 'Incident',
    description:
      'An outage or an attack. Further keys are the settings of its kind, such as `rate: 500/s`; ' +
      '`fedlab list` prints them.',
  });

const metricNames = Object.keys(THRESHOLD_METRICS);
const comparisonText = (example: string) =>
  prose(100).meta({ title: 'comparison', examples: [`below ${example}`, `above ${example}`] });

const threshold = fields({
  ...Object.fromEntries(
    Object.entries(THRESHOLD_METRICS).map(([metric, { prose: meaning, example }]) => [
      metric,
      comparisonText(example).optional().describe(meaning),
    ]),
  ),
  metric: choice(metricNames as [string, ...string[]])
    .optional()
    .describe('long form: the name of the metric'),
  below: boundValue().optional().describe('long form: the value must stay below this'),
  above: boundValue().optional().describe('long form: the value must stay above this'),
  scope: prose(300)
    .prefault('all')
    .describe('`all`, an instance, or `cross-border` for calls between instances'),
})
  .transform((given: Record<string, unknown>, context) => thresholdOf(given, context))
  .meta({
    id: 'Threshold',
    description:
      'What must hold for the run to pass: `latencyP99: below 500ms`, or in the long form ' +
      '`{ metric: latencyP99, below: 500ms }`.',
  });

function boundValue() {
  return z
    .union([z.string().max(100), z.number()], { error: 'expected a value such as 500ms or 2%' })
    .meta({ title: 'value with the unit of the metric', examples: ['500ms', '2%', '100/s'] });
}

function thresholdOf(given: Record<string, unknown>, context: z.RefinementCtx): ThresholdDocument {
  const wrong = (message: string, hint: string, path: string[] = []): ThresholdDocument => {
    complain(context, { code: 'bad-value', hint }, message, path);
    return z.NEVER;
  };
  const short = metricNames.filter((metric) => given[metric] !== undefined);
  const named = metricNames.filter((metric) => given['metric'] === metric);
  const names = [...short, ...named];
  if (names.length !== 1) {
    const message = names.length === 0 ? 'this threshold has no metric' : 'one metric a threshold';
    return wrong(message, 'write a list item for each, such as `- latencyP99: below 500ms`');
  }
  const metric = names[0];
  const { unit: unitName, factor, example } = THRESHOLD_METRICS[metric];
  const text = short.length === 1 ? String(given[metric]) : longForm(given);
  const path = [short.length === 1 ? metric : given['above'] === undefined ? 'below' : 'above'];
  const match = /^(below|above)\s+(\S.*)$/.exec(text.trim());
  if (match === null || (short.length === 1 && longForm(given) !== '')) {
    return wrong('a threshold is one comparison', `write \`${metric}: below ${example}\``, path);
  }
  const reading = readUnit(unitName, match[2]);
  if (!reading.isOk) {
    complain(context, reading, reading.message, path);
    return z.NEVER;
  }
  const comparison = match[1] === 'below' ? 'below' : 'above';
  return { metric, scope: String(given['scope']), comparison, bound: reading.value * factor };
}

/** The long form as the short one would say it; nothing where neither is given, or both are. */
function longForm(given: Record<string, unknown>): string {
  return ['below', 'above']
    .filter((word) => given[word] !== undefined)
    .map((word) => `${word} ${String(given[word])}`)
    .join(' and ');
}

const assumption = fields({
  what: prose().describe('what was assumed'),
  value: z
    .union([prose(), z.number(), z.boolean()], { error: 'expected text or a number' })
    .transform(String)
    .meta({ title: 'text or number' })
    .describe('the value'),
  confidence: choice(['published', 'derived', 'estimated']).describe('how sure it is'),
  source: prose().describe('where it comes from'),
}).meta({ id: 'Assumption', description: 'What a reader has to know to trust the figures.' });

const limits = fields({
  exchangesMax: unit('count', bounds(1, 20_000_000))
    .prefault(200_000)
    .describe('exchanges alive at once; memory is taken for all of them'),
  eventsMax: unit('count', bounds(1, 1e13)).prefault('20G').describe('events of one replication'),
  journalRowsMax: unit('count', bounds(0, 50_000_000))
    .prefault('1M')
    .describe('rows of the journal, for the exchanges that are kept'),
}).meta({ id: 'Limits', description: 'Where a run stops, and says so, instead of growing.' });

const scenario = fields({
  extends: prose(500)
    .optional()
    .describe('another scenario file, of which this one says only the differences'),
  name: name().describe('what it is called; without it the name of the file'),
  title: prose(300).optional().describe('one line for people; without it the name'),
  question: prose().prefault('').describe('the question it answers; the report begins with it'),
  seed: unit('count', bounds(0, 2 ** 32 - 1, '0 to 4294967295'))
    .prefault(1)
    .describe('where chance begins: the same seed gives the same run'),
  kind: choice(['steady', 'terminating'])
    .prefault('terminating')
    .describe('`terminating`: all of it counts. `steady`: the warm-up is left out'),
  duration: unit('duration').describe('how long the run lasts, in the time of the simulation'),
  warmUp: warmUp
    .prefault('0s')
    .describe('left out of all figures; only when `steady`. `auto`: a pilot replication finds it'),
  startOfDay: unit('timeOfDay', bounds(0, 86_399e6, '00:00 to 23:59:59'))
    .prefault('00:00')
    .describe('time of day at which the run begins'),
  replications: replications
    .prefault(1)
    .describe('repetitions with other chance; five or more give confidence intervals'),
  calibration: name().prefault('xroad-7.8').describe('what each step of a server costs'),
  seriesBucket: unit('duration', bounds(1000, 86_400e6, '1ms to 1d'))
    .nullable()
    .prefault(null)
    .describe('length of a row of the time series; without it as fits'),
  instances: z.record(instanceName(), instance).describe('the countries, by their identifiers'),
  hosts: z.array(host).max(LIST_MAX).prefault([]).describe('machines that servers share'),
  systems: z.array(system).max(LIST_MAX).prefault([]).describe('information systems'),
  services: z.array(service).max(LIST_MAX).prefault([]).describe('services, one by one'),
  links: z.array(link).max(LIST_MAX).prefault([]).describe('lines that differ from the usual'),
  trust: choice(['on', 'off'])
    .optional()
    .describe(
      'whether the trust clocks of servers run; without it, when an instance names trust ' +
        'services or has a population, or an incident is about trust',
    ),
  federation: z
    .array(z.tuple([instanceName(), instanceName()]))
    .max(LIST_MAX)
    .prefault([])
    .describe('pairs of instances that know each other, such as `[EE, FI]`'),
  workloads: z.array(workload).max(LIST_MAX).prefault([]).describe('who calls what, how often'),
  journeys: z.array(journey).max(LIST_MAX).prefault([]).describe('calls that belong together'),
  incidents: z.array(incident).max(LIST_MAX).prefault([]).describe('outages and attacks'),
  thresholds: z.array(threshold).max(LIST_MAX).prefault([]).describe('what must hold'),
  checks: z.array(check).max(100).prefault([]).describe('what must hold of the whole history'),
  assumptions: z.array(assumption).max(LIST_MAX).prefault([]).describe('what had to be assumed'),
  limits: limits.prefault({}).describe('where a run stops'),
});

/** Reads the plain value of a scenario file; the result is a Document, exactly. */
export const scenarioSchema = scenario
  .transform((given): Document => {
    const { extends: _base, duration, startOfDay, seriesBucket, trust, ...others } = given;
    const { warmUp: asked, replications: repeated, ...rest } = others;
    return {
      ...rest,
      ...repeated,
      trust: trust === undefined ? null : trust === 'on',
      title: given.title ?? given.name,
      durationUs: duration,
      warmUpUs: asked ?? 0,
      findsWarmUp: asked === null,
      startOfDayUs: startOfDay,
      seriesBucketUs: seriesBucket,
      links: given.links.flat(),
    };
  })
  .meta({ title: 'Fedlab scenario', description: 'A scenario of Fedlab.' });

/** The JSON Schema (2020-12) of what an author writes. */
export function scenarioJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(scenarioSchema, { io: 'input', target: 'draft-2020-12' });
  const { required = [], ...rest } = schema;
  // load.ts gives a nameless scenario the name of its file.
  return { ...rest, required: required.filter((key) => key !== 'name') };
}
