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
import { allOf } from './all-of.ts';
import { callFrom } from './caller.ts';
import type { CallOptions, LiveAnswer } from './caller.ts';
import { startClientProxy } from './client-proxy.ts';
import type { KnownServer } from './configuration.ts';
import { applyCondition, parametersOf, whatCannotRun } from './disorder.ts';
import { CLOSED_PORT, InformationSystems } from './information-systems.ts';
import type { InstanceServices, Registration } from './instance-services.ts';
import { keyKindOf } from './instance-shape.ts';
import { connectTcp } from './loopback.ts';
import type { Endpoint, Listener } from './loopback.ts';
import { gateOf } from './message-gate.ts';
import { REAL_TIME } from './network-clock.ts';
import type { NetworkClock } from './network-clock.ts';
import { NetworkServices } from './network-services.ts';
import { answeredAuthoritiesOf } from './pki/instance-pki.ts';
import type { InstancePki } from './pki/instance-pki.ts';
import type { CertifiedKey } from './pki/keys.ts';
import type { Provider } from './provider.ts';
import { Sabotage } from './sabotage.ts';
import { Sampler } from './sampling.ts';
import { SecurityServer } from './security-server.ts';
import { startServerProxy } from './server-proxy.ts';
import { spreadPhases } from './server-trust.ts';
import type { JobPhases } from './server-trust.ts';
import { createView } from './server-view.ts';
import type { Links } from './shaper/planned-links.ts';
import { DirectOcsp } from './signing/direct-ocsp.ts';
import { Transcripts } from './transcript.ts';
import type { TranscriptRow } from './transcript.ts';
import { ServerClock } from './trust-jobs/server-clock.ts';
import { SoftToken, throughStore, TOKEN_PIN } from './trust-jobs/soft-token.ts';
import { STALE_MS, Trust } from './trust.ts';
import type { AntiDosGate } from './trouble/anti-dos-gate.ts';

export interface NetworkOptions {
  /** Folder for the message logs; it exists, and is the caller's to remove. */
  readonly directory: string;
  /** Ports of both proxies on every server's address; null: any free ones. */
  readonly ports: { readonly client: number; readonly messages: number } | null;
  /** Keys to use again; null: new ones. */
  readonly trust: Trust | null;
  /** REST messages go to services that speak SOAP, to be refused; else SOAP does. */
  readonly allowsRestToSoap: boolean;
  /** Of all that has to do with trust; without it the wall's. */
  readonly clock?: NetworkClock;
  /** Keys, tokens and authorities stay in it for the next start; without it they die. */
  readonly keyFolder?: string;
  /** How servers get to each other; without it over the plain loopback. */
  readonly links?: Links;
  /** Somebody drives the incidents; without it who crashes at once is down, and nobody else. */
  readonly isDriven?: boolean;
  /** When the jobs of a server are due first; without it they are spread evenly. */
  readonly phasesOf?: (server: string) => JobPhases;
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
  const missing = whatCannotRun(document, options.allowsRestToSoap, options.isDriven === true);
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
  readonly authentication: CertifiedKey;
  /** As the configuration of its instance will tell others. */
  readonly known: Omit<KnownServer, 'certificateHash'>;
  clientEndpoint: Endpoint;
  /** In front of its port for messages. */
  readonly gate: AntiDosGate;
  /** Of both proxies, while it runs. */
  readonly listeners: Listener[];
}

/** Of X-Road, where nothing is said about ports (facts 12.1); health as the manual suggests. */
const MESSAGE_PORT = 5500;
const OCSP_PORT = 5577;
const HEALTH_PORT = 5588;

export class LiveNetwork {
  readonly clock: NetworkClock;
  readonly #document: Document;
  readonly #options: NetworkOptions;
  readonly #trust: Trust;
  readonly #standing = new Map<string, Standing>();
  readonly #systems: InformationSystems;
  readonly #sabotage = new Sabotage();
  readonly #transcripts = new Transcripts();
  readonly #samplers = new Map<string, Sampler>();
  #services: NetworkServices | null = null;
  #failure: Error | null = null;
  #addressCount = 0;

  constructor(document: Document, options: NetworkOptions) {
    this.#document = document;
    this.#options = options;
    this.clock = options.clock ?? REAL_TIME;
    this.#trust = options.trust ?? new Trust(options.keyFolder ?? null);
    this.#systems = new InformationSystems(document, (name) => this.#samplerOf(name));
  }

  async start(): Promise<void> {
    const nextAddress = (): string => this.#nextAddress();
    await this.#systems.start(nextAddress);
    const servers = Object.entries(this.#document.instances).flatMap(([id, instance]) =>
      instance.servers.map((server) => ({ id, instance, server, address: nextAddress() })),
    );
    this.#services = new NetworkServices({
      document: this.#document,
      trust: this.#trust,
      clock: this.clock,
      hasFixedPorts: this.#options.ports !== null,
      nextAddress,
    });
    await this.#services.prepareKeys();
    servers.forEach(({ id, instance, server, address }, index) =>
      this.#build(id, instance, server, address, (index + 1) / servers.length),
    );
    const running = [...this.#standing.values()].filter(({ known }) => !this.#isDown(known.id));
    await allOf(running.map((standing) => this.#listen(standing)));
    // Somebody may end the process without a word.
    this.#services.save();
    await this.#services.start((instance) => this.#registrationsOf(instance));
    await allOf(running.map((standing) => this.#startTrust(standing)));
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
      isSoap: this.isSoap(workload),
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

  /** Drops what is kept for `transcriptOf`; throws if a leg has ended in a mistake of our own. */
  forgetPast(): void {
    if (this.#failure !== null) throw this.#failure;
    this.#transcripts.clear();
  }

  /** A server by `INSTANCE/CLASS/CODE/SERVER` or `INSTANCE/SERVER`. */
  server(name: string): SecurityServer {
    return this.#find(name).server;
  }

  /** The central servers, responders and time-stamping authorities of an instance. */
  services(instance: string): InstanceServices {
    assert(this.#services !== null, 'the network has not been started');
    return this.#services.of(instance);
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

  /** How the client of a workload calls. */
  isSoap({ services }: WorkloadDocument): boolean {
    if (this.#options.allowsRestToSoap) return false;
    const [{ service }] = services;
    return this.#document.services.some(({ id, type }) => id === service && type === 'soap');
  }

  /** Where an information system listens, or would. */
  systemEndpoint(id: string): Endpoint {
    return this.#systems.endpointOf(id);
  }

  provider(system: string): Provider {
    return this.#systems.provider(system);
  }

  /** A server dies, with its ports and all that was under way; what is on disk stays. */
  async powerOff(name: string): Promise<void> {
    const { server, listeners } = this.#find(name);
    // The legs die first, or they would take what closes for their peers' doing.
    const dying = server.die();
    await Promise.all([dying, ...listeners.splice(0).map((listener) => listener.close())]);
  }

  isOn(name: string): boolean {
    return this.#find(name).listeners.length > 0;
  }

  /** It is back on its ports; `pin` null: its token waits for somebody. */
  async powerOn(name: string, pin: string | null): Promise<void> {
    const standing = this.#find(name);
    await standing.server.revive(pin);
    await this.#open(standing, standing.clientEndpoint, standing.known.endpoint);
  }

  /** The gate in front of a server's port for messages. */
  gateOf(name: string): AntiDosGate {
    return this.#find(name).gate;
  }

  async stop(): Promise<void> {
    const standing = [...this.#standing.values()];
    await Promise.all(standing.flatMap((one) => one.listeners.map((listener) => listener.close())));
    await this.#options.links?.close();
    await this.#systems.stop();
    for (const { server } of standing) {
      await server.settled();
      await server.stop();
    }
    await this.#services?.stop();
  }

  /** Keys, certificates, signer and message log of one server. */
  #build(
    instanceId: string,
    instance: InstanceDocument,
    document: ServerDocument,
    address: string,
    phaseShare: number,
  ): void {
    assert(this.#services !== null, 'keys come from the services of the instance');
    const id = `${instanceId}/${document.owner}/${document.id}`;
    const parameters = parametersOf(instance, document);
    const pki = this.#services.pkiOf(instanceId, keyKindOf(parameters));
    const token = new SoftToken(TOKEN_PIN);
    const nameOf = (member: string): string =>
      instance.members.find((one) => `${instanceId}/${one.id}` === member)?.name ?? member;
    const owner = `${instanceId}/${document.owner}`;
    const authentication = this.#keep(token, pki, id, pki.authenticationOf(id, nameOf(owner)));
    const subsystems = document.subsystems.map((name) => `${instanceId}/${name}`);
    const endpointOf = (system: string): Endpoint => this.#systems.endpointOf(system);
    const setUp = { id, server: document, parameters, authentication, endpointOf };
    const view = createView(this.#document, setUp);
    const folder = join(this.#options.directory, id.replaceAll('/', '-'));
    const clock = new ServerClock(this.clock);
    const { links } = this.#options;
    const server = new SecurityServer({
      view,
      logPath: `${folder}.sqlite`,
      sabotage: this.#sabotage,
      impostor: () => pki.signingOf(`${instanceId}/NEE/impostor`, document.id, 'Impostor'),
      clock,
      trust: {
        token,
        folder,
        messagePort: this.#options.ports?.messages ?? MESSAGE_PORT,
        phases: this.#options.phasesOf?.(id) ?? spreadPhases(view, phaseShare),
        allowedFederations: this.#services.federatedWith(instanceId),
        ocspEndpointOf: (other) =>
          this.#standing.get(other.id)?.server.trust.ocspPort ?? {
            address: other.endpoint.address,
            port: OCSP_PORT,
          },
      },
      ocsp: directOcsp(pki, clock, 0),
      staleOcsp: directOcsp(pki, clock, STALE_MS),
      dial: (to) => links?.connect({ id, address }, to) ?? connectTcp(to.endpoint),
      transcripts: this.#transcripts,
      crashed: (error) => {
        this.#failure ??= error instanceof Error ? error : new Error(String(error));
      },
    });
    for (const member of new Set(subsystems.map((name) => name.split('/').slice(0, 3).join('/')))) {
      const key = pki.signingOf(member, document.id, nameOf(member));
      server.addMember(member, this.#keep(token, pki, id, key));
    }
    this.#standing.set(id, {
      document,
      instance: instanceId,
      server,
      authentication,
      gate: gateOf(server),
      listeners: [],
      known: {
        id,
        clients: new Set(subsystems),
        inMaintenance: document.maintenance,
        endpoint: { address, port: CLOSED_PORT },
      },
      clientEndpoint: { address, port: CLOSED_PORT },
    });
  }

  /** Onto the token of a server; by way of a store on disk where keys are kept at all. */
  #keep(token: SoftToken, pki: InstancePki, id: string, key: CertifiedKey): CertifiedKey {
    const chain = pki.issuing === pki.root ? [] : [pki.issuing.key.certificateDer];
    const { keyFolder } = this.#options;
    const folder =
      keyFolder === undefined ? null : join(keyFolder, 'tokens', id.replaceAll('/', '-'));
    const entry =
      folder === null ? { key, chain } : throughStore(folder, { key, chain }, TOKEN_PIN);
    token.add(entry);
    return entry.key;
  }

  #registrationsOf(instance: string): Registration[] {
    return [...this.#standing.values()]
      .filter((standing) => standing.instance === instance)
      .map(({ known, authentication }) => ({
        id: known.id,
        address: addressOf(known.endpoint),
        certificateDer: authentication.certificateDer,
        clients: [...known.clients],
        inMaintenance: known.inMaintenance,
      }));
  }

  async #startTrust({ server, instance }: Standing): Promise<void> {
    const services = this.services(instance);
    const urls = [...services.timeStampers.values()].map(({ url }) => url);
    server.view.timeStamping.authorities.push(...urls);
    await server.trust.start(services.anchor('internal'));
  }

  async #listen(standing: Standing): Promise<void> {
    const { server, known } = standing;
    const { address } = known.endpoint;
    const { ports } = this.#options;
    const at = (port: number): Endpoint => ({ address, port: ports === null ? 0 : port });
    await this.#open(standing, at(ports?.client ?? 0), at(ports?.messages ?? 0));
    await server.trust.listen(at(OCSP_PORT), at(HEALTH_PORT));
  }

  async #open(standing: Standing, clientAt: Endpoint, messagesAt: Endpoint): Promise<void> {
    const { server, known, gate, listeners } = standing;
    const client = await startClientProxy(server, clientAt);
    listeners.push(client);
    const messages = await startServerProxy(server, messagesAt, gate);
    listeners.push(messages);
    standing.clientEndpoint = { address: client.address, port: client.port };
    known.endpoint = { address: messages.address, port: messages.port };
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
    if (this.#options.isDriven === true) return false;
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

function directOcsp(pki: InstancePki, clock: NetworkClock, ageMs: number): DirectOcsp {
  const ocsp = new DirectOcsp(clock, ageMs);
  for (const answered of answeredAuthoritiesOf(pki)) ocsp.add(answered);
  return ocsp;
}

/** As it stands in the shared parameters: X-Road knows one port for messages, and names none. */
const addressOf = ({ address, port }: Endpoint): string =>
  port === MESSAGE_PORT ? address : `${address}:${port}`;
