/** Who there is: members, their subsystems and the services of these, big ones first. */
import { apportion, rankShares } from './apportion.ts';
import { chanceOf, Choice, chooseBy, runningSums } from './chance.ts';
import type { CountryMember, CountryService } from './country.ts';
import { memberCode } from './member-code.ts';
import { generalShare, providerShare } from './scale.ts';
import type { ScaledFigures } from './scale.ts';

export interface CountryDraft {
  readonly members: readonly CountryMember[];
  /** Class index of each member. */
  readonly classOf: readonly number[];
  readonly subsystems: readonly DraftSubsystem[];
  readonly services: readonly CountryService[];
  /** Subsystem from which each member calls. */
  readonly consumers: readonly number[];
  /** Share of its class's calls that the rank law gives each member. */
  readonly activity: readonly number[];
}

export interface DraftSubsystem {
  readonly member: number;
  readonly code: string;
  readonly isProvider: boolean;
}

/** How fast the number of subsystems falls with a member's rank in its class (estimated). */
const SUBSYSTEM_RANK_EXPONENT = 0.8;
/** How fast the number of services falls with a provider's rank in its class (estimated). */
const SERVICE_COUNT_RANK_EXPONENT = 0.7;

/** Shares below this are rounding of the figures, not calls. */
const SHARE_MIN = 1e-9;

export function makeMembers(instance: string, scaled: ScaledFigures): CountryDraft {
  const members: CountryMember[] = [];
  const classOf: number[] = [];
  const activity: number[] = [];
  for (const [classIndex, memberClass] of scaled.classes.entries()) {
    const count = scaled.members[classIndex];
    activity.push(...rankShares(count, scaled.figures.consumerRankExponent));
    for (let index = 0; index < count; index++) {
      const id = `${memberClass}/${memberCode(instance, memberClass, members.length)}`;
      const name = `${memberClass} member ${index + 1} (synthetic)`;
      members.push({ id, memberClass, name });
      classOf.push(classIndex);
    }
  }
  // Everybody calls from a first subsystem; what answers stands beside it.
  const subsystems: DraftSubsystem[] = members.map((_, member) => ({
    member,
    code: 'syn-1',
    isProvider: false,
  }));
  const services: CountryService[] = [];
  addClusters(scaled, classOf, members, subsystems, services);
  addGeneral(instance, scaled, classOf, subsystems, services);
  const consumers = members.map((_, member) => member);
  return { members, classOf, subsystems, services, consumers, activity };
}

/** A cluster belongs to the biggest member of its class that has none yet. */
function addClusters(
  scaled: ScaledFigures,
  classOf: readonly number[],
  members: CountryMember[],
  subsystems: DraftSubsystem[],
  services: CountryService[],
): void {
  const taken = new Set<number>();
  for (const [cluster, figures] of scaled.clusters.entries()) {
    const member = classOf.findIndex((of, index) => of === figures.classIndex && !taken.has(index));
    taken.add(member);
    members[member] = { ...members[member], name: `${figures.name} (synthetic)` };
    const code = codeOf(figures.name);
    const subsystem = subsystems.push({ member, code, isProvider: true }) - 1;
    const shares = rankShares(figures.services, scaled.figures.serviceRankExponent);
    for (const [index, popularity] of shares.entries()) {
      services.push({
        subsystem,
        code: `${code}-${index + 1}`,
        memberClass: scaled.classes[figures.classIndex],
        isSoap: chanceOf(`${figures.name}/${index}`)(Choice.Kind, 0) < scaled.figures.soapShare,
        serviceTime: figures.serviceTime,
        cluster,
        popularity,
      });
    }
  }
}

/** Letters, digits and hyphens: what every X-Road identifier may hold. */
function codeOf(name: string): string {
  const code = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
  return code === '' ? 'cluster' : code;
}

/** The rest: subsystems and services of no cluster, by class, more to the big members. */
function addGeneral(
  instance: string,
  scaled: ScaledFigures,
  classOf: readonly number[],
  subsystems: DraftSubsystem[],
  services: CountryService[],
): void {
  const spare = scaled.subsystemCount - subsystems.length;
  const isProviding = scaled.classes.map((_, index) => generalShare(scaled, index) > SHARE_MIN);
  // Half by how much a class is called, half by how many members it has: neither is published.
  const memberCount = classOf.length;
  const weights = scaled.classes.map((_, index) =>
    isProviding[index] ? providerShare(scaled, index) + scaled.members[index] / memberCount : 0,
  );
  const subsystemCounts = apportion(spare, weights);
  for (const [index, providing] of isProviding.entries()) {
    if (providing) subsystemCounts[index] = Math.max(1, subsystemCounts[index]);
  }
  const serviceCounts = apportion(
    scaled.generalServiceCount,
    subsystemCounts.map((count, index) => (isProviding[index] ? count : 0)),
  );
  for (const [classIndex, providing] of isProviding.entries()) {
    if (!providing) continue;
    const providers = addProviders(classIndex, subsystemCounts[classIndex], classOf, subsystems);
    const count = Math.max(1, serviceCounts[classIndex]);
    addServices(instance, scaled, classIndex, count, providers, services);
  }
}

/**
 * Adds subsystems that answer, to members of a class by the rank law; gives their indexes. First
 * one each, then a second one for those who get more: so the popular services, which go to the
 * first, are spread over members.
 */
function addProviders(
  classIndex: number,
  count: number,
  classOf: readonly number[],
  subsystems: DraftSubsystem[],
): number[] {
  const members = [...classOf.keys()].filter((member) => classOf[member] === classIndex);
  const counts = apportion(count, rankShares(members.length, SUBSYSTEM_RANK_EXPONENT));
  const added: number[] = [];
  for (let round = 0; added.length < count; round++) {
    for (const [rank, member] of members.entries()) {
      if (counts[rank] <= round) continue;
      added.push(subsystems.push({ member, code: `syn-${round + 2}`, isProvider: true }) - 1);
    }
  }
  return added;
}

/** Each provider gets a service, the rest go to the big ones; the first are the popular ones. */
function addServices(
  instance: string,
  scaled: ScaledFigures,
  classIndex: number,
  count: number,
  providers: readonly number[],
  services: CountryService[],
): void {
  const memberClass = scaled.classes[classIndex];
  const { figures } = scaled;
  const shares = rankShares(count, figures.serviceRankExponent);
  const sums = runningSums(rankShares(providers.length, SERVICE_COUNT_RANK_EXPONENT));
  for (const [index, popularity] of shares.entries()) {
    const code = `syn-${String(index + 1).padStart(4, '0')}`;
    const chance = chanceOf(`${instance}/${memberClass}/${code}`);
    const home =
      index < providers.length
        ? providers[index]
        : providers[chooseBy(sums, chance(Choice.Home, 0))];
    services.push({
      subsystem: home,
      code,
      memberClass,
      isSoap: chance(Choice.Kind, 0) < figures.soapShare,
      serviceTime: figures.serviceTime,
      cluster: -1,
      popularity,
    });
  }
}
