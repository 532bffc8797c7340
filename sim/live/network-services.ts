/**
 * The trust services of all instances of a network, and who is federated with whom. Their keys are
 * there before anything listens, because security servers are registered with their certificates.
 */
import { assert } from '../base/assert.ts';
import type { Document, InstanceDocument } from '../plan/document.ts';
import { allOf } from './all-of.ts';
import { keysMissing, pkiShapeOf } from './instance-shape.ts';
import { InstanceServices, respondersOf } from './instance-services.ts';
import type { Registration, ServicePlaces } from './instance-services.ts';
import type { Endpoint } from './loopback.ts';
import type { NetworkClock } from './network-clock.ts';
import type { InstancePki } from './pki/instance-pki.ts';
import type { KeyKind } from './pki/keys.ts';
import type { Trust } from './trust.ts';

export interface NetworkServicesSetUp {
  readonly document: Document;
  readonly trust: Trust;
  readonly clock: NetworkClock;
  /** False: any free ports, on which nobody could be told beforehand to ask. */
  readonly hasFixedPorts: boolean;
  readonly nextAddress: () => string;
}

/** Above 1024, so that nobody needs a privilege; the last two as in X-Road's own test network. */
const PORTS = { central: 8090, responders: 8888, timeStampers: 8899 } as const;

export class NetworkServices {
  readonly #setUp: NetworkServicesSetUp;
  readonly #places = new Map<string, ServicePlaces>();
  readonly #started = new Map<string, InstanceServices>();

  constructor(setUp: NetworkServicesSetUp) {
    this.#setUp = setUp;
    for (const [id, instance] of this.#instances()) this.#places.set(id, this.#placesOf(instance));
  }

  /** Makes all keys that will be asked for, side by side. */
  async prepareKeys(): Promise<void> {
    const { trust, clock, document } = this.#setUp;
    const missing = keysMissing(document, (id) => this.#shapeOf(id), trust, clock);
    for (const [kind, count] of missing) await trust.prepare(kind, count);
  }

  /** `kind`: of the keys of a server, where they are of another kind than its instance's. */
  pkiOf(id: string, kind: KeyKind | null): InstancePki {
    const { trust, clock } = this.#setUp;
    return trust.pkiOf(this.#shapeOf(id), clock, kind);
  }

  /** All of them listen, and publish who is registered, and whom they are federated with. */
  async start(registrationsOf: (instance: string) => readonly Registration[]): Promise<void> {
    const { clock, trust } = this.#setUp;
    const starting = this.#instances().map(async ([id, document]) => {
      const setUp = {
        id,
        document,
        pki: this.pkiOf(id, null),
        clock,
        keyOf: trust.keyOf.bind(trust),
        places: this.#placesIn(id),
      };
      this.#started.set(id, await InstanceServices.start(setUp, registrationsOf(id)));
    });
    await allOf(starting);
    for (const [id, services] of this.#started) {
      const anchors = this.federatedWith(id).map((one) => this.of(one).anchor('external'));
      if (anchors.length === 0) continue;
      services.change({ anchors });
      services.publish();
    }
  }

  of(id: string): InstanceServices {
    const found = this.#started.get(id);
    assert(found !== undefined, `no services run for an instance ${id}`);
    return found;
  }

  federatedWith(id: string): readonly string[] {
    const pairs = this.#setUp.document.federation.filter((pair) => pair.includes(id));
    return [...new Set(pairs.flat().filter((one) => one !== id))];
  }

  /** What has been issued and revoked until now stays for the next start, where keys do. */
  save(): void {
    const { trust, clock } = this.#setUp;
    for (const [id] of this.#instances()) trust.save(this.#shapeOf(id), clock);
  }

  async stop(): Promise<void> {
    this.save();
    await Promise.all([...this.#started.values()].map((services) => services.stop()));
  }

  #instances(): [string, InstanceDocument][] {
    return Object.entries(this.#setUp.document.instances);
  }

  #shapeOf(id: string) {
    const document = this.#setUp.document.instances[id];
    const [first] = this.#placesIn(id).responders;
    const isKnown = this.#setUp.hasFixedPorts && first !== undefined;
    return pkiShapeOf(id, document, isKnown ? `http://${first.address}:${first.port}/` : null);
  }

  #placesIn(id: string): ServicePlaces {
    const places = this.#places.get(id);
    assert(places !== undefined, `no instance is called ${id}`);
    return places;
  }

  #placesOf(document: InstanceDocument): ServicePlaces {
    const { hasFixedPorts, nextAddress } = this.#setUp;
    const placesFor = (services: readonly unknown[], port: number): Endpoint[] =>
      services.map(() => ({ address: nextAddress(), port: hasFixedPorts ? port : 0 }));
    return {
      central: placesFor(document.centralServers, PORTS.central),
      responders: placesFor(respondersOf(document), PORTS.responders),
      timeStampers: placesFor(document.timeStampingAuthorities, PORTS.timeStampers),
    };
  }
}
