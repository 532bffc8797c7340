/**
 * The message log of one security server: a row for each message, committed before the message, or
 * its signature, is let go (facts 2.4). Messages that wait for their commit together share one, and
 * none is released before it has returned.
 *
 * X-Road's pool has four connections. Here the file has one connection and the pool is permits:
 * the wait for a connection is real, while the commits themselves come one after the other.
 *
 * The disk below may be full, and then nothing can be written, or slow; both are set from outside.
 */
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { LogStore } from './log/log-store.ts';
import type { LogRecord } from './log/log-record.ts';
import { Permits } from './permits.ts';

/** What the disk does to whoever writes. */
export interface LogDisk {
  isFull: boolean;
  /** The database does not answer any more. */
  isLost: boolean;
  /** How many times as long a commit takes as on this machine's disk. */
  slowdown: number;
}

export class DiskFullError extends Error {
  override name = 'DiskFullError';

  constructor() {
    super('no space left on the disk of the message log');
  }
}

export class DatabaseLostError extends Error {
  override name = 'DatabaseLostError';

  constructor() {
    super('the database of the message log does not answer');
  }
}

interface Waiting {
  readonly record: LogRecord;
  readonly resolve: (id: number) => void;
  readonly reject: (error: unknown) => void;
}

export class MessageLog {
  readonly connections: Permits;
  readonly disk: LogDisk = { isFull: false, isLost: false, slowdown: 1 };
  /** For reading; what is to be changed goes through `change`. */
  readonly store: LogStore;
  #isOpen = true;
  #isCommitting = false;
  #commitCount = 0;
  readonly #waiting: Waiting[] = [];

  constructor(path: string, connectionCount: number) {
    this.connections = new Permits(connectionCount);
    this.store = new LogStore(path);
  }

  /** Transactions in which messages were logged. */
  get commitCount(): number {
    return this.#commitCount;
  }

  /** Inserts and commits at once, whatever the pace of the disk. Throws without a database. */
  write(record: LogRecord): number {
    this.#commitCount += 1;
    return this.change((store) => store.insert(record));
  }

  /**
   * The id of the record, once it is on the disk. Whatever else waits by then shares the commit.
   * Rejects without a database.
   */
  commit(record: LogRecord): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ record, resolve, reject });
      if (this.#isCommitting) return;
      this.#isCommitting = true;
      void this.#commitAll();
    });
  }

  /** All or nothing. Throws without a database. */
  change<T>(act: (store: LogStore) => T): T {
    if (this.disk.isLost) throw new DatabaseLostError();
    if (this.disk.isFull) throw new DiskFullError();
    return this.store.transaction(() => act(this.store));
  }

  /** What has been committed, in order, without bodies and signatures. */
  rows(): Pick<LogRecord, 'messageId' | 'isResponse' | 'sender'>[] {
    return this.store.rows();
  }

  /** Whoever writes has died: what is not committed will never be, and nobody has a connection. */
  drop(): void {
    this.connections.reset();
    for (const { reject } of this.#waiting.splice(0)) reject(new DatabaseLostError());
  }

  /** The database goes away: every further commit fails. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.connections.close();
    this.store.close();
  }

  async #commitAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      // Whatever this turn of the event loop still brings comes along.
      await nextTurn();
      const group = this.#waiting.splice(0);
      // They died meanwhile.
      if (group.length === 0) break;
      const sinceMs = performance.now();
      const settle = this.#commitGroup(group);
      const { slowdown } = this.disk;
      if (slowdown > 1) await delay((performance.now() - sinceMs) * (slowdown - 1));
      for (const release of settle) release();
    }
    this.#isCommitting = false;
  }

  /** How each of the group is to be told. */
  #commitGroup(group: readonly Waiting[]): (() => void)[] {
    try {
      this.#commitCount += 1;
      const ids = this.change((store) => group.map(({ record }) => store.insert(record)));
      return group.map(
        ({ resolve }, index) =>
          () =>
            resolve(ids[index]),
      );
    } catch (error) {
      // Nobody fails for another's record.
      if (group.length > 1) return group.flatMap((one) => this.#commitGroup([one]));
      return [() => group[0].reject(error)];
    }
  }
}
