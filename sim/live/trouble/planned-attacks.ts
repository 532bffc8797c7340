/**
 * The attacks of a compiled scenario: its sources of floods, begun and ended at their instants on
 * the network's clock. Their rates are of the wall, as all that the message path does.
 */
import { AttackKind } from '../../plan/plan.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Endpoint } from '../loopback.ts';
import type { NetworkClock } from '../network-clock.ts';
import { sayNothing, sendBytes } from './attack-acts.ts';
import { startAttack } from './attacks.ts';
import type { Attack, AttackCounts, AttackEnd, AttackSetUp } from './attacks.ts';

export interface AttackWiring {
  /** Where a server listens for other servers, by row of the plan's servers. */
  messagesEndpoint(server: number): Endpoint;
  /** The address of a server, from which a flood of a known partner comes. */
  addressOf(server: number): string;
  /** Addresses that no configuration knows. */
  readonly unknownAddresses: readonly string[];
  /** The request of a flow, whole, and where its client calls. */
  requestOf(flow: number): { readonly endpoint: Endpoint; readonly bytes: Buffer };
  /** Connections of one attack at once. */
  readonly socketsMax: number;
  /** Told of each connection of a source at its end. */
  noted(source: number, beganMs: number, end: AttackEnd): void;
}

export type AttackingPlan = Pick<Plan, 'sources' | 'rates'>;

/** One source of an attack, and what came of it. */
export interface AttackOutcome {
  /** `INCIDENT/SERVER`. */
  readonly id: string;
  readonly counts: AttackCounts;
}

export class PlannedAttacks {
  readonly #plan: AttackingPlan;
  readonly #wiring: AttackWiring;
  readonly #clock: NetworkClock;
  readonly #running = new Map<number, Attack>();
  readonly #alarms = new Set<() => void>();
  readonly #counts = new Map<number, AttackCounts>();
  /** Ends that are under way. */
  readonly #ends = new Set<Promise<void>>();

  constructor(plan: AttackingPlan, wiring: AttackWiring, clock: NetworkClock) {
    this.#plan = plan;
    this.#wiring = wiring;
    this.#clock = clock;
  }

  /** The run begins so long from now, on the network's clock. */
  start(leadMs = 0): void {
    const { sources } = this.#plan;
    sources.attack.forEach((kind, source) => {
      if (kind === AttackKind.None) return;
      const { startUs, stopUs } = sources;
      const note = (beganMs: number, end: AttackEnd): void =>
        this.#wiring.noted(source, beganMs, end);
      this.#after(startUs[source] / 1000 + leadMs, () => {
        this.#running.set(source, startAttack(this.#setUpOf(source), note));
      });
      if (stopUs[source] < Infinity) {
        this.#after(stopUs[source] / 1000 + leadMs, () => this.#end(source));
      }
    });
  }

  /** Ends what still runs; what came of all attacks that began, in the plan's order. */
  async stop(): Promise<readonly AttackOutcome[]> {
    for (const cancel of this.#alarms) cancel();
    this.#alarms.clear();
    for (const source of this.#running.keys()) this.#end(source);
    await Promise.all(this.#ends);
    const { id } = this.#plan.sources;
    const ended = [...this.#counts].toSorted(([one], [other]) => one - other);
    return ended.map(([source, counts]) => ({ id: id[source], counts }));
  }

  #after(networkMs: number, act: () => void): void {
    const cancel = this.#clock.after(networkMs, () => {
      this.#alarms.delete(cancel);
      act();
    });
    this.#alarms.add(cancel);
  }

  #end(source: number): void {
    const attack = this.#running.get(source);
    if (attack === undefined) return;
    this.#running.delete(source);
    const ended = attack.stop().then((counts) => {
      this.#counts.set(source, counts);
      this.#ends.delete(ended);
    });
    this.#ends.add(ended);
  }

  #setUpOf(source: number): AttackSetUp {
    const { sources, rates } = this.#plan;
    const { socketsMax, unknownAddresses } = this.#wiring;
    // An attack's rate is one number (scenario/compile-incidents.ts), so its first point says all.
    const rate = rates.rate[rates.pointFrom[sources.rate[source]]];
    const ratePerSecond = rate * sources.rateFactor[source];
    if (sources.attack[source] === AttackKind.Connections) {
      const partner = sources.partner[source];
      const endpoint = this.#wiring.messagesEndpoint(sources.target[source]);
      const from = partner === -1 ? unknownAddresses : [this.#wiring.addressOf(partner)];
      return { target: { endpoint, tls: null }, from, ratePerSecond, socketsMax, act: sayNothing };
    }
    const { endpoint, bytes } = this.#wiring.requestOf(sources.flowFrom[source]);
    const target = { endpoint, tls: null };
    return { target, from: unknownAddresses, ratePerSecond, socketsMax, act: sendBytes(bytes) };
  }
}
