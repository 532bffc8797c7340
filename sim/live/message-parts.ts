/** What has come of a message between security servers: its parts, collected as they stream in. */
import { createHash } from 'node:crypto';
import type { PartDigest } from './signer.ts';
import { MultipartReader, PartType } from './transport.ts';

export interface PartEvents {
  /** The head of the first part that is no fault has come. */
  headCame: () => void;
  /** The REST part has come to its end. */
  messagePartCame: () => void;
  ended: () => void;
}

export class MessageParts {
  /** The head of the message as it was signed; null: it has not come, or there is none. */
  head: Buffer | null = null;
  /** Null: there is no body. */
  body: Buffer | null = null;
  bodyDigest: Buffer | null = null;
  signature: string | null = null;
  fault: string | null = null;
  readonly #events: PartEvents;
  readonly #reader: MultipartReader;
  #type = '';
  #chunks: Buffer[] = [];
  #hash = createHash('sha512');
  #hasHead = false;

  constructor(boundary: string, events: PartEvents) {
    this.#events = events;
    this.#reader = new MultipartReader(boundary, {
      partBegins: (type) => this.#begin(type),
      partData: (chunk) => {
        this.#chunks.push(chunk);
        this.#hash.update(chunk);
      },
      partEnds: () => this.#end(),
      messageEnds: () => events.ended(),
    });
  }

  get isComplete(): boolean {
    return this.#reader.isComplete;
  }

  /** Throws MultipartError where the message is broken. */
  push(chunk: Buffer): void {
    this.#reader.push(chunk);
  }

  get digests(): PartDigest[] {
    const parts: PartDigest[] = [];
    if (this.head !== null) parts.push({ name: 'message', digest: digestOf(this.head) });
    if (this.bodyDigest !== null) parts.push({ name: 'body', digest: this.bodyDigest });
    return parts;
  }

  #begin(type: string): void {
    this.#type = type.split(';')[0].trim().toLowerCase();
    this.#chunks = [];
    this.#hash = createHash('sha512');
    if (this.#type === PartType.Fault || this.#hasHead) return;
    this.#hasHead = true;
    this.#events.headCame();
  }

  #end(): void {
    const content = Buffer.concat(this.#chunks);
    switch (this.#type) {
      case PartType.RestRequest:
      case PartType.RestResponse:
        this.head = content;
        this.#events.messagePartCame();
        break;
      case PartType.RestBody:
        this.body = content;
        this.bodyDigest = this.#hash.digest();
        break;
      case PartType.Signature:
        this.signature = content.toString('utf8');
        break;
      case PartType.Fault:
        this.fault = content.toString('utf8');
        break;
      default:
        // A part of a kind that this lab does not make says nothing to it.
        break;
    }
    this.#chunks = [];
  }
}

export function digestOf(content: string | Uint8Array): Buffer {
  return createHash('sha512').update(content).digest();
}
