/**
 * A message at the provider's server, in the words of its leg: what REST and SOAP have different
 * ways of saying. No rule is in here, and neither in what implements it: rest-server-message.ts
 * and soap/soap-server-message.ts.
 */
import type { ServiceDocument } from '../plan/document.ts';
import type { LoggedContent } from './client-message.ts';
import type { IncomingMessage } from './incoming-message.ts';
import type { MessageParts } from './message-parts.ts';
import type { PartDigest } from './signing/message-signature.ts';

/** Who is to answer: an information system. */
export interface AskedSystem {
  readonly service: ServiceDocument;
  readonly url: string;
}

export interface ServerMessage {
  readonly isRest: boolean;
  /** Somebody asks for something: the message part has come, and can be read. */
  readonly isRead: boolean;
  /** These four are empty where nothing can be read. */
  readonly messageId: string;
  readonly client: string;
  readonly provider: string;
  readonly service: string;
  /** Null: any that the provider is registered at. */
  readonly targetServer: string | null;
  /** The server itself answers: a metadata service. */
  readonly isMetadata: boolean;
  /** What rights are compared with; empty: the service as a whole. */
  readonly method: string;
  readonly path: string;

  /** Takes the message part: an input. What follows it has not come yet. */
  read(parts: MessageParts): number;
  /** Parts of the request by their names in its signature. */
  contentOf(parts: MessageParts): (name: string) => Buffer | null;
  bytesToLog(parts: MessageParts): number;
  logged(parts: MessageParts): LoggedContent;

  /** The effect Forward: an input. `system` null: this server answers. */
  forward(parts: MessageParts, system: AskedSystem | null): Promise<number>;
  /** All of the response but its signature; false: it broke off. */
  send(out: IncomingMessage): Promise<boolean>;
  /** Of the response, once it has been sent. */
  responseDigests(): PartDigest[];
  /** Null: there is no response yet. */
  responseBytesToLog(): number | null;
  loggedResponse(): LoggedContent | null;

  /** The SOAP fault that the peer gets. */
  faultOf(fault: number): Buffer;
  /** Nobody waits for the information system any more. */
  abandon(): void;
}
