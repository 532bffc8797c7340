/**
 * An information system: it answers for services over plain HTTP, takes its time, and works on so
 * many requests at once. It may hang, which means that it accepts and says nothing.
 */
import { Permits } from './permits.ts';
import { listenHttp } from './loopback.ts';
import type { Endpoint, HttpRequest, HttpResponse, Listener } from './loopback.ts';

export interface ProviderOptions {
  readonly capacity: number;
  /** Of the next request to a service, by the first segment of the path. */
  readonly serviceTimeMs: (service: string) => number;
  readonly isHung: boolean;
  /** What to answer for a service. */
  readonly answerOf: (service: string) => ProviderAnswer | null;
}

export interface ProviderAnswer {
  readonly status: number;
  readonly bytes: number;
}

/** What a provider has been asked, as it came in. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly client: string;
  readonly bytes: number;
}

const PATIENCE_MS = 600_000;

export class Provider {
  readonly seen: SeenRequest[] = [];
  readonly #options: ProviderOptions;
  readonly places: Permits;
  readonly #timers = new Set<NodeJS.Timeout>();
  #listener: Listener | null = null;

  constructor(options: ProviderOptions) {
    this.#options = options;
    this.places = new Permits(options.capacity);
  }

  async start(at: Endpoint): Promise<Endpoint> {
    this.#listener = await listenHttp(at, (request, response) => {
      void this.#serve(request, response);
    });
    return { address: this.#listener.address, port: this.#listener.port };
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    this.places.close();
    await this.#listener?.close();
  }

  async #serve(request: HttpRequest, response: HttpResponse): Promise<void> {
    const bytes = await countBytes(request);
    if (bytes === null) return;
    const path = request.url ?? '/';
    this.seen.push({
      method: request.method ?? '',
      path,
      client: String(request.headers['x-road-client'] ?? ''),
      bytes,
    });
    if (this.#options.isHung) return;
    if (!(await this.places.request(PATIENCE_MS))) return;
    const service = decodeURIComponent(path.split(/[/?]/)[1] ?? '');
    await this.#work(service);
    this.places.release();
    const answer = this.#options.answerOf(service);
    if (response.destroyed) return;
    response.writeHead(answer?.status ?? 404, { 'content-type': 'application/octet-stream' });
    response.end(Buffer.alloc(answer?.bytes ?? 0, 'a'));
  }

  #work(service: string): Promise<void> {
    const serviceMs = this.#options.serviceTimeMs(service);
    // A timer takes a millisecond at least, which is not nothing.
    if (serviceMs === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        resolve();
      }, serviceMs);
      this.#timers.add(timer);
    });
  }
}

/** The length of a body that was read to its end; null: the caller has gone. */
function countBytes(request: HttpRequest): Promise<number | null> {
  return new Promise((resolve) => {
    let bytes = 0;
    request.on('data', (chunk: Buffer) => (bytes += chunk.length));
    request.once('end', () => resolve(bytes));
    request.once('close', () => resolve(null));
  });
}
