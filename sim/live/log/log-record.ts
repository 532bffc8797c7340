/** What goes into a message log and what comes out of it, as plain data. */

/** A message to be logged. */
export interface LogRecord {
  /** Kept as a whole number. */
  readonly timeMs: number;
  readonly messageId: string;
  readonly requestId: string;
  readonly isResponse: boolean;
  /** `INSTANCE/CLASS/CODE/SUBSYSTEM` of the message's sender. */
  readonly sender: string;
  /**
   * Whom the record belongs to, as `INSTANCE/CLASS/CODE[/SUBSYSTEM]`: the client at the consumer's
   * server, the provider at the provider's, of requests and responses alike
   * (LogManager.createMessageRecord). Null: the sender.
   */
  readonly owner: string | null;
  readonly message: string;
  /** Of a REST message, its only attachment. Null: there is none, or bodies are not logged. */
  readonly body: Buffer | null;
  /** Of a SOAP message, in order; null: it is a REST message, or they are not logged. */
  readonly attachments: readonly Buffer[] | null;
  /** XAdES. */
  readonly signature: string;
  /** Null, and the next too: the message was signed alone. */
  readonly hashChainResult: string | null;
  readonly hashChain: string | null;
}

/** A message that waits for its time-stamp. */
export interface WaitingRecord {
  readonly id: number;
  /** Base64 of SHA-512. */
  readonly signatureHash: string;
}

export interface StoredStamp {
  /** RFC 3161, DER. */
  readonly token: Buffer;
  /** Null, and the next too: it covers this message alone, and is in its signature. */
  readonly hashChainResult: string | null;
  readonly hashChain: string | null;
}

export interface StoredMessage {
  readonly id: number;
  readonly timeMs: number;
  readonly messageId: string;
  readonly isResponse: boolean;
  readonly memberClass: string;
  readonly memberCode: string;
  readonly subsystemCode: string | null;
  readonly message: string;
  readonly attachments: readonly Buffer[];
  readonly signature: string;
  readonly hashChainResult: string | null;
  readonly hashChain: string | null;
  readonly stamp: StoredStamp | null;
}

export interface NewStamp {
  readonly timeMs: number;
  readonly token: Buffer;
  /** Null: it covers one message, and is in its signature. */
  readonly hashChainResult: string | null;
}

export interface CoveredRecord {
  readonly id: number;
  /** Its path to the result; null: the time-stamp is in its signature. */
  readonly hashChain: string | null;
}

/** Which messages of a client are asked for. */
export interface MessageQuery {
  readonly messageId: string;
  readonly memberClass: string;
  readonly memberCode: string;
  readonly subsystemCode: string | null;
  /** Null: requests and responses. */
  readonly isResponse: boolean | null;
}

/** The end of a chain of archives. */
export interface ArchiveEnd {
  readonly digest: string;
  readonly fileName: string;
}
