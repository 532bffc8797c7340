/** The links of a compiled scenario, by who connects to whom. */
import { AttackKind } from '../../plan/plan.ts';
import type { Plan } from '../../plan/plan.ts';
import type { KnownServer } from '../configuration.ts';
import type { Connecting } from '../loopback.ts';
import type { LinkPath } from './link.ts';
import { Shaper } from './shaper.ts';
import type { LinkedPlan } from './shaper.ts';
import type { Duplex } from 'node:stream';

export interface Caller {
  /** `INSTANCE/CLASS/CODE/SERVER` */
  readonly id: string;
  readonly address: string;
}

/** How security servers get to each other. */
export interface Links {
  connect(from: Caller, to: KnownServer): Connecting<Duplex>;
  /** Nothing is left of any connection when it is done. */
  close(): Promise<void>;
}

type RoutedPlan = LinkedPlan & Pick<Plan, 'servers' | 'routes' | 'candidates' | 'sources'>;

export class PlannedLinks implements Links {
  readonly shaper: Shaper;
  /** By the ids of both servers. */
  readonly #paths = new Map<string, LinkPath | null>();
  readonly #tellsPartnersApart: boolean;

  constructor(plan: RoutedPlan, replicationIndex: number) {
    const { servers, routes, candidates, sources } = plan;
    this.shaper = new Shaper(plan, replicationIndex);
    // A port that is bound beforehand rests for a minute after its connection, whoever it led to,
    // so a server that binds runs out of them: only where AntiDos has partners to tell apart.
    this.#tellsPartnersApart = sources.attack.includes(AttackKind.Connections);
    for (let route = 0; route < routes.server.length; route++) {
      for (let nth = 0; nth < routes.candidateCount[route]; nth++) {
        const candidate = routes.candidateFrom[route] + nth;
        const [from, to] = [routes.server[route], candidates.server[candidate]];
        const path = this.shaper.path(
          candidates.linkOut[candidate],
          candidates.linkBack[candidate],
        );
        this.#paths.set(`${servers.id[from]} ${servers.id[to]}`, path);
      }
    }
  }

  connect(from: Caller, to: KnownServer): Connecting<Duplex> {
    const path = this.#paths.get(`${from.id} ${to.id}`) ?? null;
    const address = this.#tellsPartnersApart ? from.address : null;
    return this.shaper.connect(path, to.endpoint, address);
  }

  close(): Promise<void> {
    return this.shaper.close();
  }
}
