/** Who calls what: for each consumer the services it uses; how often is found by fit.ts. */
import { chanceOf, Choice, chooseBy, runningSums } from './chance.ts';
import type { Chance } from './chance.ts';
import type { CountryDraft } from './members.ts';
import type { ScaledFigures } from './scale.ts';

/** One consumer's use of one service. */
export interface ChosenCall {
  readonly member: number;
  readonly service: number;
}

/** A country has no more than this; figures that ask for more get fewer services a consumer. */
export const CALLS_MAX = 30_000;

/** Services of one kind, with running sums to choose by. */
interface Shelf {
  readonly services: readonly number[];
  readonly sums: Float64Array;
}

/** How often a draw is repeated that hit a service already chosen, or one of the member's own. */
const TRIES = 4;

export function chooseCalls(
  instance: string,
  scaled: ScaledFigures,
  draft: CountryDraft,
): ChosenCall[] {
  const chosen = new ChosenCalls(draft);
  const mean = meanCallCount(scaled, draft);
  const shelves = scaled.classes.map((memberClass) =>
    shelfOf(draft, (service) => service.cluster === -1 && service.memberClass === memberClass),
  );
  for (const member of draft.consumers) {
    const chance = chanceOf(`${instance}/${draft.members[member].id}`);
    chooseGeneral(member, chance, mean, scaled, draft, shelves, chosen);
  }
  for (const cluster of scaled.clusters.keys()) {
    chooseCluster(instance, cluster, mean, scaled, draft, chosen);
  }
  coverClassPairs(scaled, draft, shelves, chosen);
  coverServices(instance, scaled, draft, chosen);
  return chosen.list;
}

/** The calls chosen so far, each consumer and service at most once. */
class ChosenCalls {
  readonly list: ChosenCall[] = [];
  readonly callersOf: Uint32Array;
  readonly #draft: CountryDraft;
  readonly #seen = new Set<number>();

  constructor(draft: CountryDraft) {
    this.#draft = draft;
    this.callersOf = new Uint32Array(draft.services.length);
  }

  isOwn(member: number, service: number): boolean {
    const { services, subsystems } = this.#draft;
    return subsystems[services[service].subsystem].member === member;
  }

  /** False: it was there already. */
  add(member: number, service: number): boolean {
    const key = member * this.#draft.services.length + service;
    if (this.#seen.has(key)) return false;
    this.#seen.add(key);
    this.list.push({ member, service });
    this.callersOf[service]++;
    return true;
  }
}

/** What the figures say, or what fits under CALLS_MAX beside one caller for every service. */
function meanCallCount(scaled: ScaledFigures, draft: CountryDraft): number {
  const callers = scaled.clusters.reduce(
    (sum, cluster) => sum + cluster.consumers,
    draft.consumers.length,
  );
  const room = Math.max(callers, CALLS_MAX - draft.services.length - 100) / callers;
  return Math.min(scaled.figures.servicesPerConsumer, room);
}

function shelfOf(
  draft: CountryDraft,
  belongs: (service: CountryDraft['services'][number]) => boolean,
): Shelf {
  const services = [...draft.services.keys()].filter((index) => belongs(draft.services[index]));
  // Many consumers use a service of middling popularity a little: who calls it goes by the square
  // root, and how often by the rest of the rank law, which fit.ts restores.
  const sums = runningSums(services.map((index) => Math.sqrt(draft.services[index].popularity)));
  return { services, sums };
}

/** Between half and one and a half times the mean, at least one. */
const countBy = (mean: number, u: number): number =>
  Math.max(1, Math.floor(mean * (0.5 + u) + 0.5));

/** Services of no cluster: first the provider's class by the matrix, then one by popularity. */
function chooseGeneral(
  member: number,
  chance: Chance,
  mean: number,
  scaled: ScaledFigures,
  draft: CountryDraft,
  shelves: readonly Shelf[],
  chosen: ChosenCalls,
): void {
  const classCount = scaled.classes.length;
  const from = draft.classOf[member] * classCount;
  const row = shelves.map((shelf, to) =>
    shelf.services.length === 0 ? 0 : scaled.matrix[from + to],
  );
  const sums = runningSums(row);
  if (classCount === 0 || sums[classCount - 1] === 0) return;
  const count = countBy(mean, chance(Choice.CallCount, 0));
  for (let index = 0; index < count; index++) {
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const ordinal = (index * TRIES + attempt) * 2;
      const shelf = shelves[chooseBy(sums, chance(Choice.Service, ordinal))];
      const at = chooseBy(shelf.sums, chance(Choice.Service, ordinal + 1));
      const service = shelf.services[at];
      if (!chosen.isOwn(member, service) && chosen.add(member, service)) break;
    }
  }
}

/** As many consumers as the cluster's figures say, of classes that call its class at all. */
function chooseCluster(
  instance: string,
  cluster: number,
  mean: number,
  scaled: ScaledFigures,
  draft: CountryDraft,
  chosen: ChosenCalls,
): void {
  const figures = scaled.clusters[cluster];
  const shelf = shelfOf(draft, (service) => service.cluster === cluster);
  const owner = draft.subsystems[draft.services[shelf.services[0]].subsystem].member;
  const consumers = clusterConsumers(instance, cluster, owner, scaled, draft);
  for (const member of consumers.slice(0, figures.consumers)) {
    const chance = chanceOf(`${instance}/${figures.name}/${draft.members[member].id}`);
    const count = Math.min(shelf.services.length, countBy(mean, chance(Choice.CallCount, 0)));
    for (let index = 0; index < count; index++) {
      for (let attempt = 0; attempt < TRIES; attempt++) {
        const u = chance(Choice.Service, index * TRIES + attempt);
        if (chosen.add(member, shelf.services[chooseBy(shelf.sums, u)])) break;
      }
    }
  }
}

/**
 * Members that may call a cluster, the likeliest first: by activity and by the share of their class
 * in the calls to the provider's class, with chance (Efraimidis and Spirakis: the largest u^(1/w)).
 * The very first is of the class that calls most: a large cluster with one consumer of a class that
 * hardly calls could not have its share and leave the matrix as it is.
 */
function clusterConsumers(
  instance: string,
  cluster: number,
  owner: number,
  scaled: ScaledFigures,
  draft: CountryDraft,
): number[] {
  const { classIndex, name } = scaled.clusters[cluster];
  const classCount = scaled.classes.length;
  const pairOf = (member: number): number =>
    scaled.matrix[draft.classOf[member] * classCount + classIndex];
  const keyed = draft.consumers
    .map((member) => {
      const pair = pairOf(member);
      const weight = pair * Math.sqrt(draft.activity[member]);
      const u = chanceOf(`${instance}/${name}/${draft.members[member].id}`)(Choice.Consumer, 0);
      return { member, weight, key: weight === 0 ? -Infinity : Math.log(u) / weight };
    })
    .filter(({ member, weight }) => weight > 0 && member !== owner);
  const members = keyed
    .toSorted((a, b) => b.key - a.key || a.member - b.member)
    .map(({ member }) => member);
  const most = Math.max(...members.map(pairOf));
  const first = members.findIndex((member) => pairOf(member) === most);
  return [...members.splice(first, 1), ...members];
}

/** Each pair of classes with calls in the figures has a call, or its share could not hold. */
function coverClassPairs(
  scaled: ScaledFigures,
  draft: CountryDraft,
  shelves: readonly Shelf[],
  chosen: ChosenCalls,
): void {
  const classCount = scaled.classes.length;
  const covered = new Set<number>();
  for (const { member, service } of chosen.list) {
    if (draft.services[service].cluster !== -1) continue;
    const to = scaled.classes.indexOf(draft.services[service].memberClass);
    covered.add(draft.classOf[member] * classCount + to);
  }
  for (const [pair, share] of scaled.matrix.entries()) {
    const shelf = shelves[pair % classCount];
    if (share === 0 || covered.has(pair) || shelf.services.length === 0) continue;
    const member = draft.classOf.indexOf(Math.floor(pair / classCount));
    chosen.add(member, shelf.services[0]);
  }
}

/** A service that nobody calls gets one consumer, of a class that calls its provider's class. */
function coverServices(
  instance: string,
  scaled: ScaledFigures,
  draft: CountryDraft,
  chosen: ChosenCalls,
): void {
  const classCount = scaled.classes.length;
  const byClass = scaled.classes.map((_, to) =>
    runningSums(
      draft.consumers.map((member) => {
        const pair = scaled.matrix[draft.classOf[member] * classCount + to];
        return pair * Math.sqrt(draft.activity[member]);
      }),
    ),
  );
  const clusterCallers = callersByCluster(scaled, draft, chosen);
  for (const [index, service] of draft.services.entries()) {
    if (chosen.callersOf[index] > 0) continue;
    const chance = chanceOf(`${instance}/${service.memberClass}/${service.code}`);
    const u = chance(Choice.Consumer, 0);
    // A cluster's number of consumers is a figure; its other services go to the same ones.
    const callers = service.cluster === -1 ? [] : clusterCallers[service.cluster];
    const sums = byClass[scaled.classes.indexOf(service.memberClass)];
    const member =
      callers.length > 0
        ? callers[Math.floor(u * callers.length)]
        : draft.consumers[chooseBy(sums, u)];
    chosen.add(member, index);
  }
}

function callersByCluster(
  scaled: ScaledFigures,
  draft: CountryDraft,
  chosen: ChosenCalls,
): number[][] {
  const callers = scaled.clusters.map(() => new Set<number>());
  for (const { member, service } of chosen.list) {
    const { cluster } = draft.services[service];
    if (cluster !== -1) callers[cluster].add(member);
  }
  return callers.map((members) => [...members]);
}
