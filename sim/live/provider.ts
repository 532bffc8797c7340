/**
 * An information system: it answers for services over plain HTTP, takes its time, and works on so
 * many requests at once. It may hang, which means that it accepts, works and says nothing until it
 * hangs no more; it may refuse, which means that nothing new is taken; and it may be slow.
 */
import { Permits } from './permits.ts';
import { listenHttp } from './loopback.ts';
import type { Endpoint, HttpRequest, HttpResponse, Listener } from './loopback.ts';
import { DESCRIPTION_PATH } from './metadata/description-source.ts';
import type { MetadataAnswer } from './metadata/list-clients.ts';
import { SoapError } from './soap/soap-error.ts';
import { writeSoapFault } from './soap/soap-fault.ts';
import { readTransfer } from './soap/soap-transfer.ts';
import { writeSoapAnswer } from './soap/soap-writer.ts';

export interface ProviderOptions {
  readonly capacity: number;
  /** Of the next request to a service, by the first segment of the path. */
  readonly serviceTimeMs: (service: string) => number;
  /** What to answer for a service. */
  readonly answerOf: (service: string) => ProviderAnswer | null;
  /** The description of a service, with this system's own address in it; null: there is none. */
  readonly describe: (service: string, address: string) => MetadataAnswer | null;
}

export interface ProviderAnswer {
  readonly status: number;
  readonly bytes: number;
  readonly isSoap: boolean;
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
  /** The last one takes connections, unless it refuses; the others have some left. */
  readonly #listeners: Listener[] = [];
  /** Answers that wait until it hangs no more. */
  readonly #held: ((isAwake: boolean) => void)[] = [];
  #isHung: boolean;
  #isRefusing = false;
  /** Factor on its service times. */
  slowness = 1;

  constructor(options: ProviderOptions, isHung: boolean) {
    this.#options = options;
    this.#isHung = isHung;
    this.places = new Permits(options.capacity);
  }

  async start(at: Endpoint): Promise<Endpoint> {
    const listener = await listenHttp(at, (request, response) => {
      void this.#serve(request, response);
    });
    this.#listeners.push(listener);
    return { address: listener.address, port: listener.port };
  }

  /** What is being worked on goes on, whatever it becomes. */
  async become(state: 'up' | 'hung' | 'refusing'): Promise<void> {
    this.#isHung = state === 'hung';
    if (!this.#isHung) for (const answer of this.#held.splice(0)) answer(true);
    const isRefusing = state === 'refusing';
    const listener = this.#listeners.at(-1);
    if (isRefusing === this.#isRefusing || listener === undefined) return;
    this.#isRefusing = isRefusing;
    if (isRefusing) listener.refuse();
    else await this.start(listener);
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const answer of this.#held.splice(0)) answer(false);
    this.places.close();
    await Promise.all(this.#listeners.map((listener) => listener.close()));
  }

  async #serve(request: HttpRequest, response: HttpResponse): Promise<void> {
    const body = await readBody(request);
    if (body === null) return;
    const path = request.url ?? '/';
    if (path.startsWith(DESCRIPTION_PATH)) {
      this.#describe(decodeURIComponent(path.slice(DESCRIPTION_PATH.length)), response);
      return;
    }
    this.seen.push({
      method: request.method ?? '',
      path,
      client: String(request.headers['x-road-client'] ?? ''),
      bytes: body.bytes,
    });
    if (!(await this.places.request(PATIENCE_MS))) return;
    const service = decodeURIComponent(path.split(/[/?]/)[1] ?? '');
    await this.#work(service);
    if (!(await this.#isAwake())) return;
    this.places.release();
    const answer = this.#options.answerOf(service);
    if (response.destroyed) return;
    const written =
      answer?.isSoap === true ? answerInSoap(request, body.content, service, answer) : null;
    const contentType = written === null ? 'application/octet-stream' : 'text/xml; charset=UTF-8';
    response.writeHead(answer?.status ?? 404, { 'content-type': contentType });
    response.end(written ?? Buffer.alloc(answer?.bytes ?? 0, 'a'));
  }

  #describe(service: string, response: HttpResponse): void {
    const listener = this.#listeners.at(-1);
    const address = `http://${listener?.address}:${listener?.port}/${encodeURIComponent(service)}`;
    const description = this.#options.describe(service, address);
    if (description === null) response.writeHead(404).end();
    else {
      response.writeHead(200, { 'content-type': description.contentType });
      response.end(description.body);
    }
  }

  /** Waits while it hangs; false: it was stopped first. */
  #isAwake(): Promise<boolean> {
    if (!this.#isHung) return Promise.resolve(true);
    return new Promise((resolve) => {
      this.#held.push(resolve);
    });
  }

  #work(service: string): Promise<void> {
    const serviceMs = this.#options.serviceTimeMs(service) * this.slowness;
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

/** 500 is the status of a fault; null: the message cannot be read, and is answered in bytes. */
function answerInSoap(
  request: HttpRequest,
  body: Buffer,
  service: string,
  { status, bytes }: ProviderAnswer,
): Buffer | null {
  if (status === 500) {
    return writeSoapFault({ code: 'Server.Failed', text: 'The service has failed', detail: '' });
  }
  try {
    const { soap } = readTransfer(request.headers['content-type'] ?? null, body);
    return soap?.kind === 'message' ? writeSoapAnswer(soap.bytes, service, bytes) : null;
  } catch (error) {
    if (error instanceof SoapError) return null;
    throw error;
  }
}

interface ReadBody {
  readonly bytes: number;
  /** Of what may be SOAP; of all else it is only counted. */
  readonly content: Buffer;
}

/** Null: the caller has gone before its end. */
function readBody(request: HttpRequest): Promise<ReadBody | null> {
  const isKept = /^(text\/xml|multipart\/related)\b/i.test(request.headers['content-type'] ?? '');
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (isKept) chunks.push(chunk);
    });
    request.once('end', () => resolve({ bytes, content: Buffer.concat(chunks) }));
    request.once('close', () => resolve(null));
  });
}
