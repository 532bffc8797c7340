/** The information systems of a scenario: those that answer, and those that only would. */
import { assert } from '../base/assert.ts';
import { Purpose } from '../base/random.ts';
import type { Document, ServiceDocument, SystemDocument } from '../plan/document.ts';
import type { Endpoint } from './loopback.ts';
import { describeServices } from './metadata/described-service.ts';
import type { MetadataAnswer } from './metadata/list-clients.ts';
import { writeOpenApi, writeWsdl } from './metadata/written-description.ts';
import { Provider } from './provider.ts';
import type { Sampler } from './sampling.ts';

/** Nothing listens on it: who is down refuses connections. */
export const CLOSED_PORT = 1;

export class InformationSystems {
  readonly #document: Document;
  readonly #samplerOf: (name: string) => Sampler;
  readonly #providers = new Map<string, Provider>();
  readonly #endpoints = new Map<string, Endpoint>();

  constructor(document: Document, samplerOf: (name: string) => Sampler) {
    this.#document = document;
    this.#samplerOf = samplerOf;
  }

  async start(nextAddress: () => string): Promise<void> {
    for (const system of this.#document.systems) await this.#start(system, nextAddress);
  }

  /** Where one listens, or would. */
  endpointOf(id: string): Endpoint {
    const endpoint = this.#endpoints.get(id);
    assert(endpoint !== undefined, `no information system is called ${id}`);
    return endpoint;
  }

  provider(id: string): Provider {
    const found = this.#providers.get(id);
    assert(found !== undefined, `no information system runs as ${id}`);
    return found;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#providers.values()].map((provider) => provider.stop()));
  }

  async #start(system: SystemDocument, nextAddress: () => string): Promise<void> {
    const { id, state } = system;
    const own = this.#document.services.filter((service) => service.system === id);
    const sampler = this.#samplerOf(`system ${id}`);
    if (state === 'refusing') {
      this.#endpoints.set(id, { address: nextAddress(), port: CLOSED_PORT });
      return;
    }
    if (state === 'unknown-host') {
      this.#endpoints.set(id, { address: `${id}.invalid`, port: 80 });
      return;
    }
    const serviceOf = (code: string) => own.find((one) => one.id.split('/')[4] === code);
    const options = {
      capacity: system.capacity,
      serviceTimeMs: (code: string) => {
        const serviceTime = serviceOf(code)?.serviceTime ?? system.serviceTime;
        return sampler.next(serviceTime, Purpose.ServiceTime) / 1000;
      },
      answerOf: (code: string) => {
        const service = serviceOf(code);
        if (service === undefined) return null;
        const bytes = Math.round(sampler.next(service.responseSize, Purpose.ResponseSize));
        return { status: service.status, bytes, isSoap: service.type === 'soap' };
      },
      describe: (code: string, address: string) => {
        const service = serviceOf(code);
        return service === undefined ? null : describe(service, address);
      },
    };
    const provider = new Provider(options, state === 'hung');
    this.#providers.set(id, provider);
    this.#endpoints.set(id, await provider.start({ address: nextAddress(), port: 0 }));
  }
}

/** REST services are described by OpenAPI, others by WSDL. */
function describe(service: ServiceDocument, address: string): MetadataAnswer {
  const [described] = describeServices({
    services: new Map([[service.id, service]]),
    instances: new Map(),
  });
  return service.type === 'soap'
    ? { contentType: 'text/xml; charset=UTF-8', body: writeWsdl(described, address) }
    : { contentType: 'application/json', body: writeOpenApi(described, address) };
}
