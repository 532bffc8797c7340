/** The parts of a scenario that say how sure its figures have to be, and what must hold. */
import { z } from 'zod';
import { CHECK_NAMES, CHECK_ROWS, STATE_NAMES, STATES } from '../plan/check-names.ts';
import type { CheckName, StateName } from '../plan/check-names.ts';
import type { CheckDocument, PrecisionDocument } from '../plan/document.ts';
import { bounds, choice, complain, fields, flag, name, unit } from './schema-values.ts';
import { THRESHOLD_METRICS } from './threshold-metrics.ts';

const REPLICATIONS_MAX = 10_000;
const STATES_MAX = 20;

export interface ReplicationsValue {
  readonly replications: number;
  readonly precision: PrecisionDocument | null;
}

const metricNames = Object.keys(THRESHOLD_METRICS) as [string, ...string[]];

const precision = fields({
  precision: unit('share', bounds(0.0001, 1, '0.01% to 100%')).describe(
    'half-width of the confidence interval, as a share of the mean',
  ),
  confidence: unit('share', bounds(0.5, 0.999, '50% to 99.9%'))
    .prefault('95%')
    .describe('level of the interval'),
  min: unit('count', bounds(3, REPLICATIONS_MAX))
    .prefault(5)
    .describe('fewer are never enough, however well they agree'),
  max: unit('count', bounds(3, REPLICATIONS_MAX))
    .prefault(100)
    .describe('after so many the run ends, inconclusive if they are not precise enough'),
  metrics: z
    .array(choice(metricNames))
    .min(1)
    .max(metricNames.length)
    .prefault(['latencyMean'])
    .describe('each of them has to be precise; over all calls'),
})
  .transform((given, context): ReplicationsValue => {
    const { precision: relativeHalfWidth, confidence, min, max, metrics } = given;
    if (max < min) {
      const hint = `write max: ${min} or more`;
      complain(context, { code: 'conflict', hint }, 'max is below min', ['max']);
    }
    const asked = { relativeHalfWidth, confidence, replicationsMin: min, metrics };
    return { replications: max, precision: asked };
  })
  .meta({
    id: 'Precision',
    description:
      'Replications until the figures are precise, by the rule of Hoad, Robinson and Davies: the ' +
      'precision has to hold through five more replications (a twentieth, beyond 100).',
  });

/** A number, or `{ precision: 2% }`. */
export const replications = z.union(
  [
    unit('count', bounds(1, REPLICATIONS_MAX)).transform((count): ReplicationsValue => ({
      replications: count,
      precision: null,
    })),
    precision,
  ],
  { error: 'expected a number, or a map such as `{ precision: 2% }`' },
);

const AUTO = 'auto';

/** A duration, or null for `auto`. */
export const warmUp = z
  .union([z.literal(AUTO).transform(() => null), unit('duration')], {
    error: 'expected a duration such as 5min, or auto',
  })
  .meta({ title: 'duration or auto', examples: ['5min', AUTO] });

const stateText = STATE_NAMES.map((state) => `\`${state}\` (${STATES[state]})`).join(', ');
const state = choice(STATE_NAMES as [StateName, ...StateName[]]);

export const check = fields({
  check: choice(CHECK_NAMES).describe(
    CHECK_NAMES.map((one) => `\`${one}\`: ${CHECK_ROWS[one].prose}`).join('; '),
  ),
  within: unit('duration').optional().describe('the bound of `recovery` and of others with one'),
  state: z
    .union([state.transform((one) => [one]), z.array(state).min(1).max(STATES_MAX)], {
      error: 'expected the name of a state, or a list of names',
    })
    .optional()
    .describe(`for \`sometimes\`, all of which must be reached: ${stateText}`),
  incident: name().optional().describe('the incident meant; without it each of them'),
  expect: choice(['passed', 'failed'])
    .prefault('passed')
    .describe('`failed`: a failure is what the scenario shows, and passes; unknown stays unknown'),
  allowUnknown: flag()
    .prefault(false)
    .describe('whether the run may pass although this could not be decided'),
})
  .transform((given, context): CheckDocument => {
    complainOfCheck(given.check, given, context);
    return {
      check: given.check,
      withinUs: given.within ?? null,
      states: given.state ?? [],
      incident: given.incident ?? null,
      expects: given.expect,
      allowsUnknown: given.allowUnknown,
    };
  })
  .meta({ id: 'Check', description: 'What must hold of the whole history of a run.' });

interface CheckKeys {
  readonly within?: number | undefined;
  readonly state?: readonly string[] | undefined;
  readonly incident?: string | undefined;
  readonly expect: 'passed' | 'failed';
}

function complainOfCheck(named: CheckName, given: CheckKeys, context: z.RefinementCtx): void {
  const { bound, hasState, hasIncident, unaskedOf, canFail } = CHECK_ROWS[named];
  const wrong = (message: string, hint: string, key: string): void => {
    complain(context, { code: 'conflict', hint }, message, [key]);
  };
  if (bound === null && given.within !== undefined) {
    wrong(`${named} has no bound`, 'leave it out', 'within');
  }
  // The others have a bound of their own.
  if (bound !== null && unaskedOf === null && given.within === undefined) {
    const hint = `add the ${bound}, such as \`within: 5min\``;
    wrong(`${named} needs a bound`, hint, 'check');
  }
  if (!hasState && given.state !== undefined) {
    wrong(`${named} asks for no state`, 'leave it out', 'state');
  }
  if (hasState && given.state === undefined) {
    wrong(`${named} needs a state`, 'add one, such as `state: retries`', 'check');
  }
  if (!hasIncident && given.incident !== undefined) {
    wrong(`${named} is not about one incident`, 'leave it out', 'incident');
  }
  if (!canFail && given.expect === 'failed') {
    wrong(`${named} cannot fail by what a scenario does`, 'leave it out', 'expect');
  }
}
