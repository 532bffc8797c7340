/**
 * How many pairs of security servers can still exchange messages after something was lost.
 *
 * A pair can while neither side has stopped. Across a border each side needs, too, a valid
 * configuration of the other's instance (facts.md 5.1: an expired foreign configuration stops that
 * border only), and OCSP answers that are fresh enough for the other's instance: it verifies by its
 * own limit (facts.md 5.2), and in a connection each side verifies the other. Every pair counts
 * once and alike, whether it has much to say to each other or nothing: this is about trust, not
 * about load.
 */
import { assert } from '../sim/base/assert.ts';
import type { RunResult } from '../sim/metrics/result.ts';
import type { Stop } from './trust-clocks.ts';

export interface SurvivalInput {
  readonly servers: readonly { readonly id: string; readonly instance: string }[];
  /** Between which instances there are pairs at all; both orders are asked. */
  readonly isFederated: (a: string, b: string) => boolean;
  readonly stops: readonly Stop[];
  readonly fromSeconds: number;
  readonly toSeconds: number;
}

/** Pairs that can exchange, from an instant on. */
export interface SurvivalStep {
  /** Since `fromSeconds` of the input. */
  readonly afterSeconds: number;
  readonly home: number;
  readonly border: number;
}

export interface Survival {
  /** All pairs there are, within the instances and across their borders. */
  readonly homePairs: number;
  readonly borderPairs: number;
  /** The first is at 0; the last holds until the end of the input. */
  readonly steps: readonly SurvivalStep[];
  /** Null: no pair failed within the window. */
  readonly failures: PairFailures | null;
}

/** Something ran out, and at least one pair more than ever before could not exchange. */
export interface PairFailure {
  readonly afterSeconds: number;
  readonly stop: Stop;
}

export interface PairFailures {
  readonly first: PairFailure;
  readonly last: PairFailure;
}

interface Edge {
  readonly atSeconds: number;
  readonly stop: Stop;
  readonly by: 1 | -1;
}

/**
 * A sweep over the beginnings and ends of all stops. Pairs are not listed but counted: of a country
 * with 400 servers there are 80,000.
 */
export function survivalOf(input: SurvivalInput): Survival {
  const { fromSeconds, toSeconds } = input;
  assert(toSeconds >= fromSeconds, 'a window that ends before it begins');
  const count = new PairCount(input);
  const { home: homePairs, border: borderPairs } = count.pairs();
  const edges = edgesOf(input.stops);
  const steps: SurvivalStep[] = [];
  const failures: PairFailure[] = [];
  let at = 0;
  for (; at < edges.length && edges[at].atSeconds <= fromSeconds; at++) count.apply(edges[at]);
  steps.push({ afterSeconds: 0, ...count.pairs() });
  let fewest = steps[0].home + steps[0].border;
  while (at < edges.length && edges[at].atSeconds <= toSeconds) {
    const { atSeconds } = edges[at];
    let cause: Stop | null = null;
    for (; at < edges.length && edges[at].atSeconds === atSeconds; at++) {
      const hasTaken = count.apply(edges[at]);
      if (hasTaken) cause ??= edges[at].stop;
    }
    const pairs = count.pairs();
    const last = steps[steps.length - 1];
    if (pairs.home === last.home && pairs.border === last.border) continue;
    const afterSeconds = atSeconds - fromSeconds;
    steps.push({ afterSeconds, ...pairs });
    if (cause === null || pairs.home + pairs.border >= fewest) continue;
    fewest = pairs.home + pairs.border;
    failures.push({ afterSeconds, stop: cause });
  }
  const [first] = failures;
  const last = failures.at(-1);
  const ends = last === undefined ? null : { first, last };
  return { homePairs, borderPairs, steps, failures: ends };
}

function edgesOf(stops: readonly Stop[]): Edge[] {
  return stops
    .flatMap((stop): Edge[] => [
      { atSeconds: stop.fromSeconds, stop, by: 1 },
      { atSeconds: stop.toSeconds, stop, by: -1 },
    ])
    .toSorted((a, b) => a.atSeconds - b.atSeconds);
}

interface ServerState {
  readonly instance: number;
  /** Clocks of its own that have run out. */
  ownOut: number;
  /** By instance: clocks that have run out here and close the border to it. */
  readonly borderOut: number[];
}

class PairCount {
  readonly #instances: readonly string[];
  readonly #isFederated: (a: string, b: string) => boolean;
  readonly #servers: ReadonlyMap<string, ServerState>;
  /** By instance: servers that have not stopped. */
  readonly #upCount: number[];
  /** Row `a * instances + b`: servers of a that have not stopped, with an open border to b. */
  readonly #openCount: number[];

  constructor({ servers, isFederated }: SurvivalInput) {
    const instances = [...new Set(servers.map(({ instance }) => instance))];
    this.#instances = instances;
    this.#isFederated = isFederated;
    this.#servers = new Map(
      servers.map(({ id, instance }): [string, ServerState] => [
        id,
        {
          instance: instances.indexOf(instance),
          ownOut: 0,
          borderOut: instances.map(() => 0),
        },
      ]),
    );
    this.#upCount = instances.map(() => 0);
    this.#openCount = instances.flatMap(() => instances.map(() => 0));
    for (const state of this.#servers.values()) this.#add(state, 1);
  }

  /**
   * Whether it took a pair away. Stops of servers that are not in the input, and of instances
   * without servers, are none.
   */
  apply({ stop, by }: Edge): boolean {
    const state = this.#servers.get(stop.server);
    if (state === undefined) return false;
    const before = this.pairs();
    this.#add(state, -1);
    const foreign = stop.foreign === null ? -1 : this.#instances.indexOf(stop.foreign);
    if (stop.foreign === null) state.ownOut += by;
    else if (foreign !== -1) state.borderOut[foreign] += by;
    this.#add(state, 1);
    const after = this.pairs();
    return after.home + after.border < before.home + before.border;
  }

  #add({ instance, ownOut, borderOut }: ServerState, by: 1 | -1): void {
    if (ownOut > 0) return;
    this.#upCount[instance] += by;
    for (const [foreign, out] of borderOut.entries()) {
      if (out === 0) this.#openCount[instance * this.#instances.length + foreign] += by;
    }
  }

  pairs(): { readonly home: number; readonly border: number } {
    let [home, border] = [0, 0];
    for (const [a, nameA] of this.#instances.entries()) {
      home += (this.#upCount[a] * (this.#upCount[a] - 1)) / 2;
      for (let b = a + 1; b < this.#instances.length; b++) {
        const nameB = this.#instances[b];
        if (!this.#isFederated(nameA, nameB) && !this.#isFederated(nameB, nameA)) continue;
        border += this.#openTo(a, b) * this.#openTo(b, a);
      }
    }
    return { home, border };
  }

  #openTo(a: number, b: number): number {
    return this.#openCount[a * this.#instances.length + b];
  }
}

/** Share of all pairs; 1 where there are none, for then none is lost. */
export function survivingShare(survival: Survival, step: SurvivalStep): number {
  const all = survival.homePairs + survival.borderPairs;
  return all === 0 ? 1 : (step.home + step.border) / all;
}

/** Since the beginning: when the share first fell below a bound; null: it never did. */
export function secondsUntilBelow(survival: Survival, share: number): number | null {
  const step = survival.steps.find((entry) => survivingShare(survival, entry) < share);
  return step?.afterSeconds ?? null;
}

/** The instances that had calls of one to the other, in the words of a result. */
export function federationOf({ memberClasses }: RunResult): (a: string, b: string) => boolean {
  const pairs = new Set<string>();
  for (const { consumer, provider } of memberClasses) {
    pairs.add(`${instanceOf(consumer)} ${instanceOf(provider)}`);
  }
  return (a, b) => pairs.has(`${a} ${b}`);
}

/** A class is written `EE/GOV`. */
function instanceOf(memberClass: string): string {
  return memberClass.split('/')[0];
}

/** Kinds of incidents by which a trust service is lost, and the clocks that then run out. */
const CLOCKS_BY_SERVICE: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^(central|key-rotation|downloader)-/, ['configuration', 'foreign-configuration']],
  [/^ocsp-/, ['authentication-ocsp', 'signing-ocsp', 'peer-ocsp']],
  [/^tsa-/, ['time-stamping']],
];

/** A clock ran out somewhere, or something was done by which one may. */
export function hasTrustLoss({ trust, incidents }: RunResult): boolean {
  const isLoss = ({ kind }: RunResult['incidents'][number]): boolean =>
    CLOCKS_BY_SERVICE.some(([kinds]) => kinds.test(kind));
  return trust.length > 0 || incidents.some(isLoss);
}

export interface Loss {
  readonly incident: RunResult['incidents'][number];
  /** The stops that it led to. */
  readonly stops: readonly Stop[];
  readonly survival: Survival;
  /** Of the window that is looked at, since the start of the run. */
  readonly fromSeconds: number;
  readonly toSeconds: number;
}

/** Incidents by which a trust service was lost and after which servers stopped, in their order. */
export function lossesOf(result: RunResult, stops: readonly Stop[], endSeconds: number): Loss[] {
  const isFederated = federationOf(result);
  return result.incidents.flatMap((incident) => {
    const clocks = CLOCKS_BY_SERVICE.find(([kinds]) => kinds.test(incident.kind))?.[1] ?? [];
    const { startSeconds: fromSeconds, endSeconds: overSeconds } = incident;
    const led = stops.filter(
      (stop) =>
        clocks.includes(stop.clock) &&
        stop.fromSeconds >= fromSeconds &&
        stop.fromSeconds <= overSeconds,
    );
    if (led.length === 0) return [];
    const lastSeconds = led.reduce((most, stop) => Math.max(most, stop.toSeconds), overSeconds);
    // Behind the last return there is a little more, so that it can be seen.
    const toSeconds = Math.min(
      Math.max(endSeconds, fromSeconds),
      lastSeconds + 0.06 * (lastSeconds - fromSeconds),
    );
    const window = { fromSeconds, toSeconds };
    const survival = survivalOf({ servers: result.servers, isFederated, stops, ...window });
    return [{ incident, stops: led, survival, ...window }];
  });
}
