/**
 * The live network of a scenario: authorities, security servers and information systems on this
 * machine's loopback, each server on an address of its own, and the information systems of the
 * consumers, who call.
 */
import { join } from 'node:path';
import { platform } from 'node:os';
import { Purpose } from '../base/random.ts';
import { assert } from '../base/assert.ts';
import type {
  Document,
  InstanceDocument,
  ServerDocument,
  WorkloadDocument,
} from '../plan/document.ts';
import type { ParameterValues } from '../plan/profile.ts';
import { callFrom } from './caller.ts';
import type { CallOptions, LiveAnswer } from './caller.ts';
import { startClientProxy } from './client-proxy.ts';
import type { KnownInstance, KnownServer, ServerView } from './configuration.ts';
import { applyCondition, keyBitsOf, parametersOf, whatCannotRun } from './disorder.ts';
import type { Endpoint, Listener } from './loopback.ts';
import { Provider } from './provider.ts';
import { Sabotage } from './sabotage.ts';
import { Sampler } from './sampling.ts';
import { SecurityServer } from './security-server.ts';
import { startServerProxy } from './server-proxy.ts';
import { Transcripts } from './transcript.ts';
import type { TranscriptRow } from './transcript.ts';
import { derOf, hashOfCertificate, Trust } from './trust.ts';
import type { Certified } from './trust.ts';

export interface NetworkOptions {
  /** Folder for the message logs; it exists, and is the caller's to remove. */
  readonly directory: string;
  /** Ports of both proxies on every server's address; null: any free ones. */
  readonly ports: { readonly client: number; readonly messages: number } | null;
  /** Keys to use again; null: new ones. */
  readonly trust: Trust | null;
  /** A REST message goes to a service that speaks SOAP, to be refused; else the scenario is. */
  readonly allowsRestToSoap: boolean;
}

export class CannotRunError extends Error {
  override name = 'CannotRunError';

  constructor(missing: readonly string[]) {
    super(`the live network cannot run this scenario: ${missing.join('; ')}`);
  }
}

export async function startNetwork(
  document: Document,
  options: NetworkOptions,
): Promise<LiveNetwork> {
  const missing = whatCannotRun(document, options.allowsRestToSoap);
  if (missing.length > 0) throw new CannotRunError(missing);
  const network = new LiveNetwork(document, options);
  try {
    await network.start();
  } catch (error) {
    await network.stop();
    throw error;
  }
  return network;
}

interface Standing {
  readonly document: ServerDocument;
  readonly instance: string;
  readonly server: SecurityServer;
  readonly authentication: Certified;
  readonly known: KnownServer;
  clientEndpoint: Endpoint;
}

/** Nothing listens on it: a server that is down refuses connections. */
const CLOSED_PORT = 1;

export class LiveNetwork {
  readonly #document: Document;
  readonly #options: NetworkOptions;
  readonly #trust: Trust;
  readonly #standing = new Map<string, Standing>();
  readonly #providers = new Map<string, Provider>();
  readonly #systemEndpoints = new Map<string, Endpoint>();
  readonly #listeners: Listener[] = [];
  readonly #sabotage = new Sabotage();
  readonly #transcripts = new Transcripts();
  readonly #samplers = new Map<string, Sampler>();
  #failure: Error | null = null;
  #addressCount = 0;

  constructor(document: Document, options: NetworkOptions) {
    this.#document = document;
    this.#options = options;
    this.#trust = options.trust ?? new Trust();
  }

  async start(): Promise<void> {
    const { instances, systems } = this.#document;
    for (const { id } of systems) await this.#startSystem(id);
    for (const [id, instance] of Object.entries(instances)) {
      for (const server of instance.servers) this.#build(id, instance, server);
    }
    this.#configure();
    for (const [id, standing] of this.#standing) {
      if (!this.#isDown(id)) await this.#listen(standing);
    }
    for (const { document, server } of this.#standing.values()) {
      for (const name of document.conditions) {
        applyCondition(name, { server, trust: this.#trust });
      }
    }
    this.#applyDefects();
  }

  /** Sends one call of a workload and waits for its answer. */
  call(workloadIndex: number, options: CallOptions): Promise<LiveAnswer> {
    const workload = this.#document.workloads[workloadIndex];
    const sampler = this.#samplerOf(`workload ${workload.id}`);
    return callFrom(workload, {
      endpoint: this.clientEndpointOf(workload),
      bytes: sampler.next(workload.requestSize, Purpose.RequestSize),
      sabotage: this.#sabotage,
      ...options,
    });
  }

  /** What both legs of a message did; waits until all legs that run have ended. */
  async transcriptOf(messageId: string): Promise<readonly TranscriptRow[]> {
    for (const { server } of this.#standing.values()) await server.settled();
    if (this.#failure !== null) throw this.#failure;
    this.#sabotage.forget(messageId);
    return this.#transcripts.take(messageId).rows;
  }

  /** A server by `INSTANCE/CLASS/CODE/SERVER` or `INSTANCE/SERVER`. */
  server(name: string): SecurityServer {
    return this.#find(name).server;
  }

  /** Where a server listens for information systems, and for other servers. */
  endpointsOf(name: string): { readonly client: Endpoint; readonly messages: Endpoint } {
    const { clientEndpoint, known } = this.#find(name);
    return { client: clientEndpoint, messages: known.endpoint };
  }

  /** Where the client of a workload calls. */
  clientEndpointOf({ server, client }: WorkloadDocument): Endpoint {
    return this.#find(server ?? this.#serverOf(client)).clientEndpoint;
  }

  /** Where an information system listens, or would. */
  systemEndpoint(id: string): Endpoint {
    return this.#endpointOf(id);
  }

  provider(system: string): Provider {
    const found = this.#providers.get(system);
    assert(found !== undefined, `no information system runs as ${system}`);
    return found;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.close()));
    await Promise.all([...this.#providers.values()].map((provider) => provider.stop()));
    for (const { server } of this.#standing.values()) {
      await server.settled();
      server.stop();
    }
  }

  async #startSystem(id: string): Promise<void> {
    const system = this.#document.systems.find((one) => one.id === id);
    assert(system !== undefined, `no information system is called ${id}`);
    const own = this.#document.services.filter((service) => service.system === id);
    const sampler = this.#samplerOf(`system ${id}`);
    if (system.state === 'refusing') {
      this.#systemEndpoints.set(id, { address: this.#nextAddress(), port: CLOSED_PORT });
      return;
    }
    if (system.state === 'unknown-host') {
      this.#systemEndpoints.set(id, { address: `${id}.invalid`, port: 80 });
      return;
    }
    const provider = new Provider({
      capacity: system.capacity,
      isHung: system.state === 'hung',
      serviceTimeMs: () => sampler.next(system.serviceTime, Purpose.ServiceTime) / 1000,
      answerOf: (code) => {
        const service = own.find((one) => one.id.split('/')[4] === code);
        if (service === undefined) return null;
        const bytes = Math.round(sampler.next(service.responseSize, Purpose.ResponseSize));
        return { status: service.status, bytes };
      },
    });
    this.#providers.set(id, provider);
    const at = { address: this.#nextAddress(), port: 0 };
    this.#systemEndpoints.set(id, await provider.start(at));
  }

  /** Keys, certificates, signer and message log of one server. */
  #build(instanceId: string, instance: InstanceDocument, document: ServerDocument): void {
    const id = `${instanceId}/${document.owner}/${document.id}`;
    const parameters = parametersOf(instance, document);
    const bits = keyBitsOf(parameters);
    const authentication = this.#trust.authenticationOf(id, bits);
    const subsystems = document.subsystems.map((name) => `${instanceId}/${name}`);
    const address = this.#nextAddress();
    const server = new SecurityServer({
      view: this.#viewOf(id, instance, document, parameters, authentication),
      logPath: join(this.#options.directory, `${id.replaceAll('/', '-')}.sqlite`),
      sabotage: this.#sabotage,
      impostor: () => this.#trust.signingOf(`${instanceId}/NEE/impostor`, id, bits),
      transcripts: this.#transcripts,
      crashed: (error) => {
        this.#failure ??= error instanceof Error ? error : new Error(String(error));
      },
    });
    for (const member of new Set(subsystems.map((name) => name.split('/').slice(0, 3).join('/')))) {
      server.addMember(member, this.#trust.signingOf(member, id, bits));
    }
    this.#standing.set(id, {
      document,
      instance: instanceId,
      server,
      authentication,
      known: {
        id,
        clients: new Set(subsystems),
        inMaintenance: document.maintenance,
        certificateHash: hashOfCertificate(derOf(authentication.certificatePem)),
        endpoint: { address, port: CLOSED_PORT },
      },
      clientEndpoint: { address, port: CLOSED_PORT },
    });
  }

  #viewOf(
    id: string,
    instance: InstanceDocument,
    document: ServerDocument,
    parameters: ParameterValues,
    authentication: Certified,
  ): ServerView {
    const instanceId = id.split('/')[0];
    const registered = new Set(document.subsystems.map((name) => `${instanceId}/${name}`));
    const own = this.#document.services.filter((service) =>
      registered.has(service.id.split('/').slice(0, 4).join('/')),
    );
    return {
      id,
      instance: instanceId,
      version: document.version,
      parameters,
      instances: new Map(),
      registered,
      connectionTypes: new Map(),
      services: new Map(own.map((service) => [service.id, service])),
      serviceUrls: new Map(
        own.map((service) => {
          const { address, port } = this.#endpointOf(service.system);
          const code = encodeURIComponent(service.id.split('/')[4]);
          const url = `http://${address}:${port}/${code}`;
          return [service.id, { good: url, missing: '', malformed: 'http//:' }[service.url]];
        }),
      ),
      authentication,
      timeStamping: {
        authorities: instance.timeStampingAuthorities.map(({ id }) => id),
        failingSinceMs: null,
      },
    };
  }

  /** Every server gets a copy of its own of each configuration that it may know. */
  #configure(): void {
    for (const { instance, server } of this.#standing.values()) {
      for (const id of Object.keys(this.#document.instances)) {
        const isKnown =
          id === instance ||
          this.#document.federation.some((pair) => pair.includes(id) && pair.includes(instance));
        if (isKnown) server.view.instances.set(id, this.#configurationOf(id, server.view));
      }
    }
  }

  #configurationOf(id: string, view: ServerView): KnownInstance {
    const { globalGroups } = this.#document.instances[id];
    const servers = [...this.#standing.values()].filter(({ instance }) => instance === id);
    return {
      id,
      expiresMs: Date.now() + Number(view.parameters.globalConfValidity) / 1000,
      authorityPem: this.#trust.authorityOf(id).certificatePem,
      servers: servers.map(({ known }) => known),
      globalGroups: new Map(
        Object.entries(globalGroups).map(([name, members]) => [`${id}/${name}`, new Set(members)]),
      ),
    };
  }

  async #listen(standing: Standing): Promise<void> {
    const { server, known, authentication } = standing;
    const { address } = known.endpoint;
    const { ports } = this.#options;
    const at = { address, port: ports?.client ?? 0 };
    const client = await startClientProxy(server, at);
    this.#listeners.push(client);
    const messages = await startServerProxy(server, authentication, {
      address,
      port: ports?.messages ?? 0,
    });
    this.#listeners.push(messages);
    standing.clientEndpoint = { address, port: client.port };
    known.endpoint = { address, port: messages.port };
  }

  /** Defects of messages that are in truth something about a server. */
  #applyDefects(): void {
    for (const { client, services, defects } of this.#document.workloads) {
      for (const { server } of this.#standing.values()) {
        if (defects.includes('client-not-authenticated')) {
          server.view.connectionTypes.set(client, 'SSLAUTH');
        }
        if (!defects.includes('provider-not-registered')) continue;
        for (const { service } of services) {
          server.view.registered.delete(service.split('/').slice(0, 4).join('/'));
        }
      }
    }
  }

  #isDown(id: string): boolean {
    return this.#document.incidents.some(
      ({ kind, targets }) =>
        kind === 'server-crash' &&
        targets.some((name) => typeof name === 'string' && this.#find(name).known.id === id),
    );
  }

  #find(name: string): Standing {
    const short = ({ known }: Standing): boolean => {
      const parts = known.id.split('/');
      return `${parts[0]}/${parts[3]}` === name;
    };
    const found = this.#standing.get(name) ?? [...this.#standing.values()].find(short);
    assert(found !== undefined, `no security server is called ${name}`);
    return found;
  }

  #serverOf(client: string): string {
    const found = [...this.#standing.values()].find(({ known }) => known.clients.has(client));
    assert(found !== undefined, `${client} is registered at no security server`);
    return found.known.id;
  }

  #endpointOf(system: string): Endpoint {
    const endpoint = this.#systemEndpoints.get(system);
    assert(endpoint !== undefined, `no information system is called ${system}`);
    return endpoint;
  }

  #samplerOf(name: string): Sampler {
    const known = this.#samplers.get(name);
    if (known !== undefined) return known;
    const made = new Sampler(this.#document.seed, name);
    this.#samplers.set(name, made);
    return made;
  }

  /** Linux answers on all of 127.0.0.0/8 without being asked; others on 127.0.0.1 alone. */
  #nextAddress(): string {
    this.#addressCount++;
    if (platform() !== 'linux') return '127.0.0.1';
    return `127.77.${Math.floor(this.#addressCount / 250)}.${1 + (this.#addressCount % 250)}`;
  }
}
