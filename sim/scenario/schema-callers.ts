/** The schema of callers: how they wait, try again and give up. */
import { z } from 'zod';
import type { CallersDocument } from '../plan/document.ts';
import { bounds, choice, fields, unit } from './schema-values.ts';

const YEAR_US = 365 * 86_400e6;
const POSITIVE = bounds(1, YEAR_US, '1us to 1y');
/** More retries of one call than this are a slip of the pen. */
const RETRIES_MAX = 100;

/** Sources of calls that save up retries keep a handful, so that one bad second is no storm. */
const BURST = 10;

const budgetFields = fields({
  ratio: unit('share').describe('retries that a call earns, such as 10%'),
  burst: unit('number', bounds(0, 1e6))
    .prefault(BURST)
    .describe('retries that can be saved up; so many are there at the start'),
});

const budget = z.union(
  [unit('share').transform((ratio) => ({ ratio, burst: BURST })), budgetFields],
  { error: 'expected a share such as 10%, or `{ ratio: 10%, burst: 10 }`' },
);

const retries = fields({
  max: unit('count', bounds(0, RETRIES_MAX)).describe('retries of one call, beside the first try'),
  backOff: choice(['exponential', 'fixed'])
    .prefault('exponential')
    .describe('`exponential`: each pause is longer than the last. `fixed`: all are equal'),
  first: unit('duration', bounds(0, YEAR_US, '0s to 1y'))
    .prefault('1s')
    .describe('pause before the first retry'),
  factor: unit('number', bounds(1, 100)).prefault(2).describe('exponential: from pause to pause'),
  cap: unit('duration', POSITIVE).prefault('1min').describe('longest pause'),
  jitter: choice(['none', 'full', 'equal', 'decorrelated'])
    .prefault('full')
    .describe(
      'chance in the pause. `none`: everybody comes back at once. `full`: from 0 to the pause. ' +
        '`equal`: from half of it. `decorrelated`: up to three times the last one',
    ),
  after: choice(['all', 'not-executed', 'refused'])
    .prefault('all')
    .describe(
      '`all`: any fault, and a time-out of its own. `not-executed`: only faults that say that ' +
        'nothing was done. `refused`: only when nobody was reached',
    ),
  budget: budget
    .nullable()
    .prefault(null)
    .describe('share of the calls of a source that may be retried; without it no budget'),
}).transform(({ first, cap, ...rest }) => ({ ...rest, firstUs: first, capUs: cap }));

export const callers = fields({
  timeout: unit('duration', POSITIVE)
    .nullable()
    .prefault(null)
    .describe('wait for an answer to one try; without it as long as it takes'),
  patience: unit('duration', POSITIVE)
    .nullable()
    .prefault(null)
    .describe('wait in all, then the caller gives up; without it for ever'),
  retries: retries.nullable().prefault(null).describe('how they try again; without it never'),
})
  .transform(({ timeout, patience, ...rest }): CallersDocument => ({
    timeoutUs: timeout,
    patienceUs: patience,
    ...rest,
  }))
  .meta({
    id: 'Callers',
    description:
      'How long callers wait, how they try again, and when they give up. X-Road itself never ' +
      'tries again: an exchange that its caller has left lives on and holds its threads.',
  });
