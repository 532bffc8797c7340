/**
 * The message log of one security server: a row for each message, committed before the message, or
 * its signature, is let go (facts 2.4). SQLite in write-ahead mode with `synchronous` full, so that
 * a commit that has returned has reached the disk.
 *
 * X-Road's pool has four connections. Here the file has one connection and the pool is permits:
 * the wait for a connection is real, while the commits themselves come one after the other.
 */
import { DatabaseSync } from 'node:sqlite';
import type { StatementSync } from 'node:sqlite';
import { Permits } from './permits.ts';

/** As in X-Road's table `logrecord`, the columns that mean something here (facts 7). */
export interface LogRecord {
  readonly timeMs: number;
  readonly messageId: string;
  readonly requestId: string;
  readonly isResponse: boolean;
  /** `INSTANCE/CLASS/CODE/SUBSYSTEM` of the message's sender. */
  readonly sender: string;
  readonly message: string;
  /** Null: there is none, or bodies are not logged. */
  readonly body: Buffer | null;
  readonly signature: string;
}

export class MessageLog {
  readonly connections: Permits;
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  #isOpen = true;

  constructor(path: string, connectionCount: number) {
    this.connections = new Permits(connectionCount);
    this.#database = new DatabaseSync(path);
    this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    this.#database.exec(CREATE);
    this.#insert = this.#database.prepare(INSERT);
  }

  /** Inserts and, a statement alone being a transaction, commits. Throws without a database. */
  write(record: LogRecord): void {
    this.#insert.run(
      record.timeMs,
      record.messageId,
      record.requestId,
      record.isResponse ? 1 : 0,
      record.sender,
      record.message,
      record.body,
      record.signature,
    );
  }

  /** What has been committed, in order, without bodies and signatures. */
  rows(): Pick<LogRecord, 'messageId' | 'isResponse' | 'sender'>[] {
    const found = this.#database
      .prepare('SELECT queryid, response, sender FROM logrecord ORDER BY id')
      .all();
    return found.map((row) => ({
      messageId: String(row['queryid']),
      isResponse: row['response'] === 1,
      sender: String(row['sender']),
    }));
  }

  /** The database goes away: every further commit fails. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.connections.close();
    this.#database.close();
  }
}

const CREATE = `
  CREATE TABLE IF NOT EXISTS logrecord (
    id INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    queryid TEXT NOT NULL,
    xrequestid TEXT NOT NULL,
    response INTEGER NOT NULL,
    sender TEXT NOT NULL,
    message TEXT NOT NULL,
    attachment BLOB,
    signature TEXT NOT NULL
  ) STRICT`;
const INSERT = `
  INSERT INTO logrecord
    (time, queryid, xrequestid, response, sender, message, attachment, signature)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?)`;
