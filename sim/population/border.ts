/**
 * Calls across a border: a few consumers of one country that use a few services of another. Only
 * that the layers are connected is published, and no volume, so all of it is estimated.
 */
import { runningSums, chanceOf, Choice, chooseBy } from './chance.ts';
import type { Country, CountryCall } from './country.ts';

/** At most so many consumers call abroad, two services each. */
const CONSUMERS_MAX = 40;
const SERVICES_EACH = 2;

export interface BorderCalls {
  /** Index of the consumer in the country's list. */
  readonly consumer: number;
  /** Index of the service in the list of foreign ones; shares add up to `share`. */
  readonly calls: readonly CountryCall[];
}

/** The busy consumers, about the square root of all, call the popular services abroad. */
export function callAbroad(
  country: Country,
  foreign: string,
  popularities: readonly number[],
  share: number,
): BorderCalls[] {
  if (popularities.length === 0 || share === 0) return [];
  const volumes = country.consumers.map(({ calls }) =>
    calls.reduce((sum, call) => sum + call.share, 0),
  );
  const count = Math.min(CONSUMERS_MAX, Math.ceil(Math.sqrt(volumes.length)));
  const busiest = [...volumes.keys()]
    .toSorted((a, b) => volumes[b] - volumes[a] || a - b)
    .slice(0, count);
  const whole = busiest.reduce((sum, consumer) => sum + volumes[consumer], 0);
  const sums = runningSums(popularities);
  return busiest.map((consumer) => {
    const { subsystem } = country.consumers[consumer];
    const member = country.members[country.subsystems[subsystem].member];
    const chance = chanceOf(`${country.instance}/${member.id}/${foreign}`);
    const services = new Set<number>();
    for (let index = 0; index < SERVICES_EACH; index++) {
      services.add(chooseBy(sums, chance(Choice.Border, index)));
    }
    const part = (share * volumes[consumer]) / whole / services.size;
    return { consumer, calls: [...services].map((service) => ({ service, share: part })) };
  });
}
