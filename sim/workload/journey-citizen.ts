/**
 * Whose journey a call belongs to, as X-Road-UserId: `EE38001085718`, the country and the code. A
 * journey has one person, whom its source and its number there name, so all its calls and all
 * attempts of them carry the same. Calls that belong to no journey are made by systems: nobody.
 */
import { hashText, keyOf } from '../base/random.ts';
import type { InstanceRow, Plan } from '../plan/plan.ts';
import { citizenOf } from './citizen.ts';
import type { Citizen } from './citizen.ts';
import { journeyOrdinal } from './journey.ts';

/** Null where no person asks, or where the country of the instance has no code known here. */
export function createUserIds(plan: Plan) {
  const { journeys, sources, instances, seed } = plan;
  const countries = instances.map(countryOf);
  // A key of its own: what is drawn for the calls of the source stays as it is.
  const names = sources.id.map((id) => hashText(`citizens of ${id}`));

  return (replicationIndex: number, source: number, ordinal: number): string | null => {
    const journey = sources.journey[source];
    const country = journey === -1 ? null : countries[journeys.instance[journey]];
    if (country === null) return null;
    const [key0, key1] = keyOf(seed, replicationIndex, ...names[source]);
    const number = journeyOrdinal(ordinal, journeys.callCount[journey]);
    return `${country}${citizenOf(country, key0, key1, number).code}`;
  };
}

const COUNTRY_OF_PROFILE: Readonly<Record<string, Citizen['country']>> = {
  'ee-production': 'EE',
  'fi-production': 'FI',
};

/** As its instance is called, or else as it is run. */
function countryOf({ id, profile }: InstanceRow): Citizen['country'] | null {
  if (id === 'EE' || id === 'FI') return id;
  return COUNTRY_OF_PROFILE[profile] ?? null;
}
