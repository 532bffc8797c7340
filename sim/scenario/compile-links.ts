/**
 * Links: one row for each ordered pair of places. A place is an instance, or a server that a link
 * or an incident names; so a country of hundreds of servers has a handful of rows, and a single
 * server can still be cut off.
 */
import type { AssumptionDocument, Document, LinkDocument } from '../plan/document.ts';
import type { LinkTable } from '../plan/plan.ts';
import type { IssueList } from './compile-issues.ts';
import { formatDuration } from './compile-parameters.ts';
import type { Network } from './compile-network.ts';

type LinkValues = Pick<LinkDocument, 'rttUs' | 'jitterUs' | 'bandwidth' | 'loss'>;

/** Where no `links` say otherwise. Nothing is published, so they are estimated: see the source. */
const IN_COUNTRY_RTT_US = 2000;
const BETWEEN_COUNTRIES_RTT_US = 3000;
const JITTER_US = 200;
const DEFAULT_SOURCE = 'real-data sheet 5: in-country 1-4 ms, Tallinn-Helsinki 2-4 ms, estimated';

export interface LinkRow extends LinkValues {
  readonly id: string;
  readonly fromPlace: string;
  readonly toPlace: string;
  readonly fromInstance: number;
  readonly toInstance: number;
}

export class Links {
  readonly rows: LinkRow[] = [];
  readonly #rowOf = new Map<string, number>();
  readonly #network: Network;
  readonly #documents: readonly LinkDocument[];
  /** Rows of servers that are places of their own. */
  readonly #namedServers: ReadonlySet<number>;
  readonly #defaultsUsed = new Set<'in-country' | 'between-countries'>();

  constructor(network: Network, documents: readonly LinkDocument[], named: ReadonlySet<number>) {
    this.#network = network;
    this.#documents = documents;
    this.#namedServers = named;
  }

  /** The row of the link from one server to another. */
  between(from: number, to: number): number {
    const fromPlace = this.#placeOf(from);
    const toPlace = this.#placeOf(to);
    const id = `${fromPlace}->${toPlace}`;
    const known = this.#rowOf.get(id);
    if (known !== undefined) return known;
    const { servers } = this.#network;
    const row = this.rows.length;
    this.rows.push({
      id,
      fromPlace,
      toPlace,
      fromInstance: servers[from].instance,
      toInstance: servers[to].instance,
      ...this.#valuesOf(from, to),
    });
    this.#rowOf.set(id, row);
    return row;
  }

  table(): LinkTable {
    const { rows } = this;
    return {
      id: rows.map(({ id }) => id),
      delayUs: Float64Array.from(rows, ({ rttUs }) => Math.round(rttUs / 2)),
      jitterUs: Float64Array.from(rows, ({ jitterUs }) => jitterUs),
      // Documents count bytes per second, plans bytes per microsecond.
      bandwidth: Float64Array.from(rows, ({ bandwidth }) => bandwidth / 1e6),
      loss: Float64Array.from(rows, ({ loss }) => loss),
    };
  }

  /** What had to be assumed because no link says it. */
  assumptions(): AssumptionDocument[] {
    const jitter = `mean jitter ${formatDuration(JITTER_US)} each way, no loss, no limit`;
    const row = (what: string, rttUs: number): AssumptionDocument => ({
      what,
      value: `RTT ${formatDuration(rttUs)}, ${jitter}`,
      confidence: 'estimated',
      source: DEFAULT_SOURCE,
    });
    const found: AssumptionDocument[] = [];
    if (this.#defaultsUsed.has('in-country')) {
      found.push(row('links between servers of one instance', IN_COUNTRY_RTT_US));
    }
    if (this.#defaultsUsed.has('between-countries')) {
      found.push(row('links between servers of two instances', BETWEEN_COUNTRIES_RTT_US));
    }
    return found;
  }

  #placeOf(server: number): string {
    const { servers, instances } = this.#network;
    const { id, instance } = servers[server];
    return this.#namedServers.has(server) ? id : instances[instance].id;
  }

  /** The most specific of the links that speak of the two; of equals the last. */
  #valuesOf(from: number, to: number): LinkValues {
    let best: LinkDocument | null = null;
    let bestRank = -1;
    for (const link of this.#documents) {
      const [fromRank, toRank] = [this.#rankOf(link.from, from), this.#rankOf(link.to, to)];
      if (fromRank === -1 || toRank === -1 || fromRank + toRank < bestRank) continue;
      best = link;
      bestRank = fromRank + toRank;
    }
    if (best !== null) return best;
    const { servers } = this.#network;
    const isInCountry = servers[from].instance === servers[to].instance;
    this.#defaultsUsed.add(isInCountry ? 'in-country' : 'between-countries');
    const rttUs = isInCountry ? IN_COUNTRY_RTT_US : BETWEEN_COUNTRIES_RTT_US;
    return { rttUs, jitterUs: JITTER_US, bandwidth: Infinity, loss: 0 };
  }

  /** How specifically an end of a link names a server: 3 itself, 1 its instance, 0 any, -1 not. */
  #rankOf(end: string, server: number): number {
    const { servers, instances } = this.#network;
    const { id, instance } = servers[server];
    if (end === '*') return 0;
    if (end === instances[instance].id) return 1;
    const parts = id.split('/');
    return end === id || end === `${parts[0]}/${parts[3]}` ? 3 : -1;
  }
}

/** Rows of the servers that links name; ends that name nothing are issues. */
export function serversNamedByLinks(
  document: Document,
  network: Network,
  issues: IssueList,
): Set<number> {
  const named = new Set<number>();
  for (const [index, link] of document.links.entries()) {
    for (const side of ['from', 'to'] as const) {
      const end = link[side];
      if (end === '*' || network.instanceRow(end) !== -1) continue;
      const path = ['links', index, side];
      if (network.hasServer(end)) {
        named.add(network.findServer(end, path, issues));
        continue;
      }
      const instances = network.instances.map(({ id }) => id);
      const known = [...instances, ...network.serverNames()];
      const listed = [...instances, ...network.shortestNames()];
      issues.unknown(path, 'instance or security server', end, known, listed);
    }
  }
  return named;
}
