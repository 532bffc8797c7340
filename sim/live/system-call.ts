/** The provider's server calls the information system: the effect Forward, and its answer. */
import { createHash } from 'node:crypto';
import { Input, inputOf } from '../protocol/exchange.ts';
import { Cause } from '../protocol/fault.ts';
import { SKIPPED_HEADERS } from '../protocol/message.ts';
import type { RequestHead } from '../protocol/message.ts';
import { isLoopback, requestHttp } from './loopback.ts';
import type { ClientRequest, HttpRequest } from './loopback.ts';

export interface SystemRequest {
  readonly head: RequestHead;
  /** Behind the service code. */
  readonly path: string;
  readonly body: Buffer | null;
  readonly timeoutMs: number;
  /** A body that is longer is not kept for the log. */
  readonly keepBytesMax: number;
}

/** Verbs whose body reaches the information system; that of others is signed and logged only. */
const CARRYING_VERBS = ['POST', 'PUT', 'PATCH'];

export class SystemCall {
  /** The head of the answer; null: it has not come. */
  answer: HttpRequest | null = null;
  bodyBytes = 0;
  bodyDigest: Buffer | null = null;
  readonly #url: URL;
  readonly #asked: SystemRequest;
  #request: ClientRequest | null = null;
  #chunks: Buffer[] = [];

  constructor(url: string, asked: SystemRequest) {
    this.#url = new URL(url);
    this.#asked = asked;
  }

  /** The answer's body; null: it has none, or more than was to be kept. */
  get body(): Buffer | null {
    return this.#chunks.length === 0 ? null : Buffer.concat(this.#chunks);
  }

  /** Calls, and gives the input that the leg hears: up to the head of the answer. */
  answered(): Promise<number> {
    const address = this.#url.hostname.replace(/^\[|\]$/g, '');
    // A name is never looked up: to this lab every host name is unknown.
    if (!isLoopback(address)) return Promise.resolve(inputOf(Input.Failed, Cause.UnknownHost));
    const { head, body, path, timeoutMs } = this.#asked;
    const { port, pathname } = this.#url;
    const query = head.query === null ? '' : `?${head.query}`;
    const carried = CARRYING_VERBS.includes(head.verb) ? body : null;
    const request = requestHttp(
      { address, port: Number(port) },
      {
        method: head.verb,
        path: `${pathname}${path}${query}`,
        headers: { ...plainHeaders(head), 'content-length': String(carried?.length ?? 0) },
      },
    );
    this.#request = request;
    request.end(carried ?? undefined);
    return new Promise((resolve) => {
      request.setTimeout(timeoutMs, () => {
        resolve(Input.TimedOut);
        request.destroy();
      });
      request.once('response', (answer) => {
        this.answer = answer;
        resolve(Input.Done);
      });
      request.on('error', (error) => resolve(inputOf(Input.Failed, causeOfError(error))));
    });
  }

  /** Passes the body on as it comes; false: it, or the one who reads it, broke off. */
  async pipe(send: (chunk: Buffer) => Promise<boolean>): Promise<boolean> {
    const hash = createHash('sha512');
    try {
      for await (const chunk of this.answer as AsyncIterable<Buffer>) {
        hash.update(chunk);
        this.bodyBytes += chunk.length;
        if (this.bodyBytes <= this.#asked.keepBytesMax) this.#chunks.push(chunk);
        else this.#chunks = [];
        if (!(await send(chunk))) return false;
      }
    } catch {
      return false;
    }
    if (this.bodyBytes > 0) this.bodyDigest = hash.digest();
    return true;
  }

  /** Nobody waits for it any more; what has been answered stays. */
  abandon(): void {
    this.#request?.destroy();
  }
}

function plainHeaders({ headers }: RequestHead): Record<string, string> {
  return Object.fromEntries(
    headers
      .filter(({ name }) => !SKIPPED_HEADERS.has(name.toLowerCase()))
      .map(({ name, value }) => [name, value]),
  );
}

/** Facts 4.1: whatever a socket says is network_error, all else io_error. */
function causeOfError(error: Error): Cause {
  const code = 'code' in error ? String(error.code) : '';
  return /^(ECONN|EHOST|ENET|EPIPE|EADDR)/.test(code) ? Cause.NetworkError : Cause.IoError;
}
