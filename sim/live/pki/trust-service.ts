/**
 * The HTTP side of an OCSP responder or a time-stamping authority, with the troubles that a
 * scenario may put it in: it refuses connections, takes them and says nothing, is late, answers for
 * a gateway whose service is away, or signs with a key that nobody trusts.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { listenHttp } from '../loopback.ts';
import type { Endpoint, HttpRequest, HttpResponse, Listener } from '../loopback.ts';

export interface ServiceCondition {
  readonly availability: 'up' | 'refusing' | 'hanging' | 'bad-gateway';
  /** On the wall: it is part of a call, and calls are not compressed. */
  readonly delayMs: number;
  /** Signs with a key that nobody trusts. */
  readonly isImpostor: boolean;
}

/** What a service speaks, and its answer to a request; `isImpostor` as of the condition. */
export interface TrustProtocol {
  readonly requestType: string;
  readonly responseType: string;
  answer(request: Buffer, isImpostor: boolean): Buffer;
}

const HEALTHY: ServiceCondition = { availability: 'up', delayMs: 0, isImpostor: false };
/** A request of either protocol has a few hundred bytes. */
const REQUEST_BYTES_MAX = 65_536;

export class TrustService implements Endpoint {
  readonly address: string;
  readonly port: number;
  readonly #protocol: TrustProtocol;
  #listener: Listener | null;
  #condition = HEALTHY;
  #requestCount = 0;
  readonly #hung = new Set<HttpResponse>();
  /** Ends delays when the service closes. */
  readonly #closing = new AbortController();
  /** Listeners open and close one after the other. */
  #switched: Promise<void> = Promise.resolve();

  private constructor(protocol: TrustProtocol, at: Endpoint) {
    this.#protocol = protocol;
    this.address = at.address;
    this.port = at.port;
    this.#listener = null;
  }

  /** `at.port` 0: any free one, and the same again after it has refused connections. */
  static async start(at: Endpoint, protocol: TrustProtocol): Promise<TrustService> {
    let service: TrustService | null = null;
    const listener = await listenHttp(at, (request, response) => {
      if (service === null) response.destroy();
      else service.#handle(request, response);
    });
    service = new TrustService(protocol, listener);
    service.#listener = listener;
    return service;
  }

  get url(): string {
    return `http://${this.address}:${this.port}/`;
  }

  get condition(): ServiceCondition {
    return this.#condition;
  }

  /** Requests that came in, whether they were answered or not. */
  get requestCount(): number {
    return this.#requestCount;
  }

  /** Done when connections are taken, or refused, as the condition says. */
  async set(change: Partial<ServiceCondition>): Promise<void> {
    this.#condition = { ...this.#condition, ...change };
    if (this.#condition.availability !== 'hanging') this.#dropHung();
    return this.#switchNext();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#dropHung();
    return this.#switchNext();
  }

  /** Fails where the port has been taken by somebody else; it may be tried again. */
  #switchNext(): Promise<void> {
    const before = this.#switched.catch(() => undefined);
    this.#switched = before.then(() => this.#switch());
    return this.#switched;
  }

  async #switch(): Promise<void> {
    const listens = this.#condition.availability !== 'refusing' && !this.#closing.signal.aborted;
    const listener = this.#listener;
    if (listens && listener === null) {
      this.#listener = await listenHttp(this, (request, response) => {
        this.#handle(request, response);
      });
    }
    if (!listens && listener !== null) {
      this.#listener = null;
      await listener.close();
    }
  }

  #dropHung(): void {
    for (const response of this.#hung) response.destroy();
    this.#hung.clear();
  }

  #handle(request: HttpRequest, response: HttpResponse): void {
    this.#requestCount += 1;
    if (this.#condition.availability === 'hanging') {
      this.#hung.add(response);
      response.once('close', () => this.#hung.delete(response));
      return;
    }
    void this.#serve(request, response);
  }

  async #serve(request: HttpRequest, response: HttpResponse): Promise<void> {
    const { delayMs, availability } = this.#condition;
    let body: Buffer | null;
    try {
      body = await bodyOf(request);
      if (delayMs > 0) await delay(delayMs, undefined, { signal: this.#closing.signal });
    } catch {
      // The caller has gone, or the service closes.
      response.destroy();
      return;
    }
    if (availability === 'bad-gateway') end(response, 502, 'The service is away.');
    else if (request.method !== 'POST') end(response, 405, 'Only POST is spoken here.');
    else if (typeOf(request) !== this.#protocol.requestType) {
      end(response, 415, `Only ${this.#protocol.requestType} is read here.`);
    } else if (body === null) end(response, 413, 'No request has so many bytes.');
    else {
      const answer = this.#protocol.answer(body, this.#condition.isImpostor);
      response.writeHead(200, {
        'Content-Type': this.#protocol.responseType,
        'Content-Length': answer.length,
      });
      response.end(answer);
    }
  }
}

/** Null: it is too long; what is left of it is read and thrown away. */
async function bodyOf(request: HttpRequest): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= REQUEST_BYTES_MAX) chunks.push(chunk);
  }
  return length <= REQUEST_BYTES_MAX ? Buffer.concat(chunks) : null;
}

function typeOf(request: HttpRequest): string {
  return (request.headers['content-type'] ?? '').split(';')[0].trim().toLowerCase();
}

function end(response: HttpResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain' });
  response.end(`${text}\n`);
}
