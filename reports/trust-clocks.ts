/**
 * The trust clocks of a result: which had run out, at which server, from when to when. A server
 * stops when a clock of its own runs out; without the configuration of a foreign instance, or with
 * OCSP answers that are too old for it, it only loses that border.
 */
import type { RunResult } from '../sim/metrics/result.ts';
import type { Hue } from './legend.ts';

export interface Stop {
  /** Id of the security server, and its instance; null: the result does not list the server. */
  readonly server: string;
  readonly instance: string | null;
  /** As the result names it, without the foreign instance. */
  readonly clock: string;
  /** The instance to which the border was closed; null: a clock of the server's own. */
  readonly foreign: string | null;
  readonly fromSeconds: number;
  readonly toSeconds: number;
}

export interface Span {
  readonly fromSeconds: number;
  readonly toSeconds: number;
}

interface ClockLook {
  readonly label: string;
  readonly hue: Hue;
}

/** The names are TRUST_CLOCKS of sim/metrics/trust-outcome.ts. */
const CLOCKS: Readonly<Record<string, ClockLook>> = {
  configuration: { label: 'own configuration', hue: 'vermilion' },
  'foreign-configuration': { label: 'foreign configuration', hue: 'orange' },
  'authentication-ocsp': { label: 'OCSP answer, authentication', hue: 'blue' },
  'signing-ocsp': { label: 'OCSP answer, signing', hue: 'sky' },
  'peer-ocsp': { label: 'OCSP answers, by a foreign limit', hue: 'grey' },
  'time-stamping': { label: 'time-stamping', hue: 'green' },
  'authentication-certificate': { label: 'authentication certificate', hue: 'purple' },
  'signing-certificate': { label: 'signing certificate', hue: 'yellow' },
  token: { label: 'token without PIN', hue: 'ink' },
};

/** Clocks of one border: behind the name stands the foreign instance. */
const BORDER_CLOCKS: Readonly<Record<string, (foreign: string) => string>> = {
  'foreign-configuration': (foreign) => `configuration of ${foreign}`,
  'peer-ocsp': (foreign) => `OCSP answers too old for ${foreign}`,
};

/** In the order in which they began. */
export function stopsOf({ trust, servers }: RunResult): Stop[] {
  const instances = new Map(servers.map(({ id, instance }) => [id, instance]));
  return trust
    .map(({ scope, clock: name, fromSeconds, toSeconds }) => {
      const border = Object.keys(BORDER_CLOCKS).find((clock) => name.startsWith(`${clock} `));
      return {
        server: scope,
        instance: instances.get(scope) ?? null,
        clock: border ?? name,
        foreign: border === undefined ? null : name.slice(border.length + 1),
        fromSeconds,
        toSeconds: Math.max(fromSeconds, toSeconds),
      };
    })
    .toSorted((a, b) => a.fromSeconds - b.fromSeconds || (a.server < b.server ? -1 : 1));
}

export function clockText({ clock, foreign }: Pick<Stop, 'clock' | 'foreign'>): string {
  return foreign === null ? lookOf(clock).label : BORDER_CLOCKS[clock](foreign);
}

export function clockHue(clock: string): Hue {
  return lookOf(clock).hue;
}

export function clockLabel(clock: string): string {
  return lookOf(clock).label;
}

/** A result may be of a later version, or edited: a clock that is not known keeps its name. */
function lookOf(clock: string): ClockLook {
  return Object.hasOwn(CLOCKS, clock) ? CLOCKS[clock] : { label: clock, hue: 'ink' };
}

/** In the order of the table above, those that are not known last. */
export function clocksIn(stops: readonly Stop[]): string[] {
  const found = new Set(stops.map(({ clock }) => clock));
  const known = Object.keys(CLOCKS);
  return [...known.filter((clock) => found.has(clock)), ...found.difference(new Set(known))];
}

/** Spans that meet or overlap become one; in order. */
export function unionOf(spans: readonly Span[]): Span[] {
  const union: { fromSeconds: number; toSeconds: number }[] = [];
  for (const span of spans.toSorted((a, b) => a.fromSeconds - b.fromSeconds)) {
    const last = union.at(-1);
    if (last === undefined || span.fromSeconds > last.toSeconds) {
      union.push({ fromSeconds: span.fromSeconds, toSeconds: span.toSeconds });
    } else {
      last.toSeconds = Math.max(last.toSeconds, span.toSeconds);
    }
  }
  return union;
}

/** How much of a window the spans cover, however they overlap. */
export function coveredSeconds(spans: readonly Span[], window: Span): number {
  return unionOf(spans).reduce((sum, { fromSeconds, toSeconds }) => {
    const from = Math.max(fromSeconds, window.fromSeconds);
    const to = Math.min(toSeconds, window.toSeconds);
    return sum + Math.max(0, to - from);
  }, 0);
}

export interface CountStep {
  readonly atSeconds: number;
  /** From then on. */
  readonly count: number;
}

/** How many servers at least one of the stops holds; a step wherever that changes. */
export function stoppedCounts(stops: readonly Stop[]): CountStep[] {
  const changes: { readonly atSeconds: number; readonly by: number }[] = [];
  for (const ofServer of Map.groupBy(stops, ({ server }) => server).values()) {
    for (const { fromSeconds, toSeconds } of unionOf(ofServer)) {
      if (toSeconds === fromSeconds) continue;
      changes.push({ atSeconds: fromSeconds, by: 1 }, { atSeconds: toSeconds, by: -1 });
    }
  }
  const steps: { atSeconds: number; count: number }[] = [];
  let count = 0;
  for (const { atSeconds, by } of changes.toSorted((a, b) => a.atSeconds - b.atSeconds)) {
    count += by;
    const last = steps.at(-1);
    if (last?.atSeconds === atSeconds) last.count = count;
    else steps.push({ atSeconds, count });
  }
  return steps;
}

/** The most servers that were held at one time, and when that first was; null: none ever was. */
export function mostStopped(stops: readonly Stop[]): CountStep | null {
  const steps = stoppedCounts(stops);
  if (steps.length === 0) return null;
  return steps.reduce((most, step) => (step.count > most.count ? step : most));
}

export interface FirstStops {
  readonly serverCount: number;
  /** Of all servers that stopped: the one that did so earliest, and the one that did so latest. */
  readonly first: Stop;
  readonly last: Stop;
}

/** Each server counts by its first stop; null: none stopped. */
export function firstStops(stops: readonly Stop[]): FirstStops | null {
  const firsts = new Map<string, Stop>();
  for (const stop of stops) {
    const known = firsts.get(stop.server);
    if (known === undefined || stop.fromSeconds < known.fromSeconds) firsts.set(stop.server, stop);
  }
  const [head, ...rest] = firsts.values();
  if (head === undefined) return null;
  let [first, last] = [head, head];
  for (const stop of rest) {
    if (stop.fromSeconds < first.fromSeconds) first = stop;
    if (stop.fromSeconds > last.fromSeconds) last = stop;
  }
  return { serverCount: firsts.size, first, last };
}
