/**
 * Availability in two senses, against the one figure that an e-state is held to, and what the calls
 * are worth in people's time. Pure arithmetic over a result.
 */
import type { RunResult } from '../sim/metrics/result.ts';
import { scopesOf } from './scope.ts';
import { coveredSeconds } from './trust-clocks.ts';
import type { Span, Stop } from './trust-clocks.ts';

/**
 * The share that the availability is held against. It is a target often named for the e-state; no
 * published text with it was found (realdata.md, 4, gives the nearest: an Estonian trust service
 * has to work on at least 361 days of a year, 98.9 %; RT I 15.01.2019, 11). So: estimated.
 */
export const AVAILABILITY_TARGET = 0.99;

export interface Availability {
  readonly scope: string;
  /** Calls answered without fault, of those that were due; null: none was. */
  readonly callShare: number | null;
  readonly callsDue: number;
  readonly callsMissed: number;
  /** Server-time in which a server was up and no clock of its own had run out; null: no server. */
  readonly serverShare: number | null;
  readonly serverCount: number;
  /** Of one replication, summed over the servers. */
  readonly refusingSeconds: number;
}

/** Of everything, each instance, and the border, in the order of the report. */
export function availabilityOf(result: RunResult, stops: readonly Stop[]): Availability[] {
  const { warmUpSeconds } = result.scenario;
  const window = {
    fromSeconds: warmUpSeconds,
    toSeconds: warmUpSeconds + result.simulatedSeconds,
  };
  const ownStops = Map.groupBy(
    stops.filter(({ foreign }) => foreign === null),
    ({ server }) => server,
  );
  const scopes = ['all', ...scopesOf(result)];
  return scopes.map((scope) => {
    const { calls } = scope === 'all' ? result : result.instances[scope];
    const servers = result.servers.filter(({ instance }) => scope === 'all' || instance === scope);
    const refusingSeconds = servers.reduce(
      (sum, { id, downSeconds }) => sum + refusingOf(ownStops.get(id) ?? [], downSeconds, window),
      0,
    );
    const serverSeconds = servers.length * result.simulatedSeconds;
    return {
      scope,
      callShare: calls.due === 0 ? null : calls.answered / calls.due,
      callsDue: calls.due,
      callsMissed: Math.max(0, calls.due - calls.answered),
      serverShare: serverSeconds === 0 ? null : 1 - refusingSeconds / serverSeconds,
      serverCount: servers.length,
      refusingSeconds,
    };
  });
}

/** A server that is down does not refuse as well; what is left over the window is not counted. */
function refusingOf(stops: readonly Stop[], downSeconds: number, window: Span): number {
  const stopped = coveredSeconds(stops, window);
  return Math.min(stopped + downSeconds, window.toSeconds - window.fromSeconds);
}

const SECONDS_PER_YEAR = 365 * 86_400;

/**
 * Of a year in which nothing else goes wrong: the window is the only time in which something is
 * missed. Derived. Null: the window is longer than a year.
 */
export function yearlyShare(share: number, windowSeconds: number): number | null {
  if (windowSeconds > SECONDS_PER_YEAR) return null;
  return 1 - ((1 - share) * windowSeconds) / SECONDS_PER_YEAR;
}

/**
 * Working years saved, as X-Road's operators publish it: years = queries x 3 % (those behind which
 * stands a person) x 15 min / (60 x 8,760 h), a year of 8,760 calendar hours (realdata.md, 1.4;
 * e-estonia.com and eurosai-it.org: 1,570,741,229 queries give 1,345 years).
 */
const PERSON_SHARE = 0.03;
const HOURS_SAVED = 0.25;
const HOURS_PER_YEAR = 8760;

export function hoursSaved(queries: number): number {
  return queries * PERSON_SHARE * HOURS_SAVED;
}

export function yearsSaved(queries: number): number {
  return hoursSaved(queries) / HOURS_PER_YEAR;
}

export interface WorkingTime {
  /** Hours that the answered calls of one replication saved, and that the others did not. */
  readonly savedHours: number;
  readonly lostHours: number;
  /** Working years, if every day of a year were like this; null: it was less than a day. */
  readonly yearlyYears: number | null;
}

export function workingTimeOf({ calls, replications, simulatedSeconds }: RunResult): WorkingTime {
  const each = Math.max(1, replications);
  const [answered, missed] = [calls.answered, Math.max(0, calls.due - calls.answered)];
  const isDay = simulatedSeconds >= 86_400;
  return {
    savedHours: hoursSaved(answered / each),
    lostHours: hoursSaved(missed / each),
    yearlyYears: isDay ? (yearsSaved(answered / each) * SECONDS_PER_YEAR) / simulatedSeconds : null,
  };
}
