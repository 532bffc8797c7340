/**
 * The incidents of a run, begun with its first instant and undone at its end, and what came of its
 * attacks. The plan here is the scenario's own, in times of the network; what is handed over is in
 * those of the run.
 */
import { drawValue } from '../base/distribution/table.ts';
import type { Plan } from '../plan/plan.ts';
import type { AttackRow } from './load/attack-log.ts';
import { monotonicUs } from './load/run-clock.ts';
import type { Endpoint } from './loopback.ts';
import type { LiveNetwork } from './network.ts';
import type { PlannedLinks } from './shaper/planned-links.ts';
import { PatchDriver } from './trouble/patches.ts';
import { PlannedAttacks } from './trouble/planned-attacks.ts';
import { troubledOf } from './troubled.ts';

/** Connections of one attack at once. */
const SOCKETS_MAX = 4096;
/** Of no server here: the lab's own are in 127.77.0.0/16. */
const UNKNOWN_ADDRESSES = Array.from({ length: 20 }, (_, index) => `127.66.1.${index + 1}`);
const US_PER_MS = 1000;

export class RunTroubles {
  readonly #driver: PatchDriver;
  readonly #attacks: PlannedAttacks;
  readonly #rows: AttackRow[] = [];
  #startUs = 0;

  constructor(plan: Plan, network: LiveNetwork, links: PlannedLinks) {
    const { clock } = network;
    const troubled = troubledOf(plan, { network, shaper: links.shaper });
    this.#driver = new PatchDriver(plan, troubled, clock);
    // The clock of `performance.now`, by which connections are noted, begins at another instant.
    const offsetUs = monotonicUs() - performance.now() * US_PER_MS;
    const wiring = {
      messagesEndpoint: (row: number) => network.endpointsOf(plan.servers.id[row]).messages,
      addressOf: (row: number) => network.endpointsOf(plan.servers.id[row]).messages.address,
      unknownAddresses: UNKNOWN_ADDRESSES,
      requestOf: (flow: number) => attackRequest(plan, network, flow),
      socketsMax: SOCKETS_MAX,
      noted: (source: number, beganMs: number, end: AttackRow['end']): void => {
        const beganUs = Math.max(0, beganMs * US_PER_MS + offsetUs - this.#startUs);
        this.#rows.push({ source, beganUs, end });
      },
    };
    this.#attacks = new PlannedAttacks(plan, wiring, clock);
  }

  /** The run begins at an instant soon to come; what is wrong from then on is so when done. */
  async start(startUs: number, leadNetworkMs: number): Promise<void> {
    this.#startUs = startUs;
    this.#attacks.start(leadNetworkMs);
    await this.#driver.start(leadNetworkMs);
  }

  /** All of it has ended; the connections of attacks that there were. */
  async stop(): Promise<readonly AttackRow[]> {
    await this.#attacks.stop();
    await this.#driver.stop();
    return this.#rows;
  }
}

/** A whole request of a flood, as an information system's. */
function attackRequest(
  { flows, services, routes, servers, distributions }: Plan,
  network: LiveNetwork,
  flow: number,
): { readonly endpoint: Endpoint; readonly bytes: Buffer } {
  const { client: endpoint } = network.endpointsOf(servers.id[routes.server[flows.route[flow]]]);
  const { kind, a, b, values } = distributions;
  const size = flows.requestSize[flow];
  const bytes = Math.round(drawValue(kind[size], a[size], b[size], values, 0.5));
  const path = services.id[flows.service[flow]].split('/').map((part) => encodeURIComponent(part));
  const head = [
    `POST /r1/${path.join('/')} HTTP/1.1`,
    `host: ${endpoint.address}`,
    `x-road-client: ${flows.client[flow]}`,
    'connection: close',
    `content-length: ${bytes}`,
    '\r\n',
  ];
  return {
    endpoint,
    bytes: Buffer.concat([Buffer.from(head.join('\r\n')), Buffer.alloc(bytes, 'q')]),
  };
}
