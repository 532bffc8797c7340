/** The schema of load: distributions, rates over time, workloads. */
import { z } from 'zod';
import type { DistributionDocument, RateDocument, WorkloadDocument } from '../plan/document.ts';
import { callers } from './schema-callers.ts';
import {
  bounds,
  choice,
  complain,
  fields,
  name,
  prose,
  serviceId,
  subsystemId,
  unit,
} from './schema-values.ts';
import { UNITS } from './units.ts';

const POINTS_MAX = 10_000;
/** A factor of e^5 either way: more is a slip of the pen. */
const SIGMA = bounds(0, 5);

/** Values that are drawn: a bare value is always the same. */
function distribution(of: 'duration' | 'size') {
  const { noun, examples } = UNITS[of];
  const value = unit(of);
  const example = examples[1];
  const shapes = fields({
    constant: value.optional().describe('always this value'),
    uniform: z.tuple([value, value]).optional().describe('equally likely between two values'),
    exponential: value.optional().describe('exponential with this mean'),
    lognormal: fields({
      median: value.describe('half of the values are below it'),
      sigma: unit('number', SIGMA).describe('spread of the logarithm: 0.5 is much, 1 very much'),
    })
      .optional()
      .describe('many values near the median and a few far above it'),
    pareto: fields({
      minimum: value.describe('no value is below it'),
      alpha: unit('number', bounds(0.01, 100)).describe('the smaller, the heavier the tail'),
    })
      .optional()
      .describe('a heavy tail'),
    empirical: z
      .array(value)
      .min(1)
      .max(POINTS_MAX)
      .optional()
      .describe('one of these values, each equally likely'),
  });
  const words = Object.keys(shapes.shape).join(', ');
  const drawn = shapes
    .transform((given, context): DistributionDocument => {
      const count = Object.keys(given).length;
      if (count !== 1) {
        const hint = `write exactly one of ${words}`;
        complain(context, { code: 'bad-value', hint }, `this says ${count} distributions`);
        return z.NEVER;
      }
      return distributionOf(given, context);
    })
    .meta({ minProperties: 1, maxProperties: 1 });
  return z
    .union([value.transform((constant) => distributionOf({ constant }, null)), drawn], {
      error: `expected ${noun} such as ${example}, or one of ${words} with its values`,
    })
    .meta({ id: of === 'duration' ? 'DurationDistribution' : 'SizeDistribution' });
}

interface DistributionDraft {
  readonly constant?: number | undefined;
  readonly uniform?: readonly [number, number] | undefined;
  readonly exponential?: number | undefined;
  readonly lognormal?: { readonly median: number; readonly sigma: number } | undefined;
  readonly pareto?: { readonly minimum: number; readonly alpha: number } | undefined;
  readonly empirical?: readonly number[] | undefined;
}

function distributionOf(
  given: DistributionDraft,
  context: z.RefinementCtx | null,
): DistributionDocument {
  const { constant, uniform, exponential, lognormal, pareto, empirical } = given;
  if (uniform !== undefined) {
    const [from, to] = uniform;
    if (from > to && context !== null) {
      const hint = 'write the smaller value first';
      complain(context, { code: 'bad-value', hint }, 'the range is upside down', ['uniform']);
    }
    return { kind: 'uniform', from, to };
  }
  if (exponential !== undefined) return { kind: 'exponential', mean: exponential };
  if (lognormal !== undefined) return { kind: 'lognormal', ...lognormal };
  if (pareto !== undefined) return { kind: 'pareto', ...pareto };
  if (empirical !== undefined) return { kind: 'empirical', values: empirical };
  return { kind: 'constant', value: constant ?? 0 };
}

type RatePoint = RateDocument['points'][number];

/** A rate that may change; in weights it is only the shape of a day that counts. */
function rateOverTime(of: 'rate' | 'number') {
  const value = unit(of);
  const duration = unit('duration');
  const example = of === 'rate' ? '50/s' : '1';
  const shapes = fields({
    constant: value.optional().describe('always this rate'),
    points: z
      .array(z.tuple([duration, value]))
      .min(1)
      .max(POINTS_MAX)
      .optional()
      .describe('`[time, rate]`: straight lines between them, from the start of the run'),
    day: z
      .array(z.tuple([unit('timeOfDay'), value]))
      .min(1)
      .max(POINTS_MAX)
      .optional()
      .describe('`[time of day, rate]`: straight lines between them, every day again'),
    ramp: fields({
      from: value.describe('rate before the ramp'),
      to: value.describe('rate after it'),
      at: duration.prefault('0s').describe('when it begins'),
      over: duration.describe('how long it takes'),
    })
      .optional()
      .describe('one straight line up or down'),
    staircase: fields({
      from: value.describe('rate of the first step'),
      to: value.describe('rate of the last step'),
      steps: unit('count', bounds(2, 1000)).describe('number of steps'),
      every: duration.describe('length of each step'),
    })
      .optional()
      .describe('equal steps up or down; it stays on the last one'),
    flashCrowd: flashCrowd(value).optional().describe('everybody comes at once, and leaves again'),
  });
  const words = Object.keys(shapes.shape).join(', ');
  const changing = shapes
    .transform((given, context): RateDocument => {
      const count = Object.keys(given).length;
      if (count !== 1) {
        const hint = `write exactly one of ${words}`;
        complain(context, { code: 'bad-value', hint }, `this says ${count} shapes of a rate`);
        return z.NEVER;
      }
      const made = rateOf(given);
      checkOrder(made.points, context);
      return made;
    })
    .meta({ minProperties: 1, maxProperties: 1 });
  return z
    .union([value.transform((constant) => rateOf({ constant })), changing], {
      error: `expected ${UNITS[of].noun} such as ${example}, or one of ${words}`,
    })
    .meta({ id: of === 'rate' ? 'Rate' : 'DayShape' });
}

function flashCrowd(value: ReturnType<typeof unit>) {
  const duration = unit('duration');
  return fields({
    base: value.describe('rate before and after'),
    peak: value.describe('rate while it lasts'),
    at: duration.describe('when it begins'),
    rise: duration.describe('time from base to peak'),
    dwell: duration.describe('time at the peak'),
    fall: duration.describe('time back to base'),
  });
}

interface RateDraft {
  readonly constant?: number | undefined;
  readonly points?: readonly (readonly [number, number])[] | undefined;
  readonly day?: readonly (readonly [number, number])[] | undefined;
  readonly ramp?:
    | { readonly from: number; readonly to: number; readonly at: number; readonly over: number }
    | undefined;
  readonly staircase?: StaircaseDraft | undefined;
  readonly flashCrowd?:
    | Readonly<Record<'base' | 'peak' | 'at' | 'rise' | 'dwell' | 'fall', number>>
    | undefined;
}

interface StaircaseDraft {
  readonly from: number;
  readonly to: number;
  readonly steps: number;
  readonly every: number;
}

function rateOf(given: RateDraft): RateDocument {
  const point = ([atUs, rate]: readonly [number, number]): RatePoint => ({ atUs, rate });
  const run = (points: readonly (readonly [number, number])[]): RateDocument => ({
    clock: 'run',
    points: points.map(point),
  });
  const { constant, points, day, ramp, staircase, flashCrowd: crowd } = given;
  if (points !== undefined) return run(points);
  if (day !== undefined) return { clock: 'day', points: day.map(point) };
  if (staircase !== undefined) return run(stepsOf(staircase));
  if (ramp !== undefined) {
    const { from, to, at, over } = ramp;
    const before: [number, number][] = at > 0 ? [[0, from]] : [];
    return run([...before, [at, from], [at + over, to]]);
  }
  if (crowd !== undefined) {
    const { base, peak, at, rise, dwell, fall } = crowd;
    const before: [number, number][] = at > 0 ? [[0, base]] : [];
    const top = at + rise;
    return run([
      ...before,
      [at, base],
      [top, peak],
      [top + dwell, peak],
      [top + dwell + fall, base],
    ]);
  }
  return run([[0, constant ?? 0]]);
}

/** A step up is two points at one time. */
function stepsOf({ from, to, steps, every }: StaircaseDraft): [number, number][] {
  const points: [number, number][] = [];
  for (let step = 0; step < steps; step++) {
    const rate = from + ((to - from) * step) / (steps - 1);
    points.push([step * every, rate]);
    if (step < steps - 1) points.push([(step + 1) * every, rate]);
  }
  return points;
}

function checkOrder(points: readonly RatePoint[], context: z.RefinementCtx): void {
  for (let index = 1; index < points.length; index++) {
    if (points[index].atUs >= points[index - 1].atUs) continue;
    const hint = 'write the points in the order of time';
    complain(context, { code: 'bad-value', hint }, `point ${index + 1} is before point ${index}`);
    return;
  }
}

// Made once each: a schema with an `id` is a definition of the JSON Schema.
export const durations = distribution('duration');
export const sizes = distribution('size');
export const rate = rateOverTime('rate');
export const dayShape = rateOverTime('number');

/** The methods that a REST call through X-Road may have. */
export const METHODS = [
  'GET',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'HEAD',
  'OPTIONS',
  'TRACE',
] as const;
const USERS_MAX = 100_000;
/** Mean of real requests and responses: 1,268 and 1,450 bytes of SOAP (ee-dev, September 2017). */
export const REQUEST_SIZE = '1300B';
export const RESPONSE_SIZE = '1500B';

const calledService = fields({
  service: serviceId().describe('the service'),
  weight: unit('number', bounds(0, 1e9)).prefault(1).describe('how often, against the others'),
});
const serviceList = z
  .array(
    z.union([serviceId().transform((service) => ({ service, weight: 1 })), calledService], {
      error: 'expected a service identifier, or `{ service: ..., weight: 2 }`',
    }),
  )
  .min(1)
  .max(POINTS_MAX);
export const calledServices = z.union(
  [serviceId().transform((service) => [{ service, weight: 1 }]), serviceList],
  { error: 'expected a service identifier, or a list of them' },
);

const workloadFields = fields({
  id: name().describe('what reports call it'),
  kind: choice(['open', 'closed'])
    .optional()
    .describe(
      '`open`: calls come at a rate, whatever happens. `closed`: users wait for an answer, ' +
        'think, and call again. Without it: `closed` when there are `users`',
    ),
  client: subsystemId().describe('the subsystem that calls'),
  server: prose(1000)
    .nullable()
    .prefault(null)
    .meta({ title: 'security server' })
    .describe('its security server; without it the first one where the client is registered'),
  services: calledServices.describe(
    'what it calls: one service, or a list, with weights where they differ',
  ),
  targetServer: prose(1000)
    .nullable()
    .prefault(null)
    .meta({ title: 'security server' })
    .describe('the header X-Road-Security-Server, `INSTANCE/CLASS/CODE/SERVER`; without it none'),
  method: choice(METHODS).prefault('GET').describe('HTTP method'),
  path: prose(1000).prefault('').describe('path behind the service code, such as `/persons/1`'),
  requestSize: sizes.prefault(REQUEST_SIZE).describe('size of the request body'),
  uploadBandwidth: unit('bandwidth').prefault('unlimited').describe('how fast a client uploads'),
  arrivals: choice(['poisson', 'constant'])
    .prefault('poisson')
    .describe('open: `poisson` comes by chance, `constant` at equal distances'),
  rate: rate.optional().describe('open: calls per second, also changing with time'),
  users: unit('count', bounds(1, USERS_MAX)).optional().describe('closed: how many users'),
  thinkTime: durations.optional().describe('closed: pause between two calls'),
  start: unit('duration').prefault('0s').describe('when it begins'),
  stop: unit('duration').nullable().prefault(null).describe('when it ends; without it never'),
  defects: z
    .array(name())
    .max(100)
    .prefault([])
    .describe('what is wrong with each message, by the names that `fedlab list` prints'),
  callers: callers
    .nullable()
    .prefault(null)
    .describe('how they wait and try again; without it they wait for ever and never do'),
});

export const workload = workloadFields
  .transform((given, context): WorkloadDocument => {
    const kind = given.kind ?? (given.users === undefined ? 'open' : 'closed');
    checkLoad(kind, given, context);
    const { users, thinkTime, start, stop, ...rest } = given;
    return {
      ...rest,
      kind,
      rate: given.rate ?? null,
      users: users ?? 0,
      thinkTime: thinkTime ?? null,
      startUs: start,
      stopUs: stop,
    };
  })
  .meta({ id: 'Workload', description: 'Who calls which services, how often.' });

function checkLoad(
  kind: 'open' | 'closed',
  given: { rate?: unknown; users?: unknown; thinkTime?: unknown },
  context: z.RefinementCtx,
): void {
  const needed = kind === 'open' ? 'rate' : 'users';
  const foreign = kind === 'open' ? (['users', 'thinkTime'] as const) : (['rate'] as const);
  if (given[needed] === undefined) {
    const hint =
      kind === 'open'
        ? 'write `rate: 20/s`, or `users: 10` for users who wait for their answers'
        : 'write `users: 10`';
    complain(context, { code: 'missing-key', hint }, `this ${kind} workload has no ${needed}`);
  }
  for (const key of foreign) {
    if (given[key] === undefined) continue;
    const other = kind === 'open' ? 'closed' : 'open';
    const hint = `only a workload of \`kind: ${other}\` has it; make it two workloads`;
    complain(context, { code: 'conflict', hint }, `${kind} workloads have no ${key}`, [key]);
  }
}
