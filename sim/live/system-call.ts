/** The provider's server calls the information system: the effect Forward, and its answer. */
import { createHash } from 'node:crypto';
import { assert } from '../base/assert.ts';
import { Input, inputOf } from '../protocol/exchange.ts';
import { Cause } from '../protocol/fault.ts';
import { SKIPPED_HEADERS } from '../protocol/message.ts';
import type { RequestHead } from '../protocol/message.ts';
import { codeOfError, isLoopback, isOfPeer, requestHttp } from './loopback.ts';
import type { HttpAnswer } from './loopback.ts';

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
  answer: HttpAnswer | null = null;
  bodyBytes = 0;
  bodyDigest: Buffer | null = null;
  readonly #url: URL;
  readonly #asked: SystemRequest;
  readonly #giveUp = new AbortController();
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
    const { head, body, path } = this.#asked;
    const { port, pathname } = this.#url;
    const query = head.query === null ? '' : `?${head.query}`;
    const answer = requestHttp(
      { address, port: Number(port) },
      {
        method: head.verb,
        path: `${pathname}${path}${query}`,
        rawHeaders: plainHeaders(head),
        body: CARRYING_VERBS.includes(head.verb) ? body : null,
        signal: this.#giveUp.signal,
      },
    );
    return new Promise((resolve, reject) => {
      const timer = this.#windTimer(() => resolve(Input.TimedOut));
      answer
        .then(
          (head) => {
            this.answer = head;
            resolve(Input.Done);
          },
          (error: unknown) => {
            // Whoever gave up does not hear of it any more.
            const isExpected = this.#giveUp.signal.aborted || isOfPeer(error);
            if (isExpected) resolve(inputOf(Input.Failed, causeOfError(error)));
            else reject(error as Error);
          },
        )
        .finally(() => clearTimeout(timer));
    });
  }

  /** Passes the body on as it comes; false: it, or the one who reads it, broke off. */
  async pipe(send: (chunk: Buffer) => Promise<boolean>): Promise<boolean> {
    assert(this.answer !== null, 'no body before its head');
    const hash = createHash('sha512');
    let timer = this.#windTimer();
    try {
      for await (const chunk of this.answer.body) {
        // As with a timed read: while the chunk is passed on nothing is waited for.
        clearTimeout(timer);
        hash.update(chunk);
        this.bodyBytes += chunk.length;
        if (this.bodyBytes <= this.#asked.keepBytesMax) this.#chunks.push(chunk);
        else this.#chunks = [];
        if (!(await send(chunk))) return false;
        timer = this.#windTimer();
      }
    } catch {
      return false;
    } finally {
      clearTimeout(timer);
    }
    if (this.bodyBytes > 0) this.bodyDigest = hash.digest();
    return true;
  }

  /** Nobody waits for it any more; what has been answered stays. */
  abandon(): void {
    this.#giveUp.abort();
  }

  /** The service's time-out is the longest silence, not the longest call (facts 2.8). */
  #windTimer(late: () => void = () => undefined): NodeJS.Timeout {
    return setTimeout(() => {
      late();
      this.abandon();
    }, this.#asked.timeoutMs);
  }
}

/** Name, value, name, value, ... without those of one hop. */
function plainHeaders({ headers }: RequestHead): string[] {
  return headers
    .filter(({ name }) => !SKIPPED_HEADERS.has(name.toLowerCase()))
    .flatMap(({ name, value }) => [name, value]);
}

/**
 * Facts 4.1: whatever a socket says is network_error, all else io_error, and so is a connection
 * that was closed in good order without an answer, for which undici has a code of its own.
 */
function causeOfError(error: unknown): Cause {
  const isOfSocket = /^(ECONN|EHOST|ENET|EPIPE|EADDR)/.test(codeOfError(error));
  return isOfSocket ? Cause.NetworkError : Cause.IoError;
}
