/**
 * One node of a central server: it generates the configuration of its instance every interval of
 * the network's clock, and serves the last that it could sign (facts 5.1 and 6).
 *
 * A generation that fails, as with a token that is logged out, changes nothing of what is served:
 * the old files stay until they have expired, and long after. That is why an outage of a central
 * server is not seen for as long as the validity lasts.
 */
import { listenHttp } from '../loopback.ts';
import type { Endpoint, HttpRequest, HttpResponse, Listener } from '../loopback.ts';
import type { NetworkClock } from '../network-clock.ts';
import type { ConfigurationAnchor } from './anchor.ts';
import { CONFIGURATION_VERSION, generateConfiguration } from './configuration-generator.ts';
import type { CentralState, Generation, SourceKind } from './configuration-generator.ts';
import type { ConfigurationSource } from './shared-parameters.ts';
import type { SigningKeys } from './signing-keys.ts';

export interface CentralServerOptions {
  readonly state: CentralState;
  readonly keys: SigningKeys;
  /** Port 0: any free one, which it then keeps. */
  readonly at: Endpoint;
  readonly clock: NetworkClock;
  /** Of the network: 60 s as shipped. */
  readonly generationIntervalMs: number;
}

export interface GenerationStatus {
  readonly atMs: number;
  /** Null: it went well. */
  readonly error: string | null;
}

/** Folders of older generations stay this long for clients that are in the middle (facts 6). */
const OLD_FILES_MS = 600_000;

const PATHS: Readonly<Record<SourceKind, string>> = {
  internal: '/internalconf',
  external: '/externalconf',
};

export class CentralServer {
  /** What the next generation publishes; an administrator changes it by putting another here. */
  state: CentralState;
  readonly keys: SigningKeys;
  /** Before each answer, in real time; null: it takes requests and never answers. */
  answerDelayMs: number | null = 0;
  readonly #clock: NetworkClock;
  readonly #intervalMs: number;
  readonly #generations: Generation[] = [];
  readonly #delayed = new Set<NodeJS.Timeout>();
  #at: Endpoint;
  #listener: Listener | null = null;
  #cancel: (() => void) | null = null;
  #peers: readonly CentralServer[] = [];
  #status: GenerationStatus | null = null;
  #serial = 0;

  constructor({ state, keys, at, clock, generationIntervalMs }: CentralServerOptions) {
    this.state = state;
    this.keys = keys;
    this.#at = at;
    this.#clock = clock;
    this.#intervalMs = generationIntervalMs;
  }

  get endpoint(): Endpoint {
    return this.#at;
  }

  /** Of the last generation; null: there was none. */
  get status(): GenerationStatus | null {
    return this.#status;
  }

  /** The other nodes of a cluster, whose addresses and keys clients are to know, too. */
  shareWith(peers: readonly CentralServer[]): void {
    this.#peers = peers;
  }

  /** Listens, generates at once and then every interval. */
  async start(): Promise<void> {
    if (this.#listener !== null) return;
    this.#listener = await listenHttp(this.#at, (request, response) => {
      this.#answer(request, response);
    });
    this.#at = { address: this.#listener.address, port: this.#listener.port };
    this.#run();
  }

  /** It is down: nobody is answered and nothing is generated. `start` brings it back. */
  async stop(): Promise<void> {
    this.#cancel?.();
    this.#cancel = null;
    for (const timer of this.#delayed) clearTimeout(timer);
    this.#delayed.clear();
    const listener = this.#listener;
    this.#listener = null;
    await listener?.close();
  }

  /** One generation outside of the schedule. */
  generate(): GenerationStatus {
    const atMs = this.#clock.nowMs();
    const keys = this.keys.activeKeys();
    if (keys === null) {
      this.#status = { atMs, error: 'the token of the signing keys is logged out' };
      return this.#status;
    }
    const sources = [this, ...this.#peers].map((node) => node.source());
    const generation = generateConfiguration(this.state, sources, keys, atMs, this.#serial++);
    // Only a generation that went well clears old ones away.
    const keep = this.#generations.filter((old) => atMs - old.atMs <= OLD_FILES_MS);
    this.#generations.splice(0, this.#generations.length, generation, ...keep);
    this.#status = { atMs, error: null };
    return this.#status;
  }

  /** As the shared parameters tell of this node. */
  source(): ConfigurationSource {
    const { address, port } = this.#at;
    return {
      address: `${address}:${port}`,
      internalCertificates: this.keys.certificatesOf('internal'),
      externalCertificates: this.keys.certificatesOf('external'),
    };
  }

  /** For those who get it by hand: it names all nodes, and their keys of this moment. */
  anchor(kind: SourceKind): ConfigurationAnchor {
    const sources = [this, ...this.#peers].map((node) => ({
      downloadUrl: `http://${node.source().address}${PATHS[kind]}`,
      verificationCertificates: node.keys.certificatesOf(kind),
    }));
    return { instance: this.state.instance, generatedMs: this.#clock.nowMs(), sources };
  }

  #run(): void {
    this.generate();
    this.#cancel = this.#clock.after(this.#intervalMs, () => this.#run());
  }

  #answer(request: HttpRequest, response: HttpResponse): void {
    request.resume();
    const delayMs = this.answerDelayMs;
    if (delayMs === null) return;
    const { status, body } = this.#find(request);
    const send = (): void => {
      response.writeHead(status, {
        'content-type': 'application/octet-stream',
        'content-length': body.length,
      });
      response.end(request.method === 'HEAD' ? null : body);
    };
    if (delayMs === 0) {
      send();
      return;
    }
    const timer = setTimeout(() => {
      this.#delayed.delete(timer);
      send();
    }, delayMs);
    this.#delayed.add(timer);
  }

  /** nginx in front of files: version 2 where none is asked for, 404 where there is none. */
  #find({ method, url }: HttpRequest): { readonly status: number; readonly body: Buffer } {
    if (method !== 'GET' && method !== 'HEAD') return { status: 405, body: EMPTY };
    const [path, query] = (url ?? '/').split('?', 2);
    const [latest] = this.#generations;
    for (const kind of ['internal', 'external'] as const) {
      if (path !== PATHS[kind]) continue;
      const version = new URLSearchParams(query).get('version') ?? '2';
      const isThere = latest !== undefined && version === String(CONFIGURATION_VERSION);
      return isThere ? { status: 200, body: latest.directories[kind] } : NOT_FOUND;
    }
    for (const { files } of this.#generations) {
      const body = files.get(path);
      if (body !== undefined) return { status: 200, body };
    }
    return NOT_FOUND;
  }
}

const EMPTY = Buffer.alloc(0);
const NOT_FOUND = { status: 404, body: EMPTY } as const;
