/**
 * Rights that are withdrawn while a scenario runs. A right that names the client goes at once, for
 * the live server reads its rights anew at each question, and so it is inside of the 60 s after
 * which X-Road's cache knows (facts 8); a place in a global group goes with the configuration.
 */
import { PatchColumn } from '../../plan/plan.ts';
import type { Plan } from '../../plan/plan.ts';
import type { AccessDocument, ServiceDocument } from '../../plan/document.ts';
import type { LiveNetwork } from '../network.ts';
import type { ServerView } from '../configuration.ts';
import type { Change } from './patches.ts';

/** Values of the column. */
const BY_RIGHT = 1;
const BY_GROUP = 2;

export function troubledRights(
  plan: Plan,
  network: () => LiveNetwork,
): readonly (readonly [number, Change])[] {
  const { flows, routes, candidates, services, servers } = plan;
  /** What a service was like before, by server and id. */
  const originals = new Map<string, ServiceDocument>();
  /** By server and service: who lost its right. */
  const losers = new Map<string, Set<string>>();
  const values = new Map<number, number>();

  const setRight = (flow: number, isWithdrawn: boolean): void => {
    const [client, service] = [flows.client[flow], services.id[flows.service[flow]]];
    const route = flows.route[flow];
    for (let nth = 0; nth < routes.candidateCount[route]; nth++) {
      const server = servers.id[candidates.server[routes.candidateFrom[route] + nth]];
      const { view } = network().server(server);
      const present = view.services.get(service);
      if (present === undefined) continue;
      const key = `${server} ${service}`;
      const original = originals.get(key) ?? present;
      originals.set(key, original);
      const without = losers.get(key) ?? new Set();
      losers.set(key, without);
      if (isWithdrawn) without.add(client);
      else without.delete(client);
      const access = original.access.flatMap((right) => remaining(right, without, view));
      view.services.set(service, { ...original, access });
    }
  };

  /** Out of all groups of its instance, or back into those that it was in. */
  const setMembership = (flow: number, isWithdrawn: boolean): void => {
    const client = flows.client[flow];
    for (const { id } of plan.instances) {
      const instance = network().services(id);
      const globalGroups = instance.state.globalGroups.map((group) => {
        const key = `${id}/${group.code} ${client}`;
        const isIn = group.members.includes(client);
        if (isWithdrawn && isIn) {
          left.add(key);
          return { ...group, members: group.members.filter((one) => one !== client) };
        }
        if (isWithdrawn || !left.delete(key)) return group;
        return { ...group, members: [...group.members, client] };
      });
      instance.change({ globalGroups });
    }
  };
  const left = new Set<string>();

  const revoke: Change = (flow, value) => {
    const before = values.get(flow) ?? 0;
    values.set(flow, value);
    if ((before === BY_RIGHT) !== (value === BY_RIGHT)) setRight(flow, value === BY_RIGHT);
    if ((before === BY_GROUP) !== (value === BY_GROUP)) setMembership(flow, value === BY_GROUP);
  };
  return [[PatchColumn.AccessRevoked, revoke]];
}

/** A right without those who lost it; none is left of one that was theirs alone. */
function remaining(
  right: AccessDocument,
  without: ReadonlySet<string>,
  { instance, instances }: ServerView,
): AccessDocument[] {
  if (without.size === 0) return [right];
  const { subsystem, globalGroup } = right;
  if (subsystem !== null) return without.has(subsystem) ? [] : [right];
  const members = right.localGroup ?? [...membersOf(globalGroup ?? '')];
  const localGroup = members.filter((one) => !without.has(one));
  if (localGroup.length === members.length) return [right];
  return [{ ...right, globalGroup: null, localGroup }];

  function membersOf(group: string): ReadonlySet<string> {
    const [first] = group.split('/');
    const id = group.includes('/') ? group : `${instance}/${group}`;
    return instances.get(id === group ? first : instance)?.globalGroups.get(id) ?? new Set();
  }
}
