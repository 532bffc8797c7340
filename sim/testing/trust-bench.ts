/**
 * Trust without message traffic: servers that call each other in a ring, their jobs in virtual
 * time, and changes of the truth at chosen instants. Slot i stands for a message of server i to the
 * next one, so that the questions of the message path can be asked at any instant.
 */
import { assert } from '../base/assert.ts';
import { EventQueue } from '../base/event-queue.ts';
import { createTrust } from '../engine/trust.ts';
import type { Trust } from '../engine/trust.ts';
import type { TrustWorld } from '../engine/trust-world.ts';
import type {
  CertificateDocument,
  Document,
  InstanceDocument,
  ProfileName,
  TrustServiceDocument,
} from '../plan/document.ts';
import type { Plan } from '../plan/plan.ts';
import { constant, planOf } from './small-run.ts';
import { worldDocument, WORLDS } from './worlds.ts';

export interface RingInstance {
  readonly id: string;
  readonly profile: ProfileName;
  readonly parameters: Readonly<Record<string, number | boolean | string>>;
  readonly servers: number;
  readonly centralServers: readonly TrustServiceDocument[];
  readonly ocspResponders: readonly TrustServiceDocument[];
  readonly timeStampingAuthorities: readonly TrustServiceDocument[];
  readonly certificates: readonly CertificateDocument[];
}

/** Answers after the same time each, many at once: no queue. */
export const quick = (id: string, serviceUs = 1000, isPaid = false): TrustServiceDocument => ({
  id,
  capacity: 1000,
  serviceTime: constant(serviceUs),
  isPaid,
});

export function ringInstance(changes: Partial<RingInstance> = {}): RingInstance {
  return {
    id: 'EE',
    profile: 'xroad-default',
    parameters: {},
    servers: 6,
    centralServers: [quick('central-1')],
    ocspResponders: [quick('ocsp-1')],
    timeStampingAuthorities: [quick('tsa-1')],
    certificates: [],
    ...changes,
  };
}

/** Servers `EE/GOV/0/ss0` and so on; each offers a service to the one before it. */
export function ringDocument(
  rings: readonly RingInstance[],
  changes: Partial<Document> = {},
): Document {
  const base = worldDocument(WORLDS[0]);
  const [service] = base.services;
  const [workload] = base.workloads;
  const places = rings.flatMap(({ id, servers }) =>
    Array.from({ length: servers }, (_, row) => `${id}/GOV/${row}`),
  );
  const federation = rings.flatMap(({ id }, row) =>
    rings.slice(row + 1).map((other): [string, string] => [id, other.id]),
  );
  return {
    ...base,
    durationUs: 30 * 86_400e6,
    seriesBucketUs: 3600e6,
    trust: true,
    instances: Object.fromEntries(rings.map((ring) => [ring.id, instanceDocument(ring, base)])),
    federation,
    services: places.map((place) => ({
      ...service,
      id: `${place}/sub/answer`,
      access: places.map((other) => ({ ...service.access[0], subsystem: `${other}/sub` })),
    })),
    workloads: places.map((place, row) => ({
      ...workload,
      id: `w${row}`,
      client: `${place}/sub`,
      services: [{ service: `${places[(row + 1) % places.length]}/sub/answer`, weight: 1 }],
    })),
    incidents: [],
    ...changes,
  };
}

function instanceDocument(ring: RingInstance, base: Document): InstanceDocument {
  const [instance] = Object.values(base.instances);
  const [server] = instance.servers;
  const rows = Array.from({ length: ring.servers }, (_, row) => row);
  return {
    ...instance,
    profile: ring.profile,
    parameters: ring.parameters,
    centralServers: ring.centralServers,
    certificationAuthorities: [{ id: 'ca', ocspResponders: ring.ocspResponders }],
    timeStampingAuthorities: ring.timeStampingAuthorities,
    namesTrustServices: true,
    certificates: ring.certificates,
    members: rows.map((row) => ({ id: `GOV/${row}`, name: `Member ${row}`, subsystems: ['sub'] })),
    globalGroups: {},
    servers: rows.map((row) => ({
      ...server,
      id: `ss${row}`,
      owner: `GOV/${row}`,
      subsystems: [`GOV/${row}/sub`],
    })),
  };
}

export interface BenchState extends TrustWorld {
  nowUs: number;
  readonly timers: EventQueue;
}

/** One exchange for each flow, in the slot of the flow's number. */
function stateOf(plan: Plan): BenchState {
  const { flows, routes, candidates, servers } = plan;
  const count = flows.route.length;
  const candidate = flows.route.map((route) => routes.candidateFrom[route]);
  return {
    plan,
    nowUs: 0,
    timers: new EventQueue(),
    isUp: new Uint8Array(servers.id.length).fill(1),
    table: {
      flow: flows.route.map((_, flow) => flow),
      candidate,
      clientServer: flows.route.map((route) => routes.server[route]),
      providerServer: candidate.map((row) => candidates.server[row]),
      requestInUs: new Float64Array(count),
      providerRequestInUs: new Float64Array(count),
      generation: new Int32Array(count),
      stage: new Uint8Array(2 * count),
    },
  };
}

export class TrustBench {
  readonly plan: Plan;
  readonly state: BenchState;
  readonly trust: Trust;
  readonly #actions: { readonly timeUs: number; readonly act: () => void }[] = [];

  /** `change`: what a document cannot say, or not without a whole incident. */
  constructor(document: Document, change: (plan: Plan) => Plan = (plan) => plan) {
    this.plan = change(planOf(document));
    this.state = stateOf(this.plan);
    this.trust = createTrust(this.state);
    this.trust.begin();
  }

  at(timeUs: number, act: () => void): void {
    this.#actions.push({ timeUs, act });
  }

  /** A change of the truth. */
  patch(timeUs: number, column: number, row: number, value: number): void {
    this.at(timeUs, () => assert(this.trust.patched(column, row, value), 'nobody took the patch'));
  }

  restart(timeUs: number, server: number, downUs = 1): void {
    this.at(timeUs, () => {
      this.state.isUp[server] = 0;
    });
    this.at(timeUs + downUs, () => {
      this.state.isUp[server] = 1;
      this.trust.restarted(server);
    });
  }

  /** Every server logs a record of its own message now and then, so that something waits. */
  keepBusy(everyUs: number, untilUs: number): void {
    for (let timeUs = 0; timeUs < untilUs; timeUs += everyUs) this.at(timeUs, () => this.logAll());
  }

  logAll(): void {
    for (let slot = 0; slot < this.plan.servers.id.length; slot++) {
      this.state.table.requestInUs[slot] = this.state.nowUs;
      this.trust.logged(2 * slot);
    }
  }

  /** Runs all that is due; what was asked for at an instant comes before the jobs at it. */
  run(untilUs: number): void {
    const { state } = this;
    const { timers } = state;
    this.#actions.sort((a, b) => a.timeUs - b.timeUs);
    let next = 0;
    for (;;) {
      const actionUs = next < this.#actions.length ? this.#actions[next].timeUs : Infinity;
      const jobUs = timers.nextUs;
      if (Math.min(actionUs, jobUs) > untilUs) break;
      state.nowUs = Math.min(actionUs, jobUs);
      if (actionUs <= jobUs) {
        this.#actions[next++].act();
      } else {
        timers.next();
        this.trust.dispatch(timers.kind, timers.a, timers.b);
      }
    }
    this.#actions.splice(0, next);
    state.nowUs = untilUs;
  }
}
