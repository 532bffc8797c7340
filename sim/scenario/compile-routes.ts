/** From one consumer's server to all servers of one provider, shared by all flows between them. */
import type { CandidateTable, RouteTable } from '../plan/plan.ts';
import { Fact } from '../protocol/exchange.ts';
import type { Links } from './compile-links.ts';
import type { Network, SubsystemEntry } from './compile-network.ts';

export interface RouteEntry {
  readonly server: number;
  readonly candidateFrom: number;
  readonly candidateCount: number;
  /** What the consumer's server finds missing when it looks for the provider's servers. */
  readonly factsBroken: number;
}

interface CandidateEntry {
  readonly server: number;
  readonly signer: number;
  readonly linkOut: number;
  readonly linkBack: number;
}

export class Routes {
  readonly rows: RouteEntry[] = [];
  readonly candidates: CandidateEntry[] = [];
  readonly #rowOf = new Map<string, number>();
  readonly #network: Network;
  readonly #links: Links;

  constructor(network: Network, links: Links) {
    this.#network = network;
    this.#links = links;
  }

  /** The row of a route; `target` is the server that a message names, -1: none. */
  find(server: number, provider: SubsystemEntry, target: number): number {
    const key = `${server} ${target} ${provider.id}`;
    const known = this.#rowOf.get(key);
    if (known !== undefined) return known;
    const row = this.rows.push(this.#make(server, provider, target)) - 1;
    this.#rowOf.set(key, row);
    return row;
  }

  routeTable(): RouteTable {
    const { rows } = this;
    return {
      server: Int32Array.from(rows, ({ server }) => server),
      candidateFrom: Int32Array.from(rows, ({ candidateFrom }) => candidateFrom),
      candidateCount: Int32Array.from(rows, ({ candidateCount }) => candidateCount),
    };
  }

  candidateTable(): CandidateTable {
    const { candidates } = this;
    return {
      server: Int32Array.from(candidates, ({ server }) => server),
      signer: Int32Array.from(candidates, ({ signer }) => signer),
      linkOut: Int32Array.from(candidates, ({ linkOut }) => linkOut),
      linkBack: Int32Array.from(candidates, ({ linkBack }) => linkBack),
    };
  }

  /** Facts 2.1 step 9: the provider's servers, narrowed to the target, without maintenance. */
  #make(server: number, provider: SubsystemEntry, target: number): RouteEntry {
    const candidateFrom = this.candidates.length;
    const { servers } = this.#network;
    const empty = { server, candidateFrom, candidateCount: 0 };
    if (!this.#network.areFederated(servers[server].instance, provider.instance)) {
      return { ...empty, factsBroken: Fact.InstanceKnown };
    }
    if (provider.servers.length === 0) return { ...empty, factsBroken: Fact.ProviderKnown };
    const narrowed = provider.servers.filter((row) => target === -1 || row === target);
    if (narrowed.length === 0) return { ...empty, factsBroken: Fact.TargetServesProvider };
    const inService = narrowed.filter((row) => !servers[row].isInMaintenance);
    if (inService.length === 0) return { ...empty, factsBroken: Fact.SomeServerInService };
    for (const row of inService) {
      this.candidates.push({
        server: row,
        signer: servers[row].signers.get(provider.member) ?? -1,
        linkOut: this.#links.between(server, row),
        linkBack: this.#links.between(row, server),
      });
    }
    return { server, candidateFrom, candidateCount: inService.length, factsBroken: 0 };
  }
}
