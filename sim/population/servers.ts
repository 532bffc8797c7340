/**
 * On which servers members stand. Nothing published says it, so the rule is plain: the busiest
 * members own a server each, the others are guests on servers of owners from the less busy half,
 * and the busiest providers have a second server (clustering by double registration, facts 9).
 */
import { chanceOf, Choice } from './chance.ts';
import type { CountryConsumer, CountryServer } from './country.ts';
import type { CountryDraft } from './members.ts';
import type { ScaledFigures } from './scale.ts';

export interface Placement {
  readonly servers: readonly CountryServer[];
  /** Servers of each member; a consumer uses the first. */
  readonly homes: readonly (readonly number[])[];
}

export function placeOnServers(
  instance: string,
  scaled: ScaledFigures,
  draft: CountryDraft,
  consumers: readonly CountryConsumer[],
): Placement {
  const ranked = membersByTraffic(draft, consumers);
  const providers = new Set(
    draft.services.map(({ subsystem }) => draft.subsystems[subsystem].member),
  );
  const doubleCount = Math.min(
    Math.round(scaled.figures.clusteredShare * providers.size),
    Math.floor(scaled.serverCount / 2),
  );
  const owners = ranked.slice(0, scaled.serverCount - doubleCount);
  const servers: CountryServer[] = owners.map((owner, rank) => ({ code: serverCode(rank), owner }));
  const homes: number[][] = draft.members.map(() => []);
  for (const [rank, owner] of owners.entries()) homes[owner].push(rank);
  const doubled = [...owners.entries()].filter(([, owner]) => providers.has(owner));
  for (const [rank, owner] of doubled.slice(0, scaled.serverCount - owners.length)) {
    homes[owner].push(servers.push({ code: `${serverCode(rank)}b`, owner }) - 1);
  }
  const firstHost = Math.floor(owners.length / 2);
  for (const member of ranked.slice(owners.length)) {
    const u = chanceOf(`${instance}/${draft.members[member].id}`)(Choice.Home, 0);
    homes[member].push(firstHost + Math.floor(u * (owners.length - firstHost)));
  }
  return { servers, homes };
}

/** `ss-0001` is the server of the busiest member, so that an incident can name it. */
const serverCode = (rank: number): string => `ss-${String(rank + 1).padStart(4, '0')}`;

function membersByTraffic(draft: CountryDraft, consumers: readonly CountryConsumer[]): number[] {
  const traffic = new Float64Array(draft.members.length);
  for (const { subsystem, calls } of consumers) {
    for (const { service, share } of calls) {
      traffic[draft.subsystems[subsystem].member] += share;
      traffic[draft.subsystems[draft.services[service].subsystem].member] += share;
    }
  }
  return [...traffic.keys()].toSorted((a, b) => traffic[b] - traffic[a] || a - b);
}
