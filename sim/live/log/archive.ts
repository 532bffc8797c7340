/**
 * Archives of the message log (facts 7; messagelog/archive/LogArchiveWriter, LinkingInfoBuilder):
 * zip files of containers and of a chain over them, which evidence/archive.ts draws and verifies.
 * Only what has a time-stamp is archived, and only what is archived is deleted: without a
 * time-stamping authority the log grows.
 *
 * An archive gets its name when it is whole on the disk, and is then entered in the log. A process
 * that dies between the two leaves a file which the next archive contains again, as X-Road's does;
 * both go on from the same one and are good.
 */
import { createHash, randomInt } from 'node:crypto';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { LINKING_INFO } from '../evidence/archive.ts';
import { DiskFullError } from '../message-log.ts';
import type { MessageLog } from '../message-log.ts';
import type { NetworkClock } from '../network-clock.ts';
import { containerNameOf, makeContainer } from './container-writer.ts';
import type { ArchiveEnd, StoredMessage } from './log-record.ts';
import { ZipWriter } from './zip-writer.ts';

/** Whose messages share an archive: everybody's, a member's, or a subsystem's. */
export type ArchiveGrouping = 'none' | 'member' | 'subsystem';

export interface ArchiveSettings {
  readonly folder: string;
  readonly grouping: ArchiveGrouping;
  /** An archive is ended by the container with which it becomes larger. */
  readonly fileBytesMax: number;
  /** So many records are looked for at a time. */
  readonly batch: number;
  readonly archiveIntervalMs: number;
  readonly cleanIntervalMs: number;
  readonly keepMs: number;
}

const HOUR_MS = 3_600_000;

/** As X-Road 7.8 ships them (facts 7). */
export const XROAD_ARCHIVE: Omit<ArchiveSettings, 'folder'> = {
  grouping: 'none',
  fileBytesMax: 33_554_432,
  batch: 10_000,
  archiveIntervalMs: 6 * HOUR_MS,
  cleanIntervalMs: 12 * HOUR_MS,
  keepMs: 30 * 24 * HOUR_MS,
};

export interface ArchiverSetUp {
  readonly log: MessageLog;
  readonly clock: NetworkClock;
  readonly settings: ArchiveSettings;
}

/** Rows that are deleted in one transaction (facts 7: large ones ran out of locks). */
const CLEAN_ROWS = 1000;
const RANDOM_LENGTH = 10;
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const TEMPORARY = /^tmp-mlog-.*\.tmp$/;
const DIGEST = 'sha512';
const DIGEST_NAME = 'SHA-512';
const NONE = '-';

export class LogArchiver {
  readonly #log: MessageLog;
  readonly #clock: NetworkClock;
  readonly #settings: ArchiveSettings;
  readonly #cancels = new Map<string, () => void>();
  /** Archiving and cleaning take turns. */
  #last: Promise<unknown> = Promise.resolve();
  #lastError: unknown = null;
  #isClosing = false;

  constructor({ log, clock, settings }: ArchiverSetUp) {
    this.#log = log;
    this.#clock = clock;
    this.#settings = settings;
  }

  /** From now on by itself, each job after its interval of the network's time. */
  start(): void {
    const { archiveIntervalMs, cleanIntervalMs } = this.#settings;
    this.#repeat('archive', archiveIntervalMs, () => this.archive());
    this.#repeat('clean', cleanIntervalMs, () => this.clean());
  }

  /** Of the last job that ran by itself; null: it did not fail. */
  get lastError(): unknown {
    return this.#lastError;
  }

  /** Waits for the job that is under way, which ends early. */
  async close(): Promise<void> {
    this.#isClosing = true;
    for (const cancel of this.#cancels.values()) cancel();
    await this.#last.catch(() => undefined);
  }

  /** Archives all that has a time-stamp; gives the names of the new files. */
  archive(): Promise<string[]> {
    return this.#inTurn(async () => {
      const { folder, grouping, batch } = this.#settings;
      await mkdir(folder, { recursive: true });
      await this.#clearUp();
      const names: string[] = [];
      while (!this.#isClosing) {
        const ids = this.#log.store.archivable(batch, grouping !== 'none');
        for (let at = 0; at < ids.length && !this.#isClosing;) {
          const { name, count } = await this.#archiveSome(ids.slice(at));
          names.push(name);
          at += count;
        }
        if (ids.length < batch) break;
      }
      return names;
    });
  }

  /** Deletes what is archived and has been kept long enough; gives the number of rows. */
  clean(): Promise<number> {
    return this.#inTurn(async () => {
      const beforeMs = Math.floor(this.#clock.nowMs() - this.#settings.keepMs);
      let total = 0;
      while (!this.#isClosing) {
        const count = this.#log.change((store) => store.deleteArchived(beforeMs, CLEAN_ROWS));
        total += count;
        if (count === 0) break;
        await nextTurn();
      }
      return total;
    });
  }

  #inTurn<T>(job: () => Promise<T>): Promise<T> {
    const done = this.#last.then(job, job);
    this.#last = done.catch(() => undefined);
    return done;
  }

  #repeat(name: string, intervalMs: number, job: () => Promise<unknown>): void {
    const act = async (): Promise<void> => {
      try {
        await job();
        this.#lastError = null;
      } catch (error) {
        // The next run tries again; nothing was marked, nothing is lost.
        this.#lastError = error;
      }
      if (!this.#isClosing) this.#repeat(name, intervalMs, job);
    };
    this.#cancels.set(
      name,
      this.#clock.after(intervalMs, () => void act()),
    );
  }

  /** What a process that was killed had begun. */
  async #clearUp(): Promise<void> {
    const { folder } = this.#settings;
    const begun = (await readdir(folder)).filter((name) => TEMPORARY.test(name));
    for (const name of begun) await rm(join(folder, name), { force: true });
  }

  /** One archive, of as many as belong together and fit into it. */
  async #archiveSome(ids: readonly number[]): Promise<{ name: string; count: number }> {
    const { folder, fileBytesMax } = this.#settings;
    if (this.#log.disk.isFull) throw new DiskFullError();
    const temporary = join(folder, `tmp-mlog-${randomText()}.tmp`);
    const file = await open(temporary, 'wx');
    try {
      const first = this.#read(ids[0]);
      const group = this.#groupOf(first);
      const archive = new ArchiveFile(file, this.#log.store.lastArchive(group));
      let count = 0;
      for (const id of ids) {
        const message = this.#read(id);
        if (this.#groupOf(message) !== group) break;
        await archive.add(message);
        count++;
        if (archive.containerBytes > fileBytesMax) break;
        await nextTurn();
      }
      const lastDigest = await archive.end();
      const name = nameOf(group, archive.firstMs, archive.lastMs);
      await rename(temporary, join(folder, name));
      const end = { digest: lastDigest, fileName: name };
      this.#log.change((store) => store.markArchived(ids.slice(0, count), group, end));
      return { name, count };
    } finally {
      await file.close();
      await rm(temporary, { force: true });
    }
  }

  #read(id: number): StoredMessage {
    const message = this.#log.store.get(id);
    if (message === null) throw new Error(`record ${id} has gone while it was being archived`);
    return message;
  }

  #groupOf({ memberClass, memberCode, subsystemCode }: StoredMessage): string {
    const { grouping } = this.#settings;
    if (grouping === 'none') return '';
    const isOfSubsystem = grouping === 'subsystem' && subsystemCode !== null;
    return [memberClass, memberCode, ...(isOfSubsystem ? [subsystemCode] : [])].join('-');
  }
}

/** The chain over the containers of an archive, which goes on from the archive before. */
export class LinkingInfo {
  readonly #lines: string[];
  #digest: string;

  constructor(before: ArchiveEnd | null) {
    this.#digest = before?.digest ?? '';
    this.#lines = [`${before?.digest ?? NONE} ${before?.fileName ?? NONE} ${DIGEST_NAME}`];
  }

  add(name: string, container: Buffer): void {
    this.#digest = hexDigestOf(this.#digest + hexDigestOf(container));
    this.#lines.push(`${this.#digest} ${name}`);
  }

  /** Hexadecimal. */
  get lastDigest(): string {
    return this.#digest;
  }

  get text(): string {
    return `${this.#lines.join('\n')}\n`;
  }
}

/** An archive that is being written. */
class ArchiveFile {
  firstMs = Infinity;
  lastMs = -Infinity;
  containerBytes = 0;
  readonly #file: FileHandle;
  readonly #zip = new ZipWriter();
  readonly #links: LinkingInfo;

  constructor(file: FileHandle, before: ArchiveEnd | null) {
    this.#file = file;
    this.#links = new LinkingInfo(before);
  }

  async add(message: StoredMessage): Promise<void> {
    const name = containerNameOf(message);
    const container = makeContainer(message);
    this.firstMs = Math.min(this.firstMs, message.timeMs);
    this.lastMs = Math.max(this.lastMs, message.timeMs);
    this.containerBytes += container.length;
    this.#links.add(name, container);
    await this.#append(name, message.timeMs, container);
  }

  /** The last digest of the chain, when all is on the disk. */
  async end(): Promise<string> {
    await this.#append(LINKING_INFO, this.lastMs, Buffer.from(this.#links.text));
    await this.#file.appendFile(this.#zip.end(''));
    await this.#file.sync();
    return this.#links.lastDigest;
  }

  async #append(name: string, timeMs: number, content: Buffer): Promise<void> {
    await this.#file.appendFile(this.#zip.add({ name, timeMs, packing: 'stored' }, content));
  }
}

function nameOf(group: string, firstMs: number, lastMs: number): string {
  // What a file system does not take (LogArchiveWriter.escape).
  const safe = group.replace(/[\p{Cc}\\<>/:|*?]/gu, '_');
  const parts = ['mlog', ...(safe === '' ? [] : [safe]), secondsOf(firstMs), secondsOf(lastMs)];
  return `${[...parts, randomText()].join('-')}.zip`;
}

/** `20261125094312`, in UTC. */
function secondsOf(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 19).replace(/[-:T]/g, '');
}

function randomText(): string {
  return Array.from({ length: RANDOM_LENGTH }, () => LETTERS[randomInt(LETTERS.length)]).join('');
}

function hexDigestOf(content: Buffer | string): string {
  return createHash(DIGEST).update(content).digest('hex');
}
