/**
 * The tables of a message log, with X-Road's columns (facts 7; doc/DataModels/dm-ml). A row is a
 * message (`m`) or a time-stamp (`t`), which the messages that it covers point at:
 *
 *    m  queryid message signature [hashchain hashchainresult]
 *         not stamped   signaturehash, base64 of SHA-512 of the signature
 *         stamped       timestamprecord, and timestamphashchain where it is one of a batch
 *    t  timestamp, base64 of the token; hashchainresult where it covers a batch
 *
 * Write-ahead logging with `synchronous` full: a commit that has returned has reached the disk, and
 * a process killed at any instant leaves a file that opens again with all that was committed.
 */
import { createHash } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import type { StatementSync } from 'node:sqlite';
import { assert } from '../../base/assert.ts';
import type {
  ArchiveEnd,
  CoveredRecord,
  LogRecord,
  MessageQuery,
  NewStamp,
  StoredMessage,
  StoredStamp,
  WaitingRecord,
} from './log-record.ts';

type Row = Readonly<Record<string, unknown>>;

export class LogStore {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(path: string) {
    this.#database = new DatabaseSync(path);
    this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    this.#database.exec(CREATE);
  }

  /** Commits when `act` returns; undoes all of it when it throws. */
  transaction<T>(act: () => T): T {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = act();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      // SQLite has undone it by itself where the disk is really full.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  /** The id of the row. */
  insert(record: LogRecord): number {
    const [, memberClass = '', memberCode = '', subsystem = null] = (
      record.owner ?? record.sender
    ).split('/');
    const { lastInsertRowid } = this.#run(
      `INSERT INTO logrecord (discriminator, time, queryid, xrequestid, response, sender,
         memberclass, membercode, subsystemcode, message, signature, hashchain, hashchainresult,
         signaturehash)
       VALUES ('m', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      Math.round(record.timeMs),
      record.messageId,
      record.requestId,
      record.isResponse ? 1 : 0,
      record.sender,
      memberClass,
      memberCode,
      subsystem,
      record.message,
      record.signature,
      record.hashChain,
      record.hashChainResult,
      hashSignature(record.signature),
    );
    const id = Number(lastInsertRowid);
    for (const [index, content] of attachmentsOf(record).entries()) {
      this.#run('INSERT INTO attachment VALUES (?, ?, ?)', id, index + 1, content);
    }
    return id;
  }

  /** What has been committed, in order, without bodies and signatures. */
  rows(): Pick<LogRecord, 'messageId' | 'isResponse' | 'sender'>[] {
    const found = this.#all(
      `SELECT queryid, response, sender FROM logrecord WHERE discriminator = 'm' ORDER BY id`,
    );
    return found.map((row) => ({
      messageId: String(row['queryid']),
      isResponse: row['response'] === 1,
      sender: String(row['sender']),
    }));
  }

  /** The oldest that wait for a time-stamp (TaskQueue.getTaskQueueQuery). */
  waiting(limit: number): WaitingRecord[] {
    const found = this.#all(
      `SELECT id, signaturehash FROM logrecord WHERE ${IS_WAITING} ORDER BY id LIMIT ?`,
      limit,
    );
    return found.map(waitingIn);
  }

  /** Null: it does not wait for a time-stamp. */
  waitingRecord(id: number): WaitingRecord | null {
    const found = this.#all(
      `SELECT id, signaturehash FROM logrecord WHERE ${IS_WAITING} AND id = ?`,
      id,
    );
    return found.map(waitingIn)[0] ?? null;
  }

  waitingCount(): number {
    return this.#count(`SELECT count(*) AS n FROM logrecord WHERE ${IS_WAITING}`);
  }

  /** When the oldest that waits was logged; null: none waits. */
  oldestWaitingMs(): number | null {
    const found = this.#all(
      `SELECT time FROM logrecord WHERE ${IS_WAITING} ORDER BY id LIMIT 1`,
    )[0];
    return found === undefined ? null : Number(found['time']);
  }

  /** False: it has a time-stamp by now, or another signature than the one that was known. */
  replaceSignature(id: number, signature: string, knownHash: string): boolean {
    const { changes } = this.#run(
      `UPDATE logrecord SET signature = ?, signaturehash = ?
       WHERE id = ? AND ${IS_WAITING} AND signaturehash = ?`,
      signature,
      hashSignature(signature),
      id,
      knownHash,
    );
    return Number(changes) === 1;
  }

  /** The id of its row; nothing is covered by it yet. */
  addStamp({ timeMs, token, hashChainResult }: NewStamp): number {
    const { lastInsertRowid } = this.#run(
      `INSERT INTO logrecord (discriminator, time, timestamp, hashchainresult)
       VALUES ('t', ?, ?, ?)`,
      Math.round(timeMs),
      token.toString('base64'),
      hashChainResult,
    );
    return Number(lastInsertRowid);
  }

  /** What got another time-stamp meanwhile keeps that one. */
  cover(stampId: number, covered: readonly CoveredRecord[]): void {
    for (const { id, hashChain } of covered) {
      this.#run(
        `UPDATE logrecord SET timestamprecord = ?, timestamphashchain = ?, signaturehash = NULL
         WHERE id = ? AND ${IS_WAITING}`,
        stampId,
        hashChain,
        id,
      );
    }
  }

  /** Ids, in order. Instances are not told apart, as in X-Road, whose table does not hold them. */
  find({ messageId, memberClass, memberCode, subsystemCode, isResponse }: MessageQuery): number[] {
    const found = this.#all(
      `SELECT id FROM logrecord
       WHERE discriminator = 'm' AND queryid = ? AND memberclass = ? AND membercode = ?
         AND subsystemcode IS ? AND (? IS NULL OR response = ?) ORDER BY id`,
      messageId,
      memberClass,
      memberCode,
      subsystemCode,
      ...(isResponse === null ? [null, null] : [Number(isResponse), Number(isResponse)]),
    );
    return found.map((row) => Number(row['id']));
  }

  /** Null: there is none, or no more. */
  get(id: number): StoredMessage | null {
    const row = this.#all(
      `SELECT m.*, t.timestamp AS token, t.hashchainresult AS stampresult
       FROM logrecord m LEFT JOIN logrecord t ON t.id = m.timestamprecord
       WHERE m.id = ? AND m.discriminator = 'm'`,
      id,
    )[0];
    if (row === undefined) return null;
    const attachments = this.#all(
      'SELECT content FROM attachment WHERE logrecord = ? ORDER BY number',
      id,
    );
    return {
      id,
      timeMs: Number(row['time']),
      messageId: String(row['queryid']),
      isResponse: row['response'] === 1,
      memberClass: String(row['memberclass']),
      memberCode: String(row['membercode']),
      subsystemCode: textIn(row, 'subsystemcode'),
      message: String(row['message']),
      attachments: attachments.map(({ content }) => Buffer.from(content as Uint8Array)),
      signature: String(row['signature']),
      hashChainResult: textIn(row, 'hashchainresult'),
      hashChain: textIn(row, 'hashchain'),
      stamp: stampIn(row),
    };
  }

  /** Those with a time-stamp and not yet in an archive; members and subsystems stay together. */
  archivable(limit: number, isGrouped: boolean): number[] {
    const order = isGrouped ? 'memberclass, membercode, subsystemcode, id' : 'id';
    const found = this.#all(
      `SELECT id FROM logrecord WHERE ${IS_ARCHIVABLE} ORDER BY ${order} LIMIT ?`,
      limit,
    );
    return found.map((row) => Number(row['id']));
  }

  /** Null: the group has no archive yet. */
  lastArchive(group: string): ArchiveEnd | null {
    const row = this.#all(
      'SELECT digest, filename FROM last_archive_digest WHERE groupname = ?',
      group,
    )[0];
    if (row === undefined) return null;
    return { digest: String(row['digest']), fileName: String(row['filename']) };
  }

  /** A time-stamp counts as archived when all that it covers is. */
  markArchived(ids: readonly number[], group: string, end: ArchiveEnd): void {
    for (const id of ids) this.#run('UPDATE logrecord SET archived = 1 WHERE id = ?', id);
    this.#run(
      `UPDATE logrecord SET archived = 1 WHERE discriminator = 't' AND archived = 0
         AND NOT EXISTS (SELECT 1 FROM logrecord m
                         WHERE m.timestamprecord = logrecord.id AND m.archived = 0)`,
    );
    this.#run(
      'INSERT OR REPLACE INTO last_archive_digest (groupname, digest, filename) VALUES (?, ?, ?)',
      group,
      end.digest,
      end.fileName,
    );
  }

  /** Deletes so many rows at most that are archived and older; gives how many it were. */
  deleteArchived(beforeMs: number, limit: number): number {
    const old = `SELECT id FROM logrecord WHERE archived = 1 AND time < ? AND discriminator =`;
    this.#run(
      `DELETE FROM attachment WHERE logrecord IN (${old} 'm' ORDER BY id LIMIT ?)`,
      beforeMs,
      limit,
    );
    const messages = this.#run(
      `DELETE FROM logrecord WHERE id IN (${old} 'm' ORDER BY id LIMIT ?)`,
      beforeMs,
      limit,
    );
    const stamps = this.#run(
      `DELETE FROM logrecord WHERE id IN (${old} 't'
         AND NOT EXISTS (SELECT 1 FROM logrecord m WHERE m.timestamprecord = logrecord.id)
         ORDER BY id LIMIT ?)`,
      beforeMs,
      limit,
    );
    return Number(messages.changes) + Number(stamps.changes);
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  #run(sql: string, ...values: readonly Value[]): ReturnType<StatementSync['run']> {
    return this.#prepared(sql).run(...values);
  }

  #all(sql: string, ...values: readonly Value[]): Row[] {
    return this.#prepared(sql).all(...values);
  }

  #count(sql: string): number {
    return Number(this.#all(sql)[0]['n']);
  }

  /** Prepared when it is first needed: an idle server needs none. */
  #prepared(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const made = this.#database.prepare(sql);
    this.#statements.set(sql, made);
    return made;
  }
}

type Value = string | number | bigint | Uint8Array | null;

/** LogManager.signatureHash: what the hash chain of a batch is over. */
function hashSignature(signature: string): string {
  return createHash('sha512').update(signature, 'utf8').digest('base64');
}

/** An empty body is no attachment (LogManager.createMessageRecord). */
function attachmentsOf({ body, attachments }: LogRecord): readonly Buffer[] {
  assert(body === null || attachments === null, 'a message is either REST or SOAP');
  if (attachments !== null) return attachments;
  return body === null || body.length === 0 ? [] : [body];
}

const waitingIn = (row: Row): WaitingRecord => ({
  id: Number(row['id']),
  signatureHash: String(row['signaturehash']),
});

function textIn(row: Row, column: string): string | null {
  const value = row[column];
  return typeof value === 'string' ? value : null;
}

function stampIn(row: Row): StoredStamp | null {
  const token = textIn(row, 'token');
  if (token === null) return null;
  return {
    token: Buffer.from(token, 'base64'),
    hashChainResult: textIn(row, 'stampresult'),
    hashChain: textIn(row, 'timestamphashchain'),
  };
}

const IS_WAITING = `discriminator = 'm' AND timestamprecord IS NULL`;
const IS_ARCHIVABLE = `discriminator = 'm' AND archived = 0 AND timestamprecord IS NOT NULL`;

/** `sender` is the lab's own: X-Road's columns do not say who sent a message. */
const CREATE = `
  CREATE TABLE IF NOT EXISTS logrecord (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    discriminator TEXT NOT NULL,
    time INTEGER NOT NULL,
    archived INTEGER NOT NULL DEFAULT 0,
    queryid TEXT,
    xrequestid TEXT,
    response INTEGER,
    sender TEXT,
    memberclass TEXT,
    membercode TEXT,
    subsystemcode TEXT,
    message TEXT,
    signature TEXT,
    hashchain TEXT,
    hashchainresult TEXT,
    signaturehash TEXT,
    timestamprecord INTEGER REFERENCES logrecord (id),
    timestamphashchain TEXT,
    timestamp TEXT,
    keyid TEXT,
    ciphermessage BLOB
  ) STRICT;
  CREATE TABLE IF NOT EXISTS attachment (
    logrecord INTEGER NOT NULL,
    number INTEGER NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (logrecord, number)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS last_archive_digest (
    groupname TEXT PRIMARY KEY,
    digest TEXT NOT NULL,
    filename TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS logrecord_waiting ON logrecord (id) WHERE ${IS_WAITING};
  CREATE INDEX IF NOT EXISTS logrecord_archivable ON logrecord (id) WHERE ${IS_ARCHIVABLE};
  CREATE INDEX IF NOT EXISTS logrecord_archived ON logrecord (time) WHERE archived = 1;
  CREATE INDEX IF NOT EXISTS logrecord_query ON logrecord (queryid) WHERE discriminator = 'm';
  CREATE INDEX IF NOT EXISTS logrecord_stamp ON logrecord (timestamprecord)
    WHERE timestamprecord IS NOT NULL;`;
