/** A REST answer that the provider's server makes itself, where SystemCall has another's. */
import { createHash } from 'node:crypto';
import { Input, inputOf } from '../../protocol/exchange.ts';
import type { Header } from '../../protocol/message.ts';
import { SoapError } from '../soap/soap-error.ts';
import type { MetadataAnswer } from './list-clients.ts';

/** What a response is made of: an information system's answer, or this server's. */
export interface RestSource {
  /** Null: it has not come. */
  readonly answer: {
    readonly status: number;
    readonly reason: string;
    readonly rawHeaders: readonly string[];
  } | null;
  readonly body: Buffer | null;
  readonly bodyBytes: number;
  readonly bodyDigest: Buffer | null;
  answered(): Promise<number>;
  pipe(send: (chunk: Buffer) => Promise<boolean>): Promise<boolean>;
  abandon(): void;
}

export class LocalResponse implements RestSource {
  answer: RestSource['answer'] = null;
  body: Buffer | null = null;
  bodyDigest: Buffer | null = null;
  /** Why there is none; null: there is. */
  error: SoapError | null = null;
  readonly #make: () => Promise<MetadataAnswer>;
  readonly #headers: readonly Header[];

  /** `requestHeaders` come back with the answer, as RestMetadataServiceHandlerImpl has it. */
  constructor(make: () => Promise<MetadataAnswer>, requestHeaders: readonly Header[]) {
    this.#make = make;
    this.#headers = requestHeaders.filter(({ name }) => name.toLowerCase() !== 'content-type');
  }

  get bodyBytes(): number {
    return this.body?.length ?? 0;
  }

  async answered(): Promise<number> {
    try {
      const { contentType, body } = await this.#make();
      const headers = [...this.#headers, { name: 'Content-Type', value: contentType }];
      const rawHeaders = headers.flatMap(({ name, value }) => [name, value]);
      this.answer = { status: 200, reason: 'OK', rawHeaders };
      this.body = body;
      return Input.Done;
    } catch (error) {
      if (!(error instanceof SoapError)) throw error;
      this.error = error;
      return inputOf(Input.Failed, error.reason);
    }
  }

  async pipe(send: (chunk: Buffer) => Promise<boolean>): Promise<boolean> {
    if (this.body === null || this.body.length === 0) return true;
    this.bodyDigest = createHash('sha512').update(this.body).digest();
    return send(this.body);
  }

  /** Whatever is still asked for it has a deadline of its own. */
  abandon(): void {}
}
