/**
 * A message at the consumer's server, in the words of its leg: what REST and SOAP have different
 * ways of saying. No rule is in here, and neither in what implements it: rest-client-message.ts
 * and soap/soap-client-message.ts.
 */
import type { HttpResponse } from './loopback.ts';
import type { MessageParts } from './message-parts.ts';
import type { HeardResponse, OutgoingMessage } from './outgoing-message.ts';
import type { PartDigest } from './signing/message-signature.ts';
import type { SoapFault } from './soap/soap-message.ts';

/** What of a message goes into the log; the names are those of LogRecord. */
export interface LoggedContent {
  readonly message: string;
  readonly body: Buffer | null;
  readonly attachments: readonly Buffer[] | null;
}

/** What an information system is to be told. */
export interface ClientOutcome {
  /** 0: none, the provider's answer is passed on. */
  readonly fault: number;
  /** The fault as the peer sent it; null: it did not send one. */
  readonly relayed: SoapFault | null;
  readonly parts: MessageParts | null;
}

export interface ClientMessage {
  readonly isRest: boolean;
  /** Until the message has been parsed it may be a guess. */
  readonly messageId: string;
  /** It says whom it is for, in a form that can be read. */
  readonly isAddressed: boolean;
  /** The calling client; null: the request does not name it. */
  readonly client: string | null;
  /** Empty: it cannot be read. */
  readonly provider: string;
  /** The server it is for; null: any of the provider, empty: one that cannot be read. */
  readonly targetServer: string | null;
  /** Of the HTTP message to the peer. */
  readonly headers: Readonly<Record<string, string>>;
  /** Of the request, what counts against the limit of the log. */
  readonly bytesToLog: number;

  /** The effect Parse: an input. */
  parse(): Promise<number>;
  /** All but the signature; false: it broke off. */
  send(out: OutgoingMessage): Promise<boolean>;
  /** Of the request, once it has been sent. */
  digests(): PartDigest[];
  logged(): LoggedContent;

  /** Takes a whole response; false: it cannot be read. */
  canRead(response: HeardResponse): boolean;
  /** Parts of the response by their names in its signature. */
  contentOf(parts: MessageParts): (name: string) => Buffer | null;
  isConsistent(parts: MessageParts): boolean;
  loggedOf(parts: MessageParts): LoggedContent;
  responseBytesToLog(parts: MessageParts): number;

  /** Writes the answer to the information system, which is there. */
  answer(response: HttpResponse, outcome: ClientOutcome): void;
}
