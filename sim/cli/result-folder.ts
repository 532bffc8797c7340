/**
 * Writing a result folder: into a folder beside it, which takes its place when it is complete. So
 * a folder of results is always whole: not mixed with an older one, not half written.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { fileProblem, UserError } from './user-error.ts';

/** Everything that a result folder may hold; a folder with anything else is not replaced. */
const FILES = [
  'result.json',
  'scenario.yaml',
  'series.csv',
  'histograms.json',
  'exchanges.csv',
  'journal.jsonl',
  'report.html',
] as const;
type ResultFile = (typeof FILES)[number];

/** What `fedlab validate` leaves: two results, and how far they agree. */
const AGREEMENT_FILES = ['agreement.json', 'agreement.md'] as const;
type AgreementFile = (typeof AGREEMENT_FILES)[number];
const ENGINE_FOLDERS = ['virtual', 'live'] as const;
type EngineFolder = (typeof ENGINE_FOLDERS)[number];

interface FolderKind {
  readonly name: string;
  readonly files: readonly string[];
  /** Result folders of their own. */
  readonly folders: readonly string[];
  /** The file without which it is no such folder. */
  readonly mark: ResultFile | AgreementFile;
}

const RESULT: FolderKind = { name: 'result', files: FILES, folders: [], mark: 'result.json' };
const AGREEMENT: FolderKind = {
  name: 'comparison of the engines',
  files: AGREEMENT_FILES,
  folders: ENGINE_FOLDERS,
  mark: 'agreement.json',
};
const KINDS = { result: RESULT, agreement: AGREEMENT } as const;

const CHUNK = 2 ** 20;

/** A folder into which files of a result can be written. */
export interface ResultFiles {
  readonly folder: string;
  write(file: ResultFile, content: string | Iterable<string>): void;
}

export class ResultFolderWriter implements ResultFiles {
  /** Where the files are until the folder is complete. */
  readonly folder: string;
  readonly #target: string;
  readonly #kind: FolderKind;
  readonly #removeOnExit = (): void => this.discard();

  /** Throws a UserError if the target cannot become such a folder. */
  constructor(target: string, kind: keyof typeof KINDS = 'result') {
    this.#target = resolve(target);
    this.#kind = KINDS[kind];
    refuseForeign(this.#target, this.#kind);
    const mark = `${process.pid}-${randomBytes(3).toString('hex')}`;
    this.folder = join(dirname(this.#target), `.${basename(this.#target)}.partial-${mark}`);
    attempt(target, () => {
      mkdirSync(dirname(this.#target), { recursive: true });
      mkdirSync(this.folder);
    });
    process.once('exit', this.#removeOnExit);
  }

  write(file: ResultFile | AgreementFile, content: string | Iterable<string>): void {
    this.#write(join(this.folder, file), content);
  }

  /** A result folder within, which comes into its place with the whole. */
  within(name: EngineFolder): ResultFiles {
    const folder = join(this.folder, name);
    attempt(this.#target, () => mkdirSync(folder));
    return { folder, write: (file, content) => this.#write(join(folder, file), content) };
  }

  #write(path: string, content: string | Iterable<string>): void {
    attempt(this.#target, () => {
      const descriptor = openSync(path, 'w');
      try {
        for (const chunk of chunksOf(content)) writeAll(descriptor, Buffer.from(chunk));
      } finally {
        closeSync(descriptor);
      }
    });
  }

  /** Puts the folder in its place. */
  commit(): void {
    attempt(this.#target, () => {
      // Somebody may have put something there while the run lasted.
      refuseForeign(this.#target, this.#kind);
      const old = `${this.folder}-old`;
      const hasOld = existsSync(this.#target);
      if (hasOld) renameSync(this.#target, old);
      try {
        renameSync(this.folder, this.#target);
      } catch (error) {
        if (hasOld) renameSync(old, this.#target);
        throw error;
      }
      if (hasOld) rmSync(old, { recursive: true, force: true });
    });
    process.off('exit', this.#removeOnExit);
  }

  /** Leaves nothing behind. */
  discard(): void {
    process.off('exit', this.#removeOnExit);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Nothing, an empty folder, or a folder of the same kind: only these may be replaced. */
function refuseForeign(target: string, kind: FolderKind): void {
  const stat = attempt(target, () => statSync(target, { throwIfNoEntry: false }));
  if (stat === undefined) return;
  if (!stat.isDirectory()) throw new UserError(`${target} is a file, and a result is a folder`);
  if (`${process.cwd()}${sep}`.startsWith(target.endsWith(sep) ? target : `${target}${sep}`)) {
    throw new UserError(`${target} is or holds the folder you are in: name another one with --out`);
  }
  const names = attempt(target, () => readdirSync(target));
  if (names.length === 0) return;
  const { files, folders, mark } = kind;
  const foreign = names.find((name) => ![...files, ...folders].includes(name));
  if (foreign === undefined && names.includes(mark)) {
    for (const name of folders) refuseForeign(join(target, name), RESULT);
    return;
  }
  const reason = foreign === undefined ? `has no ${mark}` : `holds ${foreign}`;
  const advice = 'name another folder with --out, or remove it yourself';
  throw new UserError(
    `${target} ${reason}, so it is no ${kind.name} that could be replaced: ${advice}`,
  );
}

/** Runs what touches the disk; what goes wrong there is the user's to put right. */
function attempt<T>(target: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof UserError) throw error;
    if (!(error instanceof Error && 'code' in error && 'syscall' in error)) throw error;
    throw new UserError(`cannot write the result into ${target}: ${fileProblem(error)}`);
  }
}

/** A disk that is almost full takes a part. */
function writeAll(descriptor: number, bytes: Buffer): void {
  let at = 0;
  while (at < bytes.length) at += writeSync(descriptor, bytes, at);
}

/** Lines are gathered: one call of the system for each would take most of the time. */
function* chunksOf(content: string | Iterable<string>): Generator<string> {
  if (typeof content === 'string') {
    yield content;
    return;
  }
  let gathered: string[] = [];
  let length = 0;
  for (const text of content) {
    gathered.push(text);
    length += text.length;
    if (length < CHUNK) continue;
    yield gathered.join('');
    gathered = [];
    length = 0;
  }
  yield gathered.join('');
}
