/**
 * A country from figures: members, their subsystems, services and servers, and who calls what how
 * often. Plain data with indexes into its own lists; compile.ts makes rows of it.
 *
 * The graph is synthetic, calibrated to published totals: counts, the call matrix by member class,
 * the shares of named clusters, a rank law of services and one of consumers. Nothing published
 * says which real organisation calls which, so nothing here does.
 *
 *   figures -> scale.ts    whole numbers, shrunk together
 *           -> members.ts  members by class, subsystems, services, big ones first
 *           -> calls.ts    which consumer calls which services
 *           -> fit.ts      how often, so that the figures hold
 *           -> servers.ts  who owns a server, who is a guest, who has two
 */
import type { DistributionDocument, PopulationDocument } from '../plan/document.ts';
import { chooseCalls } from './calls.ts';
import { fitCalls } from './fit.ts';
import { makeMembers } from './members.ts';
import { scaleFigures } from './scale.ts';
import { placeOnServers } from './servers.ts';

export interface Country {
  readonly instance: string;
  readonly members: readonly CountryMember[];
  readonly subsystems: readonly CountrySubsystem[];
  readonly services: readonly CountryService[];
  readonly servers: readonly CountryServer[];
  /** Consuming subsystems, the calls of each with their share of all calls of the country. */
  readonly consumers: readonly CountryConsumer[];
}

export interface CountryMember {
  /** `CLASS/CODE`. */
  readonly id: string;
  readonly memberClass: string;
  readonly name: string;
}

export interface CountrySubsystem {
  readonly member: number;
  readonly code: string;
  /** Servers where it is registered. */
  readonly servers: readonly number[];
  readonly isProvider: boolean;
}

export interface CountryService {
  readonly subsystem: number;
  readonly code: string;
  readonly memberClass: string;
  readonly isSoap: boolean;
  readonly serviceTime: DistributionDocument;
  /** Index of the cluster of figures; -1: none. */
  readonly cluster: number;
  /** Share within its class, or within its cluster, that the rank law gives it. */
  readonly popularity: number;
}

export interface CountryServer {
  readonly code: string;
  readonly owner: number;
}

export interface CountryConsumer {
  readonly subsystem: number;
  readonly calls: readonly CountryCall[];
}

export interface CountryCall {
  readonly service: number;
  /** Of all calls of the country's consumers to its own services; all add up to 1. */
  readonly share: number;
}

/** Figures that `checkFigures` has passed become a country; the same figures, the same country. */
export function generateCountry(instance: string, figures: PopulationDocument): Country {
  const scaled = scaleFigures(figures);
  const draft = makeMembers(instance, scaled);
  const chosen = chooseCalls(instance, scaled, draft);
  const consumers = fitCalls(scaled, draft, chosen);
  const { servers, homes } = placeOnServers(instance, scaled, draft, consumers);
  const subsystems = draft.subsystems.map((subsystem) => {
    const home = homes[subsystem.member];
    return { ...subsystem, servers: subsystem.isProvider ? home : home.slice(0, 1) };
  });
  return {
    instance,
    members: draft.members,
    subsystems,
    services: draft.services,
    servers,
    consumers,
  };
}
