/** Who may call what, by the rules of protocol/access.ts, for each server of the provider. */
import type { ServiceDocument } from '../plan/document.ts';
import { mayAccess } from '../protocol/access.ts';
import type { AccessRight } from '../protocol/access.ts';
import type { Network } from './compile-network.ts';

export class AccessRights {
  readonly #network: Network;
  readonly #rights = new Map<ServiceDocument, readonly AccessRight[]>();
  readonly #groupsOf = new Map<string, Set<string>>();

  constructor(network: Network) {
    this.#network = network;
    for (const { id, document } of network.instances) {
      for (const [group, members] of Object.entries(document.globalGroups)) {
        for (const member of members) this.#addToGroup(member, `${id}/${group}`);
      }
    }
  }

  /** Versions differ: before XRDDEV-3054 was mended, a wildcard let encoded dot-dots through. */
  allows(
    service: ServiceDocument,
    client: string,
    method: string,
    path: string,
    version: number,
  ): boolean {
    const groups = this.#groupsOf.get(client) ?? NO_GROUPS;
    return mayAccess(this.#rightsOf(service), { client, groups, method, path }, version);
  }

  #addToGroup(subsystem: string, group: string): void {
    const groups = this.#groupsOf.get(subsystem);
    if (groups === undefined) this.#groupsOf.set(subsystem, new Set([group]));
    else groups.add(group);
  }

  /** Rights with global groups by their full names. */
  #rightsOf(service: ServiceDocument): readonly AccessRight[] {
    const known = this.#rights.get(service);
    if (known !== undefined) return known;
    const own = service.id.split('/')[0];
    const rights = service.access.map((right) => ({
      ...right,
      globalGroup:
        right.globalGroup === null ? null : fullGroupName(right.globalGroup, own, this.#network),
    }));
    this.#rights.set(service, rights);
    return rights;
  }
}

const NO_GROUPS: ReadonlySet<string> = new Set();

/** A bare name means a group of the provider's own instance. */
function fullGroupName(group: string, own: string, network: Network): string {
  const isFull = network.instances.some(({ id }) => group.startsWith(`${id}/`));
  return isFull ? group : `${own}/${group}`;
}
